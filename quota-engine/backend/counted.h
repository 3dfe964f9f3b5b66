/* SPDX-License-Identifier: Apache-2.0 */
/* counted.h - issuing keys whose uses a TPM counts. */
#ifndef EH_QUOTA_ENGINE_BACKEND_COUNTED_H
#define EH_QUOTA_ENGINE_BACKEND_COUNTED_H

#include <stddef.h>
#include <stdint.h>

#include "common/crypto/rawkey.h"
#include "common/err.h"
#include "common/tpm/count.h"

/*
 * doc/format/count.md.  The TPM is asked and believed as far as it can be
 * checked; which count a signature draws on, and what was drawn, is the
 * business of counts.h.
 *
 * All functions may be called from many threads; one at a time reaches the TPM.
 * Failures of the TPM are EH_ERR_BACKEND with a sentence.
 */
struct eh_counted;

/*
 * Connect to the TPM at ${tcti}, whose indexes from ${first} on are ours to
 * make.  A TPM that puts us off, or that cannot be reached, is asked again for
 * ${patience_ms}.  EH_ERR_BACKEND; EH_ERR_CONFIG where edgehsmd was built
 * without tpm2-tss.
 */
#define EH_COUNTED_PATIENCE_MS 20000
#define EH_COUNTED_INDEXES     64

EH_MUST_CHECK int eh_counted_open(const char *tcti, uint32_t first,
    unsigned patience_ms, struct eh_counted **, struct eh_error *);
void eh_counted_close(struct eh_counted *);

/* Take the secret that the indexes of ours are authorized by. */
void eh_counted_bind(struct eh_counted *, const uint8_t secret[EH_SHA256_LEN]);

/* What a key is made from; the same makes the same key again. */
struct eh_counted_key {
	struct eh_rawkey count_key;	/* of the authority */
	uint8_t ref[EH_COUNT_REF];
};

/* Make the key, or make it again, and give its public half. */
EH_MUST_CHECK int eh_counted_make(struct eh_counted *,
    const struct eh_counted_key *, struct eh_rawkey *public,
    struct eh_error *);

/* What the TPM holds at an index. */
enum eh_counted_state {
	EH_COUNTED_ABSENT,
	EH_COUNTED_FOREIGN,	/* something else is in its place */
	EH_COUNTED_UNWRITTEN,
	EH_COUNTED_WRITTEN
};
struct eh_counted_view {
	enum eh_counted_state state;
	uint32_t count, limit;	/* of a written one */
};
EH_MUST_CHECK int eh_counted_look(struct eh_counted *,
    const struct eh_rawkey *count_key, const struct eh_count_index *,
    struct eh_counted_view *, struct eh_error *);

/*
 * Open the session that will write an index, at the first handle of ours with
 * nothing in it that is not ${taken} either: ${index} gets both.  There is one
 * at a time: an older one ends.  EH_ERR_FULL.
 */
EH_MUST_CHECK int eh_counted_begin(struct eh_counted *,
    int (*taken)(void *arg, uint32_t handle), void *arg,
    struct eh_count_index *, struct eh_error *);

/* Is the session with this nonce the one that is open? */
int eh_counted_awaits(struct eh_counted *, const struct eh_count_index *);

/* Make the index, and write {0, ${limit}} to it in its session, which ends
 * whatever comes of it.  EH_DENIED_STATE when that session is not open. */
EH_MUST_CHECK int eh_counted_write(struct eh_counted *,
    const struct eh_rawkey *count_key, const struct eh_count_index *,
    uint32_t limit, const uint8_t signature[64], struct eh_error *);

/*
 * Sign a SHA-256 digest: r || s, under the ${approval} of the index for this
 * key.  ${spentp}: 0 no use was spent, 1 one was or may have been.
 * EH_DENIED_QUOTA: the TPM says that the index is used up.  EH_ERR_NOT_FOUND:
 * it holds no such index.  EH_ERR_SIGNATURE: it does not accept the approval.
 */
EH_MUST_CHECK int eh_counted_sign(struct eh_counted *,
    const struct eh_counted_key *, const struct eh_count_index *,
    const uint8_t approval[64], const uint8_t digest[EH_SHA256_LEN],
    uint8_t signature[64], int *spentp, struct eh_error *);

/* Remove an index of ours; nothing there is EH_OK. */
EH_MUST_CHECK int eh_counted_remove(struct eh_counted *,
    const struct eh_rawkey *count_key, const struct eh_count_index *,
    struct eh_error *);

#endif
