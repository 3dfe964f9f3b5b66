/* SPDX-License-Identifier: Apache-2.0 */
/* clockguard.c - what time it is at least, and at most, without believing the
 * host's clock. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/ct.h"
#include "common/message/record.h"
#include "quota-engine/clockguard.h"

#define NS          UINT64_C(1000000000)
#define DRIFT_PPM   500
#define DAY         UINT64_C(86400)
#define HOST_SLACK  300		/* s, T5, T8a and notBefore */
#define IAT_AHEAD   (400 * DAY)	/* T8a at quality 1 */
#define SKEW_FIXED  60		/* s, T2: how far two clocks may differ */
#define MS          UINT64_C(1000000)
#define TPM_DRIFT_PERCENT 15	/* TPM 2.0 part 1 section 36.2 allows it */

static uint64_t
later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t
minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t
plus(uint64_t a, uint64_t b)
{
	return a > EH_TIME_MAX || b > EH_TIME_MAX - a ? EH_TIME_MAX : a + b;
}

/* A date for people; no time is above what eh_clock_format() can write. */
static void
date_text(uint64_t time, char out[EH_CLOCK_TEXT_SIZE])
{
	if (eh_clock_format(time, out) != EH_OK)
		snprintf(out, EH_CLOCK_TEXT_SIZE, "never");
}

static uint64_t
apart(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

/*
 * How long it is from one reading to another of the same boot, in ns: at least,
 * by what a clock can be slow, and at most.
 */
struct span {
	uint64_t host;			/* the larger of the host's two */
	uint64_t tpm;			/* 0 when there is none */
	uint64_t least, most;		/* with drift */
};

/* By the host's clocks: the larger, since root can slow one and suspend stops
 * another.  ${disagreed} is set when they are further apart than 1 % and a
 * minute. */
static uint64_t
host_elapsed(const struct eh_clock_reading *then,
    const struct eh_clock_reading *now, int *disagreed)
{
	uint64_t boottime = minus(now->boottime, then->boottime);
	uint64_t raw = minus(now->raw, then->raw);
	uint64_t most = later(boottime, raw);

	if (apart(boottime, raw) > most / 100 + SKEW_FIXED * NS)
		*disagreed = 1;
	return most;
}

/* Is the TPM in ${now} the one in ${then}, not reset since? */
static int
tpm_follows(const struct eh_clock_tpm *then, const struct eh_clock_tpm *now)
{
	return !then->known || (now->known && now->resets == then->resets &&
	    now->ms >= then->ms);
}

/* Are these two readings of one boot, in this order? */
static int
follows(const struct eh_clock_reading *then, const struct eh_clock_reading *now)
{
	return memcmp(then->boot_id, now->boot_id, EH_ID_LEN) == 0 &&
	    now->boottime >= then->boottime && now->raw >= then->raw;
}

static int
follows_all(
    const struct eh_clock_reading *then, const struct eh_clock_reading *now)
{
	return follows(then, now) && tpm_follows(&then->tpm, &now->tpm);
}

/*
 * The TPM's clock runs only so well, and was read a while ago: it is carried on
 * by the host's.  It can show that those were slowed, and bounds what they hide.
 */
static void
measure(const struct eh_clockguard *guard, const struct eh_clock_reading *then,
    const struct eh_clock_reading *now, int *disagreed, struct span *s)
{
	const struct eh_clock_tpm *tpm = &guard->tpm.tpm;
	int ignored = 0;

	memset(s, 0, sizeof(*s));
	s->host = host_elapsed(then, now, disagreed);
	s->least = s->host - s->host / 1000000 * DRIFT_PPM;
	s->most = s->host;
	if (then->tpm.known && tpm->known && tpm_follows(&then->tpm, tpm)) {
		s->tpm = (tpm->ms - then->tpm.ms) * MS +
		    host_elapsed(&guard->tpm, now, &ignored);
		s->most = later(s->host, s->tpm);
		s->least = later(
		    s->least, s->tpm - s->tpm / 100 * TPM_DRIFT_PERCENT);
		if (apart(s->host, s->tpm) >
		    s->most / 100 * TPM_DRIFT_PERCENT + SKEW_FIXED * NS)
			*disagreed = 1;
	}
	s->most += s->most / 1000000 * DRIFT_PPM;
}

/* How long the answer took, at most: it was given at some time between. */
static uint64_t
travel(const struct eh_clock_state *state)
{
	const struct eh_clock_reading *sent = &state->sent;
	const struct eh_clock_reading *received = &state->received;
	uint64_t tpm = 0;
	int ignored = 0;

	if (sent->tpm.known && received->tpm.known)
		tpm = minus(received->tpm.ms, sent->tpm.ms) * MS;
	return later(tpm, host_elapsed(sent, received, &ignored));
}

/* T6: does the attestation hold in this boot?  The clocks must not lie before
 * what they were when the state was last anchored, either. */
static int
holds(const struct eh_clock_state *state, const struct eh_clock_reading *now)
{
	if (!state->attested || !follows_all(&state->received, now))
		return 0;
	return memcmp(state->seen.boot_id, now->boot_id, EH_ID_LEN) != 0 ||
	    follows_all(&state->seen, now);
}

void
eh_clockguard_start(struct eh_clockguard *guard,
    const struct eh_clock_state *state, const struct eh_clock_reading *reading,
    uint8_t *boot_flags)
{
	struct span ignored;

	memset(guard, 0, sizeof(*guard));
	guard->start = *reading;
	guard->last = *reading;
	guard->tpm = *reading;
	guard->base = *reading;
	if (follows_all(&state->seen, reading)) {
		guard->base = state->seen;
		/* It was asked at another moment. */
		guard->base.tpm.known = 0;
	}
	guard->floor = state->floor;
	guard->powered = state->powered;
	guard->same_boot = holds(state, reading);
	guard->disagreed = state->disagreed;
	if (guard->same_boot)
		measure(guard, &state->received, reading, &guard->disagreed,
		    &ignored);
	if (boot_flags == NULL)
		return;
	if (state->attested && !guard->same_boot)
		*boot_flags |= EH_BOOT_OTHER_BOOT;
	if (guard->disagreed)
		*boot_flags |= EH_BOOT_CLOCKS;
}

void
eh_clockguard_tpm(
    struct eh_clockguard *guard, const struct eh_clock_reading *reading)
{
	/* Two of one boot that do not go together: the TPM was reset. */
	if (guard->tpm.tpm.known && reading->tpm.known &&
	    !tpm_follows(&guard->tpm.tpm, &reading->tpm))
		guard->same_boot = 0;
	guard->tpm = *reading;
}

/* Is there a reading of the TPM that the attestation was held against? */
static int
tpm_answers(
    const struct eh_clockguard *guard, const struct eh_clock_state *state)
{
	return !state->received.tpm.known ||
	    tpm_follows(&state->received.tpm, &guard->tpm.tpm);
}

void
eh_clockguard_now(struct eh_clockguard *guard,
    const struct eh_clock_state *state, const struct eh_clock_reading *reading,
    struct eh_now *now)
{
	struct span s;

	/* No clock of a boot goes back. */
	if (!follows(&guard->last, reading))
		guard->disagreed = 1;
	guard->last = *reading;
	measure(guard, &guard->base, reading, &guard->disagreed, &s);
	now->wall = reading->wall;
	now->t_hi = EH_TIME_MAX;
	now->disagreed = guard->disagreed;
	if (!state->attested) {
		now->quality = EH_QUALITY_NONE;
		now->t_lo = state->floor;
		now->since = 0;
		return;
	}
	now->quality = EH_QUALITY_FLOOR;
	now->since = guard->powered + later(s.host, s.least) / NS;
	now->t_lo = later(state->floor, plus(guard->floor, s.least / NS));
	if (!guard->same_boot || !tpm_answers(guard, state))
		return;
	measure(guard, &state->received, reading, &guard->disagreed, &s);
	now->disagreed = guard->disagreed;
	now->since = later(s.host, s.least) / NS;
	if (guard->disagreed)
		return;
	now->t_lo = later(state->floor,
	    plus(minus(state->time, state->uncertainty), s.least / NS));
	now->t_hi = plus(plus(state->time, state->uncertainty),
	    (travel(state) + s.most + NS - 1) / NS);
	/* The authority may have dated a message later than we could know. */
	now->t_hi = later(now->t_hi, now->t_lo);
	now->quality = now->since < DAY ? EH_QUALITY_FRESH : EH_QUALITY_ATTESTED;
}

void
eh_clockguard_raise(const struct eh_clockguard *guard,
    struct eh_clock_state *state, const struct eh_now *now)
{
	if (now->quality == EH_QUALITY_NONE)
		return;
	state->floor = later(state->floor, now->t_lo);
	state->powered = later(state->powered, now->since);
	state->disagreed |= guard->disagreed != 0;
	if (memcmp(state->seen.boot_id, guard->last.boot_id, EH_ID_LEN) == 0 &&
	    !follows(&state->seen, &guard->last))
		return;
	state->seen = guard->last;
	state->seen.wall = 0;
	state->seen.tpm = guard->tpm.tpm;
}

int
eh_clockguard_check(const struct eh_clock_state *state,
    const struct eh_clock_nonce nonces[EH_CLOCK_NONCES],
    const struct eh_clock_reading *now, const struct eh_time_attestation *t,
    unsigned *indexp, struct eh_error *error)
{
	char date[EH_CLOCK_TEXT_SIZE], floor[EH_CLOCK_TEXT_SIZE];
	unsigned i;

	if (t->tseq <= state->tseq && state->attested)
		return eh_error_set(error, EH_ERR_REPLAYED,
		    "time attestation %" PRIu64 " is not newer than the last "
		    "one, %" PRIu64, t->tseq, state->tseq);
	for (i = 0; i < EH_CLOCK_NONCES; i++)
		if (nonces[i].used &&
		    eh_ct_equal(nonces[i].nonce, t->nonce, EH_ID_LEN) &&
		    follows_all(&nonces[i].sent, now))
			break;
	if (i == EH_CLOCK_NONCES)
		return eh_error_set(error, EH_DENIED_TIME,
		    "the time attestation answers no nonce that this EdgeHSM "
		    "gave out since the machine booted: " EH_CLOCK_MEND);
	if (plus(t->from.iat, t->uncertainty) < state->floor) {
		date_text(t->from.iat, date);
		date_text(state->floor, floor);
		return eh_error_set(error, EH_DENIED_TIME,
		    "the attested time %s lies before %s, which has passed "
		    "here already: set the clock of the authority right, and "
		    "have a fresh nonce answered", date, floor);
	}
	*indexp = i;
	return EH_OK;
}

void
eh_clockguard_accept(struct eh_clockguard *guard, struct eh_clock_state *state,
    const struct eh_clock_reading *sent, const struct eh_clock_reading *received,
    const struct eh_time_attestation *t)
{
	state->attested = 1;
	state->disagreed = 0;
	state->sent = *sent;
	state->received = *received;
	state->sent.wall = state->received.wall = 0;
	state->seen = state->received;
	state->time = t->from.iat;
	state->uncertainty = t->uncertainty;
	state->tseq = t->tseq;
	state->powered = 0;
	state->floor =
	    later(state->floor, minus(state->time, state->uncertainty));
	guard->floor = state->floor;
	guard->powered = 0;
	guard->disagreed = 0;
	/* A replayed attestation may be of an earlier boot; a live one is not,
	 * and counts from now on. */
	if (received->tpm.known && follows_all(&guard->tpm, received))
		guard->tpm = *received;
	guard->same_boot = (follows(&guard->last, received) ||
	    follows(received, &guard->last)) &&
	    tpm_follows(&received->tpm, &guard->tpm.tpm);
	guard->base = guard->same_boot ? state->received : guard->start;
}

int
eh_clockguard_check_beacon(const struct eh_clock_state *state,
    const struct eh_now *now, const struct eh_time_attestation *t,
    struct eh_error *error)
{
	int err;

	if (now->quality == EH_QUALITY_NONE)
		return eh_error_set(error, EH_DENIED_TIME,
		    "a time beacon raises a time that was attested, and none "
		    "was ever attested here: " EH_CLOCK_MEND);
	if ((err = eh_clockguard_check_iat(now, t->from.iat, error)) != EH_OK)
		return err;
	return minus(t->from.iat, t->uncertainty) <= state->floor;
}

void
eh_clockguard_beacon(
    struct eh_clock_state *state, const struct eh_time_attestation *t)
{
	state->floor =
	    later(state->floor, minus(t->from.iat, t->uncertainty));
}

int
eh_clockguard_check_iat(
    const struct eh_now *now, uint64_t iat, struct eh_error *error)
{
	char date[EH_CLOCK_TEXT_SIZE], last[EH_CLOCK_TEXT_SIZE];
	uint64_t most = EH_TIME_MAX;

	if (now->quality >= EH_QUALITY_ATTESTED)
		most = plus(now->t_hi, HOST_SLACK);
	else if (now->quality == EH_QUALITY_FLOOR)
		most = plus(now->t_lo, IAT_AHEAD);
	if (iat <= most)
		return EH_OK;
	date_text(iat, date);
	date_text(most, last);
	return eh_error_set(error, EH_DENIED_TIME,
	    "the message is dated %s, later than it can be here (%s); if the "
	    "EdgeHSM lay in store, attest its time first: " EH_CLOCK_MEND,
	    date, last);
}

void
eh_clockguard_message(
    struct eh_clock_state *state, const struct eh_now *now, uint64_t iat)
{
	if (now->quality != EH_QUALITY_NONE)
		state->floor = later(state->floor, iat);
}

int
eh_clockguard_expired(
    uint64_t expires, const char *order, struct eh_error *error)
{
	char date[EH_CLOCK_TEXT_SIZE];

	date_text(expires, date);
	return eh_error_set(error, EH_DENIED_EXPIRED,
	    "authorization %s expired %s; the OEM can issue a new one", order,
	    date);
}

/* What a quality below 2 means. */
static const char *
why_untrusted(const struct eh_now *now)
{
	if (now->quality == EH_QUALITY_NONE)
		return "it was never attested";
	if (now->disagreed)
		return "the clocks of the machine disagree";
	return "it was not attested since the machine booted";
}

int
eh_clockguard_permit(const struct eh_now *now, uint64_t not_before,
    uint64_t expires, const struct eh_limits *limits, enum eh_clock_rule rule,
    const char *order, struct eh_error *error)
{
	char date[EH_CLOCK_TEXT_SIZE], now_text[EH_CLOCK_TEXT_SIZE];
	enum eh_quality least =
	    rule == EH_CLOCK_STRICT ? EH_QUALITY_ATTESTED : limits->quality;
	uint64_t latest =
	    now->quality >= EH_QUALITY_ATTESTED ? now->t_hi : now->t_lo;

	if (latest >= expires)
		return eh_clockguard_expired(expires, order, error);
	if (now->quality < least || now->quality == EH_QUALITY_NONE)
		return eh_error_set(error, EH_DENIED_TIME,
		    "time not trusted (quality %d: %s), authorization %s "
		    "needs %d: " EH_CLOCK_MEND, now->quality,
		    why_untrusted(now), order,
		    least > EH_QUALITY_NONE ? least : EH_QUALITY_FLOOR);
	if (now->quality < EH_QUALITY_ATTESTED && limits->boot_grace == 0)
		return eh_error_set(error, EH_DENIED_TIME,
		    "time not trusted (%s), and authorization %s allows no "
		    "device then: " EH_CLOCK_MEND, why_untrusted(now), order);
	if (now->t_lo < not_before) {
		date_text(not_before, date);
		date_text(now->t_lo, now_text);
		return eh_error_set(error, EH_DENIED_NOT_YET_VALID,
		    "authorization %s is valid from %s; all that is sure here "
		    "is that %s has passed", order, date, now_text);
	}
	if (now->since > limits->max_offline)
		return eh_error_set(error, EH_DENIED_OFFLINE,
		    "offline limit: %" PRIu64 " s since the last time "
		    "attestation, authorization %s allows %" PRIu32 ": "
		    EH_CLOCK_MEND,
		    now->since, order, limits->max_offline);
	if (now->wall > plus(expires, HOST_SLACK)) {
		date_text(now->wall, date);
		return eh_error_set(error, EH_DENIED_TIME,
		    "the host's clock says %s, after authorization %s ends; "
		    "set it right", date, order);
	}
	return EH_OK;
}

int
eh_clockguard_check_not_before(
    const struct eh_now *now, uint64_t not_before, struct eh_error *error)
{
	char date[EH_CLOCK_TEXT_SIZE], from[EH_CLOCK_TEXT_SIZE], to[EH_CLOCK_TEXT_SIZE];

	if (now->quality < EH_QUALITY_ATTESTED)
		return eh_error_set(error, EH_DENIED_TEMPLATE,
		    "notBefore must be that of the authorization while the "
		    "time is not attested: " EH_CLOCK_MEND);
	if (not_before >= minus(now->t_lo, HOST_SLACK) &&
	    not_before <= now->t_hi)
		return EH_OK;
	date_text(not_before, date);
	date_text(minus(now->t_lo, HOST_SLACK), from);
	date_text(now->t_hi, to);
	return eh_error_set(error, EH_DENIED_TEMPLATE,
	    "notBefore %s is neither the authorization's nor within %s and %s",
	    date, from, to);
}
