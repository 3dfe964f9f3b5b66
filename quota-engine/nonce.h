/* SPDX-License-Identifier: Apache-2.0 */
/* nonce.h - the nonces that wait for a time attestation. */
#ifndef EH_QUOTA_ENGINE_NONCE_H
#define EH_QUOTA_ENGINE_NONCE_H

#include "quota-engine/clockguard.h"
#include "quota-engine/os.h"

/*
 * Up to EH_CLOCK_NONCES wait at a time, so that asking twice does not spoil what
 * a courier carries; the oldest makes room.  They are kept in the file "nonces"
 * under a MAC (doc/format/time.md), because a daemon that is restarted in the
 * same boot must know what it asked; they die with the boot.  A file that is
 * missing or forged is one without nonces: that costs a new question.
 */
struct eh_nonces;

/* Borrow os; ${key} is the engine's state key, from which the file's own key is
 * derived.  Reads the file.  EH_ERR_MEMORY. */
EH_MUST_CHECK int eh_nonces_new(struct eh_os *,
    const uint8_t key[EH_DIGEST_LEN], struct eh_nonces **);
void eh_nonces_free(struct eh_nonces *);

/* Draw a nonce, keep it durably, give it.  EH_ERR_CRYPTO, EH_ERR_STORAGE. */
EH_MUST_CHECK int eh_nonces_ask(
    struct eh_nonces *, uint8_t nonce[EH_ID_LEN], struct eh_error *);

/* Copy those that wait. */
void eh_nonces_get(
    struct eh_nonces *, struct eh_clock_nonce out[EH_CLOCK_NONCES]);

/* This one has been answered: forget it.  That the file cannot be written then
 * is no error: tseq has risen, so the answer counts once. */
void eh_nonces_forget(struct eh_nonces *, const uint8_t nonce[EH_ID_LEN]);

#endif
