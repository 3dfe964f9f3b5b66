/* SPDX-License-Identifier: Apache-2.0 */
/* nolock.c - preloaded into edgehsmd: a file system on which locks hold nobody
 * back, as there are some; for tests only. */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>

/* Which of the two names a program calls depends on its libc and flags. */
int fcntl(int fd, int command, ...) __attribute__((visibility("default")));
int fcntl64(int fd, int command, ...) __attribute__((visibility("default")));

static int
without_locks(const char *name, int fd, int command, void *argument)
{
	int (*next)(int, int, ...);
	struct flock *lock = argument;

	switch (command) {
	case F_OFD_SETLK:
		return 0;
	case F_OFD_GETLK:
		lock->l_type = F_UNLCK;
		return 0;
	default:
		*(void **)&next = dlsym(RTLD_NEXT, name);
		if (next != NULL)
			return next(fd, command, argument);
		errno = ENOSYS;
		return -1;
	}
}

int
fcntl(int fd, int command, ...)
{
	va_list args;
	void *argument;

	va_start(args, command);
	argument = va_arg(args, void *);
	va_end(args);
	return without_locks("fcntl", fd, command, argument);
}

int
fcntl64(int fd, int command, ...)
{
	va_list args;
	void *argument;

	va_start(args, command);
	argument = va_arg(args, void *);
	va_end(args);
	return without_locks("fcntl64", fd, command, argument);
}
