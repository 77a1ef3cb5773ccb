/* SPDX-License-Identifier: ISC */
/*
 * listing.c - the messages of a maildrop, in the order of their delivery.
 *
 * One pass over new/ and cur/ keeps the earliest names that have not been listed yet.  When
 * the room is full the later half is forgotten, and with it all that is later
 * still; another pass will find them.
 */
#include "listing.h"

#include "expiry.h"
#include "lock.h"
#include "message.h"
#include "name.h"
#include "sizes.h"
#include "tmp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

#define ENTRIES_MAX 16384
#define NAMES_MAX   (1280 * 1024)

struct entry {
	uint64_t time;
	const char *name;
	uint16_t len;
	uint8_t folder;
};

/* A name that outlives the room. */
struct mark {
	bool set;
	struct entry entry;
	char name[NAME_MAX];
};

struct room {
	struct entry entries[ENTRIES_MAX];
	char names[NAMES_MAX];
	size_t count;
	size_t used;       /* octets of names */
	struct mark last;  /* the last one listed: this pass looks at later ones */
	struct mark bound; /* set when some were forgotten: the latest one kept */
	struct sizes sizes;
};

static struct span entry_name(const struct entry *entry)
{
	return (struct span){ entry->name, entry->len };
}

static int compare(const struct entry *a, const struct entry *b)
{
	return name_compare(a->time, entry_name(a), b->time, entry_name(b));
}

static int by_delivery(const void *a, const void *b)
{
	return compare(a, b);
}

static int by_place(const void *a, const void *b)
{
	const char *first = ((const struct entry *)a)->name;
	const char *second = ((const struct entry *)b)->name;

	return (first > second) - (first < second);
}

static void set_mark(struct mark *mark, const struct entry *entry)
{
	mark->set = true;
	mark->entry = *entry;
	memcpy(mark->name, entry->name, entry->len);
	mark->entry.name = mark->name;
}

/* Forgets the later half, and moves the names of the other together. */
static void forget_half(struct room *room)
{
	qsort(room->entries, room->count, sizeof(*room->entries), by_delivery);
	room->count /= 2;
	set_mark(&room->bound, &room->entries[room->count - 1]);
	qsort(room->entries, room->count, sizeof(*room->entries), by_place);
	room->used = 0;
	for (size_t i = 0; i < room->count; i++) {
		struct entry *entry = &room->entries[i];

		memmove(room->names + room->used, entry->name, entry->len);
		entry->name = room->names + room->used;
		room->used += entry->len;
	}
}

static void add(struct room *room, enum folder folder, struct span name)
{
	struct entry entry = { name_time(name), name.base, (uint16_t)name.len, (uint8_t)folder };

	if ((room->last.set && compare(&entry, &room->last.entry) <= 0) ||
	    (room->bound.set && compare(&entry, &room->bound.entry) >= 0))
		return;
	memcpy(room->names + room->used, name.base, name.len);
	entry.name = room->names + room->used;
	room->used += name.len;
	room->entries[room->count++] = entry;
	if (room->count == ENTRIES_MAX || NAMES_MAX - room->used < NAME_MAX)
		forget_half(room);
}

/* True for a file; where the directory does not say, its inode does. */
static bool is_file(DIR *entries, const struct dirent *entry)
{
	struct stat facts;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_REG;
	return fstatat(dirfd(entries), entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(facts.st_mode);
}

static bool read_folder(struct room *room, struct maildir *maildir, enum folder folder)
{
	DIR *entries = message_folder(maildir, folder);
	const struct dirent *entry;

	if (entries == NULL)
		return false;
	while (errno = 0, (entry = readdir(entries)) != NULL) {
		if (entry->d_name[0] != '.' && is_file(entries, entry))
			add(room, folder, span_of(entry->d_name));
	}
	closedir(entries);
	return errno == 0;
}

/* Writes the line `ID SIZE UID`; a file that is not ours to read is left out. */
static void put_line(struct request *request, struct sizes *sizes, const struct entry *entry)
{
	char line[ID_MAX + UID_MAX + 32];
	struct buffer out = BUFFER(line);
	struct message message = { .folder = entry->folder };
	uint64_t size;

	memcpy(message.name, entry->name, entry->len);
	message.name[entry->len] = '\0';
	if (!sizes_tell(sizes, &message, &size)) {
		if (errno != ENOENT)
			request_log("left out of the listing", message.name, errno);
		return;
	}
	message_put_id(&out, message.folder, span_of(message.name));
	buffer_byte(&out, ' ');
	buffer_number(&out, size);
	buffer_byte(&out, ' ');
	name_uid_put(&out, span_of(message.name));
	buffer_byte(&out, '\n');
	outcome_put(request->outcome, buffer_span(&out));
}

/*
 * One pass. New before cur, so that a message which is moved meanwhile is met at least once; met
 * twice, or there twice, it is listed once (POP-034).
 */
static bool list_some(struct request *request, struct maildir *maildir, struct room *room)
{
	room->count = room->used = 0;
	room->bound.set = false;
	if (!read_folder(room, maildir, FOLDER_NEW) || !read_folder(room, maildir, FOLDER_CUR))
		return false;
	qsort(room->entries, room->count, sizeof(*room->entries), by_delivery);
	for (size_t i = 0; i < room->count; i++) {
		if (i == 0 || compare(&room->entries[i - 1], &room->entries[i]) != 0)
			put_line(request, &room->sizes, &room->entries[i]);
	}
	if (room->count > 0)
		set_mark(&room->last, &room->entries[room->count - 1]);
	return true;
}

static int list_all(struct request *request, struct maildir *maildir)
{
	struct room *room = mmap(NULL, sizeof(*room), PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int exit = EXIT_DONE;

	if (room == MAP_FAILED)
		return request_trouble(request, "no memory for the listing", NULL);
	sizes_begin(&room->sizes, maildir);
	do {
		if (!list_some(request, maildir, room))
			exit = request_trouble(request, "cannot read the Maildir", NULL);
	} while (exit == EXIT_DONE && room->bound.set);
	sizes_end(&room->sizes, exit == EXIT_DONE);
	munmap(room, sizeof(*room));
	return exit;
}

static int lock(struct request *request, struct maildir *maildir)
{
	char text[32];
	struct buffer holder = BUFFER(text);
	unsigned pid;

	switch (lock_take(maildir, &pid)) {
	case LOCK_TAKEN:
		return EXIT_DONE;
	case LOCK_BUSY:
		buffer_string(&holder, "process ");
		buffer_number(&holder, pid);
		request_log("the maildrop is locked by", pid > 0 ? buffer_cstr(&holder) : "another",
			    0);
		return request_refuse(request, EXIT_TEMPFAIL, "451 4.3.0",
				      "[IN-USE] Another session uses this mailbox");
	case LOCK_TROUBLE:
		break;
	}
	return request_trouble(request, "cannot lock the maildrop", NULL);
}

int listing_run(struct request *request)
{
	struct maildir own, *maildir;
	int exit = maildir_of_user(request, &own, &maildir);

	if (exit == EXIT_DONE && request->drop != NULL)
		exit = lock(request, maildir);
	if (exit == EXIT_DONE && request->drop != NULL)
		tmp_tidy(maildir);
	if (exit == EXIT_DONE)
		exit = expiry_carry_out(request, maildir);
	if (exit == EXIT_DONE)
		exit = list_all(request, maildir);
	maildir_close(&own);
	return exit;
}
