/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - a salted HMAC session of our own, for what is done often. */
#include "config.h"

#include <string.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_mu.h>

#include "common/crypto/ecdh.h"
#include "common/crypto/mac.h"
#include "common/crypto/random.h"
#include "common/ct.h"
#include "common/tpm/kdf.h"
#include "common/wipe.h"
#include "quota-engine/tpm/session.h"

#define CODE    4		/* bytes of a command or response code */
#define X_OF(k) ((k)->bytes + 1) /* of the point 04 || X || Y */
#define Y_OF(k) ((k)->bytes + 1 + EH_ECDH_LEN)

/*
 * --- beginning ---
 */

static int
draw_nonce(TPM2B_NONCE *nonce)
{
	nonce->size = EH_SHA256_LEN;
	return eh_random(nonce->buffer, EH_SHA256_LEN);
}

/* A secret for the TPM that has ${ek} (part 1, annex C.6.3), and how it learns
 * of it. */
static TSS2_RC
make_salt(const struct eh_rawkey *ek, uint8_t salt[EH_SHA256_LEN],
    TPM2B_ENCRYPTED_SECRET *sealed)
{
	TPMS_ECC_POINT point = { .x = { .size = EH_ECDH_LEN },
		.y = { .size = EH_ECDH_LEN } };
	struct eh_rawkey mine;
	uint8_t z[EH_ECDH_LEN];
	size_t len = 0;
	TSS2_RC rc = TSS2_ESYS_RC_GENERAL_FAILURE;

	if (eh_ecdh_fresh(ek, &mine, z) == EH_OK) {
		eh_tpm_kdfe(z, "SECRET",
		    &(struct eh_tpm_party) { X_OF(&mine), EH_ECDH_LEN },
		    &(struct eh_tpm_party) { X_OF(ek), EH_ECDH_LEN }, salt);
		memcpy(point.x.buffer, X_OF(&mine), EH_ECDH_LEN);
		memcpy(point.y.buffer, Y_OF(&mine), EH_ECDH_LEN);
		rc = Tss2_MU_TPMS_ECC_POINT_Marshal(
		    &point, sealed->secret, sizeof(sealed->secret), &len);
		sealed->size = (uint16_t)len;
	}
	eh_wipe(z, sizeof(z));
	return rc;
}

TSS2_RC
eh_tpm_session_start(struct eh_tpm_session *s, TSS2_SYS_CONTEXT *sys,
    uint32_t handle, const struct eh_rawkey *ek)
{
	static const TPMT_SYM_DEF none = { .algorithm = TPM2_ALG_NULL };
	TPM2B_ENCRYPTED_SECRET sealed = { .size = 0 };
	uint8_t salt[EH_SHA256_LEN] = { 0 };
	TPM2B_NONCE ours;
	TSS2_RC rc;

	memset(s, 0, sizeof(*s));
	if (draw_nonce(&ours) != EH_OK)
		return TSS2_ESYS_RC_GENERAL_FAILURE;
	if ((rc = make_salt(ek, salt, &sealed)) == TSS2_RC_SUCCESS)
		rc = Tss2_Sys_StartAuthSession(sys, handle, TPM2_RH_NULL, NULL,
		    &ours, &sealed, TPM2_SE_HMAC, &none, TPM2_ALG_SHA256,
		    &s->handle, &s->nonce, NULL);
	if (rc == TSS2_RC_SUCCESS) {
		s->sys = sys;
		eh_tpm_kdfa(salt, sizeof(salt), "ATH",
		    &(struct eh_tpm_party) { s->nonce.buffer, s->nonce.size },
		    &(struct eh_tpm_party) { ours.buffer, ours.size }, s->key,
		    sizeof(s->key));
	} else {
		s->handle = 0;
	}
	eh_wipe(salt, sizeof(salt));
	return rc;
}

void
eh_tpm_session_end(struct eh_tpm_session *s)
{
	if (s->handle != 0)
		(void)Tss2_Sys_FlushContext(s->sys, s->handle);
	eh_wipe(s, sizeof(*s));
}

/*
 * --- a command ---
 */

/* ${nv} is NULL for a session that authorizes nothing. */
static void
mac(const struct eh_tpm_session *s, const struct eh_tpm_nv *nv,
    const uint8_t digest[EH_SHA256_LEN], const TPM2B_NONCE *newer,
    const TPM2B_NONCE *older, uint8_t attributes, uint8_t out[EH_SHA256_LEN])
{
	uint8_t key[EH_SHA256_LEN + sizeof(nv->auth->buffer)];
	size_t len = EH_SHA256_LEN;
	struct eh_hmac_sha256 h;

	memcpy(key, s->key, EH_SHA256_LEN);
	if (nv != NULL) {
		memcpy(key + len, nv->auth->buffer, nv->auth->size);
		len += nv->auth->size;
	}
	eh_hmac_sha256_init(&h, key, len);
	eh_hmac_sha256_update(&h, digest, EH_SHA256_LEN);
	eh_hmac_sha256_update(&h, newer->buffer, newer->size);
	eh_hmac_sha256_update(&h, older->buffer, older->size);
	eh_hmac_sha256_update(&h, &attributes, 1);
	eh_hmac_sha256_final(&h, out);
	eh_wipe(key, sizeof(key));
}

/* cpHash: the command, twice the index (it authorizes itself), the rest. */
static TSS2_RC
hash_command(struct eh_tpm_session *s, const struct eh_tpm_nv *nv,
    uint8_t out[EH_SHA256_LEN])
{
	const uint8_t *rest = NULL;
	uint8_t code[CODE];
	struct eh_sha256 h;
	size_t len = 0;
	TSS2_RC rc;

	if ((rc = Tss2_Sys_GetCommandCode(s->sys, code)) != TSS2_RC_SUCCESS ||
	    (rc = Tss2_Sys_GetCpBuffer(s->sys, &len, &rest)) !=
	        TSS2_RC_SUCCESS)
		return rc;
	eh_sha256_init(&h);
	eh_sha256_update(&h, code, CODE);
	for (int i = 0; i < 2 && nv != NULL; i++)
		eh_sha256_update(&h, nv->name, EH_COUNT_NAME);
	eh_sha256_update(&h, rest, len);
	eh_sha256_final(&h, out);
	return TSS2_RC_SUCCESS;
}

/* rpHash: success, the command, what came back. */
static TSS2_RC
hash_response(struct eh_tpm_session *s, uint8_t out[EH_SHA256_LEN])
{
	static const uint8_t success[CODE];
	const uint8_t *rest = NULL;
	uint8_t code[CODE];
	struct eh_sha256 h;
	size_t len = 0;
	TSS2_RC rc;

	if ((rc = Tss2_Sys_GetCommandCode(s->sys, code)) != TSS2_RC_SUCCESS ||
	    (rc = Tss2_Sys_GetRpBuffer(s->sys, &len, &rest)) !=
	        TSS2_RC_SUCCESS)
		return rc;
	eh_sha256_init(&h);
	eh_sha256_update(&h, success, CODE);
	eh_sha256_update(&h, code, CODE);
	eh_sha256_update(&h, rest, len);
	eh_sha256_final(&h, out);
	return TSS2_RC_SUCCESS;
}

/* Is the answer that of who knows the secrets? */
static TSS2_RC
check_response(struct eh_tpm_session *s, const struct eh_tpm_nv *nv,
    const TPM2B_NONCE *ours)
{
	TSS2L_SYS_AUTH_RESPONSE auths = { .count = 0 };
	const TPMS_AUTH_RESPONSE *auth = &auths.auths[0];
	uint8_t digest[EH_SHA256_LEN], expected[EH_SHA256_LEN];
	TSS2_RC rc;

	if ((rc = Tss2_Sys_GetRspAuths(s->sys, &auths)) != TSS2_RC_SUCCESS ||
	    (rc = hash_response(s, digest)) != TSS2_RC_SUCCESS)
		return rc;
	mac(s, nv, digest, &auth->nonce, ours, auth->sessionAttributes,
	    expected);
	if (auths.count != 1 || auth->hmac.size != EH_SHA256_LEN ||
	    !eh_ct_equal(auth->hmac.buffer, expected, EH_SHA256_LEN))
		return TSS2_ESYS_RC_RSP_AUTH_FAILED;
	s->nonce = auth->nonce;
	return TSS2_RC_SUCCESS;
}

/* Send what was prepared. */
static TSS2_RC
run(struct eh_tpm_session *s, const struct eh_tpm_nv *nv)
{
	TSS2L_SYS_AUTH_COMMAND auths = { .count = 1 };
	TPMS_AUTH_COMMAND *auth = &auths.auths[0];
	uint8_t digest[EH_SHA256_LEN];
	TSS2_RC rc;

	auth->sessionHandle = s->handle;
	auth->sessionAttributes = TPMA_SESSION_CONTINUESESSION;
	if (nv == NULL)
		auth->sessionAttributes |= TPMA_SESSION_AUDIT;
	if (draw_nonce(&auth->nonce) != EH_OK)
		return TSS2_ESYS_RC_GENERAL_FAILURE;
	if ((rc = hash_command(s, nv, digest)) != TSS2_RC_SUCCESS)
		return rc;
	auth->hmac.size = EH_SHA256_LEN;
	mac(s, nv, digest, &auth->nonce, &s->nonce, auth->sessionAttributes,
	    auth->hmac.buffer);
	if ((rc = Tss2_Sys_SetCmdAuths(s->sys, &auths)) != TSS2_RC_SUCCESS ||
	    (rc = Tss2_Sys_Execute(s->sys)) != TSS2_RC_SUCCESS)
		return rc;
	return check_response(s, nv, &auth->nonce);
}

/*
 * --- the commands ---
 */

TSS2_RC
eh_tpm_session_read(struct eh_tpm_session *s, const struct eh_tpm_nv *nv,
    uint8_t *out, size_t len)
{
	TPM2B_MAX_NV_BUFFER data = { .size = 0 };
	TSS2_RC rc;

	if ((rc = Tss2_Sys_NV_Read_Prepare(s->sys, nv->handle, nv->handle,
	         (uint16_t)len, 0)) != TSS2_RC_SUCCESS ||
	    (rc = run(s, nv)) != TSS2_RC_SUCCESS ||
	    (rc = Tss2_Sys_NV_Read_Complete(s->sys, &data)) !=
	        TSS2_RC_SUCCESS)
		return rc;
	if (data.size != len)
		return TSS2_ESYS_RC_MALFORMED_RESPONSE;
	memcpy(out, data.buffer, len);
	return TSS2_RC_SUCCESS;
}

TSS2_RC
eh_tpm_session_extend(struct eh_tpm_session *s, const struct eh_tpm_nv *nv,
    const uint8_t digest[EH_SHA256_LEN])
{
	TPM2B_MAX_NV_BUFFER data = { .size = EH_SHA256_LEN };
	TSS2_RC rc;

	memcpy(data.buffer, digest, EH_SHA256_LEN);
	if ((rc = Tss2_Sys_NV_Extend_Prepare(
	         s->sys, nv->handle, nv->handle, &data)) != TSS2_RC_SUCCESS ||
	    (rc = run(s, nv)) != TSS2_RC_SUCCESS)
		return rc;
	return Tss2_Sys_NV_Extend_Complete(s->sys);
}

TSS2_RC
eh_tpm_session_clock(struct eh_tpm_session *s, TPMS_TIME_INFO *info)
{
	TSS2_RC rc;

	memset(info, 0, sizeof(*info));
	if ((rc = Tss2_Sys_ReadClock_Prepare(s->sys)) != TSS2_RC_SUCCESS ||
	    (rc = run(s, NULL)) != TSS2_RC_SUCCESS)
		return rc;
	return Tss2_Sys_ReadClock_Complete(s->sys, info);
}
