/* SPDX-License-Identifier: ISC */
/*
 * runner_frames.c - a parser that has been taken over talks to the runner (hardening 39).
 *
 * Whatever comes over its socket, the runner either does what the order of a session allows or ends
 * the session, and runs no program but those that were asked for in order.  Random numbers begin
 * with a fixed seed; RUNNER_FRAMES=N tries N datagrams.
 */
#include "runner_driver.h"

#define DATAGRAMS 20000
#define SEED      39

/* ---- order --------------------------------------------------------------------------------- */

static void test_good_session(void)
{
	begin_mail();
	CHECK(fd_write_all(self.body, SPAN("hello\n")));
	deliver("6");
	ask(EVENT_QUIT);
	bye(END_QUIT);
	CHECK(finish() == END_QUIT);
	CHECK(strcmp(marks(), "mail rcpt data deliver quit disconnect ") == 0);
}

static void test_order(void)
{
	begin(PROTOCOL_SMTP, &self.every);
	ask(EVENT_RCPT);
	CHECK(ended("disconnect "));

	begin(PROTOCOL_SMTP, &self.every);
	ask(EVENT_MAIL);
	ask(EVENT_DATA);
	CHECK(ended("mail disconnect "));

	begin(PROTOCOL_SMTP, &self.every);
	ask(EVENT_MAIL);
	ask(EVENT_MAIL);
	CHECK(ended("mail disconnect "));

	begin(PROTOCOL_SMTP, &self.every);
	ask(EVENT_MAIL);
	ask(EVENT_RCPT);
	deliver("0");
	CHECK(ended("mail rcpt disconnect "));

	begin_mail();
	ask(EVENT_RCPT);
	CHECK(ended("mail rcpt data disconnect "));

	begin_mail();
	ask(EVENT_DATA);
	CHECK(ended("mail rcpt data disconnect "));

	/* One message is delivered once. */
	begin_mail();
	deliver("0");
	deliver("0");
	CHECK(ended("mail rcpt data deliver disconnect "));
}

/* Events that programs answer are asked, those that nobody answers are told, and some are the
 * runner's own. */
static void test_kinds(void)
{
	for (unsigned event = 0; event < EVENT_COUNT; event++) {
		if ((EVENTS_MARKED & EVENT_BIT(event)) == 0)
			continue;
		begin(PROTOCOL_SMTP, &self.every);
		tell((enum event)event);
		CHECK(ended("disconnect "));
		begin(PROTOCOL_SMTP, &self.few);
		ask((enum event)event);
		CHECK(ended("disconnect "));
	}
	/* A recipient whom nobody accepted does not become one by being told of. */
	begin(PROTOCOL_SMTP, &self.few);
	tell(EVENT_MAIL);
	say_frame(&(struct frame){
		.kind = FRAME_TELL,
		.call = { .event = EVENT_RCPT,
			  .answers = 1,
			  .count = 1,
			  .facts = { { FACT_RECIPIENT, SPAN("u@elsewhere.example") } } } });
	tell(EVENT_DATA);
	CHECK(ended("disconnect "));
}

/* ---- questions ahead ------------------------------------------------------------------------- */

static struct frame recipient(enum frame_kind kind, const char *mailbox)
{
	struct frame frame = { .kind = kind, .call = { .event = EVENT_RCPT, .answers = 1 } };

	event_add(&frame.call, FACT_RECIPIENT, span_of(mailbox));
	return frame;
}

/* A transaction whose first recipient has been asked about, so that the co-process is there. */
static void begin_served(void)
{
	begin(PROTOCOL_SMTP, &self.serve);
	self.runner.handled |= EVENT_BIT(EVENT_RCPT);
	tell(EVENT_MAIL);
	say_frames((struct frame[]){ recipient(FRAME_ASK, "a@x.example") }, 1);
}

/* How many answers came over what was the parser's socket, and how many of them say yes. */
static unsigned answers(int socket, unsigned *yes)
{
	char bytes[ANSWER_MAX];
	unsigned count = 0;
	ssize_t got;

	for (*yes = 0; (got = recv(socket, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0;) {
		struct span rest = { bytes, (size_t)got };
		struct answer answer;

		for (; rest.len > 0 && answer_take(&rest, &answer); count++)
			*yes += answer.verdict.exit == 0;
		CHECK(rest.len == 0);
	}
	return count;
}

static void test_ahead(void)
{
	struct frame many[2 + FRAME_AHEAD_MAX];
	unsigned yes;
	int parser;

	/* One after the other where programs answer, all the same. */
	begin(PROTOCOL_SMTP, &self.every);
	ask(EVENT_MAIL);
	say_frames((struct frame[]){ recipient(FRAME_ASK, "a@x.example"),
				     recipient(FRAME_AHEAD, "b@x.example"),
				     recipient(FRAME_AHEAD, "c@x.example") },
		   3);
	ask(EVENT_DATA);
	bye(END_QUIT);
	CHECK(finish() == END_QUIT);
	CHECK(strcmp(marks(), "mail rcpt rcpt rcpt data disconnect ") == 0);

	/* What is told of each is true, with a refusal among them: that and later calls twice. */
	begin_served();
	say_frames((struct frame[]){ recipient(FRAME_ASK, "b@x.example"),
				     recipient(FRAME_AHEAD, "c@x.example"),
				     recipient(FRAME_AHEAD, "no@x.example"),
				     recipient(FRAME_AHEAD, "d@x.example"),
				     recipient(FRAME_AHEAD, "e@x.example") },
		   5);
	bye(END_QUIT);
	parser = dup(self.parser);
	CHECK(finish() == END_QUIT);
	CHECK(answers(parser, &yes) == 6 && yes == 5);
	fd_close(&parser);
	CHECK(strcmp(marks(), "a0 b1 c2 no3 d4 e5 d3 e4 disconnect ") == 0);

	/* As many as may be, and one more. */
	for (unsigned over = 0; over < 2; over++) {
		begin_served();
		for (unsigned i = 0; i < 1 + FRAME_AHEAD_MAX + over; i++)
			many[i] = recipient(i == 0 ? FRAME_ASK : FRAME_AHEAD, "b@x.example");
		say_frames(many, 1 + FRAME_AHEAD_MAX + over);
		bye(END_QUIT);
		CHECK(finish() == (over ? END_ERROR : END_QUIT));
		marks();
	}
}

/* A parser that ends with answers unread resets its socket: what it said last counts. */
static void test_unread(void)
{
	pid_t parser;

	begin(PROTOCOL_SMTP, &self.every);
	ask(EVENT_MAIL);
	ask(EVENT_NOOP);
	parser = fork();
	if (parser == 0) {
		/* When the first is answered the runner is at the second, which has no answer. */
		poll(&(struct pollfd){ self.parser, POLLIN, 0 }, 1, -1);
		bye(END_LIMIT);
		_exit(0);
	}
	fd_close(&self.parser);
	self.runner.parser = parser;
	CHECK(finish() == END_LIMIT);
	CHECK(strstr(marks(), "mail ") != NULL);
}

/*
 * A parser that reads late: what is waited for comes while the answer before it is being sent, and
 * is seen all the same.
 */
static void test_late_reader(void)
{
	const struct frame questions[] = { recipient(FRAME_ASK, "b@x.example"),
					   recipient(FRAME_AHEAD, "late@x.example") };
	char bytes[ANSWER_MAX] = "";
	pid_t parser;

	begin_served();
	say_frames(questions, 2);
	bye(END_QUIT);
	/* There is room for the first answer, and for no other. */
	setsockopt(self.runner.control, SOL_SOCKET, SO_SNDBUF, &(int){ 0 }, sizeof(int));
	while (send(self.runner.control, bytes, 32, MSG_DONTWAIT) > 0)
		continue;
	CHECK(recv(self.parser, bytes, sizeof(bytes), 0) == 32);
	parser = fork();
	if (parser == 0) {
		fd_close(&self.runner.control);
		nanosleep(&(struct timespec){ 0, 600000000 }, NULL);
		while (recv(self.parser, bytes, sizeof(bytes), 0) > 0)
			continue;
		_exit(0);
	}
	CHECK(finish() == END_QUIT);
	CHECK(strcmp(marks(), "a0 b1 late2 disconnect ") == 0);
	waitpid(parser, &(int){ 0 }, 0);
}

/* What was asked ahead of an answer that ends the session answers no other question. */
static void test_ahead_is_void(void)
{
	begin_served();
	say_frames((struct frame[]){ recipient(FRAME_ASK, "close@x.example"),
				     recipient(FRAME_AHEAD, "b@x.example"),
				     frame_of(FRAME_ASK, EVENT_VRFY) },
		   3);
	bye(END_QUIT);
	CHECK(finish() == END_QUIT);
	CHECK(strcmp(marks(), "a0 close1 b2 vrfy disconnect ") == 0);
}

/* Whoever is answered for in part when the parser ends is no recipient. */
static void test_half_an_answer(void)
{
	pid_t parser;

	begin(PROTOCOL_SMTP, &self.serve);
	self.runner.handled |= EVENT_BIT(EVENT_RCPT);
	tell(EVENT_MAIL);
	say_frames((struct frame[]){ recipient(FRAME_ASK, "half@x.example") }, 1);
	tell(EVENT_DATA);
	CHECK(fd_write_all(self.body, SPAN("hello\n")));
	deliver("6");
	parser = fork();
	if (parser == 0) {
		fd_close(&self.runner.control);
		/* The half is there when the co-process leaves its mark. */
		for (unsigned tries = 6000; tries > 0 && access(self.marks, F_OK) != 0; tries--)
			nanosleep(&(struct timespec){ 0, 10000000 }, NULL);
		_exit(0);
	}
	fd_close(&self.parser);
	self.runner.parser = parser;
	CHECK(finish() == END_ERROR);
	CHECK(strcmp(marks(), "half0 disconnect ") == 0);
}

/* In front, behind another event, of one that may not be, before its time, about nobody. */
static void test_ahead_out_of_place(void)
{
	const struct frame rcpt = recipient(FRAME_ASK, "b@x.example"),
			   ahead = recipient(FRAME_AHEAD, "c@x.example");
	struct frame nobody = ahead, told = rcpt;

	nobody.call.count = 0;
	told.kind = FRAME_TELL;
	begin_served();
	say_frames(&ahead, 1);
	CHECK(ended("a0 disconnect "));

	begin_served();
	say_frames(&rcpt, 1);
	say_frames(&ahead, 1); /* in a datagram of its own */
	CHECK(ended("a0 b1 disconnect "));

	begin(PROTOCOL_SMTP, &self.every);
	say_frames((struct frame[]){ frame_of(FRAME_ASK, EVENT_MAIL), ahead }, 2);
	CHECK(ended("mail disconnect "));

	begin(PROTOCOL_SMTP, &self.few);
	tell(EVENT_MAIL);
	say_frames((struct frame[]){ told, ahead }, 2);
	CHECK(ended("disconnect "));

	for (enum event event = 0; event < EVENT_COUNT; event++) {
		if ((EVENTS_MARKED & EVENT_BIT(event)) == 0 || event == EVENT_RCPT)
			continue;
		begin(PROTOCOL_SMTP, &self.every);
		ask(EVENT_MAIL);
		say_frames((struct frame[]){ rcpt, frame_of(FRAME_AHEAD, event) }, 2);
		CHECK(ended("mail rcpt disconnect "));
	}

	begin_served();
	tell(EVENT_RSET);
	say_frames((struct frame[]){ rcpt, ahead }, 2);
	CHECK(ended("a0 disconnect "));

	begin_served();
	say_frames((struct frame[]){ rcpt, nobody, ahead }, 3);
	CHECK(ended("a0 b1 disconnect "));
}

static void test_other_protocols(void)
{
	static const enum event of_pop3[] = { EVENT_LIST,       EVENT_SIZE,   EVENT_RETRIEVE,
					      EVENT_TOP,        EVENT_DELETE, EVENT_LOGOUT,
					      EVENT_LOGIN_DELAY };
	static const enum event of_mail[] = { EVENT_HELO, EVENT_EHLO,    EVENT_MAIL, EVENT_RCPT,
					      EVENT_DATA, EVENT_DELIVER, EVENT_VRFY, EVENT_HELP };

	for (size_t i = 0; i < sizeof(of_pop3) / sizeof(*of_pop3); i++) {
		for (unsigned kind = FRAME_TELL; kind <= FRAME_AHEAD; kind++) {
			struct frame frame = frame_of((enum frame_kind)kind, of_pop3[i]);

			begin(PROTOCOL_LMTP, &self.every);
			say_frame(&frame);
			CHECK(ended("disconnect "));
			/* In POP3 they need a login. */
			if (of_pop3[i] == EVENT_LOGOUT || of_pop3[i] == EVENT_LOGIN_DELAY)
				continue;
			begin(PROTOCOL_POP3, &self.few);
			say_frame(&frame);
			CHECK(ended("disconnect "));
		}
	}
	for (size_t i = 0; i < sizeof(of_mail) / sizeof(*of_mail); i++) {
		begin(PROTOCOL_POP3, &self.every);
		ask(of_mail[i]);
		CHECK(ended("disconnect "));
	}
}

/* What only a trusted peer may say of a client is neither asked nor told by the parser of another.
 */
static void test_trust(void)
{
	static const enum event events[] = { EVENT_XCLIENT, EVENT_XFORWARD };

	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
		begin(PROTOCOL_SMTP, &self.every);
		ask(events[i]);
		CHECK(ended("disconnect "));
		begin(PROTOCOL_SMTP, &self.every);
		tell(events[i]);
		CHECK(ended("disconnect "));
		begin(PROTOCOL_POP3, &self.every);
		ask(events[i]);
		CHECK(ended("disconnect "));
	}
}

/* ---- octets -------------------------------------------------------------------------------- */

static void test_octets(void)
{
	static const char *const wrong[] = { "5", "", "-1", "0x6", "99999999999999999999", "6 " };

	/* More than was said, and numbers that are none. */
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		begin_mail();
		CHECK(fd_write_all(self.body, SPAN("hello\n")));
		deliver(wrong[i]);
		CHECK(ended("mail rcpt data disconnect "));
	}
	begin_mail();
	ask(EVENT_DELIVER);
	CHECK(ended("mail rcpt data disconnect "));

	/* Less than was said, and then the parser is gone. */
	begin(PROTOCOL_SMTP, &self.few);
	tell(EVENT_MAIL);
	tell(EVENT_RCPT);
	tell(EVENT_DATA);
	CHECK(fd_write_all(self.body, SPAN("hello\n")));
	deliver("7");
	fd_close(&self.parser);
	fd_close(&self.body);
	CHECK(ended("disconnect "));
	/* The whole message: it is delivered even so (DATA-010). */
	begin(PROTOCOL_SMTP, &self.few);
	tell(EVENT_MAIL);
	tell(EVENT_RCPT);
	tell(EVENT_DATA);
	CHECK(fd_write_all(self.body, SPAN("hello\n")));
	deliver("6");
	fd_close(&self.parser);
	fd_close(&self.body);
	CHECK(ended("deliver disconnect "));
}

static void drop(uint64_t octets)
{
	say_frame(&(struct frame){ .kind = FRAME_DROP, .octets = octets });
}

/* A message that came to nothing: its octets are thrown away, all of them and no others. */
static void test_drop(void)
{
	static const uint64_t wrong[] = { 0, 5, UINT64_MAX };

	begin_mail();
	CHECK(fd_write_all(self.body, SPAN("hello\n")));
	drop(6);
	ask(EVENT_RSET);
	bye(END_QUIT);
	CHECK(finish() == END_QUIT);
	CHECK(strcmp(marks(), "mail rcpt data rset disconnect ") == 0);

	/* The last of them takes the end of the parser to be seen. */
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		begin(PROTOCOL_SMTP, &self.few);
		tell(EVENT_MAIL);
		tell(EVENT_RCPT);
		tell(EVENT_DATA);
		CHECK(fd_write_all(self.body, SPAN("hello\n")));
		drop(wrong[i]);
		deliver("6");
		fd_close(&self.parser);
		fd_close(&self.body);
		CHECK(ended("disconnect "));
	}
	begin(PROTOCOL_SMTP, &self.every);
	drop(0);
	CHECK(ended("disconnect "));

	/* A greeting ends one too, and has to know how much there is of it. */
	for (unsigned right = 0; right < 2; right++) {
		struct frame helo = frame_of(FRAME_ASK, EVENT_HELO);

		event_add(&helo.call, FACT_OCTETS, right ? SPAN("6") : SPAN("5"));
		begin_mail();
		CHECK(fd_write_all(self.body, SPAN("hello\n")));
		say_frame(&helo);
		ask(EVENT_MAIL);
		bye(END_QUIT);
		CHECK(finish() == (right ? END_QUIT : END_ERROR));
		CHECK(strcmp(marks(), right ? "mail rcpt data helo mail disconnect "
					    : "mail rcpt data helo disconnect ") == 0);
	}
}

/* The standard descriptors stay what they are when there is no room for what DELE has marked. */
static void test_no_room(void)
{
	struct frame frame = frame_of(FRAME_ASK, EVENT_DELETE);
	struct options options = self.options;

	self.options.spool_memory = 0;
	self.options.spool_dir = "/nonexistent";
	event_add(&frame.call, FACT_OCTETS, SPAN("2"));
	begin(PROTOCOL_POP3, &self.few);
	self.runner.login = RUNNER_LISTED;
	self.runner.handled |= EVENT_BIT(EVENT_DELETE);
	CHECK(fd_write_all(self.body, SPAN("1\n")));
	say_frame(&frame);
	bye(END_QUIT);
	CHECK(finish() == END_QUIT);
	marks();
	CHECK(fcntl(STDIN_FILENO, F_GETFD) >= 0);
	self.options = options;
}

/* As many answers as there are recipients, in LMTP; one in SMTP. */
static void test_answers(void)
{
	for (unsigned answers = 0; answers < 4; answers++) {
		for (enum protocol protocol = PROTOCOL_SMTP; protocol <= PROTOCOL_LMTP;
		     protocol++) {
			struct frame frame = frame_of(FRAME_ASK, EVENT_DELIVER);
			bool right = answers == (protocol == PROTOCOL_LMTP ? 2 : 1);

			begin(protocol, &self.few);
			tell(EVENT_MAIL);
			tell(EVENT_RCPT);
			tell(EVENT_RCPT);
			tell(EVENT_DATA);
			event_add(&frame.call, FACT_OCTETS, SPAN("0"));
			frame.call.answers = answers;
			say_frame(&frame);
			bye(END_QUIT);
			CHECK((finish() == END_QUIT) == right);
			CHECK((strstr(marks(), "deliver ") != NULL) == right);
		}
	}
}

/* ---- datagrams ----------------------------------------------------------------------------- */

/* RCPT inside a transaction, cut short or gone on behind its end, never runs a program. */
static void test_lengths(void)
{
	struct frame frame = frame_of(FRAME_ASK, EVENT_RCPT);
	static char bytes[2 * FRAME_MAX];
	struct buffer buffer = BUFFER(bytes);
	size_t len;

	frame_put(&buffer, &frame);
	len = buffer.len;
	for (size_t cut = 1; cut < len; cut++) {
		begin(PROTOCOL_SMTP, &self.every);
		ask(EVENT_MAIL);
		say(span_first(buffer_span(&buffer), cut));
		CHECK(ended("mail disconnect "));
	}
	begin(PROTOCOL_SMTP, &self.every);
	ask(EVENT_MAIL);
	say((struct span){ bytes, FRAME_MAX + 1 });
	CHECK(ended("mail disconnect "));
	/* What stands before the fault has been in order. */
	for (size_t len_behind = 1; len_behind < 4; len_behind++) {
		memset(bytes + len, 0x7f, len_behind);
		begin(PROTOCOL_SMTP, &self.every);
		ask(EVENT_MAIL);
		say((struct span){ bytes, len + len_behind });
		CHECK(ended("mail rcpt disconnect "));
	}
}

/* Values that could break out of a variable, a header or a log line; facts of other events; too
 * many of them. */
static void test_values(void)
{
	static const struct {
		enum fact_name name;
		struct span value;
	} wrong[] = {
		{ FACT_SENDER, SPAN("a@b.example\nX=1") },
		{ FACT_SENDER, SPAN("a\0@b.example") },
		{ FACT_SENDER, SPAN("() { :; }") },
		{ FACT_BODY, SPAN("8BITMIME8BITMIME8") },
		{ FACT_RECIPIENT, SPAN("u@x.example") },
		{ FACT_USER, SPAN("root") },
		{ FACT_SESSION_ID, SPAN("x") },
		{ FACT_REMOTE_ADDR, SPAN("192.0.2.1") },
		{ FACT_TLS_VERSION, SPAN("TLSv1.3") },
		{ FACT_AUTH_USER, SPAN("jo") },
		{ FACT_OCTETS, SPAN("1") },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct frame frame = frame_of(FRAME_ASK, EVENT_MAIL);

		event_add(&frame.call, wrong[i].name, wrong[i].value);
		begin(PROTOCOL_SMTP, &self.every);
		say_frame(&frame);
		CHECK(ended("disconnect "));
	}
}

static unsigned open_descriptors(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* A descriptor is not taken, and whoever sends one is not served. */
static void test_descriptors(void)
{
	struct frame frame = frame_of(FRAME_ASK, EVENT_MAIL);
	char bytes[256];
	struct buffer buffer = BUFFER(bytes);
	unsigned before = open_descriptors();

	frame_put(&buffer, &frame);
	begin(PROTOCOL_SMTP, &self.every);
	CHECK(frame_send(self.parser, buffer_span(&buffer), 0));
	CHECK(ended("disconnect "));
	CHECK(open_descriptors() == before);
}

/* ---- random -------------------------------------------------------------------------------- */

static unsigned below(unsigned limit)
{
	return (unsigned)random() % limit;
}

static bool only_of(const char *run, event_set events)
{
	char name[32];
	int taken;

	for (; sscanf(run, "%31s%n", name, &taken) == 1; run += taken) {
		enum event event = event_by_name(span_of(name));

		if (event == EVENT_COUNT || (events & EVENT_BIT(event)) == 0)
			return false;
	}
	return true;
}

/* A datagram of random octets, or a good one with a few octets changed. */
static struct span random_datagram(char *bytes, size_t cap)
{
	struct buffer buffer = { bytes, 0, cap, false };
	struct frame frame = frame_of((enum frame_kind)below(3), (enum event)below(EVENT_COUNT));

	if (below(2) == 0) {
		size_t len = 1 + below(below(8) == 0 ? 1000 : 40);

		while (buffer.len < len)
			buffer_byte(&buffer, (char)below(below(2) == 0 ? 256 : 32));
		return buffer_span(&buffer);
	}
	frame_put(&buffer, &frame);
	for (unsigned changes = 1 + below(3); changes > 0; changes--)
		bytes[below((unsigned)buffer.len)] = (char)below(below(2) == 0 ? 256 : 8);
	return buffer_span(&buffer);
}

/* At the begin of a session there is no recipient, no message and no login, whatever is said. */
static void test_random(unsigned count)
{
	const event_set possible = EVENTS_MARKED & ~EVENT_BIT(EVENT_RCPT) & ~EVENT_BIT(EVENT_DATA) &
				   ~EVENT_BIT(EVENT_DELIVER);
	char bytes[1100];
	unsigned refused = 0;

	srandom(SEED);
	for (unsigned i = 0; i < count; i++) {
		struct span datagram = random_datagram(bytes, sizeof(bytes));
		enum session_end end;
		const char *run;

		begin(below(2) == 0 ? PROTOCOL_SMTP : PROTOCOL_LMTP, &self.most);
		say(datagram);
		bye(END_QUIT);
		end = finish();
		refused += end == END_ERROR;
		run = marks();
		CHECK(only_of(run, possible));
		CHECK(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD);
		if (check_failures > 0) {
			fprintf(stderr, "seed %d, datagram %u, run: %s\n", SEED, i, run);
			return;
		}
	}
	CHECK(refused > count / 2 && refused < count);
	printf("seed %d: %u of %u datagrams refused\n", SEED, refused, count);
}

/* Frames that are good each, in any order, beside a model of the order. */
static void test_random_order(unsigned count)
{
	static const enum event events[] = { EVENT_MAIL, EVENT_RCPT,    EVENT_DATA, EVENT_DELIVER,
					     EVENT_HELO, EVENT_DELIVER, EVENT_VRFY };

	srandom(SEED);
	for (unsigned i = 0; i < count && check_failures == 0; i++) {
		char wanted[512];
		struct buffer expected = BUFFER(wanted);
		unsigned state = 0; /* 1: MAIL, 2: a recipient, 3: DATA */
		bool good = true;

		begin(PROTOCOL_SMTP, &self.every);
		for (unsigned n = 0; n < 8; n++) {
			/* Mostly what comes next. */
			enum event event =
				below(3) > 0 ? events[state]
					     : events[below(sizeof(events) / sizeof(*events))];
			bool fits = event == EVENT_MAIL      ? state == 0
				    : event == EVENT_RCPT    ? state == 1 || state == 2
				    : event == EVENT_DATA    ? state == 2
				    : event == EVENT_DELIVER ? state == 3
							     : true;

			if (event == EVENT_DELIVER)
				deliver("0");
			else
				ask(event);
			good &= fits;
			if (!good)
				continue;
			buffer_string(&expected, event_table[event].file);
			buffer_byte(&expected, ' ');
			if (event == EVENT_HELO || event == EVENT_DELIVER)
				state = 0;
			else if (event != EVENT_VRFY)
				state = event == EVENT_MAIL ? 1 : event == EVENT_RCPT ? 2 : 3;
		}
		bye(END_QUIT);
		buffer_string(&expected, "disconnect ");
		CHECK(finish() == (good ? END_QUIT : END_ERROR));
		CHECK(strcmp(marks(), buffer_cstr(&expected)) == 0);
		if (check_failures > 0)
			fprintf(stderr, "seed %d, sequence %u: %s, wanted %s\n", SEED, i, self.text,
				wanted);
	}
}

int main(void)
{
	const char *count = getenv("RUNNER_FRAMES");

	alarm(900);
	signal(SIGPIPE, SIG_IGN);
	set_up();
	make_serve();
	test_good_session();
	test_order();
	test_kinds();
	test_ahead();
	test_ahead_out_of_place();
	test_unread();
	test_late_reader();
	test_ahead_is_void();
	test_half_an_answer();
	test_other_protocols();
	test_octets();
	test_drop();
	test_no_room();
	test_trust();
	test_answers();
	test_lengths();
	test_values();
	test_descriptors();
	test_random(count == NULL ? DATAGRAMS : (unsigned)strtoul(count, NULL, 10));
	test_random_order(300);
	clean_up();
	return check_report();
}
