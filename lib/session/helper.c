/* SPDX-License-Identifier: ISC */
/* helper.c - where the programs of libexec are. */
#include "session/helper.h"

#include <unistd.h>

void helper_path(struct buffer *path, const char *name)
{
	char self[1024];
	ssize_t len;
	size_t slash;

	buffer_string(path, MS_LIBEXECDIR "/");
	buffer_string(path, name);
	if (buffer_cstr(path) != NULL && access(path->base, X_OK) == 0)
		return;
	len = readlink("/proc/self/exe", self, sizeof(self));
	if (len <= 0 || (size_t)len == sizeof(self))
		return;
	slash = (size_t)len;
	while (slash > 0 && self[slash - 1] != '/')
		slash--;
	buffer_clear(path);
	buffer_put(path, (struct span){ self, slash });
	buffer_string(path, name);
	buffer_cstr(path);
}
