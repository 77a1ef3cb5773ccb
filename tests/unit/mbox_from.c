/* SPDX-License-Identifier: ISC */
/*
 * mbox_from.c - quoting of lines "From ": every text in every two-way split and octet by octet,
 * with little room, and back again.
 */
#include "../../cmd/mbox-store/from.c"

#include "check.h"

static char quoted[4096], back[4096];

/* Changes `text`, cut at `cut`, through a window of `room` octets. */
static struct span change(enum from_change how, struct span text, size_t cut, size_t room,
			  char *storage)
{
	struct from_text state = { .change = how };
	struct span parts[] = { span_first(text, cut), span_from(text, cut) };
	size_t len = 0;
	char window[64];
	struct buffer out = { window, 0, room, false };

	for (size_t i = 0; i < 2; i++) {
		while (parts[i].len > 0) {
			from_put(&state, &parts[i], &out);
			CHECK(!out.overflow);
			memcpy(storage + len, window, out.len);
			len += out.len;
			buffer_clear(&out);
		}
	}
	from_end(&state, &out);
	CHECK(!out.overflow);
	memcpy(storage + len, window, out.len);
	return (struct span){ storage, len + out.len };
}

static void both_ways(struct span text, struct span expected)
{
	for (size_t room = FROM_ROOM; room <= 64; room += 12) {
		for (size_t cut = 0; cut <= text.len; cut++) {
			struct span got = change(FROM_QUOTE, text, cut, room, quoted);

			CHECK(span_equal(got, expected));
			for (size_t again = 0; again <= got.len; again++)
				CHECK(span_equal(change(FROM_UNQUOTE, got, again, room, back),
						 text));
		}
	}
}

int main(void)
{
	both_ways(SPAN(""), SPAN(""));
	both_ways(SPAN("\n"), SPAN("\n"));
	both_ways(SPAN("From "), SPAN(">From "));
	both_ways(SPAN("From"), SPAN("From"));
	both_ways(SPAN(">Fro"), SPAN(">Fro"));
	both_ways(SPAN(">"), SPAN(">"));
	both_ways(SPAN(">>>\n>>From x\n>> From x\n"), SPAN(">>>\n>>>From x\n>> From x\n"));
	both_ways(SPAN("FFrom x\nFrom\nFrom:\nfrom x\nFroFrom \n"),
		  SPAN("FFrom x\nFrom\nFrom:\nfrom x\nFroFrom \n"));
	both_ways(SPAN("a\r\nFrom b\r\n\0\nFrom \0\n"), SPAN("a\r\n>From b\r\n\0\n>From \0\n"));
	both_ways(SPAN("a long line that is cut by the room, From it\nFrom you"),
		  SPAN("a long line that is cut by the room, From it\n>From you"));
	/* What was never quoted stays. */
	CHECK(span_equal(change(FROM_UNQUOTE, SPAN("From x\n>from y"), 3, 64, back),
			 SPAN("From x\n>from y")));
	return check_report();
}
