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

/*
 * Nanoseconds from ${then} to ${now}, both of one boot: the largest of what the
 * clocks say, since root can slow one and suspend stops another.  ${disagreed}
 * is set when they are further apart than 1 % and a minute.
 */
static uint64_t
elapsed(const struct eh_clock_reading *then, const struct eh_clock_reading *now,
    int *disagreed)
{
	uint64_t boottime = minus(now->boottime, then->boottime);
	uint64_t raw = minus(now->raw, then->raw);
	uint64_t most = later(boottime, raw);
	uint64_t least = boottime < raw ? boottime : raw;

	if (most - least > most / 100 + SKEW_FIXED * NS)
		*disagreed = 1;
	return most;
}

/* Are these two readings of one boot, in this order? */
static int
follows(const struct eh_clock_reading *then, const struct eh_clock_reading *now)
{
	return memcmp(then->boot_id, now->boot_id, EH_ID_LEN) == 0 &&
	    now->boottime >= then->boottime && now->raw >= then->raw;
}

void
eh_clockguard_start(struct eh_clockguard *guard,
    const struct eh_clock_state *state, const struct eh_clock_reading *reading,
    uint8_t *boot_flags)
{
	memset(guard, 0, sizeof(*guard));
	guard->start = *reading;
	guard->floor = state->floor;
	guard->powered = state->powered;
	guard->same_boot =
	    state->attested && follows(&state->received, reading);
	if (boot_flags != NULL && state->attested && !guard->same_boot)
		*boot_flags |= EH_BOOT_OTHER_BOOT;
}

void
eh_clockguard_now(struct eh_clockguard *guard,
    const struct eh_clock_state *state, const struct eh_clock_reading *reading,
    struct eh_now *now)
{
	uint64_t up, since, drift;

	up = elapsed(&guard->start, reading, &guard->disagreed) / NS;
	now->wall = reading->wall;
	now->t_hi = EH_TIME_MAX;
	now->since = guard->powered + up;
	now->t_lo = later(state->floor, plus(guard->floor, up));
	if (!state->attested) {
		now->quality = EH_QUALITY_NONE;
		now->t_lo = state->floor;
		now->since = 0;
		return;
	}
	now->quality = EH_QUALITY_FLOOR;
	if (!guard->same_boot)
		return;
	since = elapsed(&state->received, reading, &guard->disagreed);
	now->since = since / NS;
	if (guard->disagreed)
		return;
	drift = since / 1000000 * DRIFT_PPM;
	now->t_lo = later(state->floor,
	    plus(minus(state->time, state->uncertainty), (since - drift) / NS));
	now->t_hi = plus(plus(state->time, state->uncertainty),
	    (minus(state->received.boottime, state->sent.boottime) + since +
	        drift + NS - 1) / NS);
	/* The authority may have dated a message later than we could know. */
	now->t_hi = later(now->t_hi, now->t_lo);
	now->quality = now->since < DAY ? EH_QUALITY_FRESH : EH_QUALITY_ATTESTED;
}

void
eh_clockguard_raise(struct eh_clock_state *state, const struct eh_now *now)
{
	if (now->quality == EH_QUALITY_NONE)
		return;
	state->floor = later(state->floor, now->t_lo);
	state->powered = later(state->powered, now->since);
}

int
eh_clockguard_check(const struct eh_clock_state *state,
    const struct eh_clock_nonce nonces[EH_CLOCK_NONCES],
    const struct eh_clock_reading *now, const struct eh_time_attestation *t,
    unsigned *indexp, struct eh_error *error)
{
	unsigned i;

	if (!t->has_nonce)
		return eh_error_set(error, EH_ERR_UNSUPPORTED,
		    "a time beacon (without nonce) is not supported by this "
		    "version; answer a nonce of `edgehsm token nonce`");
	if (t->tseq <= state->tseq && state->attested)
		return eh_error_set(error, EH_ERR_REPLAYED,
		    "time attestation %" PRIu64 " is not newer than the last "
		    "one, %" PRIu64, t->tseq, state->tseq);
	for (i = 0; i < EH_CLOCK_NONCES; i++)
		if (nonces[i].used &&
		    eh_ct_equal(nonces[i].nonce, t->nonce, EH_ID_LEN) &&
		    follows(&nonces[i].sent, now))
			break;
	if (i == EH_CLOCK_NONCES)
		return eh_error_set(error, EH_DENIED_TIME,
		    "the time attestation answers no nonce that this EdgeHSM "
		    "gave out since the machine booted: ask `edgehsm token "
		    "nonce` again and have that one answered");
	if (plus(t->from.iat, t->uncertainty) < state->floor)
		return eh_error_set(error, EH_DENIED_TIME,
		    "the attested time %" PRIu64 " lies before the floor %"
		    PRIu64 ": it has been later already", t->from.iat,
		    state->floor);
	*indexp = i;
	return EH_OK;
}

void
eh_clockguard_accept(struct eh_clockguard *guard, struct eh_clock_state *state,
    const struct eh_clock_reading *sent, const struct eh_clock_reading *received,
    const struct eh_time_attestation *t)
{
	state->attested = 1;
	state->sent = *sent;
	state->received = *received;
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
	guard->same_boot = follows(&guard->start, received) ||
	    follows(received, &guard->start);
	if (follows(&guard->start, received))
		guard->start = *received;
}

int
eh_clockguard_check_iat(
    const struct eh_now *now, uint64_t iat, struct eh_error *error)
{
	uint64_t most = EH_TIME_MAX;

	if (now->quality >= EH_QUALITY_ATTESTED)
		most = plus(now->t_hi, HOST_SLACK);
	else if (now->quality == EH_QUALITY_FLOOR)
		most = plus(now->t_lo, IAT_AHEAD);
	if (iat <= most)
		return EH_OK;
	return eh_error_set(error, EH_DENIED_TIME,
	    "the message is dated %" PRIu64 ", later than any time that it can "
	    "be here (%" PRIu64 "); if the EdgeHSM lay in store, attest its "
	    "time first", iat, most);
}

void
eh_clockguard_message(
    struct eh_clock_state *state, const struct eh_now *now, uint64_t iat)
{
	if (now->quality != EH_QUALITY_NONE)
		state->floor = later(state->floor, iat);
}

/* A date for people; no time is above what eh_clock_format() can write. */
static void
date_text(uint64_t time, char out[EH_CLOCK_TEXT_SIZE])
{
	if (eh_clock_format(time, out) != EH_OK)
		snprintf(out, EH_CLOCK_TEXT_SIZE, "never");
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

/* How to get time trusted: the end of most sentences here. */
#define MEND "`edgehsm token nonce`, have the authority answer it, import both"

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
		    "time is not trusted: quality %d, authorization %s needs "
		    "%d: " MEND, now->quality, order,
		    least > EH_QUALITY_NONE ? least : EH_QUALITY_FLOOR);
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
		    "attestation, authorization %s allows %" PRIu32 ": " MEND,
		    now->since, order, limits->max_offline);
	if (now->wall > plus(expires, HOST_SLACK)) {
		date_text(now->wall, date);
		return eh_error_set(error, EH_DENIED_TIME,
		    "the host's clock says %s, after authorization %s ends; "
		    "set it right, or attest the time: " MEND, date, order);
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
		    "time is not attested: " MEND);
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
