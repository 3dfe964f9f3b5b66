/* SPDX-License-Identifier: Apache-2.0 */
/* link.c - a connection to a TPM, and a session that only it can answer in. */
#include "config.h"

#include <string.h>
#include <tss2/tss2_sys.h>
#include <tss2/tss2_tctildr.h>

#include "common/crypto/ecdh.h"
#include "quota-engine/tpm/link.h"

#define NONE ESYS_TR_NONE

/* The bits of a response code (TPM 2.0 part 2 section 6.6). */
#define FORMAT_ONE   0x080u
#define OF_SESSION   0x800u
#define OF_PARAMETER 0x040u
#define ERROR_BITS   0x0bfu

/* Where the handles of sessions and of transient objects begin; the names for
 * them in tss2_tpm2_types.h shift into the sign. */
#define FIRST_SESSION   0x02000000u
#define FIRST_TRANSIENT 0x80000000u

static const TPMT_SYM_DEF aes = {
	.algorithm = TPM2_ALG_AES,
	.keyBits = { .aes = 128 },
	.mode = { .aes = TPM2_ALG_CFB },
};

/* TCG EK Credential Profile, template L-2: PolicySecret(endorsement). */
static const TPM2B_PUBLIC ek_template = {
	.publicArea = {
		.type = TPM2_ALG_ECC,
		.nameAlg = TPM2_ALG_SHA256,
		.objectAttributes = TPMA_OBJECT_FIXEDTPM |
		    TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
		    TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_RESTRICTED |
		    TPMA_OBJECT_DECRYPT,
		.authPolicy = { .size = 32, .buffer = {
			0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8,
			0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24,
			0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64,
			0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa } },
		.parameters = { .eccDetail = {
			.symmetric = { .algorithm = TPM2_ALG_AES,
			    .keyBits = { .aes = 128 },
			    .mode = { .aes = TPM2_ALG_CFB } },
			.scheme = { .scheme = TPM2_ALG_NULL },
			.curveID = TPM2_ECC_NIST_P256,
			.kdf = { .scheme = TPM2_ALG_NULL } } },
		.unique = { .ecc = { .x = { .size = 32 },
		    .y = { .size = 32 } } },
	},
};

/*
 * --- what a code means ---
 */

/* Errors of format zero and warnings. */
static enum eh_tpm_outcome
judge_plain(TPM2_RC rc)
{
	switch (rc) {
	case TPM2_RC_NV_RATE:
	case TPM2_RC_RETRY:
	case TPM2_RC_YIELDED:
	case TPM2_RC_TESTING:
	case TPM2_RC_CANCELED:
	case TPM2_RC_NV_UNAVAILABLE:
		return EH_TPM_BUSY;
	case TPM2_RC_AUTH_UNAVAILABLE:
	case TPM2_RC_NV_AUTHORIZATION:
		return EH_TPM_REFUSED;
	case TPM2_RC_NV_UNINITIALIZED:
		return EH_TPM_UNWRITTEN;
	case TPM2_RC_INITIALIZE:
		return EH_TPM_LOST;
	default:
		/* It forgot our session, or has no room for one. */
		return (rc & TPM2_RC_WARN) == TPM2_RC_WARN ? EH_TPM_LOST :
							     EH_TPM_FAILED;
	}
}

static enum eh_tpm_outcome
judge_numbered(TPM2_RC rc)
{
	int of_session = (rc & OF_SESSION) != 0 && (rc & OF_PARAMETER) == 0;

	switch (rc & ERROR_BITS) {
	case TPM2_RC_AUTH_FAIL:
	case TPM2_RC_BAD_AUTH:
		return EH_TPM_REFUSED;
	case TPM2_RC_HANDLE:
		return of_session ? EH_TPM_LOST : EH_TPM_ABSENT;
	case TPM2_RC_VALUE:
		return of_session ? EH_TPM_LOST : EH_TPM_FAILED;
	default:
		return EH_TPM_FAILED;
	}
}

enum eh_tpm_outcome
eh_tpm_link_judge(TSS2_RC rc)
{
	TSS2_RC layer = rc & TSS2_RC_LAYER_MASK;

	if (rc == TSS2_RC_SUCCESS)
		return EH_TPM_DONE;
	if (layer != TSS2_TPM_RC_LAYER && layer != TSS2_RESMGR_TPM_RC_LAYER)
		return (rc & ~TSS2_RC_LAYER_MASK) ==
		    TSS2_BASE_RC_RSP_AUTH_FAILED ? EH_TPM_REFUSED : EH_TPM_LOST;
	rc &= ~TSS2_RC_LAYER_MASK;
	return rc & FORMAT_ONE ? judge_numbered(rc) : judge_plain(rc);
}

/*
 * --- connection and session ---
 */

void
eh_tpm_link_close(struct eh_tpm_link *l)
{
	eh_tpm_session_end(&l->quick);
	if (l->esys != NULL && l->session != NONE)
		(void)Esys_FlushContext(l->esys, l->session);
	Esys_Finalize(&l->esys);
	Tss2_TctiLdr_Finalize(&l->transport);
	l->session = NONE;
}

static void
sweep(struct eh_tpm_link *l, uint32_t first)
{
	TPMS_CAPABILITY_DATA *data = NULL;
	TSS2_SYS_CONTEXT *sys = NULL;
	TPMI_YES_NO more;

	if (Esys_GetSysContext(l->esys, &sys) != TSS2_RC_SUCCESS ||
	    Esys_GetCapability(l->esys, NONE, NONE, NONE, TPM2_CAP_HANDLES,
		first, TPM2_MAX_CAP_HANDLES, &more, &data) != TSS2_RC_SUCCESS)
		return;
	for (uint32_t i = 0; i < data->data.handles.count; i++)
		(void)Tss2_Sys_FlushContext(
		    sys, data->data.handles.handle[i]);
	Esys_Free(data);
}

/* The endorsement key, loaded; ${public} may be NULL. */
static TSS2_RC
load_ek(struct eh_tpm_link *l, ESYS_TR *ek, TPM2B_PUBLIC **public)
{
	const TPM2B_SENSITIVE_CREATE nothing = { 0 };
	const TPML_PCR_SELECTION no_pcr = { 0 };
	const TPM2B_DATA no_data = { 0 };

	return Esys_CreatePrimary(l->esys, ESYS_TR_RH_ENDORSEMENT,
	    ESYS_TR_PASSWORD, NONE, NONE, &nothing, &ek_template, &no_data,
	    &no_pcr, ek, public, NULL, NULL, NULL);
}

static TSS2_RC
start_session(struct eh_tpm_link *l)
{
	TPM2B_NAME *name = NULL;
	ESYS_TR ek = NONE;
	TSS2_RC rc;

	if ((rc = load_ek(l, &ek, NULL)) != TSS2_RC_SUCCESS)
		return rc;
	rc = Esys_TR_GetName(l->esys, ek, &name);
	if (rc == TSS2_RC_SUCCESS && name->size != EH_COUNT_NAME)
		rc = TSS2_ESYS_RC_GENERAL_FAILURE;
	if (rc == TSS2_RC_SUCCESS) {
		memcpy(l->key, name->name, EH_COUNT_NAME);
		rc = Esys_StartAuthSession(l->esys, ek, NONE, NONE, NONE, NONE,
		    NULL, TPM2_SE_HMAC, &aes, TPM2_ALG_SHA256, &l->session);
	}
	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_TRSess_SetAttributes(l->esys, l->session,
		    TPMA_SESSION_CONTINUESESSION, 0xff);
	Esys_Free(name);
	(void)Esys_FlushContext(l->esys, ek);
	return rc;
}

static int
point_of(const TPM2B_PUBLIC *public, struct eh_rawkey *key)
{
	const TPMS_ECC_POINT *p = &public->publicArea.unique.ecc;
	uint8_t bytes[EH_P256_POINT_LEN] = { 4 };

	if (p->x.size > EH_ECDH_LEN || p->y.size > EH_ECDH_LEN)
		return EH_ERR_FORMAT;
	memcpy(bytes + 1 + EH_ECDH_LEN - p->x.size, p->x.buffer, p->x.size);
	memcpy(bytes + 1 + 2 * EH_ECDH_LEN - p->y.size, p->y.buffer,
	    p->y.size);
	return eh_rawkey_set(key, bytes, sizeof(bytes));
}

static TSS2_RC
start_quick(struct eh_tpm_link *l)
{
	TSS2_SYS_CONTEXT *sys = NULL;
	TPM2B_PUBLIC *public = NULL;
	struct eh_rawkey key;
	TPM2_HANDLE handle = 0;
	ESYS_TR ek = NONE;
	TSS2_RC rc;

	if ((rc = load_ek(l, &ek, &public)) != TSS2_RC_SUCCESS)
		return rc;
	rc = Esys_TR_GetTpmHandle(l->esys, ek, &handle);
	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_GetSysContext(l->esys, &sys);
	if (rc == TSS2_RC_SUCCESS && point_of(public, &key) != EH_OK)
		rc = TSS2_ESYS_RC_GENERAL_FAILURE;
	if (rc == TSS2_RC_SUCCESS)
		rc = eh_tpm_session_start(&l->quick, sys, handle, &key);
	Esys_Free(public);
	(void)Esys_FlushContext(l->esys, ek);
	return rc;
}

int
eh_tpm_link_is_crowded(TSS2_RC rc)
{
	return rc == TPM2_RC_SESSION_MEMORY || rc == TPM2_RC_SESSION_HANDLES ||
	    rc == TPM2_RC_OBJECT_MEMORY || rc == TPM2_RC_OBJECT_HANDLES;
}

TSS2_RC
eh_tpm_link_quicken(struct eh_tpm_link *l)
{
	TSS2_RC rc;

	if (l->quick.handle != 0)
		return TSS2_RC_SUCCESS;
	if (l->session != NONE)
		(void)Esys_FlushContext(l->esys, l->session);
	l->session = NONE;
	rc = start_quick(l);
	if (eh_tpm_link_is_crowded(rc)) {
		sweep(l, FIRST_SESSION);
		sweep(l, FIRST_TRANSIENT);
		rc = start_quick(l);
	}
	return rc;
}

TSS2_RC
eh_tpm_link_resume(struct eh_tpm_link *l)
{
	TSS2_RC rc;

	if (l->session != NONE)
		return TSS2_RC_SUCCESS;
	eh_tpm_session_end(&l->quick);
	rc = start_session(l);
	return eh_tpm_link_is_crowded(rc) ? eh_tpm_link_sweep(l) : rc;
}

TSS2_RC
eh_tpm_link_sweep(struct eh_tpm_link *l)
{
	TSS2_RC rc;

	sweep(l, FIRST_SESSION);
	sweep(l, FIRST_TRANSIENT);
	(void)Esys_TR_Close(l->esys, &l->session);
	l->session = NONE;
	rc = start_session(l);
	if (rc != TSS2_RC_SUCCESS)
		eh_tpm_link_close(l);
	return rc;
}

TSS2_RC
eh_tpm_link_open(struct eh_tpm_link *l, const char *tcti)
{
	TSS2_RC rc;

	rc = Tss2_TctiLdr_Initialize(tcti, &l->transport);
	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_Initialize(&l->esys, l->transport, NULL);
	if (rc == TSS2_RC_SUCCESS)
		rc = start_session(l);
	if (l->esys != NULL && eh_tpm_link_is_crowded(rc))
		return eh_tpm_link_sweep(l);
	if (rc != TSS2_RC_SUCCESS)
		eh_tpm_link_close(l);
	return rc;
}
