/* SPDX-License-Identifier: Apache-2.0 */
/* limits.c - how much can still be made if the link were cut now, what ends that,
 * and who can lift it. */
#include "config.h"

#include <string.h>

#include "orchestrator/token/limits.h"

#define HOST_SLACK 300		/* s, T5 */

#define BY_OEM  "the OEM", "edgehsm-authority authorize"
#define BY_ACK  "the OEM", "edgehsm-authority ack"
#define BY_TIME "you and the OEM", "edgehsm token nonce, then " \
	"edgehsm-authority time, then edgehsm token import"

const struct eh_counter *
eh_limits_devices(const struct eh_token_authorization *a)
{
	static const struct eh_counter none;
	const struct eh_counter *c = eh_counters_get(&a->counters, EH_OP_PASS);

	return c != NULL ? c : &none;
}

static uint64_t
minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static int
attested(const struct eh_token_status *s)
{
	return s->quality >= EH_QUALITY_ATTESTED;
}

/* The latest that it can be, as far as that is known. */
static uint64_t
latest(const struct eh_token_status *s)
{
	return attested(s) ? s->t_hi : s->t_lo;
}

/* None can be made now. */
static void
stop(struct eh_outlook *o, const char *what, const char *who,
    const char *command)
{
	o->left = o->seconds = o->after_boot = 0;
	o->limit = (struct eh_limit){ what, who, command };
	o->clock = o->limit;
}

/* No more than ${left} devices; whichever is named first wins. */
static void
bound(struct eh_outlook *o, uint64_t left, const char *what, const char *who,
    const char *command)
{
	if (left >= o->left)
		return;
	o->left = left;
	o->limit = (struct eh_limit){ what, who, command };
}

static void
end(struct eh_outlook *o, uint64_t seconds, const char *what, const char *who,
    const char *command)
{
	if (seconds >= o->seconds)
		return;
	o->seconds = seconds;
	o->clock = (struct eh_limit){ what, who, command };
}

static const char *
closed_text(const struct eh_token_authorization *a)
{
	static const char *const text[] = {
		[0] = "closed",
		[EH_CLOSE_EXPIRED] = "closed: expired",
		[EH_CLOSE_REVOKED] = "closed: revoked",
		[EH_CLOSE_SUPERSEDED] = "closed: superseded by another one",
		[EH_CLOSE_USED_UP] = "closed: used up, every device reported",
		[EH_CLOSE_REQUESTED] = "closed on request of the OEM",
		[EH_CLOSE_BURNS] = "closed: too many unclean stops",
	};
	size_t n = sizeof(text) / sizeof(text[0]);

	return (size_t)a->close_reason < n ? text[a->close_reason] : text[0];
}

/* T3 and T5: 1 when time has stopped it. */
static int
judge_time(const struct eh_token_status *s,
    const struct eh_token_authorization *a, uint64_t wall, struct eh_outlook *o)
{
	const struct eh_limits *l = &a->limits;

	if (a->closed)
		stop(o, closed_text(a), BY_OEM);
	else if (latest(s) >= a->expires)
		stop(o, "expired", BY_OEM);
	else if (s->quality == EH_QUALITY_NONE)
		stop(o, "time was never attested", BY_TIME);
	else if (s->quality < l->quality)
		stop(o, "time is not trusted", BY_TIME);
	else if (!attested(s) && l->boot_grace == 0)
		stop(o, "no devices after a boot without attested time",
		    BY_TIME);
	else if (s->t_lo < a->not_before) {
		stop(o, "not yet valid", "time", "wait");
		o->begins = a->not_before;
	} else if (s->since_time > l->max_offline)
		stop(o, "too long without attested time", BY_TIME);
	else if (wall > a->expires + HOST_SLACK)
		stop(o, "this host's clock is later than its end", "you",
		    "date --set");
	else
		return 0;
	return 1;
}

/* R5, what an acknowledgement of the authority would lift: 1 when that has
 * stopped it. */
static int
judge_withheld(const struct eh_token_status *s,
    const struct eh_token_authorization *a, struct eh_outlook *o)
{
	if (s->flags & EH_FLAG_DAMAGED)
		stop(o, "a record of the journal is damaged", "you",
		    "put back a copy of that segment file");
	else if (s->flags & EH_FLAG_FOREIGN)
		stop(o, "the authority has acknowledged another history",
		    BY_ACK);
	else if (s->flags & EH_FLAG_MERGED)
		stop(o, "too many unclean stops, not yet acknowledged",
		    BY_ACK);
	else if (s->unacked > a->limits.max_unacked)
		stop(o, "records not yet acknowledged", BY_ACK);
	else if (s->unaccounted > a->limits.max_unaccounted)
		stop(o, "devices burned by unclean stops, not yet "
		    "acknowledged", BY_ACK);
	else
		return 0;
	return 1;
}

/* What of another operation of a pass is left, in devices. */
static uint64_t
operation_left(const struct eh_token_authorization *a)
{
	const struct eh_counter *c = eh_counters_get(&a->counters, EH_OP_ISSUE);

	if (c == NULL || a->records == 0)
		return UINT64_MAX;
	return minus(c->quota, c->used + c->burned) / a->records;
}

void
eh_limits_judge(const struct eh_token_status *s,
    const struct eh_token_authorization *a, uint64_t wall, struct eh_outlook *o)
{
	const struct eh_counter *d = eh_limits_devices(a);
	const struct eh_limits *l = &a->limits;
	uint64_t records = a->records > 0 ? a->records : 1;

	memset(o, 0, sizeof(*o));
	o->left = o->seconds = UINT64_MAX;
	if (judge_time(s, a, wall, o) || judge_withheld(s, a, o))
		return;
	bound(o, minus(d->quota, d->used + d->burned),
	    "its number of devices", BY_OEM);
	bound(o, operation_left(a), "its number of certificates", BY_OEM);
	/* A device may begin while no more than max_unacked are out. */
	bound(o, (l->max_unacked - s->unacked) / records + 1,
	    "records not yet acknowledged", BY_ACK);
	o->after_boot = 0;
	if (l->quality < EH_QUALITY_ATTESTED)
		o->after_boot = o->left < a->grace ? o->left : a->grace;
	if (!attested(s))
		bound(o, a->grace, "devices after a boot without attested time",
		    BY_TIME);
	end(o, a->expires - latest(s), "its expiry", BY_OEM);
	end(o, (uint64_t)l->max_offline - s->since_time + 1,
	    "too long without attested time", BY_TIME);
}
