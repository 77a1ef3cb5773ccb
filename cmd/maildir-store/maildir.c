/* SPDX-License-Identifier: ISC */
/* maildir.c - a Maildir and its folders, as descriptors. */
#include "maildir.h"

#include "base/descriptor.h"
#include "store/place.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

const char *const folder_names[FOLDER_COUNT] = { "new", "cur", "tmp" };

void maildir_init(struct maildir *maildir)
{
	maildir->dir = -1;
	for (unsigned i = 0; i < FOLDER_COUNT; i++)
		maildir->folders[i] = -1;
}

void maildir_close(struct maildir *maildir)
{
	fd_close(&maildir->dir);
	for (unsigned i = 0; i < FOLDER_COUNT; i++)
		fd_close(&maildir->folders[i]);
}

enum open_result {
	OPEN_OK,
	OPEN_ABSENT,  /* there is no such mailbox */
	OPEN_TROUBLE, /* errno says why nobody can tell, EPERM: not ours */
};

/* A missing base is trouble, not an absent mailbox: its disk may not be mounted. */
static enum open_result open_maildir(struct maildir *maildir, const struct mailbox_path *path)
{
	int base = place_base(path->base, PLACE_FAILS);

	maildir_init(maildir);
	if (base < 0)
		return OPEN_TROUBLE;
	maildir->dir = place_descend(base, span_of(path->rest), PLACE_FAILS);
	if (place_is_ours(&maildir->dir))
		return OPEN_OK;
	return errno == ENOENT || errno == ENAMETOOLONG ? OPEN_ABSENT : OPEN_TROUBLE;
}

int maildir_folder(struct maildir *maildir, enum folder folder)
{
	int *fd = &maildir->folders[folder];

	if (*fd < 0) {
		*fd = openat(maildir->dir, folder_names[folder], PLACE_STEP | O_RDONLY);
		place_is_ours(fd);
	}
	return *fd;
}

enum create_result maildir_create(const struct mailbox_path *path, const char **where)
{
	bool any = false, made;
	int base = place_base(path->base, PLACE_IS_MADE);
	int dir;

	*where = path->base;
	if (base < 0)
		return CREATE_FAILED;
	*where = path->rest;
	dir = place_descend(base, span_of(path->rest), PLACE_IS_MADE);
	for (unsigned i = 0; i < FOLDER_COUNT && dir >= 0; i++) {
		int fd = place_make(dir, folder_names[i], &made);

		any = any || made;
		if (fd < 0)
			fd_close(&dir);
		fd_close(&fd);
	}
	if (dir < 0)
		return CREATE_FAILED;
	fd_close(&dir);
	return any ? CREATE_MADE : CREATE_EXISTED;
}

int maildir_of(struct request *request, struct span user, struct maildir *maildir)
{
	static struct mailbox_path path; /* two long names: not on the stack */
	int exit = request_path(request, user, &path);

	maildir_init(maildir);
	if (exit != EXIT_DONE)
		return exit;
	switch (open_maildir(maildir, &path)) {
	case OPEN_OK:
		return EXIT_DONE;
	case OPEN_ABSENT:
		return request_no_mailbox(request);
	case OPEN_TROUBLE:
		break;
	}
	return request_trouble(request, "cannot open the Maildir", path.rest);
}

int maildir_of_user(struct request *request, struct maildir *own, struct maildir **drop)
{
	struct span user;
	int exit;

	maildir_init(own);
	*drop = request->drop != NULL ? request->drop : own;
	if ((*drop)->dir >= 0)
		return EXIT_DONE;
	exit = request_user(request, &user);
	return exit != EXIT_DONE ? exit : maildir_of(request, user, *drop);
}
