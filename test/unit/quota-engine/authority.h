/* SPDX-License-Identifier: Apache-2.0 */
/* authority.h - an authority with soft keys, for the tests of what it may send
 * in and of what is issued under it. */
#ifndef EH_TEST_UNIT_AUTHORITY_H
#define EH_TEST_UNIT_AUTHORITY_H

#include "common/crypto/soft.h"
#include "common/message/ack.h"
#include "common/message/envelope.h"
#include "common/message/grant.h"
#include "common/message/pauth.h"
#include "common/message/record.h"
#include "common/message/revoke.h"
#include "common/message/time.h"
#include "common/x509/profile.h"
#include "common/x509/template.h"
#include "quota-engine/import.h"
#include "test/unit/quota-engine/fixture.h"

/* Now, as the authority sees it: 2026-11-20 12:00:00. */
#define AUTHORITY_NOW 1795176000
#define AUTHORITY_DAY 86400

/* A compiled profile, with its bytes. */
struct authority_profile {
	uint8_t bytes[EH_PROFILE_MAX];
	size_t len;
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_profile decoded;
};

/*
 * A boundary, the keys that it obeys, and the next messages to it: a test alters
 * ${grant}, ${pauth}, ${time}, ${ack} or ${revoke}, and sends it.  Everything is on the heap,
 * because it is big.
 */
struct authority {
	struct fixture f;
	struct eh_soft *root, *issuer, *second, *device;
	struct eh_grant grant;
	struct eh_pauth pauth;
	struct eh_time_attestation time;
	struct eh_ack ack;
	struct eh_revoke revoke;
	struct eh_state_key key;	/* the issuing key of the boundary */
	struct authority_profile profile;	/* with a device-id field */
	struct authority_profile plain;		/* without */
	uint8_t message[EH_PROFILE_MAX];
	size_t len;
	struct eh_imported done;
};

/* What a refusal must leave alone. */
struct authority_mark {
	struct eh_state state;
	unsigned messages, profiles;	/* files */
};

/* After genesis with ${root} pinned, and one issuing key; nothing is imported. */
struct authority *authority_open(void);
void authority_close(struct authority *);

/* Grant, time, both profiles and the authorization PO-1 are in. */
struct authority *authority_ready(void);

/* Sign what stands in the struct into ${message}: the grant with ${root}, the
 * others with ${issuer}. */
void authority_sign_grant(struct authority *);
void authority_sign_pauth(struct authority *);
void authority_sign_time(struct authority *);
void authority_sign_ack(struct authority *);
void authority_sign_revoke(struct authority *);

/* The same for any payload, type and key. */
void authority_sign(struct authority *, enum eh_message_type, struct eh_soft *,
    const uint8_t *payload, size_t len);

/* Import ${message}; or sign one and import it.  Grants, authorizations, acks and
 * updates get
 * the next number afterwards when they were accepted; a time gets a fresh nonce
 * and number before. */
int authority_import(struct authority *);
int authority_send_grant(struct authority *);
int authority_send_pauth(struct authority *);
int authority_send_time(struct authority *);
int authority_send_ack(struct authority *);
int authority_send_revoke(struct authority *);
int authority_send_profile(
    struct authority *, const struct authority_profile *);

/* Send with an anchor that refuses, after the journal has the group, which ends
 * the process; and start again, which replays the journal. */
void authority_loses_anchor(
    struct authority *, int (*send_one)(struct authority *));

/* Let ${ack} be of the whole log as it is, with all its burned ranges. */
void authority_fill_ack(struct authority *);

/* Abort the test unless the last sentence holds ${words}. */
void authority_says(struct authority *, const char *words);

/* Remember; compare: nothing at all has changed since. */
struct authority_mark *authority_mark(struct authority *);
void authority_unchanged(struct authority *, struct authority_mark *);

/* ${err} came of what was just sent: it was accepted; or it was refused with
 * ${want} and ${words}, and nothing has changed since ${mark}. */
void authority_accepted(struct authority *, int err);
void authority_refused(struct authority *, struct authority_mark *mark,
    int err, int want, const char *words);

/* How many files ${folder} of the state folder holds. */
unsigned authority_files(struct authority *, const char *folder);

/* The live row of the authorization of ${pauth}, copied; all zero if none. */
struct eh_row authority_row(struct authority *, const uint8_t id[EH_ID_LEN]);

/* How many records the log holds, and the one with ${seq} (from the end when it
 * is negative). */
uint64_t authority_records(struct authority *);
void authority_record(struct authority *, int64_t seq, struct eh_record *);

/* Values for device ${id} with the public key of ${key}, as the authorization in
 * ${pauth} wants them for issue number ${issue}. */
void authority_values(struct authority *, const char *id,
    const struct eh_soft *key, uint16_t issue, struct eh_tbs_values *);

/* Render them by the one template of ${profile}. */
size_t authority_render(struct authority *, const struct authority_profile *,
    const struct eh_tbs_values *, uint8_t tbs[EH_TBS_MAX]);

#endif
