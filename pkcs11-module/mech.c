/* SPDX-License-Identifier: Apache-2.0 */
/* mech.c - the mechanisms, one table: what exists, and for which keys. */
#include "config.h"

#include "common/cbor/cbor.h"
#include "common/wire/wire.h"
#include "pkcs11-module/mech.h"

#define EC_FLAGS    (CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS)
#define ON(purpose) (1u << CK_EDGEHSM_PURPOSE_##purpose)

#define MESSAGE_MAX    (EH_WIRE_MAX - 65536)
#define P256_SIGNATURE 64
#define RECEIPT_MAX    65536

/*
 * An issuing key signs complete messages only, so that the boundary sees what
 * it signs: there is no raw CKM_ECDSA on it.
 */
/* clang-format off */
static const struct eh_mech mechs[] = {
	{ CKM_EC_KEY_PAIR_GEN,
	  { 256, 256, CKF_GENERATE_KEY_PAIR | EC_FLAGS },
	  EH_MECH_REQUEST_NONE, 0, 0, 0, 0, 0, 0 },
	{ CKM_ECDSA,
	  { 256, 256, CKF_SIGN | EC_FLAGS },
	  EH_MECH_REQUEST_SIGN, EH_MECH_ECDSA, ON(GENERAL),
	  0, 1, 64, P256_SIGNATURE },
	{ CKM_ECDSA_SHA256,
	  { 256, 256, CKF_SIGN | EC_FLAGS },
	  EH_MECH_REQUEST_SIGN, EH_MECH_ECDSA_SHA256, ON(GENERAL) | ON(ISSUING),
	  0, 0, MESSAGE_MAX, P256_SIGNATURE },
	{ CKM_EDGEHSM_ISSUE,
	  { 256, 256, CKF_SIGN },
	  EH_MECH_REQUEST_SIGN, EH_MECH_ISSUE, ON(ISSUING),
	  12288, 0, MESSAGE_MAX, P256_SIGNATURE },
	{ CKM_EDGEHSM_RECEIPT,
	  { 256, 256, CKF_SIGN },
	  EH_MECH_REQUEST_RECEIPT, 0, ON(ATTESTATION),
	  0, 16, 32, RECEIPT_MAX },
};

static const CK_MECHANISM_TYPE all[] = {
	CKM_EC_KEY_PAIR_GEN, CKM_ECDSA, CKM_ECDSA_SHA256, CKM_EDGEHSM_ISSUE,
	CKM_EDGEHSM_RECEIPT,
};
static const CK_MECHANISM_TYPE general[] = { CKM_ECDSA, CKM_ECDSA_SHA256 };
static const CK_MECHANISM_TYPE attestation[] = { CKM_EDGEHSM_RECEIPT };
static const CK_MECHANISM_TYPE issuing[] = {
	CKM_ECDSA_SHA256, CKM_EDGEHSM_ISSUE
};

static const struct {
	const CK_MECHANISM_TYPE *types;
	size_t n;
} by_purpose[] = {
	[CK_EDGEHSM_PURPOSE_GENERAL]     = { general, 2 },
	[CK_EDGEHSM_PURPOSE_ATTESTATION] = { attestation, 1 },
	[CK_EDGEHSM_PURPOSE_ISSUING]     = { issuing, 2 },
};
/* clang-format on */

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const struct eh_mech *
eh_mech_find(CK_MECHANISM_TYPE type)
{
	for (size_t i = 0; i < COUNT(mechs); i++)
		if (mechs[i].type == type)
			return &mechs[i];
	return NULL;
}

const CK_MECHANISM_TYPE *
eh_mech_list(size_t *np)
{
	*np = COUNT(all);
	return all;
}

const CK_MECHANISM_TYPE *
eh_mech_of_purpose(CK_ULONG purpose, size_t *np)
{
	*np = 0;
	if (purpose >= COUNT(by_purpose))
		return all;
	*np = by_purpose[purpose].n;
	return by_purpose[purpose].types;
}

CK_RV
eh_mech_check_param(const struct eh_mech *mech, const CK_MECHANISM *given)
{
	const unsigned char *param = given->pParameter;

	if (given->ulParameterLen == 0)
		return CKR_OK;
	if (param == NULL || given->ulParameterLen > mech->param_max)
		return CKR_MECHANISM_PARAM_INVALID;
	if (param[0] >> 5 != 5 ||
	    eh_cbor_check(param, given->ulParameterLen) != EH_OK)
		return CKR_MECHANISM_PARAM_INVALID;
	return CKR_OK;
}
