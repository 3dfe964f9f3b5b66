/* SPDX-License-Identifier: Apache-2.0 */
/* store_count.h - the authority's store: what TPMs may count. */
#ifndef EH_ORCHESTRATOR_AUTHORITY_STORE_COUNT_H
#define EH_ORCHESTRATOR_AUTHORITY_STORE_COUNT_H

#include "common/message/count.h"
#include "orchestrator/authority/store.h"

/* An index that was allowed to be written; and, perhaps, to be used. */
struct eh_store_count {
	uint8_t hsm[EH_HSM_ID_LEN];
	uint8_t has_authorization;
	uint8_t about[EH_DIGEST_LEN];	/* authorization id, or key digest */
	struct eh_count_index index;
	uint32_t limit;
	uint8_t is_approved;
};

/* Insert, or (the same EdgeHSM and index) say that it is approved. */
EH_MUST_CHECK int eh_store_put_count(
    struct eh_store *, const struct eh_store_count *, struct eh_error *);

/* By hsm and index.  EH_ERR_NOT_FOUND. */
EH_MUST_CHECK int eh_store_get_count(
    struct eh_store *, struct eh_store_count *, struct eh_error *);

/* The sum of the limits that were approved for this authorization or key. */
EH_MUST_CHECK int eh_store_sum_counts(struct eh_store *,
    const uint8_t hsm[EH_HSM_ID_LEN], const uint8_t *about, size_t len,
    uint64_t *sump, struct eh_error *);

#endif
