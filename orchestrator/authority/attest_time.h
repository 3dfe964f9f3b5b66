/* SPDX-License-Identifier: Apache-2.0 */
/* attest_time.h - saying what time it is, for one nonce of one EdgeHSM. */
#ifndef EH_ORCHESTRATOR_AUTHORITY_ATTEST_TIME_H
#define EH_ORCHESTRATOR_AUTHORITY_ATTEST_TIME_H

#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "orchestrator/authority/authority.h"

#define EH_UNCERTAINTY_MAX 3600		/* seconds */

/*
 * Attest ${now}, which is right to ${uncertainty} seconds, to the EdgeHSM
 * ${name}, bound to its ${nonce}, or to none (NULL: a beacon, which can only
 * raise its floor); append the message to ${out}, in one transaction.  What is in force is [0, 0]: this version revokes nothing.
 * EH_ERR_NOT_FOUND (no such EdgeHSM), EH_ERR_ARGUMENT.
 */
EH_MUST_CHECK int eh_attest_time(struct eh_authority *, const char *name,
    const uint8_t nonce[EH_ID_LEN], uint32_t uncertainty, uint64_t now,
    struct eh_buf *out, uint8_t digest[EH_DIGEST_LEN], struct eh_error *);

#endif
