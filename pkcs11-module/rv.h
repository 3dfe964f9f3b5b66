/* SPDX-License-Identifier: Apache-2.0 */
/* rv.h - what an error of ours is called in Cryptoki. */
#ifndef EH_PKCS11_RV_H
#define EH_PKCS11_RV_H

#include "pkcs11-module/edgehsm-pkcs11.h"

/* Return the CK_RV of an EH_ERR_* or EH_DENIED_*; of a number that is in no
 * list, CKR_GENERAL_ERROR.  The only place where the two meet. */
CK_RV eh_rv(int err);

#endif
