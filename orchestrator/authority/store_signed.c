/* SPDX-License-Identifier: Apache-2.0 */
/* store_signed.c - the authority's store: what was signed. */
#include "config.h"

#include <string.h>

#include "orchestrator/authority/sql.h"
#include "orchestrator/authority/store_private.h"

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
	    " seq, devices, issued, not_before, expires, epoch, supersedes)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
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
	eh_sql_put_uint(&q, a->epoch);
	eh_sql_put_bytes(
	    &q, a->has_supersedes ? a->supersedes : NULL, EH_ID_LEN);
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

int
eh_store_get_profile(struct eh_store *s, const uint8_t digest[EH_DIGEST_LEN],
    struct eh_buf *out, struct eh_error *error)
{
	struct eh_sql q;
	int err = EH_OK, end, found;

	eh_sql_begin(&q, s->db, "SELECT bytes FROM profile WHERE digest = ?");
	eh_sql_put_bytes(&q, digest, EH_DIGEST_LEN);
	if ((found = eh_sql_next(&q))) {
		size_t len;
		const uint8_t *bytes = eh_sql_get_blob(&q, &len);

		err = eh_buf_append(out, bytes, len);
	}
	end = eh_sql_end(&q, "reading a profile", error);
	if (end != EH_OK)
		return end;
	if (!found)
		return eh_error_set(error, EH_ERR_NOT_FOUND,
		    "nothing was authorized by this profile here");
	return err == EH_OK ? EH_OK
			    : eh_error_set(error, err, "a stored profile: %s",
				  eh_err_text(err));
}

/* --- authorizations, read --- */

#define AUTHORIZATION                                                          \
	"SELECT a.id, a.hsm, a.message, m.kid, a.order_name, p.name,"          \
	" p.version, p.digest, a.seq, a.devices, a.issued, a.not_before,"      \
	" a.expires, a.epoch, a.supersedes FROM authorization a"               \
	" JOIN profile p ON p.digest = a.profile"                              \
	" JOIN message m ON m.digest = a.message"

static void
get_authorization(struct eh_sql *q, struct eh_store_authorization *a)
{
	const uint8_t *old;
	size_t len;

	memset(a, 0, sizeof(*a));
	eh_sql_get_bytes(q, a->id, EH_ID_LEN);
	eh_sql_get_bytes(q, a->hsm, EH_HSM_ID_LEN);
	eh_sql_get_bytes(q, a->message, EH_DIGEST_LEN);
	eh_sql_get_bytes(q, a->kid, EH_KID_LEN);
	eh_sql_get_text(q, a->order, sizeof(a->order));
	eh_sql_get_text(q, a->profile.name, sizeof(a->profile.name));
	a->profile.version = (uint32_t)eh_sql_get_uint(q);
	eh_sql_get_bytes(q, a->profile.digest, EH_DIGEST_LEN);
	a->seq = eh_sql_get_uint(q);
	a->devices = eh_sql_get_uint(q);
	a->issued = eh_sql_get_uint(q);
	a->not_before = eh_sql_get_uint(q);
	a->expires = eh_sql_get_uint(q);
	a->epoch = (uint32_t)eh_sql_get_uint(q);
	old = eh_sql_get_blob(q, &len);
	if (old != NULL && len == EH_ID_LEN) {
		a->has_supersedes = 1;
		memcpy(a->supersedes, old, EH_ID_LEN);
	}
}

int
eh_store_get_authorization(struct eh_store *s, const uint8_t id[EH_ID_LEN],
    struct eh_store_authorization *a, struct eh_error *error)
{
	struct eh_sql q;
	int err, found;

	memset(a, 0, sizeof(*a));
	eh_sql_begin(&q, s->db, AUTHORIZATION " WHERE a.id = ?");
	eh_sql_put_bytes(&q, id, EH_ID_LEN);
	if ((found = eh_sql_next(&q)))
		get_authorization(&q, a);
	err = eh_sql_end(&q, "reading an authorization", error);
	if (err == EH_OK && !found)
		err = eh_error_set(error, EH_ERR_NOT_FOUND,
		    "no authorization with this id was signed here");
	return err;
}

int
eh_store_get_successor(struct eh_store *s, struct eh_store_authorization *a,
    int *foundp, struct eh_error *error)
{
	struct eh_store_authorization next = { .seq = 0 };
	struct eh_sql q;
	int err;

	eh_sql_begin(&q, s->db, AUTHORIZATION " WHERE a.supersedes = ?");
	eh_sql_put_bytes(&q, a->id, EH_ID_LEN);
	if ((*foundp = eh_sql_next(&q)))
		get_authorization(&q, &next);
	err = eh_sql_end(&q, "reading an authorization", error);
	if (err == EH_OK && *foundp)
		*a = next;
	return err;
}

/* Call ${each} for the rows of ${q}, which has its parameters. */
static int
each_authorization(struct eh_sql *q,
    int (*each)(void *arg, const struct eh_store_authorization *), void *arg,
    struct eh_error *error)
{
	struct eh_store_authorization a;
	int err = EH_OK, end;

	while (err == EH_OK && eh_sql_next(q)) {
		get_authorization(q, &a);
		err = each(arg, &a);
	}
	end = eh_sql_end(q, "reading the authorizations", error);
	return end != EH_OK ? end : err;
}

int
eh_store_each_authorization(struct eh_store *s,
    int (*each)(void *arg, const struct eh_store_authorization *), void *arg,
    struct eh_error *error)
{
	struct eh_sql q;

	eh_sql_begin(&q, s->db, AUTHORIZATION " ORDER BY a.n");
	return each_authorization(&q, each, arg, error);
}

int
eh_store_each_of_order(struct eh_store *s, const char *order,
    int (*each)(void *arg, const struct eh_store_authorization *), void *arg,
    struct eh_error *error)
{
	struct eh_sql q;

	eh_sql_begin(
	    &q, s->db, AUTHORIZATION " WHERE a.order_name = ? ORDER BY a.n");
	eh_sql_put_text(&q, order);
	return each_authorization(&q, each, arg, error);
}

int
eh_store_each_of_hsm(struct eh_store *s, const uint8_t hsm[EH_HSM_ID_LEN],
    int (*each)(void *arg, const struct eh_store_authorization *), void *arg,
    struct eh_error *error)
{
	struct eh_sql q;

	eh_sql_begin(&q, s->db, AUTHORIZATION " WHERE a.hsm = ? ORDER BY a.n");
	eh_sql_put_bytes(&q, hsm, EH_HSM_ID_LEN);
	return each_authorization(&q, each, arg, error);
}
