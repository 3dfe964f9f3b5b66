/* SPDX-License-Identifier: Apache-2.0 */
/* counts_ask.c - which index the authority is asked about. */
#include "config.h"

#include <string.h>

#include "quota-engine/counts.h"

/* Take an entry out of the state; its index goes first. */
static int
apply_drop(struct eh_state *state, void *arg, struct eh_error *error)
{
	struct eh_state_count *n = eh_state_count(state, arg);

	(void)error;
	if (n != NULL)
		memset(n, 0, sizeof(*n));
	return EH_OK;
}

static int
drop(struct eh_counts *c, struct eh_engine *engine,
    const struct eh_state_count *n, struct eh_error *error)
{
	struct eh_count_index index = n->index;
	struct eh_change change = { .change = apply_drop, .arg = &index };
	int err;

	err = eh_counted_remove(
	    eh_counts_tpm(c), &n->count_key, &n->index, error);
	return err == EH_OK ? eh_engine_change(engine, &change, error) : err;
}

/* Is it of no use any more?  Its authorization is closed, its key is gone. */
static int
is_over(const struct eh_state *state, const struct eh_state_count *n)
{
	for (unsigned i = 0; n->has_authorization && i < EH_STATE_ROWS; i++)
		if (state->row[i].state == EH_ROW_LIVE &&
		    memcmp(state->row[i].id, n->authorization, EH_ID_LEN) == 0)
			return 0;
	for (unsigned i = 0; !n->has_authorization && i < EH_STATE_KEYS; i++)
		if (state->key[i].object != 0 &&
		    memcmp(state->key[i].digest, n->keys[0],
		        EH_DIGEST_LEN) == 0)
			return n->burned >= n->limit;
	return 1;
}

static int
tidy(struct eh_counts *c, struct eh_engine *engine, struct eh_error *error)
{
	int found = 1, err = EH_OK;

	while (found && err == EH_OK) {
		const struct eh_state *state = eh_engine_lock(engine);
		struct eh_state_count n;

		found = 0;
		for (unsigned i = 0; !found && i < EH_STATE_COUNTS; i++)
			if (state->count[i].used &&
			    is_over(state, &state->count[i])) {
				n = state->count[i];
				found = 1;
			}
		eh_engine_unlock(engine);
		if (found)
			err = drop(c, engine, &n, error);
	}
	return err;
}

/* The entry for this use that is not approved yet; 0 when there is none. */
static int
find_open(struct eh_engine *engine, const struct eh_count_for *use,
    struct eh_state_count *out)
{
	const struct eh_state *state = eh_engine_lock(engine);
	int found = 0;

	for (unsigned i = 0; !found && i < EH_STATE_COUNTS; i++)
		if (state->count[i].used && !state->count[i].is_approved &&
		    eh_counts_same(&state->count[i], use)) {
			*out = state->count[i];
			found = 1;
		}
	eh_engine_unlock(engine);
	return found;
}

static int
is_taken(void *arg, uint32_t handle)
{
	const struct eh_state *state = eh_engine_lock(arg);
	int taken = 0;

	for (unsigned i = 0; i < EH_STATE_COUNTS; i++)
		taken |= state->count[i].used &&
		    state->count[i].index.handle == handle;
	eh_engine_unlock(arg);
	return taken;
}

int
eh_counts_ask(struct eh_counts *c, const struct eh_count_for *use,
    struct eh_count_index *index, uint8_t *writtenp, struct eh_error *error)
{
	struct eh_engine *engine = eh_counts_engine(c);
	struct eh_counted_view view;
	struct eh_state_count n;
	int err;

	*writtenp = 0;
	if (eh_counts_tpm(c) == NULL)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "no TPM counts here: edgehsm.conf names none "
		    "(backend.issuing)");
	if ((err = tidy(c, engine, error)) != EH_OK)
		return err;
	if (find_open(engine, use, &n)) {
		if ((err = eh_counted_look(eh_counts_tpm(c), &n.count_key,
		         &n.index, &view, error)) != EH_OK)
			return err;
		if (view.state == EH_COUNTED_WRITTEN) {
			*index = n.index;
			*writtenp = 1;
			return EH_OK;
		}
		if ((err = drop(c, engine, &n, error)) != EH_OK)
			return err;
	}
	return eh_counted_begin(
	    eh_counts_tpm(c), is_taken, engine, index, error);
}
