/* SPDX-License-Identifier: ISC */
/*
 * smtp_cuts.c - GEN-001, GEN-008, PIPE-002: what an engine says and asks never depends on how its
 * input was cut.  Dialogues are put together at random (from fixed seeds) of commands, chunks
 * and content, right and wrong, and answered by a backend that is as fickle.  What the engine says
 * that it will ask comes true (PIPE-002).
 */
#include "engine/smtp.h"

#include "check.h"
#include "prophecy.h"

#include <stdlib.h>

#define INPUT_MOST 16000
#define STORY_MOST (1 << 18)

/* Everything that came of a run: replies, events with their facts, messages that were delivered. */
struct story {
	char replies[STORY_MOST], events[STORY_MOST], body[STORY_MOST];
	struct buffer reply, event, message;
	enum session_end end;
	struct engine_counts counts;
};

static const struct span domains[] = { { "x.example", 9 } };
static const struct span announce[] = { { "DSN", 3 }, { "BINARYMIME", 10 } };
static const struct span commands[] = { { "XFOO", 4 } };

static const char *const fragments[] = {
	"EHLO a.example\r\n",
	"HELO a\r\n",
	"LHLO a.example\r\n",
	"LHLO\r\n",
	"MAIL FROM:<a@b.example>\r\n",
	"MAIL FROM:<> SIZE=5 BODY=8BITMIME\r\n",
	"MAIL FROM:<a@b.example> BODY=BINARYMIME\r\n",
	"MAIL FROM:<\xc3\xa4@b.example> SMTPUTF8\r\n",
	"MAIL FROM:<a..b@c>\r\n",
	"RCPT TO:<u@x.example>\r\n",
	"RCPT TO:<v@x.example> NOTIFY=NEVER\r\n",
	"RCPT TO:<w@y.example>\r\n",
	"RCPT TO:<postmaster>\r\n",
	"DATA\r\n",
	"DATA\r\nSubject: x\r\n\r\n..hello\r\n.\r\n",
	"DATA\r\na\nb\r\n.\r\n",
	"DATA\r\n.\r\n",
	"DATA\r\nReceived: a\r\nReceived: b\r\nReceived: c\r\n\r\n\r\n.\r\n",
	"DATA\r\n012345678901234567890123456789012345678901234567890123456789012345678901234567890\r\n.\r\n",
	"BDAT 3\r\na\r\n",
	"BDAT 3 LAST\r\n\r\nb",
	"BDAT 0 LAST\r\n",
	"BDAT 4 LAST\r\na\nb\r",
	"BDAT 0\r\n",
	"BDAT 6\r\nQUIT\r\n",
	"BDAT 66 LAST\r\n012345678901234567890123456789012345678901234567890123456789\r\nab\r\n",
	"RSET\r\n",
	"NOOP x\r\n",
	"VRFY u\r\n",
	"HELP\r\n",
	"XFOO bar\r\n",
	"FOO\r\n",
	"\r\n",
	"NOOP\nQUIT\r\n",
	"NOOP\rx\r\n",
	"EXPN l\r\n",
	"STARTTLS\r\n",
	"AUTH PLAIN\r\n",
	".\r\n",
	"rcpt to:<U@x.example>\r\n",
	"RCPT TO: <v@x.example>  \r\n",
	"RCPT  TO:<v@x.example>\t\r\n",
	"RCPT\tTO:<v@x.example>\r\n",
	"RCPT TO:<u@x.example> FOO=1\r\n",
	"RCPT TO:<u@x.example> NOTIFY=SUCCESS ORCPT=rfc822;u+40x.example\r\n",
	"RCPT TO:<u@x.example\r\n",
	"RCPT TO:<\xc3\xa4@x.example>\r\n",
	"RCPT TO:<u\n@x.example>\r\n",
	"RCPT \r\n",
	"RCPTTO:<u@x.example>\r\n",
	"RCPT TO:<u@x.example>\r\nRCPT TO:<v@x.example>\r\nRCPT TO:<@r.example:w@x.example>\r\n",
};

/* Of which transactions have some more; the first of those with recipients. */
#define RECIPIENTS 9
#define MORE       12

static uint32_t next_random(uint32_t *random)
{
	*random = *random * 1664525 + 1013904223;
	return *random >> 10;
}

/* The backend: its verdict depends on nothing but how many it gave. */
static void answer_all(struct smtp *smtp, struct story *story, uint32_t *random)
{
	static const int exits[] = { VERDICT_NONE, 0,  0,  0,  0,  0,  0,   0,
				     99,           75, 67, 65, 73, 77, 100, 1 };
	struct event_call call = smtp->engine.call;

	buffer_string(&story->event, event_table[call.event].file);
	for (unsigned i = 0; i < call.count; i++) {
		buffer_byte(&story->event, ' ');
		buffer_string(&story->event, fact_table[call.facts[i].name].name);
		buffer_byte(&story->event, '=');
		buffer_put(&story->event, call.facts[i].value);
		CHECK(fact_is_clean(call.facts[i].name, call.facts[i].value));
		CHECK((fact_table[call.facts[i].name].events & EVENT_BIT(call.event)) != 0);
	}
	buffer_byte(&story->event, '\n');
	for (unsigned i = 0; i < call.answers; i++) {
		struct verdict verdict = { .exit = exits[next_random(random) % 16],
					   .id = SPAN("id1") };

		if (call.event == EVENT_CONNECT || call.event == EVENT_HELO)
			verdict.exit = 0;
		verdict.close = next_random(random) % 200 == 0;
		if (next_random(random) % 4 == 0)
			verdict.text = SPAN("550 5.7.9 no\nmore <u@x.example>");
		buffer_put(&story->reply, buffer_span(&smtp->engine.out));
		smtp->engine.out.len = 0;
		smtp->engine.ops->answer(&smtp->engine, &verdict);
	}
}

/* Runs the dialogue with input in pieces of `piece` octets, or of random length when 0. */
static unsigned run(const struct smtp_config *config, struct span dialogue, size_t piece,
		    uint32_t seed, struct story *story)
{
	static struct prophecy prophecy;
	static char storage[ENGINE_INPUT_MIN], replies[ENGINE_OUTPUT_MIN], body[STORY_MOST];
	static struct smtp smtp;
	struct input input = { storage, 0, 0, false };
	struct buffer message = BUFFER(body);
	uint32_t verdicts = seed, cuts = seed + 1;
	size_t given = 0;
	enum engine_next next;

	story->reply = (struct buffer)BUFFER(story->replies);
	story->event = (struct buffer)BUFFER(story->events);
	story->message = (struct buffer)BUFFER(story->body);
	prophecy = (struct prophecy){ 0 };
	smtp_init(&smtp, config, replies, sizeof(replies));
	while ((next = smtp.engine.ops->step(&smtp.engine, &input)) != ENGINE_CLOSE) {
		size_t want = piece == 0 ? next_random(&cuts) % 40 + 1 : piece;

		CHECK(input.at <= input.len);
		if (next == ENGINE_BODY)
			buffer_put(&message, smtp.engine.body);
		if (next == ENGINE_CALL) {
			enum event event = smtp.engine.call.event;

			if (event == EVENT_DELIVER)
				buffer_put(&story->message, buffer_span(&message));
			if (event == EVENT_DELIVER || event == EVENT_RSET || event == EVENT_DATA)
				message.len = 0;
			prophecy_call(&prophecy, &smtp.engine, &input);
			answer_all(&smtp, story, &verdicts);
		}
		if (next != ENGINE_READ && next != ENGINE_DRAIN)
			continue;
		buffer_put(&story->reply, buffer_span(&smtp.engine.out));
		smtp.engine.out.len = 0;
		if (next == ENGINE_DRAIN)
			continue;
		prophecy_read(&prophecy);
		memmove(storage, storage + input.at, input.len - input.at);
		input.len -= input.at;
		input.at = 0;
		if (want > dialogue.len - given)
			want = dialogue.len - given;
		memcpy(storage + input.len, dialogue.base + given, want);
		input.len += want;
		given += want;
		input.eof = given == dialogue.len;
	}
	buffer_put(&story->reply, buffer_span(&smtp.engine.out));
	story->end = smtp.engine.end;
	story->counts = smtp.engine.counts;
	CHECK(!story->reply.overflow && !story->event.overflow && !story->message.overflow);
	return prophecy.fulfilled;
}

static bool same(const struct story *a, const struct story *b)
{
	return a->end == b->end && span_equal(buffer_span(&a->reply), buffer_span(&b->reply)) &&
	       span_equal(buffer_span(&a->event), buffer_span(&b->event)) &&
	       span_equal(buffer_span(&a->message), buffer_span(&b->message)) &&
	       a->counts.commands == b->counts.commands && a->counts.errors == b->counts.errors &&
	       a->counts.messages == b->counts.messages && a->counts.octets == b->counts.octets;
}

/* GEN-003, SMTP-062: complete lines of at most 512 octets of printable text. */
static void check_replies(struct span replies)
{
	while (replies.len > 0) {
		size_t end = span_find(replies, '\n');

		CHECK(end >= 4 && end < 512 && end < replies.len && replies.base[end - 1] == '\r');
		CHECK(replies.base[3] == ' ' || replies.base[3] == '-');
		replies = span_from(replies, end + 1);
	}
}

static void check_seed(uint32_t seed, unsigned *delivered, unsigned *foretold)
{
	static struct story whole, single, random_cuts;
	static char bytes[INPUT_MOST];
	struct buffer dialogue = BUFFER(bytes);
	uint32_t random = seed;
	struct smtp_config config = { .protocol = seed % 3 == 0 ? PROTOCOL_LMTP : PROTOCOL_SMTP,
				      .hostname = SPAN("mx.example"),
				      /* Whether octets wait behind STARTTLS depends on the cuts. */
				      .handled = seed % 5 == 0 ? ~EVENT_BIT(EVENT_STARTTLS) : 0,
				      .size_limit = seed % 2 == 0   ? 60
						    : seed % 7 == 0 ? 5
								    : 0,
				      .max_recipients = seed % 3 == 1 ? 3 : seed % 16,
				      .max_errors = seed % 13 == 0 ? 3 : 25,
				      .max_commands = seed % 11 == 0 ? seed % 32 : 0,
				      .max_hops = 2,
				      .clean_newlines = seed % 4 == 1,
				      .crlf = seed % 8 < 3,
				      .accept_domains = domains,
				      .accept_domain_count = 1,
				      .announce = announce,
				      .announce_count = 2,
				      .commands = commands,
				      .command_count = 1 };

	buffer_string(&dialogue, config.protocol == PROTOCOL_LMTP ? "LHLO a\r\n" : "EHLO a\r\n");
	for (unsigned i = 0; i < 30; i++) {
		uint32_t which =
			next_random(&random) % (sizeof(fragments) / sizeof(*fragments) + 30);

		/* A good share of whole transactions. */
		if (which >= sizeof(fragments) / sizeof(*fragments)) {
			buffer_string(&dialogue, fragments[4]);
			buffer_string(&dialogue, fragments[RECIPIENTS + which % 2]);
			for (unsigned more = next_random(&random) % 8; more > 0; more--) {
				unsigned other = next_random(&random) % (MORE + 4);
				size_t last = sizeof(fragments) / sizeof(*fragments) - 1;

				buffer_string(&dialogue,
					      fragments[other < MORE ? last - other
								     : RECIPIENTS + other - MORE]);
			}
			which = 14 + which % 11;
		}
		buffer_string(&dialogue, fragments[which]);
	}
	*foretold += run(&config, buffer_span(&dialogue), INPUT_MOST, seed, &whole);
	run(&config, buffer_span(&dialogue), 1, seed, &single);
	run(&config, buffer_span(&dialogue), 0, seed, &random_cuts);
	check_replies(buffer_span(&whole.reply));
	*delivered += whole.counts.messages;
	CHECK(same(&whole, &single));
	CHECK(same(&whole, &random_cuts));
	if (check_failures > 0) {
		fprintf(stderr, "seed %u\n%.*s----\n%.*s----\n%.*s", seed, (int)dialogue.len, bytes,
			(int)whole.reply.len, whole.replies, (int)single.reply.len, single.replies);
		exit(check_report());
	}
}

int main(void)
{
	unsigned delivered = 0, foretold = 0;

	for (uint32_t seed = 1; seed <= 4000; seed++)
		check_seed(seed, &delivered, &foretold);
	printf("%u messages delivered, %u questions foretold\n", delivered, foretold);
	CHECK(delivered > 1000 && foretold > 5000); /* the dialogues are worth something */
	return check_report();
}
