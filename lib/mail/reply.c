/* SPDX-License-Identifier: ISC */
/* reply.c - taking apart what a program printed, and composing the reply. */
#include "mail/reply.h"

#include "base/ascii.h"
#include "base/utf8.h"

/* RFC 5321 4.2: three digits, the first 2 to 5, the second 0 to 5; then a blank, a hyphen or the
 * end. */
static unsigned take_code(struct span *line)
{
	const char *digit = line->base;

	if (line->len < 3 || digit[0] < '2' || digit[0] > '5' || digit[1] < '0' || digit[1] > '5' ||
	    !ascii_is_digit(digit[2]))
		return 0;
	if (line->len > 3 && digit[3] != '-' && !ascii_is_blank(digit[3]))
		return 0;
	*line = span_from(*line, line->len > 3 ? 4 : 3);
	return (unsigned)(digit[0] - '0') * 100 + (unsigned)(digit[1] - '0') * 10 +
	       (unsigned)(digit[2] - '0');
}

/* Octets of 1 to 3 digits without a leading zero at `at`, or 0. */
static size_t subcode_length(struct span line, size_t at)
{
	size_t len = 0;

	while (at + len < line.len && len < 4 && ascii_is_digit(line.base[at + len]))
		len++;
	return len > 3 || (len > 1 && line.base[at] == '0') ? 0 : len;
}

/* RFC 3463 2: class, subject, detail; then a blank or the end. */
static struct span take_enhanced(struct span *line)
{
	struct span enhanced;
	size_t at = 2, len;

	if (line->len < 5 || line->base[1] != '.' ||
	    (line->base[0] != '2' && line->base[0] != '4' && line->base[0] != '5'))
		return SPAN_NONE;
	len = subcode_length(*line, at);
	at += len;
	if (len == 0 || at >= line->len || line->base[at] != '.')
		return SPAN_NONE;
	len = subcode_length(*line, ++at);
	at += len;
	if (len == 0 || (at < line->len && !ascii_is_blank(line->base[at])))
		return SPAN_NONE;
	enhanced = span_first(*line, at);
	*line = span_from(*line, at);
	return enhanced;
}

static struct span trim_line(struct span line)
{
	while (line.len > 0 && (ascii_is_blank(line.base[0])))
		line = span_from(line, 1);
	while (line.len > 0 &&
	       (ascii_is_blank(line.base[line.len - 1]) || line.base[line.len - 1] == '\r'))
		line.len--;
	return line;
}

bool reply_next_line(struct span *lines, struct reply_line *line)
{
	while (lines->len > 0) {
		struct span rest = trim_line(span_take(lines, '\n'));

		if (rest.len == 0)
			continue;
		line->code = take_code(&rest);
		rest = trim_line(rest);
		line->enhanced = take_enhanced(&rest);
		line->text = trim_line(rest);
		return true;
	}
	return false;
}

void reply_clean(struct buffer *out, struct span text, size_t most, bool utf8)
{
	size_t done = 0;

	while (text.len > 0 && done < most) {
		uint32_t point = 0;
		size_t len = 1;
		char c = text.base[0];

		if (ascii_is_high(c))
			len = utf8 ? utf8_decode(text, &point) : 0;
		if (len > most - done)
			return;
		if (ascii_is_control(c))
			buffer_byte(out, ' ');
		else if (len == 0 || (len > 1 && !utf8_is_harmless(point)))
			buffer_byte(out, '?');
		else
			buffer_put(out, span_first(text, len));
		len = len == 0 ? 1 : len;
		done += len;
		text = span_from(text, len);
	}
}

void reply_refine(struct reply *reply)
{
	struct span lines = reply->refinement;
	struct reply_line line;
	bool code_found = false, enhanced_found = reply->enhanced.len == 0;

	while ((!code_found || !enhanced_found) && reply_next_line(&lines, &line)) {
		if (!code_found && line.code / 100 == reply->code / 100) {
			reply->code = line.code;
			code_found = true;
		}
		if (!enhanced_found && line.enhanced.len > 0 &&
		    (unsigned)(line.enhanced.base[0] - '0') == reply->code / 100) {
			reply->enhanced = line.enhanced;
			enhanced_found = true;
		}
	}
}

/* Where to cut a text that does not fit in `room`: behind a blank, or at worst between two
 * characters. */
static size_t fold_at(struct span text, size_t room)
{
	size_t at = room;

	if (text.len <= room)
		return text.len;
	while (at > 0 && !ascii_is_blank(text.base[at]))
		at--;
	if (at > 0)
		return at;
	for (at = room; at > room - 3 && ((unsigned char)text.base[at] & 0xc0) == 0x80;)
		at--;
	return at;
}

/* Writes lines and remembers where the hyphen of the last one stands. */
struct reply_writer {
	struct buffer *out;
	const struct reply *reply;
	size_t start; /* of the reply in out */
	size_t mark;  /* of the last line's hyphen; 0 none yet */
};

/* One line, whole, or nothing at all when the reply would grow past its limits. */
static void write_line(struct reply_writer *writer, struct span lead, struct span text)
{
	const struct reply *reply = writer->reply;
	struct buffer *out = writer->out;
	size_t head = 4 + (reply->enhanced.len > 0 ? reply->enhanced.len + 1 : 0) +
		      (lead.len > 0 ? lead.len + 1 : 0);

	if (out->len - writer->start + head + text.len + 2 > REPLY_MAX ||
	    buffer_room(out) < head + text.len + 2)
		return;
	buffer_number(out, reply->code);
	writer->mark = out->len;
	buffer_byte(out, '-');
	if (reply->enhanced.len > 0) {
		buffer_put(out, reply->enhanced);
		buffer_byte(out, ' ');
	}
	if (lead.len > 0) {
		buffer_put(out, lead);
		if (text.len > 0)
			buffer_byte(out, ' ');
	}
	reply_clean(out, text, text.len, reply->utf8);
	buffer_string(out, "\r\n");
}

/* A text of any length, folded into as many lines as it takes (RFC 5321 4.5.3.1.5). */
static void write_text(struct reply_writer *writer, struct span lead, struct span text)
{
	size_t enhanced = writer->reply->enhanced.len;
	size_t head = 4 + (enhanced > 0 ? enhanced + 1 : 0) + 2;

	if (lead.len > 0 && span_starts(text, lead))
		lead = SPAN_NONE;
	do {
		size_t at =
			fold_at(text, REPLY_LINE_MAX - head - (lead.len > 0 ? lead.len + 1 : 0));

		write_line(writer, lead, span_trim_end(span_first(text, at)));
		text = span_trim(span_from(text, at));
		lead = SPAN_NONE;
	} while (text.len > 0);
}

void reply_write(struct buffer *out, const struct reply *reply)
{
	struct reply_writer writer = { out, reply, out->len, 0 };
	struct span sources[] = { reply->refinement, reply->text };

	for (size_t i = 0; i < 2 && writer.mark == 0; i++) {
		struct reply_line line;
		struct span lines = sources[i];

		while (i == 0 ? reply_next_line(&lines, &line) : lines.base != NULL) {
			struct span text = i == 0 ? line.text : span_take(&lines, '\n');

			if (text.len > 0)
				write_text(&writer, writer.mark == 0 ? reply->lead : SPAN_NONE,
					   text);
		}
	}
	if (writer.mark == 0)
		write_line(&writer, reply->lead, SPAN_NONE);
	if (writer.mark != 0)
		out->base[writer.mark] = ' ';
}
