/* SPDX-License-Identifier: Apache-2.0 */
/* file.c - the anchor of class 0: a file that exercises everything and protects
 * nothing. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/crypto/digest.h"
#include "common/ct.h"
#include "common/file.h"
#include "quota-engine/anchor/anchor.h"

/* doc/format/anchor.md section 2: A || SHA-256(A), in place.  An empty file was
 * never defined. */
#define CELL (2 * EH_DIGEST_LEN)

struct file {
	struct eh_anchor table;
	int fd;
	char *folder;			/* where the file lies */
};

void
eh_anchor_next(const uint8_t from[EH_DIGEST_LEN],
    const uint8_t digest[EH_DIGEST_LEN], uint8_t to[EH_DIGEST_LEN])
{
	struct eh_sha256 h;

	eh_sha256_init(&h);
	eh_sha256_update(&h, from, EH_DIGEST_LEN);
	eh_sha256_update(&h, digest, EH_DIGEST_LEN);
	eh_sha256_final(&h, to);
}

static int
file_read(void *arg, uint8_t value[EH_DIGEST_LEN])
{
	struct file *file = arg;
	uint8_t cell[CELL + 1], check[EH_DIGEST_LEN];
	size_t got;

	if (eh_file_pread(file->fd, cell, sizeof(cell), 0, &got) != EH_OK)
		return EH_ERR_STORAGE;
	if (got == 0)
		return EH_ERR_NOT_FOUND;
	eh_sha256(cell, EH_DIGEST_LEN, check);
	if (got != CELL ||
	    !eh_ct_equal(check, cell + EH_DIGEST_LEN, EH_DIGEST_LEN))
		return EH_ERR_FORMAT;
	memcpy(value, cell, EH_DIGEST_LEN);
	return EH_OK;
}

static int
file_write(struct file *file, const uint8_t value[EH_DIGEST_LEN])
{
	uint8_t cell[CELL];

	memcpy(cell, value, EH_DIGEST_LEN);
	eh_sha256(value, EH_DIGEST_LEN, cell + EH_DIGEST_LEN);
	if (eh_file_pwrite(file->fd, cell, sizeof(cell), 0) != EH_OK ||
	    fdatasync(file->fd) != 0)
		return EH_ERR_STORAGE;
	return EH_OK;
}

static int
file_define(void *arg, const struct eh_rawkey *root)
{
	static const uint8_t zero[EH_DIGEST_LEN];
	struct file *file = arg;
	uint8_t value[EH_DIGEST_LEN];

	(void)root;
	if (file_read(file, value) != EH_ERR_NOT_FOUND)
		return EH_ERR_EXISTS;
	if (file_write(file, zero) != EH_OK)
		return EH_ERR_STORAGE;
	return eh_file_sync_folder(file->folder, NULL);
}

static int
file_extend(void *arg, const uint8_t from[EH_DIGEST_LEN],
    const uint8_t digest[EH_DIGEST_LEN])
{
	struct file *file = arg;
	uint8_t value[EH_DIGEST_LEN];
	int err;

	if ((err = file_read(file, value)) != EH_OK)
		return err;
	if (!eh_ct_equal(value, from, EH_DIGEST_LEN))
		return EH_DENIED_FAIL_STOPPED;
	eh_anchor_next(from, digest, value);
	return file_write(file, value);
}

static void
file_close(void *arg)
{
	struct file *file = arg;

	if (file->fd >= 0)
		close(file->fd);
	free(file->folder);
	free(file);
}

/* "/a/b" lies in "/a", "/b" in "/", "b" in ".". */
static char *
folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (slash == NULL)
		return strdup(".");
	return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* One edgehsmd at a time; and what the one before wrote last is durable before
 * anybody builds on it, though it was killed before it could sync. */
static int
take(const struct file *file, const char *path, struct eh_error *error)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	if (fcntl(file->fd, F_OFD_SETLK, &lock) != 0) {
		if (errno == EAGAIN || errno == EACCES)
			return eh_error_set(error, EH_ERR_BUSY,
			    "another edgehsmd uses the anchor %s", path);
		return eh_error_set(error, EH_ERR_STORAGE,
		    "cannot lock the anchor %s: %s", path, strerror(errno));
	}
	if (fdatasync(file->fd) != 0)
		return eh_error_set(error, EH_ERR_STORAGE,
		    "cannot make the anchor %s durable: %s", path,
		    strerror(errno));
	return EH_OK;
}

/* Open or make the file, and keep everybody else out for as long as it is
 * open. */
static int
file_open(struct file *file, const char *path, struct eh_error *error)
{
	struct stat st;

	file->fd = open(
	    path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (file->fd < 0)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "cannot open the anchor %s: %s", path, strerror(errno));
	if (fstat(file->fd, &st) != 0 || !S_ISREG(st.st_mode) ||
	    st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "the anchor %s is not a private file of this user: it must "
		    "be a regular file of mode 0600", path);
	return take(file, path, error);
}

int
eh_anchor_file_open(
    const char *path, struct eh_anchor **anchorp, struct eh_error *error)
{
	struct file *file = calloc(1, sizeof(*file));
	int err;

	*anchorp = NULL;
	if (file == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	file->table.class = EH_CLASS_FILE;
	file->table.mode = EH_ANCHOR_FILE;
	file->table.arg = file;
	file->table.read = file_read;
	file->table.define = file_define;
	file->table.extend = file_extend;
	file->table.close = file_close;
	file->fd = -1;
	if ((file->folder = folder_of(path)) == NULL)
		err = eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	else
		err = file_open(file, path, error);
	if (err != EH_OK) {
		file_close(file);
		return err;
	}
	*anchorp = &file->table;
	return EH_OK;
}

void
eh_anchor_close(struct eh_anchor *anchor)
{
	if (anchor != NULL)
		anchor->close(anchor->arg);
}
