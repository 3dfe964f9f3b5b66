/* SPDX-License-Identifier: Apache-2.0 */
/* test_tpm.c - the anchor in a TPM: swtpm, and hosts that lie before it. */
#include "config.h"

#include <signal.h>
#include <string.h>
#include <time.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_tctildr.h>

#include "common/crypto/soft.h"
#include "quota-engine/anchor/anchor.h"
#include "quota-engine/anchor/tpm_policy.h"
#include "quota-engine/clockguard.h"
#include "test/unit/quota-engine/swtpm.h"
#include "test/unit/unit.h"

#define INDEX       0x01800100u
#define PLATFORM_INDEX 0x01400100u
#define PATIENCE_MS 3000

static const uint32_t index_of[] = { [EH_ANCHOR_TPM_OWNER] = INDEX,
	[EH_ANCHOR_TPM_PLATFORM] = PLATFORM_INDEX };
static enum eh_anchor_mode mode = EH_ANCHOR_TPM_OWNER;
static struct eh_rawkey root;
static struct swtpm tpm;
static struct eh_anchor *anchor;
static struct eh_error error;
static const uint8_t secret[EH_DIGEST_LEN] = { 1, 2, 3 };
static const uint8_t zeros[EH_DIGEST_LEN];
static const uint8_t digest[EH_DIGEST_LEN] = { 0xd1, 0xd2 };

static void
begin(void)
{
	signal(SIGPIPE, SIG_IGN);
	eh_error_clear(&error);
	anchor = NULL;
	swtpm_make(&tpm);
}

static void
end(void)
{
	eh_anchor_close(anchor);
	swtpm_remove(&tpm);
}

static struct eh_anchor *
open_at(const char *tcti, const uint8_t *key)
{
	struct eh_anchor *a = NULL;

	ck_assert_msg(eh_anchor_tpm_open(tcti, mode, index_of[mode],
	    PATIENCE_MS, &a, &error) == EH_OK, "%s", error.text);
	if (key != NULL)
		a->bind(a->arg, key);
	return a;
}

static int
extend(const uint8_t *from)
{
	return anchor->extend(anchor->arg, from, digest);
}

/* Check what it holds: ${n} times the digest. */
static void
holds(unsigned n)
{
	uint8_t want[EH_DIGEST_LEN] = { 0 }, value[EH_DIGEST_LEN];

	while (n-- > 0)
		eh_anchor_next(want, digest, want);
	ck_assert_int_eq(anchor->read(anchor->arg, value), EH_OK);
	ck_assert_mem_eq(value, want, sizeof(value));
}

static const char *
why(void)
{
	anchor->why(anchor->arg, &error);
	return error.text;
}

/* Defined, and extended ${n} times. */
static void
make(const char *tcti, unsigned n)
{
	uint8_t value[EH_DIGEST_LEN] = { 0 };

	anchor = open_at(tcti, secret);
	ck_assert_int_eq(anchor->define(anchor->arg, &root), EH_OK);
	for (; n > 0; n--) {
		ck_assert_int_eq(extend(value), EH_OK);
		eh_anchor_next(value, digest, value);
	}
}

static void
reopen(const char *tcti, const uint8_t *key)
{
	eh_anchor_close(anchor);
	anchor = open_at(tcti, key);
}

START_TEST(a_new_anchor_is_zeros_and_is_extended_as_the_format_says)
{
	uint8_t value[EH_DIGEST_LEN];

	anchor = open_at(tpm.tcti, secret);
	ck_assert_int_eq(anchor->class, EH_CLASS_FILE);
	ck_assert_int_eq(anchor->mode, EH_ANCHOR_TPM_OWNER);
	ck_assert_int_eq(anchor->read(anchor->arg, value), EH_ERR_NOT_FOUND);
	ck_assert_int_eq(anchor->define(anchor->arg, &root), EH_OK);
	holds(0);
	ck_assert_int_eq(extend(zeros), EH_OK);
	holds(1);
	reopen(tpm.tcti, secret);
	holds(1);
	swtpm_kill(&tpm);
	swtpm_start(&tpm);
	reopen(tpm.tcti, secret);
	holds(1);
}
END_TEST

START_TEST(it_is_extended_only_from_where_it_is)
{
	static const uint8_t other[EH_DIGEST_LEN] = { 9 };

	make(tpm.tcti, 1);
	ck_assert_int_eq(extend(other), EH_DENIED_FAIL_STOPPED);
	ck_assert_int_eq(extend(zeros), EH_DENIED_FAIL_STOPPED);
	holds(1);
}
END_TEST

START_TEST(it_is_defined_once)
{
	make(tpm.tcti, 1);
	ck_assert_int_eq(anchor->define(anchor->arg, &root), EH_ERR_EXISTS);
	holds(1);
}
END_TEST

START_TEST(a_genesis_that_was_cut_short_is_begun_again_with_another_secret)
{
	static const uint8_t other[EH_DIGEST_LEN] = { 7 };
	struct eh_anchor_identity first, second;

	make(tpm.tcti, 0);
	ck_assert_int_eq(anchor->identify(anchor->arg, &first), EH_OK);
	reopen(tpm.tcti, other);
	holds(0);
	ck_assert_int_eq(anchor->define(anchor->arg, &root), EH_OK);
	ck_assert_int_eq(anchor->identify(anchor->arg, &second), EH_OK);
	ck_assert_uint_gt(second.count, first.count);
	ck_assert_int_eq(extend(zeros), EH_OK);
	holds(1);
}
END_TEST

START_TEST(without_the_secret_nothing_is_read_or_extended)
{
	static const uint8_t other[EH_DIGEST_LEN] = { 7 };
	struct eh_anchor_identity id;
	uint8_t value[EH_DIGEST_LEN];

	make(tpm.tcti, 1);
	reopen(tpm.tcti, NULL);
	ck_assert_int_eq(anchor->read(anchor->arg, value), EH_ERR_ARGUMENT);
	ck_assert_int_eq(
	    anchor->identify(anchor->arg, &id), EH_ERR_ARGUMENT);
	ck_assert_int_ne(extend(zeros), EH_OK);
	reopen(tpm.tcti, other);
	ck_assert_int_eq(anchor->read(anchor->arg, value), EH_ERR_FORMAT);
	ck_assert_msg(strstr(why(), "does not know our secret") != NULL, "%s",
	    error.text);
	ck_assert_int_eq(extend(zeros), EH_ERR_FORMAT);
	ck_assert_int_eq(anchor->raise(anchor->arg, 1), EH_ERR_FORMAT);
	reopen(tpm.tcti, secret);
	holds(1);
}
END_TEST

/*
 * --- what the owner of the TPM can do ---
 */

static ESYS_CONTEXT *esys;
static TSS2_TCTI_CONTEXT *transport;

static void
owner_begins(void)
{
	ck_assert_uint_eq(Tss2_TctiLdr_Initialize(tpm.tcti, &transport), 0);
	ck_assert_uint_eq(Esys_Initialize(&esys, transport, NULL), 0);
}

static void
owner_ends(void)
{
	Esys_Finalize(&esys);
	Tss2_TctiLdr_Finalize(&transport);
}

static void
owner_undefines(uint32_t handle)
{
	ESYS_TR nv;

	ck_assert_uint_eq(Esys_TR_FromTPMPublic(esys, handle, ESYS_TR_NONE,
	    ESYS_TR_NONE, ESYS_TR_NONE, &nv), 0);
	ck_assert_uint_eq(Esys_NV_UndefineSpace(esys, ESYS_TR_RH_OWNER, nv,
	    ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE), 0);
}

static ESYS_TR
owner_defines(uint32_t handle, TPMA_NV type, uint16_t len)
{
	const TPM2B_NV_PUBLIC public = { .nvPublic = { .nvIndex = handle,
		.nameAlg = TPM2_ALG_SHA256,
		.attributes = type << TPMA_NV_TPM2_NT_SHIFT | TPMA_NV_AUTHREAD |
		    TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA,
		.dataSize = len } };
	const TPM2B_AUTH none = { 0 };
	ESYS_TR nv;

	ck_assert_uint_eq(Esys_NV_DefineSpace(esys, ESYS_TR_RH_OWNER,
	    ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &none, &public, &nv),
	    0);
	return nv;
}

START_TEST(an_index_that_the_owner_made_anew_and_wound_on_is_not_ours)
{
	TPM2B_MAX_NV_BUFFER again = { .size = EH_DIGEST_LEN };
	uint8_t value[EH_DIGEST_LEN];
	ESYS_TR nv;

	make(tpm.tcti, 1);
	eh_anchor_close(anchor);
	anchor = NULL;
	owner_begins();
	owner_undefines(INDEX);
	nv = owner_defines(INDEX, TPM2_NT_EXTEND, EH_DIGEST_LEN);
	memcpy(again.buffer, digest, EH_DIGEST_LEN);
	ck_assert_uint_eq(Esys_NV_Extend(esys, nv, nv, ESYS_TR_PASSWORD,
	    ESYS_TR_NONE, ESYS_TR_NONE, &again), 0);
	owner_ends();
	anchor = open_at(tpm.tcti, secret);
	ck_assert_int_eq(anchor->read(anchor->arg, value), EH_ERR_FORMAT);
}
END_TEST

START_TEST(what_is_somebody_elses_is_neither_used_nor_removed)
{
	for (uint32_t place = INDEX; place <= INDEX + 1; place++) {
		owner_begins();
		(void)owner_defines(place, TPM2_NT_ORDINARY, 16);
		owner_ends();
		anchor = open_at(tpm.tcti, secret);
		ck_assert_int_eq(
		    anchor->define(anchor->arg, &root), EH_ERR_CONFIG);
		ck_assert_msg(strstr(why(), "name another index") != NULL,
		    "%s", error.text);
		eh_anchor_close(anchor);
		anchor = NULL;
		owner_begins();
		owner_undefines(place); /* it is still there */
		owner_ends();
	}
	make(tpm.tcti, 1);
	holds(1);
}
END_TEST

START_TEST(an_index_that_was_removed_is_missing)
{
	uint8_t value[EH_DIGEST_LEN];

	make(tpm.tcti, 1);
	eh_anchor_close(anchor);
	anchor = NULL;
	owner_begins();
	owner_undefines(INDEX);
	owner_ends();
	anchor = open_at(tpm.tcti, secret);
	ck_assert_int_eq(anchor->read(anchor->arg, value), EH_ERR_NOT_FOUND);
	ck_assert_msg(
	    strstr(why(), "it has no such index") != NULL, "%s", error.text);
}
END_TEST

/*
 * --- what the platform does before ---
 */

static struct eh_soft *root_key;
static const TPM2B_DIGEST no_digest;
static const TPM2B_NONCE no_nonce;

static ESYS_TR
session_of(TPM2_SE type)
{
	const TPMT_SYM_DEF none = { .algorithm = TPM2_ALG_NULL };
	ESYS_TR session;

	ck_assert_uint_eq(Esys_StartAuthSession(esys, ESYS_TR_NONE,
	    ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, NULL, type,
	    &none, TPM2_ALG_SHA256, &session), 0);
	return session;
}

/* The root as tpm2_loadexternal loads it. */
static ESYS_TR
load_root(void)
{
	TPM2B_PUBLIC public = { .publicArea = { .type = TPM2_ALG_ECC,
		.nameAlg = TPM2_ALG_SHA256,
		.objectAttributes = TPMA_OBJECT_USERWITHAUTH |
		    TPMA_OBJECT_SIGN_ENCRYPT,
		.parameters = { .eccDetail = {
			.symmetric = { .algorithm = TPM2_ALG_NULL },
			.scheme = { .scheme = TPM2_ALG_NULL },
			.curveID = TPM2_ECC_NIST_P256,
			.kdf = { .scheme = TPM2_ALG_NULL } } },
		.unique = { .ecc = { .x = { .size = 32 },
		    .y = { .size = 32 } } } } };
	ESYS_TR key;

	memcpy(public.publicArea.unique.ecc.x.buffer, root.bytes + 1, 32);
	memcpy(public.publicArea.unique.ecc.y.buffer, root.bytes + 33, 32);
	ck_assert_uint_eq(Esys_LoadExternal(esys, ESYS_TR_NONE, ESYS_TR_NONE,
	    ESYS_TR_NONE, NULL, &public, ESYS_TR_RH_OWNER, &key), 0);
	return key;
}

/* Satisfy a branch; PolicySigned by the root, over the session's nonce. */
static void
go_through(ESYS_TR session, enum eh_tpm_branch branch, int signature_holds)
{
	TPMT_SIGNATURE by = { .sigAlg = TPM2_ALG_ECDSA,
		.signature = { .ecdsa = { .hash = TPM2_ALG_SHA256,
		    .signatureR = { .size = 32 },
		    .signatureS = { .size = 32 } } } };
	uint8_t said[64 + 4], raw[64];
	TPM2B_NONCE *nonce = NULL;
	struct eh_signer signer;
	size_t len;
	ESYS_TR key;

	if (branch == EH_TPM_MAY_TAKE) {
		ck_assert_uint_eq(Esys_PolicyAuthValue(esys, session,
		    ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE), 0);
		ck_assert_uint_eq(Esys_PolicyCommandCode(esys, session,
		    ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
		    TPM2_CC_NV_ChangeAuth), 0);
		return;
	}
	key = load_root();
	ck_assert_uint_eq(
	    Esys_TRSess_GetNonceTPM(esys, session, &nonce), 0);
	len = nonce->size;
	memcpy(said, nonce->buffer, len);
	memset(said + len, 0, 4); /* no expiration */
	eh_soft_signer(root_key, &signer);
	ck_assert_int_eq(
	    signer.sign(signer.arg, said, len + 4, raw), EH_OK);
	memcpy(by.signature.ecdsa.signatureR.buffer, raw, 32);
	memcpy(by.signature.ecdsa.signatureS.buffer, raw + 32, 32);
	by.signature.ecdsa.signatureS.buffer[0] ^= !signature_holds;
	ck_assert_int_eq(Esys_PolicySigned(esys, key, session, ESYS_TR_NONE,
	    ESYS_TR_NONE, ESYS_TR_NONE, nonce, &no_digest, &no_nonce, 0, &by,
	    NULL, NULL) == 0, signature_holds);
	Esys_Free(nonce);
	ck_assert_uint_eq(Esys_FlushContext(esys, key), 0);
	if (signature_holds)
		ck_assert_uint_eq(Esys_PolicyCommandCode(esys, session,
		    ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
		    TPM2_CC_NV_UndefineSpaceSpecial), 0);
}

static void
either(ESYS_TR session, const TPML_DIGEST *branches)
{
	ck_assert_uint_eq(Esys_PolicyOR(esys, session, ESYS_TR_NONE,
	    ESYS_TR_NONE, ESYS_TR_NONE, branches), 0);
}

/* The policy as the TPM itself computes it. */
static void
ask_policy(TPML_DIGEST *branches, TPM2B_DIGEST *policy)
{
	TPM2B_DIGEST *found;
	ESYS_TR session;

	branches->count = EH_TPM_BRANCHES;
	for (unsigned i = 0; i < EH_TPM_BRANCHES; i++) {
		session = session_of(TPM2_SE_TRIAL);
		go_through(session, (enum eh_tpm_branch)i, 1);
		ck_assert_uint_eq(Esys_PolicyGetDigest(esys, session,
		    ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &found), 0);
		branches->digests[i] = *found;
		Esys_Free(found);
		Esys_FlushContext(esys, session);
	}
	session = session_of(TPM2_SE_TRIAL);
	either(session, branches);
	ck_assert_uint_eq(Esys_PolicyGetDigest(esys, session, ESYS_TR_NONE,
	    ESYS_TR_NONE, ESYS_TR_NONE, &found), 0);
	*policy = *found;
	Esys_Free(found);
	Esys_FlushContext(esys, session);
}

static TPML_DIGEST branches;

static void
platform_defines(void)
{
	TPM2B_NV_PUBLIC public = { .nvPublic = { .nvIndex = PLATFORM_INDEX,
		.nameAlg = TPM2_ALG_SHA256,
		.attributes = TPM2_NT_EXTEND << TPMA_NV_TPM2_NT_SHIFT |
		    TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA |
		    TPMA_NV_POLICY_DELETE | TPMA_NV_PLATFORMCREATE,
		.dataSize = EH_DIGEST_LEN } };
	const TPM2B_AUTH none = { 0 };
	ESYS_TR nv;

	ask_policy(&branches, &public.nvPublic.authPolicy);
	ck_assert_uint_eq(Esys_NV_DefineSpace(esys, ESYS_TR_RH_PLATFORM,
	    ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &none, &public, &nv),
	    0);
}

static void
begin_platform(void)
{
	begin();
	mode = EH_ANCHOR_TPM_PLATFORM;
	ck_assert_int_eq(eh_soft_generate(&root_key), EH_OK);
	root = *eh_soft_public(root_key);
	owner_begins();
	platform_defines();
	owner_ends();
}

static void
end_platform(void)
{
	eh_soft_free(root_key);
	end();
	mode = EH_ANCHOR_TPM_OWNER;
}

START_TEST(an_index_of_the_platform_is_taken_and_extended)
{
	struct eh_anchor_identity first, again;

	make(tpm.tcti, 2);
	ck_assert_int_eq(anchor->mode, EH_ANCHOR_TPM_PLATFORM);
	ck_assert(anchor->raise == NULL);
	holds(2);
	ck_assert_int_eq(anchor->identify(anchor->arg, &first), EH_OK);
	ck_assert_uint_eq(first.count, 0);
	swtpm_kill(&tpm);
	swtpm_start(&tpm);
	reopen(tpm.tcti, secret);
	holds(2);
	ck_assert_int_eq(anchor->identify(anchor->arg, &again), EH_OK);
	ck_assert_mem_eq(&first, &again, sizeof(first));
	ck_assert_int_eq(
	    anchor->define(anchor->arg, &root), EH_ERR_EXISTS);
}
END_TEST

START_TEST(our_policy_is_the_one_that_a_tpm_computes)
{
	uint8_t branch[EH_TPM_BRANCHES][EH_DIGEST_LEN], policy[EH_DIGEST_LEN];
	TPM2B_DIGEST asked;

	owner_begins();
	ask_policy(&branches, &asked);
	owner_ends();
	ck_assert_int_eq(eh_tpm_policy(&root, branch, policy), EH_OK);
	for (unsigned i = 0; i < EH_TPM_BRANCHES; i++)
		ck_assert_mem_eq(
		    branch[i], branches.digests[i].buffer, EH_DIGEST_LEN);
	ck_assert_mem_eq(policy, asked.buffer, EH_DIGEST_LEN);
	root.len = 32;
	ck_assert_int_eq(
	    eh_tpm_policy(&root, branch, policy), EH_ERR_ARGUMENT);
}
END_TEST

START_TEST(an_index_for_another_root_is_not_taken)
{
	root.bytes[40] ^= 1;
	anchor = open_at(tpm.tcti, secret);
	ck_assert_int_eq(
	    anchor->define(anchor->arg, &root), EH_ERR_CONFIG);
	ck_assert_msg(strstr(why(), "not that of this OEM's root") != NULL,
	    "%s", error.text);
	root.bytes[40] ^= 1;
	ck_assert_int_eq(anchor->define(anchor->arg, &root), EH_OK);
}
END_TEST

START_TEST(a_platform_without_the_index_is_told_what_to_do)
{
	struct swtpm other;

	swtpm_make(&other);
	anchor = open_at(other.tcti, secret);
	ck_assert_int_eq(
	    anchor->define(anchor->arg, &root), EH_ERR_CONFIG);
	ck_assert_msg(strstr(why(), "before the operating system starts") !=
	    NULL, "%s", error.text);
	eh_anchor_close(anchor);
	anchor = NULL;
	swtpm_remove(&other);
}
END_TEST

START_TEST(an_index_that_was_taken_is_not_taken_by_another)
{
	static const uint8_t other[EH_DIGEST_LEN] = { 7 };

	make(tpm.tcti, 0);
	reopen(tpm.tcti, other);
	ck_assert_int_eq(
	    anchor->define(anchor->arg, &root), EH_ERR_CONFIG);
	reopen(tpm.tcti, secret);
	ck_assert_int_eq(anchor->define(anchor->arg, &root), EH_OK);
	ck_assert_int_eq(extend(zeros), EH_OK);
	holds(1);
}
END_TEST

/* Remove the index by its policy. */
static TSS2_RC
platform_undefines(enum eh_tpm_branch branch, int signature_holds)
{
	ESYS_TR nv, session = session_of(TPM2_SE_POLICY);
	TSS2_RC rc;

	ck_assert_uint_eq(Esys_TR_FromTPMPublic(esys, PLATFORM_INDEX,
	    ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &nv), 0);
	go_through(session, branch, signature_holds);
	if (signature_holds)
		either(session, &branches);
	rc = Esys_NV_UndefineSpaceSpecial(esys, nv, ESYS_TR_RH_PLATFORM,
	    session, ESYS_TR_PASSWORD, ESYS_TR_NONE);
	if (rc != 0)
		Esys_FlushContext(esys, session);
	return rc;
}

START_TEST(only_the_root_can_remove_an_index_of_the_platform)
{
	static const ESYS_TR who[] = { ESYS_TR_RH_OWNER, ESYS_TR_RH_PLATFORM };
	ESYS_TR nv;

	make(tpm.tcti, 1);
	eh_anchor_close(anchor);
	anchor = NULL;
	owner_begins();
	for (size_t i = 0; i < sizeof(who) / sizeof(who[0]); i++) {
		ck_assert_uint_eq(Esys_TR_FromTPMPublic(esys, PLATFORM_INDEX,
		    ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &nv), 0);
		ck_assert_uint_ne(Esys_NV_UndefineSpace(esys, who[i], nv,
		    ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE), 0);
	}
	ck_assert_uint_ne(platform_undefines(EH_TPM_MAY_TAKE, 1), 0);
	ck_assert_uint_ne(platform_undefines(EH_TPM_MAY_DELETE, 0), 0);
	ck_assert_uint_eq(Esys_Clear(esys, ESYS_TR_RH_PLATFORM,
	    ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE), 0);
	owner_ends();
	anchor = open_at(tpm.tcti, secret);
	holds(1);
	eh_anchor_close(anchor);
	anchor = NULL;
	owner_begins();
	ck_assert_uint_eq(platform_undefines(EH_TPM_MAY_DELETE, 1), 0);
	owner_ends();
}
END_TEST

/*
 * --- the counter ---
 */

START_TEST(its_clock_goes_on_and_a_reset_is_counted)
{
	struct timespec tenth = { .tv_nsec = 100000000 };
	struct eh_clock_tpm first, later;

	make(tpm.tcti, 1);
	ck_assert_int_eq(anchor->clock(anchor->arg, &first), EH_OK);
	ck_assert_uint_eq(first.known, 1);
	nanosleep(&tenth, NULL);
	ck_assert_int_eq(anchor->clock(anchor->arg, &later), EH_OK);
	ck_assert_uint_ge(later.ms, first.ms + 90);
	ck_assert_uint_eq(later.resets, first.resets);
	holds(1);	/* the session is as it was */
	ck_assert_int_eq(extend(zeros), EH_DENIED_FAIL_STOPPED);
	swtpm_kill(&tpm);
	swtpm_start(&tpm);
	ck_assert_int_eq(anchor->clock(anchor->arg, &later), EH_OK);
	ck_assert_uint_gt(later.resets, first.resets);
}
END_TEST

START_TEST(a_start_is_counted_once)
{
	struct eh_anchor_identity id;
	uint64_t count;

	make(tpm.tcti, 0);
	ck_assert_int_eq(anchor->identify(anchor->arg, &id), EH_OK);
	count = id.count;
	ck_assert_int_eq(anchor->raise(anchor->arg, count), EH_OK);
	/* Cut short behind the counter: the next start does not count again. */
	ck_assert_int_eq(anchor->raise(anchor->arg, count), EH_OK);
	ck_assert_int_eq(anchor->identify(anchor->arg, &id), EH_OK);
	ck_assert_uint_eq(id.count, count + 1);
	ck_assert_int_eq(anchor->raise(anchor->arg, count + 1), EH_OK);
	ck_assert_int_eq(
	    anchor->raise(anchor->arg, count), EH_DENIED_FAIL_STOPPED);
	ck_assert_int_eq(
	    anchor->raise(anchor->arg, count + 3), EH_DENIED_FAIL_STOPPED);
	ck_assert_int_eq(anchor->identify(anchor->arg, &id), EH_OK);
	ck_assert_uint_eq(id.count, count + 2);
}
END_TEST

START_TEST(another_tpm_is_another_anchor)
{
	struct eh_anchor_identity here, there, after;
	struct swtpm second;

	make(tpm.tcti, 1);
	ck_assert_int_eq(anchor->identify(anchor->arg, &here), EH_OK);
	reopen(tpm.tcti, secret);
	ck_assert_int_eq(anchor->identify(anchor->arg, &after), EH_OK);
	ck_assert_mem_eq(&after, &here, sizeof(here));
	eh_anchor_close(anchor);
	swtpm_make(&second);
	make(second.tcti, 1);
	ck_assert_int_eq(anchor->identify(anchor->arg, &there), EH_OK);
	ck_assert_mem_ne(there.key, here.key, EH_TPM_NAME);
	eh_anchor_close(anchor);
	anchor = NULL;
	swtpm_remove(&second);
}
END_TEST

/*
 * --- what the host between can do ---
 */

static struct swtpm_host host;

static void
begin_host(void)
{
	begin();
	swtpm_host_start(&host, &tpm);
	make(host.tcti, 1);
}

static void
end_host(void)
{
	eh_anchor_close(anchor);
	anchor = NULL;
	swtpm_host_stop(&host);
	swtpm_remove(&tpm);
}

/* The second extend, while the host plays its trick ${times}. */
static void
extend_through(enum swtpm_trick trick, unsigned times)
{
	uint8_t one[EH_DIGEST_LEN];

	eh_anchor_next(zeros, digest, one);
	swtpm_host_play(&host, trick, TPM2_CC_NV_Extend, times);
	ck_assert_int_eq(extend(one), EH_OK);
	ck_assert_uint_eq(host.times, 0);
	holds(2);
	ck_assert_uint_eq(swtpm_host_seen(&host, TPM2_CC_NV_Extend), 2);
}

START_TEST(a_lost_reply_is_not_extended_twice)
{
	extend_through(SWTPM_LOSE_REPLY, 1);
}
END_TEST

START_TEST(a_lost_command_is_sent_again)
{
	extend_through(SWTPM_LOSE_COMMAND, 2);
}
END_TEST

START_TEST(a_tpm_that_limits_its_writes_is_waited_for)
{
	struct timespec from, to;

	clock_gettime(CLOCK_MONOTONIC, &from);
	extend_through(SWTPM_PUT_OFF, 3);
	clock_gettime(CLOCK_MONOTONIC, &to);
	/* 50 + 100 + 200 ms. */
	ck_assert_int_ge((to.tv_sec - from.tv_sec) * 1000 +
	    (to.tv_nsec - from.tv_nsec) / 1000000, 340);
}
END_TEST

START_TEST(a_lost_count_is_not_counted_twice)
{
	struct eh_anchor_identity id;
	uint64_t count;

	ck_assert_int_eq(anchor->identify(anchor->arg, &id), EH_OK);
	count = id.count;
	swtpm_host_play(&host, SWTPM_LOSE_REPLY, TPM2_CC_NV_Increment, 1);
	ck_assert_int_eq(anchor->raise(anchor->arg, count), EH_OK);
	swtpm_host_play(&host, SWTPM_PUT_OFF, TPM2_CC_NV_Increment, 1);
	ck_assert_int_eq(anchor->raise(anchor->arg, count + 1), EH_OK);
	ck_assert_int_eq(anchor->identify(anchor->arg, &id), EH_OK);
	ck_assert_uint_eq(id.count, count + 2);
}
END_TEST

START_TEST(a_host_that_answers_itself_is_not_believed)
{
	uint8_t one[EH_DIGEST_LEN], value[EH_DIGEST_LEN];

	eh_anchor_next(zeros, digest, one);
	swtpm_host_play(&host, SWTPM_RECORD, TPM2_CC_NV_Read, 1);
	holds(1);
	ck_assert_int_eq(extend(one), EH_OK);
	/* The first lie costs the session, the second the host's name. */
	swtpm_host_play(&host, SWTPM_REPEAT, TPM2_CC_NV_Read, 1);
	holds(2);
	swtpm_host_play(&host, SWTPM_REPEAT, TPM2_CC_NV_Read, 2);
	ck_assert_int_eq(anchor->read(anchor->arg, value), EH_ERR_FORMAT);
	holds(2);
}
END_TEST

START_TEST(a_host_that_answers_for_the_clock_is_not_believed)
{
	struct eh_clock_tpm clock;

	ck_assert_int_eq(anchor->clock(anchor->arg, &clock), EH_OK);
	swtpm_host_play(&host, SWTPM_RECORD, TPM2_CC_ReadClock, 1);
	ck_assert_int_eq(anchor->clock(anchor->arg, &clock), EH_OK);
	/* Once is a session that went stale: asked again, and not in vain. */
	swtpm_host_play(&host, SWTPM_REPEAT, TPM2_CC_ReadClock, 1);
	ck_assert_int_eq(anchor->clock(anchor->arg, &clock), EH_OK);
	swtpm_host_play(&host, SWTPM_REPEAT, TPM2_CC_ReadClock, 2);
	ck_assert_int_eq(anchor->clock(anchor->arg, &clock), EH_ERR_FORMAT);
}
END_TEST

START_TEST(reading_and_starting_write_nothing)
{
	unsigned writes = 0;

	swtpm_host_play(&host, SWTPM_HONEST, 0, 0);
	for (int i = 0; i < 8; i++) {
		reopen(host.tcti, secret);
		holds(1);
	}
	writes += swtpm_host_seen(&host, TPM2_CC_NV_Extend);
	writes += swtpm_host_seen(&host, TPM2_CC_NV_Increment);
	writes += swtpm_host_seen(&host, TPM2_CC_NV_DefineSpace);
	writes += swtpm_host_seen(&host, TPM2_CC_NV_UndefineSpace);
	/* Those of making it. */
	ck_assert_uint_eq(writes, 1 + 1 + 2);
}
END_TEST

/*
 * --- a TPM that goes away ---
 */

static int extended;

static void *
extend_meanwhile(void *from)
{
	extended = extend(from);
	return NULL;
}

START_TEST(a_tpm_that_comes_back_in_time_is_gone_on_with)
{
	const struct timespec while_away = { .tv_nsec = 400 * 1000 * 1000 };
	uint8_t one[EH_DIGEST_LEN];
	pthread_t thread;

	eh_anchor_next(zeros, digest, one);
	make(tpm.tcti, 1);
	swtpm_kill(&tpm);
	ck_assert_int_eq(
	    pthread_create(&thread, NULL, extend_meanwhile, one), 0);
	nanosleep(&while_away, NULL);
	swtpm_start(&tpm);
	pthread_join(thread, NULL);
	ck_assert_int_eq(extended, EH_OK);
	holds(2);
}
END_TEST

START_TEST(a_tpm_that_does_not_come_back_is_given_up)
{
	struct eh_anchor *second;
	uint8_t value[EH_DIGEST_LEN];

	ck_assert_int_eq(eh_anchor_tpm_open(
	    tpm.tcti, mode, INDEX, 100, &anchor, &error), EH_OK);
	anchor->bind(anchor->arg, secret);
	ck_assert_int_eq(anchor->define(anchor->arg, &root), EH_OK);
	swtpm_kill(&tpm);
	ck_assert_int_eq(extend(zeros), EH_ERR_STORAGE);
	ck_assert_msg(
	    strstr(why(), "cannot be reached") != NULL, "%s", error.text);
	ck_assert_int_eq(anchor->read(anchor->arg, value), EH_ERR_STORAGE);
	ck_assert_int_eq(eh_anchor_tpm_open(tpm.tcti, mode, INDEX, 100,
	    &second, &error), EH_ERR_STORAGE);
	ck_assert_msg(strstr(error.text, tpm.tcti) != NULL, "%s", error.text);
	ck_assert_ptr_null(second);
	swtpm_start(&tpm);
	holds(0);
}
END_TEST

START_TEST(clients_that_were_killed_leave_room_for_us)
{
	ESYS_TR session;

	make(tpm.tcti, 1);
	eh_anchor_close(anchor);
	anchor = NULL;
	/* As many sessions as the TPM has room for, and nobody to end them. */
	owner_begins();
	while (Esys_StartAuthSession(esys, ESYS_TR_NONE, ESYS_TR_NONE,
	    ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, NULL, TPM2_SE_HMAC,
	    &(TPMT_SYM_DEF){ .algorithm = TPM2_ALG_NULL }, TPM2_ALG_SHA256,
	    &session) == 0)
		;
	owner_ends();
	anchor = open_at(tpm.tcti, secret);
	holds(1);
}
END_TEST

int
main(void)
{
	Suite *s;
	TCase *c;

	if (!swtpm_exists())
		return unit_skip("swtpm is not installed");
	s = suite_create("tpm");
	c = tcase_create("anchor");
	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, begin, end);
	tcase_add_test(
	    c, a_new_anchor_is_zeros_and_is_extended_as_the_format_says);
	tcase_add_test(c, it_is_extended_only_from_where_it_is);
	tcase_add_test(c, it_is_defined_once);
	tcase_add_test(c,
	    a_genesis_that_was_cut_short_is_begun_again_with_another_secret);
	tcase_add_test(c, without_the_secret_nothing_is_read_or_extended);
	tcase_add_test(
	    c, an_index_that_the_owner_made_anew_and_wound_on_is_not_ours);
	tcase_add_test(c, what_is_somebody_elses_is_neither_used_nor_removed);
	tcase_add_test(c, an_index_that_was_removed_is_missing);
	tcase_add_test(c, its_clock_goes_on_and_a_reset_is_counted);
	tcase_add_test(c, a_start_is_counted_once);
	tcase_add_test(c, another_tpm_is_another_anchor);
	tcase_add_test(c, a_tpm_that_comes_back_in_time_is_gone_on_with);
	tcase_add_test(c, a_tpm_that_does_not_come_back_is_given_up);
	tcase_add_test(c, clients_that_were_killed_leave_room_for_us);
	suite_add_tcase(s, c);
	c = tcase_create("platform");
	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, begin_platform, end_platform);
	tcase_add_test(c, an_index_of_the_platform_is_taken_and_extended);
	tcase_add_test(c, our_policy_is_the_one_that_a_tpm_computes);
	tcase_add_test(c, an_index_for_another_root_is_not_taken);
	tcase_add_test(c, a_platform_without_the_index_is_told_what_to_do);
	tcase_add_test(c, an_index_that_was_taken_is_not_taken_by_another);
	tcase_add_test(c, only_the_root_can_remove_an_index_of_the_platform);
	suite_add_tcase(s, c);
	c = tcase_create("host");
	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, begin_host, end_host);
	tcase_add_test(c, a_lost_reply_is_not_extended_twice);
	tcase_add_test(c, a_lost_command_is_sent_again);
	tcase_add_test(c, a_tpm_that_limits_its_writes_is_waited_for);
	tcase_add_test(c, a_lost_count_is_not_counted_twice);
	tcase_add_test(c, a_host_that_answers_itself_is_not_believed);
	tcase_add_test(c, a_host_that_answers_for_the_clock_is_not_believed);
	tcase_add_test(c, reading_and_starting_write_nothing);
	suite_add_tcase(s, c);
	return unit_run(s);
}
