/* SPDX-License-Identifier: Apache-2.0 */
/* verbs.h - the verbs of edgehsm-authority, and what they share. */
#ifndef EH_ORCHESTRATOR_AUTHORITY_VERBS_H
#define EH_ORCHESTRATOR_AUTHORITY_VERBS_H

#include "common/buf.h"
#include "orchestrator/authority/authority.h"
#include "orchestrator/authority/sheet.h"
#include "orchestrator/cli/command.h"

/* The folder: --store, else $EDGEHSM_AUTHORITY, else ./authority. */
const char *eh_verb_folder(const struct eh_args *);

/* Open the authority in that folder. */
EH_MUST_CHECK int eh_verb_open(struct eh_args *, struct eh_authority **);

/*
 * Before anything is signed: see that the file of --out may be written, that
 * is, that it is not there, or --force was given, and that its folder can take
 * it.  EH_ERR_EXISTS, EH_ERR_STORAGE.
 */
EH_MUST_CHECK int eh_verb_check_out(struct eh_args *);

/* The same for a verb that may sign an issuer grant: --out is needed then, and
 * ${daysp} gets --days, for how long it is, at most 400. */
EH_MUST_CHECK int eh_verb_check_grant(struct eh_args *, uint64_t *daysp);

/* The same for the file of another option; EH_OK when that was not given. */
EH_MUST_CHECK int eh_verb_check_file(struct eh_args *, const char *option);
EH_MUST_CHECK int eh_verb_write_file(
    struct eh_args *, const char *option, const void *bytes, size_t len);

/* Write the *.ehscope of the authorization that was signed, with the digest
 * ${digest}, to --proofs; a failure says how to get it. */
struct eh_pauth;
EH_MUST_CHECK int eh_verb_write_proofs(struct eh_args *,
    struct eh_authority *, const struct eh_pauth *,
    const uint8_t digest[EH_DIGEST_LEN]);

/* Write it, whole or not at all, never over a file that came meanwhile. */
EH_MUST_CHECK int eh_verb_write_out(
    struct eh_args *, const void *bytes, size_t len);

/* Write a message that is in the store already.  When that fails, the sentence
 * says how to get it all the same. */
EH_MUST_CHECK int eh_verb_write_message(struct eh_args *,
    const struct eh_buf *message, const uint8_t digest[EH_DIGEST_LEN]);

/* Decode ${message} from its bytes and print it. */
EH_MUST_CHECK int eh_verb_print_message(
    struct eh_args *, const struct eh_buf *message);

/* Print and free ${sheet}. */
EH_MUST_CHECK int eh_verb_print(struct eh_args *, struct eh_sheet *sheet);

/* One line of talk on standard error. */
void eh_verb_say(const struct eh_args *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

extern const struct eh_verb eh_verb_init, eh_verb_enrol, eh_verb_certify,
    eh_verb_authorize, eh_verb_time, eh_verb_ack, eh_verb_count,
    eh_verb_revoke, eh_verb_close, eh_verb_rollover, eh_verb_write_off,
    eh_verb_show;

#endif
