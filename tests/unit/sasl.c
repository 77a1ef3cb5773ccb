/* SPDX-License-Identifier: ISC */
/*
 * The SASL machine: what is offered when, names that may log in, and that nothing of a secret is
 * left behind (GEN-016). The dialogues are tests/transcript/{smtp,pop3}/auth.t.
 */
#include "engine/sasl.h"

#include "check.h"

#include <string.h>

static struct sasl sasl;
static char storage[SASL_STORAGE];

static bool left_behind(const char *secret)
{
	return memmem(storage, sizeof(storage), secret, strlen(secret)) != NULL;
}

static bool offers(struct sasl_means means, const char *names)
{
	char text[256];
	struct buffer out = BUFFER(text);
	struct sasl_offer offer = sasl_offer(&means);

	sasl_put_names(&offer, " ", &out);
	return span_equal(buffer_span(&out), span_of(names));
}

/* AUTH-001, AUTH-002, AUTH-021, AUTH-024, POP-018. */
static void test_offer(void)
{
	const event_set all =
		EVENT_BIT(EVENT_AUTH) | EVENT_BIT(EVENT_TOKEN) | EVENT_BIT(EVENT_SECRET);
	const struct span weak[] = { SPAN("cram-md5"), SPAN("APOP"), SPAN("PLAIN") };
	struct sasl_offer offer;

	CHECK(offers((struct sasl_means){ .plaintext = true }, ""));
	CHECK(offers((struct sasl_means){ .programs = all }, "SCRAM-SHA-256"));
	CHECK(offers((struct sasl_means){ .programs = all, .plaintext = true },
		     "SCRAM-SHA-256 OAUTHBEARER XOAUTH2 PLAIN LOGIN"));
	CHECK(offers((struct sasl_means){ .programs = EVENT_BIT(EVENT_SECRET),
					  .plaintext = true,
					  .binding = true },
		     "SCRAM-SHA-256-PLUS SCRAM-SHA-256"));
	CHECK(offers((struct sasl_means){ .certificate = true }, "EXTERNAL"));
	CHECK(offers((struct sasl_means){ .programs = all, .allowed = weak, .allowed_count = 3 },
		     "CRAM-MD5"));
	offer = sasl_offer(&(struct sasl_means){
		.programs = all, .allowed = weak, .allowed_count = 2, .plaintext = true });
	CHECK(sasl_offered(&offer, SASL_APOP) && sasl_offered(&offer, SASL_USER));
	offer = sasl_offer(&(struct sasl_means){ .programs = all });
	CHECK(!sasl_offered(&offer, SASL_APOP) && !sasl_offered(&offer, SASL_USER));
	CHECK((offer.with_tls & SASL_BIT(SASL_PLAIN)) != 0);
	CHECK((offer.with_tls & SASL_BIT(SASL_EXTERNAL)) == 0);
}

/* POP-019. */
static void test_names(void)
{
	char most[257];

	memset(most, 'a', sizeof(most));
	CHECK(login_name_fits(SPAN("joe")) && login_name_fits(SPAN("jo o'e@x.example")));
	CHECK(login_name_fits((struct span){ most, 255 }));
	CHECK(!login_name_fits((struct span){ most, 256 }));
	CHECK(!login_name_fits(SPAN("")) && !login_name_fits(SPAN("-joe")));
	CHECK(!login_name_fits(SPAN(" joe")) && !login_name_fits(SPAN("joe ")));
	CHECK(!login_name_fits(SPAN("j\0e")) && !login_name_fits(SPAN("j\ne")));
	CHECK(!login_name_fits(SPAN("j\xc3\xb6")) && !login_name_fits(SPAN("() { :; }")));
}

/* Each way an exchange can end: the secret is gone with it. */
static void test_wiping(void)
{
	const struct sasl_offer offer = { .now = SASL_NAMED };
	const struct verdict verdicts[] = { { .exit = 0 }, { .exit = 1 }, { .exit = 75 } };
	/* NUL joe NUL canary-secret */
	struct span plain = SPAN("AGpvZQBjYW5hcnktc2VjcmV0");

	for (size_t i = 0; i < sizeof(verdicts) / sizeof(*verdicts); i++) {
		struct event_call call = { .event = EVENT_AUTH };

		CHECK(sasl_begin(&sasl, &offer, SPAN("PLAIN"), plain) == SASL_ASK);
		CHECK(left_behind("canary-secret"));
		sasl_ask(&sasl, &call);
		CHECK(span_equal(event_fact(&call, FACT_PASSWORD), SPAN("canary-secret")));
		sasl_judge(&sasl, &verdicts[i]);
		CHECK(!left_behind("canary") && !left_behind("joe"));
	}
	/* A NUL too many, another encoding, a star, and simply no more. */
	CHECK(sasl_begin(&sasl, &offer, SPAN("PLAIN"), SPAN("AGpvZQBjYW5hcnktAHNlY3JldA==")) ==
	      SASL_MALFORMED);
	CHECK(!left_behind("canary"));
	CHECK(sasl_begin(&sasl, &offer, SPAN("PLAIN"), SPAN("AGpvZQBjYW5hcnktc2VjcmV0!")) ==
	      SASL_NOT_BASE64);
	CHECK(!left_behind("canary"));
	CHECK(sasl_begin(&sasl, &offer, SPAN("LOGIN"), SPAN("Y2FuYXJ5")) == SASL_CHALLENGE);
	CHECK(left_behind("canary") && sasl_respond(&sasl, SPAN("*")) == SASL_CANCELLED);
	CHECK(!left_behind("canary"));
	CHECK(sasl_user(&sasl, SPAN("joe")) == SASL_CHALLENGE);
	CHECK(sasl_pass(&sasl, SPAN("canary")) == SASL_ASK && left_behind("canary"));
	sasl_end(&sasl);
	CHECK(!left_behind("canary"));
}

/* AUTH-010: the longest response, behind the longest name. */
static void test_longest(void)
{
	static char text[SASL_LINE_MAX], name[340];
	const struct sasl_offer offer = { .now = SASL_NAMED };

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = "eHh4"[i % 4]; /* xxx */
	memcpy(name, text, sizeof(name));
	CHECK(sasl_begin(&sasl, &offer, SPAN("LOGIN"), (struct span){ name, sizeof(name) }) ==
	      SASL_CHALLENGE);
	CHECK(sasl.name.len == 255);
	CHECK(sasl_respond(&sasl, (struct span){ text, sizeof(text) }) == SASL_MALFORMED);
	CHECK(sasl_begin(&sasl, &offer, SPAN("EXTERNAL"), (struct span){ text, sizeof(text) }) ==
	      SASL_ASK);
	CHECK(sasl.secret.len == SASL_RESPONSE_MAX);
	CHECK(fact_is_clean(FACT_RESPONSE, sasl.secret));
	sasl_end(&sasl);
}

int main(void)
{
	sasl_init(&sasl, storage);
	test_offer();
	test_names();
	test_wiping();
	test_longest();
	return check_report();
}
