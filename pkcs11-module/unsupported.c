/* SPDX-License-Identifier: Apache-2.0 */
/* unsupported.c - the functions behind the list of names in the header. */
#include "config.h"

#include "pkcs11-module/session.h"
#include "pkcs11-module/unsupported.h"

static CK_RV
not_supported(CK_SESSION_HANDLE handle)
{
	struct eh_session *s;
	CK_RV rv = eh_session_enter(handle, &s);

	return eh_session_leave(
	    s, rv == CKR_OK ? CKR_FUNCTION_NOT_SUPPORTED : rv);
}

/* clang-format off */
#define DEFINE(name, shape)			\
	CK_RV					\
	name shape				\
	{					\
		return not_supported(session);	\
	}

EH_UNSUPPORTED(DEFINE)
EH_UNSUPPORTED_3_0(DEFINE)
DEFINE(C_LoginUser, EH_USER)
/* clang-format on */
