/* SPDX-License-Identifier: Apache-2.0 */
/* file.c - whole files, read with a limit and written whole or not at all. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/wipe.h"

/* What is added to the name of a file while it is being written. */
#define SUFFIX ".new-XXXXXX"

#define CHUNK 8192

/* Put "${what} ${path}: reason of errno" into ${error}; return ${err}. */
static int
failed(struct eh_error *error, int err, const char *what, const char *path)
{
	return eh_error_set(
	    error, err, "%s %s: %s", what, path, strerror(errno));
}

/* The error number for a path that could not be opened to be read. */
static int
open_error(void)
{
	return errno == ENOENT || errno == ENOTDIR ? EH_ERR_NOT_FOUND :
						     EH_ERR_IO;
}

/* Read ${fd} to its end, or until it proves longer than the limit of ${out}. */
static int
drain(int fd, struct eh_buf *out)
{
	uint8_t chunk[CHUNK];
	int err = EH_OK;
	ssize_t n;

	do {
		n = read(fd, chunk, sizeof(chunk));
		if (n > 0)
			err = eh_buf_append(out, chunk, (size_t)n);
		else if (n < 0 && errno != EINTR)
			err = EH_ERR_IO;
	} while (err == EH_OK && n != 0);
	eh_wipe(chunk, sizeof(chunk));
	return err;
}

int
eh_file_read(const char *path, size_t max, struct eh_buf *out,
    struct eh_error *error)
{
	int fd, err;

	eh_buf_init(out, max);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)) < 0)
		return failed(error, open_error(), "cannot open", path);
	err = drain(fd, out);
	if (err == EH_ERR_FULL)
		err = eh_error_set(error, EH_ERR_FORMAT,
		    "%s is longer than the %zu bytes allowed", path, max);
	else if (err == EH_ERR_IO)
		failed(error, err, "cannot read", path);
	else if (err != EH_OK)
		eh_error_set(error, err, "%s: out of memory", path);
	close(fd);
	if (err != EH_OK)
		eh_buf_free(out);
	return err;
}

/* Write all of it at the end of ${fd}. */
static int
fill(int fd, const uint8_t *p, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Make a new file by the pattern in ${temporary}, whole and on the disk. */
static int
write_temporary(
    char *temporary, const void *bytes, size_t len, mode_t mode)
{
	int fd, is_good, saved;

	if ((fd = mkostemp(temporary, O_CLOEXEC)) < 0)
		return -1;
	is_good = fchmod(fd, mode) == 0 && fill(fd, bytes, len) == 0 &&
	    fsync(fd) == 0;
	saved = errno;
	if (close(fd) != 0 && is_good) {
		saved = errno;
		is_good = 0;
	}
	if (is_good)
		return 0;
	unlink(temporary);
	errno = saved;
	return -1;
}

/* The folder of ${path}, malloc'd. */
static char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return strdup(".");
	if (slash == path)
		return strdup("/");
	return strndup(path, (size_t)(slash - path));
}

int
eh_file_sync_folder(const char *folder, struct eh_error *error)
{
	int fd, err = EH_OK;

	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		err = failed(
		    error, EH_ERR_STORAGE, "cannot make durable", folder);
	if (fd >= 0)
		close(fd);
	return err;
}

/* How the whole temporary file gets its name.  0, or -1 and errno. */
static int
replace(const char *temporary, const char *path)
{
	return rename(temporary, path);
}

static int
add(const char *temporary, const char *path)
{
	/* Not rename(): that would take the name from an older file. */
	if (link(temporary, path) != 0)
		return -1;
	return unlink(temporary);
}

static int
write_whole(const char *path, const void *bytes, size_t len, mode_t mode,
    int (*name)(const char *, const char *), struct eh_error *error)
{
	char *temporary = NULL, *folder = NULL;
	size_t size = strlen(path) + sizeof(SUFFIX);
	int err = EH_OK;

	folder = folder_of(path);
	temporary = malloc(size);
	if (folder == NULL || temporary == NULL) {
		err = eh_error_set(
		    error, EH_ERR_MEMORY, "%s: out of memory", path);
		goto out;
	}
	snprintf(temporary, size, "%s%s", path, SUFFIX);
	if (write_temporary(temporary, bytes, len, mode) != 0) {
		err = failed(error, EH_ERR_STORAGE, "cannot write", path);
		goto out;
	}
	if (name(temporary, path) != 0) {
		err = failed(error,
		    errno == EEXIST ? EH_ERR_EXISTS : EH_ERR_STORAGE,
		    "cannot make", path);
		unlink(temporary);
		goto out;
	}
	err = eh_file_sync_folder(folder, error);
out:
	free(temporary);
	free(folder);
	return err;
}

int
eh_file_write(const char *path, const void *bytes, size_t len, mode_t mode,
    struct eh_error *error)
{
	return write_whole(path, bytes, len, mode, replace, error);
}

int
eh_file_create(const char *path, const void *bytes, size_t len, mode_t mode,
    struct eh_error *error)
{
	return write_whole(path, bytes, len, mode, add, error);
}

int
eh_file_pread(int fd, void *out, size_t len, uint64_t at, size_t *gotp)
{
	uint8_t *p = out;
	ssize_t n;

	*gotp = 0;
	while (*gotp < len) {
		n = pread(fd, p + *gotp, len - *gotp, (off_t)(at + *gotp));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return EH_ERR_IO;
		if (n == 0)
			break;
		*gotp += (size_t)n;
	}
	return EH_OK;
}

int
eh_file_pwrite(int fd, const void *bytes, size_t len, uint64_t at)
{
	const uint8_t *p = bytes;
	size_t done = 0;
	ssize_t n;

	while (done < len) {
		n = pwrite(fd, p + done, len - done, (off_t)(at + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return EH_ERR_STORAGE;
		done += (size_t)n;
	}
	return EH_OK;
}

/* Make one folder; one that is there already is as good. */
static int
make_one(const char *path, mode_t mode)
{
	struct stat st;
	int saved;

	if (mkdir(path, mode) == 0)
		return 0;
	saved = errno;
	/* EROFS and EACCES, too, may mean no more than that it exists. */
	if (stat(path, &st) == 0) {
		if (S_ISDIR(st.st_mode))
			return 0;
		saved = ENOTDIR;
	}
	errno = saved;
	return -1;
}

int
eh_file_mkdir(const char *path, mode_t mode, struct eh_error *error)
{
	char *copy = strdup(path);
	int err = EH_OK;

	if (copy == NULL)
		return eh_error_set(
		    error, EH_ERR_MEMORY, "%s: out of memory", path);
	for (char *c = copy; err == EH_OK && *c != '\0'; c++) {
		if (*c != '/' || c == copy)
			continue;
		*c = '\0';
		if (make_one(copy, mode) != 0)
			err = failed(error, EH_ERR_STORAGE,
			    "cannot make the folder", copy);
		*c = '/';
	}
	if (err == EH_OK && make_one(copy, mode) != 0)
		err = failed(error, EH_ERR_STORAGE, "cannot make the folder",
		    copy);
	free(copy);
	return err;
}

/* Look at ${path} itself, and complain unless it is of type ${type} and nobody
 * but the effective user may do anything with it. */
static int
check_private(const char *path, mode_t type, const char *what, unsigned mode,
    struct eh_error *error)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return failed(error, open_error(), "cannot look at", path);
	if ((st.st_mode & S_IFMT) != type)
		return eh_error_set(
		    error, EH_ERR_CONFIG, "%s is not a %s", path, what);
	if (st.st_uid != geteuid())
		return eh_error_set(error, EH_ERR_CONFIG,
		    "%s belongs to uid %u, not to uid %u: chown %u %s", path,
		    (unsigned)st.st_uid, (unsigned)geteuid(),
		    (unsigned)geteuid(), path);
	if ((st.st_mode & 077) != 0)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "%s is open to others (mode %04o): chmod %04o %s", path,
		    (unsigned)st.st_mode & 07777, mode, path);
	return EH_OK;
}

int
eh_file_check_private_folder(const char *path, struct eh_error *error)
{
	return check_private(path, S_IFDIR, "folder", 0700, error);
}

int
eh_file_check_private_file(const char *path, struct eh_error *error)
{
	return check_private(path, S_IFREG, "regular file", 0600, error);
}
