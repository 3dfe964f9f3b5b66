/* SPDX-License-Identifier: Apache-2.0 */
/* scopes.c - *.ehscope files on disk, and the proofs in them. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/hex.h"
#include "common/message/scopelist.h"
#include "orchestrator/flow/scopes.h"

/* A file in memory, not read: of millions of ids a proof needs a few. */
struct map {
	void *at;
	size_t len;
};

static int
map_file(const char *path, struct map *m, struct eh_error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	int err = EH_OK;

	m->at = NULL;
	if (fd < 0)
		return eh_error_set(error,
		    errno == ENOENT ? EH_ERR_NOT_FOUND : EH_ERR_IO,
		    "cannot read %s: %s", path, strerror(errno));
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < 1 ||
	    (uint64_t)st.st_size > EH_SCOPELIST_MAX) {
		err = eh_error_set(error, EH_ERR_FORMAT,
		    "%s is no list of devices (*.ehscope)", path);
		goto out;
	}
	m->len = (size_t)st.st_size;
	m->at = mmap(NULL, m->len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (m->at == MAP_FAILED) {
		m->at = NULL;
		err = eh_error_set(error, EH_ERR_IO, "cannot read %s: %s",
		    path, strerror(errno));
	}
out:
	close(fd);
	return err;
}

static void
unmap(struct map *m)
{
	if (m->at != NULL)
		munmap(m->at, m->len);
	m->at = NULL;
}

static int
prove(const struct eh_scopelist *list, const char *path,
    const struct eh_device_id *device, struct eh_scope_proof *proof,
    struct eh_error *error)
{
	struct eh_error why;
	int err;

	eh_error_clear(&why);
	err = eh_scopelist_prove(list, device, proof, &why);
	if (err == EH_ERR_NOT_FOUND)
		return eh_error_set(error, EH_DENIED_SCOPE,
		    "device %.*s is not among the %" PRIu64 " of %s",
		    device->len, (const char *)device->bytes, list->size, path);
	if (err != EH_OK)
		return eh_error_set(
		    error, err, "%s: %s", path, eh_error_sentence(&why));
	return EH_OK;
}

int
eh_scopes_prove_from(const char *path, const uint8_t authorization[EH_ID_LEN],
    const struct eh_device_id *device, struct eh_scope_proof *proof,
    struct eh_error *error)
{
	char is[EH_HEX_SIZE(EH_ID_LEN)], wanted[EH_HEX_SIZE(EH_ID_LEN)];
	struct eh_scopelist list;
	struct eh_error why;
	struct map m = { NULL, 0 };
	int err = map_file(path, &m, error);

	if (err != EH_OK)
		return err;
	eh_error_clear(&why);
	if ((err = eh_scopelist_decode(&list, m.at, m.len, &why)) != EH_OK) {
		eh_error_set(
		    error, err, "%s: %s", path, eh_error_sentence(&why));
	} else if (memcmp(list.authorization, authorization, EH_ID_LEN) != 0) {
		eh_hex_encode(list.authorization, EH_ID_LEN, is);
		eh_hex_encode(authorization, EH_ID_LEN, wanted);
		err = eh_error_set(error, EH_ERR_ARGUMENT,
		    "%s is of authorization %s, not of %s", path, is, wanted);
	} else {
		err = prove(&list, path, device, proof, error);
	}
	unmap(&m);
	return err;
}

static int
is_scope(const struct dirent *entry)
{
	const char *end = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' &&
	    strcmp(end != NULL ? end : "", ".ehscope") == 0;
}

/* A file that is no list, or another's, is not the one that is looked for. */
static int
is_of(const char *path, const uint8_t authorization[EH_ID_LEN])
{
	struct map m = { NULL, 0 };
	struct eh_scopelist list;
	int yes = map_file(path, &m, NULL) == EH_OK &&
	    eh_scopelist_decode(&list, m.at, m.len, NULL) == EH_OK &&
	    memcmp(list.authorization, authorization, EH_ID_LEN) == 0;

	unmap(&m);
	return yes;
}

/* Look through one folder; 1 and the path when it has the file. */
static int
look(const char *folder, size_t len, const uint8_t authorization[EH_ID_LEN],
    char *path, size_t cap)
{
	struct dirent **names;
	int n, found = 0;

	if ((size_t)snprintf(path, cap, "%.*s", (int)len, folder) >= cap ||
	    (n = scandir(path, &names, is_scope, alphasort)) < 0)
		return 0;
	for (int i = 0; i < n; i++) {
		if (!found &&
		    (size_t)snprintf(path, cap, "%.*s/%s", (int)len, folder,
		        names[i]->d_name) < cap)
			found = is_of(path, authorization);
		free(names[i]);
	}
	free(names);
	return found;
}

static int
find(const char *folders, const uint8_t authorization[EH_ID_LEN], char *path,
    size_t cap)
{
	for (const char *f = folders; *f != '\0';) {
		size_t len = strcspn(f, ":");

		if (look(f, len, authorization, path, cap))
			return 1;
		f += len + (f[len] == ':');
	}
	return 0;
}

int
eh_scopes_prove(const char *folders, const uint8_t authorization[EH_ID_LEN],
    const struct eh_device_id *device, struct eh_scope_proof *proof,
    int *foundp, struct eh_error *error)
{
	char path[4096];
	int err;

	*foundp = 0;
	memset(proof, 0, sizeof(*proof));
	if (!find(folders, authorization, path, sizeof(path)))
		return EH_OK;
	err = eh_scopes_prove_from(path, authorization, device, proof, error);
	*foundp = err == EH_OK;
	return err;
}
