/* SPDX-License-Identifier: Apache-2.0 */
/* certify.c - making the issuing key of an EdgeHSM a CA of the OEM. */
#include "config.h"

#include <string.h>

#include "common/crypto/digest.h"
#include "common/x509/csr.h"
#include "orchestrator/authority/certify.h"
#include "orchestrator/authority/store_life.h"

#define DAY UINT64_C(86400)

/* What the steps below share. */
struct job {
	struct eh_authority *authority;
	const struct eh_certify_request *request;
	uint64_t now;
	struct eh_csr csr;
	struct eh_rawkey key;		/* of the request */
	uint8_t digest[EH_SPKI_DIGEST_LEN];
	struct eh_certified *certified;
};

static int
refused(struct eh_error *error, const char *why)
{
	return eh_error_set(error, EH_DENIED_EVIDENCE, "%s", why);
}

/* The request: somebody holds this key. */
static int
check_csr(struct job *j, struct eh_error *error)
{
	int err = eh_csr_decode(
	    &j->csr, j->request->csr, j->request->csrlen);

	if (err != EH_OK)
		return eh_error_set(error, err,
		    "the certificate request is malformed");
	if ((err = eh_csr_verify(&j->csr, error)) != EH_OK)
		return err;
	err = eh_rawkey_from_spki(
	    &j->key, j->csr.spki.der.at, j->csr.spki.der.len);
	if (err != EH_OK)
		return eh_error_set(error, err,
		    "the certificate request has a key that this version "
		    "does not support: it must be P-256");
	eh_keyid_spki_digest(&j->key, j->digest);
	return EH_OK;
}

/* The attestation: an EdgeHSM that we know says what that key is. */
static int
open_attestation(struct job *j, struct eh_error *error)
{
	struct eh_hsm *hsm = &j->certified->hsm;
	struct eh_envelope e;
	int err;

	err = eh_envelope_decode(j->request->attestation,
	    j->request->attestationlen, &e, error);
	if (err != EH_OK)
		return err;
	if (e.type != EH_MESSAGE_KEYATTEST)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "not a key attestation but a %s",
		    eh_message_info(e.type)->name);
	err = eh_store_get_hsm_by_kid(
	    eh_authority_store(j->authority), e.kid, hsm, error);
	if (err == EH_ERR_NOT_FOUND)
		return refused(error, "the key attestation is signed by no "
		    "EdgeHSM that is enrolled here");
	if (err != EH_OK ||
	    (err = eh_envelope_verify(&e, &hsm->attestation, error)) != EH_OK ||
	    (err = eh_store_check_served(eh_authority_store(j->authority),
	         hsm->id, error)) != EH_OK)
		return err;
	return eh_keyattest_decode(e.sign1.payload, e.sign1.payload_len,
	    &j->certified->attestation, error);
}

/* What it says must be what a CA needs. */
static int
check_attestation(struct job *j, struct eh_error *error)
{
	const struct eh_keyattest *k = &j->certified->attestation;
	uint8_t root[EH_SPKI_DIGEST_LEN];

	eh_authority_root(j->authority, root);
	if (memcmp(k->hsm_id, j->certified->hsm.id, EH_HSM_ID_LEN) != 0)
		return refused(error, "the key attestation speaks of another "
		    "EdgeHSM than the one that signed it");
	if (memcmp(k->root, root, sizeof(root)) != 0)
		return eh_error_set(error, EH_DENIED_SCOPE,
		    "%s obeys another root than ours: nothing is certified "
		    "under it", j->certified->hsm.name);
	if (!eh_rawkey_equal(&k->key, &j->key))
		return refused(error, "the key attestation is for another key "
		    "than the certificate request");
	if (k->purpose != EH_PURPOSE_ISSUING)
		return refused(error, "the key is not an issuing key: make "
		    "one with edgehsm token keygen --purpose issuing");
	if (k->origin == EH_ORIGIN_IMPORTED)
		return refused(error, "the key was imported, so it may exist "
		    "elsewhere too: make one in the EdgeHSM");
	return EH_OK;
}

/* The books: whose key it is, and that it is certified from now on. */
static int
put(struct job *j, const struct eh_buf *der, struct eh_error *error)
{
	struct eh_store *store = eh_authority_store(j->authority);
	const struct eh_certified *c = j->certified;
	struct eh_hsm_key key = { .purpose = c->attestation.purpose,
		.origin = c->attestation.origin,
		.standing = EH_KEY_CERTIFIED };
	struct eh_store_certificate row = {
		.form = eh_ca_form_name(j->request->form),
		.issued = j->now,
		.not_before = c->not_before,
		.not_after = c->not_after,
		.der = der->data,
		.len = der->len
	};
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_cert cert;
	int err;

	if ((err = eh_cert_decode(&cert, der->data, der->len)) != EH_OK)
		return eh_error_set(
		    error, err, "the certificate is malformed");
	memcpy(key.hsm, c->hsm.id, EH_HSM_ID_LEN);
	memcpy(key.digest, j->digest, EH_DIGEST_LEN);
	memcpy(row.hsm, c->hsm.id, EH_HSM_ID_LEN);
	memcpy(row.key, j->digest, EH_DIGEST_LEN);
	row.serial = cert.serial.at;
	row.seriallen = cert.serial.len;
	eh_sha256(der->data, der->len, digest);
	err = eh_store_put_hsm_key(store, &key, error);
	if (err == EH_ERR_EXISTS)
		return refused(error, "this key is another EdgeHSM's already");
	if (err != EH_OK ||
	    (err = eh_store_put_certificate(store, &row, error)) != EH_OK)
		return err;
	return eh_store_trail(store, j->now, "certify", c->hsm.id, digest,
	    row.form, error);
}

static int
certify(struct job *j, const struct eh_buf *root, struct eh_buf *out,
    struct eh_error *error)
{
	struct eh_ca_request r = { .form = j->request->form,
		.subject = j->csr.subject,
		.key = &j->key,
		.not_before = j->now - EH_CA_BACKDATE };
	struct eh_cert cert;
	struct eh_privkey *key;
	uint64_t begins;
	int err;

	err = eh_store_get_validity(eh_authority_store(j->authority),
	    j->digest, &begins, &j->certified->earlier, NULL);
	if (err != EH_OK && err != EH_ERR_NOT_FOUND)
		return eh_error_set(
		    error, err, "the store's certificates cannot be read");
	if ((err = eh_cert_decode(&cert, root->data, root->len)) != EH_OK)
		return eh_error_set(error, err, "the root CA is damaged");
	r.not_after = j->request->days == 0
	    ? cert.not_after
	    : j->now + j->request->days * DAY;
	/* A root that was just made begins an hour ago, as this does. */
	if (r.not_before < cert.not_before)
		r.not_before = cert.not_before;
	j->certified->not_before = r.not_before;
	j->certified->not_after = r.not_after;
	err = eh_authority_key(
	    j->authority, EH_STORE_X509_ROOT, &key, error);
	if (err == EH_OK)
		err = eh_ca_certify(key, root->data, root->len, &r, j->now,
		    out, error);
	return err == EH_OK ? put(j, out, error) : err;
}

int
eh_certify(struct eh_authority *a, const struct eh_certify_request *request,
    uint64_t now, struct eh_buf *out, struct eh_certified *certified,
    struct eh_error *error)
{
	struct eh_store *store = eh_authority_store(a);
	struct job j = { .authority = a, .request = request, .now = now,
		.certified = certified };
	struct eh_buf root;
	int err;

	memset(certified, 0, sizeof(*certified));
	if ((err = check_csr(&j, error)) != EH_OK ||
	    (err = eh_store_begin(store, error)) != EH_OK)
		return err;
	eh_buf_init(&root, EH_CERT_MAX);
	if ((err = open_attestation(&j, error)) == EH_OK &&
	    (err = check_attestation(&j, error)) == EH_OK &&
	    (err = eh_store_get_root_ca(store, &root, error)) == EH_OK &&
	    (err = certify(&j, &root, out, error)) == EH_OK)
		err = eh_store_commit(store, error);
	if (err != EH_OK) {
		eh_store_rollback(store);
		eh_buf_clear(out);
	}
	eh_buf_free(&root);
	return err;
}
