/* SPDX-License-Identifier: Apache-2.0 */
/* os_begin.c - what a start does to the state folder before it reads it. */
#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/message/types.h"
#include "quota-engine/os_begin.h"

#define UNFINISHED ".new" /* what eh_os_save() adds until it is whole */

/* Advice: a file system that does not take it has no such pages, or nobody to
 * ask. */
static void
forget(int folder, const char *name)
{
	int fd = openat(folder, name,
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return;
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
}

static void
remove_unfinished(int folder, const char *name)
{
	size_t digits = strspn(name, "0123456789abcdef");

	if (digits == 2 * EH_DIGEST_LEN &&
	    strcmp(name + digits, UNFINISHED) == 0)
		(void)unlinkat(folder, name, 0);
}

/* Call ${each} with every name in ${name} below ${folder}. */
static void
walk(int folder, const char *name, void (*each)(int folder, const char *name))
{
	struct dirent *entry;
	DIR *dir;
	int fd = openat(folder, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	if ((dir = fdopendir(fd)) == NULL) {
		close(fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			each(fd, entry->d_name);
	closedir(dir);
}

void
eh_os_begin(int folder)
{
	forget(folder, "state.0");
	forget(folder, "state.1");
	walk(folder, "journal", forget);
	walk(folder, "messages", remove_unfinished);
	walk(folder, "profiles", remove_unfinished);
}
