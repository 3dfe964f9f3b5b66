/* SPDX-License-Identifier: Apache-2.0 */
/* os_posix.c - the real machine behind os.h. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/file.h"
#include "common/hex.h"
#include "quota-engine/anchor/anchor.h"
#include "quota-engine/os.h"
#include "quota-engine/os_begin.h"
#include "quota-engine/rng.h"

struct eh_os_posix {
	struct eh_os table;
	struct eh_anchor *anchor;	/* borrowed */
	int folder;			/* of the state */
	int lock;			/* held for life */
	uint8_t boot_id[EH_ID_LEN];
};

static int
code(int number)
{
	switch (number) {
	case ENOENT:
		return EH_ERR_NOT_FOUND;
	case EEXIST:
		return EH_ERR_EXISTS;
	case ENOSPC:
	case EDQUOT:
		return EH_ERR_FULL;
	default:
		return EH_ERR_STORAGE;
	}
}

static int
posix_openat(void *arg, const char *name, int flags, int *filep)
{
	struct eh_os_posix *os = arg;
	int fd = openat(os->folder, name,
	    O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags, 0600);

	if (fd < 0)
		return code(errno);
	*filep = fd;
	return EH_OK;
}

static int
posix_open(void *arg, const char *name, int *filep)
{
	return posix_openat(arg, name, 0, filep);
}

static int
posix_create(void *arg, const char *name, int *filep)
{
	return posix_openat(arg, name, O_CREAT | O_EXCL, filep);
}

static void
posix_close(void *arg, int file)
{
	(void)arg;
	close(file);
}

static int
posix_size(void *arg, int file, uint64_t *sizep)
{
	struct stat st;

	(void)arg;
	if (fstat(file, &st) != 0)
		return code(errno);
	if (!S_ISREG(st.st_mode))
		return EH_ERR_STORAGE;
	*sizep = (uint64_t)st.st_size;
	return EH_OK;
}

static int
posix_read(void *arg, int file, void *out, size_t len, uint64_t at)
{
	size_t got;

	(void)arg;
	if (eh_file_pread(file, out, len, at, &got) != EH_OK || got != len)
		return EH_ERR_STORAGE;
	return EH_OK;
}

/* One call, so that a group is one write.  After a short one the system says
 * only to who asks for the rest what the matter is: a disk that becomes full in
 * the middle is a full disk. */
static int
posix_write(void *arg, int file, const void *bytes, size_t len, uint64_t at)
{
	const uint8_t *rest = bytes;
	ssize_t n;

	(void)arg;
	for (int calls = 0; calls < 2; calls++) {
		n = pwrite(file, rest, len, (off_t)at);
		if (n < 0)
			return code(errno);
		if ((size_t)n == len)
			return EH_OK;
		rest += n;
		len -= (size_t)n;
		at += (uint64_t)n;
	}
	return EH_ERR_STORAGE;
}

static int
posix_sync(void *arg, int file)
{
	(void)arg;
	return fdatasync(file) == 0 ? EH_OK : code(errno);
}

static int
posix_rename(void *arg, const char *from, const char *to)
{
	struct eh_os_posix *os = arg;

	return renameat(os->folder, from, os->folder, to) == 0 ? EH_OK :
								 code(errno);
}

static int
posix_unlink(void *arg, const char *name)
{
	struct eh_os_posix *os = arg;

	return unlinkat(os->folder, name, 0) == 0 ? EH_OK : code(errno);
}

static int
open_folder(const struct eh_os_posix *os, const char *folder)
{
	return openat(os->folder, folder,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int
posix_sync_folder(void *arg, const char *folder)
{
	struct eh_os_posix *os = arg;
	int err = EH_OK, fd = open_folder(os, folder);

	if (fd < 0)
		return code(errno);
	if (fsync(fd) != 0)
		err = code(errno);
	close(fd);
	return err;
}

static int
posix_list(void *arg, const char *folder,
    int (*each)(void *context, const char *name), void *context)
{
	struct eh_os_posix *os = arg;
	struct dirent *entry;
	DIR *dir;
	int err = EH_OK, fd = open_folder(os, folder);

	if (fd < 0)
		return code(errno);
	if ((dir = fdopendir(fd)) == NULL) {
		close(fd);
		return EH_ERR_STORAGE;
	}
	while (err == EH_OK) {
		errno = 0;
		if ((entry = readdir(dir)) == NULL) {
			err = errno == 0 ? EH_OK : EH_ERR_STORAGE;
			break;
		}
		if (entry->d_name[0] != '.')
			err = each(context, entry->d_name);
	}
	closedir(dir);
	return err;
}

static int
nanoseconds(clockid_t clock, uint64_t *ns)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts) != 0 || ts.tv_sec < 0)
		return EH_ERR_STORAGE;
	*ns = (uint64_t)ts.tv_sec * UINT64_C(1000000000) + (uint64_t)ts.tv_nsec;
	return EH_OK;
}

static int
posix_clocks(void *arg, struct eh_clock_reading *reading)
{
	struct eh_os_posix *os = arg;
	uint64_t wall;

	memset(reading, 0, sizeof(*reading));
	memcpy(reading->boot_id, os->boot_id, EH_ID_LEN);
	if (nanoseconds(CLOCK_BOOTTIME, &reading->boottime) != EH_OK ||
	    nanoseconds(CLOCK_MONOTONIC_RAW, &reading->raw) != EH_OK)
		return EH_ERR_STORAGE;
	/* A wall clock before 1970 says nothing, and decides nothing. */
	if (nanoseconds(CLOCK_REALTIME, &wall) == EH_OK)
		reading->wall = wall / UINT64_C(1000000000);
	return EH_OK;
}

static int
posix_random(void *arg, void *out, size_t len)
{
	(void)arg;
	return eh_rng_fill(out, len);
}

static int
posix_anchor_define(void *arg, const struct eh_rawkey *root)
{
	struct eh_os_posix *os = arg;

	return os->anchor->define(os->anchor->arg, root);
}

static int
posix_anchor_read(void *arg, uint8_t value[EH_DIGEST_LEN])
{
	struct eh_os_posix *os = arg;

	return os->anchor->read(os->anchor->arg, value);
}

static int
posix_anchor_extend(void *arg, const uint8_t from[EH_DIGEST_LEN],
    const uint8_t digest[EH_DIGEST_LEN])
{
	struct eh_os_posix *os = arg;

	return os->anchor->extend(os->anchor->arg, from, digest);
}

static int
posix_anchor_identify(void *arg, struct eh_anchor_identity *identity)
{
	struct eh_os_posix *os = arg;

	return os->anchor->identify(os->anchor->arg, identity);
}

static int
posix_anchor_raise(void *arg, uint64_t from)
{
	struct eh_os_posix *os = arg;

	return os->anchor->raise(os->anchor->arg, from);
}

static void
posix_anchor_why(void *arg, struct eh_error *error)
{
	struct eh_os_posix *os = arg;

	os->anchor->why(os->anchor->arg, error);
}

static int
posix_anchor_clock(void *arg, struct eh_clock_tpm *clock)
{
	struct eh_os_posix *os = arg;

	return os->anchor->clock(os->anchor->arg, clock);
}

/* What not every anchor has. */
static void
set_anchor_calls(struct eh_os *table, const struct eh_anchor *anchor)
{
	if (anchor->identify != NULL)
		table->anchor_identify = posix_anchor_identify;
	if (anchor->raise != NULL)
		table->anchor_raise = posix_anchor_raise;
	if (anchor->clock != NULL)
		table->anchor_clock = posix_anchor_clock;
	if (anchor->why != NULL)
		table->anchor_why = posix_anchor_why;
}

/* "6f1c2a0e-....": 32 digits with dashes between. */
static int
read_boot_id(uint8_t id[EH_ID_LEN])
{
	char text[64] = "", digits[2 * EH_ID_LEN + 1];
	size_t n = 0;
	ssize_t got;
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return EH_ERR_STORAGE;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	for (ssize_t i = 0; i < got && n < sizeof(digits) - 1; i++)
		if (text[i] != '-')
			digits[n++] = text[i];
	digits[n] = '\0';
	return eh_hex_decode_fixed(digits, id, EH_ID_LEN);
}

static int
take_lock(struct eh_os_posix *os, const char *state, struct eh_error *error)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	os->lock = openat(os->folder, "lock",
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (os->lock < 0)
		return eh_error_set(error, EH_ERR_STORAGE,
		    "cannot write in the state folder %s: %s", state,
		    strerror(errno));
	if (fcntl(os->lock, F_OFD_SETLK, &lock) == 0)
		return EH_OK;
	if (errno == EAGAIN || errno == EACCES)
		return eh_error_set(error, EH_ERR_BUSY,
		    "another edgehsmd runs on the state folder %s", state);
	return eh_error_set(error, EH_ERR_STORAGE,
	    "cannot lock the state folder %s: %s", state, strerror(errno));
}

static int
make_folders(
    struct eh_os_posix *os, const char *state, struct eh_error *error)
{
	static const char *const names[] = {
		"journal", "messages", "profiles", "objects",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (mkdirat(os->folder, names[i], 0700) != 0 && errno != EEXIST)
			return eh_error_set(error, EH_ERR_STORAGE,
			    "cannot make %s/%s: %s", state, names[i],
			    strerror(errno));
	if (fsync(os->folder) != 0)
		return eh_error_set(error, EH_ERR_STORAGE,
		    "cannot sync the state folder %s: %s", state,
		    strerror(errno));
	return EH_OK;
}

int
eh_os_posix_new(const char *state, struct eh_anchor *anchor,
    struct eh_os_posix **osp, struct eh_error *error)
{
	static const struct eh_os table = {
		.open = posix_open,
		.create = posix_create,
		.close = posix_close,
		.size = posix_size,
		.read = posix_read,
		.write = posix_write,
		.sync = posix_sync,
		.rename = posix_rename,
		.unlink = posix_unlink,
		.sync_folder = posix_sync_folder,
		.list = posix_list,
		.clocks = posix_clocks,
		.random = posix_random,
		.anchor_define = posix_anchor_define,
		.anchor_read = posix_anchor_read,
		.anchor_extend = posix_anchor_extend,
	};
	struct eh_os_posix *os;
	int err;

	*osp = NULL;
	if ((err = eh_file_check_private_folder(state, error)) != EH_OK)
		return err;
	if ((os = calloc(1, sizeof(*os))) == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	os->table = table;
	os->table.arg = os;
	os->anchor = anchor;
	set_anchor_calls(&os->table, anchor);
	os->lock = -1;
	os->folder = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (os->folder < 0) {
		err = eh_error_set(error, EH_ERR_STORAGE, "cannot open %s: %s",
		    state, strerror(errno));
		goto out;
	}
	if (read_boot_id(os->boot_id) != EH_OK) {
		err = eh_error_set(error, EH_ERR_STORAGE,
		    "cannot read /proc/sys/kernel/random/boot_id, by which a "
		    "boot of the machine is known");
		goto out;
	}
	if ((err = take_lock(os, state, error)) != EH_OK ||
	    (err = make_folders(os, state, error)) != EH_OK)
		goto out;
	eh_os_begin(os->folder);
	*osp = os;
	os = NULL;
out:
	eh_os_posix_free(os);
	return err;
}

void
eh_os_posix_free(struct eh_os_posix *os)
{
	if (os == NULL)
		return;
	if (os->lock >= 0)
		close(os->lock);
	if (os->folder >= 0)
		close(os->folder);
	free(os);
}

struct eh_os *
eh_os_posix_table(struct eh_os_posix *os)
{
	return &os->table;
}
