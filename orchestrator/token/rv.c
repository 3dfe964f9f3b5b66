/* SPDX-License-Identifier: Apache-2.0 */
/* rv.c - return values of PKCS#11 as errors of ours: the way back of the
 * module's table. */
#include "config.h"

#include <stddef.h>

#include "common/err.h"
#include "orchestrator/token/rv.h"

/* clang-format off */
static const struct {
	CK_RV rv;
	int err;
} values[] = {
	{ CKR_OK,                        EH_OK },
	{ CKR_EDGEHSM_QUOTA_EXHAUSTED,   EH_DENIED_QUOTA },
	{ CKR_EDGEHSM_EXPIRED,           EH_DENIED_EXPIRED },
	{ CKR_EDGEHSM_NOT_YET_VALID,     EH_DENIED_NOT_YET_VALID },
	{ CKR_EDGEHSM_REVOKED,           EH_DENIED_REVOKED },
	{ CKR_EDGEHSM_OUT_OF_SCOPE,      EH_DENIED_SCOPE },
	{ CKR_EDGEHSM_TEMPLATE_MISMATCH, EH_DENIED_TEMPLATE },
	{ CKR_EDGEHSM_TIME_UNTRUSTED,    EH_DENIED_TIME },
	{ CKR_EDGEHSM_OFFLINE_LIMIT,     EH_DENIED_OFFLINE },
	{ CKR_EDGEHSM_DEVICE_LIMIT,      EH_DENIED_DEVICE_LIMIT },
	{ CKR_EDGEHSM_EVIDENCE_INVALID,  EH_DENIED_EVIDENCE },
	{ CKR_EDGEHSM_FAIL_STOPPED,      EH_DENIED_FAIL_STOPPED },
	{ CKR_EDGEHSM_REPLAYED,          EH_ERR_REPLAYED },
	{ CKR_EDGEHSM_SIGNATURE,         EH_ERR_SIGNATURE },
	{ CKR_EDGEHSM_MALFORMED,         EH_ERR_FORMAT },
	{ CKR_EDGEHSM_NO_AUTHORIZATION,  EH_DENIED_NO_AUTHORIZATION },
	{ CKR_MECHANISM_INVALID,         EH_DENIED_MECHANISM },
	{ CKR_USER_NOT_LOGGED_IN,        EH_DENIED_LOGIN },
	{ CKR_PIN_INCORRECT,             EH_DENIED_PIN },
	{ CKR_PIN_LOCKED,                EH_DENIED_PIN_DELAY },
	{ CKR_PIN_LEN_RANGE,             EH_ERR_ARGUMENT },
	{ CKR_ARGUMENTS_BAD,             EH_ERR_ARGUMENT },
	{ CKR_ACTION_PROHIBITED,         EH_DENIED_READ_ONLY },
	{ CKR_KEY_FUNCTION_NOT_PERMITTED, EH_DENIED_KEY },
	{ CKR_DEVICE_MEMORY,             EH_ERR_FULL },
	{ CKR_HOST_MEMORY,               EH_ERR_MEMORY },
	{ CKR_FUNCTION_NOT_SUPPORTED,    EH_ERR_UNSUPPORTED },
	{ CKR_TOKEN_NOT_PRESENT,         EH_ERR_UNAVAILABLE },
	{ CKR_TOKEN_NOT_RECOGNIZED,      EH_ERR_UNAVAILABLE },
	{ CKR_DEVICE_REMOVED,            EH_ERR_UNAVAILABLE },
	{ CKR_DEVICE_ERROR,              EH_ERR_UNAVAILABLE },
	{ CKR_SESSION_HANDLE_INVALID,    EH_ERR_UNAVAILABLE },
	{ CKR_SESSION_CLOSED,            EH_ERR_UNAVAILABLE },
	{ CKR_OBJECT_HANDLE_INVALID,     EH_ERR_NOT_FOUND },
	{ CKR_SLOT_ID_INVALID,           EH_ERR_UNAVAILABLE },
	{ CKR_BUFFER_TOO_SMALL,          EH_ERR_SPACE },
	{ CKR_GENERAL_ERROR,             EH_ERR_INTERNAL },
};
/* clang-format on */

int
eh_token_rv(CK_RV rv)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (values[i].rv == rv)
			return values[i].err;
	return EH_ERR_BACKEND;
}
