/* SPDX-License-Identifier: Apache-2.0 */
/* tpm_call.c - one conversation with a TPM: what the anchor asks of it. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#include "common/crypto/digest.h"
#include "quota-engine/anchor/tpm_call.h"

#define NONE ESYS_TR_NONE

static const TPMT_SYM_DEF aes = {
	.algorithm = TPM2_ALG_AES,
	.keyBits = { .aes = 128 },
	.mode = { .aes = TPM2_ALG_CFB },
};

/* Note what went wrong, and what to look at. */
static enum eh_tpm_outcome
said(struct eh_tpm *t, const char *call, TSS2_RC rc)
{
	static const char *const what[] = {
		[EH_TPM_DONE] = "",
		[EH_TPM_ABSENT] = "it has no such index: it is another TPM, or "
		    "somebody has removed the index",
		[EH_TPM_FOREIGN] = "the index is not as we made it",
		[EH_TPM_UNWRITTEN] = "the index was made anew",
		[EH_TPM_REFUSED] = "the index does not know our secret, or "
		    "the answer is not the TPM's: it is another TPM, or "
		    "somebody has made the index anew",
		[EH_TPM_BUSY] = "it puts us off",
		[EH_TPM_LOST] = "it cannot be reached: look at the device or "
		    "socket, and whether the TPM was started",
		[EH_TPM_FAILED] = "it refuses",
	};
	enum eh_tpm_outcome outcome = eh_tpm_link_judge(rc);

	if (outcome != EH_TPM_DONE)
		eh_error_set(&t->why, EH_ERR_STORAGE,
		    "the TPM answers %s with 0x%x: %s", call, rc,
		    what[outcome]);
	return outcome;
}

/*
 * --- connection and session ---
 */

void
eh_tpm_disconnect(struct eh_tpm *t)
{
	eh_tpm_link_close(&t->via);
	for (unsigned i = 0; i < EH_TPM_PLACES; i++) {
		t->place[i] = NONE;
		t->is_written[i] = 0;
	}
}

enum eh_tpm_outcome
eh_tpm_connect(struct eh_tpm *t)
{
	if (t->via.esys != NULL)
		return EH_TPM_DONE;
	return said(t, "a new session", eh_tpm_link_open(&t->via, t->tcti));
}

/* Four characters of a property, as far as they are printable. */
static size_t
put_characters(char *out, size_t at, uint32_t value)
{
	for (int shift = 24; shift >= 0 && at + 1 < EH_TPM_MODEL; shift -= 8) {
		char c = (char)(value >> shift & 0x7f);

		if (c > ' ' || (c == ' ' && at > 0 && out[at - 1] != ' '))
			out[at++] = c;
	}
	return at;
}

void
eh_tpm_ask_model(struct eh_tpm *t)
{
	TPMS_CAPABILITY_DATA *data = NULL;
	uint32_t firmware[2] = { 0, 0 };
	size_t at = 0;
	TPMI_YES_NO more;

	if (Esys_GetCapability(t->via.esys, NONE, NONE, NONE,
		TPM2_CAP_TPM_PROPERTIES, TPM2_PT_MANUFACTURER,
		TPM2_PT_FIRMWARE_VERSION_2 - TPM2_PT_MANUFACTURER + 1, &more,
		&data) != TSS2_RC_SUCCESS)
		return;
	for (uint32_t i = 0; i < data->data.tpmProperties.count; i++) {
		const TPMS_TAGGED_PROPERTY *p =
		    &data->data.tpmProperties.tpmProperty[i];

		if (p->property == TPM2_PT_VENDOR_STRING_1 && at > 0 &&
		    at + 1 < EH_TPM_MODEL)
			t->model[at++] = ' ';
		if (p->property <= TPM2_PT_VENDOR_STRING_4)
			at = put_characters(t->model, at, p->value);
		if (p->property == TPM2_PT_FIRMWARE_VERSION_1)
			firmware[0] = p->value;
		if (p->property == TPM2_PT_FIRMWARE_VERSION_2)
			firmware[1] = p->value;
	}
	Esys_Free(data);
	snprintf(t->model + at, EH_TPM_MODEL - at,
	    ", firmware %u.%u.%u.%u", firmware[0] >> 16,
	    firmware[0] & 0xffff, firmware[1] >> 16, firmware[1] & 0xffff);
}

/*
 * --- the indexes ---
 */

static void
public_of(const struct eh_tpm *t, enum eh_tpm_place place,
    TPM2B_NV_PUBLIC *public)
{
	TPMA_NV type = place == EH_TPM_INDEX ? TPM2_NT_EXTEND : TPM2_NT_COUNTER;

	memset(public, 0, sizeof(*public));
	public->nvPublic.nvIndex = t->handle + (uint32_t)place;
	public->nvPublic.nameAlg = TPM2_ALG_SHA256;
	public->nvPublic.attributes = type << TPMA_NV_TPM2_NT_SHIFT |
	    TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA;
	if (t->mode == EH_ANCHOR_TPM_PLATFORM)
		public->nvPublic.attributes |=
		    TPMA_NV_POLICY_DELETE | TPMA_NV_PLATFORMCREATE;
	public->nvPublic.dataSize = place == EH_TPM_INDEX ? EH_DIGEST_LEN : 8;
}

/* The Name of what was found, as it is once written. */
static enum eh_tpm_outcome
note_name(struct eh_tpm *t, enum eh_tpm_place place,
    const TPMS_NV_PUBLIC *found)
{
	TPMS_NV_PUBLIC written = *found;
	uint8_t bytes[sizeof(TPMS_NV_PUBLIC)], *name = t->name[place];
	size_t len = 0;

	written.attributes |= TPMA_NV_WRITTEN;
	if (Tss2_MU_TPMS_NV_PUBLIC_Marshal(
		&written, bytes, sizeof(bytes), &len) != TSS2_RC_SUCCESS)
		return EH_TPM_FAILED;
	name[0] = TPM2_ALG_SHA256 >> 8;
	name[1] = TPM2_ALG_SHA256 & 0xff;
	eh_sha256(bytes, len, name + 2);
	if (found->authPolicy.size == EH_DIGEST_LEN)
		memcpy(t->policy, found->authPolicy.buffer, EH_DIGEST_LEN);
	return EH_TPM_DONE;
}

static int
is_ours(const struct eh_tpm *t, enum eh_tpm_place place,
    const TPMS_NV_PUBLIC *found)
{
	TPM2B_NV_PUBLIC ours;

	public_of(t, place, &ours);
	return found->nvIndex == ours.nvPublic.nvIndex &&
	    found->nameAlg == ours.nvPublic.nameAlg &&
	    (found->attributes & ~TPMA_NV_WRITTEN) ==
	    ours.nvPublic.attributes &&
	    found->authPolicy.size ==
	    (t->mode == EH_ANCHOR_TPM_PLATFORM ? EH_DIGEST_LEN : 0) &&
	    found->dataSize == ours.nvPublic.dataSize;
}

static enum eh_tpm_outcome
with_secret(struct eh_tpm *t, enum eh_tpm_place place)
{
	return said(t, "TR_SetAuth",
	    Esys_TR_SetAuth(t->via.esys, t->place[place],
	        t->is_bound ? &t->auth : NULL));
}

enum eh_tpm_outcome
eh_tpm_look_up(struct eh_tpm *t, enum eh_tpm_place place)
{
	TPM2B_NV_PUBLIC *found = NULL;
	enum eh_tpm_outcome outcome;

	if (t->place[place] != NONE && t->is_written[place])
		return EH_TPM_DONE;
	outcome = said(t, "NV_ReadPublic", Esys_TR_FromTPMPublic(t->via.esys,
	    t->handle + (uint32_t)place, NONE, NONE, NONE, &t->place[place]));
	if (outcome != EH_TPM_DONE) {
		t->place[place] = NONE;
		return outcome;
	}
	outcome = said(t, "NV_ReadPublic", Esys_NV_ReadPublic(t->via.esys,
	    t->place[place], NONE, NONE, NONE, &found, NULL));
	if (outcome != EH_TPM_DONE)
		return outcome;
	t->is_written[place] =
	    (found->nvPublic.attributes & TPMA_NV_WRITTEN) != 0;
	if (is_ours(t, place, &found->nvPublic)) {
		outcome = with_secret(t, place);
		if (outcome == EH_TPM_DONE)
			outcome = note_name(t, place, &found->nvPublic);
	}
	else {
		outcome = EH_TPM_FOREIGN;
	}
	Esys_Free(found);
	if (outcome == EH_TPM_FOREIGN) {
		t->is_written[place] = 0; /* look again next time */
		eh_error_set(&t->why, EH_ERR_CONFIG, "the index 0x%08x of the "
		    "TPM is something else than an anchor of ours: name "
		    "another index, or remove it",
		    t->handle + (unsigned)place);
	}
	return outcome;
}

/* An index that is written is read and extended in the quick session: its Name
 * will not change any more. */
static struct eh_tpm_nv
quick(const struct eh_tpm *t, enum eh_tpm_place place)
{
	return (struct eh_tpm_nv) { .handle = t->handle + (uint32_t)place,
		.name = t->name[place], .auth = &t->auth };
}

static enum eh_tpm_outcome
quicken(struct eh_tpm *t)
{
	return said(t, "a new session", eh_tpm_link_quicken(&t->via));
}

static enum eh_tpm_outcome
resume(struct eh_tpm *t)
{
	return said(t, "a new session", eh_tpm_link_resume(&t->via));
}

static enum eh_tpm_outcome
read_unwritten(
    struct eh_tpm *t, enum eh_tpm_place place, uint8_t *out, size_t len)
{
	TPM2B_MAX_NV_BUFFER *data = NULL;
	enum eh_tpm_outcome outcome = resume(t);

	if (outcome != EH_TPM_DONE)
		return outcome;
	outcome = said(t, "NV_Read", Esys_NV_Read(t->via.esys, t->place[place],
	    t->place[place], t->via.session, NONE, NONE, (uint16_t)len, 0, &data));
	if (outcome != EH_TPM_DONE)
		return outcome;
	if (data->size == len)
		memcpy(out, data->buffer, len);
	else
		outcome = EH_TPM_FAILED;
	Esys_Free(data);
	return outcome;
}

enum eh_tpm_outcome
eh_tpm_read(struct eh_tpm *t, enum eh_tpm_place place, uint8_t *out, size_t len)
{
	struct eh_tpm_nv nv = quick(t, place);
	enum eh_tpm_outcome outcome;

	if (!t->is_written[place])
		return read_unwritten(t, place, out, len);
	if ((outcome = quicken(t)) != EH_TPM_DONE)
		return outcome;
	return said(t, "NV_Read",
	    eh_tpm_session_read(&t->via.quick, &nv, out, len));
}

static enum eh_tpm_outcome
extend_unwritten(struct eh_tpm *t, const uint8_t digest[EH_DIGEST_LEN])
{
	TPM2B_MAX_NV_BUFFER data = { .size = EH_DIGEST_LEN };
	ESYS_TR nv = t->place[EH_TPM_INDEX];
	enum eh_tpm_outcome outcome = resume(t);

	if (outcome != EH_TPM_DONE)
		return outcome;
	memcpy(data.buffer, digest, EH_DIGEST_LEN);
	return said(t, "NV_Extend", Esys_NV_Extend(
	    t->via.esys, nv, nv, t->via.session, NONE, NONE, &data));
}

enum eh_tpm_outcome
eh_tpm_extend(struct eh_tpm *t, const uint8_t digest[EH_DIGEST_LEN])
{
	struct eh_tpm_nv nv = quick(t, EH_TPM_INDEX);
	enum eh_tpm_outcome outcome;

	if (!t->is_written[EH_TPM_INDEX])
		return extend_unwritten(t, digest);
	if ((outcome = quicken(t)) != EH_TPM_DONE)
		return outcome;
	return said(t, "NV_Extend",
	    eh_tpm_session_extend(&t->via.quick, &nv, digest));
}

enum eh_tpm_outcome
eh_tpm_increment(struct eh_tpm *t)
{
	ESYS_TR nv = t->place[EH_TPM_COUNTER];
	enum eh_tpm_outcome outcome = resume(t);

	if (outcome != EH_TPM_DONE)
		return outcome;
	return said(t, "NV_Increment",
	    Esys_NV_Increment(t->via.esys, nv, nv, t->via.session, NONE, NONE));
}

/* The secret goes to the TPM encrypted for it. */
enum eh_tpm_outcome
eh_tpm_define(struct eh_tpm *t, enum eh_tpm_place place)
{
	enum eh_tpm_outcome outcome;
	TPM2B_NV_PUBLIC public;

	if ((outcome = resume(t)) != EH_TPM_DONE)
		return outcome;
	public_of(t, place, &public);
	outcome = said(t, "TRSess_SetAttributes", Esys_TRSess_SetAttributes(
	    t->via.esys, t->via.session,
	    TPMA_SESSION_CONTINUESESSION | TPMA_SESSION_DECRYPT, 0xff));
	if (outcome != EH_TPM_DONE)
		return outcome;
	outcome = said(t, "NV_DefineSpace", Esys_NV_DefineSpace(t->via.esys,
	    ESYS_TR_RH_OWNER, t->via.session, NONE, NONE, &t->auth, &public,
	    &t->place[place]));
	t->is_written[place] = 0;
	if (outcome != EH_TPM_DONE) {
		t->place[place] = NONE;
		return outcome;
	}
	outcome = said(t, "TRSess_SetAttributes", Esys_TRSess_SetAttributes(
	    t->via.esys, t->via.session, TPMA_SESSION_CONTINUESESSION, 0xff));
	return outcome == EH_TPM_DONE ? with_secret(t, place) : outcome;
}

enum eh_tpm_outcome
eh_tpm_undefine(struct eh_tpm *t, enum eh_tpm_place place)
{
	enum eh_tpm_outcome outcome = resume(t);

	if (outcome != EH_TPM_DONE)
		return outcome;
	outcome = said(t, "NV_UndefineSpace", Esys_NV_UndefineSpace(t->via.esys,
	    ESYS_TR_RH_OWNER, t->place[place], t->via.session, NONE, NONE));
	if (outcome == EH_TPM_DONE)
		t->place[place] = NONE;
	return outcome;
}

/* The policy session that lets NV_ChangeAuth through. */
static TSS2_RC
start_policy(struct eh_tpm *t,
    uint8_t branch[EH_TPM_BRANCHES][EH_DIGEST_LEN], ESYS_TR *policy)
{
	TPML_DIGEST either = { .count = EH_TPM_BRANCHES };
	TSS2_RC rc;

	for (unsigned i = 0; i < EH_TPM_BRANCHES; i++) {
		either.digests[i].size = EH_DIGEST_LEN;
		memcpy(either.digests[i].buffer, branch[i], EH_DIGEST_LEN);
	}
	rc = Esys_StartAuthSession(t->via.esys, NONE, NONE, NONE, NONE, NONE, NULL,
	    TPM2_SE_POLICY, &aes, TPM2_ALG_SHA256, policy);
	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_PolicyAuthValue(t->via.esys, *policy, NONE, NONE, NONE);
	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_PolicyCommandCode(t->via.esys, *policy, NONE, NONE, NONE,
		    TPM2_CC_NV_ChangeAuth);
	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_PolicyOR(
		    t->via.esys, *policy, NONE, NONE, NONE, &either);
	return rc;
}

enum eh_tpm_outcome
eh_tpm_take(struct eh_tpm *t, uint8_t branch[EH_TPM_BRANCHES][EH_DIGEST_LEN])
{
	ESYS_TR policy = NONE, nv = t->place[EH_TPM_INDEX];
	TSS2_RC rc = eh_tpm_link_resume(&t->via);

	if (rc == TSS2_RC_SUCCESS)
		rc = start_policy(t, branch, &policy);
	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_TR_SetAuth(t->via.esys, nv, NULL);
	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_TRSess_SetAttributes(t->via.esys, t->via.session,
		    TPMA_SESSION_CONTINUESESSION | TPMA_SESSION_DECRYPT, 0xff);
	if (rc == TSS2_RC_SUCCESS)
		rc = Esys_NV_ChangeAuth(
		    t->via.esys, nv, policy, t->via.session, NONE, &t->auth);
	if (rc != TSS2_RC_SUCCESS && policy != NONE)
		(void)Esys_FlushContext(t->via.esys, policy);
	(void)Esys_TRSess_SetAttributes(
	    t->via.esys, t->via.session, TPMA_SESSION_CONTINUESESSION, 0xff);
	if (Esys_TR_SetAuth(t->via.esys, nv, &t->auth) != TSS2_RC_SUCCESS)
		return EH_TPM_LOST;
	return said(t, "NV_ChangeAuth", rc);
}

/* Audited, so that the answer has the session's HMAC. */
enum eh_tpm_outcome
eh_tpm_clock(struct eh_tpm *t, struct eh_clock_tpm *clock)
{
	TPMS_TIME_INFO info;
	enum eh_tpm_outcome outcome = quicken(t);

	memset(clock, 0, sizeof(*clock));
	if (outcome != EH_TPM_DONE)
		return outcome;
	outcome = said(t, "ReadClock",
	    eh_tpm_session_clock(&t->via.quick, &info));
	if (outcome != EH_TPM_DONE)
		return outcome;
	clock->known = 1;
	clock->ms = info.time;
	clock->resets = info.clockInfo.resetCount;
	return EH_TPM_DONE;
}
