/* SPDX-License-Identifier: Apache-2.0 */
/* commit.c - anchored commits of the state. */
#include "config.h"

#include <string.h>

#include "common/crypto/digest.h"
#include "common/ct.h"
#include "quota-engine/anchor/anchor.h"
#include "quota-engine/committer.h"
#include "quota-engine/lease.h"

#define EXTEND_TRIES 3

const char *
eh_commit_copy(uint64_t k)
{
	return k % 2 == 0 ? "state.0" : "state.1";
}

uint64_t
eh_commit_request(struct eh_engine *eng)
{
	eng->commit->wanted = 1;
	return eng->state->commit + 1 + (eng->commit->flying != 0);
}

/* Number, chain and MAC of the snapshot in ${next}. */
static int
seal(struct eh_engine *eng)
{
	struct eh_commit *c = eng->commit;
	int err;

	c->next->commit = eng->state->commit + 1;
	memcpy(c->next->previous, eng->anchor, EH_DIGEST_LEN);
	err = eh_state_encode(
	    c->next, eng->key, c->bytes, sizeof(c->bytes), &c->len);
	if (err != EH_OK)
		return err;
	eh_sha256(c->bytes, c->len, c->digest);
	eh_anchor_next(eng->anchor, c->digest, c->to);
	c->flying = 1;
	return EH_OK;
}

int
eh_commit_begin(struct eh_engine *eng)
{
	struct eh_commit *c = eng->commit;
	struct eh_now now;
	uint64_t hi;

	eh_engine_clock(eng, &now);
	eh_clockguard_raise(&eng->guard, &eng->state->clock, &now);
	*c->next = *eng->state;
	hi = c->next->log.tree.size + eh_lease_window(c->next);
	if (hi > c->next->log.seq_hi)
		c->next->log.seq_hi = hi;
	eh_lease_ask(eng, c->next);
	c->wanted = 0;
	c->whole = 0;
	return seal(eng);
}

int
eh_commit_begin_whole(struct eh_engine *eng)
{
	eng->commit->whole = 1;
	return seal(eng);
}

int
eh_commit_store(struct eh_engine *eng)
{
	struct eh_commit *c = eng->commit;
	struct eh_os *os = eng->os;
	int err, file;

	err = os->open(os->arg, eh_commit_copy(c->next->commit), &file);
	if (err != EH_OK)
		return err;
	err = os->write(os->arg, file, c->bytes, c->len, 0);
	if (err == EH_OK)
		err = os->sync(os->arg, file);
	os->close(os->arg, file);
	return err;
}

/* When nobody knows whether it was extended, read first: never extend blindly
 * twice, or no copy of the state would ever match again. */
int
eh_commit_extend(struct eh_engine *eng)
{
	struct eh_commit *c = eng->commit;
	struct eh_os *os = eng->os;
	uint8_t value[EH_DIGEST_LEN];
	int err;

	for (int i = 0; i < EXTEND_TRIES; i++) {
		err = os->anchor_extend(os->arg, eng->anchor, c->digest);
		if (err != EH_ERR_BUSY)
			return err;
		if ((err = os->anchor_read(os->arg, value)) != EH_OK)
			return err;
		if (eh_ct_equal(value, c->to, EH_DIGEST_LEN))
			return EH_OK;
		if (!eh_ct_equal(value, eng->anchor, EH_DIGEST_LEN))
			return EH_DENIED_FAIL_STOPPED;
	}
	return EH_ERR_STORAGE;
}

int
eh_commit_verify(struct eh_engine *eng)
{
	uint8_t value[EH_DIGEST_LEN];
	int err = eng->os->anchor_read(eng->os->arg, value);

	if (err != EH_OK)
		return err;
	return eh_ct_equal(value, eng->commit->to, EH_DIGEST_LEN) ?
	    EH_OK : EH_DENIED_FAIL_STOPPED;
}

void
eh_commit_end(struct eh_engine *eng)
{
	struct eh_commit *c = eng->commit;
	struct eh_state *st = eng->state;

	if (c->whole) {
		*st = *c->next;
	} else {
		st->commit = c->next->commit;
		memcpy(st->previous, c->next->previous, EH_DIGEST_LEN);
		st->log.seq_hi = c->next->log.seq_hi;
		eh_lease_anchored(eng);
	}
	memcpy(eng->anchor, c->to, EH_DIGEST_LEN);
	eng->anchored = c->next->log.tree.size;
	eng->committed = eng->clock_ns;
	c->flying = 0;
}

void
eh_commit_why(struct eh_engine *eng, struct eh_error *why)
{
	eh_error_set(why, EH_ERR_STORAGE, "it cannot be read or written");
	if (eng->os->anchor_why != NULL)
		eng->os->anchor_why(eng->os->arg, why);
}

int
eh_commit_fly(struct eh_engine *eng, struct eh_error *error)
{
	struct eh_error why;
	int err;

	if (eh_commit_store(eng) != EH_OK)
		return eh_error_set(error, EH_DENIED_FAIL_STOPPED,
		    "a state copy could not be written in %s: edgehsmd stops; "
		    "look at the disk, then start it again",
		    eng->params.state_name);
	err = eh_commit_extend(eng);
	if (err == EH_OK)
		err = eh_commit_verify(eng);
	if (err == EH_OK)
		return EH_OK;
	if (err == EH_DENIED_FAIL_STOPPED)
		return eh_error_set(error, EH_DENIED_FAIL_STOPPED,
		    "the anchor %s was changed by somebody else: another "
		    "edgehsmd runs on a copy of the state %s; this EdgeHSM "
		    "must be written off if no copy of the state fits the "
		    "anchor any more",
		    eng->params.anchor_name, eng->params.state_name);
	eh_commit_why(eng, &why);
	return eh_error_set(error, EH_DENIED_FAIL_STOPPED,
	    "the anchor %s could not be extended or read back (%s): edgehsmd "
	    "stops; look at it, then start edgehsmd again",
	    eng->params.anchor_name, eh_error_sentence(&why));
}
