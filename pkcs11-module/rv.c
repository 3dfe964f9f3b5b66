/* SPDX-License-Identifier: Apache-2.0 */
/* rv.c - what an error of ours is called in Cryptoki. */
#include "config.h"

#include <stddef.h>

#include "common/err.h"
#include "pkcs11-module/rv.h"

/*
 * Vendor codes for every refusal that is EdgeHSM's own (clients that know them
 * can tell quota from scope); the standard's code where it means the same.
 * CKR_FUNCTION_REJECTED, _TOKEN_RESOURCE_EXCEEDED and _KEY_EXHAUSTED are not
 * used: their texts mean something else.
 */
/* clang-format off */
static const struct {
	int err;
	CK_RV rv;
} names[] = {
	{ EH_OK,                      CKR_OK },
	{ EH_ERR_ARGUMENT,            CKR_ARGUMENTS_BAD },
	{ EH_ERR_FORMAT,              CKR_EDGEHSM_MALFORMED },
	{ EH_ERR_TRAILING,            CKR_EDGEHSM_MALFORMED },
	{ EH_ERR_STORAGE,             CKR_DEVICE_ERROR },
	{ EH_ERR_SPACE,               CKR_BUFFER_TOO_SMALL },
	{ EH_ERR_MEMORY,              CKR_HOST_MEMORY },
	{ EH_ERR_FULL,                CKR_DEVICE_MEMORY },
	{ EH_ERR_CRYPTO,              CKR_FUNCTION_FAILED },
	{ EH_ERR_SIGNATURE,           CKR_EDGEHSM_SIGNATURE },
	{ EH_ERR_REPLAYED,            CKR_EDGEHSM_REPLAYED },
	{ EH_ERR_NOT_FOUND,           CKR_OBJECT_HANDLE_INVALID },
	{ EH_ERR_EXISTS,              CKR_FUNCTION_FAILED },
	{ EH_ERR_BACKEND,             CKR_DEVICE_ERROR },
	{ EH_ERR_IO,                  CKR_DEVICE_ERROR },
	{ EH_ERR_CONFIG,              CKR_GENERAL_ERROR },
	{ EH_ERR_UNAVAILABLE,         CKR_DEVICE_ERROR },
	{ EH_ERR_BUSY,                CKR_FUNCTION_FAILED },
	{ EH_ERR_UNSUPPORTED,         CKR_FUNCTION_NOT_SUPPORTED },
	{ EH_ERR_INTERNAL,            CKR_GENERAL_ERROR },
	{ EH_ERR_PROOF,               CKR_EDGEHSM_EVIDENCE_INVALID },
	{ EH_DENIED_QUOTA,            CKR_EDGEHSM_QUOTA_EXHAUSTED },
	{ EH_DENIED_EXPIRED,          CKR_EDGEHSM_EXPIRED },
	{ EH_DENIED_NOT_YET_VALID,    CKR_EDGEHSM_NOT_YET_VALID },
	{ EH_DENIED_REVOKED,          CKR_EDGEHSM_REVOKED },
	{ EH_DENIED_SCOPE,            CKR_EDGEHSM_OUT_OF_SCOPE },
	{ EH_DENIED_TEMPLATE,         CKR_EDGEHSM_TEMPLATE_MISMATCH },
	{ EH_DENIED_TIME,             CKR_EDGEHSM_TIME_UNTRUSTED },
	{ EH_DENIED_OFFLINE,          CKR_EDGEHSM_OFFLINE_LIMIT },
	{ EH_DENIED_DEVICE_LIMIT,     CKR_EDGEHSM_DEVICE_LIMIT },
	{ EH_DENIED_EVIDENCE,         CKR_EDGEHSM_EVIDENCE_INVALID },
	{ EH_DENIED_FAIL_STOPPED,     CKR_EDGEHSM_FAIL_STOPPED },
	{ EH_DENIED_NO_AUTHORIZATION, CKR_EDGEHSM_NO_AUTHORIZATION },
	{ EH_DENIED_MECHANISM,        CKR_MECHANISM_INVALID },
	/* "the desired action cannot be performed because the appropriate
	 * user is not logged in": true of both. */
	{ EH_DENIED_ROLE,             CKR_USER_NOT_LOGGED_IN },
	{ EH_DENIED_LOGIN,            CKR_USER_NOT_LOGGED_IN },
	{ EH_DENIED_PIN,              CKR_PIN_INCORRECT },
	{ EH_DENIED_PIN_DELAY,        CKR_PIN_LOCKED },
	{ EH_DENIED_STATE,            CKR_FUNCTION_FAILED },
	{ EH_DENIED_READ_ONLY,        CKR_ACTION_PROHIBITED },
	{ EH_DENIED_KEY,              CKR_KEY_FUNCTION_NOT_PERMITTED },
};
/* clang-format on */

CK_RV
eh_rv(int err)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].err == err)
			return names[i].rv;
	return CKR_GENERAL_ERROR;
}
