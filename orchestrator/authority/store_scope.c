/* SPDX-License-Identifier: Apache-2.0 */
/* store_scope.c - the authority's store: the devices of scopes by tree. */
#include "config.h"

#include "orchestrator/authority/sql.h"
#include "orchestrator/authority/store_private.h"

int
eh_store_put_scope(struct eh_store *s, const uint8_t root[EH_DIGEST_LEN],
    const struct eh_buf *ids, struct eh_error *error)
{
	struct eh_sql q;

	eh_sql_begin(&q, s->db,
	    "INSERT INTO scope_tree VALUES (?, ?)"
	    " ON CONFLICT (root) DO NOTHING");
	eh_sql_put_bytes(&q, root, EH_DIGEST_LEN);
	eh_sql_put_bytes(&q, ids->data, ids->len);
	eh_sql_next(&q);
	return eh_sql_end(&q, "writing a scope", error);
}

int
eh_store_get_scope(struct eh_store *s, const uint8_t root[EH_DIGEST_LEN],
    struct eh_buf *ids, struct eh_error *error)
{
	struct eh_sql q;
	int err = EH_OK, end, found;

	eh_sql_begin(&q, s->db, "SELECT ids FROM scope_tree WHERE root = ?");
	eh_sql_put_bytes(&q, root, EH_DIGEST_LEN);
	if ((found = eh_sql_next(&q))) {
		size_t len;
		const uint8_t *bytes = eh_sql_get_blob(&q, &len);

		err = eh_buf_append(ids, bytes, len);
	}
	end = eh_sql_end(&q, "reading a scope", error);
	if (end != EH_OK)
		return end;
	if (!found)
		return eh_error_set(error, EH_ERR_NOT_FOUND,
		    "no scope with this root was signed here");
	return err == EH_OK ? EH_OK
			    : eh_error_set(error, err, "a stored scope: %s",
				  eh_err_text(err));
}
