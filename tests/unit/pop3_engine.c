/* SPDX-License-Identifier: ISC */
/*
 * pop3_engine.c - TRANSACTION and UPDATE: marks, QUIT, failures on the way, verbs that programs
 * add, and the end from outside (POP-020 to POP-044, POP-080, POP-130, GEN-009, IOP-012, DEF-017,
 * DEF-025 to DEF-027, DEF-032).
 */
#include "pop3_driver.h"

static const struct mail mails[] = { MAIL("m1", "A: b\n\n.1\n2\n3"), MAIL("m2", "b\n"),
				     MAIL("m3", "") };

#define IN      "USER u\r\nPASS p\r\n"
#define IN_OK   "+OK mx.example POP3 ready\r\n+OK send PASS\r\n+OK maildrop has 3 messages\r\n"
#define IN_ASKS "auth LOGIN_NAME=u PASSWORD=p\nlist\n"

static struct scene sized_scene(void)
{
	struct scene scene = scene_of(mails, 3);

	scene.listing = SPAN("m1 18\nm2 3\nm3 0\n");
	return scene;
}

static void test_messages(void)
{
	struct scene scene = sized_scene();

	expect("POP-005 POP-026", &scene, SPAN(IN "RETR 1\r\nRETR 2\r\nRETR 3\r\n"),
	       SPAN(IN_OK
		    "+OK 18 octets\r\nA: b\r\n\r\n..1\r\n2\r\n3\r\n.\r\n+OK 3 octets\r\nb\r\n.\r\n"
		    "+OK 0 octets\r\n.\r\n"),
	       IN_ASKS "retrieve MESSAGE=m1\nretrieve MESSAGE=m2\nretrieve MESSAGE=m3\n", END_EOF);
	expect("POP-031", &scene,
	       SPAN(IN "TOP 1 0\r\nTOP 1 1\r\nTOP 1 9\r\nTOP 2 0\r\nTOP 3 5\r\n"),
	       SPAN(IN_OK
		    "+OK top of message follows\r\nA: b\r\n\r\n.\r\n"
		    "+OK top of message follows\r\nA: b\r\n\r\n..1\r\n.\r\n"
		    "+OK top of message follows\r\nA: b\r\n\r\n..1\r\n2\r\n3\r\n.\r\n"
		    "+OK top of message follows\r\nb\r\n.\r\n+OK top of message follows\r\n.\r\n"),
	       NULL, END_EOF);
	scene.config.handled |= EVENT_BIT(EVENT_TOP);
	expect("POP-031", &scene, SPAN(IN "TOP 1 0001\r\n"),
	       SPAN(IN_OK "+OK top of message follows\r\nA: b\r\n\r\n..1\r\n.\r\n"),
	       IN_ASKS "top MESSAGE=m1 TOP_LINES=1\n", END_EOF);
}

/* TOP says when it has enough, so that the program can be stopped. */
static void test_top_ends_early(void)
{
	static const struct mail large[] = { MAIL("m1", "A: b\n\n1\n2\n3\n4\n5\n6\n7\n8\n9\n") };
	struct scene scene = scene_of(large, 1);
	struct outcome outcome;

	outcome = play(&scene, SPAN(IN "TOP 1 1\r\n"), (struct cut){ 0, 0, 0, 1 });
	CHECK(outcome.pieces ==
	      3 + 8); /* the listing "m1\n", then octets up to the end of the line "1" */
	outcome_free(&outcome);
	scene_reset(&scene);
}

static void test_marks(void)
{
	struct scene scene = sized_scene();

	expect("POP-021 POP-022 POP-028 POP-029 POP-032", &scene,
	       SPAN(IN
		    "DELE 2\r\nDELE 2\r\nSTAT\r\nLIST\r\nUIDL\r\nLIST 2\r\nUIDL 2\r\nRETR 2\r\nTOP 2 0\r\n"
		    "LIST 3\r\nRSET\r\nSTAT\r\nLIST 2\r\nDELE 2\r\nSTAT\r\n"),
	       SPAN(IN_OK
		    "+OK message deleted\r\n-ERR the message is deleted\r\n+OK 2 18\r\n"
		    "+OK maildrop has 2 messages\r\n1 18\r\n3 0\r\n.\r\n"
		    "+OK maildrop has 2 messages\r\n1 m1\r\n3 m3\r\n.\r\n"
		    "-ERR the message is deleted\r\n-ERR the message is deleted\r\n"
		    "-ERR the message is deleted\r\n-ERR the message is deleted\r\n+OK 3 0\r\n"
		    "+OK maildrop has 3 messages\r\n+OK 3 21\r\n+OK 2 3\r\n+OK message deleted\r\n+OK 2 18\r\n"),
	       IN_ASKS, END_EOF);
	/* The same with sizes that have to be asked for. */
	scene.listing = SPAN("m1 -\nm2\nm3 0\n");
	expect("POP-021 POP-029", &scene,
	       SPAN(IN "DELE 2\r\nSTAT\r\nRSET\r\nSTAT\r\nSTAT\r\nDELE 1\r\nSTAT\r\n"),
	       SPAN(IN_OK
		    "+OK message deleted\r\n+OK 2 18\r\n+OK maildrop has 3 messages\r\n+OK 3 21\r\n+OK 3 21\r\n"
		    "+OK message deleted\r\n+OK 2 3\r\n"),
	       IN_ASKS "retrieve MESSAGE=m1\nretrieve MESSAGE=m2\n", END_EOF);
	scene.config.handled &= ~EVENT_BIT(EVENT_DELETE);
	expect("DELE refused", &scene, SPAN(IN "DELE 2\r\nLIST 3\r\nQUIT\r\n"),
	       SPAN(IN_OK
		    "-ERR [SYS/PERM] messages cannot be deleted here\r\n+OK 3 0\r\n+OK bye\r\n"),
	       IN_ASKS "logout\n", END_QUIT);
}

static void test_quit(void)
{
	struct scene scene = sized_scene();

	scene.config.signoff = SPAN("<so long>");
	expect("POP-042", &scene, SPAN("USER u\r\nQUIT\r\nNOOP\r\n"),
	       SPAN("+OK mx.example POP3 ready\r\n+OK send PASS\r\n+OK <so long>\r\n"), "",
	       END_QUIT);
	expect("POP-041", &scene, SPAN(IN "DELE 1\r\nRSET\r\nQUIT\r\nNOOP\r\n"),
	       SPAN(IN_OK
		    "+OK message deleted\r\n+OK maildrop has 3 messages\r\n+OK <so long>\r\n"),
	       IN_ASKS "logout\n", END_QUIT);
	scene.config.handled |=
		EVENT_BIT(EVENT_QUIT) | EVENT_BIT(EVENT_RSET) | EVENT_BIT(EVENT_NOOP);
	expect("POP-040 POP-044 IOP-012", &scene,
	       SPAN(IN "NOOP\r\nRSET\r\nDELE 3\r\nDELE 1\r\nQUIT\r\n"),
	       SPAN(IN_OK
		    "+OK\r\n+OK maildrop has 3 messages\r\n+OK message deleted\r\n+OK message deleted\r\n"
		    "+OK <so long>\r\n"),
	       IN_ASKS "noop\nrset\nbody m1\nm3\ndelete OCTETS=6\nquit\nlogout\n", END_QUIT);
	scene.exits[EVENT_DELETE] = 75;
	expect("POP-040", &scene, SPAN(IN "DELE 1\r\nQUIT\r\n"),
	       SPAN(IN_OK "+OK message deleted\r\n-ERR [SYS/TEMP] some messages not removed\r\n"),
	       IN_ASKS "body m1\ndelete OCTETS=3\nquit\nlogout\n", END_QUIT);
	expect("POP-043 GEN-009", &scene, SPAN(IN "DELE 1\r\nQUIT"),
	       SPAN(IN_OK "+OK message deleted\r\n"), IN_ASKS, END_EOF);
}

/* What a program says about a message that it cannot give (POP-027, POP-097). */
static void test_failing_messages(void)
{
	struct scene scene = sized_scene();

	scene.exits[EVENT_RETRIEVE] = 75;
	expect("POP-027", &scene, SPAN(IN "RETR 1\r\nLIST 2\r\n"),
	       SPAN(IN_OK "-ERR [SYS/TEMP] the message cannot be read\r\n+OK 2 3\r\n"),
	       IN_ASKS "retrieve MESSAGE=m1\n", END_EOF);
	scene.exits[EVENT_RETRIEVE] = EXIT_NOUSER;
	scene.said[EVENT_RETRIEVE] = "550 5.1.1 it is gone\nmore";
	expect("POP-097", &scene, SPAN(IN "RETR 1\r\n"), SPAN(IN_OK "-ERR it is gone\r\n"), NULL,
	       END_EOF);
	scene.config.handled &= ~EVENT_BIT(EVENT_RETRIEVE);
	expect("no retrieve", &scene, SPAN(IN "RETR 1\r\nTOP 1 1\r\nLIST 1\r\n"),
	       SPAN(IN_OK "-ERR [SYS/TEMP] the message cannot be read\r\n"
			  "-ERR [SYS/TEMP] the message cannot be read\r\n+OK 1 18\r\n"),
	       IN_ASKS, END_EOF);
	scene = sized_scene();
	scene.breaks = true;
	/* Before the first octet: told. Behind it: the connection ends without the dot. */
	expect("POP-027", &scene, SPAN(IN "RETR 3\r\nLIST 2\r\n"),
	       SPAN(IN_OK "-ERR [SYS/TEMP] the message cannot be read\r\n+OK 2 3\r\n"), NULL,
	       END_EOF);
	expect("POP-027", &scene, SPAN(IN "DELE 1\r\nRETR 2\r\nQUIT\r\n"),
	       SPAN(IN_OK "+OK message deleted\r\n+OK 3 octets\r\nb\r\n"),
	       IN_ASKS "retrieve MESSAGE=m2\n", END_ERROR);
	/* A size that is counted fails as a whole. */
	scene.listing = SPAN("m1\nm2\nm3\n");
	expect("POP-035", &scene, SPAN(IN "LIST\r\nSTAT\r\nUIDL 2\r\n"),
	       SPAN(IN_OK "-ERR [SYS/TEMP] the message cannot be read\r\n"
			  "-ERR [SYS/TEMP] the message cannot be read\r\n+OK 2 m2\r\n"),
	       NULL, END_EOF);
	scene.breaks = false;
	scene.config.handled |= EVENT_BIT(EVENT_SIZE);
	scene.said[EVENT_SIZE] = "many";
	expect("size", &scene, SPAN(IN "LIST 1\r\n"),
	       SPAN(IN_OK "-ERR [SYS/TEMP] the size cannot be told\r\n"),
	       IN_ASKS "size MESSAGE=m1\n", END_EOF);
	scene.exits[EVENT_SIZE] = 77;
	expect("size", &scene, SPAN(IN "LIST 1\r\n"), SPAN(IN_OK "-ERR [SYS/PERM] many\r\n"), NULL,
	       END_EOF);
}

/* A message is sent as it is even when the listing told another size; the log hears of it. */
static void test_wrong_size(void)
{
	struct scene scene = scene_of(mails, 3);
	struct outcome outcome;

	scene.listing = SPAN("m1 17\nm2 3\n");
	outcome = play_all(&scene, SPAN(IN "RETR 2\r\nRETR 1\r\nLIST 1\r\n"));
	CHECK(strstr(outcome.output.base,
		     "+OK 17 octets\r\nA: b\r\n\r\n..1\r\n2\r\n3\r\n.\r\n+OK 1 17\r\n") != NULL);
	CHECK(strcmp(outcome.fault, "a message is not as long as was listed: m1") ==
	      0); /* POP-025 */
	CHECK(outcome.counts.messages == 2 && outcome.counts.octets == 21);
	outcome_free(&outcome);
}

static void test_programs(void)
{
	static const struct span verbs[] = { { "VERSION", 7 }, { "XTND", 4 } };
	static const struct span states[] = { { "transaction", 11 } };
	struct scene scene = sized_scene();

	scene.config.commands = verbs;
	scene.config.command_count = 2;
	scene.config.handled |= EVENT_BIT(EVENT_COMMAND);
	scene.said[EVENT_COMMAND] = "250 mail-session\n.dot\n\nend\x1b\n";
	expect("POP-130", &scene, SPAN("version  x \r\n"),
	       SPAN("+OK mx.example POP3 ready\r\n+OK mail-session\r\n..dot\r\n\r\nend \r\n.\r\n"),
	       "command VERB=VERSION SESSION_STATE=AUTHORIZATION ARGUMENT= x\n", END_EOF);
	scene.config.command_states = states;
	scene.config.command_state_count = 1;
	scene.said[EVENT_COMMAND] = "";
	expect("POP-130", &scene, SPAN("XTND\r\n" IN "XTND\r\nXTND -x\r\n"),
	       SPAN("+OK mx.example POP3 ready\r\n-ERR unknown command\r\n+OK send PASS\r\n"
		    "+OK maildrop has 3 messages\r\n+OK\r\n-ERR the argument cannot be passed on\r\n"),
	       IN_ASKS "command VERB=XTND SESSION_STATE=TRANSACTION\n", END_EOF);
	scene.exits[EVENT_COMMAND] = 69;
	scene.said[EVENT_COMMAND] = "[AUTH] no\nmore";
	scene.closes[EVENT_COMMAND] = true;
	expect("POP-006 POP-096 MAP-077", &scene, SPAN(IN "XTND\r\nSTAT\r\n"),
	       SPAN(IN_OK "-ERR (AUTH] no\r\n"), NULL, END_QUIT);
}

/* A reply of a program is whole, or cut between two lines. */
static void test_long_program_reply(void)
{
	static const struct span verbs[] = { { "X", 1 } };
	struct scene scene = sized_scene();
	char said[VERDICT_TEXT_MAX + 1];
	struct outcome outcome;

	memset(said, '\n', VERDICT_TEXT_MAX);
	memcpy(said, "ok", 2);
	said[VERDICT_TEXT_MAX] = '\0';
	scene.config.commands = verbs;
	scene.config.command_count = 1;
	scene.config.handled |= EVENT_BIT(EVENT_COMMAND);
	scene.said[EVENT_COMMAND] = said;
	outcome = play(&scene, SPAN("CAPA\r\nX\r\nQUIT\r\n"), (struct cut){ 0, 0, 7, 0 });
	CHECK(strstr(outcome.output.base, "+OK ok\r\n") != NULL);
	CHECK(strcmp(outcome.output.base + outcome.output.len - 12, ".\r\n+OK bye\r\n") == 0);
	outcome_free(&outcome);
}

/* The end from outside, at every kind of event: no deletion, and no reply on a time-out (POP-043,
 * POP-080). */
static void test_stop(void)
{
	static const struct {
		enum session_end end;
		const char *line;
	} ends[] = {
		{ END_TIMEOUT, "" },
		{ END_EOF, "" },
		{ END_LIMIT, "-ERR a limit of this session is reached\r\n" },
		{ END_SHUTDOWN, "-ERR [SYS/TEMP] the server is going down\r\n" },
		{ END_ERROR, "-ERR [SYS/TEMP] the session cannot go on\r\n" },
	};
	static const struct {
		enum event at;
		const char *before; /* output */
	} places[] = {
		{ EVENT_CONNECT, "" },
		{ EVENT_AUTH, "+OK mx.example POP3 ready\r\n+OK send PASS\r\n" },
		{ EVENT_LIST, "+OK mx.example POP3 ready\r\n+OK send PASS\r\n" },
		{ EVENT_RETRIEVE, IN_OK "+OK message deleted\r\n" },
	};

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		for (size_t place = 0; place < sizeof(places) / sizeof(*places); place++) {
			struct scene scene = sized_scene();
			struct text output = { NULL, 0, 0 };

			scene.config.handled |= EVENT_BIT(EVENT_CONNECT);
			scene.stops = true;
			scene.stop_at = places[place].at;
			scene.stop_end = ends[i].end;
			text_string(&output, places[place].before);
			text_string(&output, ends[i].line);
			expect("POP-080", &scene, SPAN(IN "DELE 1\r\nRETR 2\r\nQUIT\r\n"),
			       text_span(&output), NULL, ends[i].end);
			text_free(&output);
		}
	}
	/* What was done is told: behind DELETE the reply to QUIT goes out. */
	struct scene scene = sized_scene();
	scene.stops = true;
	scene.stop_at = EVENT_LOGOUT;
	scene.stop_end = END_SHUTDOWN;
	expect("POP-040", &scene, SPAN(IN "DELE 1\r\nQUIT\r\n"),
	       SPAN(IN_OK "+OK message deleted\r\n+OK bye\r\n"), NULL, END_SHUTDOWN);
}

/* Amid a message nothing is written that could be taken for a part of it. */
static void test_stop_amid_a_message(void)
{
	static const struct mail large[] = { MAIL("m1", "1\n2\n") };
	struct scene scene = scene_of(large, 1);
	const struct pop3_storage storage = { &scene, scene_append, scene_read, scene_memory };
	char out[ENGINE_OUTPUT_MIN], in[ENGINE_INPUT_MIN] = IN "RETR 1\r\n";
	struct input input = { in, 0, strlen(in), false };
	struct verdict yes = { .exit = 0 };
	struct pop3 pop3;
	struct engine *engine = &pop3.engine;
	struct content content;
	size_t len;

	pop3_init(&pop3, &scene.config, &storage, out, sizeof(out));
	for (unsigned calls = 0; engine->ops->step(engine, &input) == ENGINE_CALL && calls < 2;
	     calls++)
		engine->ops->answer(engine, &yes);
	content = (struct content){ .bytes = SPAN("m1\n"), .last = true };
	engine->ops->content(engine, &content);
	CHECK(engine->ops->step(engine, &input) == ENGINE_CALL);
	CHECK(strcmp(engine->ops->state(engine), "TRANSACTION") == 0);
	engine->ops->answer(engine, &yes);
	CHECK(engine->ops->step(engine, &input) == ENGINE_CONTENT);
	content = (struct content){ .bytes = SPAN("1\n") };
	engine->ops->content(engine, &content);
	len = engine->out.len;
	engine->ops->stop(engine, END_SHUTDOWN);
	CHECK(engine->ops->step(engine, &input) == ENGINE_CLOSE);
	CHECK(engine->out.len == len && engine->end == END_SHUTDOWN);
	CHECK(len > 3 && memcmp(out + len - 3, "1\r\n", 3) == 0);
	scene_reset(&scene);
}

int main(void)
{
	test_messages();
	test_top_ends_early();
	test_marks();
	test_quit();
	test_failing_messages();
	test_wrong_size();
	test_programs();
	test_long_program_reply();
	test_stop();
	test_stop_amid_a_message();
	return check_report();
}
