/* SPDX-License-Identifier: Apache-2.0 */
/* pauth.h - production authorization: this profile, this factory, so many
 * devices, until then. */
#ifndef EH_COMMON_MESSAGE_PAUTH_H
#define EH_COMMON_MESSAGE_PAUTH_H

#include "common/message/types.h"

/* doc/format/message.md section 4. */
#define EH_PAUTH_LINES_MAX   32
#define EH_PAUTH_OPS_MAX     16
#define EH_PAUTH_IMAGES_MAX  16
#define EH_PAUTH_KEYS_MAX    8
#define EH_SCOPE_DEVICES_MAX 64
#define EH_LEASE_MAX         4096

/* What an authorization grants of one operation. */
struct eh_op_grant {
	uint8_t op;		/* enum eh_op */
	uint8_t uses;		/* most uses per device; 1 when not written */
	uint16_t lease;		/* most passes of one lease */
	uint64_t quota;
};

enum eh_scope_kind {
	EH_SCOPE_ANY = 0,
	EH_SCOPE_RANGE = 1,
	EH_SCOPE_LIST = 2,
	EH_SCOPE_TREE = 3
};

/* Which devices.  Only the members of the kind are set. */
struct eh_scope {
	enum eh_scope_kind kind;
	char id_kind[EH_NAME_MAX + 1];	/* not for EH_SCOPE_ANY */
	struct eh_device_id lo, hi;	/* range, both included, same length */
	uint8_t ndevices;		/* list */
	struct eh_device_id devices[EH_SCOPE_DEVICES_MAX];
	uint8_t root[EH_DIGEST_LEN];	/* RFC 9162 root over the device ids */
	uint64_t tree_size;
};

struct eh_limits {
	uint32_t max_unacked;		/* records */
	uint32_t max_offline;		/* seconds */
	uint32_t max_unaccounted;	/* burned passes */
	uint32_t boot_grace;		/* passes at quality 1 */
	enum eh_quality quality;	/* the least */
};

struct eh_image {
	char id[EH_NAME_MAX + 1];
	char version[EH_NAME_MAX + 1];
	uint8_t digest[EH_DIGEST_LEN];
};

/* The only key that an operation may use. */
struct eh_op_key {
	uint8_t op;
	uint8_t digest[EH_DIGEST_LEN];
};

struct eh_pauth {
	struct eh_from_authority from;
	uint64_t not_before, expires;
	uint8_t id[EH_ID_LEN];
	uint64_t seq;
	uint32_t epoch;
	char factory[EH_NAME_MAX + 1];
	uint8_t nlines;			/* 0: any line of the factory */
	char lines[EH_PAUTH_LINES_MAX][EH_NAME_MAX + 1];
	struct eh_profile_ref profile;
	uint8_t nops;			/* sorted; the first is EH_OP_PASS */
	struct eh_op_grant ops[EH_PAUTH_OPS_MAX];
	struct eh_scope scope;
	struct eh_limits limits;
	uint8_t has_supersedes;
	uint8_t supersedes[EH_ID_LEN];
	uint8_t nimages;
	struct eh_image images[EH_PAUTH_IMAGES_MAX];
	uint8_t nkeys;
	struct eh_op_key keys[EH_PAUTH_KEYS_MAX];
	char order[EH_NAME_MAX + 1];	/* for people; empty when absent */
};

/*
 * Decode a payload.  Checked: the schema; not_before < expires, at most 400
 * days apart; operation 0 granted and every operation known; lease <= quota
 * unless the quota is 0, lease 1 for the strict operations 8 and 9; keys are
 * named for granted operations only; range lo <= hi and of one length; a tree
 * is not empty; an id does not supersede itself.  EH_OK, EH_ERR_FORMAT,
 * EH_ERR_TRAILING.  sub, iss, seq, epoch, factory, times and profile are judged
 * by the caller, who knows the state.
 */
EH_MUST_CHECK int eh_pauth_decode(
    const void *payload, size_t len, struct eh_pauth *, struct eh_error *);

/* Write a payload, as eh_grant_encode() does. */
void eh_pauth_encode(const struct eh_pauth *, struct eh_writer *);

/* Return what is granted of ${op}, or NULL. */
const struct eh_op_grant *eh_pauth_op(const struct eh_pauth *, unsigned op);

#endif
