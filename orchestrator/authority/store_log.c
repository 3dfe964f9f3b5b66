/* SPDX-License-Identifier: Apache-2.0 */
/* store_log.c - the authority's store: the logs of the EdgeHSMs. */
#include "config.h"

#include <string.h>

#include "orchestrator/authority/sql.h"
#include "orchestrator/authority/store_log.h"
#include "orchestrator/authority/store_private.h"

int
eh_store_get_log(struct eh_store *s, const uint8_t hsm[EH_HSM_ID_LEN],
    struct eh_store_log *log, struct eh_error *error)
{
	const uint8_t *frontier;
	struct eh_sql q;
	size_t len;

	memset(log, 0, sizeof(*log));
	memcpy(log->hsm, hsm, EH_HSM_ID_LEN);
	eh_merkle_init(&log->tree);
	eh_sql_begin(&q, s->db,
	    "SELECT size, leaf, frontier, coalesce(frozen, '') FROM log"
	    " WHERE hsm = ?");
	eh_sql_put_bytes(&q, hsm, EH_HSM_ID_LEN);
	if (eh_sql_next(&q)) {
		log->tree.size = eh_sql_get_uint(&q);
		eh_sql_get_bytes(&q, log->leaf, EH_DIGEST_LEN);
		frontier = eh_sql_get_blob(&q, &len);
		if (len != eh_merkle_count(log->tree.size) * EH_MERKLE_HASH)
			q.rc = SQLITE_CORRUPT;
		else if (len > 0)
			memcpy(log->tree.node, frontier, len);
		eh_sql_get_text(&q, log->frozen, sizeof(log->frozen));
	}
	return eh_sql_end(&q, "reading a log", error);
}

int
eh_store_put_log(struct eh_store *s, const struct eh_store_log *log,
    struct eh_error *error)
{
	struct eh_sql q;

	eh_sql_begin(&q, s->db,
	    "INSERT INTO log (hsm, size, leaf, frontier) VALUES (?, ?, ?, ?)"
	    " ON CONFLICT (hsm) DO UPDATE SET size = excluded.size,"
	    " leaf = excluded.leaf, frontier = excluded.frontier");
	eh_sql_put_bytes(&q, log->hsm, EH_HSM_ID_LEN);
	eh_sql_put_uint(&q, log->tree.size);
	eh_sql_put_bytes(&q, log->leaf, EH_DIGEST_LEN);
	eh_sql_put_bytes(&q, log->tree.node,
	    eh_merkle_count(log->tree.size) * EH_MERKLE_HASH);
	eh_sql_next(&q);
	return eh_sql_end(&q, "writing a log", error);
}

int
eh_store_freeze(struct eh_store *s, const uint8_t hsm[EH_HSM_ID_LEN],
    const char *why, struct eh_error *error)
{
	struct eh_sql q;
	int err;

	eh_sql_begin(&q, s->db, "UPDATE log SET frozen = ? WHERE hsm = ?");
	eh_sql_put_text(&q, why);
	eh_sql_put_bytes(&q, hsm, EH_HSM_ID_LEN);
	eh_sql_next(&q);
	err = eh_sql_end(&q, "freezing an EdgeHSM", error);
	if (err == EH_OK && sqlite3_changes(s->db) != 1)
		err = eh_error_set(error, EH_ERR_NOT_FOUND,
		    "the store: this EdgeHSM has no log");
	return err;
}

int
eh_store_check_frozen(struct eh_store *s, const uint8_t id[EH_HSM_ID_LEN],
    struct eh_error *error)
{
	struct eh_store_log log;
	struct eh_hsm hsm;
	int err = eh_store_get_log(s, id, &log, error);

	if (err == EH_OK && log.frozen[0] != '\0' &&
	    (err = eh_store_get_hsm_by_id(s, id, &hsm, error)) == EH_OK)
		err = eh_error_set(error, EH_DENIED_STATE,
		    "%s is frozen: %s", hsm.name, log.frozen);
	return err;
}

int
eh_store_put_entry(struct eh_store *s, const uint8_t hsm[EH_HSM_ID_LEN],
    uint64_t seq, const void *input, size_t len, struct eh_error *error)
{
	struct eh_sql q;

	eh_sql_begin(&q, s->db, "INSERT INTO entry VALUES (?, ?, ?)");
	eh_sql_put_bytes(&q, hsm, EH_HSM_ID_LEN);
	eh_sql_put_uint(&q, seq);
	eh_sql_put_bytes(&q, input, len);
	eh_sql_next(&q);
	return eh_sql_end(&q, "writing an entry", error);
}

int
eh_store_get_entry(struct eh_store *s, const uint8_t hsm[EH_HSM_ID_LEN],
    uint64_t seq, struct eh_buf *out, struct eh_error *error)
{
	struct eh_sql q;
	int err = EH_OK, end, found;

	eh_sql_begin(
	    &q, s->db, "SELECT input FROM entry WHERE hsm = ? AND seq = ?");
	eh_sql_put_bytes(&q, hsm, EH_HSM_ID_LEN);
	eh_sql_put_uint(&q, seq);
	if ((found = eh_sql_next(&q))) {
		size_t len;
		const uint8_t *input = eh_sql_get_blob(&q, &len);

		err = eh_buf_append(out, input, len);
	}
	end = eh_sql_end(&q, "reading an entry", error);
	if (end != EH_OK)
		return end;
	if (!found)
		return eh_error_set(error, EH_ERR_NOT_FOUND,
		    "the store lacks an entry of this log");
	return err == EH_OK ? EH_OK
			    : eh_error_set(error, err, "a stored entry: %s",
				  eh_err_text(err));
}

int
eh_store_each_entry(struct eh_store *s, const uint8_t hsm[EH_HSM_ID_LEN],
    uint64_t end,
    int (*each)(void *arg, uint64_t seq, const uint8_t *input, size_t len),
    void *arg, struct eh_error *error)
{
	struct eh_sql q;
	int err = EH_OK, last;

	eh_sql_begin(&q, s->db,
	    "SELECT seq, input FROM entry WHERE hsm = ? AND seq < ?"
	    " ORDER BY seq");
	eh_sql_put_bytes(&q, hsm, EH_HSM_ID_LEN);
	eh_sql_put_uint(&q, end);
	while (err == EH_OK && eh_sql_next(&q)) {
		uint64_t seq = eh_sql_get_uint(&q);
		size_t len;
		const uint8_t *input = eh_sql_get_blob(&q, &len);

		err = each(arg, seq, input, len);
	}
	last = eh_sql_end(&q, "reading the entries", error);
	return last != EH_OK ? last : err;
}

int
eh_store_put_counter(struct eh_store *s, const struct eh_store_counter *c,
    struct eh_error *error)
{
	struct eh_sql q;

	eh_sql_begin(&q, s->db,
	    "INSERT INTO counter VALUES (?, ?, ?, ?, ?)"
	    " ON CONFLICT (hsm, authorization, op) DO UPDATE SET"
	    " used = excluded.used, burned = excluded.burned");
	eh_sql_put_bytes(&q, c->hsm, EH_HSM_ID_LEN);
	eh_sql_put_bytes(&q, c->authorization, EH_ID_LEN);
	eh_sql_put_uint(&q, c->op);
	eh_sql_put_uint(&q, c->used);
	eh_sql_put_uint(&q, c->burned);
	eh_sql_next(&q);
	return eh_sql_end(&q, "writing a counter", error);
}

int
eh_store_get_counter(struct eh_store *s, struct eh_store_counter *c,
    struct eh_error *error)
{
	struct eh_sql q;

	c->used = c->burned = 0;
	eh_sql_begin(&q, s->db,
	    "SELECT used, burned FROM counter"
	    " WHERE hsm = ? AND authorization = ? AND op = ?");
	eh_sql_put_bytes(&q, c->hsm, EH_HSM_ID_LEN);
	eh_sql_put_bytes(&q, c->authorization, EH_ID_LEN);
	eh_sql_put_uint(&q, c->op);
	if (eh_sql_next(&q)) {
		c->used = eh_sql_get_uint(&q);
		c->burned = eh_sql_get_uint(&q);
	}
	return eh_sql_end(&q, "reading a counter", error);
}

int
eh_store_has_authorization(struct eh_store *s,
    const uint8_t hsm[EH_HSM_ID_LEN], const uint8_t id[EH_ID_LEN],
    int *foundp, struct eh_error *error)
{
	struct eh_sql q;

	eh_sql_begin(&q, s->db,
	    "SELECT 1 FROM authorization WHERE hsm = ? AND id = ?");
	eh_sql_put_bytes(&q, hsm, EH_HSM_ID_LEN);
	eh_sql_put_bytes(&q, id, EH_ID_LEN);
	*foundp = eh_sql_next(&q);
	return eh_sql_end(&q, "reading an authorization", error);
}

int
eh_store_put_receipt(struct eh_store *s, const struct eh_store_receipt *r,
    struct eh_error *error)
{
	struct eh_sql q;

	eh_sql_begin(&q, s->db,
	    "INSERT INTO receipt VALUES (?, ?, ?, ?, ?, ?, ?)"
	    " ON CONFLICT (digest) DO NOTHING");
	eh_sql_put_bytes(&q, r->digest, EH_DIGEST_LEN);
	eh_sql_put_bytes(&q, r->hsm, EH_HSM_ID_LEN);
	eh_sql_put_uint(&q, r->size);
	eh_sql_put_bytes(&q, r->root, EH_DIGEST_LEN);
	eh_sql_put_uint(&q, r->seen);
	eh_sql_put_uint(&q, (uint64_t)r->fits);
	eh_sql_put_bytes(&q, r->bytes, r->len);
	eh_sql_next(&q);
	return eh_sql_end(&q, "writing a receipt", error);
}

int
eh_store_get_newest_receipt(struct eh_store *s,
    const uint8_t hsm[EH_HSM_ID_LEN], struct eh_buf *out,
    struct eh_error *error)
{
	struct eh_sql q;
	int err = EH_OK, end, found;

	eh_sql_begin(&q, s->db,
	    "SELECT bytes FROM receipt WHERE hsm = ? AND fits = 1"
	    " ORDER BY size DESC, rowid DESC LIMIT 1");
	eh_sql_put_bytes(&q, hsm, EH_HSM_ID_LEN);
	if ((found = eh_sql_next(&q))) {
		size_t len;
		const uint8_t *bytes = eh_sql_get_blob(&q, &len);

		err = eh_buf_append(out, bytes, len);
	}
	end = eh_sql_end(&q, "reading a receipt", error);
	if (end != EH_OK)
		return end;
	if (!found)
		return eh_error_set(error, EH_ERR_NOT_FOUND,
		    "no receipt of this EdgeHSM was accepted yet");
	return err == EH_OK ? EH_OK
			    : eh_error_set(error, err, "a stored receipt: %s",
				  eh_err_text(err));
}
