/* SPDX-License-Identifier: ISC */
/* login.c - judging a name and a password, and what follows from it. */
#include "login.h"

#include "hash.h"
#include "table.h"

#include "base/descriptor.h"
#include "engine/verdict.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <unistd.h>

/* The checkpassword data. */
#define DATA_FD 3
#define SHELL   "/bin/sh"

static bool put_text(char *to, size_t cap, struct span text)
{
	struct buffer out = { to, 0, cap, false };

	return buffer_put(&out, text) && buffer_cstr(&out) != NULL;
}

/* Looks at the one line of the user that a password can be checked by. */
static int judge(const char *password, const struct entry *entry, struct identity *identity)
{
	switch (hash_check(password, entry)) {
	case HASH_RIGHT:
		break;
	case HASH_WRONG:
		return LOGIN_REFUSED;
	case HASH_TROUBLE:
		say("the password of this user is stored in a way that is not known", NULL, 0);
		return LOGIN_TROUBLE;
	}
	identity->switches = entry->switches;
	identity->uid = entry->uid;
	identity->gid = entry->gid;
	if (put_text(identity->user, sizeof(identity->user), entry->user) &&
	    put_text(identity->home, sizeof(identity->home), entry->home))
		return 0;
	say("the home directory of this user is too long", NULL, 0);
	return LOGIN_TROUBLE;
}

int login_check(struct span user, const char *password, struct identity *identity)
{
	static struct table table;
	char idle[HASH_MAX];
	struct buffer like = BUFFER(idle);
	struct entry entry;
	struct span line;
	enum table_result result;
	int verdict = -1;
	bool hashed = false;

	if (!table_open(&table))
		return LOGIN_TROUBLE;
	/* To the end also when the user was found: the time tells nothing of the place. */
	while ((result = table_next(&table, &line)) == TABLE_LINE) {
		if (entry_parse(line, &entry) != ENTRY_OK)
			continue;
		if (like.len == 0 && entry.scheme == SCHEME_CRYPT && entry.hash.len < HASH_MAX)
			buffer_put(&like, entry.hash);
		if (verdict < 0 && entry.scheme != SCHEME_SCRAM && span_equal(entry.user, user)) {
			verdict = judge(password, &entry, identity);
			hashed = entry.scheme == SCHEME_CRYPT;
		}
	}
	table_close(&table);
	if (!hashed)
		hash_idle(password, buffer_span(&like));
	if (verdict < 0)
		verdict = LOGIN_REFUSED;
	explicit_bzero(idle, sizeof(idle));
	return result == TABLE_END ? verdict : LOGIN_TROUBLE;
}

/* ---- checkpassword ----------------------------------------------------------------------- */

/* True when real, effective and saved ids are the user's. */
static bool is_identity(const struct identity *identity)
{
	uid_t uids[3];
	gid_t gids[3];

	if (getresuid(&uids[0], &uids[1], &uids[2]) != 0 ||
	    getresgid(&gids[0], &gids[1], &gids[2]) != 0)
		return false;
	for (unsigned i = 0; i < 3; i++) {
		if (uids[i] != identity->uid || gids[i] != identity->gid)
			return false;
	}
	return true;
}

/* Becomes the user for good, and makes sure of it. */
static bool become(const struct identity *identity)
{
	gid_t gid = identity->gid;

	if (identity->uid == 0 || gid == 0) {
		say("uid 0 and gid 0 cannot log in", identity->user, 0);
		return false;
	}
	if (is_identity(identity))
		return true;
	if (setgroups(1, &gid) != 0 || setresgid(gid, gid, gid) != 0 ||
	    setresuid(identity->uid, identity->uid, identity->uid) != 0) {
		say("cannot become the user", identity->user, errno);
		return false;
	}
	if (!is_identity(identity) || setuid(0) == 0) {
		say("did not become the user", identity->user, 0);
		return false;
	}
	return true;
}

static int start(const struct identity *identity, char *const *program)
{
	if (identity->switches && !become(identity))
		return LOGIN_TROUBLE;
	if (identity->home[0] != '\0' &&
	    (chdir(identity->home) != 0 || setenv("HOME", identity->home, 1) != 0)) {
		say("cannot go to the home directory", identity->home, errno);
		return LOGIN_TROUBLE;
	}
	if (setenv("USER", identity->user, 1) != 0 || setenv("SHELL", SHELL, 1) != 0)
		return LOGIN_TROUBLE;
	execvp(program[0], program);
	say("cannot run", program[0], errno);
	return LOGIN_TROUBLE;
}

int login_run(char *const *program)
{
	char data[1024];
	size_t len = 0;
	ssize_t got;
	struct span rest, user, password;
	struct identity identity;
	int verdict;

	while ((got = fd_read(DATA_FD, data + len, sizeof(data) - len)) > 0)
		len += (size_t)got;
	close(DATA_FD);
	rest = (struct span){ data, len };
	user = span_take(&rest, '\0');
	password = span_take(&rest, '\0');
	/* Both must have had their NUL; the timestamp behind them says nothing to us. */
	if (got < 0 || len == sizeof(data) || rest.base == NULL || program[0] == NULL) {
		explicit_bzero(data, sizeof(data));
		return LOGIN_MISUSED;
	}
	if (user.len == 0 || password.len == 0 || password.len > PASSWORD_MAX)
		verdict = LOGIN_REFUSED;
	else
		verdict = login_check(user, password.base, &identity);
	explicit_bzero(data, sizeof(data));
	return verdict == 0 ? start(&identity, program) : verdict;
}

/* ---- secrets ----------------------------------------------------------------------------- */

int login_secret(void)
{
	static struct table table;
	struct span name = span_of(getenv("AUTH_NAME"));
	bool scram = span_starts(span_of(getenv("AUTH_MECH")), SPAN("SCRAM-"));
	char text[ENTRY_MAX + 64];
	struct buffer out = BUFFER(text);
	struct entry entry;
	struct span line;
	enum table_result result;
	int exit = EXIT_NOUSER;

	if (!table_open(&table))
		return EXIT_TEMPFAIL;
	/* A verifier serves SCRAM alone, and then better than a password, which serves all. */
	while ((result = table_next(&table, &line)) == TABLE_LINE) {
		if (entry_parse(line, &entry) != ENTRY_OK || !span_equal(entry.user, name) ||
		    !(entry.scheme == SCHEME_PLAIN || (scram && entry.scheme == SCHEME_SCRAM)))
			continue;
		if (out.len > 0 && entry.scheme == SCHEME_PLAIN)
			continue;
		buffer_clear(&out);
		buffer_put(&out, entry.scheme == SCHEME_PLAIN ? SPAN("{PLAIN}")
							      : SPAN("{SCRAM-SHA-256}"));
		buffer_put(&out, entry.hash);
		buffer_byte(&out, '\n');
	}
	table_close(&table);
	if (result != TABLE_END)
		exit = EXIT_TEMPFAIL;
	else if (out.len > 0)
		exit = fd_write_all(STDOUT_FILENO, buffer_span(&out)) ? EXIT_DONE : EXIT_TEMPFAIL;
	explicit_bzero(text, sizeof(text));
	return exit;
}
