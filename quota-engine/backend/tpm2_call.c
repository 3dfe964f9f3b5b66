/* SPDX-License-Identifier: Apache-2.0 */
/* tpm2_call.c - what counted keys ask of a TPM, one command or one sequence. */
#include "config.h"

#include <string.h>

#include "quota-engine/backend/tpm2_call.h"

#define NONE ESYS_TR_NONE

static const TPMT_SYM_DEF no_cipher = { .algorithm = TPM2_ALG_NULL };
static const TPMT_SIG_SCHEME ecdsa = {
	.scheme = TPM2_ALG_ECDSA,
	.details = { .ecdsa = { .hashAlg = TPM2_ALG_SHA256 } },
};

/* Note what went wrong. */
static enum eh_tpm_outcome
said(struct eh_tpm2 *t, const char *call, TSS2_RC rc)
{
	enum eh_tpm_outcome outcome = eh_tpm_link_judge(rc);

	if (eh_tpm_link_is_crowded(rc))
		t->is_crowded = 1;
	if (outcome != EH_TPM_DONE)
		eh_error_set(&t->why, EH_ERR_BACKEND,
		    "the TPM at %s (backend.issuing) answers %s with 0x%x",
		    t->tcti, call, rc);
	return outcome;
}

/*
 * --- connection ---
 */

enum eh_tpm_outcome
eh_tpm2_connect(struct eh_tpm2 *t)
{
	TSS2_RC rc;

	if (t->via.session != NONE)
		return EH_TPM_DONE;
	rc = eh_tpm_link_open(&t->via, t->tcti);
	if (rc == TSS2_RC_SUCCESS && t->is_crowded)
		rc = eh_tpm_link_sweep(&t->via);
	t->is_crowded = 0;
	return said(t, "a new session", rc);
}

static void
flush(struct eh_tpm2 *t, ESYS_TR *object)
{
	if (t->via.esys != NULL && *object != NONE)
		(void)Esys_FlushContext(t->via.esys, *object);
	*object = NONE;
}

void
eh_tpm2_disconnect(struct eh_tpm2 *t)
{
	flush(t, &t->policy);
	flush(t, &t->key);
	flush(t, &t->writer);
	memset(t->ticket, 0, sizeof(t->ticket));
	eh_tpm_link_close(&t->via);
}

void
eh_tpm2_end_policy(struct eh_tpm2 *t)
{
	flush(t, &t->policy);
}

/*
 * --- objects ---
 */

static void
template_of(TPM2B_PUBLIC *public, TPMA_OBJECT attributes)
{
	memset(public, 0, sizeof(*public));
	public->publicArea.type = TPM2_ALG_ECC;
	public->publicArea.nameAlg = TPM2_ALG_SHA256;
	public->publicArea.objectAttributes = attributes;
	public->publicArea.parameters.eccDetail.symmetric.algorithm =
	    TPM2_ALG_NULL;
	public->publicArea.parameters.eccDetail.scheme.scheme = TPM2_ALG_ECDSA;
	public->publicArea.parameters.eccDetail.scheme.details.ecdsa.hashAlg =
	    TPM2_ALG_SHA256;
	public->publicArea.parameters.eccDetail.curveID = TPM2_ECC_NIST_P256;
	public->publicArea.parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
}

/* The authority's key, for one or two commands. */
static TSS2_RC
load_count_key(
    struct eh_tpm2 *t, const struct eh_rawkey *key, ESYS_TR *object)
{
	TPM2B_PUBLIC public;
	TPMS_ECC_POINT *point = &public.publicArea.unique.ecc;

	template_of(&public, EH_COUNT_KEY_ATTRIBUTES);
	point->x.size = point->y.size = 32;
	memcpy(point->x.buffer, key->bytes + 1, 32);
	memcpy(point->y.buffer, key->bytes + 33, 32);
	return Esys_LoadExternal(t->via.esys, NONE, NONE, NONE, NULL, &public,
	    ESYS_TR_RH_OWNER, object);
}

/* A point has leading zeros, which a TPM may leave out. */
static int
take_coordinate(const TPM2B_ECC_PARAMETER *from, uint8_t to[32])
{
	if (from->size > 32)
		return 0;
	memset(to, 0, 32);
	memcpy(to + 32 - from->size, from->buffer, from->size);
	return 1;
}

static TSS2_RC
make_key(struct eh_tpm2 *t, const struct eh_counted_key *key,
    TPM2B_PUBLIC **made)
{
	const TPM2B_SENSITIVE_CREATE nothing = { 0 };
	const TPML_PCR_SELECTION no_pcr = { 0 };
	const TPM2B_DATA no_data = { 0 };
	TPM2B_PUBLIC public;
	TPMT_PUBLIC *area = &public.publicArea;

	template_of(&public, EH_COUNT_ISSUER_ATTRIBUTES);
	area->authPolicy.size = EH_SHA256_LEN;
	eh_count_issuer_policy(
	    &key->count_key, key->ref, area->authPolicy.buffer);
	area->unique.ecc.x.size = area->unique.ecc.y.size = 32;
	memcpy(area->unique.ecc.x.buffer, key->ref, EH_COUNT_REF);
	return Esys_CreatePrimary(t->via.esys, ESYS_TR_RH_OWNER,
	    t->via.session, NONE, NONE, &nothing, &public, &no_data, &no_pcr,
	    &t->key, made, NULL, NULL, NULL);
}

static int
is_loaded(const struct eh_tpm2 *t, const struct eh_counted_key *key)
{
	return t->key != NONE &&
	    eh_rawkey_equal(&t->loaded.count_key, &key->count_key) &&
	    memcmp(t->loaded.ref, key->ref, EH_COUNT_REF) == 0;
}

enum eh_tpm_outcome
eh_tpm2_load(struct eh_tpm2 *t, const struct eh_counted_key *key)
{
	uint8_t raw[EH_P256_POINT_LEN] = { 0x04 };
	TPM2B_PUBLIC *made = NULL;
	enum eh_tpm_outcome outcome;

	if (is_loaded(t, key))
		return EH_TPM_DONE;
	flush(t, &t->key);
	outcome = said(t, "CreatePrimary", make_key(t, key, &made));
	if (outcome != EH_TPM_DONE) {
		t->key = NONE;
		return outcome;
	}
	if (!take_coordinate(&made->publicArea.unique.ecc.x, raw + 1) ||
	    !take_coordinate(&made->publicArea.unique.ecc.y, raw + 33) ||
	    eh_rawkey_set(&t->public, raw, sizeof(raw)) != EH_OK) {
		eh_error_set(&t->why, EH_ERR_BACKEND,
		    "the TPM at %s made a key that is none", t->tcti);
		outcome = EH_TPM_FAILED;
		flush(t, &t->key);
	}
	t->loaded = *key;
	Esys_Free(made);
	return outcome;
}

/*
 * --- the indexes ---
 */

static enum eh_tpm_outcome
open_index(struct eh_tpm2 *t, uint32_t handle, ESYS_TR *nv)
{
	*nv = NONE;
	return said(t, "NV_ReadPublic", Esys_TR_FromTPMPublic(
	    t->via.esys, handle, NONE, NONE, NONE, nv));
}

static void
close_index(struct eh_tpm2 *t, ESYS_TR *nv)
{
	if (*nv != NONE)
		(void)Esys_TR_Close(t->via.esys, nv);
}

enum eh_tpm_outcome
eh_tpm2_is_free(struct eh_tpm2 *t, uint32_t handle, int *freep)
{
	enum eh_tpm_outcome outcome;
	ESYS_TR nv;

	outcome = open_index(t, handle, &nv);
	close_index(t, &nv);
	*freep = outcome == EH_TPM_ABSENT;
	return outcome == EH_TPM_ABSENT ? EH_TPM_DONE : outcome;
}

/* With the owner's authorization, which does not count. */
static enum eh_tpm_outcome
read_counts(struct eh_tpm2 *t, ESYS_TR nv, struct eh_counted_view *view)
{
	TPM2B_MAX_NV_BUFFER *data = NULL;
	enum eh_tpm_outcome outcome;
	const uint8_t *b;

	outcome = said(t, "NV_Read", Esys_NV_Read(t->via.esys,
	    ESYS_TR_RH_OWNER, nv, t->via.session, NONE, NONE,
	    EH_COUNT_INDEX_LEN, 0, &data));
	if (outcome != EH_TPM_DONE)
		return outcome;
	b = data->buffer;
	view->count = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
	    (uint32_t)b[2] << 8 | b[3];
	view->limit = (uint32_t)b[4] << 24 | (uint32_t)b[5] << 16 |
	    (uint32_t)b[6] << 8 | b[7];
	Esys_Free(data);
	return EH_TPM_DONE;
}

/* By its Name: FOREIGN, UNWRITTEN or WRITTEN. */
static enum eh_tpm_outcome
recognize(struct eh_tpm2 *t, ESYS_TR nv, const struct eh_rawkey *count_key,
    const struct eh_count_index *index, struct eh_counted_view *view)
{
	uint8_t before[EH_COUNT_NAME], after[EH_COUNT_NAME];
	TPM2B_NAME *name = NULL;
	enum eh_tpm_outcome outcome;

	eh_count_index_name(count_key, index, 0, before);
	eh_count_index_name(count_key, index, 1, after);
	outcome = said(t, "the Name of an index",
	    Esys_TR_GetName(t->via.esys, nv, &name));
	if (outcome != EH_TPM_DONE)
		return outcome;
	view->state = EH_COUNTED_FOREIGN;
	if (name->size == EH_COUNT_NAME &&
	    memcmp(name->name, before, EH_COUNT_NAME) == 0)
		view->state = EH_COUNTED_UNWRITTEN;
	if (name->size == EH_COUNT_NAME &&
	    memcmp(name->name, after, EH_COUNT_NAME) == 0)
		view->state = EH_COUNTED_WRITTEN;
	Esys_Free(name);
	return EH_TPM_DONE;
}

enum eh_tpm_outcome
eh_tpm2_look(struct eh_tpm2 *t, const struct eh_rawkey *count_key,
    const struct eh_count_index *index, struct eh_counted_view *view)
{
	enum eh_tpm_outcome outcome;
	ESYS_TR nv;

	memset(view, 0, sizeof(*view));
	outcome = open_index(t, index->handle, &nv);
	if (outcome == EH_TPM_ABSENT)
		return EH_TPM_DONE;
	if (outcome == EH_TPM_DONE)
		outcome = recognize(t, nv, count_key, index, view);
	/* The salted session proves what was only said so far: an answer about
	 * another index does not fit the Name that we asked about. */
	if (outcome == EH_TPM_DONE && view->state == EH_COUNTED_WRITTEN)
		outcome = read_counts(t, nv, view);
	close_index(t, &nv);
	return outcome;
}

enum eh_tpm_outcome
eh_tpm2_begin(struct eh_tpm2 *t)
{
	TPM2B_NONCE *nonce = NULL;
	enum eh_tpm_outcome outcome;

	flush(t, &t->writer);
	outcome = said(t, "StartAuthSession", Esys_StartAuthSession(
	    t->via.esys, NONE, NONE, NONE, NONE, NONE, NULL, TPM2_SE_POLICY,
	    &no_cipher, TPM2_ALG_SHA256, &t->writer));
	if (outcome == EH_TPM_DONE)
		outcome = said(t, "the nonce of a session",
		    Esys_TRSess_GetNonceTPM(t->via.esys, t->writer, &nonce));
	if (outcome != EH_TPM_DONE) {
		flush(t, &t->writer);
		return outcome;
	}
	memset(&t->awaited, 0, sizeof(t->awaited));
	if (nonce->size < EH_COUNT_NONCE_MIN ||
	    nonce->size > EH_COUNT_NONCE_MAX) {
		eh_error_set(&t->why, EH_ERR_BACKEND,
		    "the TPM at %s has nonces of %u octets", t->tcti,
		    nonce->size);
		outcome = EH_TPM_FAILED;
	} else {
		t->awaited.nonce_len = (uint8_t)nonce->size;
		memcpy(t->awaited.nonce, nonce->buffer, nonce->size);
	}
	Esys_Free(nonce);
	return outcome;
}

static void
put_signature(TPMT_SIGNATURE *s, const uint8_t signature[64])
{
	memset(s, 0, sizeof(*s));
	s->sigAlg = TPM2_ALG_ECDSA;
	s->signature.ecdsa.hash = TPM2_ALG_SHA256;
	s->signature.ecdsa.signatureR.size = 32;
	s->signature.ecdsa.signatureS.size = 32;
	memcpy(s->signature.ecdsa.signatureR.buffer, signature, 32);
	memcpy(s->signature.ecdsa.signatureS.buffer, signature + 32, 32);
}

/* Satisfy the policy of the index in the session for it. */
static TSS2_RC
permit_write(struct eh_tpm2 *t, const struct eh_rawkey *count_key,
    uint32_t limit, const uint8_t signature[64])
{
	TPM2B_NONCE nonce = { .size = t->awaited.nonce_len };
	TPM2B_DIGEST cp_hash = { .size = EH_SHA256_LEN };
	TPMT_SIGNATURE signed_by;
	ESYS_TR key = NONE;
	TSS2_RC rc;

	memcpy(nonce.buffer, t->awaited.nonce, nonce.size);
	eh_count_write_command(
	    count_key, &t->awaited, limit, cp_hash.buffer);
	put_signature(&signed_by, signature);
	rc = load_count_key(t, count_key, &key);
	if (rc != TSS2_RC_SUCCESS)
		return rc;
	rc = Esys_PolicySigned(t->via.esys, key, t->writer, NONE, NONE, NONE,
	    &nonce, &cp_hash, &nonce, 0, &signed_by, NULL, NULL);
	flush(t, &key);
	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_PolicyNvWritten(
		    t->via.esys, t->writer, NONE, NONE, NONE, TPM2_NO);
	return rc;
}

/* Its authorization value goes to the TPM encrypted for it. */
static TSS2_RC
define_index(
    struct eh_tpm2 *t, const struct eh_rawkey *count_key, ESYS_TR *nv)
{
	TPM2B_NV_PUBLIC public = { .nvPublic = {
		.nvIndex = t->awaited.handle,
		.nameAlg = TPM2_ALG_SHA256,
		.attributes = EH_COUNT_INDEX_ATTRIBUTES,
		.authPolicy = { .size = EH_SHA256_LEN },
		.dataSize = EH_COUNT_INDEX_LEN,
	} };
	TSS2_RC rc;

	eh_count_index_policy(count_key, &t->awaited,
	    public.nvPublic.authPolicy.buffer);
	rc = Esys_TRSess_SetAttributes(t->via.esys, t->via.session,
	    TPMA_SESSION_CONTINUESESSION | TPMA_SESSION_DECRYPT, 0xff);
	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_NV_DefineSpace(t->via.esys, ESYS_TR_RH_OWNER,
		    t->via.session, NONE, NONE, &t->auth, &public, nv);
	(void)Esys_TRSess_SetAttributes(t->via.esys, t->via.session,
	    TPMA_SESSION_CONTINUESESSION, 0xff);
	return rc;
}

enum eh_tpm_outcome
eh_tpm2_write(struct eh_tpm2 *t, const struct eh_rawkey *count_key,
    uint32_t limit, const uint8_t signature[64])
{
	TPM2B_MAX_NV_BUFFER data = { .size = EH_COUNT_INDEX_LEN };
	enum eh_tpm_outcome outcome;
	ESYS_TR nv = NONE;

	data.buffer[4] = (uint8_t)(limit >> 24);
	data.buffer[5] = (uint8_t)(limit >> 16);
	data.buffer[6] = (uint8_t)(limit >> 8);
	data.buffer[7] = (uint8_t)limit;
	outcome = said(t, "PolicySigned",
	    permit_write(t, count_key, limit, signature));
	if (outcome == EH_TPM_DONE)
		outcome = said(t, "NV_DefineSpace",
		    define_index(t, count_key, &nv));
	if (outcome == EH_TPM_DONE) {
		outcome = said(t, "NV_Write", Esys_NV_Write(t->via.esys, nv,
		    nv, t->writer, NONE, NONE, &data, 0));
		/* Unwritten it will be of no use to anybody. */
		if (outcome != EH_TPM_DONE && outcome != EH_TPM_LOST)
			(void)Esys_NV_UndefineSpace(t->via.esys,
			    ESYS_TR_RH_OWNER, nv, t->via.session, NONE, NONE);
	}
	if (outcome != EH_TPM_LOST)
		close_index(t, &nv);
	flush(t, &t->writer);
	return outcome;
}

enum eh_tpm_outcome
eh_tpm2_remove(struct eh_tpm2 *t, const struct eh_count_index *index)
{
	enum eh_tpm_outcome outcome;
	ESYS_TR nv;

	outcome = open_index(t, index->handle, &nv);
	if (outcome != EH_TPM_DONE)
		return outcome;
	return said(t, "NV_UndefineSpace", Esys_NV_UndefineSpace(t->via.esys,
	    ESYS_TR_RH_OWNER, nv, t->via.session, NONE, NONE));
}

/*
 * --- a signature ---
 */

/* The ticket for an approval, asked for once. */
static enum eh_tpm_outcome
check_approval(struct eh_tpm2 *t, const struct eh_counted_key *key,
    const struct eh_count_index *index, const uint8_t approval[64],
    const TPMT_TK_VERIFIED **ticketp)
{
	uint8_t bytes[EH_COUNT_SIGNED_MAX];
	TPM2B_DIGEST digest = { .size = EH_SHA256_LEN };
	struct eh_tpm2_ticket *place;
	TPMT_TK_VERIFIED *ticket = NULL;
	TPMT_SIGNATURE signature;
	ESYS_TR count_key = NONE;
	TSS2_RC rc;

	for (unsigned i = 0; i < EH_TPM2_TICKETS; i++) {
		place = &t->ticket[i];
		if (place->used && memcmp(place->approval, approval, 64) == 0) {
			*ticketp = &place->ticket;
			return EH_TPM_DONE;
		}
	}
	eh_sha256(bytes, eh_count_approval_signed(
	    &key->count_key, index, key->ref, bytes), digest.buffer);
	put_signature(&signature, approval);
	rc = load_count_key(t, &key->count_key, &count_key);
	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_VerifySignature(t->via.esys, count_key, NONE, NONE,
		    NONE, &digest, &signature, &ticket);
	flush(t, &count_key);
	if (rc != TSS2_RC_SUCCESS) {
		enum eh_tpm_outcome outcome = said(t, "VerifySignature", rc);

		return outcome == EH_TPM_FAILED ? EH_TPM_FOREIGN : outcome;
	}
	place = &t->ticket[t->next_ticket++ % EH_TPM2_TICKETS];
	place->used = 1;
	memcpy(place->approval, approval, 64);
	place->ticket = *ticket;
	*ticketp = &place->ticket;
	Esys_Free(ticket);
	return EH_TPM_DONE;
}

enum eh_tpm_outcome
eh_tpm2_prepare(struct eh_tpm2 *t, const struct eh_counted_key *key,
    const struct eh_count_index *index, const uint8_t approval[64],
    const TPMT_TK_VERIFIED **ticketp)
{
	enum eh_tpm_outcome outcome;

	if ((outcome = eh_tpm2_load(t, key)) != EH_TPM_DONE ||
	    (outcome = check_approval(t, key, index, approval, ticketp)) !=
	    EH_TPM_DONE)
		return outcome;
	if (t->policy != NONE)
		return said(t, "PolicyRestart", Esys_PolicyRestart(
		    t->via.esys, t->policy, NONE, NONE, NONE));
	outcome = said(t, "StartAuthSession", Esys_StartAuthSession(
	    t->via.esys, NONE, NONE, NONE, NONE, NONE, NULL, TPM2_SE_POLICY,
	    &no_cipher, TPM2_ALG_SHA256, &t->policy));
	if (outcome == EH_TPM_DONE)
		outcome = said(t, "TRSess_SetAttributes",
		    Esys_TRSess_SetAttributes(t->via.esys, t->policy,
		        TPMA_SESSION_CONTINUESESSION, 0xff));
	return outcome;
}

enum eh_tpm_outcome
eh_tpm2_spend(struct eh_tpm2 *t, const struct eh_count_index *index)
{
	enum eh_tpm_outcome outcome;
	ESYS_TR nv;

	outcome = open_index(t, index->handle, &nv);
	if (outcome != EH_TPM_DONE)
		return outcome;
	outcome = said(t, "TR_SetAuth",
	    Esys_TR_SetAuth(t->via.esys, nv, &t->auth));
	if (outcome == EH_TPM_DONE)
		outcome = said(t, "PolicySecret", Esys_PolicySecret(
		    t->via.esys, nv, t->policy, t->via.session, NONE, NONE,
		    NULL, NULL, NULL, 0, NULL, NULL));
	close_index(t, &nv);
	return outcome;
}

enum eh_tpm_outcome
eh_tpm2_permit(struct eh_tpm2 *t, const struct eh_counted_key *key,
    const struct eh_count_index *index, const TPMT_TK_VERIFIED *ticket)
{
	TPM2B_DIGEST approved = { .size = EH_SHA256_LEN };
	TPM2B_NONCE ref = { .size = EH_COUNT_REF };
	TPM2B_NAME name = { .size = EH_COUNT_NAME };

	eh_count_use_policy(&key->count_key, index, approved.buffer);
	memcpy(ref.buffer, key->ref, EH_COUNT_REF);
	eh_count_key_name(&key->count_key, name.name);
	return said(t, "PolicyAuthorize", Esys_PolicyAuthorize(t->via.esys,
	    t->policy, NONE, NONE, NONE, &approved, &ref, &name, ticket));
}

enum eh_tpm_outcome
eh_tpm2_sign(struct eh_tpm2 *t, const uint8_t digest[EH_SHA256_LEN],
    uint8_t signature[64])
{
	const TPMT_TK_HASHCHECK unchecked = { .tag = TPM2_ST_HASHCHECK,
		.hierarchy = TPM2_RH_NULL };
	TPM2B_DIGEST what = { .size = EH_SHA256_LEN };
	TPMT_SIGNATURE *made = NULL;
	enum eh_tpm_outcome outcome;

	memcpy(what.buffer, digest, EH_SHA256_LEN);
	outcome = said(t, "Sign", Esys_Sign(t->via.esys, t->key, t->policy,
	    NONE, NONE, &what, &ecdsa, &unchecked, &made));
	if (outcome != EH_TPM_DONE)
		return outcome;
	if (made->sigAlg != TPM2_ALG_ECDSA ||
	    !take_coordinate(&made->signature.ecdsa.signatureR, signature) ||
	    !take_coordinate(&made->signature.ecdsa.signatureS,
	        signature + 32))
		outcome = EH_TPM_FAILED;
	Esys_Free(made);
	return outcome;
}
