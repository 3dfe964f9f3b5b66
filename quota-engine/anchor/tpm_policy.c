/* SPDX-License-Identifier: Apache-2.0 */
/* tpm_policy.c - what may be done to an index of the platform, and by whom. */
#include "config.h"

#include <string.h>
#include <tss2/tss2_mu.h>

#include "common/crypto/digest.h"
#include "quota-engine/anchor/anchor.h"
#include "quota-engine/anchor/tpm_policy.h"

static void
put_u32(struct eh_sha256 *h, uint32_t v)
{
	const uint8_t bytes[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16),
		(uint8_t)(v >> 8), (uint8_t)v };

	eh_sha256_update(h, bytes, sizeof(bytes));
}

/* digest := SHA-256(digest || command || rest) */
static void
update(uint8_t digest[EH_DIGEST_LEN], uint32_t command, const void *rest,
    size_t len)
{
	struct eh_sha256 h;

	eh_sha256_init(&h);
	eh_sha256_update(&h, digest, EH_DIGEST_LEN);
	put_u32(&h, command);
	eh_sha256_update(&h, rest, len);
	eh_sha256_final(&h, digest);
}

static void
only_for(uint8_t digest[EH_DIGEST_LEN], uint32_t command)
{
	struct eh_sha256 h;

	eh_sha256_init(&h);
	eh_sha256_update(&h, digest, EH_DIGEST_LEN);
	put_u32(&h, TPM2_CC_PolicyCommandCode);
	put_u32(&h, command);
	eh_sha256_final(&h, digest);
}

/* The Name of ${root} as tpm2_loadexternal makes it with the attributes
 * userwithauth and sign. */
static int
name_of(const struct eh_rawkey *root, uint8_t name[EH_TPM_NAME])
{
	TPMT_PUBLIC public = { .type = TPM2_ALG_ECC,
		.nameAlg = TPM2_ALG_SHA256,
		.objectAttributes = TPMA_OBJECT_USERWITHAUTH |
		    TPMA_OBJECT_SIGN_ENCRYPT,
		.parameters = { .eccDetail = {
			.symmetric = { .algorithm = TPM2_ALG_NULL },
			.scheme = { .scheme = TPM2_ALG_NULL },
			.curveID = TPM2_ECC_NIST_P256,
			.kdf = { .scheme = TPM2_ALG_NULL } } },
		.unique = { .ecc = { .x = { .size = 32 },
		    .y = { .size = 32 } } } };
	uint8_t bytes[sizeof(TPMT_PUBLIC)];
	size_t len = 0;

	if (root->len != EH_P256_POINT_LEN)
		return EH_ERR_ARGUMENT;
	memcpy(public.unique.ecc.x.buffer, root->bytes + 1, 32);
	memcpy(public.unique.ecc.y.buffer, root->bytes + 33, 32);
	if (Tss2_MU_TPMT_PUBLIC_Marshal(
		&public, bytes, sizeof(bytes), &len) != TSS2_RC_SUCCESS)
		return EH_ERR_CRYPTO;
	name[0] = TPM2_ALG_SHA256 >> 8;
	name[1] = TPM2_ALG_SHA256 & 0xff;
	eh_sha256(bytes, len, name + 2);
	return EH_OK;
}

int
eh_tpm_policy(const struct eh_rawkey *root,
    uint8_t branch[EH_TPM_BRANCHES][EH_DIGEST_LEN],
    uint8_t policy[EH_DIGEST_LEN])
{
	uint8_t name[EH_TPM_NAME], *digest = branch[EH_TPM_MAY_DELETE];
	int err;

	if ((err = name_of(root, name)) != EH_OK)
		return err;
	memset(branch, 0, EH_TPM_BRANCHES * EH_DIGEST_LEN);
	memset(policy, 0, EH_DIGEST_LEN);
	update(digest, TPM2_CC_PolicySigned, name, sizeof(name));
	eh_sha256(digest, EH_DIGEST_LEN, digest); /* no policyRef */
	only_for(digest, TPM2_CC_NV_UndefineSpaceSpecial);
	digest = branch[EH_TPM_MAY_TAKE];
	update(digest, TPM2_CC_PolicyAuthValue, NULL, 0);
	only_for(digest, TPM2_CC_NV_ChangeAuth);
	update(policy, TPM2_CC_PolicyOR, branch,
	    EH_TPM_BRANCHES * EH_DIGEST_LEN);
	return EH_OK;
}
