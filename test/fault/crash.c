/* SPDX-License-Identifier: Apache-2.0 */
/* crash.c - lives of an engine that end in a crash, one after the other. */
#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quota-engine/committer.h"
#include "quota-engine/ledger.h"
#include "quota-engine/recover.h"
#include "test/fault/crash.h"
#include "test/fault/heart.h"

#define ACTORS   6
#define ORDERS   5
#define SOON     (UINT64_C(1790000000) + 3000) /* an expiry */
#define LIVES    10		/* of a world */
#define CALLS    90		/* of a life, at most */
#define RELEASED 1024

/* Somebody who wants a certificate. */
struct actor {
	enum { IDLE, WAITING, CLAIMED, SUBMITTED, ANCHORING } state;
	struct heart_ask ask;
	struct eh_request request;
	struct eh_ticket ticket;
	struct eh_answer answer;
	struct eh_submission submission;
	struct eh_record record;
	uint8_t signature[64];
	uint64_t commit;		/* to wait for */
};

/* What left. */
struct released {
	struct heart_ask ask;
	uint16_t issue;
	uint8_t signature[64];
};

struct world {
	const struct crash_plan *plan;
	struct crash_result *result;
	uint64_t seed;
	struct sim_random random;
	struct heart h;
	struct heart_order order[ORDERS];
	unsigned orders;
	struct heart_order tried;	/* nobody knows yet whether it is in */
	unsigned tries;
	struct actor actor[ACTORS];
	struct released released[RELEASED];
	unsigned nreleased;
	unsigned unclean;		/* stops of a started engine */
	unsigned reported;
	int step;			/* of the commit: 0 to 3 */
	int broken;
};

static void
fault(struct world *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
fault(struct world *w, const char *format, ...)
{
	va_list args;

	w->result->faults++;
	w->broken = 1;
	if (w->plan->stop_at_first)
		return;
	fprintf(stderr, "# seed %" PRIu64 ": ", w->seed);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n");
}

static uint64_t
below(struct world *w, uint64_t n)
{
	return sim_below(&w->random, n);
}

static int
dead(const struct world *w)
{
	return sim_crashed(w->h.sim) || w->broken ||
	    w->h.eng->stopped.code != EH_OK;
}

/*
 * --- what actors do ---
 */

static void
release(struct world *w, const struct heart_ask *ask, uint16_t issue,
    const uint8_t signature[64])
{
	struct released *r = &w->released[w->nreleased];

	if (sim_crashed(w->h.sim) || w->nreleased == RELEASED)
		return;
	r->ask = *ask;
	r->issue = issue;
	memcpy(r->signature, signature, 64);
	w->nreleased++;
	w->result->released++;
}

static const struct released *
find_released(const struct world *w, const struct heart_ask *ask)
{
	for (unsigned i = 0; i < w->nreleased; i++)
		if (memcmp(&w->released[i].ask, ask, sizeof(*ask)) == 0)
			return &w->released[i];
	return NULL;
}

/* The same bytes were signed before: they come back as they were. */
static void
retried(struct world *w, struct actor *a, const struct eh_stored *stored)
{
	const struct released *r = find_released(w, &a->ask);
	uint8_t bytes[EH_ENTRY_MAX];
	struct eh_private private;
	struct eh_entry entry;

	if (stored->strict)
		return;
	if (eh_journal_read(&w->h.eng->journal, stored->first, stored->offset,
	        bytes, &entry) != EH_OK ||
	    eh_private_decode(entry.private, entry.privatelen, &private,
	        NULL) != EH_OK || private.reply_len != 64) {
		if (!sim_crashed(w->h.sim))
			fault(w, "a stored signature cannot be read");
		return;
	}
	w->result->retries++;
	if (r == NULL)
		release(w, &a->ask, a->answer.issue, private.reply);
	else if (memcmp(r->signature, private.reply, 64) != 0 ||
	    r->issue != a->answer.issue)
		fault(w, "a retry gave another signature");
}

static void
wish(struct world *w, struct actor *a)
{
	const struct heart_order *o = &w->order[below(w, w->orders)];

	memset(&a->ask, 0, sizeof(a->ask));
	a->ask.order = o->number;
	a->ask.device = (uint32_t)below(w, 40) + 1;
	a->ask.key = below(w, 8) == 0;
	a->ask.template_index = (uint8_t)below(w, o->uses);
	a->ask.templates = (uint8_t)o->uses;
	if (w->nreleased > 0 && below(w, 10) == 0)
		a->ask = w->released[below(w, w->nreleased)].ask;
}

static void
claim(struct world *w, struct actor *a)
{
	struct eh_stored stored;
	int err;

	/* Who was told to wait comes again, as the engine's callers do. */
	if (a->state == IDLE)
		wish(w, a);
	heart_request(&w->h, &a->ask, &a->request);
	err = eh_ledger_claim(w->h.eng, &a->request, &a->ticket, &a->answer,
	    &stored, &w->h.error);
	a->state = err == EH_ERR_BUSY ? WAITING : IDLE;
	if (err != EH_OK)
		return;
	if (a->answer.verdict == EH_VERDICT_RETRY)
		retried(w, a, &stored);
	else
		a->state = CLAIMED;
}

static void
submit(struct world *w, struct actor *a)
{
	struct eh_submission *s = &a->submission;
	int err;

	if (below(w, 10) == 0) {
		eh_ledger_withdraw(w->h.eng, &a->ticket);
		a->state = IDLE;
		return;
	}
	heart_sign(&w->h, &a->request, a->signature);
	heart_record(&a->request, a->answer.issue, &a->record);
	memset(s, 0, sizeof(*s));
	s->kind = EH_SUBMIT_CLAIM;
	s->record = &a->record;
	s->ticket = &a->ticket;
	s->private.reply = a->signature;
	s->private.reply_len = 64;
	s->private.has_request = 1;
	memcpy(s->private.request, a->request.digest, EH_DIGEST_LEN);
	err = eh_committer_submit(w->h.eng, s, &w->h.error);
	if (err != EH_OK) {
		eh_ledger_withdraw(w->h.eng, &a->ticket);
		a->state = IDLE;
		return;
	}
	a->state = SUBMITTED;
}

static void
harvest(struct world *w, struct actor *a)
{
	if (a->state == SUBMITTED && a->submission.done) {
		a->state = IDLE;
		if (a->submission.result != EH_OK)
			return;
		if (a->answer.verdict == EH_VERDICT_REISSUE) {
			a->commit = eh_commit_request(w->h.eng);
			a->state = ANCHORING;
			return;
		}
		release(w, &a->ask, a->answer.issue, a->signature);
	}
	if (a->state == ANCHORING && w->h.eng->state->commit >= a->commit) {
		a->state = IDLE;
		release(w, &a->ask, a->answer.issue, a->signature);
	}
}

static void
act(struct world *w)
{
	struct actor *a = &w->actor[below(w, ACTORS)];

	if (a->state == IDLE || a->state == WAITING)
		claim(w, a);
	else if (a->state == CLAIMED)
		submit(w, a);
	else
		harvest(w, a);
}

/*
 * --- what the committer and the anchor do ---
 */

static void
group(struct world *w)
{
	struct eh_engine *eng = w->h.eng;
	int err;

	if (eh_committer_collect(eng) == 0)
		return;
	err = eh_committer_write(eng);
	if (err == EH_OK)
		err = eh_committer_settle(eng);
	if (err != EH_OK) {
		eh_engine_poison(eng, "group");
		eh_committer_abandon(eng);
	}
}

/* One of the steps of a commit; groups come between them. */
static void
commit_step(struct world *w)
{
	struct eh_engine *eng = w->h.eng;
	int err = EH_OK;

	switch (w->step) {
	case 0:
		if (!eng->commit->wanted || eng->phase != EH_PHASE_STARTED)
			return;
		err = eh_commit_begin(eng);
		break;
	case 1:
		err = eh_commit_store(eng);
		break;
	case 2:
		err = eh_commit_extend(eng);
		break;
	default:
		err = eh_commit_verify(eng);
		if (err == EH_OK)
			eh_commit_end(eng);
	}
	w->step = (w->step + 1) % 4;
	if (err != EH_OK)
		eh_engine_poison(eng, "commit");
}

static void
start(struct world *w)
{
	if (w->h.eng->phase == EH_PHASE_REPLAYED && w->h.eng->want_start &&
	    eh_recover_start(w->h.eng, &w->h.error) != EH_OK)
		eh_engine_poison(w->h.eng, "start");
}

static void
segment(struct world *w)
{
	struct eh_journal *j = &w->h.eng->journal;

	if (j->next != EH_NEXT_WANTED)
		return;
	if (eh_journal_prepare(j) == EH_OK)
		j->next = EH_NEXT_READY;
	else
		eh_engine_poison(w->h.eng, "segment");
}

/* Calls that wait drive everything themselves, so no commit may fly. */
static void
finish_commit(struct world *w)
{
	while (w->step != 0 && !dead(w))
		commit_step(w);
}

static void
report(struct world *w)
{
	const struct released *r;
	int err;

	if (w->nreleased == 0)
		return;
	finish_commit(w);
	if (dead(w))
		return;
	r = &w->released[below(w, w->nreleased)];
	err = heart_report(&w->h, r->ask.order, r->ask.device,
	    below(w, 8) == 0 ? EH_OUTCOME_SCRAPPED : EH_OUTCOME_GOOD);
	w->reported += err == EH_OK;
	if (err != EH_OK && err != EH_DENIED_STATE && !dead(w))
		fault(w, "a report was refused: %s", w->h.error.text);
}

/* Go on with the books of another order, if that is live. */
static void
supersede(struct world *w, struct heart_order *o)
{
	const struct heart_order *old = &w->order[below(w, w->orders)];
	const struct eh_row *row = heart_row(&w->h, old->number);

	if (row == NULL || row->state != EH_ROW_LIVE)
		return;
	o->supersedes = old->number;
	o->profile = old->profile;
	o->uses = old->uses;
	/* What was burned before counts for this one, too. */
	if (o->lease < old->lease)
		o->lease = old->lease;
}

static void
install(struct world *w)
{
	struct heart_order *o = &w->tried;
	int err;

	finish_commit(w);
	if (dead(w) || w->orders == ORDERS)
		return;
	*o = heart_order(100 + w->tries++, below(w, 60) + 1,
	    (uint32_t)(1 << below(w, 4)));
	o->uses = (uint32_t)below(w, 2) + 1;
	o->issues = o->quota * o->uses + below(w, 30);
	o->reissues = below(w, 3) * 4;
	o->profile = (uint32_t)below(w, 2);
	if (below(w, 4) == 0)
		o->expires = SOON;
	if (w->orders > 0 && below(w, 2) == 0)
		supersede(w, o);
	err = heart_install(&w->h, o);
	if (err == EH_OK)
		w->order[w->orders++] = *o;
	else if (!dead(w) && o->supersedes == 0)
		fault(w, "an order was refused: %s", w->h.error.text);
	if (err == EH_OK)
		o->number = 0;
}

/* A crash may have come before or after it was durable. */
static void
judge_tried(struct world *w)
{
	if (w->tried.number != 0 && heart_row(&w->h, w->tried.number) != NULL)
		w->order[w->orders++] = w->tried;
	w->tried.number = 0;
}

static void
label(struct world *w)
{
	finish_commit(w);
	if (!dead(w) && heart_label(&w->h, "another") != EH_OK && !dead(w))
		fault(w, "a change was refused: %s", w->h.error.text);
}

/* Orders expire and are closed. */
static void
pass_time(struct world *w)
{
	sim_pass(w->h.sim, below(w, 2000));
	finish_commit(w);
	if (!dead(w) && eh_engine_tick(w->h.eng, NULL) != EH_OK && !dead(w))
		fault(w, "a tick was refused");
}

static void
live(struct world *w)
{
	while (!dead(w)) {
		unsigned what = (unsigned)below(w, 64);

		start(w);
		if (dead(w))
			return;
		if (what < 34)
			act(w);
		else if (what < 44)
			group(w);
		else if (what < 58)
			commit_step(w);
		else if (what < 60)
			segment(w);
		else if (what < 62)
			report(w);
		else if (what < 63)
			install(w);
		else if (below(w, 6) == 0)
			label(w);
		else if (below(w, 4) == 0)
			pass_time(w);
		else if (below(w, 30) == 0)
			return;
	}
}

/*
 * --- what is judged ---
 */

/* Every signature that left has its record; it is given again, the same. */
static void
judge_released(struct world *w, unsigned from)
{
	struct eh_request req;

	for (unsigned i = from; i < w->nreleased && !w->broken; i++) {
		struct eh_engine *eng = w->h.eng;
		const struct eh_row *row;
		const struct eh_issued *issued = NULL;
		const struct eh_device *d;

		heart_request(&w->h, &w->released[i].ask, &req);
		row = heart_row(&w->h, w->released[i].ask.order);
		if (row == NULL) {
			fault(w, "an order is gone");
			return;
		}
		d = eh_index_find(&eng->index,
		    eng->books[row - eng->state->row].book, &req.device);
		if (d != NULL)
			issued = eh_index_issued(&eng->index, d->issued);
		for (; issued != NULL;
		     issued = eh_index_issued(&eng->index, issued->next))
			if (issued->template_index == req.template_index &&
			    issued->issue == w->released[i].issue &&
			    memcmp(issued->digest, req.digest, 32) == 0)
				break;
		if (issued == NULL)
			fault(w, "a signature left without a record");
	}
}

/* used + burned <= reserved <= quota is the state's own check; here what the
 * crashes may have cost. */
static void
judge_burned(struct world *w)
{
	for (unsigned i = 0; i < w->orders; i++) {
		struct eh_counter c =
		    heart_counter(&w->h, w->order[i].number, EH_OP_PASS);
		uint64_t n = w->order[i].lease;

		if (c.burned > w->unclean * (n + n / 4))
			fault(w, "%" PRIu64 " burned by %u stops, lease %"
			    PRIu64, c.burned, w->unclean, n);
	}
}

/* At this call the machine could crash: what would be left of it? */
static void
look(void *arg, int changed)
{
	struct world *w = arg;
	struct heart life = w->h;

	w->result->points++;
	if (!changed || w->broken)
		return;
	w->result->disks++;
	w->h.sim = sim_fork(w->h.sim, w->result->points);
	sim_reboot(w->h.sim);
	if (heart_open(&w->h) != EH_OK)
		fault(w, "a copy does not open: %s", w->h.error.text);
	else
		judge_released(w, 0);
	heart_drop(&w->h);
	sim_free(w->h.sim);
	w->h = life;
}

/* The machine crashed; or only the process died, and what it had not synced may
 * be lost in a later life. */
static int
restart(struct world *w)
{
	heart_drop(&w->h);
	if (below(w, 2) == 0)
		sim_reboot(w->h.sim);
	else
		sim_kill(w->h.sim);
	return heart_open(&w->h);
}

/* A life of the engine that is open. */
static void
live_and_die(struct world *w, unsigned life)
{
	static const enum sim_call failing[] = {
		SIM_WRITE, SIM_SHORT_WRITE, SIM_SYNC, SIM_EXTEND,
	};
	unsigned before = w->nreleased;
	int started, err;

	memset(w->actor, 0, sizeof(w->actor));
	w->step = 0;
	sim_crash_at(w->h.sim, below(w, CALLS) + 1);
	if (below(w, 16) == 0) {
		sim_crash_at(w->h.sim, 0);
		sim_fail(w->h.sim, failing[below(w, 4)], below(w, 8) + 1);
	}
	if (w->plan->every_call)
		sim_watch(w->h.sim, look, w);
	live(w);
	sim_watch(w->h.sim, NULL, NULL);
	if (w->broken)
		return;
	if (!dead(w)) {
		/* Nobody wanted anything any more: a clean stop. */
		finish_commit(w);
		for (unsigned i = 0; i < ACTORS; i++)
			if (w->actor[i].state == CLAIMED)
				eh_ledger_withdraw(
				    w->h.eng, &w->actor[i].ticket);
		if (!dead(w) &&
		    eh_engine_stop(w->h.eng, &w->h.error) != EH_OK && !dead(w))
			fault(w, "it does not stop: %s", w->h.error.text);
	}
	w->result->failed += !sim_crashed(w->h.sim) &&
	    w->h.eng->stopped.code != EH_OK;
	started = w->h.eng->phase == EH_PHASE_STARTED ||
	    w->h.eng->phase == EH_PHASE_STOPPING || dead(w);
	w->unclean += started != 0;
	w->result->points++;
	w->result->disks++;
	if ((err = restart(w)) != EH_OK) {
		fault(w, "it does not open: %s", w->h.error.text);
		return;
	}
	w->result->clean += w->h.eng->state->clean;
	w->result->burned += !w->h.eng->state->clean;
	judge_tried(w);
	judge_released(w, life % 8 == 0 ? 0 : before);
	judge_burned(w);
}

static void
run_world(const struct crash_plan *plan, struct crash_result *result,
    uint64_t seed)
{
	struct world *w = calloc(1, sizeof(*w));
	const char *wrong;

	if (w == NULL)
		abort();
	w->plan = plan;
	w->result = result;
	w->seed = seed;
	w->random.state = seed * UINT64_C(0x9e3779b97f4a7c15) + 7;
	heart_begin(&w->h, seed);
	sim_skip_syncs(w->h.sim, plan->skip_syncs);
	if (below(w, 4) == 0)
		sim_lose_replies(w->h.sim, 5);
	install(w);
	for (unsigned life = 1; life <= LIVES && !w->broken; life++)
		live_and_die(w, life);
	if (!w->broken && (wrong = heart_check(&w->h)) != NULL)
		fault(w, "%s", wrong);
	for (unsigned i = 0; i < EH_STATE_ROWS; i++)
		result->closed +=
		    w->h.eng->state->row[i].state == EH_ROW_CLOSED;
	heart_end(&w->h);
	result->worlds++;
	result->faulty_worlds += w->broken != 0;
	free(w);
}

void
crash_run(const struct crash_plan *plan, struct crash_result *result)
{
	memset(result, 0, sizeof(*result));
	for (uint64_t i = 0; result->points < plan->points; i++)
		run_world(plan, result, plan->seed + i);
}
