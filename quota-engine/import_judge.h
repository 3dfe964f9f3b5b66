/* SPDX-License-Identifier: Apache-2.0 */
/* import_judge.h - what a message says, against what the state knows. */
#ifndef EH_QUOTA_ENGINE_IMPORT_JUDGE_H
#define EH_QUOTA_ENGINE_IMPORT_JUDGE_H

#include "common/merkle/merkle.h"
#include "common/message/envelope.h"
#include "quota-engine/import.h"

/* A message on its way in. */
struct eh_incoming {
	struct eh_boundary *b;
	const uint8_t *bytes;
	size_t len;
	struct eh_envelope envelope;
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_state *state;		/* a copy, to judge by */
	struct eh_now now;
	struct eh_state_issuer issuer;	/* who signed it, but for a grant */
	struct eh_record record;
	struct eh_imported *done;
	/* Of an authorization that supersedes one of another profile. */
	struct eh_moved moved;
	/* Of an acknowledgement: our own tree at its size, as it was found in
	 * the journal, and the counted records in it. */
	struct eh_merkle acked;
	uint64_t acked_counted;
};

/* What all messages of an issuer share in step 12: is it for this EdgeHSM, and
 * from the one that its key stands for?  EH_OK, EH_DENIED_SCOPE,
 * EH_ERR_SIGNATURE. */
EH_MUST_CHECK int eh_import_judge_from(const struct eh_incoming *,
    const struct eh_from_authority *, struct eh_error *);

/* Is its number above the last one?  0; 1 when it is that very message;
 * EH_ERR_REPLAYED. */
EH_MUST_CHECK int eh_import_seen(const struct eh_state_last *, uint64_t seq,
    const uint8_t *digest, const char *what, struct eh_error *);

/* Is the grant that names the signer's key in force, as far as is known?  EH_OK,
 * EH_DENIED_EXPIRED, EH_DENIED_NOT_YET_VALID. */
EH_MUST_CHECK int eh_import_judge_issuers(
    const struct eh_incoming *, struct eh_error *);

/*
 * Steps 10 to 12 of doc/format/message.md section 2, by type, of a message whose
 * signature is good: decode it, judge it, prepare ${record} and ${done}.  EH_OK;
 * 1 when this very message was imported before; a refusal with its sentence.
 */
EH_MUST_CHECK int eh_import_judge_grant(
    struct eh_incoming *, struct eh_error *);
EH_MUST_CHECK int eh_import_judge_pauth(
    struct eh_incoming *, struct eh_error *);
EH_MUST_CHECK int eh_import_judge_time(
    struct eh_incoming *, struct eh_error *);

#endif
