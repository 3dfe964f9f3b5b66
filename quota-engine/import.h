/* SPDX-License-Identifier: Apache-2.0 */
/* import.h - what the authority sends in: grants, authorizations, times, and the
 * compiled profiles that they speak of. */
#ifndef EH_QUOTA_ENGINE_IMPORT_H
#define EH_QUOTA_ENGINE_IMPORT_H

#include "quota-engine/boundary.h"

/*
 * The order of the checks is doc/format/message.md section 2: envelope, issuer
 * key and role, signature, and only then the payload, its meaning, one anchored
 * commit.  A message that is refused changes nothing.  The same message again is
 * EH_OK and changes nothing either.
 */
#define EH_IMPORTED_TEXT 512
struct eh_imported {
	enum eh_msg_code code;
	uint8_t has_authorization;
	uint8_t authorization[EH_ID_LEN];
	char text[EH_IMPORTED_TEXT];	/* one line for people */
};

/* Import ${len} bytes: any message, or a compiled profile.  The refusals of
 * doc/format/message.md section 2, each with a sentence. */
EH_MUST_CHECK int eh_import(struct eh_boundary *, const uint8_t *bytes,
    size_t len, struct eh_imported *, struct eh_error *);

/* What an imported message changes: for struct eh_engine_params. */
extern const struct eh_apply eh_import_apply[];
extern const size_t eh_import_napply;

/* Handlers of the monitor's table: import, time-nonce. */
EH_MUST_CHECK int eh_import_handle(
    struct eh_boundary *, struct eh_call *, struct eh_error *);
EH_MUST_CHECK int eh_import_nonce_handle(
    struct eh_boundary *, struct eh_call *, struct eh_error *);

#endif
