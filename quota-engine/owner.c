/* SPDX-License-Identifier: Apache-2.0 */
/* owner.c - the state folder: made when missing, and whose it is now. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "quota-engine/owner.h"

static int
open_lock(const char *state, int *fdp, struct eh_error *error)
{
	char path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/lock", state);

	if (len < 0 || (size_t)len >= sizeof(path))
		return eh_error_set(error, EH_ERR_CONFIG,
		    "the path of the state folder is too long");
	*fdp = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	/* The file may be there and writable in a folder that is not. */
	if (*fdp >= 0 &&
	    faccessat(AT_FDCWD, state, W_OK | X_OK, AT_EACCESS) != 0) {
		close(*fdp);
		*fdp = -1;
	}
	if (*fdp < 0)
		return eh_error_set(error, EH_ERR_STORAGE,
		    "%s: %s; edgehsmd must be able to write to its state "
		    "folder",
		    path, strerror(errno));
	return EH_OK;
}

/* Who has the lock says so in the file; 0 when it says nothing. */
static long
holder(int fd)
{
	char text[24];
	ssize_t len = pread(fd, text, sizeof(text) - 1, 0);

	if (len <= 0)
		return 0;
	text[len] = '\0';
	return strtol(text, NULL, 10);
}

int
eh_owner_check(const char *state, struct eh_error *error)
{
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd, err;

	if ((err = eh_file_mkdir(state, 0700, error)) != EH_OK ||
	    (err = eh_file_check_private_folder(state, error)) != EH_OK ||
	    (err = open_lock(state, &fd, error)) != EH_OK)
		return err;
	if (fcntl(fd, F_OFD_GETLK, &all) == 0 && all.l_type != F_UNLCK)
		err = eh_error_set(error, EH_ERR_BUSY,
		    "the state folder %s is in use: process %ld holds it; one "
		    "folder has one edgehsmd",
		    state, holder(fd));
	close(fd);
	return err;
}

int
eh_owner_sign(const char *state, struct eh_error *error)
{
	char text[24];
	int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
	int fd, err;

	if ((err = open_lock(state, &fd, error)) != EH_OK)
		return err;
	if (ftruncate(fd, 0) != 0 ||
	    eh_file_pwrite(fd, text, (size_t)len, 0) != EH_OK)
		err = eh_error_set(error, EH_ERR_STORAGE, "%s/lock: %s",
		    state, strerror(errno));
	/* Closing it does not end the lock, which is of another description. */
	close(fd);
	return err;
}
