/* SPDX-License-Identifier: Apache-2.0 */
/* token.h - the EdgeHSM as the orchestrator sees it: through its PKCS#11 module
 * and the vendor interface, like any other client. */
#ifndef EH_ORCHESTRATOR_TOKEN_TOKEN_H
#define EH_ORCHESTRATOR_TOKEN_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/message/pauth.h"
#include "common/message/types.h"
#include "common/wire/wire.h"

/*
 * One open module with one session.  Used by one thread at a time.  Every
 * failure is an EH_ERR_* or EH_DENIED_* with the boundary's own sentence; what
 * PKCS#11 calls by number only is named here.
 */
struct eh_token;

/*
 * Load the module ${path}, NULL for $EDGEHSM_MODULE or else the installed one,
 * and open a session if a token is there (a fresh one has none yet).
 * EH_ERR_UNAVAILABLE when there is no module, no daemon or no token, saying why.
 */
EH_MUST_CHECK int eh_token_open(
    const char *path, struct eh_token **, struct eh_error *);

/* Log out, unload, wipe; NULL is ignored. */
void eh_token_close(struct eh_token *);

/* The path of the module that was loaded. */
const char *eh_token_module(const struct eh_token *);

/* Log in as ${role}.  EH_DENIED_PIN, EH_DENIED_PIN_DELAY. */
EH_MUST_CHECK int eh_token_login(struct eh_token *, enum eh_wire_role role,
    const uint8_t *pin, size_t len, struct eh_error *);

/* Make a fresh token an EdgeHSM: pin ${root} (DER SPKI), set label and SO PIN.
 * The session is open afterwards. */
EH_MUST_CHECK int eh_token_genesis(struct eh_token *, const char *label,
    const uint8_t *root, size_t rootlen, const uint8_t *pin, size_t pinlen,
    struct eh_error *);

/* Label and SO PIN of a token that has its identity; destroys general keys and
 * stored objects, never what decides. */
EH_MUST_CHECK int eh_token_init(struct eh_token *, const char *label,
    const uint8_t *pin, size_t len, struct eh_error *);

/* As officer: set the operator's PIN. */
EH_MUST_CHECK int eh_token_set_operator_pin(struct eh_token *,
    const uint8_t *pin, size_t len, struct eh_error *);

/* --- what it says of itself --- */

/* One authorization of the status. */
struct eh_token_authorization {
	uint8_t id[EH_ID_LEN];
	char name[EH_NAME_MAX + 1];	/* order name, or the id in hex */
	uint8_t closed;
	enum eh_close_reason close_reason;	/* 0 while it is live */
	char factory[EH_NAME_MAX + 1];
	struct eh_profile_ref profile;
	uint64_t seq, not_before, expires;
	uint16_t burns;
	struct eh_counters counters;	/* of every operation granted */
	struct eh_limits limits;
	uint64_t good, scrapped, in_doubt;
	uint32_t grace;			/* devices, see doc/format/time.md */
	uint32_t records;		/* counted, that a device makes */
};
#define EH_TOKEN_AUTHORIZATIONS 64

#define EH_TOKEN_NAME 34	/* bytes of a Name of the TPM */

/* Members that the token did not say (it is fresh, or stopped) are zero. */
struct eh_token_status {
	enum eh_wire_state state;
	char why[512];			/* when it is fail-stopped */
	char label[EH_NAME_MAX + 1];
	uint8_t hsm_id[EH_HSM_ID_LEN];
	uint8_t root[EH_DIGEST_LEN];
	char factory[EH_NAME_MAX + 1];
	unsigned flags;			/* EH_FLAG_* */
	enum eh_quality quality;
	uint64_t t_lo, t_hi;
	uint8_t attested;		/* 1: since_time is known */
	uint64_t since_time;
	uint64_t log_size, boots, commits, burned_seqs, unacked, refusals;
	uint64_t unaccounted;		/* burned passes not yet accepted */
	char refusal[EH_ERROR_TEXT + 64]; /* the last: when, what, why */
	enum eh_anchor_class anchor_class;
	enum eh_anchor_mode anchor_mode;
	enum eh_custody custody;
	uint8_t anchor[EH_DIGEST_LEN];
	/* Of an anchor in a TPM: what that says that it is, and Names. */
	char tpm[65];
	uint8_t tpm_key[EH_TOKEN_NAME], tpm_index[EH_TOKEN_NAME];
	uint8_t tpm_counter[EH_TOKEN_NAME];	/* mode owner */
	uint64_t tpm_count;
	unsigned nauthorizations;
	struct eh_token_authorization authorization[EH_TOKEN_AUTHORIZATIONS];
};

/* Some 100 KiB: callers put the struct on the heap. */
EH_MUST_CHECK int eh_token_get_status(
    struct eh_token *, struct eh_token_status *, struct eh_error *);

/*
 * The authorization known as ${name} (order name, or id as 32 hex digits); of
 * one name a live one before those that are closed.  With NULL: the live one for
 * the profile with this digest that expires first.
 * EH_DENIED_NO_AUTHORIZATION listing what there is; EH_ERR_ARGUMENT when two have that
 * name.  Borrows from ${status}.
 */
EH_MUST_CHECK int eh_token_choose(const struct eh_token_status *status,
    const char *name, const uint8_t digest[EH_DIGEST_LEN],
    const struct eh_token_authorization **, struct eh_error *);

/* --- keys --- */

struct eh_token_key {
	unsigned long handle;		/* of the private key */
	char label[EH_NAME_MAX + 1];
	enum eh_purpose purpose;
	uint8_t id_len;
	uint8_t id[EH_NAME_MAX];	/* CKA_ID */
	uint8_t spki[EH_SPKI_MAX];
	size_t spkilen;
};

/* Make a P-256 key; ${id} may be empty (the token's choice then). */
EH_MUST_CHECK int eh_token_generate(struct eh_token *, enum eh_purpose,
    const char *label, const uint8_t *id, size_t idlen, struct eh_token_key *,
    struct eh_error *);

/* The key with this label.  EH_ERR_NOT_FOUND, EH_ERR_ARGUMENT (more than one). */
EH_MUST_CHECK int eh_token_find(struct eh_token *, const char *label,
    struct eh_token_key *, struct eh_error *);

/* Every private key: calls ${each} until it returns something else than 0, and
 * returns that. */
EH_MUST_CHECK int eh_token_keys(struct eh_token *,
    int (*each)(void *, const struct eh_token_key *), void *context,
    struct eh_error *);

/* Sign ${message} with CKM_ECDSA_SHA256: r || s. */
EH_MUST_CHECK int eh_token_sign(struct eh_token *, const struct eh_token_key *,
    const uint8_t *message, size_t len, uint8_t signature[64],
    struct eh_error *);

/* Store a DER certificate beside the key whose SPKI it shows (label and CKA_ID
 * of the key; ${label} when the token has no such key). */
EH_MUST_CHECK int eh_token_put_certificate(struct eh_token *,
    const uint8_t *der, size_t len, const char *label, struct eh_error *);

/* --- messages --- */

/* Each appends to ${out}. */
EH_MUST_CHECK int eh_token_enrol(struct eh_token *, const uint8_t *nonce,
    size_t len, struct eh_buf *out, struct eh_error *);
EH_MUST_CHECK int eh_token_attest(struct eh_token *,
    const struct eh_token_key *, const uint8_t *nonce, size_t len,
    struct eh_buf *out, struct eh_error *);
EH_MUST_CHECK int eh_token_receipt(struct eh_token *, const uint8_t *nonce,
    size_t len, struct eh_buf *out, struct eh_error *);
/* The request for a count: for an authorization, or (NULL) for a key. */
EH_MUST_CHECK int eh_token_ask_count(struct eh_token *,
    const uint8_t *authorization, const struct eh_token_key *,
    struct eh_buf *out, struct eh_error *);
EH_MUST_CHECK int eh_token_time_nonce(
    struct eh_token *, uint8_t nonce[EH_ID_LEN], struct eh_error *);

/* The challenge that the chip of a device must sign (doc/format/evidence.md). */
#define EH_TOKEN_CHALLENGE 32
EH_MUST_CHECK int eh_token_challenge(struct eh_token *,
    const uint8_t authorization[EH_ID_LEN], const char *id_kind,
    const struct eh_device_id *device, uint8_t challenge[EH_TOKEN_CHALLENGE],
    struct eh_error *);

/* Room for the line that import says, and its NUL. */
#define EH_TOKEN_LINE 1024

/* Import any message or a compiled profile; ${text}: one line about it. */
EH_MUST_CHECK int eh_token_import(struct eh_token *, const uint8_t *bytes,
    size_t len, char text[EH_TOKEN_LINE], struct eh_error *);

/* Record what became of a device; ${report} is an encoded unit-report. */
EH_MUST_CHECK int eh_token_report(struct eh_token *,
    const uint8_t authorization[EH_ID_LEN], const char *id_kind,
    const struct eh_device_id *device, const uint8_t *report, size_t len,
    struct eh_error *);

/* Log entries from ${first} on: calls ${each} with each leaf input; ${nextp} is
 * the seq after the last one given (equal to ${first}: there are no more). */
EH_MUST_CHECK int eh_token_log(struct eh_token *, uint64_t first,
    int (*each)(void *, uint64_t seq, const uint8_t *entry, size_t len),
    void *context, uint64_t *nextp, struct eh_error *);

#endif
