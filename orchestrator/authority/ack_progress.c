/* SPDX-License-Identifier: Apache-2.0 */
/* ack_progress.c - a receipt against the one before it, and against the lives
 * that the log tells. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "orchestrator/authority/ack_log.h"
#include "orchestrator/authority/life.h"

struct pair {
	const char *what;
	uint64_t before, now;
};

static const struct eh_receipt_row *
find_row(const struct eh_receipt *r, const uint8_t id[EH_ID_LEN])
{
	for (unsigned i = 0; i < r->nrows; i++)
		if (memcmp(r->rows[i].authorization, id, EH_ID_LEN) == 0)
			return &r->rows[i];
	return NULL;
}

static int
fell(const struct pair *p, char *history, size_t cap)
{
	if (p->now >= p->before)
		return 0;
	snprintf(history, cap, "its receipts count %s back from %" PRIu64
	    " to %" PRIu64, p->what, p->before, p->now);
	return 1;
}

/* What never falls, in two receipts of one log. */
static int
compare(const struct eh_receipt *a, const struct eh_receipt *b, char *history,
    size_t cap)
{
	const struct pair pairs[] = {
		{ "boots", a->boots, b->boots },
		{ "commits", a->commit, b->commit },
		{ "time attestations", a->tseq, b->tseq },
		{ "epochs", a->in_force.epoch, b->in_force.epoch },
		{ "revocation updates", a->in_force.rseq, b->in_force.rseq },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (fell(&pairs[i], history, cap))
			return 1;
	for (unsigned i = 0; i < a->nrows; i++) {
		const struct eh_receipt_row *row =
		    find_row(b, a->rows[i].authorization);
		struct pair burns = { "unclean stops", a->rows[i].burns, 0 };

		if (row == NULL)
			continue;
		burns.now = row->burns;
		if (fell(&burns, history, cap))
			return 1;
	}
	return 0;
}

struct walk {
	struct eh_store *store;
	const struct eh_receipt *receipt;
	struct eh_error *error;
};

/* What is installed and not closed is in the receipt. */
static int
check_live(void *arg, const struct eh_store_authorization *a)
{
	struct walk *w = arg;
	struct eh_store_life life;
	int err = eh_store_get_life(w->store, a->hsm, a->id, &life, w->error);

	if (err != EH_OK || !life.installed || life.closed ||
	    find_row(w->receipt, a->id) != NULL)
		return err;
	return eh_error_set(w->error, EH_ERR_PROOF,
	    "the receipt does not name authorization %.64s, which its entries "
	    "have installed (%" PRIu64 ") and not closed", a->order,
	    life.installed_seq);
}

int
eh_ack_progress(struct eh_store *store, const struct eh_receipt *receipt,
    char *history, size_t cap, struct eh_error *error)
{
	struct walk w = { .store = store, .receipt = receipt, .error = error };
	struct eh_receipt *before;
	int err = eh_life_receipt(store, receipt->hsm_id, &before, error);

	if (err != EH_OK)
		return err;
	if (before == NULL || before->tree_size >= receipt->tree_size ||
	    !compare(before, receipt, history, cap))
		err = eh_store_each_of_hsm(
		    store, receipt->hsm_id, check_live, &w, error);
	free(before);
	return err;
}
