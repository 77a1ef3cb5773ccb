/* SPDX-License-Identifier: ISC */
/* edit.c - what a person does with the password file. */
#include "edit.h"

#include "hash.h"
#include "login.h"
#include "table.h"
#include "verifier.h"

#include "base/descriptor.h"
#include "base/number.h"

#include <errno.h>
#include <termios.h>
#include <unistd.h>

#define EXIT_FAILED 1
#define EXIT_USAGE  64

/* Reads the first line of standard input, unseen where that is a terminal. False: said on standard
 * error. */
static bool read_password(char *password, size_t cap)
{
	struct termios normal, hidden;
	bool terminal = tcgetattr(STDIN_FILENO, &normal) == 0;
	size_t len = 0;
	ssize_t got = 1;
	struct span text;

	if (terminal) {
		hidden = normal;
		hidden.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
		fd_write_all(STDERR_FILENO, SPAN("Password: "));
	}
	while (len < cap && got > 0 && span_find((struct span){ password, len }, '\n') == len) {
		got = fd_read(STDIN_FILENO, password + len, cap - len);
		len += got > 0 ? (size_t)got : 0;
	}
	if (terminal) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &normal);
		fd_write_all(STDERR_FILENO, SPAN("\n"));
	}
	text = span_first((struct span){ password, len },
			  span_find((struct span){ password, len }, '\n'));
	if (text.len > 0 && text.len < cap && span_find(text, '\0') == text.len) {
		password[text.len] = '\0';
		return true;
	}
	say("a password has 1 to 511 octets and no NUL", NULL, 0);
	return false;
}

/* ---- set --------------------------------------------------------------------------------- */

/* What `set` is asked for; SPAN_NONE keeps what the user has. */
struct wish {
	struct span user;
	struct span uid;
	struct span gid;
	struct span home;
	bool plain;    /* the password as it is */
	bool no_scram; /* no verifier beside the hash */
};

/* What is written of a password: {PLAIN} or a hash, and a verifier or nothing. */
struct stored {
	char hash_bytes[PASSWORD_MAX + HASH_MAX];
	char verifier_bytes[VERIFIER_MAX];
	struct buffer hash;
	struct buffer verifier;
};

static bool id_valid(struct span id)
{
	uint64_t value;

	return id.base == NULL || (number_upto(id, UINT32_MAX - 1, &value) && value > 0);
}

/* "USER [--uid N --gid N] [--home DIR] [--plain] [--no-scram]", in any order. */
static bool parse_wish(char *const *arguments, struct wish *wish)
{
	const struct {
		struct span name;
		struct span *value; /* NULL for one that has none */
		bool *flag;
	} options[] = {
		{ SPAN("--uid"), &wish->uid, NULL },
		{ SPAN("--gid"), &wish->gid, NULL },
		{ SPAN("--home"), &wish->home, NULL },
		{ SPAN("--plain"), NULL, &wish->plain },
		{ SPAN("--no-scram"), NULL, &wish->no_scram },
	};
	size_t count = sizeof(options) / sizeof(*options);

	for (; *arguments != NULL; arguments++) {
		struct span word = span_of(*arguments);
		size_t option = 0;

		while (option < count && !span_equal(word, options[option].name))
			option++;
		if (option < count && options[option].flag != NULL)
			*options[option].flag = true;
		else if (option < count && *++arguments != NULL)
			*options[option].value = span_of(*arguments);
		else if (option < count || wish->user.base != NULL || span_starts(word, SPAN("--")))
			return false;
		else
			wish->user = word;
	}
	return entry_user_valid(wish->user) && id_valid(wish->uid) && id_valid(wish->gid) &&
	       (wish->uid.base == NULL) == (wish->gid.base == NULL) &&
	       span_find(wish->home, ':') == wish->home.len &&
	       span_find(wish->home, '\n') == wish->home.len;
}

/* Appends ":uid:gid::home", of what is wished and what stood there. */
static void put_remainder(struct buffer *line, const struct wish *wish, const struct entry *old)
{
	if (wish->uid.base == NULL && wish->home.base == NULL) {
		buffer_put(line, old != NULL ? old->remainder : SPAN_NONE);
		return;
	}
	buffer_byte(line, ':');
	if (wish->uid.base != NULL)
		buffer_put(line, wish->uid);
	else if (old != NULL && old->switches)
		buffer_number(line, old->uid);
	buffer_byte(line, ':');
	if (wish->gid.base != NULL)
		buffer_put(line, wish->gid);
	else if (old != NULL && old->switches)
		buffer_number(line, old->gid);
	buffer_string(line, "::");
	if (wish->home.base != NULL)
		buffer_put(line, wish->home);
	else if (old != NULL)
		buffer_put(line, old->home);
}

/* Writes the user's lines; `old` is what stood there, or NULL. */
static bool put_user(struct table_change *change, const struct wish *wish,
		     const struct stored *stored, const struct entry *old)
{
	char bytes[ENTRY_MAX];
	struct buffer line = BUFFER(bytes);
	bool good;

	buffer_put(&line, wish->user);
	buffer_byte(&line, ':');
	buffer_put(&line, buffer_span(&stored->hash));
	put_remainder(&line, wish, old);
	if (stored->verifier.len > 0) {
		buffer_byte(&line, '\n');
		buffer_put(&line, wish->user);
		buffer_byte(&line, ':');
		buffer_put(&line, buffer_span(&stored->verifier));
	}
	good = !line.overflow && table_change_put(change, buffer_span(&line));
	if (line.overflow)
		errno = E2BIG;
	explicit_bzero(bytes, sizeof(bytes));
	return good;
}

/*
 * Copies the file without the user's lines; with `stored` their first one becomes the new ones,
 * and the others, which are of the old password, go.  *found says whether there were any.
 */
static bool rewrite(struct table_change *change, struct table *old, const struct wish *wish,
		    const struct stored *stored, bool *found)
{
	struct span line;
	struct entry entry;
	enum table_result result;
	bool good = true;

	*found = false;
	while (good && (result = table_next(old, &line)) == TABLE_LINE) {
		if (entry_parse(line, &entry) == ENTRY_NONE ||
		    !span_equal(entry.user, wish->user)) {
			good = table_change_put(change, line);
			continue;
		}
		if (stored != NULL && !*found)
			good = put_user(change, wish, stored, &entry);
		*found = true;
	}
	if (good && result == TABLE_TROUBLE)
		return false;
	if (good && stored != NULL && !*found)
		good = put_user(change, wish, stored, NULL);
	if (!good)
		say("cannot write the password file", change->dir_path, errno);
	return good;
}

static int change_file(const struct wish *wish, const struct stored *stored, bool *found)
{
	static struct table_change change;
	static struct table old;
	bool good, wanted;

	if (!table_change_begin(&change, &old))
		return EXIT_FAILED;
	good = rewrite(&change, &old, wish, stored, found);
	wanted = good && (stored != NULL || *found);
	table_close(&old);
	return table_change_end(&change, wanted) == wanted && good ? 0 : EXIT_FAILED;
}

/* The password as it is: no colon, which ends the field, and no blank that ends the line. */
static bool store_plain(struct span password, struct stored *stored)
{
	if (span_find(password, ':') < password.len || span_trim_end(password).len < password.len) {
		say("a plain password has no colon and no blank at its end", NULL, 0);
		return false;
	}
	buffer_string(&stored->hash, "{PLAIN}");
	return buffer_put(&stored->hash, password);
}

static bool store_hash(const char *password, const struct wish *wish, struct stored *stored)
{
	if (!hash_make(password, &stored->hash)) {
		say("cannot hash the password", NULL, errno);
		return false;
	}
	return wish->no_scram || verifier_make(span_of(password), &stored->verifier);
}

int edit_set(char *const *arguments)
{
	struct wish wish = { .user = SPAN_NONE };
	struct stored stored;
	char password[PASSWORD_MAX + 1];
	bool found, made;
	int exit = EXIT_FAILED;

	if (!parse_wish(arguments, &wish))
		return EXIT_USAGE;
	if (!read_password(password, sizeof(password)))
		return EXIT_FAILED;
	stored.hash = BUFFER(stored.hash_bytes);
	stored.verifier = BUFFER(stored.verifier_bytes);
	made = wish.plain ? store_plain(span_of(password), &stored)
			  : store_hash(password, &wish, &stored);
	explicit_bzero(password, sizeof(password));
	if (made)
		exit = change_file(&wish, &stored, &found);
	explicit_bzero(&stored, sizeof(stored));
	return exit;
}

/* ---- the others -------------------------------------------------------------------------- */

int edit_delete(char *const *arguments)
{
	struct wish wish = { .user = span_of(arguments[0]) };
	bool found;
	int exit;

	if (arguments[0] == NULL || arguments[1] != NULL)
		return EXIT_USAGE;
	exit = change_file(&wish, NULL, &found);
	if (exit == 0 && !found) {
		say("no such user", arguments[0], 0);
		return EXIT_FAILED;
	}
	return exit;
}

int edit_list(char *const *arguments)
{
	static struct table table;
	struct span line;
	struct entry entry;
	enum table_result result;
	bool good = true;

	if (arguments[0] != NULL)
		return EXIT_USAGE;
	if (!table_open(&table))
		return EXIT_FAILED;
	while (good && (result = table_next(&table, &line)) == TABLE_LINE) {
		if (entry_parse(line, &entry) == ENTRY_OK && entry.scheme != SCHEME_SCRAM)
			good = fd_write_all(STDOUT_FILENO, entry.user) &&
			       fd_write_all(STDOUT_FILENO, SPAN("\n"));
	}
	table_close(&table);
	return good && result == TABLE_END ? 0 : EXIT_FAILED;
}

int edit_check(char *const *arguments)
{
	char password[PASSWORD_MAX + 1];
	struct identity identity;
	int verdict;

	if (arguments[0] == NULL || arguments[1] != NULL)
		return EXIT_USAGE;
	if (!read_password(password, sizeof(password)))
		return EXIT_FAILED;
	verdict = login_check(span_of(arguments[0]), password, &identity);
	explicit_bzero(password, sizeof(password));
	return verdict;
}
