/* SPDX-License-Identifier: Apache-2.0 */
/* store_revoked.c - the authority's store: revocations, former message keys. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "orchestrator/authority/sql.h"
#include "orchestrator/authority/store_life.h"
#include "orchestrator/authority/store_private.h"

int
eh_store_get_in_force(struct eh_store *s, const uint8_t hsm[EH_HSM_ID_LEN],
    struct eh_in_force *f, struct eh_error *error)
{
	struct eh_sql q;

	f->epoch = 0;
	f->rseq = 0;
	eh_sql_begin(
	    &q, s->db, "SELECT epoch, rseq FROM in_force WHERE hsm = ?");
	eh_sql_put_bytes(&q, hsm, EH_HSM_ID_LEN);
	if (eh_sql_next(&q)) {
		f->epoch = (uint32_t)eh_sql_get_uint(&q);
		f->rseq = eh_sql_get_uint(&q);
	}
	return eh_sql_end(&q, "reading what is in force", error);
}

int
eh_store_put_in_force(struct eh_store *s, const uint8_t hsm[EH_HSM_ID_LEN],
    const struct eh_in_force *f, const uint8_t message[EH_DIGEST_LEN],
    struct eh_error *error)
{
	struct eh_sql q;

	eh_sql_begin(&q, s->db,
	    "INSERT INTO in_force VALUES (?, ?, ?, ?)"
	    " ON CONFLICT (hsm) DO UPDATE SET epoch = excluded.epoch,"
	    " rseq = excluded.rseq, message = excluded.message");
	eh_sql_put_bytes(&q, hsm, EH_HSM_ID_LEN);
	eh_sql_put_uint(&q, f->epoch);
	eh_sql_put_uint(&q, f->rseq);
	eh_sql_put_bytes(&q, message, EH_DIGEST_LEN);
	eh_sql_next(&q);
	return eh_sql_end(&q, "writing what is in force", error);
}

/* --- authorizations --- */

/* Read the one row that ${q} asks for; all zero when there is none. */
static int
get_revoked(
    struct eh_sql *q, struct eh_store_revoked *r, struct eh_error *error)
{
	memset(r, 0, sizeof(*r));
	if (eh_sql_next(q)) {
		r->rseq = eh_sql_get_uint(q);
		r->at = eh_sql_get_uint(q);
		eh_sql_get_text(q, r->why, sizeof(r->why));
	}
	return eh_sql_end(q, "reading a revocation", error);
}

int
eh_store_put_revoked(struct eh_store *s, const uint8_t id[EH_ID_LEN],
    const struct eh_store_revoked *r, struct eh_error *error)
{
	struct eh_sql q;

	eh_sql_begin(&q, s->db, "INSERT INTO revoked VALUES (?, ?, ?, ?)");
	eh_sql_put_bytes(&q, id, EH_ID_LEN);
	eh_sql_put_uint(&q, r->rseq);
	eh_sql_put_uint(&q, r->at);
	eh_sql_put_text(&q, r->why);
	eh_sql_next(&q);
	return eh_sql_end(&q, "revoking an authorization", error);
}

int
eh_store_get_revoked(struct eh_store *s, const uint8_t id[EH_ID_LEN],
    struct eh_store_revoked *r, struct eh_error *error)
{
	struct eh_sql q;

	eh_sql_begin(&q, s->db,
	    "SELECT rseq, at, why FROM revoked WHERE authorization = ?");
	eh_sql_put_bytes(&q, id, EH_ID_LEN);
	return get_revoked(&q, r, error);
}

int
eh_store_each_revoked(struct eh_store *s, const uint8_t hsm[EH_HSM_ID_LEN],
    uint32_t epoch, uint64_t now,
    int (*each)(void *arg, const uint8_t id[EH_ID_LEN]), void *arg,
    struct eh_error *error)
{
	uint8_t id[EH_ID_LEN];
	struct eh_sql q;
	int err = EH_OK, end;

	eh_sql_begin(&q, s->db,
	    "SELECT a.id FROM revoked r JOIN authorization a"
	    " ON a.id = r.authorization"
	    " WHERE a.hsm = ? AND a.epoch >= ? AND a.expires > ?"
	    " ORDER BY a.id");
	eh_sql_put_bytes(&q, hsm, EH_HSM_ID_LEN);
	eh_sql_put_uint(&q, epoch);
	eh_sql_put_uint(&q, now);
	while (err == EH_OK && eh_sql_next(&q)) {
		eh_sql_get_bytes(&q, id, sizeof(id));
		err = each(arg, id);
	}
	end = eh_sql_end(&q, "reading the revocations", error);
	return end != EH_OK ? end : err;
}

/* --- issuer keys --- */

int
eh_store_put_revoked_key(struct eh_store *s, const uint8_t hsm[EH_HSM_ID_LEN],
    const uint8_t kid[EH_KID_LEN], const struct eh_store_revoked *r,
    struct eh_error *error)
{
	struct eh_sql q;

	eh_sql_begin(
	    &q, s->db, "INSERT INTO revoked_key VALUES (?, ?, ?, ?, ?)");
	eh_sql_put_bytes(&q, hsm, EH_HSM_ID_LEN);
	eh_sql_put_bytes(&q, kid, EH_KID_LEN);
	eh_sql_put_uint(&q, r->rseq);
	eh_sql_put_uint(&q, r->at);
	eh_sql_put_text(&q, r->why);
	eh_sql_next(&q);
	return eh_sql_end(&q, "revoking an issuer key", error);
}

int
eh_store_get_revoked_key(struct eh_store *s, const uint8_t hsm[EH_HSM_ID_LEN],
    const uint8_t kid[EH_KID_LEN], struct eh_store_revoked *r,
    struct eh_error *error)
{
	struct eh_sql q;

	eh_sql_begin(&q, s->db,
	    "SELECT rseq, at, why FROM revoked_key WHERE hsm = ? AND kid = ?");
	eh_sql_put_bytes(&q, hsm, EH_HSM_ID_LEN);
	eh_sql_put_bytes(&q, kid, EH_KID_LEN);
	return get_revoked(&q, r, error);
}

int
eh_store_each_revoked_key(struct eh_store *s, const uint8_t hsm[EH_HSM_ID_LEN],
    int (*each)(void *arg, const uint8_t kid[EH_KID_LEN]), void *arg,
    struct eh_error *error)
{
	uint8_t kid[EH_KID_LEN];
	struct eh_sql q;
	int err = EH_OK, end;

	eh_sql_begin(&q, s->db,
	    "SELECT kid FROM revoked_key WHERE hsm = ? ORDER BY kid");
	eh_sql_put_bytes(&q, hsm, EH_HSM_ID_LEN);
	while (err == EH_OK && eh_sql_next(&q)) {
		eh_sql_get_bytes(&q, kid, sizeof(kid));
		err = each(arg, kid);
	}
	end = eh_sql_end(&q, "reading the revoked keys", error);
	return end != EH_OK ? end : err;
}

/* --- former message keys --- */

static int
put_former(struct eh_store *s, const struct eh_rawkey *key, uint64_t now,
    struct eh_error *error)
{
	uint8_t kid[EH_KID_LEN];
	struct eh_sql q;

	eh_keyid_kid(key, kid);
	eh_sql_begin(
	    &q, s->db, "INSERT INTO former_key VALUES (?, ?, ?, ?)");
	eh_sql_put_bytes(&q, kid, EH_KID_LEN);
	eh_sql_put_bytes(&q, key->bytes, key->len);
	eh_sql_put_uint(&q, EH_FORMER_RETIRED);
	eh_sql_put_uint(&q, now);
	eh_sql_next(&q);
	return eh_sql_end(&q, "retiring a message key", error);
}

/* Was it ever one of ours?  1 or 0; -1 on failure, with a sentence. */
static int
is_former(struct eh_store *s, const struct eh_rawkey *key,
    struct eh_error *error)
{
	struct eh_sql q;
	int found;

	eh_sql_begin(
	    &q, s->db, "SELECT 1 FROM former_key WHERE public = ?");
	eh_sql_put_bytes(&q, key->bytes, key->len);
	found = eh_sql_next(&q);
	return eh_sql_end(&q, "reading the keys", error) == EH_OK ? found : -1;
}

int
eh_store_roll_message_key(struct eh_store *s, const char *place,
    const struct eh_rawkey *key, uint64_t now, struct eh_error *error)
{
	struct eh_sql q;
	const struct eh_rawkey *old = &s->self.key[EH_STORE_MESSAGE_KEY].public;
	int err, former = is_former(s, key, error);

	if (former < 0)
		return error != NULL ? error->code : EH_ERR_STORAGE;
	if (former > 0 || eh_rawkey_equal(key, old))
		return eh_error_set(error, EH_ERR_EXISTS,
		    "this key %s the message key%s",
		    former > 0 ? "was" : "is",
		    former > 0 ? " before; a former key does not come back"
			       : " already");
	if ((err = put_former(s, old, now, error)) != EH_OK)
		return err;
	eh_sql_begin(&q, s->db,
	    "UPDATE own_key SET place = ?, public = ? WHERE use = ?");
	eh_sql_put_text(&q, place);
	eh_sql_put_bytes(&q, key->bytes, key->len);
	eh_sql_put_uint(&q, EH_STORE_MESSAGE_KEY);
	eh_sql_next(&q);
	return eh_sql_end(&q, "writing the message key", error);
}

int
eh_store_each_former_key(struct eh_store *s,
    int (*each)(void *arg, const struct eh_store_former_key *), void *arg,
    struct eh_error *error)
{
	struct eh_store_former_key k;
	struct eh_sql q;
	int err = EH_OK, end;

	eh_sql_begin(&q, s->db,
	    "SELECT kid, public, state, until FROM former_key"
	    " ORDER BY rowid DESC");
	while (err == EH_OK && eh_sql_next(&q)) {
		const uint8_t *raw;
		size_t len;

		memset(&k, 0, sizeof(k));
		eh_sql_get_bytes(&q, k.kid, EH_KID_LEN);
		raw = eh_sql_get_blob(&q, &len);
		if (raw == NULL || eh_rawkey_set(&k.public, raw, len) != EH_OK)
			q.rc = SQLITE_CORRUPT;
		k.state = (enum eh_former_state)eh_sql_get_uint(&q);
		k.until = eh_sql_get_uint(&q);
		if (q.rc == SQLITE_OK)
			err = each(arg, &k);
	}
	end = eh_sql_end(&q, "reading the former keys", error);
	return end != EH_OK ? end : err;
}

int
eh_store_drop_key(struct eh_store *s, const uint8_t kid[EH_KID_LEN],
    struct eh_error *error)
{
	struct eh_sql q;
	int err;

	eh_sql_begin(
	    &q, s->db, "UPDATE former_key SET state = ? WHERE kid = ?");
	eh_sql_put_uint(&q, EH_FORMER_DROPPED);
	eh_sql_put_bytes(&q, kid, EH_KID_LEN);
	eh_sql_next(&q);
	err = eh_sql_end(&q, "dropping a key", error);
	if (err == EH_OK && sqlite3_changes(s->db) != 1)
		err = eh_error_set(error, EH_ERR_NOT_FOUND,
		    "this is no former message key of this authority");
	return err;
}
