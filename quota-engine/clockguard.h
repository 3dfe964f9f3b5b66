/* SPDX-License-Identifier: Apache-2.0 */
/* clockguard.h - what time it is at least, and at most, without believing the
 * host's clock. */
#ifndef EH_QUOTA_ENGINE_CLOCKGUARD_H
#define EH_QUOTA_ENGINE_CLOCKGUARD_H

#include <stdint.h>

#include "common/message/pauth.h"
#include "common/message/time.h"
#include "common/message/types.h"

/*
 * The guard keeps an interval [t_lo, t_hi] of POSIX seconds from attestations
 * that answer a nonce of ours, and from the clocks that count since the machine
 * booted.  doc/format/time.md has the rules T1 to T9, which the comments here
 * name.  The host's wall clock may refuse and never permit.
 *
 * Nothing here reads a clock or a disk: readings come in, verdicts go out, so
 * that every rule is tested with made-up clocks.
 */

/* What TPM2_ReadClock says.  The time is that since the TPM was reset, which
 * nobody can set; its clock can be. */
struct eh_clock_tpm {
	uint64_t ms;			/* TPMS_TIME_INFO.time */
	uint32_t resets;		/* resetCount */
	uint32_t known;			/* 0: there is no TPM, or no answer */
};

/* What the machine's clocks say, all read together.  Reading a TPM takes
 * milliseconds, so ${tpm} is only there when it was asked for. */
struct eh_clock_reading {
	uint8_t boot_id[EH_ID_LEN];	/* the kernel's, new at each boot */
	uint64_t boottime;		/* CLOCK_BOOTTIME, ns */
	uint64_t raw;			/* CLOCK_MONOTONIC_RAW, ns */
	uint64_t wall;			/* the host's clock, POSIX seconds */
	struct eh_clock_tpm tpm;
};

/* What of the guard is anchored: part of the state blob. */
struct eh_clock_state {
	uint8_t attested;		/* 1 when there was an attestation */
	uint8_t disagreed;		/* 1: the clocks differ, since then */
	struct eh_clock_reading sent;	/* when the nonce went out (wall unused) */
	struct eh_clock_reading received;
	struct eh_clock_reading seen;	/* at the last commit; boot_id of zeros:
					 * never */
	uint64_t time;			/* T */
	uint32_t uncertainty;		/* u */
	uint64_t tseq;
	uint64_t powered;		/* s powered on since then, over boots */
	uint64_t floor;			/* F: no time before this one */
};

/* What of the guard lives only in memory. */
struct eh_clockguard {
	struct eh_clock_reading start;	/* of this process */
	struct eh_clock_reading base;	/* from here the time is counted that
					 * is not attested */
	uint64_t floor;			/* F at ${base} */
	uint64_t powered;		/* the same */
	struct eh_clock_reading last;	/* the newest reading */
	struct eh_clock_reading tpm;	/* the newest one with a TPM */
	int same_boot;			/* the attestation is of this boot */
	int disagreed;			/* T2: the clocks differ, once seen */
};

/* The answer.  ${t_hi} is EH_TIME_MAX when no upper bound is known. */
struct eh_now {
	uint64_t t_lo, t_hi;
	enum eh_quality quality;
	uint64_t since;			/* s powered on since the attestation */
	uint64_t wall;			/* what the host claims */
	int disagreed;			/* why the quality is not better */
};

/* Take up ${state} at the start of the process; ${boot_flags} gets EH_BOOT_*:
 * another boot of the machine, clocks that disagree. */
void eh_clockguard_start(struct eh_clockguard *,
    const struct eh_clock_state *, const struct eh_clock_reading *,
    uint8_t *boot_flags);

/* A reading with that of the TPM; without, the TPM gave no answer, and an
 * attestation that was held against it is of no use until it does. */
void eh_clockguard_tpm(
    struct eh_clockguard *, const struct eh_clock_reading *);

/* T2: what time it is. */
void eh_clockguard_now(struct eh_clockguard *, const struct eh_clock_state *,
    const struct eh_clock_reading *, struct eh_now *);

/* T4: raise the floor and the powered-on time in ${state} to ${now}, and note
 * when that was; called for every commit, never with anything that came from
 * the wall clock. */
void eh_clockguard_raise(const struct eh_clockguard *, struct eh_clock_state *,
    const struct eh_now *);

/* A nonce that waits for its attestation. */
struct eh_clock_nonce {
	uint8_t used;			/* 0: this place is empty */
	uint8_t nonce[EH_ID_LEN];
	struct eh_clock_reading sent;
};
#define EH_CLOCK_NONCES 4

/*
 * T1: may this attestation be accepted?  ${nonces} are those outstanding;
 * ${indexp} gets the one that it answers.  The caller has verified signature,
 * role, sub and iss, and compares in_force.  EH_OK; EH_DENIED_TIME with a
 * sentence (no such nonce of this boot, or T + u before the floor);
 * EH_ERR_REPLAYED when tseq is not above the last one.
 */
EH_MUST_CHECK int eh_clockguard_check(const struct eh_clock_state *,
    const struct eh_clock_nonce nonces[EH_CLOCK_NONCES],
    const struct eh_clock_reading *now, const struct eh_time_attestation *,
    unsigned *indexp, struct eh_error *);

/*
 * T8a for a beacon, an attestation without a nonce: may it raise the floor?  The
 * caller has verified it as above.  EH_OK; 1 when the floor is there already;
 * EH_DENIED_TIME when it is later than it can be, or nothing was ever attested.
 */
EH_MUST_CHECK int eh_clockguard_check_beacon(const struct eh_clock_state *,
    const struct eh_now *, const struct eh_time_attestation *,
    struct eh_error *);

/* Raise the floor by a beacon that was accepted. */
void eh_clockguard_beacon(
    struct eh_clock_state *, const struct eh_time_attestation *);

/* Put an attestation that answers a nonce sent at ${sent} and came in at
 * ${received} into ${state} and the guard.  Idempotent: replay does it again. */
void eh_clockguard_accept(struct eh_clockguard *, struct eh_clock_state *,
    const struct eh_clock_reading *sent, const struct eh_clock_reading *received,
    const struct eh_time_attestation *);

/* T8a: is a message's ${iat} believable?  EH_OK or EH_DENIED_TIME. */
EH_MUST_CHECK int eh_clockguard_check_iat(
    const struct eh_now *, uint64_t iat, struct eh_error *);

/* Raise the floor to the iat of an accepted message (not at quality 0). */
void eh_clockguard_message(
    struct eh_clock_state *, const struct eh_now *, uint64_t iat);

/* The rule that a use is judged by. */
enum eh_clock_rule {
	EH_CLOCK_NORMAL,	/* grace may bridge a boot */
	EH_CLOCK_STRICT		/* debug unlock, re-provisioning, re-issue */
};

/* How to get time trusted: the end of every sentence about that. */
#define EH_CLOCK_MEND \
	"`edgehsm token nonce` here, have the OEM answer it with " \
	"`edgehsm-authority time`, then `edgehsm token import` here"

/* Refuse with EH_DENIED_EXPIRED: when ${order} expired, and what to do. */
int eh_clockguard_expired(
    uint64_t expires, const char *order, struct eh_error *);

/*
 * T3 and T5 for one use under an authorization that people know as ${order}.
 * EH_OK; EH_DENIED_NOT_YET_VALID, EH_DENIED_EXPIRED, EH_DENIED_TIME,
 * EH_DENIED_OFFLINE with what to do about it.  Whether boot grace is left is
 * the lease's question.
 */
EH_MUST_CHECK int eh_clockguard_permit(const struct eh_now *,
    uint64_t not_before, uint64_t expires, const struct eh_limits *,
    enum eh_clock_rule, const char *order, struct eh_error *);

/* The window for a notBefore that the host proposes: EH_OK when quality is 2 or
 * more and t_lo - 300 s <= ${not_before} <= t_hi; else EH_DENIED_TEMPLATE. */
EH_MUST_CHECK int eh_clockguard_check_not_before(
    const struct eh_now *, uint64_t not_before, struct eh_error *);

#endif
