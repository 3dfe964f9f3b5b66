/* SPDX-License-Identifier: Apache-2.0 */
/* store_log.h - the authority's store: the logs of the EdgeHSMs. */
#ifndef EH_ORCHESTRATOR_AUTHORITY_STORE_LOG_H
#define EH_ORCHESTRATOR_AUTHORITY_STORE_LOG_H

#include "common/merkle/merkle.h"
#include "orchestrator/authority/store.h"

/* The log of one EdgeHSM, as far as receipts have proven it. */
struct eh_store_log {
	uint8_t hsm[EH_HSM_ID_LEN];
	uint8_t leaf[EH_DIGEST_LEN];	/* of the last entry */
	struct eh_merkle tree;
	char frozen[EH_ERROR_TEXT];	/* why; empty when it is not */
};

/* The row of ${hsm}; an empty log when nothing was seen of it yet. */
EH_MUST_CHECK int eh_store_get_log(struct eh_store *,
    const uint8_t hsm[EH_HSM_ID_LEN], struct eh_store_log *,
    struct eh_error *);

/* Write it; ${frozen} is not looked at.  EH_ERR_EXISTS when it would shrink, or
 * is frozen. */
EH_MUST_CHECK int eh_store_put_log(
    struct eh_store *, const struct eh_store_log *, struct eh_error *);

/* Sign nothing for this EdgeHSM any more, because of ${why}. */
EH_MUST_CHECK int eh_store_freeze(struct eh_store *,
    const uint8_t hsm[EH_HSM_ID_LEN], const char *why, struct eh_error *);

/* EH_DENIED_STATE with the reason when it is frozen. */
EH_MUST_CHECK int eh_store_check_frozen(struct eh_store *,
    const uint8_t hsm[EH_HSM_ID_LEN], struct eh_error *);

EH_MUST_CHECK int eh_store_put_entry(struct eh_store *,
    const uint8_t hsm[EH_HSM_ID_LEN], uint64_t seq, const void *input,
    size_t len, struct eh_error *);

/* Append the entry ${seq} to ${out}.  EH_ERR_NOT_FOUND. */
EH_MUST_CHECK int eh_store_get_entry(struct eh_store *,
    const uint8_t hsm[EH_HSM_ID_LEN], uint64_t seq, struct eh_buf *out,
    struct eh_error *);

/* Call ${each} for the entries below ${end}, in order, until it does not return
 * EH_OK, which is then returned. */
EH_MUST_CHECK int eh_store_each_entry(struct eh_store *,
    const uint8_t hsm[EH_HSM_ID_LEN], uint64_t end,
    int (*each)(void *arg, uint64_t seq, const uint8_t *input, size_t len),
    void *arg, struct eh_error *);

/* What the entries said last of one operation.  put: EH_ERR_EXISTS when a
 * counter would fall; get: zero when there is none. */
struct eh_store_counter {
	uint8_t hsm[EH_HSM_ID_LEN];
	uint8_t authorization[EH_ID_LEN];
	unsigned op;
	uint64_t used, burned;
};
EH_MUST_CHECK int eh_store_put_counter(
    struct eh_store *, const struct eh_store_counter *, struct eh_error *);
EH_MUST_CHECK int eh_store_get_counter(
    struct eh_store *, struct eh_store_counter *, struct eh_error *);

/* Was ${id} authorized for ${hsm}?  1 or 0 in ${foundp}. */
EH_MUST_CHECK int eh_store_has_authorization(struct eh_store *,
    const uint8_t hsm[EH_HSM_ID_LEN], const uint8_t id[EH_ID_LEN],
    int *foundp, struct eh_error *);

struct eh_store_receipt {
	uint8_t digest[EH_DIGEST_LEN];	/* of its Sig_structure */
	uint8_t hsm[EH_HSM_ID_LEN];
	uint64_t size, seen;
	uint8_t root[EH_DIGEST_LEN];
	int fits;			/* 0: it proves another history */
	const uint8_t *bytes;
	size_t len;
};

/* Keep it; nothing when it is there already. */
EH_MUST_CHECK int eh_store_put_receipt(
    struct eh_store *, const struct eh_store_receipt *, struct eh_error *);

/* Append the bytes of the accepted receipt of the longest log, the newest of
 * them.  EH_ERR_NOT_FOUND. */
EH_MUST_CHECK int eh_store_get_newest_receipt(struct eh_store *,
    const uint8_t hsm[EH_HSM_ID_LEN], struct eh_buf *out, struct eh_error *);

#endif
