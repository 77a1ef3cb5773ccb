/* SPDX-License-Identifier: ISC */
/*
 * listing.c - the messages of a maildrop, in the order of their delivery.
 *
 * One pass over new/ and cur/ keeps the earliest names that have not been listed yet.  When
 * the room is full the latest quarter is forgotten, and with it all that is later
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

/* Memory is touched as far as it is used: where names are long they fill the room, else entries do.
 */
#define ENTRIES_MAX 40960
#define NAMES_MAX   (2560 * 1024)

struct entry {
	uint64_t time;
	uint32_t at; /* of the name, among the names */
	uint16_t len;
	uint8_t folder;
};

_Static_assert(sizeof(struct entry) == 16, "an entry is 16 octets");
_Static_assert(ENTRIES_MAX <= UINT16_MAX + 1, "16 bits tell all entries apart");

/* A place in the order that outlives the room. */
struct mark {
	bool set;
	uint64_t time;
	size_t len;
	char name[NAME_MAX];
};

struct room {
	struct entry entries[ENTRIES_MAX];
	uint16_t order[ENTRIES_MAX]; /* of delivery, once sorted */
	uint16_t spare[ENTRIES_MAX];
	char names[NAMES_MAX];
	_Alignas(8) char directory[65536]; /* entries as the kernel writes them */
	size_t count;
	size_t sorted;     /* so many, the first ones, are in the order */
	size_t used;       /* octets of names */
	struct mark last;  /* the last one listed: this pass looks at later ones */
	struct mark bound; /* set when some were forgotten: the latest one kept */
	struct sizes sizes;
	struct kept kept;
};

static struct span entry_name(const struct room *room, const struct entry *entry)
{
	return (struct span){ room->names + entry->at, entry->len };
}

static int compare(const struct room *room, uint16_t left, uint16_t right)
{
	const struct entry *a = &room->entries[left], *b = &room->entries[right];

	/* Mostly that is all. */
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return name_compare(a->time, entry_name(room, a), b->time, entry_name(room, b));
}

static int compare_to_mark(uint64_t time, struct span name, const struct mark *mark)
{
	return name_compare(time, name, mark->time, (struct span){ mark->name, mark->len });
}

/* Merges order[from..middle) and order[middle..to), each sorted, into the same place of spare. */
static void merge(struct room *room, size_t from, size_t middle, size_t to)
{
	size_t left = from, right = middle;

	for (size_t at = from; at < to; at++) {
		bool first = right == to || (left < middle && compare(room, room->order[left],
								      room->order[right]) <= 0);

		room->spare[at] = room->order[first ? left++ : right++];
	}
}

/* Sorts the order: by merging, since libraries differ in what they make of thousands. What was
 * sorted before still is. */
static void sort(struct room *room)
{
	size_t done = room->sorted, count = room->count;

	for (size_t i = done; i < count; i++)
		room->order[i] = (uint16_t)i;
	for (size_t run = 1; run < count - done; run *= 2) {
		for (size_t from = done; from < count; from += 2 * run) {
			size_t middle = from + run < count ? from + run : count;
			size_t to = from + 2 * run < count ? from + 2 * run : count;

			merge(room, from, middle, to);
		}
		memcpy(room->order + done, room->spare + done,
		       (count - done) * sizeof(*room->order));
	}
	merge(room, 0, done, count);
	memcpy(room->order, room->spare, count * sizeof(*room->order));
	room->sorted = count;
}

static void set_mark(const struct room *room, struct mark *mark, uint16_t number)
{
	const struct entry *entry = &room->entries[number];

	mark->set = true;
	mark->time = entry->time;
	mark->len = entry->len;
	memcpy(mark->name, room->names + entry->at, entry->len);
}

/* Forgets the latest quarter, and moves the others and their names together. */
static void forget_latest(struct room *room)
{
	size_t kept = 0, left = 0;
	bool marked = false;

	sort(room);
	set_mark(room, &room->bound, room->order[room->count / 4 * 3 - 1]);
	room->used = 0;
	for (size_t i = 0; i < room->count; i++) {
		struct entry entry = room->entries[i];

		int place = compare_to_mark(entry.time, entry_name(room, &entry), &room->bound);

		/* Of any number of files with one unique part, one: there has to be room now. */
		if (place > 0 || (place == 0 && marked))
			continue;
		marked = marked || place == 0;
		memmove(room->names + room->used, room->names + entry.at, entry.len);
		entry.at = (uint32_t)room->used;
		room->used += entry.len;
		room->spare[i] = (uint16_t)kept;
		room->entries[kept++] = entry;
	}
	/* Those that are left are the first of the order. */
	for (; left < kept; left++)
		room->order[left] = room->spare[room->order[left]];
	room->count = room->sorted = kept;
}

static void add(struct room *room, enum folder folder, struct span name)
{
	uint64_t time = name_time(name);

	if ((room->last.set && compare_to_mark(time, name, &room->last) <= 0) ||
	    (room->bound.set && compare_to_mark(time, name, &room->bound) >= 0))
		return;
	room->entries[room->count++] =
		(struct entry){ time, (uint32_t)room->used, (uint16_t)name.len, (uint8_t)folder };
	memcpy(room->names + room->used, name.base, name.len);
	room->used += name.len;
	if (room->count == ENTRIES_MAX || NAMES_MAX - room->used < NAME_MAX)
		forget_latest(room);
}

/* True for a file; where the directory does not say, its inode does. What cannot be found out is
 * no reason to hide a message. */
static bool is_file(int folder, const struct dirent64 *entry)
{
	struct stat facts;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_REG;
	if (fstatat(folder, entry->d_name, &facts, AT_SYMLINK_NOFOLLOW) != 0)
		return errno != ENOENT;
	return S_ISREG(facts.st_mode);
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
			struct span name = span_of(entry->d_name);

			if (name_fits(name) && is_file(fd, entry))
				add(room, folder, name);
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

	memcpy(message.name, room->names + entry->at, entry->len);
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
	room->count = room->sorted = room->used = 0;
	room->bound.set = false;
	if (!read_folder(room, maildir, FOLDER_NEW) || !read_folder(room, maildir, FOLDER_CUR))
		return false;
	sort(room);
	if (room->count >= KEPT_LEAST && !room->last.set)
		kept_begin(&room->kept);
	for (size_t i = 0; i < room->count; i++) {
		uint16_t number = room->order[i];

		if (i == 0 || compare(room, number, room->order[i - 1]) != 0)
			put_line(request, room, &room->entries[number]);
	}
	if (room->count > 0)
		set_mark(room, &room->last, room->order[room->count - 1]);
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
