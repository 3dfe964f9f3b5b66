/* SPDX-License-Identifier: Apache-2.0 */
/* store_rows.c - invitations, EdgeHSMs, keys and what was signed. */
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

/* --- what was signed --- */

int
eh_store_put_certificate(struct eh_store *s,
    const struct eh_store_certificate *c, struct eh_error *error)
{
	struct eh_sql q;

	eh_sql_begin(&q, s->db,
	    "INSERT INTO certificate VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
	eh_sql_put_bytes(&q, c->serial, c->seriallen);
	eh_sql_put_bytes(&q, c->hsm, EH_HSM_ID_LEN);
	eh_sql_put_bytes(&q, c->key, EH_DIGEST_LEN);
	eh_sql_put_text(&q, c->form);
	eh_sql_put_uint(&q, c->issued);
	eh_sql_put_uint(&q, c->not_before);
	eh_sql_put_uint(&q, c->not_after);
	eh_sql_put_bytes(&q, c->der, c->len);
	eh_sql_next(&q);
	return eh_sql_end(&q, "writing a certificate", error);
}

int
eh_store_get_validity(struct eh_store *s, const uint8_t key[EH_DIGEST_LEN],
    uint64_t *not_beforep, uint64_t *not_afterp, struct eh_error *error)
{
	struct eh_sql q;
	int err, found;

	*not_beforep = *not_afterp = 0;
	eh_sql_begin(&q, s->db,
	    "SELECT not_before, not_after FROM certificate WHERE key = ?"
	    " ORDER BY issued DESC, not_after DESC LIMIT 1");
	eh_sql_put_bytes(&q, key, EH_DIGEST_LEN);
	if ((found = eh_sql_next(&q))) {
		*not_beforep = eh_sql_get_uint(&q);
		*not_afterp = eh_sql_get_uint(&q);
	}
	err = eh_sql_end(&q, "reading a certificate", error);
	if (err == EH_OK && !found)
		err = eh_error_set(error, EH_ERR_NOT_FOUND,
		    "this key was never certified");
	return err;
}

int
eh_store_get_certificate(struct eh_store *s, const uint8_t key[EH_DIGEST_LEN],
    struct eh_buf *out, struct eh_error *error)
{
	struct eh_sql q;
	int err = EH_OK, end, found;

	eh_sql_begin(&q, s->db,
	    "SELECT der FROM certificate WHERE key = ?"
	    " ORDER BY issued DESC, not_after DESC LIMIT 1");
	eh_sql_put_bytes(&q, key, EH_DIGEST_LEN);
	if ((found = eh_sql_next(&q))) {
		size_t len;
		const uint8_t *der = eh_sql_get_blob(&q, &len);

		err = eh_buf_append(out, der, len);
	}
	end = eh_sql_end(&q, "reading a certificate", error);
	if (end != EH_OK)
		return end;
	if (!found)
		return eh_error_set(error, EH_ERR_NOT_FOUND,
		    "this key was never certified");
	return err == EH_OK ? EH_OK
			    : eh_error_set(error, err,
				  "a stored certificate: %s", eh_err_text(err));
}

int
eh_store_count_orders(struct eh_store *s, const uint8_t hsm[EH_HSM_ID_LEN],
    const char *order, uint64_t now, uint64_t *countp,
    struct eh_error *error)
{
	struct eh_sql q;

	*countp = 0;
	eh_sql_begin(&q, s->db,
	    "SELECT count(*) FROM authorization"
	    " WHERE hsm = ? AND order_name = ? AND expires > ?");
	eh_sql_put_bytes(&q, hsm, EH_HSM_ID_LEN);
	eh_sql_put_text(&q, order);
	eh_sql_put_uint(&q, now);
	if (eh_sql_next(&q))
		*countp = eh_sql_get_uint(&q);
	return eh_sql_end(&q, "counting authorizations", error);
}

int
eh_store_put_message(struct eh_store *s, const struct eh_store_message *m,
    struct eh_error *error)
{
	struct eh_sql q;

	eh_sql_begin(&q, s->db,
	    "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?)");
	eh_sql_put_bytes(&q, m->digest, EH_DIGEST_LEN);
	eh_sql_put_text(&q, eh_message_info(m->type)->typ);
	eh_sql_put_bytes(&q, m->kid, EH_KID_LEN);
	eh_sql_put_bytes(&q, m->hsm, EH_HSM_ID_LEN);
	eh_sql_put_uint(&q, m->seq);
	eh_sql_put_uint(&q, m->issued);
	eh_sql_put_bytes(&q, m->bytes, m->len);
	eh_sql_next(&q);
	return eh_sql_end(&q, "writing a message", error);
}

int
eh_store_get_message(struct eh_store *s, const uint8_t digest[EH_DIGEST_LEN],
    struct eh_buf *out, struct eh_error *error)
{
	struct eh_sql q;
	int err = EH_OK, end, found;

	eh_sql_begin(&q, s->db, "SELECT bytes FROM message WHERE digest = ?");
	eh_sql_put_bytes(&q, digest, EH_DIGEST_LEN);
	if ((found = eh_sql_next(&q))) {
		size_t len;
		const uint8_t *bytes = eh_sql_get_blob(&q, &len);

		err = eh_buf_append(out, bytes, len);
	}
	end = eh_sql_end(&q, "reading a message", error);
	if (end != EH_OK)
		return end;
	if (!found)
		return eh_error_set(error, EH_ERR_NOT_FOUND,
		    "no message with this digest was signed here");
	return err == EH_OK ? EH_OK
			    : eh_error_set(error, err, "a stored message: %s",
				  eh_err_text(err));
}

int
eh_store_put_authorization(struct eh_store *s,
    const struct eh_store_authorization *a, struct eh_error *error)
{
	struct eh_sql q;

	eh_sql_begin(&q, s->db,
	    "INSERT INTO authorization (id, hsm, message, order_name, profile,"
	    " seq, devices, issued, not_before, expires)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
	eh_sql_put_bytes(&q, a->id, EH_ID_LEN);
	eh_sql_put_bytes(&q, a->hsm, EH_HSM_ID_LEN);
	eh_sql_put_bytes(&q, a->message, EH_DIGEST_LEN);
	eh_sql_put_text(&q, a->order);
	eh_sql_put_bytes(&q, a->profile.digest, EH_DIGEST_LEN);
	eh_sql_put_uint(&q, a->seq);
	eh_sql_put_uint(&q, a->devices);
	eh_sql_put_uint(&q, a->issued);
	eh_sql_put_uint(&q, a->not_before);
	eh_sql_put_uint(&q, a->expires);
	eh_sql_next(&q);
	return eh_sql_end(&q, "writing an authorization", error);
}

int
eh_store_put_profile(struct eh_store *s, const struct eh_profile_ref *ref,
    const uint8_t source[EH_DIGEST_LEN], const void *bytes, size_t len,
    struct eh_error *error)
{
	struct eh_sql q;

	eh_sql_begin(&q, s->db,
	    "INSERT INTO profile VALUES (?, ?, ?, ?, ?)"
	    " ON CONFLICT (digest) DO NOTHING");
	eh_sql_put_bytes(&q, ref->digest, EH_DIGEST_LEN);
	eh_sql_put_text(&q, ref->name);
	eh_sql_put_uint(&q, ref->version);
	eh_sql_put_bytes(&q, source, EH_DIGEST_LEN);
	eh_sql_put_bytes(&q, bytes, len);
	eh_sql_next(&q);
	return eh_sql_end(&q, "writing a profile", error);
}

/* --- everything --- */

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

int
eh_store_each_authorization(struct eh_store *s,
    int (*each)(void *arg, const struct eh_store_authorization *), void *arg,
    struct eh_error *error)
{
	struct eh_store_authorization a;
	struct eh_sql q;
	int err = EH_OK, end;

	eh_sql_begin(&q, s->db,
	    "SELECT a.id, a.hsm, a.message, a.order_name, p.name, p.version,"
	    " p.digest, a.seq, a.devices, a.issued, a.not_before, a.expires"
	    " FROM authorization a JOIN profile p ON p.digest = a.profile"
	    " ORDER BY a.n");
	while (err == EH_OK && eh_sql_next(&q)) {
		memset(&a, 0, sizeof(a));
		eh_sql_get_bytes(&q, a.id, EH_ID_LEN);
		eh_sql_get_bytes(&q, a.hsm, EH_HSM_ID_LEN);
		eh_sql_get_bytes(&q, a.message, EH_DIGEST_LEN);
		eh_sql_get_text(&q, a.order, sizeof(a.order));
		eh_sql_get_text(&q, a.profile.name, sizeof(a.profile.name));
		a.profile.version = (uint32_t)eh_sql_get_uint(&q);
		eh_sql_get_bytes(&q, a.profile.digest, EH_DIGEST_LEN);
		a.seq = eh_sql_get_uint(&q);
		a.devices = eh_sql_get_uint(&q);
		a.issued = eh_sql_get_uint(&q);
		a.not_before = eh_sql_get_uint(&q);
		a.expires = eh_sql_get_uint(&q);
		err = each(arg, &a);
	}
	end = eh_sql_end(&q, "reading the authorizations", error);
	return end != EH_OK ? end : err;
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

int
eh_store_each_seq(struct eh_store *s,
    int (*each)(void *arg, const char *typ, const uint8_t kid[EH_KID_LEN],
	const uint8_t hsm[EH_HSM_ID_LEN], uint64_t next),
    void *arg, struct eh_error *error)
{
	uint8_t kid[EH_KID_LEN], hsm[EH_HSM_ID_LEN];
	char typ[64];
	struct eh_sql q;
	uint64_t next;
	int err = EH_OK, end;

	eh_sql_begin(&q, s->db,
	    "SELECT s.type, s.kid, s.hsm, s.last + 1 FROM sequence s"
	    " JOIN hsm h ON h.id = s.hsm ORDER BY h.n, s.type, s.kid");
	while (err == EH_OK && eh_sql_next(&q)) {
		eh_sql_get_text(&q, typ, sizeof(typ));
		eh_sql_get_bytes(&q, kid, sizeof(kid));
		eh_sql_get_bytes(&q, hsm, sizeof(hsm));
		next = eh_sql_get_uint(&q);
		err = each(arg, typ, kid, hsm, next);
	}
	end = eh_sql_end(&q, "reading the sequence numbers", error);
	return end != EH_OK ? end : err;
}

int
eh_store_each_trail(struct eh_store *s,
    int (*each)(void *arg, uint64_t at, const char *person, const char *verb,
	const char *text),
    void *arg, struct eh_error *error)
{
	char person[64], verb[32], text[512];
	struct eh_sql q;
	uint64_t at;
	int err = EH_OK, end;

	eh_sql_begin(&q, s->db,
	    "SELECT at, person, verb, text FROM trail ORDER BY n");
	while (err == EH_OK && eh_sql_next(&q)) {
		at = eh_sql_get_uint(&q);
		eh_sql_get_text(&q, person, sizeof(person));
		eh_sql_get_text(&q, verb, sizeof(verb));
		eh_sql_get_text(&q, text, sizeof(text));
		err = each(arg, at, person, verb, text);
	}
	end = eh_sql_end(&q, "reading the trail", error);
	return end != EH_OK ? end : err;
}
