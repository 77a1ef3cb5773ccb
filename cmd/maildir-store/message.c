/* SPDX-License-Identifier: ISC */
/* message.c - one message of a maildrop, found again by the ID of its listing. */
#include "message.h"

#include "name.h"

#include "base/descriptor.h"
#include "mail/wire.h"
#include "store/place.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int message_folder_fd(struct maildir *maildir, enum folder folder)
{
	int own = maildir_folder(maildir, folder);

	return own < 0 ? -1 : openat(own, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

DIR *message_folder(struct maildir *maildir, enum folder folder)
{
	int fd = message_folder_fd(maildir, folder);
	DIR *entries = fd < 0 ? NULL : fdopendir(fd);

	if (entries == NULL)
		fd_close(&fd);
	return entries;
}

void message_put_id(struct buffer *out, enum folder folder, struct span name)
{
	buffer_string(out, folder_names[folder]);
	buffer_byte(out, '/');
	name_escape(out, name);
}

bool message_by_id(struct span id, struct message *message)
{
	struct buffer name = BUFFER(message->name);
	struct span folder = span_take(&id, '/');

	for (enum folder i = FOLDER_NEW; i <= FOLDER_CUR; i++) {
		if (!span_equal(folder, span_of(folder_names[i])))
			continue;
		message->folder = i;
		return id.len > 0 && name_unescape(&name, id) && name.base[0] != '.' &&
		       span_find(buffer_span(&name), '/') == name.len &&
		       span_find(buffer_span(&name), '\0') == name.len &&
		       buffer_cstr(&name) != NULL;
	}
	return false;
}

/* Looks for the same message in one folder under another name. */
static bool search(struct maildir *maildir, enum folder folder, struct message *message)
{
	struct span unique = name_unique(span_of(message->name));
	DIR *entries = message_folder(maildir, folder);
	struct dirent *entry;
	bool found = false;

	while (entries != NULL && !found && (entry = readdir(entries)) != NULL) {
		struct span name = span_of(entry->d_name);
		struct buffer out = BUFFER(message->name);

		found = span_equal(name_unique(name), unique);
		if (found) {
			buffer_put(&out, name);
			buffer_cstr(&out);
			message->folder = folder;
		}
	}
	if (entries != NULL)
		closedir(entries);
	return found;
}

/* Finds a file that was renamed since its listing, where it most likely is first. */
static bool locate(struct maildir *maildir, struct message *message)
{
	static const char *const likely[] = { ":2,", ":2,S" };
	char bytes[NAME_MAX + 1];
	int cur = maildir_folder(maildir, FOLDER_CUR);

	for (size_t i = 0; i < sizeof(likely) / sizeof(*likely) && cur >= 0; i++) {
		struct buffer name = BUFFER(bytes);

		buffer_put(&name, name_base(span_of(message->name)));
		buffer_string(&name, likely[i]);
		if (buffer_cstr(&name) == NULL || faccessat(cur, bytes, F_OK, 0) != 0)
			continue;
		memcpy(message->name, bytes, name.len + 1);
		message->folder = FOLDER_CUR;
		return true;
	}
	if (search(maildir, FOLDER_CUR, message) || search(maildir, FOLDER_NEW, message))
		return true;
	errno = ENOENT;
	return false;
}

int message_open(struct maildir *maildir, struct message *message, struct stat *facts)
{
	int fd = place_open_file(maildir_folder(maildir, message->folder), message->name, O_RDONLY,
				 facts);

	if (fd < 0 && errno == ENOENT && locate(maildir, message))
		fd = place_open_file(maildir_folder(maildir, message->folder), message->name,
				     O_RDONLY, facts);
	return fd;
}

bool message_remove(struct maildir *maildir, struct message *message)
{
	if (unlinkat(maildir_folder(maildir, message->folder), message->name, 0) == 0)
		return true;
	return errno == ENOENT && locate(maildir, message) &&
	       unlinkat(maildir_folder(maildir, message->folder), message->name, 0) == 0;
}

bool message_measure(struct maildir *maildir, struct message *message, uint64_t *size,
		     struct stat *facts)
{
	static char block[65536];
	char form[WIRE_ROOM];
	struct wire wire;
	struct buffer end = BUFFER(form);
	int fd = message_open(maildir, message, facts);
	ssize_t got;

	if (fd < 0)
		return false;
	wire_begin(&wire, WIRE_WHOLE);
	while ((got = fd_read(fd, block, sizeof(block))) > 0)
		wire_measure(&wire, (struct span){ block, (size_t)got });
	wire_end(&wire, &end);
	fd_close(&fd);
	*size = wire.octets;
	return got == 0;
}

bool message_size(struct maildir *maildir, struct message *message, uint64_t *size)
{
	struct stat facts;

	return name_field(span_of(message->name), 'W', size) ||
	       message_measure(maildir, message, size, &facts);
}
