/* SPDX-License-Identifier: Apache-2.0 */
/* store_count.c - the authority's store: what TPMs may count. */
#include "config.h"

#include <string.h>

#include "orchestrator/authority/sql.h"
#include "orchestrator/authority/store_count.h"
#include "orchestrator/authority/store_private.h"

/* A table of its own, made when it is first needed: a store without it has
 * approved nothing.  An index is approved once and stays so. */
static const char table[] =
    "CREATE TABLE IF NOT EXISTS tpm_count ("
    "  n INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  hsm BLOB NOT NULL REFERENCES hsm (id),"
    "  about BLOB NOT NULL CHECK (length(about) IN (16, 32)),"
    "  handle INTEGER NOT NULL,"
    "  nonce BLOB NOT NULL UNIQUE CHECK (length(nonce) BETWEEN 16 AND 32),"
    "  uses INTEGER NOT NULL CHECK (uses > 0),"
    "  approved INTEGER NOT NULL DEFAULT 0 CHECK (approved IN (0, 1))"
    ") STRICT;"
    "CREATE TRIGGER IF NOT EXISTS tpm_count_stays"
    "  BEFORE UPDATE ON tpm_count"
    "  WHEN OLD.approved = 1 OR NEW.uses <> OLD.uses"
    "    OR NEW.about <> OLD.about OR NEW.nonce <> OLD.nonce"
    "  BEGIN SELECT RAISE(ABORT, 'a count is approved once'); END;"
    "CREATE TRIGGER IF NOT EXISTS tpm_count_kept"
    "  BEFORE DELETE ON tpm_count"
    "  BEGIN SELECT RAISE(ABORT, 'a count is never deleted'); END;";

static int
make_table(struct eh_store *s, struct eh_error *error)
{
	return eh_sql_run(s->db, table, "making the table of counts", error);
}

int
eh_store_put_count(struct eh_store *s, const struct eh_store_count *n,
    struct eh_error *error)
{
	struct eh_sql q;
	int err;

	if ((err = make_table(s, error)) != EH_OK)
		return err;
	eh_sql_begin(&q, s->db,
	    "INSERT INTO tpm_count (hsm, about, handle, nonce, uses, approved)"
	    " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (nonce)"
	    " DO UPDATE SET approved = excluded.approved");
	eh_sql_put_bytes(&q, n->hsm, EH_HSM_ID_LEN);
	eh_sql_put_bytes(&q, n->about,
	    n->has_authorization ? EH_ID_LEN : EH_DIGEST_LEN);
	eh_sql_put_uint(&q, n->index.handle);
	eh_sql_put_bytes(&q, n->index.nonce, n->index.nonce_len);
	eh_sql_put_uint(&q, n->limit);
	eh_sql_put_uint(&q, n->is_approved);
	eh_sql_next(&q);
	return eh_sql_end(&q, "writing a count", error);
}

int
eh_store_get_count(struct eh_store *s, struct eh_store_count *n,
    struct eh_error *error)
{
	const uint8_t *about;
	struct eh_sql q;
	size_t len = 0;
	int found, err;

	if ((err = make_table(s, error)) != EH_OK)
		return err;
	eh_sql_begin(&q, s->db,
	    "SELECT about, uses, approved FROM tpm_count"
	    " WHERE nonce = ? AND hsm = ? AND handle = ?");
	eh_sql_put_bytes(&q, n->index.nonce, n->index.nonce_len);
	eh_sql_put_bytes(&q, n->hsm, EH_HSM_ID_LEN);
	eh_sql_put_uint(&q, n->index.handle);
	if ((found = eh_sql_next(&q)) != 0) {
		about = eh_sql_get_blob(&q, &len);
		if (len == EH_ID_LEN || len == EH_DIGEST_LEN)
			memcpy(n->about, about, len);
		n->has_authorization = len == EH_ID_LEN;
		n->limit = (uint32_t)eh_sql_get_uint(&q);
		n->is_approved = (uint8_t)eh_sql_get_uint(&q);
	}
	if ((err = eh_sql_end(&q, "reading a count", error)) != EH_OK)
		return err;
	return found ? EH_OK : eh_error_set(error, EH_ERR_NOT_FOUND,
	    "no count was given for this index");
}

int
eh_store_sum_counts(struct eh_store *s, const uint8_t hsm[EH_HSM_ID_LEN],
    const uint8_t *about, size_t len, uint64_t *sump, struct eh_error *error)
{
	struct eh_sql q;
	int err;

	*sump = 0;
	if ((err = make_table(s, error)) != EH_OK)
		return err;
	eh_sql_begin(&q, s->db,
	    "SELECT coalesce(sum(uses), 0) FROM tpm_count"
	    " WHERE hsm = ? AND about = ? AND approved = 1");
	eh_sql_put_bytes(&q, hsm, EH_HSM_ID_LEN);
	eh_sql_put_bytes(&q, about, len);
	if (eh_sql_next(&q))
		*sump = eh_sql_get_uint(&q);
	return eh_sql_end(&q, "adding up counts", error);
}
