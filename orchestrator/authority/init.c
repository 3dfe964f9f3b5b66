/* SPDX-License-Identifier: Apache-2.0 */
/* init.c - making an authority, whole or not at all. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file.h"
#include "common/x509/cert.h"
#include "orchestrator/authority/authority.h"
#include "orchestrator/authority/ca.h"
#include "orchestrator/conf/pem.h"
#include "orchestrator/conf/subject.h"

/* What init can leave in a folder that it must take away again. */
static const char *const key_file[EH_STORE_KEYS] = {
	[EH_STORE_GRANT_ROOT] = "grant-root.pem",
	[EH_STORE_MESSAGE_KEY] = "message-key.pem",
	[EH_STORE_X509_ROOT] = "x509-root.pem",
};
static const char *const other_file[] = { EH_AUTHORITY_STORE,
	EH_AUTHORITY_ROOT_SPKI, EH_AUTHORITY_ROOT_CA };

/* An authority in the making, in a folder beside the one it will be. */
struct making {
	const struct eh_authority_plan *plan;
	char *folder;
	struct eh_privkey *key[EH_STORE_KEYS];
	struct eh_store_self self;
	struct eh_buf subject, root_ca;
};

static int
no_memory(struct eh_error *error)
{
	return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
}

static char *
path_of(const struct making *m, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", m->folder, name) < 0 ? NULL : path;
}

static int
write_file(const struct making *m, const char *name, const void *bytes,
    size_t len, struct eh_error *error)
{
	char *path = path_of(m, name);
	int err;

	if (path == NULL)
		return no_memory(error);
	err = eh_file_create(path, bytes, len, 0644, error);
	free(path);
	return err;
}

/* Open the key that was named, or make one; note where it is. */
static int
take_key(struct making *m, enum eh_store_key use, struct eh_error *error)
{
	const char *place = m->plan->place[use];
	char *path;
	int err;

	if (place == NULL)
		path = path_of(m, key_file[use]);
	else if (eh_privkey_is_uri(place))
		path = strdup(place);
	else if ((path = realpath(place, NULL)) == NULL && errno != ENOMEM)
		return eh_error_set(error, EH_ERR_CONFIG, "%s: %s: %s",
		    eh_store_key_name(use), place, strerror(errno));
	if (path == NULL)
		return no_memory(error);
	err = place == NULL ? eh_privkey_create(path, &m->key[use], error)
			    : eh_privkey_open(path, &m->key[use], error);
	if (err == EH_ERR_NOT_FOUND)
		err = EH_ERR_CONFIG;
	if (err == EH_OK &&
	    snprintf(m->self.key[use].place, sizeof(m->self.key[use].place),
		"%s", place == NULL ? key_file[use] : path) >
		EH_STORE_PLACE_MAX)
		err = eh_error_set(error, EH_ERR_ARGUMENT,
		    "%s: its name is longer than %d octets",
		    eh_store_key_name(use), EH_STORE_PLACE_MAX);
	if (err == EH_OK)
		m->self.key[use].public = *eh_privkey_public(m->key[use]);
	free(path);
	return err;
}

/* EdgeHSMs of this version pin P-256 roots only. */
static int
check_root(const struct making *m, struct eh_error *error)
{
	if (m->self.key[EH_STORE_GRANT_ROOT].public.len == EH_P256_POINT_LEN)
		return EH_OK;
	return eh_error_set(error, EH_ERR_CONFIG,
	    "the grant root must be a P-256 key: an EdgeHSM pins no other");
}

static int
take_keys(struct making *m, struct eh_error *error)
{
	int err;

	for (unsigned i = 0; i < EH_STORE_KEYS; i++) {
		if ((err = take_key(m, (enum eh_store_key)i, error)) != EH_OK)
			return err;
		for (unsigned j = 0; j < i; j++)
			if (eh_rawkey_equal(&m->self.key[i].public,
			        &m->self.key[j].public))
				return eh_error_set(error, EH_ERR_CONFIG,
				    "%s and %s are the same key; the three "
				    "are never shared", eh_store_key_name(
				        (enum eh_store_key)j),
				    eh_store_key_name((enum eh_store_key)i));
	}
	return check_root(m, error);
}

static int
make_root_ca(struct making *m, struct eh_error *error)
{
	char text[2 * EH_NAME_MAX + 32];
	struct eh_slice subject;
	struct eh_buf pem;
	int err;

	/* A slash in the name would begin another attribute. */
	snprintf(text, sizeof(text), "/O=%s/CN=%s Root CA", m->plan->name,
	    m->plan->name);
	if (m->plan->subject == NULL && strchr(m->plan->name, '/') != NULL)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "--name %s has a slash: give the root CA's --subject",
		    m->plan->name);
	err = eh_subject_parse(m->plan->subject != NULL ? m->plan->subject : text,
	    &m->subject, error);
	if (err != EH_OK)
		return err;
	subject.at = m->subject.data;
	subject.len = m->subject.len;
	err = eh_ca_root(m->key[EH_STORE_X509_ROOT], subject, m->plan->now,
	    &m->root_ca, error);
	if (err != EH_OK)
		return err;
	eh_buf_init(&pem, EH_PEM_MAX_FILE);
	err = eh_pem_encode(
	    "CERTIFICATE", m->root_ca.data, m->root_ca.len, &pem);
	if (err != EH_OK)
		eh_error_set(error, err, "the root CA: %s", eh_err_text(err));
	else
		err = write_file(
		    m, EH_AUTHORITY_ROOT_CA, pem.data, pem.len, error);
	eh_buf_free(&pem);
	return err;
}

static int
make_store(struct making *m, struct eh_error *error)
{
	char *path = path_of(m, EH_AUTHORITY_STORE);
	struct eh_store *store = NULL;
	int err;

	if (path == NULL)
		return no_memory(error);
	err = eh_store_create(
	    path, &m->self, m->root_ca.data, m->root_ca.len, error);
	if (err == EH_OK)
		err = eh_store_open(path, &store, error);
	free(path);
	if (err == EH_OK)
		err = eh_store_begin(store, error);
	if (err == EH_OK)
		err = eh_store_trail(store, m->plan->now, "init", NULL, NULL,
		    m->self.name, error);
	if (err == EH_OK)
		err = eh_store_commit(store, error);
	eh_store_close(store);
	return err;
}

static int
fill(struct making *m, struct eh_error *error)
{
	uint8_t spki[EH_SPKI_MAX];
	size_t len;
	int err;

	if ((err = take_keys(m, error)) != EH_OK)
		return err;
	len = eh_rawkey_to_spki(
	    &m->self.key[EH_STORE_GRANT_ROOT].public, spki);
	err = write_file(m, EH_AUTHORITY_ROOT_SPKI, spki, len, error);
	if (err == EH_OK)
		err = make_root_ca(m, error);
	if (err == EH_OK)
		err = make_store(m, error);
	if (err == EH_OK)
		err = eh_file_sync_folder(m->folder, error);
	return err;
}

/* Take away what a failed init made, and nothing else. */
static void
undo(struct making *m)
{
	char *path;

	for (unsigned i = 0; i < EH_STORE_KEYS; i++)
		if ((path = path_of(m, key_file[i])) != NULL) {
			unlink(path);
			free(path);
		}
	for (size_t i = 0; i < sizeof(other_file) / sizeof(other_file[0]); i++)
		if ((path = path_of(m, other_file[i])) != NULL) {
			unlink(path);
			free(path);
		}
	rmdir(m->folder);
}

/* The folder may be there, but must hold nothing. */
static int
check_empty(const char *folder, struct eh_error *error)
{
	const struct dirent *entry;
	DIR *dir = opendir(folder);
	int err = EH_OK;

	if (dir == NULL)
		return eh_error_set(error, EH_ERR_STORAGE, "%s: %s", folder,
		    strerror(errno));
	while (err == EH_OK && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			err = eh_error_set(error, EH_ERR_EXISTS,
			    "%s is not empty: it holds %s; an authority is "
			    "made in a new folder", folder, entry->d_name);
	closedir(dir);
	return err;
}

/* Give the finished folder its name; that it was empty is checked again by
 * rename(2) itself. */
static int
put_in_place(const struct making *m, const char *folder,
    struct eh_error *error)
{
	char *parent = NULL;
	int err;

	if (rename(m->folder, folder) != 0)
		return eh_error_set(error, EH_ERR_STORAGE,
		    "cannot make %s: %s", folder, strerror(errno));
	if (asprintf(&parent, "%s/..", folder) < 0)
		return no_memory(error);
	err = eh_file_sync_folder(parent, error);
	free(parent);
	return err;
}

static int
check_plan(const struct eh_authority_plan *plan, struct eh_error *error)
{
	if (!eh_name_check(plan->name))
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "--name %s: 1 to 64 letters, digits and ._:/- are allowed",
		    plan->name);
	if (plan->now < EH_CA_BACKDATE)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "the clock of this machine is not set");
	return EH_OK;
}

int
eh_authority_init(const struct eh_authority_plan *plan, struct eh_error *error)
{
	size_t len = strlen(plan->folder);
	struct making m;
	int err;

	while (len > 1 && plan->folder[len - 1] == '/')
		len--;
	if ((err = check_plan(plan, error)) != EH_OK ||
	    (err = eh_file_mkdir(plan->folder, 0700, error)) != EH_OK ||
	    (err = check_empty(plan->folder, error)) != EH_OK)
		return err;
	memset(&m, 0, sizeof(m));
	m.plan = plan;
	snprintf(m.self.name, sizeof(m.self.name), "%s", plan->name);
	m.self.created = plan->now;
	eh_buf_init(&m.subject, EH_CERT_MAX);
	eh_buf_init(&m.root_ca, EH_CERT_MAX);
	if (asprintf(&m.folder, "%.*s.new-XXXXXX", (int)len, plan->folder) < 0)
		return no_memory(error);
	if (mkdtemp(m.folder) == NULL) {
		err = eh_error_set(error, EH_ERR_STORAGE, "cannot make %s: %s",
		    m.folder, strerror(errno));
		goto out;
	}
	err = fill(&m, error);
	if (err == EH_OK)
		err = put_in_place(&m, plan->folder, error);
	if (err != EH_OK)
		undo(&m);
out:
	for (unsigned i = 0; i < EH_STORE_KEYS; i++)
		eh_privkey_free(m.key[i]);
	eh_buf_free(&m.subject);
	eh_buf_free(&m.root_ca);
	free(m.folder);
	return err;
}
