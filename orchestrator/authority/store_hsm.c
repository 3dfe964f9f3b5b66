/* SPDX-License-Identifier: Apache-2.0 */
/* store_hsm.c - the authority's store: invitations, EdgeHSMs, their keys. */
#include "config.h"

#include <string.h>

#include "orchestrator/authority/sql.h"
#include "orchestrator/authority/store_private.h"

/* --- invitations --- */

int
eh_store_put_invitation(struct eh_store *s, const struct eh_invitation *i,
    struct eh_error *error)
{
	struct eh_sql q;
	int err;

	eh_sql_begin(&q, s->db,
	    "UPDATE invitation SET state = ?, closed = ?"
	    " WHERE name = ? AND state = 0");
	eh_sql_put_uint(&q, EH_INVITATION_WITHDRAWN);
	eh_sql_put_uint(&q, i->opened);
	eh_sql_put_text(&q, i->name);
	eh_sql_next(&q);
	err = eh_sql_end(&q, "withdrawing an invitation", error);
	if (err != EH_OK)
		return err;
	eh_sql_begin(&q, s->db,
	    "INSERT INTO invitation (nonce, name, factory, opened)"
	    " VALUES (?, ?, ?, ?)");
	eh_sql_put_bytes(&q, i->nonce.bytes, i->nonce.len);
	eh_sql_put_text(&q, i->name);
	eh_sql_put_text(&q, i->factory);
	eh_sql_put_uint(&q, i->opened);
	eh_sql_next(&q);
	return eh_sql_end(&q, "writing an invitation", error);
}

#define INVITATION                                                             \
	"SELECT nonce, name, factory, opened, state, coalesce(closed, 0)"      \
	" FROM invitation"

static void
get_invitation(struct eh_sql *q, struct eh_invitation *i)
{
	const uint8_t *nonce;
	size_t len;

	memset(i, 0, sizeof(*i));
	nonce = eh_sql_get_blob(q, &len);
	if (nonce != NULL && len <= EH_NONCE_MAX) {
		memcpy(i->nonce.bytes, nonce, len);
		i->nonce.len = (uint8_t)len;
	}
	eh_sql_get_text(q, i->name, sizeof(i->name));
	eh_sql_get_text(q, i->factory, sizeof(i->factory));
	i->opened = eh_sql_get_uint(q);
	i->state = (enum eh_invitation_state)eh_sql_get_uint(q);
	i->closed = eh_sql_get_uint(q);
}

int
eh_store_get_invitation(struct eh_store *s, const struct eh_nonce *nonce,
    struct eh_invitation *i, struct eh_error *error)
{
	struct eh_sql q;
	int err, found;

	memset(i, 0, sizeof(*i));
	eh_sql_begin(&q, s->db, INVITATION " WHERE nonce = ?");
	eh_sql_put_bytes(&q, nonce->bytes, nonce->len);
	if ((found = eh_sql_next(&q)))
		get_invitation(&q, i);
	err = eh_sql_end(&q, "reading an invitation", error);
	if (err == EH_OK && !found)
		err = eh_error_set(error, EH_ERR_NOT_FOUND,
		    "there is no invitation with this nonce");
	return err;
}

int
eh_store_use_invitation(struct eh_store *s, const struct eh_nonce *nonce,
    uint64_t now, struct eh_error *error)
{
	struct eh_sql q;
	int err;

	eh_sql_begin(&q, s->db,
	    "UPDATE invitation SET state = ?, closed = ?"
	    " WHERE nonce = ? AND state = 0");
	eh_sql_put_uint(&q, EH_INVITATION_USED);
	eh_sql_put_uint(&q, now);
	eh_sql_put_bytes(&q, nonce->bytes, nonce->len);
	eh_sql_next(&q);
	err = eh_sql_end(&q, "using an invitation", error);
	if (err == EH_OK && sqlite3_changes(s->db) != 1)
		err = eh_error_set(error, EH_ERR_REPLAYED,
		    "the invitation is not open");
	return err;
}

int
eh_store_each_invitation(struct eh_store *s,
    int (*each)(void *arg, const struct eh_invitation *), void *arg,
    struct eh_error *error)
{
	struct eh_invitation i;
	struct eh_sql q;
	int err = EH_OK, end;

	eh_sql_begin(&q, s->db, INVITATION " ORDER BY n");
	while (err == EH_OK && eh_sql_next(&q)) {
		get_invitation(&q, &i);
		err = each(arg, &i);
	}
	end = eh_sql_end(&q, "reading the invitations", error);
	return end != EH_OK ? end : err;
}

/* --- EdgeHSMs --- */

int
eh_store_put_hsm(
    struct eh_store *s, const struct eh_hsm *h, struct eh_error *error)
{
	struct eh_sql q;

	eh_sql_begin(&q, s->db,
	    "INSERT INTO hsm (id, kid, name, factory, attestation, class,"
	    " software, measurement, enrolled, granted_until)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	    " ON CONFLICT (id) DO UPDATE SET factory = excluded.factory,"
	    " class = excluded.class, software = excluded.software,"
	    " measurement = excluded.measurement,"
	    " enrolled = excluded.enrolled,"
	    " granted_until = excluded.granted_until");
	eh_sql_put_bytes(&q, h->id, EH_HSM_ID_LEN);
	eh_sql_put_bytes(&q, h->id, EH_KID_LEN);
	eh_sql_put_text(&q, h->name);
	eh_sql_put_text(&q, h->factory);
	eh_sql_put_bytes(&q, h->attestation.bytes, h->attestation.len);
	eh_sql_put_uint(&q, h->anchor_class);
	eh_sql_put_text(&q, h->software.version);
	eh_sql_put_bytes(&q, h->software.measurement, EH_DIGEST_LEN);
	eh_sql_put_uint(&q, h->enrolled);
	eh_sql_put_uint(&q, h->granted_until);
	eh_sql_next(&q);
	return eh_sql_end(&q, "writing an EdgeHSM", error);
}

#define HSM                                                                    \
	"SELECT id, name, factory, attestation, class, software, measurement," \
	" enrolled, granted_until FROM hsm"

static void
get_hsm(struct eh_sql *q, struct eh_hsm *h)
{
	const uint8_t *raw;
	size_t len;

	memset(h, 0, sizeof(*h));
	eh_sql_get_bytes(q, h->id, EH_HSM_ID_LEN);
	eh_sql_get_text(q, h->name, sizeof(h->name));
	eh_sql_get_text(q, h->factory, sizeof(h->factory));
	raw = eh_sql_get_blob(q, &len);
	if (raw == NULL || eh_rawkey_set(&h->attestation, raw, len) != EH_OK)
		q->rc = SQLITE_CORRUPT;
	h->anchor_class = (enum eh_anchor_class)eh_sql_get_uint(q);
	eh_sql_get_text(q, h->software.version, sizeof(h->software.version));
	eh_sql_get_bytes(q, h->software.measurement, EH_DIGEST_LEN);
	h->enrolled = eh_sql_get_uint(q);
	h->granted_until = eh_sql_get_uint(q);
}

/* Finish a query for one EdgeHSM; ${found} says whether there was a row. */
static int
end_hsm(struct eh_sql *q, int found, struct eh_error *error)
{
	int err = eh_sql_end(q, "reading an EdgeHSM", error);

	if (err == EH_OK && !found)
		err = eh_error_set(
		    error, EH_ERR_NOT_FOUND, "no such EdgeHSM is enrolled");
	return err;
}

int
eh_store_get_hsm(struct eh_store *s, const char *name, struct eh_hsm *h,
    struct eh_error *error)
{
	struct eh_sql q;
	int err, found;

	memset(h, 0, sizeof(*h));
	eh_sql_begin(&q, s->db, HSM " WHERE name = ?");
	eh_sql_put_text(&q, name);
	if ((found = eh_sql_next(&q)))
		get_hsm(&q, h);
	err = end_hsm(&q, found, error);
	if (err == EH_ERR_NOT_FOUND)
		eh_error_set(error, err,
		    "no EdgeHSM named %s is enrolled; edgehsm-authority show "
		    "lists them", name);
	return err;
}

int
eh_store_get_hsm_by_id(struct eh_store *s, const uint8_t id[EH_HSM_ID_LEN],
    struct eh_hsm *h, struct eh_error *error)
{
	struct eh_sql q;
	int found;

	memset(h, 0, sizeof(*h));
	eh_sql_begin(&q, s->db, HSM " WHERE id = ?");
	eh_sql_put_bytes(&q, id, EH_HSM_ID_LEN);
	if ((found = eh_sql_next(&q)))
		get_hsm(&q, h);
	return end_hsm(&q, found, error);
}

int
eh_store_get_hsm_by_kid(struct eh_store *s, const uint8_t kid[EH_KID_LEN],
    struct eh_hsm *h, struct eh_error *error)
{
	struct eh_sql q;
	int found;

	memset(h, 0, sizeof(*h));
	eh_sql_begin(&q, s->db, HSM " WHERE kid = ?");
	eh_sql_put_bytes(&q, kid, EH_KID_LEN);
	if ((found = eh_sql_next(&q)))
		get_hsm(&q, h);
	return end_hsm(&q, found, error);
}

int
eh_store_each_hsm(struct eh_store *s,
    int (*each)(void *arg, const struct eh_hsm *), void *arg,
    struct eh_error *error)
{
	struct eh_sql q;
	struct eh_hsm h;
	int err = EH_OK, end;

	eh_sql_begin(&q, s->db, HSM " ORDER BY n");
	while (err == EH_OK && eh_sql_next(&q)) {
		get_hsm(&q, &h);
		err = each(arg, &h);
	}
	end = eh_sql_end(&q, "reading the EdgeHSMs", error);
	return end != EH_OK ? end : err;
}

/* --- their keys --- */

int
eh_store_put_hsm_key(struct eh_store *s, const struct eh_hsm_key *k,
    struct eh_error *error)
{
	struct eh_sql q;
	int err;

	eh_sql_begin(&q, s->db,
	    "INSERT INTO hsm_key VALUES (?, ?, ?, ?, ?)"
	    " ON CONFLICT (digest) DO UPDATE SET purpose = excluded.purpose,"
	    " origin = excluded.origin,"
	    " standing = max(standing, excluded.standing)"
	    " WHERE hsm = excluded.hsm");
	eh_sql_put_bytes(&q, k->digest, EH_DIGEST_LEN);
	eh_sql_put_bytes(&q, k->hsm, EH_HSM_ID_LEN);
	eh_sql_put_uint(&q, k->purpose);
	eh_sql_put_uint(&q, k->origin);
	eh_sql_put_uint(&q, k->standing);
	eh_sql_next(&q);
	err = eh_sql_end(&q, "writing a key", error);
	if (err == EH_OK && sqlite3_changes(s->db) != 1)
		err = eh_error_set(error, EH_ERR_EXISTS,
		    "this key is another EdgeHSM's already");
	return err;
}

int
eh_store_get_hsm_key(struct eh_store *s, const uint8_t digest[EH_DIGEST_LEN],
    struct eh_hsm_key *k, struct eh_error *error)
{
	struct eh_sql q;
	int err, found;

	memset(k, 0, sizeof(*k));
	eh_sql_begin(&q, s->db,
	    "SELECT digest, hsm, purpose, origin, standing FROM hsm_key"
	    " WHERE digest = ?");
	eh_sql_put_bytes(&q, digest, EH_DIGEST_LEN);
	if ((found = eh_sql_next(&q))) {
		eh_sql_get_bytes(&q, k->digest, EH_DIGEST_LEN);
		eh_sql_get_bytes(&q, k->hsm, EH_HSM_ID_LEN);
		k->purpose = (enum eh_purpose)eh_sql_get_uint(&q);
		k->origin = (enum eh_origin)eh_sql_get_uint(&q);
		k->standing = (enum eh_key_standing)eh_sql_get_uint(&q);
	}
	err = eh_sql_end(&q, "reading a key", error);
	if (err == EH_OK && !found)
		err = eh_error_set(error, EH_ERR_NOT_FOUND,
		    "no EdgeHSM has named this key");
	return err;
}
