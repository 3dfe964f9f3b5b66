/* SPDX-License-Identifier: Apache-2.0 */
/* authority.c - the OEM's authority: its folder, its store, its three keys. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "orchestrator/authority/authority.h"
#include "orchestrator/authority/store_life.h"

struct eh_authority {
	char *folder;
	struct eh_store *store;
	struct eh_privkey *key[EH_STORE_KEYS];
};

int
eh_authority_open(const char *folder, struct eh_authority **authorityp,
    struct eh_error *error)
{
	struct eh_authority *a;
	char *path = NULL;
	int err;

	*authorityp = NULL;
	err = eh_file_check_private_folder(folder, error);
	if (err == EH_ERR_NOT_FOUND)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "there is no authority in %s: name its folder with "
		    "--store, or make it with edgehsm-authority init", folder);
	if (err != EH_OK)
		return err;
	if ((a = calloc(1, sizeof(*a))) == NULL ||
	    (a->folder = strdup(folder)) == NULL ||
	    asprintf(&path, "%s/" EH_AUTHORITY_STORE, folder) < 0) {
		err = eh_error_set(error, EH_ERR_MEMORY, "out of memory");
		eh_authority_close(a);
		return err;
	}
	err = eh_store_open(path, &a->store, error);
	if (err == EH_ERR_NOT_FOUND)
		err = eh_error_set(error, EH_ERR_CONFIG,
		    "there is no authority in %s: %s is missing", folder,
		    EH_AUTHORITY_STORE);
	free(path);
	if (err != EH_OK)
		eh_authority_close(a);
	else
		*authorityp = a;
	return err;
}

void
eh_authority_close(struct eh_authority *a)
{
	if (a == NULL)
		return;
	for (unsigned i = 0; i < EH_STORE_KEYS; i++)
		eh_privkey_free(a->key[i]);
	eh_store_close(a->store);
	free(a->folder);
	free(a);
}

struct eh_store *
eh_authority_store(struct eh_authority *a)
{
	return a->store;
}

const struct eh_store_self *
eh_authority_self(struct eh_authority *a)
{
	return eh_store_self(a->store);
}

const char *
eh_authority_folder(const struct eh_authority *a)
{
	return a->folder;
}

void
eh_authority_root(struct eh_authority *a, uint8_t digest[EH_SPKI_DIGEST_LEN])
{
	eh_keyid_spki_digest(
	    &eh_store_self(a->store)->key[EH_STORE_GRANT_ROOT].public, digest);
}

/* Names of files are kept as init knew them: its own ones without a folder, so
 * that the whole folder may be moved. */
static int
open_key(struct eh_authority *a, const char *place, struct eh_privkey **keyp,
    struct eh_error *error)
{
	char *path;
	int err;

	if (eh_privkey_is_uri(place) || place[0] == '/')
		return eh_privkey_open(place, keyp, error);
	if (asprintf(&path, "%s/%s", a->folder, place) < 0)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	err = eh_privkey_open(path, keyp, error);
	free(path);
	return err;
}

int
eh_authority_key(struct eh_authority *a, enum eh_store_key use,
    struct eh_privkey **keyp, struct eh_error *error)
{
	const struct eh_store_self *self = eh_store_self(a->store);
	struct eh_privkey *key = a->key[use];
	struct eh_error inner;
	int err;

	*keyp = key;
	if (key != NULL)
		return EH_OK;
	eh_error_clear(&inner);
	err = open_key(a, self->key[use].place, &key, &inner);
	if (err != EH_OK)
		return eh_error_set(error,
		    err == EH_ERR_NOT_FOUND ? EH_ERR_CONFIG : err, "%s: %s",
		    eh_store_key_name(use), eh_error_sentence(&inner));
	if (!eh_rawkey_equal(
	        eh_privkey_public(key), &self->key[use].public)) {
		eh_privkey_free(key);
		return eh_error_set(error, EH_ERR_CONFIG,
		    "%s: what is in %s is another key than the one that this "
		    "authority was made with", eh_store_key_name(use),
		    self->key[use].place);
	}
	*keyp = a->key[use] = key;
	return EH_OK;
}

int
eh_authority_sign(struct eh_authority *a, enum eh_message_type type,
    const uint8_t hsm[EH_HSM_ID_LEN], uint64_t seq, uint64_t now,
    const void *payload, size_t len, struct eh_buf *out,
    uint8_t digest[EH_DIGEST_LEN], struct eh_error *error)
{
	const struct eh_message_info *info = eh_message_info(type);
	const enum eh_store_key use = info->signer == EH_SIGNED_BY_ROOT
	    ? EH_STORE_GRANT_ROOT
	    : EH_STORE_MESSAGE_KEY;
	struct eh_store_message m = {
		.type = type, .seq = seq, .issued = now
	};
	struct eh_envelope envelope;
	struct eh_privkey *key;
	struct eh_signer signer;
	struct eh_writer w;
	int err;

	if ((err = eh_store_check_served(a->store, hsm, error)) != EH_OK ||
	    (err = eh_authority_key(a, use, &key, error)) != EH_OK)
		return err;
	eh_privkey_signer(key, &signer);
	if ((err = eh_buf_reserve(out, info->max)) != EH_OK)
		return eh_error_set(
		    error, err, "%s: %s", info->name, eh_err_text(err));
	m.bytes = out->data + out->len;
	eh_writer_init(&w, out->data + out->len, info->max);
	err = eh_envelope_sign(type, payload, len, &signer, &w, error);
	if (err == EH_OK && (err = eh_writer_end(&w, &m.len)) != EH_OK)
		eh_error_set(error, err, "%s: %s", info->name,
		    eh_err_text(err));
	/* A key in a provider may fail without saying so. */
	if (err == EH_OK)
		err = eh_envelope_decode(m.bytes, m.len, &envelope, error);
	if (err == EH_OK)
		err = eh_envelope_verify(
		    &envelope, eh_privkey_public(key), error);
	if (err != EH_OK)
		return err;
	eh_envelope_digest(&envelope, digest);
	memcpy(m.digest, digest, EH_DIGEST_LEN);
	memcpy(m.kid, signer.kid, EH_KID_LEN);
	memcpy(m.hsm, hsm, EH_HSM_ID_LEN);
	if ((err = eh_store_put_message(a->store, &m, error)) != EH_OK)
		return err;
	eh_buf_extend(out, m.len);
	return EH_OK;
}
