/* SPDX-License-Identifier: Apache-2.0 */
/* state_log.c - parts of the state blob: the clock, the log. */
#include "config.h"

#include <string.h>

#include "common/cbor/cbor.h"
#include "quota-engine/state_parts.h"

static void
put_reading(struct eh_writer *w, const struct eh_clock_reading *r)
{
	eh_cbor_put_array(w, 3);
	eh_cbor_put_bytes(w, r->boot_id, EH_ID_LEN);
	eh_cbor_put_uint(w, r->boottime);
	eh_cbor_put_uint(w, r->raw);
}

static void
get_reading(struct eh_cbor *c, struct eh_clock_reading *r)
{
	eh_cbor_array(c, 3, 3);
	eh_cbor_fixed(c, r->boot_id, EH_ID_LEN);
	r->boottime = eh_cbor_uint(c, 0, UINT64_MAX);
	r->raw = eh_cbor_uint(c, 0, UINT64_MAX);
	eh_cbor_leave(c);
}

void
eh_state_put_clock(struct eh_writer *w, const struct eh_state *st)
{
	const struct eh_clock_state *clock = &st->clock;

	eh_cbor_put_array(w, 8);
	eh_cbor_put_bool(w, clock->attested);
	put_reading(w, &clock->sent);
	put_reading(w, &clock->received);
	eh_cbor_put_uint(w, clock->time);
	eh_cbor_put_uint(w, clock->uncertainty);
	eh_cbor_put_uint(w, clock->tseq);
	eh_cbor_put_uint(w, clock->powered);
	eh_cbor_put_uint(w, clock->floor);
}

void
eh_state_get_clock(struct eh_cbor *c, struct eh_state *st)
{
	struct eh_clock_state *clock = &st->clock;

	eh_cbor_array(c, 8, 8);
	clock->attested = (uint8_t)eh_cbor_bool(c);
	get_reading(c, &clock->sent);
	get_reading(c, &clock->received);
	clock->time = eh_cbor_uint(c, 0, EH_TIME_MAX);
	clock->uncertainty = (uint32_t)eh_cbor_uint(c, 0, UINT32_MAX);
	clock->tseq = eh_cbor_uint(c, 0, EH_U53_MAX);
	clock->powered = eh_cbor_uint(c, 0, UINT64_MAX);
	clock->floor = eh_cbor_uint(c, 0, EH_TIME_MAX);
	eh_cbor_leave(c);
}

static void
put_tpm(struct eh_writer *w, const struct eh_clock_tpm *tpm)
{
	eh_cbor_put_array(w, 3);
	eh_cbor_put_bool(w, tpm->known != 0);
	eh_cbor_put_uint(w, tpm->ms);
	eh_cbor_put_uint(w, tpm->resets);
}

static void
get_tpm(struct eh_cbor *c, struct eh_clock_tpm *tpm)
{
	eh_cbor_array(c, 3, 3);
	tpm->known = (uint32_t)eh_cbor_bool(c);
	tpm->ms = eh_cbor_uint(c, 0, UINT64_MAX);
	tpm->resets = (uint32_t)eh_cbor_uint(c, 0, UINT32_MAX);
	eh_cbor_leave(c);
}

/* What the clock of part 11 did not know of. */
void
eh_state_put_guard(struct eh_writer *w, const struct eh_state *st)
{
	const struct eh_clock_state *clock = &st->clock;

	eh_cbor_put_array(w, 5);
	eh_cbor_put_bool(w, clock->disagreed);
	put_reading(w, &clock->seen);
	put_tpm(w, &clock->sent.tpm);
	put_tpm(w, &clock->received.tpm);
	put_tpm(w, &clock->seen.tpm);
}

void
eh_state_get_guard(struct eh_cbor *c, struct eh_state *st)
{
	struct eh_clock_state *clock = &st->clock;

	eh_cbor_array(c, 5, 5);
	clock->disagreed = (uint8_t)eh_cbor_bool(c);
	get_reading(c, &clock->seen);
	get_tpm(c, &clock->sent.tpm);
	get_tpm(c, &clock->received.tpm);
	get_tpm(c, &clock->seen.tpm);
	eh_cbor_leave(c);
}

static void
put_position(struct eh_writer *w, const struct eh_position *p)
{
	eh_cbor_put_array(w, 3);
	eh_cbor_put_uint(w, p->segment);
	eh_cbor_put_uint(w, p->first);
	eh_cbor_put_uint(w, p->offset);
}

static void
get_position(struct eh_cbor *c, struct eh_position *p)
{
	eh_cbor_array(c, 3, 3);
	p->segment = eh_cbor_uint(c, 0, EH_U53_MAX);
	p->first = eh_cbor_uint(c, 0, EH_U53_MAX);
	p->offset = (uint32_t)eh_cbor_uint(c, 0, UINT32_MAX);
	eh_cbor_leave(c);
}

static void
put_burned(struct eh_writer *w, const struct eh_state_log *log)
{
	eh_cbor_put_array(w, log->nburned);
	for (unsigned i = 0; i < log->nburned; i++) {
		eh_cbor_put_array(w, 3);
		eh_cbor_put_uint(w, log->burned[i].first);
		eh_cbor_put_uint(w, log->burned[i].span);
		eh_cbor_put_uint(w, log->burned[i].burned);
	}
}

static void
get_burned(struct eh_cbor *c, struct eh_state_log *log)
{
	size_t n = eh_cbor_array(c, 0, EH_BURNED_RANGES_MAX);

	log->nburned = (uint8_t)n;
	for (size_t i = 0; i < n; i++) {
		eh_cbor_array(c, 3, 3);
		log->burned[i].first = eh_cbor_uint(c, 0, EH_U53_MAX);
		log->burned[i].span = eh_cbor_uint(c, 1, EH_U53_MAX);
		log->burned[i].burned = eh_cbor_uint(c, 1, EH_U53_MAX);
		eh_cbor_leave(c);
	}
	eh_cbor_leave(c);
}

void
eh_state_put_log(struct eh_writer *w, const struct eh_state *st)
{
	const struct eh_state_log *log = &st->log;
	size_t n = eh_merkle_count(log->tree.size);

	eh_cbor_put_array(w, 18);
	eh_cbor_put_uint(w, log->tree.size);
	eh_cbor_put_array(w, n);
	for (size_t i = 0; i < n; i++)
		eh_cbor_put_bytes(w, log->tree.node[i], EH_MERKLE_HASH);
	eh_cbor_put_bytes(w, log->head, EH_DIGEST_LEN);
	eh_cbor_put_uint(w, log->seq_hi);
	eh_cbor_put_uint(w, log->group);
	put_position(w, &log->next);
	put_position(w, &log->last);
	eh_cbor_put_uint(w, log->last_seq);
	eh_cbor_put_bytes(w, log->last_leaf, EH_DIGEST_LEN);
	eh_cbor_put_uint(w, log->counted);
	eh_cbor_put_uint(w, log->acked.size);
	eh_cbor_put_uint(w, log->acked_counted);
	eh_cbor_put_uint(w, log->burned_passes);
	eh_cbor_put_uint(w, log->burned_seqs);
	eh_cbor_put_uint(w, log->unrecorded.first);
	eh_cbor_put_uint(w, log->unrecorded.count);
	eh_cbor_put_bool(w, log->merged);
	put_burned(w, log);
}

void
eh_state_get_log(struct eh_cbor *c, struct eh_state *st)
{
	struct eh_state_log *log = &st->log;
	size_t n;

	eh_cbor_array(c, 18, 18);
	log->tree.size = eh_cbor_uint(c, 1, EH_U53_MAX);
	n = eh_merkle_count(log->tree.size);
	eh_cbor_array(c, n, n);
	for (size_t i = 0; i < n; i++)
		eh_cbor_fixed(c, log->tree.node[i], EH_MERKLE_HASH);
	eh_cbor_leave(c);
	eh_cbor_fixed(c, log->head, EH_DIGEST_LEN);
	log->seq_hi = eh_cbor_uint(c, 0, EH_U53_MAX);
	log->group = eh_cbor_uint(c, 0, EH_U53_MAX);
	get_position(c, &log->next);
	get_position(c, &log->last);
	log->last_seq = eh_cbor_uint(c, 0, EH_U53_MAX);
	eh_cbor_fixed(c, log->last_leaf, EH_DIGEST_LEN);
	log->counted = eh_cbor_uint(c, 0, EH_U53_MAX);
	log->acked.size = eh_cbor_uint(c, 0, EH_U53_MAX);
	log->acked_counted = eh_cbor_uint(c, 0, EH_U53_MAX);
	log->burned_passes = eh_cbor_uint(c, 0, EH_U53_MAX);
	log->burned_seqs = eh_cbor_uint(c, 0, EH_U53_MAX);
	log->unrecorded.first = eh_cbor_uint(c, 0, EH_U53_MAX);
	log->unrecorded.count = eh_cbor_uint(c, 0, EH_U53_MAX);
	log->merged = (uint8_t)eh_cbor_bool(c);
	get_burned(c, log);
	eh_cbor_leave(c);
}

/* What only acknowledgements speak of; the sizes stand in the log. */
void
eh_state_put_acked(struct eh_writer *w, const struct eh_state *st)
{
	const struct eh_state_log *log = &st->log;
	size_t n = eh_merkle_count(log->acked.size);

	eh_cbor_put_array(w, 4);
	eh_cbor_put_array(w, n);
	for (size_t i = 0; i < n; i++)
		eh_cbor_put_bytes(w, log->acked.node[i], EH_MERKLE_HASH);
	eh_cbor_put_bool(w, log->foreign);
	eh_cbor_put_uint(w, log->burned_at);
	eh_cbor_put_array(w, log->nburned);
	for (unsigned i = 0; i < log->nburned; i++)
		eh_cbor_put_uint(w, log->passes[i]);
}

void
eh_state_get_acked(struct eh_cbor *c, struct eh_state *st)
{
	struct eh_state_log *log = &st->log;
	size_t n = eh_merkle_count(log->acked.size);

	eh_cbor_array(c, 4, 4);
	eh_cbor_array(c, n, n);
	for (size_t i = 0; i < n; i++)
		eh_cbor_fixed(c, log->acked.node[i], EH_MERKLE_HASH);
	eh_cbor_leave(c);
	log->foreign = (uint8_t)eh_cbor_bool(c);
	log->burned_at = eh_cbor_uint(c, 0, EH_U53_MAX);
	eh_cbor_array(c, log->nburned, log->nburned);
	for (unsigned i = 0; i < log->nburned; i++)
		log->passes[i] = eh_cbor_uint(c, 0, EH_U53_MAX);
	eh_cbor_leave(c);
	eh_cbor_leave(c);
}
