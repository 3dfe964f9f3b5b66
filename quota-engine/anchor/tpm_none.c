/* SPDX-License-Identifier: Apache-2.0 */
/* tpm_none.c - where edgehsmd was built without tpm2-tss. */
#include "config.h"

#include "quota-engine/anchor/anchor.h"

int
eh_anchor_tpm_open(const char *tcti, enum eh_anchor_mode mode,
    uint32_t index, unsigned patience_ms, struct eh_anchor **anchorp,
    struct eh_error *error)
{
	(void)mode;
	(void)index;
	(void)patience_ms;
	*anchorp = NULL;
	return eh_error_set(error, EH_ERR_CONFIG,
	    "this edgehsmd was built without tpm2-tss (--without-tpm), so the "
	    "anchor cannot be in the TPM at %s: take one built with it", tcti);
}
