/* SPDX-License-Identifier: ISC */
/* account.c - --user: giving up root, once and for good. */
#include "launch/account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

static bool fail(struct buffer *error, const char *what, const char *account, int reason)
{
	buffer_string(error, what);
	buffer_byte(error, ' ');
	buffer_string(error, account);
	if (reason != 0) {
		buffer_string(error, ": ");
		buffer_string(error, strerror(reason));
	}
	return false;
}

static bool is_now(uid_t uid, gid_t gid)
{
	uid_t uids[3];
	gid_t gids[3];

	if (getresuid(&uids[0], &uids[1], &uids[2]) != 0 ||
	    getresgid(&gids[0], &gids[1], &gids[2]) != 0)
		return false;
	for (unsigned i = 0; i < 3; i++)
		if (uids[i] != uid || gids[i] != gid)
			return false;
	return true;
}

bool account_become(const char *account, struct buffer *error)
{
	char name[256];
	struct buffer buffer = BUFFER(name);
	struct span group = span_of(account);
	const struct passwd *user;
	uid_t uid;
	gid_t gid;

	buffer_put(&buffer, span_take(&group, ':'));
	if (buffer_cstr(&buffer) == NULL)
		return fail(error, "name too long:", account, 0);
	user = getpwnam(name);
	if (user == NULL)
		return fail(error, "no such user:", account, 0);
	uid = user->pw_uid;
	gid = user->pw_gid;
	if (uid == 0)
		return fail(error, "will not serve as", account, 0);
	if (group.len > 0) {
		/* `account` ends where the group's name does. */
		const struct group *entry = getgrnam(group.base);

		if (entry == NULL)
			return fail(error, "no such group:", account, 0);
		gid = entry->gr_gid;
	}
	if (is_now(uid, gid))
		return true;
	if (initgroups(name, gid) != 0 || setresgid(gid, gid, gid) != 0 ||
	    setresuid(uid, uid, uid) != 0)
		return fail(error, "cannot become", account, errno);
	if (!is_now(uid, gid) || setuid(0) == 0)
		return fail(error, "cannot stay", account, 0);
	return true;
}
