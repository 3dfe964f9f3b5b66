/* SPDX-License-Identifier: Apache-2.0 */
/* ack_log.c - the entries of a log, held against a receipt and the store. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/message/record.h"
#include "common/reader.h"
#include "common/writer.h"
#include "orchestrator/authority/ack_log.h"
#include "orchestrator/authority/store_life.h"

#define ENTRY_MAX     4096
#define BURNED_PREFIX "EdgeHSM-burned-v1"
#define BURNED_LEN    (sizeof(BURNED_PREFIX) - 1 + EH_HSM_ID_LEN + 8)

struct reading {
	struct eh_store *store;
	const char *path;
	const struct eh_receipt *receipt;
	struct eh_store_log *log;	/* as the store has it */
	struct eh_store_log next;	/* as it will be */
	uint64_t seq;			/* of the next entry */
	int whole;			/* the file began with entry 0 */
	uint64_t conflict;
	struct eh_record record;
	uint8_t input[ENTRY_MAX];
	size_t len;
};

/* --- one entry --- */

static int
is_burned(const uint8_t *input, size_t len)
{
	return len == BURNED_LEN &&
	    memcmp(input, BURNED_PREFIX, sizeof(BURNED_PREFIX) - 1) == 0;
}

/* Which place is it for?  Decoded into ${record} unless it is burned. */
static int
place_of(struct reading *r, uint64_t *seqp, uint8_t hsm[EH_HSM_ID_LEN],
    struct eh_error *error)
{
	struct eh_reader in;
	int err;

	if (is_burned(r->input, r->len)) {
		eh_reader_init(&in, r->input + sizeof(BURNED_PREFIX) - 1,
		    EH_HSM_ID_LEN + 8);
		eh_reader_bytes(&in, hsm, EH_HSM_ID_LEN);
		*seqp = eh_reader_u64(&in);
		return eh_reader_end(&in);
	}
	err = eh_record_decode(r->input, r->len, &r->record, error);
	*seqp = r->record.seq;
	memcpy(hsm, r->record.hsm_id, EH_HSM_ID_LEN);
	return err;
}

static int
damaged(const struct reading *r, const char *what, struct eh_error *error)
{
	return eh_error_set(error, EH_ERR_FORMAT,
	    "%s: entry %" PRIu64 " %s", r->path, r->seq, what);
}

/* Of this EdgeHSM, this place, and behind the one before. */
static int
check_entry(struct reading *r, struct eh_error *error)
{
	uint8_t hsm[EH_HSM_ID_LEN];
	struct eh_error why;
	uint64_t seq;

	eh_error_clear(&why);
	if (place_of(r, &seq, hsm, &why) != EH_OK)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "%s: entry %" PRIu64 ": %.200s", r->path, r->seq,
		    eh_error_sentence(&why));
	if (memcmp(hsm, r->log->hsm, EH_HSM_ID_LEN) != 0)
		return damaged(r, "is of another EdgeHSM", error);
	if (seq != r->seq)
		return damaged(r, "says that it is another one", error);
	if (!is_burned(r->input, r->len) &&
	    memcmp(r->record.previous, r->next.leaf, EH_DIGEST_LEN) != 0)
		return damaged(r, "does not follow the one before it; export "
		    "the whole log, without --from", error);
	return EH_OK;
}

/* Is it the one that the store has? */
static int
compare(struct reading *r, struct eh_error *error)
{
	struct eh_buf stored;
	int err;

	eh_buf_init(&stored, ENTRY_MAX);
	err = eh_store_get_entry(
	    r->store, r->log->hsm, r->seq, &stored, error);
	if (err == EH_OK && r->conflict == UINT64_MAX &&
	    (stored.len != r->len ||
	        memcmp(stored.data, r->input, r->len) != 0))
		r->conflict = r->seq;
	eh_buf_free(&stored);
	return err;
}

static int
put_counters(struct reading *r, const uint8_t authorization[EH_ID_LEN],
    const struct eh_counters *counters, struct eh_error *error)
{
	struct eh_store_counter c;
	int err = EH_OK;

	memset(&c, 0, sizeof(c));
	memcpy(c.hsm, r->log->hsm, EH_HSM_ID_LEN);
	memcpy(c.authorization, authorization, EH_ID_LEN);
	for (unsigned i = 0; err == EH_OK && i < counters->n; i++) {
		c.op = counters->op[i];
		c.used = counters->of[i].used;
		c.burned = counters->of[i].burned;
		err = eh_store_put_counter(r->store, &c, error);
	}
	if (err == EH_ERR_EXISTS)
		err = damaged(r, "makes a counter fall", error);
	return err;
}

static int
put_entry(struct reading *r, struct eh_error *error)
{
	const struct eh_burned *burned = &r->record.of.burned;
	int err = eh_store_put_entry(
	    r->store, r->log->hsm, r->seq, r->input, r->len, error);

	if (err != EH_OK || is_burned(r->input, r->len))
		return err;
	if (r->record.has_authorization)
		err = put_counters(
		    r, r->record.authorization, &r->record.counters, error);
	if (r->record.kind == EH_RECORD_BURNED)
		for (unsigned i = 0; err == EH_OK && i < burned->nrows; i++)
			err = put_counters(r, burned->rows[i].authorization,
			    &burned->rows[i].counters, error);
	if (err != EH_OK)
		return err;
	err = eh_store_take_life(r->store, &r->record, error);
	return err == EH_ERR_EXISTS
	    ? damaged(r, "installs or closes what it did before", error)
	    : err;
}

/* Take the entry in ${input} for the place ${seq}. */
static int
take(struct reading *r, struct eh_error *error)
{
	int err;

	if ((err = check_entry(r, error)) != EH_OK)
		return err;
	eh_merkle_leaf(r->input, r->len, r->next.leaf);
	if (r->seq < r->log->tree.size)
		err = compare(r, error);
	else if (r->conflict == UINT64_MAX)
		err = put_entry(r, error);
	if (err == EH_OK && r->seq == r->next.tree.size)
		err = eh_merkle_append(&r->next.tree, r->next.leaf);
	r->seq++;
	return err;
}

/* --- the file --- */

/* Read one: 1, 0 at the end of the file. */
static int
read_entry(struct reading *r, FILE *f, struct eh_error *error)
{
	uint8_t head[2];
	size_t n = fread(head, 1, sizeof(head), f);

	if (n == 0 && !ferror(f))
		return 0;
	r->len = (size_t)head[0] << 8 | head[1];
	if (n == sizeof(head) && r->len > 0 && r->len <= ENTRY_MAX &&
	    fread(r->input, 1, r->len, f) == r->len)
		return 1;
	if (ferror(f))
		return eh_error_set(error, EH_ERR_IO, "%s: %s", r->path,
		    strerror(errno));
	return eh_error_set(error, EH_ERR_FORMAT,
	    "%s: it is cut short, or no log: after entry %" PRIu64, r->path,
	    r->seq);
}

/* Where the file begins, and what stands before it. */
static int
begin(struct reading *r, struct eh_error *error)
{
	uint8_t hsm[EH_HSM_ID_LEN];
	struct eh_buf stored;
	int err;

	if ((err = place_of(r, &r->seq, hsm, error)) != EH_OK)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "%s: it is no log of edgehsm token log", r->path);
	if (r->seq > r->log->tree.size)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "%s begins with entry %" PRIu64 ", the store has %" PRIu64
		    ": export with --from %" PRIu64, r->path, r->seq,
		    r->log->tree.size, r->log->tree.size);
	r->whole = r->seq == 0;
	if (r->whole) {
		eh_merkle_init(&r->next.tree);
		memset(r->next.leaf, 0, EH_DIGEST_LEN);
		return EH_OK;
	}
	eh_buf_init(&stored, ENTRY_MAX);
	err = eh_store_get_entry(
	    r->store, r->log->hsm, r->seq - 1, &stored, error);
	if (err == EH_OK)
		eh_merkle_leaf(stored.data, stored.len, r->next.leaf);
	eh_buf_free(&stored);
	return err;
}

static int
read_all(struct reading *r, FILE *f, struct eh_error *error)
{
	int first = 1, err;

	while ((first || r->seq < r->receipt->tree_size) &&
	       (err = read_entry(r, f, error)) != 0) {
		if (err > 0)
			err = first ? begin(r, error) : EH_OK;
		if (err == EH_OK && r->seq < r->receipt->tree_size)
			err = take(r, error);
		if (err != EH_OK)
			return err;
		first = 0;
	}
	if (r->seq < r->receipt->tree_size)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "%s ends before entry %" PRIu64 ", the receipt is of %"
		    PRIu64 ": export the log after the receipt", r->path,
		    r->seq, r->receipt->tree_size);
	return EH_OK;
}

static int
judge(const struct reading *r, struct eh_error *error)
{
	uint8_t root[EH_MERKLE_HASH];

	eh_merkle_root(&r->next.tree, root);
	if (memcmp(root, r->receipt->tree_root, sizeof(root)) != 0 ||
	    memcmp(r->next.leaf, r->receipt->last_leaf, EH_DIGEST_LEN) != 0)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "%s: its entries do not give the root that the EdgeHSM has "
		    "signed%s", r->path,
		    r->whole ? "" : "; export the whole log, without --from");
	if (r->conflict != UINT64_MAX && !r->whole)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "%s: entry %" PRIu64 " is not the one in the store; export "
		    "the whole log, without --from", r->path, r->conflict);
	return EH_OK;
}

int
eh_ack_log_read(struct eh_store *store, const char *path,
    const struct eh_receipt *receipt, struct eh_store_log *log,
    uint64_t *conflictp, struct eh_error *error)
{
	struct reading *r = calloc(1, sizeof(*r));
	FILE *f = fopen(path, "rbe");
	int err;

	*conflictp = UINT64_MAX;
	if (r == NULL || f == NULL) {
		err = r == NULL
		    ? eh_error_set(error, EH_ERR_MEMORY, "out of memory")
		    : eh_error_set(error, EH_ERR_IO, "%s: %s", path,
			  strerror(errno));
		goto out;
	}
	r->store = store;
	r->path = path;
	r->receipt = receipt;
	r->log = log;
	r->next = *log;
	r->conflict = UINT64_MAX;
	if ((err = read_all(r, f, error)) == EH_OK &&
	    (err = judge(r, error)) == EH_OK) {
		*conflictp = r->conflict;
		if (r->conflict == UINT64_MAX)
			*log = r->next;
	}
out:
	if (f != NULL)
		fclose(f);
	free(r);
	return err;
}

/* --- the store --- */

static int
append(void *arg, uint64_t seq, const uint8_t *input, size_t len)
{
	struct eh_merkle *tree = arg;
	uint8_t leaf[EH_MERKLE_HASH];

	if (seq != tree->size)
		return EH_ERR_FORMAT;
	eh_merkle_leaf(input, len, leaf);
	return eh_merkle_append(tree, leaf);
}

int
eh_ack_log_root(struct eh_store *store, const uint8_t hsm[EH_HSM_ID_LEN],
    uint64_t size, uint8_t root[EH_MERKLE_HASH], struct eh_error *error)
{
	struct eh_merkle tree;
	int err;

	eh_merkle_init(&tree);
	err = eh_store_each_entry(store, hsm, size, append, &tree, error);
	if (err == EH_ERR_FORMAT || (err == EH_OK && tree.size != size))
		return eh_error_set(error, EH_ERR_FORMAT,
		    "the store lacks entry %" PRIu64 " of a log", tree.size);
	eh_merkle_root(&tree, root);
	return err;
}

int
eh_ack_log_burned(struct eh_store *store, const uint8_t hsm[EH_HSM_ID_LEN],
    const struct eh_burned_range *range, uint64_t *countp,
    struct eh_error *error)
{
	struct eh_buf input;
	int err = EH_OK;

	*countp = 0;
	eh_buf_init(&input, ENTRY_MAX);
	for (uint64_t i = 0; err == EH_OK && i < range->span; i++) {
		eh_buf_clear(&input);
		err = eh_store_get_entry(
		    store, hsm, range->first + i, &input, error);
		if (err == EH_OK)
			*countp += (uint64_t)is_burned(input.data, input.len);
	}
	eh_buf_free(&input);
	return err;
}
