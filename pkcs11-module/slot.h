/* SPDX-License-Identifier: Apache-2.0 */
/* slot.h - the one slot, its token, its mechanisms. */
#ifndef EH_PKCS11_SLOT_H
#define EH_PKCS11_SLOT_H

#include "pkcs11-module/module.h"

/* C_GetSlotList: no slot at all when edgehsm.conf cannot be read; with
 * ${present} only when the daemon can be reached.  Why is kept for
 * Refusal(). */
CK_RV eh_slot_list(
    struct eh_module *, int present, CK_SLOT_ID *out, CK_ULONG *np);

CK_RV eh_slot_info(struct eh_module *, CK_SLOT_INFO *);
CK_RV eh_slot_token_info(struct eh_module *, CK_TOKEN_INFO *);
CK_RV eh_slot_mechanisms(CK_MECHANISM_TYPE *out, CK_ULONG *np);
CK_RV eh_slot_mechanism_info(CK_MECHANISM_TYPE, CK_MECHANISM_INFO *);

/* C_InitToken: label and officer's PIN of a token that has its identity. */
CK_RV eh_slot_init_token(struct eh_module *, const CK_BYTE *pin, CK_ULONG len,
    const CK_BYTE *label32);

/* Return the version of this package. */
CK_VERSION eh_slot_version(void);

/* Copy ${text} to a field of ${len} characters, padded with blanks. */
void eh_slot_pad(CK_UTF8CHAR *field, size_t len, const char *text);

/* Copy a label padded with blanks to ${out}, NUL-ended: 1, or 0 when it has
 * other characters than printable ASCII. */
int eh_slot_unpad(const CK_UTF8CHAR label32[32], char out[33]);

/* Is there a time that a client may go by (quality 2 or better)?  1, and
 * ${text} gets it as CKA_VALUE of CKH_CLOCK and utcTime have it. */
struct eh_hello;
#define EH_SLOT_CLOCK 17
int eh_slot_clock(const struct eh_hello *, char text[EH_SLOT_CLOCK]);

#endif
