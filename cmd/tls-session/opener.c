/* SPDX-License-Identifier: ISC */
/* opener.c - the process that opens the certificate of a name. */
#include "opener.h"

#include "base/ascii.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "mail/address.h"
#include "trouble.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Of a domain (RFC 5321 4.5.3.1.2), and what stands behind or before it in a path. */
#define NAME_MAX_LEN 255
#define PATH_ROOM    (NAME_MAX_LEN + 32)

/* Milliseconds for opening the files of a name. */
#define OPEN_TIMEOUT 20000

/* The descriptors of the process. */
enum { OPENER_CHANNEL, OPENER_FOLDER, OPENER_LOG, OPENER_DESCRIPTORS };

static const char *path_of(struct buffer *path, const char *name, const char *file)
{
	buffer_clear(path);
	buffer_string(path, name);
	buffer_byte(path, '/');
	buffer_string(path, file);
	return buffer_cstr(path);
}

bool opener_open(int folder, const char *name, struct certificate_files *files,
		 struct buffer *error)
{
	char text[PATH_ROOM], ignored[512];
	struct buffer path = BUFFER(text), absent = BUFFER(ignored);

	*files = (struct certificate_files){ -1, -1, -1 };
	if (faccessat(folder, name, F_OK, 0) != 0) {
		int reason = errno;

		trouble_errno(error, "cannot open", name, reason);
		errno = reason;
		return false;
	}
	files->chain = certificate_open(folder, path_of(&path, name, "fullchain.pem"), error);
	if (files->chain >= 0)
		files->key =
			certificate_open_key(folder, path_of(&path, name, "privkey.pem"), error);
	if (files->key < 0) {
		fd_close(&files->chain);
		errno = EIO;
		return false;
	}
	files->response = certificate_open(folder, path_of(&path, name, "ocsp.der"), &absent);
	return true;
}

/* A host's name in lower case, which never is a path. False: nothing that can be a folder. */
static bool put_name(struct buffer *name, struct span told)
{
	if (told.len > NAME_MAX_LEN || !domain_valid(told, false) || told.base[0] == '[')
		return false;
	for (size_t i = 0; i < told.len; i++)
		buffer_byte(name, ascii_lower(told.base[i]));
	return buffer_cstr(name) != NULL;
}

/* The first of NAME, _.PARENT and `default` that is there. */
static bool find(int folder, struct span told, struct certificate_files *files,
		 struct buffer *found, struct buffer *error)
{
	char text[NAME_MAX_LEN + 1];
	struct buffer name = BUFFER(text);
	struct span parent;

	if (put_name(&name, told)) {
		buffer_clear(found);
		buffer_put(found, buffer_span(&name));
		if (opener_open(folder, buffer_cstr(found), files, error) || errno != ENOENT)
			return files->key >= 0;
		parent = span_from(buffer_span(&name), span_find(buffer_span(&name), '.'));
		buffer_clear(found);
		buffer_byte(found, '_');
		buffer_put(found, parent);
		if (parent.len > 0 &&
		    (opener_open(folder, buffer_cstr(found), files, error) || errno != ENOENT))
			return files->key >= 0;
	}
	buffer_clear(found);
	buffer_string(found, "default");
	return opener_open(folder, buffer_cstr(found), files, error);
}

/* Each descriptor goes with its own line. */
static bool answer(const struct channel *channel, struct span told)
{
	char name[NAME_MAX_LEN + 3], fault[512], text[1024];
	struct buffer found = BUFFER(name), error = BUFFER(fault), reply = BUFFER(text);
	struct certificate_files files;
	bool sent = true;

	if (find(OPENER_FOLDER, told, &files, &found, &error)) {
		sent = channel_send(channel, SPAN("chain=1\n"), files.chain) &&
		       channel_send(channel, SPAN("key=1\n"), files.key) &&
		       (files.response < 0 ||
			channel_send(channel, SPAN("response=1\n"), files.response));
		record_put(&reply, "found", buffer_span(&found));
	} else {
		record_put(&reply, "error", buffer_span(&error));
	}
	record_finish(&reply);
	fd_close(&files.chain);
	fd_close(&files.key);
	fd_close(&files.response);
	return sent && channel_send(channel, buffer_span(&reply), -1);
}

static void open_names(void)
{
	static char storage[RECORD_MAX + 1];
	static struct record record;
	struct channel channel;

	channel_init(&channel, OPENER_CHANNEL, storage, sizeof(storage));
	while (channel_wait(&channel, &record) == RECORD_OK &&
	       answer(&channel, record_get(&record, "name")))
		;
}

/* Lets go of the client and of everything else that is not ours. */
static bool take_descriptors(int channel, int folder)
{
	if (dup2(channel, OPENER_CHANNEL) < 0 || dup2(folder, OPENER_FOLDER) < 0)
		return false;
	log_close();
	fd_close_from(OPENER_DESCRIPTORS);
	return true;
}

bool opener_start(struct opener *opener, const char *path, struct buffer *error)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int ends[2];
	pid_t pid;

	if (folder < 0)
		return trouble_errno(error, "cannot open", path, errno);
	if (!certificate_folder_safe(folder)) {
		fd_close(&folder);
		return trouble_words(error, "will not use", path, "group or others may write it");
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return trouble_errno(error, "cannot make", "a socket", errno);
	pid = fork();
	if (pid < 0)
		return trouble_errno(error, "cannot make", "a process", errno);
	if (pid == 0) {
		if (take_descriptors(ends[1], folder))
			open_names();
		_exit(0);
	}
	fd_close(&ends[1]);
	fd_close(&folder);
	channel_init(&opener->channel, ends[0], opener->storage, sizeof(opener->storage));
	return true;
}

/* A file may lie on a medium that hangs, which no deadline of the handshake sees. */
static bool await_reply(int fd)
{
	return poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, OPEN_TIMEOUT) == 1;
}

bool opener_ask(struct opener *opener, struct span name, struct certificate_files *files,
		struct buffer *found, struct buffer *error)
{
	static struct record reply;
	char text[NAME_MAX_LEN + 16];
	struct buffer request = BUFFER(text);

	*files = (struct certificate_files){ -1, -1, -1 };
	if (name.len <= NAME_MAX_LEN && span_find(name, '\n') == name.len)
		record_put(&request, "name", name);
	else
		record_put(&request, "name", SPAN(""));
	record_finish(&request);
	if (!channel_send(&opener->channel, buffer_span(&request), -1) ||
	    !await_reply(opener->channel.fd) || channel_wait(&opener->channel, &reply) != RECORD_OK)
		return trouble_words(error, "cannot open", "a certificate",
				     "the process for it does not answer");
	if (record_get(&reply, "found").base == NULL) {
		buffer_clear(error);
		buffer_put(error, record_get(&reply, "error"));
		return false;
	}
	files->chain = channel_take_fd(&opener->channel);
	files->key = channel_take_fd(&opener->channel);
	files->response = channel_take_fd(&opener->channel);
	buffer_put(found, record_get(&reply, "found"));
	buffer_cstr(found);
	return true;
}
