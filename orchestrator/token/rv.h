/* SPDX-License-Identifier: Apache-2.0 */
/* rv.h - return values of PKCS#11 as errors of ours: the way back of the
 * module's table. */
#ifndef EH_ORCHESTRATOR_TOKEN_RV_H
#define EH_ORCHESTRATOR_TOKEN_RV_H

#include "pkcs11-module/edgehsm-pkcs11.h"

/* The EH_OK, EH_ERR_* or EH_DENIED_* that ${rv} stands for; EH_ERR_BACKEND for
 * what the table does not know. */
int eh_token_rv(CK_RV rv);

#endif
