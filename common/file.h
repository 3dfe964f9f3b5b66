/* SPDX-License-Identifier: Apache-2.0 */
/* file.h - whole files, read with a limit and written whole or not at all. */
#ifndef EH_COMMON_FILE_H
#define EH_COMMON_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/buf.h"
#include "common/err.h"

/*
 * Every descriptor made here is close-on-exec.  ${error} may be NULL; its
 * sentence names the path and the system's reason.
 */

/*
 * Read the whole of ${path} into ${out}, which is initialised here with ${max}
 * as its limit; the caller frees it with eh_buf_free() whatever the result.
 * EH_ERR_NOT_FOUND; EH_ERR_FORMAT when it is longer than ${max}; EH_ERR_MEMORY;
 * EH_ERR_IO.  ${out} is empty on failure.  "-" is a name like any other.
 */
EH_MUST_CHECK int eh_file_read(const char *path, size_t max,
    struct eh_buf *out, struct eh_error *error);

/*
 * Make ${path} hold exactly these bytes with mode ${mode} (the umask does not
 * change it), durably: a temporary file in the same folder is written, fsynced
 * and renamed over ${path}, and the folder is fsynced.  EH_ERR_STORAGE; the old
 * file is untouched and no temporary file is left, except when only the last
 * fsync, that of the folder, failed: then the new file is in place, but may not
 * survive a power cut.
 */
EH_MUST_CHECK int eh_file_write(const char *path, const void *bytes, size_t len,
    mode_t mode, struct eh_error *error);

/* The same for a file that must not exist yet: EH_ERR_EXISTS, and the old file
 * is untouched.  For keys, which nobody wants to overwrite. */
EH_MUST_CHECK int eh_file_create(const char *path, const void *bytes,
    size_t len, mode_t mode, struct eh_error *error);

/* Make what happened to the names in ${folder} durable.  EH_ERR_STORAGE. */
EH_MUST_CHECK int eh_file_sync_folder(const char *folder, struct eh_error *);

/*
 * Read at offset ${at} until ${len} bytes or the end of the file; the number
 * read goes to ${gotp}.  EH_ERR_IO with errno set.
 */
EH_MUST_CHECK int eh_file_pread(int fd, void *out, size_t len, uint64_t at,
    size_t *gotp);

/* Write all ${len} bytes at offset ${at}.  EH_ERR_STORAGE with errno set; then
 * any part of them may be in the file. */
EH_MUST_CHECK int eh_file_pwrite(
    int fd, const void *bytes, size_t len, uint64_t at);

/* Make the folder ${path} and its missing parents, all with ${mode} less the
 * umask.  One that exists is left as it is.  EH_ERR_STORAGE. */
EH_MUST_CHECK int eh_file_mkdir(
    const char *path, mode_t mode, struct eh_error *error);

/*
 * Check that ${path} is a folder (a regular file) itself, not by a symbolic
 * link, that belongs to the effective user and that nobody else can read, write
 * or enter.  EH_ERR_NOT_FOUND; EH_ERR_CONFIG, with the command that mends it in
 * the sentence; EH_ERR_IO.
 */
EH_MUST_CHECK int eh_file_check_private_folder(
    const char *path, struct eh_error *error);
EH_MUST_CHECK int eh_file_check_private_file(
    const char *path, struct eh_error *error);

#endif
