/* SPDX-License-Identifier: ISC */
/*
 * listing.c - the messages of a maildrop, in the order of their delivery.
 *
 * One pass over new/ and cur/ keeps the earliest names that have not been listed yet.  When
 * the room is full the later half is forgotten, and with it all that is later
 * still; another pass will find them.  Entries stay in the order of reading, beside
 * them their order of delivery.
 */
#include "listing.h"

#include "expiry.h"
#include "kept.h"
#include "lock.h"
#include "message.h"
#include "name.h"
#include "sizes.h"
#include "tmp.h"

#include "base/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#define ENTRIES_MAX 32768
#define NAMES_MAX   (2560 * 1024)

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
	uint32_t order[ENTRIES_MAX]; /* of delivery, once sorted */
	uint32_t spare[ENTRIES_MAX];
	char names[NAMES_MAX];
	_Alignas(8) char directory[65536]; /* entries as the kernel writes them */
	size_t count;
	size_t used;       /* octets of names */
	struct mark last;  /* the last one listed: this pass looks at later ones */
	struct mark bound; /* set when some were forgotten: the latest one kept */
	struct sizes sizes;
	struct kept kept;
};

static struct span entry_name(const struct entry *entry)
{
	return (struct span){ entry->name, entry->len };
}

static int compare(const struct entry *a, const struct entry *b)
{
	return name_compare(a->time, entry_name(a), b->time, entry_name(b));
}

/* Merges order[from..middle) and order[middle..to), each sorted, into the same place of spare. */
static void merge(struct room *room, size_t from, size_t middle, size_t to)
{
	size_t left = from, right = middle;

	for (size_t at = from; at < to; at++) {
		bool first = right == to ||
			     (left < middle && compare(&room->entries[room->order[left]],
						       &room->entries[room->order[right]]) <= 0);

		room->spare[at] = room->order[first ? left++ : right++];
	}
}

/* Sorts the order: by merging, since libraries differ in what they make of thousands. */
static void sort(struct room *room)
{
	for (size_t i = 0; i < room->count; i++)
		room->order[i] = (uint32_t)i;
	for (size_t run = 1; run < room->count; run *= 2) {
		for (size_t from = 0; from < room->count; from += 2 * run) {
			size_t middle = from + run < room->count ? from + run : room->count;
			size_t to = from + 2 * run < room->count ? from + 2 * run : room->count;

			merge(room, from, middle, to);
		}
		memcpy(room->order, room->spare, room->count * sizeof(*room->order));
	}
}

static void set_mark(struct mark *mark, const struct entry *entry)
{
	mark->set = true;
	mark->entry = *entry;
	memcpy(mark->name, entry->name, entry->len);
	mark->entry.name = mark->name;
}

/* Forgets the later half, and moves the others and their names together. */
static void forget_half(struct room *room)
{
	size_t kept = 0;

	sort(room);
	set_mark(&room->bound, &room->entries[room->order[room->count / 2 - 1]]);
	room->used = 0;
	for (size_t i = 0; i < room->count; i++) {
		struct entry entry = room->entries[i];

		if (compare(&entry, &room->bound.entry) > 0)
			continue;
		memmove(room->names + room->used, entry.name, entry.len);
		entry.name = room->names + room->used;
		room->used += entry.len;
		room->entries[kept++] = entry;
	}
	room->count = kept;
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
static bool is_file(int folder, const struct dirent64 *entry)
{
	struct stat facts;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_REG;
	return fstatat(folder, entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISREG(facts.st_mode);
}

/* In large blocks: readdir(3) of some libraries takes a few entries at a time. */
static bool read_folder(struct room *room, struct maildir *maildir, enum folder folder)
{
	int fd = message_folder_fd(maildir, folder);
	ssize_t got = -1;

	while (fd >= 0 &&
	       (got = getdents64(fd, (void *)room->directory, sizeof(room->directory))) > 0) {
		for (ssize_t at = 0; at < got;) {
			const struct dirent64 *entry = (const void *)(room->directory + at);

			if (entry->d_name[0] != '.' && is_file(fd, entry))
				add(room, folder, span_of(entry->d_name));
			at += entry->d_reclen;
		}
	}
	fd_close(&fd);
	return got == 0;
}

/* Writes the line `ID SIZE UID`; a file that is not ours to read is left out. */
static void put_line(struct request *request, struct room *room, const struct entry *entry)
{
	char line[ID_MAX + UID_MAX + 32];
	struct buffer out = BUFFER(line);
	struct message message = { .folder = entry->folder };
	uint64_t size;

	memcpy(message.name, entry->name, entry->len);
	message.name[entry->len] = '\0';
	if (!sizes_tell(&room->sizes, &message, &size)) {
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
	kept_line(&room->kept, buffer_span(&out));
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
	sort(room);
	if (room->count >= KEPT_LEAST && !room->last.set)
		kept_begin(&room->kept);
	for (size_t i = 0; i < room->count; i++) {
		const struct entry *entry = &room->entries[room->order[i]];

		if (i == 0 || compare(entry, &room->entries[room->order[i - 1]]) != 0)
			put_line(request, room, entry);
	}
	if (room->count > 0)
		set_mark(&room->last, &room->entries[room->order[room->count - 1]]);
	return true;
}

static int list_all(struct request *request, struct maildir *maildir, enum keeping keeping)
{
	struct room *room = mmap(NULL, sizeof(*room), PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int exit = EXIT_DONE;

	if (room == MAP_FAILED)
		return request_trouble(request, "no memory for the listing", NULL);
	sizes_begin(&room->sizes, maildir);
	kept_init(&room->kept, maildir, keeping);
	do {
		if (!list_some(request, maildir, room))
			exit = request_trouble(request, "cannot read the Maildir", NULL);
	} while (exit == EXIT_DONE && room->bound.set);
	kept_end(&room->kept, exit == EXIT_DONE && (keeping == KEEP_ALL || room->sizes.latest == 0),
		 room->sizes.latest);
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

/* The kept listing, if it holds, or a new one. */
static int list(struct request *request, struct maildir *maildir)
{
	enum keeping keeping;
	uint64_t octets;
	int kept;

	if (!kept_keeping(request, &keeping))
		return request_refuse(request, EXIT_CONFIG, "", "LISTING_CACHE is wrong");
	kept = kept_open(maildir, keeping, &octets);
	return kept >= 0 ? kept_tell(request, kept, octets) : list_all(request, maildir, keeping);
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
		exit = list(request, maildir);
	maildir_close(&own);
	return exit;
}
