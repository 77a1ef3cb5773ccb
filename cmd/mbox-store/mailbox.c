/* SPDX-License-Identifier: ISC */
/* mailbox.c - one mbox: its directory, its name, and the file while it is locked. */
#include "mailbox.h"

#include "rewrite.h"

#include "base/clock.h"
#include "base/descriptor.h"
#include "store/place.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Between two tries to lock, milliseconds. */
#define LOCK_PAUSE 50

void mailbox_beside(char *path, const char *name, const char *suffix)
{
	struct buffer out = { path, 0, LOCK_NAME_MAX, false };

	buffer_string(&out, name);
	buffer_string(&out, suffix);
	buffer_cstr(&out);
}

void mailbox_init(struct mailbox *mailbox)
{
	mailbox->dir = mailbox->file = mailbox->session = -1;
	mailbox->own_dir = false;
}

void mailbox_close(struct mailbox *mailbox)
{
	lock_free_session(mailbox->dir, mailbox->name, &mailbox->session);
	fd_close(&mailbox->file);
	fd_close(&mailbox->dir);
}

/* ---- where it is ------------------------------------------------------------------------- */

/* Splits the path before its last part. */
static struct span split(const char *rest, struct span *name)
{
	size_t at;

	*name = span_of(rest);
	for (at = name->len; at > 0 && name->base[at - 1] != '/'; at--)
		;
	*name = span_from(*name, at);
	return (struct span){ rest, at > 0 ? at - 1 : 0 };
}

/* False for the name of a file that belongs to another mailbox, and for one that is too long. */
static bool take_name(struct mailbox *mailbox, struct span name)
{
	static const struct span ours[] = { SPAN(".lock"), SPAN(".session"), SPAN(".rewrite"),
					    SPAN(".rewrite~") };
	struct buffer out = BUFFER(mailbox->name);

	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++) {
		if (name.len >= ours[i].len &&
		    span_equal(span_from(name, name.len - ours[i].len), ours[i]))
			return false;
	}
	buffer_put(&out, name);
	return name.len + SPAN(".rewrite~").len <= NAME_MAX && buffer_cstr(&out) != NULL;
}

/* True when the last part of the pattern holds no value. */
static bool names_directory(struct span pattern)
{
	size_t at = pattern.len;

	while (at > 0 && pattern.base[at - 1] != '/')
		at--;
	for (; at < pattern.len; at++) {
		if (pattern.base[at] == '%' && ++at < pattern.len && pattern.base[at] != '%')
			return false;
	}
	return true;
}

/* True when the file may be used as a mailbox; EPERM otherwise. */
static bool is_usable(const struct stat *facts)
{
	errno = EPERM;
	return S_ISREG(facts->st_mode) && facts->st_uid == place_owner() && facts->st_nlink == 1;
}

/* Looks what is there. False with errno; ENOENT: no mailbox. */
static bool is_there(const struct mailbox *mailbox)
{
	struct stat facts;

	if (fstatat(mailbox->dir, mailbox->name, &facts, AT_SYMLINK_NOFOLLOW) == 0)
		return is_usable(&facts);
	if (errno != ENOENT || !mailbox->own_dir)
		return false;
	/* The directory is to be theirs, that is ours. */
	errno = EPERM;
	return fstat(mailbox->dir, &facts) == 0 && facts.st_uid == place_owner();
}

int mailbox_find(struct request *request, struct span user, struct mailbox *mailbox)
{
	struct mailbox_path path;
	struct span above, name;
	int exit = request_path(request, user, &path);
	int base;

	mailbox_init(mailbox);
	if (exit != EXIT_DONE)
		return exit;
	above = split(path.rest, &name);
	if (!take_name(mailbox, name))
		return request_no_mailbox(request);
	mailbox->own_dir =
		above.len > 0 && names_directory(request_setting(request, request->pattern));
	base = place_base(path.base, PLACE_FAILS);
	if (base >= 0) {
		mailbox->dir = place_descend(base, above, PLACE_FAILS);
		if (mailbox->dir >= 0 && is_there(mailbox))
			return EXIT_DONE;
		if (errno == ENOENT || errno == ENAMETOOLONG)
			return request_no_mailbox(request);
	}
	return request_trouble(request, "cannot use the mailbox", path.rest);
}

int mailbox_of_user(struct request *request, struct mailbox *own, struct mailbox **drop)
{
	struct span user;
	int exit;

	mailbox_init(own);
	*drop = request->drop != NULL ? request->drop : own;
	if ((*drop)->dir >= 0)
		return EXIT_DONE;
	exit = request_user(request, &user);
	if (exit == EXIT_DONE)
		exit = mailbox_find(request, user, *drop);
	if (exit != EXIT_DONE)
		mailbox_close(*drop);
	return exit;
}

/* ---- the file ---------------------------------------------------------------------------- */

static int open_file(const struct mailbox *mailbox, int access)
{
	struct stat facts;
	int fd = place_open_file(mailbox->dir, mailbox->name, access, &facts);

	if (fd >= 0 && !is_usable(&facts))
		fd_close(&fd);
	return fd;
}

int mailbox_open(const struct mailbox *mailbox)
{
	return open_file(mailbox, O_RDONLY);
}

/* Makes the file, durably. False with errno; EEXIST: somebody else did. */
static bool make_file(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int entries = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool made = fd >= 0 && entries >= 0 && place_hand_over(dir, name) && fsync(entries) == 0;

	fd_close(&fd);
	fd_close(&entries);
	return made;
}

/* True when the locked file is the one that the name leads to; notes its size. */
static bool is_current(struct mailbox *mailbox)
{
	struct stat named, opened;

	if (fstatat(mailbox->dir, mailbox->name, &named, AT_SYMLINK_NOFOLLOW) != 0 ||
	    fstat(mailbox->file, &opened) != 0 || named.st_ino != opened.st_ino ||
	    named.st_dev != opened.st_dev)
		return false;
	mailbox->size = (uint64_t)opened.st_size;
	return true;
}

/* One try, without waiting. */
static enum lock_result try_lock(struct mailbox *mailbox, enum mailbox_missing missing)
{
	enum lock_result result;

	mailbox->file = open_file(mailbox, O_RDWR);
	if (mailbox->file < 0 && errno == ENOENT && missing == MAILBOX_IS_MADE &&
	    mailbox->own_dir) {
		if (!make_file(mailbox->dir, mailbox->name) && errno != EEXIST)
			return LOCK_TROUBLE;
		mailbox->file = open_file(mailbox, O_RDWR);
	}
	if (mailbox->file < 0)
		return LOCK_TROUBLE;
	result = lock_file(mailbox->file);
	if (result == LOCK_TAKEN)
		result = lock_dot(mailbox->dir, mailbox->name);
	if (result == LOCK_TAKEN && !is_current(mailbox)) {
		lock_free_dot(mailbox->dir, mailbox->name);
		result = LOCK_BUSY;
	}
	if (result != LOCK_TAKEN)
		fd_close(&mailbox->file);
	return result;
}

/* Signals that would end us wait, so that they interrupt no rewrite. */
static void hold_signals(struct mailbox *mailbox)
{
	sigset_t held;

	sigemptyset(&held);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGHUP);
	sigprocmask(SIG_BLOCK, &held, &mailbox->signals);
}

int mailbox_lock(struct request *request, struct mailbox *mailbox, unsigned seconds,
		 enum mailbox_missing missing)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE * 1000000 };
	int64_t deadline = clock_deadline(clock_now(), seconds);

	for (;;) {
		enum lock_result result;

		hold_signals(mailbox);
		result = try_lock(mailbox, missing);
		if (result == LOCK_TAKEN)
			break;
		sigprocmask(SIG_SETMASK, &mailbox->signals, NULL);
		if (result == LOCK_TROUBLE && errno == ENOENT && missing == MAILBOX_IS_EMPTY)
			return EXIT_DONE;
		if (result == LOCK_TROUBLE)
			return request_trouble(request, "cannot lock the mailbox", mailbox->name);
		if (clock_now() >= deadline) {
			request_log("another program holds the mailbox", mailbox->name, 0);
			return request_refuse(request, EXIT_TEMPFAIL, "451 4.3.0",
					      request->event == EVENT_LIST
						      ? "[IN-USE] Another program uses this mailbox"
						      : "Another program uses this mailbox");
		}
		nanosleep(&pause, NULL);
	}
	if (rewrite_recover(mailbox))
		return EXIT_DONE;
	mailbox_unlock(mailbox);
	return request_trouble(request, "cannot complete what was begun on the mailbox",
			       mailbox->name);
}

void mailbox_unlock(struct mailbox *mailbox)
{
	if (mailbox->file < 0)
		return;
	lock_free_dot(mailbox->dir, mailbox->name);
	fd_close(&mailbox->file);
	sigprocmask(SIG_SETMASK, &mailbox->signals, NULL);
}

enum create_result mailbox_create(const struct mailbox_path *path, const char **where)
{
	struct mailbox mailbox;
	struct span above, name;
	enum create_result result = CREATE_FAILED;
	int base = place_base(path->base, PLACE_IS_MADE);

	mailbox_init(&mailbox);
	*where = path->base;
	if (base < 0)
		return CREATE_FAILED;
	*where = path->rest;
	above = split(path->rest, &name);
	mailbox.dir = place_descend(base, above, PLACE_IS_MADE);
	errno = mailbox.dir < 0 ? errno : EINVAL;
	if (mailbox.dir >= 0 && take_name(&mailbox, name)) {
		if (make_file(mailbox.dir, mailbox.name))
			result = CREATE_MADE;
		else if (errno == EEXIST && is_there(&mailbox))
			result = CREATE_EXISTED;
	}
	fd_close(&mailbox.dir);
	return result;
}
