/* SPDX-License-Identifier: ISC */
/*
 * login_frames.c - a parser that has been taken over tries to log in (hardening 39).
 *
 * Who has logged in, and who may send mail, the runner knows from its programs alone: names and
 * passwords that no engine would tell reach none of them, and nothing is had out of order.
 */
#include "runner_driver.h"

static struct directory logins;

/* A program that says yes to whatever it is asked, and keeps what it heard. */
static void write_program(const char *name, const char *script)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/logins/%s", self.root, name);
	file = fopen(path, "w");
	CHECK(file != NULL && fprintf(file, "#!/bin/sh\n%s", script) > 0 && fclose(file) == 0);
}

static void make_logins(void)
{
	char script[512];

	make_backend(&logins, "logins",
		     EVENT_BIT(EVENT_AUTH) | EVENT_BIT(EVENT_TOKEN) | EVENT_BIT(EVENT_MAIL));
	snprintf(script, sizeof(script),
		 "echo \"auth:$(tr '\\0' '/' <&3 | cut -d / -f 1,2)\" >>'%s'; echo user=jo >&4\n",
		 self.marks);
	write_program("auth", script);
	snprintf(script, sizeof(script), "echo \"mail:$AUTH_USER:$AUTH_MECH\" >>'%s'\n",
		 self.marks);
	write_program("mail", script);
	/* A name with a TAB in it. */
	snprintf(script, sizeof(script), "echo token >>'%s'; printf ':set user=mal\\tlory\\n'\n",
		 self.marks);
	write_program("token", script);
}

static void begin_logins(void)
{
	begin(PROTOCOL_SMTP, &logins);
	self.options.insecure_auth = INSECURE_AUTH_ALWAYS;
	self.options.max_auth_failures = 3;
	runner_offer(&self.runner);
}

/* A span without base is a fact that is not told. */
static void log_in(enum event event, struct span mechanism, struct span name, struct span secret)
{
	struct frame frame = { .kind = FRAME_ASK, .call = { .event = event, .answers = 1 } };

	if (mechanism.base != NULL)
		event_add(&frame.call, FACT_AUTH_MECH, mechanism);
	if (name.base != NULL)
		event_add(&frame.call, event == EVENT_AUTH ? FACT_LOGIN_NAME : FACT_AUTH_NAME,
			  name);
	if (secret.base != NULL)
		event_add(&frame.call, event == EVENT_AUTH ? FACT_PASSWORD : FACT_TOKEN, secret);
	say_frame(&frame);
}

static void plain(struct span name, struct span password)
{
	log_in(EVENT_AUTH, SPAN("PLAIN"), name, password);
}

/* The session ended in order, and `wanted` was run. */
static bool served(const char *wanted)
{
	const char *run;
	bool good;

	bye(END_QUIT);
	good = finish() == END_QUIT;
	run = marks();
	if (!good || strcmp(run, wanted) != 0)
		fprintf(stderr, "in order: %d, run: %s, wanted: %s\n", good, run, wanted);
	return good && strcmp(run, wanted) == 0;
}

static void test_login(void)
{
	begin_logins();
	plain(SPAN("joe"), SPAN("secret"));
	ask(EVENT_MAIL);
	CHECK(served("auth:joe/secret mail:jo:PLAIN "));
}

/* What would be taken for a good password, an option, or somebody else's variable. */
static void test_values(void)
{
	static const struct {
		struct span name, password;
	} wrong[] = {
		{ SPAN("joe"), SPAN("") },        { SPAN(""), SPAN("secret") },
		{ SPAN("-joe"), SPAN("secret") }, { SPAN("jo\303\266"), SPAN("secret") },
		{ SPAN(" joe"), SPAN("secret") }, { SPAN_NONE, SPAN("secret") },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		begin_logins();
		plain(wrong[i].name, wrong[i].password);
		ask(EVENT_MAIL);
		CHECK(served("mail:: "));
	}
}

/* POP3's own ways, once more, inside a transaction, and after too many failures. */
static void test_order(void)
{
	begin_logins();
	log_in(EVENT_AUTH, SPAN_NONE, SPAN("joe"), SPAN("secret"));
	CHECK(ended(""));
	begin_logins();
	log_in(EVENT_SASL, SPAN_NONE, SPAN_NONE, SPAN_NONE);
	CHECK(ended(""));
	begin_logins();
	log_in(EVENT_TOKEN, SPAN("PLAIN"), SPAN("joe"), SPAN("secret"));
	CHECK(ended(""));
	begin_logins();
	plain(SPAN("joe"), SPAN("secret"));
	plain(SPAN("eve"), SPAN("secret"));
	CHECK(ended("auth:joe/secret "));
	begin_logins();
	ask(EVENT_MAIL);
	plain(SPAN("joe"), SPAN("secret"));
	CHECK(ended("mail:: "));
	begin_logins();
	for (unsigned i = 0; i < 4; i++)
		plain(SPAN("joe"), SPAN(""));
	plain(SPAN("joe"), SPAN("secret"));
	CHECK(ended(""));
}

/* SUBM-001 TLS-008: where somebody has to log in or to begin TLS the engine is not alone in asking
 * for it. */
static void test_policy(void)
{
	self.options.submission = true;
	begin_logins();
	ask(EVENT_MAIL);
	CHECK(ended(""));
	begin_logins();
	plain(SPAN("joe"), SPAN("secret"));
	ask(EVENT_MAIL);
	CHECK(served("auth:joe/secret mail:jo:PLAIN "));
	self.options.submission = false;
	self.options.tls_require = true;
	begin_logins();
	ask(EVENT_MAIL);
	CHECK(ended(""));
	begin_logins();
	facts_set(&self.runner.facts, FACT_TLS_VERSION, SPAN("TLSv1.3"));
	ask(EVENT_MAIL);
	CHECK(served("mail:: "));
	self.options.tls_require = false;
}

/* TLS that nobody granted. */
static void test_goodbye(void)
{
	begin_logins();
	say_frame(&(struct frame){ .kind = FRAME_BYE, .end = END_QUIT, .secure = true });
	CHECK(ended(""));
}

/* A token whose owner has a name that cannot be told is not the token of whom the client names. */
static void test_token(void)
{
	begin_logins();
	log_in(EVENT_TOKEN, SPAN("XOAUTH2"), SPAN("victim"), SPAN("t0ken"));
	ask(EVENT_MAIL);
	CHECK(served("token mail:: "));
}

int main(void)
{
	alarm(900);
	signal(SIGPIPE, SIG_IGN);
	set_up();
	make_logins();
	test_login();
	test_values();
	test_order();
	test_policy();
	test_goodbye();
	test_token();
	clean_up();
	return check_report();
}
