/* SPDX-License-Identifier: Apache-2.0 */
/* vendor.h - the interface "Vendor EdgeHSM". */
#ifndef EH_PKCS11_VENDOR_H
#define EH_PKCS11_VENDOR_H

#include "pkcs11-module/edgehsm-pkcs11.h"

/* The table that C_GetInterface gives; its contract is in edgehsm-pkcs11.h. */
extern CK_EDGEHSM_FUNCTIONS eh_vendor_functions;

#endif
