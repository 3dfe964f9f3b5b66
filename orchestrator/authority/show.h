/* SPDX-License-Identifier: Apache-2.0 */
/* show.h - what a file says, from its bytes and nothing else. */
#ifndef EH_ORCHESTRATOR_AUTHORITY_SHOW_H
#define EH_ORCHESTRATOR_AUTHORITY_SHOW_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/message/envelope.h"
#include "orchestrator/authority/sheet.h"

/*
 * What an approver reads before he agrees: facts in the order of the format's
 * table, with names for labels, decoded strictly from the bytes, so that any
 * two honest people see the same text.  Nothing of a store is mixed in.
 */
enum eh_show_kind {
	EH_SHOW_MESSAGE,	/* a signed message */
	EH_SHOW_PROFILE,	/* a compiled profile */
	EH_SHOW_RECORD		/* a record of the log */
};

/* What the bytes are, told by how they begin; EH_ERR_FORMAT for anything
 * else. */
EH_MUST_CHECK int eh_show_kind(const void *bytes, size_t len,
    enum eh_show_kind *kindp, struct eh_error *);

/*
 * Decode and put every fact into ${sheet}.  A message's signature is not looked
 * at; ${envelope} borrows from the bytes, for those who will.  EH_ERR_FORMAT,
 * EH_ERR_TRAILING; EH_ERR_UNSUPPORTED for what this version cannot read.
 */
EH_MUST_CHECK int eh_show_message(struct eh_sheet *, const void *bytes,
    size_t len, struct eh_envelope *envelope, struct eh_error *);
EH_MUST_CHECK int eh_show_profile(struct eh_sheet *, const void *bytes,
    size_t len, struct eh_error *);
EH_MUST_CHECK int eh_show_record(struct eh_sheet *, const void *bytes,
    size_t len, struct eh_error *);

#endif
