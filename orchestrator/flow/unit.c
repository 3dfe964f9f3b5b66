/* SPDX-License-Identifier: Apache-2.0 */
/* unit.c - what one unit leaves behind, so that a run can be cut off anywhere
 * and go on. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "common/x509/cert.h"
#include "common/x509/csr.h"
#include "common/x509/profile.h"
#include "orchestrator/conf/pem.h"
#include "orchestrator/flow/unit.h"

#define JSON_MAX  65536
#define UNIT_FILE "unit.json"
#define LOCK_FILE ".lock"
#define LEFTOVERS "*.new-??????"	/* what eh_file_write() had begun */
#define NAME_SIZE (3 * EH_NAME_MAX + 1)

/* --- names --- */

/*
 * A name for a file or folder: letters, digits and some signs as they are,
 * everything else, and a point at the beginning, as %XX.  No two ids share one.
 */
static const char *
safe_name(const char *id, char out[NAME_SIZE])
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_.:=@+,";
	size_t n = 0;

	for (const char *c = id; *c != '\0' && n + 4 <= NAME_SIZE; c++)
		if (strchr(plain, *c) != NULL && (*c != '.' || c > id))
			out[n++] = *c;
		else
			n += (size_t)snprintf(out + n, NAME_SIZE - n, "%%%02X",
			    (unsigned char)*c);
	out[n] = '\0';
	return out;
}

static int
file_path(const struct eh_unit *u, const char *id, const char *suffix,
    char *out, size_t cap)
{
	char name[NAME_SIZE];
	int n = snprintf(
	    out, cap, "%s/%s%s", u->folder, safe_name(id, name), suffix);

	return n > 0 && (size_t)n < cap ? EH_OK : EH_ERR_ARGUMENT;
}

/* --- the state folder --- */

/*
 * Make the folder with its missing parents, and make each of their names
 * durable: what a power cut takes away with the folder is every TBS in it.
 */
static int
make_folder(const char *path, struct eh_error *error)
{
	char parent[sizeof(((struct eh_state_folder *)NULL)->path)];
	size_t len = strlen(path);
	int err;

	if (access(path, F_OK) == 0)
		return eh_file_mkdir(path, 0755, error);
	while (len > 1 && path[len - 1] == '/')
		len--;
	while (len > 0 && path[len - 1] != '/')
		len--;
	snprintf(parent, sizeof(parent), "%.*s", len > 0 ? (int)len : 1,
	    len > 0 ? path : ".");
	if ((len > 1 && (err = make_folder(parent, error)) != EH_OK) ||
	    (err = eh_file_mkdir(path, 0755, error)) != EH_OK)
		return err;
	return eh_file_sync_folder(parent, error);
}

int
eh_state_open(
    const char *path, struct eh_state_folder *folder, struct eh_error *error)
{
	char lock[sizeof(folder->path) + 16], pid[32];
	int err, n;

	folder->lock = -1;
	if (strlen(path) >= sizeof(folder->path))
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "the path of the state folder is too long");
	strcpy(folder->path, path);
	if ((err = make_folder(path, error)) != EH_OK)
		return err;
	snprintf(lock, sizeof(lock), "%s/%s", path, LOCK_FILE);
	folder->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (folder->lock < 0)
		return eh_error_set(error, EH_ERR_STORAGE, "cannot open %s: %s",
		    lock, strerror(errno));
	if (flock(folder->lock, LOCK_EX | LOCK_NB) == 0) {
		/* For whoever wonders; nothing depends on it. */
		n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
		if (ftruncate(folder->lock, 0) != 0 ||
		    pwrite(folder->lock, pid, (size_t)n, 0) != n)
			errno = 0;
		return EH_OK;
	}
	memset(pid, 0, sizeof(pid));
	if (pread(folder->lock, pid, sizeof(pid) - 1, 0) < 0)
		pid[0] = '\0';
	return eh_error_set(error, EH_ERR_BUSY,
	    "another run (process %.*s) is using the state folder %s",
	    (int)strspn(pid, "0123456789"), pid, path);
}

void
eh_state_close(struct eh_state_folder *folder)
{
	if (folder->lock >= 0)
		close(folder->lock);
	folder->lock = -1;
}

/* --- one unit --- */

/* Whoever was cut off while writing left a file that nobody reads. */
static void
remove_leftovers(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL)
		if (fnmatch(LEFTOVERS, entry->d_name, 0) == 0)
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
}

static int
load(struct eh_unit *u, struct eh_error *error)
{
	char path[sizeof(u->folder) + 16];
	struct eh_buf file;
	int err;

	snprintf(path, sizeof(path), "%s/%s", u->folder, UNIT_FILE);
	if ((err = eh_file_read(path, JSON_MAX, &file, error)) == EH_OK)
		err = eh_unit_decode(u, path, file.data, file.len, error);
	eh_buf_free(&file);
	return err;
}

static int
begin(const struct eh_state_folder *folder, struct eh_unit *u,
    struct eh_error *error)
{
	int err;

	u->state = EH_UNIT_OPEN;
	if ((err = eh_file_mkdir(u->folder, 0755, error)) == EH_OK)
		err = eh_file_sync_folder(folder->path, error);
	return err;
}

int
eh_unit_open(const struct eh_state_folder *folder, const char *device,
    struct eh_unit *u, struct eh_error *error)
{
	char name[NAME_SIZE];
	struct eh_error why;
	int err;

	memset(u, 0, sizeof(*u));
	if (device[0] == '\0' || strlen(device) >= sizeof(u->device))
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "a device id has 1 to %d characters", EH_DEVICE_ID_MAX);
	snprintf(u->folder, sizeof(u->folder), "%s/%s", folder->path,
	    safe_name(device, name));
	eh_error_clear(&why);
	err = load(u, &why);
	if (err == EH_OK && strcmp(u->device, device) != 0)
		err = eh_error_set(&why, EH_ERR_FORMAT,
		    "%s/%s is the state of device %s, not of %s", u->folder,
		    UNIT_FILE, u->device, device);
	if (err == EH_OK)
		remove_leftovers(u->folder);
	if (err != EH_ERR_NOT_FOUND) {
		if (err != EH_OK && error != NULL)
			*error = why;
		return err;
	}
	strcpy(u->device, device);
	if ((err = begin(folder, u, error)) == EH_OK)
		remove_leftovers(u->folder);
	return err;
}

int
eh_unit_save(const struct eh_unit *u, struct eh_error *error)
{
	char path[sizeof(u->folder) + 16];
	char *text = eh_unit_encode(u);
	int err;

	if (text == NULL)
		return EH_ERR_MEMORY;
	snprintf(path, sizeof(path), "%s/%s", u->folder, UNIT_FILE);
	err = eh_file_write(path, text, strlen(text), 0644, error);
	free(text);
	return err;
}

static int
get_file(const struct eh_unit *u, const char *id, const char *suffix,
    size_t max, struct eh_buf *out, struct eh_error *error)
{
	char path[4096];
	struct eh_error why;
	int err;

	eh_buf_init(out, max);
	if ((err = file_path(u, id, suffix, path, sizeof(path))) != EH_OK)
		return err;
	eh_error_clear(&why);
	err = eh_file_read(path, max, out, &why);
	if (err != EH_OK && err != EH_ERR_NOT_FOUND && error != NULL)
		*error = why;
	return err;
}

int
eh_unit_get_tbs(const struct eh_unit *u, const char *id, struct eh_buf *out,
    struct eh_error *error)
{
	int err = get_file(u, id, ".tbs", EH_TBS_MAX, out, error);

	if (err == EH_OK && out->len == 0)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "%s: the TBSCertificate of '%s' is empty", u->folder, id);
	return err;
}

int
eh_unit_put_tbs(const struct eh_unit *u, const char *id, const uint8_t *tbs,
    size_t len, struct eh_error *error)
{
	char path[4096];
	int err = file_path(u, id, ".tbs", path, sizeof(path));

	return err != EH_OK ? err :
			      eh_file_write(path, tbs, len, 0644, error);
}

int
eh_unit_get_csr(const struct eh_unit *u, const char *id, struct eh_buf *out,
    struct eh_error *error)
{
	return get_file(u, id, ".csr", EH_CSR_MAX, out, error);
}

int
eh_unit_put_csr(const struct eh_unit *u, const char *id, const uint8_t *der,
    size_t len, struct eh_error *error)
{
	char path[4096];
	int err = file_path(u, id, ".csr", path, sizeof(path));

	return err != EH_OK ? err :
			      eh_file_write(path, der, len, 0644, error);
}

int
eh_unit_drop_tbs(
    const struct eh_unit *u, const char *id, struct eh_error *error)
{
	char path[4096];
	int err = file_path(u, id, ".tbs", path, sizeof(path));

	if (err != EH_OK)
		return err;
	if (unlink(path) != 0 && errno != ENOENT)
		return eh_error_set(error, EH_ERR_STORAGE,
		    "cannot remove %s: %s", path, strerror(errno));
	return eh_file_sync_folder(u->folder, error);
}

/* Is ${der} a certificate whose TBS is the one that was asked for? */
static int
check_pair(const struct eh_unit *u, const char *id, const struct eh_buf *der,
    struct eh_error *error)
{
	struct eh_cert cert;
	struct eh_buf tbs;
	int err = eh_unit_get_tbs(u, id, &tbs, error);

	if (err == EH_ERR_NOT_FOUND)
		err = eh_error_set(error, EH_ERR_FORMAT,
		    "%s: there is a certificate of '%s' without its "
		    "TBSCertificate",
		    u->folder, id);
	else if (err == EH_OK &&
	    (eh_cert_decode(&cert, der->data, der->len) != EH_OK ||
		cert.tbs.len != tbs.len ||
		memcmp(cert.tbs.at, tbs.data, tbs.len) != 0))
		err = eh_error_set(error, EH_ERR_FORMAT,
		    "%s: the certificate of '%s' is not the one for its "
		    "TBSCertificate",
		    u->folder, id);
	eh_buf_free(&tbs);
	return err;
}

int
eh_unit_get_der(const struct eh_unit *u, const char *id, struct eh_buf *out,
    struct eh_error *error)
{
	char path[4096];
	struct eh_buf pem;
	int err;

	eh_buf_init(out, EH_PEM_MAX_FILE);
	if ((err = get_file(u, id, ".pem", EH_PEM_MAX_FILE, &pem, error)) ==
		EH_OK &&
	    (err = file_path(u, id, ".pem", path, sizeof(path))) == EH_OK &&
	    (err = eh_pem_decode(path, "CERTIFICATE", pem.data, pem.len, out,
		 error)) == EH_OK)
		err = check_pair(u, id, out, error);
	eh_buf_free(&pem);
	return err;
}

int
eh_unit_put_der(const struct eh_unit *u, const char *id, const uint8_t *der,
    size_t len, struct eh_error *error)
{
	char path[4096];
	struct eh_buf pem;
	int err;

	eh_buf_init(&pem, EH_PEM_MAX_FILE);
	if ((err = file_path(u, id, ".pem", path, sizeof(path))) == EH_OK &&
	    (err = eh_pem_encode("CERTIFICATE", der, len, &pem)) == EH_OK)
		err = eh_file_write(path, pem.data, pem.len, 0644, error);
	eh_buf_free(&pem);
	return err;
}

/* --- what unit.json holds --- */

int
eh_unit_did(const struct eh_unit *u, const char *id)
{
	for (unsigned i = 0; i < u->nsteps; i++)
		if (strcmp(u->step[i], id) == 0)
			return 1;
	return 0;
}

int
eh_unit_note_step(struct eh_unit *u, const char *id)
{
	if (eh_unit_did(u, id))
		return EH_OK;
	if (u->nsteps == EH_UNIT_STEPS || strlen(id) > EH_UNIT_ID)
		return EH_ERR_FULL;
	strcpy(u->step[u->nsteps++], id);
	return EH_OK;
}

const struct eh_rawkey *
eh_unit_key(const struct eh_unit *u, const char *id)
{
	for (unsigned i = 0; i < u->nkeys; i++)
		if (strcmp(u->key[i].id, id) == 0)
			return &u->key[i].key;
	return NULL;
}

int
eh_unit_note_key(
    struct eh_unit *u, const char *id, const struct eh_rawkey *key)
{
	unsigned i = 0;

	while (i < u->nkeys && strcmp(u->key[i].id, id) != 0)
		i++;
	if (i == EH_UNIT_KEYS || strlen(id) > EH_UNIT_ID)
		return EH_ERR_FULL;
	if (i == u->nkeys)
		strcpy(u->key[u->nkeys++].id, id);
	u->key[i].key = *key;
	return EH_OK;
}

int
eh_unit_note_place(struct eh_unit *u, const char *name,
    const uint8_t digest[EH_DIGEST_LEN])
{
	unsigned i = 0;

	if (!eh_name_check(name))
		return EH_ERR_ARGUMENT;
	while (i < u->nplaces && strcmp(u->place[i].name, name) < 0)
		i++;
	if (i == u->nplaces || strcmp(u->place[i].name, name) != 0) {
		if (u->nplaces == EH_REPORT_PLACES_MAX)
			return EH_ERR_FULL;
		memmove(&u->place[i + 1], &u->place[i],
		    (u->nplaces++ - i) * sizeof(u->place[0]));
		memset(&u->place[i], 0, sizeof(u->place[i]));
		strcpy(u->place[i].name, name);
	}
	memcpy(u->place[i].digest, digest, EH_DIGEST_LEN);
	return EH_OK;
}

/* --- all of them --- */

static int
is_unit(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int
list_one(const char *path, const char *name,
    int (*each)(void *arg, const struct eh_unit *unit), void *arg,
    struct eh_error *error)
{
	struct eh_error why;
	struct eh_unit *u = calloc(1, sizeof(*u));
	int err;

	if (u == NULL)
		return EH_ERR_MEMORY;
	snprintf(u->folder, sizeof(u->folder), "%s/%s", path, name);
	eh_error_clear(&why);
	err = load(u, &why);
	if (err == EH_OK)
		err = each(arg, u);
	else if (err == EH_ERR_NOT_FOUND)
		err = EH_OK;	/* not a unit, or one that has just begun */
	else if (error != NULL)
		*error = why;
	free(u);
	return err;
}

int
eh_unit_list(const char *path,
    int (*each)(void *arg, const struct eh_unit *unit), void *arg,
    struct eh_error *error)
{
	struct dirent **names;
	int n = scandir(path, &names, is_unit, alphasort), err = EH_OK;

	if (n < 0)
		return eh_error_set(error,
		    errno == ENOENT ? EH_ERR_NOT_FOUND : EH_ERR_IO,
		    "state folder %s: %s", path, strerror(errno));
	for (int i = 0; i < n; i++) {
		if (err == EH_OK)
			err = list_one(path, names[i]->d_name, each, arg,
			    error);
		free(names[i]);
	}
	free(names);
	return err;
}
