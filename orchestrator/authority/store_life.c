/* SPDX-License-Identifier: Apache-2.0 */
/* store_life.c - the authority's store: lives of authorizations, orders,
 * write-offs. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "orchestrator/authority/sql.h"
#include "orchestrator/authority/store_life.h"
#include "orchestrator/authority/store_log.h"
#include "orchestrator/authority/store_private.h"

/* --- what a log says --- */

static int
take_installed(
    sqlite3 *db, const struct eh_record *record, struct eh_error *error)
{
	struct eh_sql q;

	eh_sql_begin(&q, db,
	    "INSERT INTO life (hsm, authorization, installed)"
	    " VALUES (?, ?, ?) ON CONFLICT (hsm, authorization)"
	    " DO UPDATE SET installed = excluded.installed");
	eh_sql_put_bytes(&q, record->hsm_id, EH_HSM_ID_LEN);
	eh_sql_put_bytes(&q, record->authorization, EH_ID_LEN);
	eh_sql_put_uint(&q, record->seq);
	eh_sql_next(&q);
	return eh_sql_end(&q, "writing an installation", error);
}

static int
take_closed(
    sqlite3 *db, const struct eh_record *record, struct eh_error *error)
{
	const struct eh_closed *c = &record->of.closed;
	struct eh_sql q;

	eh_sql_begin(&q, db,
	    "INSERT INTO life (hsm, authorization, closed, reason, good,"
	    " scrapped, in_doubt, burns) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
	    " ON CONFLICT (hsm, authorization) DO UPDATE SET"
	    " closed = excluded.closed, reason = excluded.reason,"
	    " good = excluded.good, scrapped = excluded.scrapped,"
	    " in_doubt = excluded.in_doubt, burns = excluded.burns");
	eh_sql_put_bytes(&q, record->hsm_id, EH_HSM_ID_LEN);
	eh_sql_put_bytes(&q, record->authorization, EH_ID_LEN);
	eh_sql_put_uint(&q, record->seq);
	eh_sql_put_uint(&q, c->reason);
	eh_sql_put_uint(&q, c->good);
	eh_sql_put_uint(&q, c->scrapped);
	eh_sql_put_uint(&q, c->in_doubt);
	eh_sql_put_uint(&q, c->burns);
	eh_sql_next(&q);
	return eh_sql_end(&q, "writing a close", error);
}

static int
take_burns(sqlite3 *db, const uint8_t hsm[EH_HSM_ID_LEN],
    const struct eh_burned_row *row, struct eh_error *error)
{
	struct eh_sql q;

	eh_sql_begin(&q, db,
	    "INSERT INTO life (hsm, authorization, burns) VALUES (?, ?, ?)"
	    " ON CONFLICT (hsm, authorization)"
	    " DO UPDATE SET burns = excluded.burns");
	eh_sql_put_bytes(&q, hsm, EH_HSM_ID_LEN);
	eh_sql_put_bytes(&q, row->authorization, EH_ID_LEN);
	eh_sql_put_uint(&q, row->burns);
	eh_sql_next(&q);
	return eh_sql_end(&q, "writing burns", error);
}

static int
take(sqlite3 *db, const struct eh_record *record, struct eh_error *error)
{
	const struct eh_burned *b = &record->of.burned;
	int err = EH_OK;

	if (record->kind == EH_RECORD_INSTALLED)
		return take_installed(db, record, error);
	if (record->kind == EH_RECORD_CLOSED)
		return take_closed(db, record, error);
	if (record->kind == EH_RECORD_BURNED)
		for (unsigned i = 0; err == EH_OK && i < b->nrows; i++)
			err = take_burns(
			    db, record->hsm_id, &b->rows[i], error);
	return err;
}

int
eh_store_take_life(struct eh_store *s, const struct eh_record *record,
    struct eh_error *error)
{
	return take(s->db, record, error);
}

/* An entry that cannot be decoded is a burned place, which says nothing of a
 * life; ack has looked at all of them. */
int
eh_store_upgrade_lives(sqlite3 *db, struct eh_error *error)
{
	struct eh_record *record = calloc(1, sizeof(*record));
	struct eh_sql q;
	int err = EH_OK, end;

	if (record == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	eh_sql_begin(
	    &q, db, "SELECT input FROM entry ORDER BY hsm, seq");
	while (err == EH_OK && eh_sql_next(&q)) {
		size_t len;
		const uint8_t *input = eh_sql_get_blob(&q, &len);

		if (eh_record_decode(input, len, record, NULL) == EH_OK)
			err = take(db, record, error);
	}
	end = eh_sql_end(&q, "reading the entries", error);
	free(record);
	return end != EH_OK ? end : err;
}

int
eh_store_get_life(struct eh_store *s, const uint8_t hsm[EH_HSM_ID_LEN],
    const uint8_t id[EH_ID_LEN], struct eh_store_life *life,
    struct eh_error *error)
{
	struct eh_sql q;

	memset(life, 0, sizeof(*life));
	eh_sql_begin(&q, s->db,
	    "SELECT installed IS NOT NULL, coalesce(installed, 0),"
	    " closed IS NOT NULL, coalesce(closed, 0), coalesce(reason, 0),"
	    " coalesce(good, 0), coalesce(scrapped, 0),"
	    " coalesce(in_doubt, 0), burns"
	    " FROM life WHERE hsm = ? AND authorization = ?");
	eh_sql_put_bytes(&q, hsm, EH_HSM_ID_LEN);
	eh_sql_put_bytes(&q, id, EH_ID_LEN);
	if (eh_sql_next(&q)) {
		life->installed = (uint8_t)eh_sql_get_uint(&q);
		life->installed_seq = eh_sql_get_uint(&q);
		life->closed = (uint8_t)eh_sql_get_uint(&q);
		life->closed_seq = eh_sql_get_uint(&q);
		life->reason = (enum eh_close_reason)eh_sql_get_uint(&q);
		life->good = eh_sql_get_uint(&q);
		life->scrapped = eh_sql_get_uint(&q);
		life->in_doubt = eh_sql_get_uint(&q);
		life->burns = (uint16_t)eh_sql_get_uint(&q);
	}
	return eh_sql_end(&q, "reading a life", error);
}

/* --- orders --- */

int
eh_store_get_order(struct eh_store *s, const char *order, uint64_t *devicesp,
    struct eh_error *error)
{
	struct eh_sql q;

	*devicesp = 0;
	eh_sql_begin(
	    &q, s->db, "SELECT devices FROM order_total WHERE name = ?");
	eh_sql_put_text(&q, order);
	if (eh_sql_next(&q))
		*devicesp = eh_sql_get_uint(&q);
	return eh_sql_end(&q, "reading an order", error);
}

int
eh_store_put_order(struct eh_store *s, const char *order, uint64_t devices,
    struct eh_error *error)
{
	struct eh_sql q;

	eh_sql_begin(&q, s->db,
	    "INSERT INTO order_total VALUES (?, ?)"
	    " ON CONFLICT (name) DO UPDATE SET devices = excluded.devices");
	eh_sql_put_text(&q, order);
	eh_sql_put_uint(&q, devices);
	eh_sql_next(&q);
	return eh_sql_end(&q, "writing an order", error);
}

int
eh_store_each_order(struct eh_store *s,
    int (*each)(void *arg, const char *name, uint64_t devices), void *arg,
    struct eh_error *error)
{
	char name[EH_NAME_MAX + 1];
	struct eh_sql q;
	uint64_t devices;
	int err = EH_OK, end;

	eh_sql_begin(
	    &q, s->db, "SELECT name, devices FROM order_total ORDER BY name");
	while (err == EH_OK && eh_sql_next(&q)) {
		eh_sql_get_text(&q, name, sizeof(name));
		devices = eh_sql_get_uint(&q);
		err = each(arg, name, devices);
	}
	end = eh_sql_end(&q, "reading the orders", error);
	return end != EH_OK ? end : err;
}

/* --- write-off --- */

int
eh_store_put_write_off(struct eh_store *s, const uint8_t hsm[EH_HSM_ID_LEN],
    const struct eh_store_write_off *w, struct eh_error *error)
{
	struct eh_sql q;

	eh_sql_begin(&q, s->db, "INSERT INTO write_off VALUES (?, ?, ?)");
	eh_sql_put_bytes(&q, hsm, EH_HSM_ID_LEN);
	eh_sql_put_uint(&q, w->at);
	eh_sql_put_text(&q, w->why);
	eh_sql_next(&q);
	return eh_sql_end(&q, "writing an EdgeHSM off", error);
}

int
eh_store_get_write_off(struct eh_store *s, const uint8_t hsm[EH_HSM_ID_LEN],
    struct eh_store_write_off *w, struct eh_error *error)
{
	struct eh_sql q;

	memset(w, 0, sizeof(*w));
	eh_sql_begin(&q, s->db, "SELECT at, why FROM write_off WHERE hsm = ?");
	eh_sql_put_bytes(&q, hsm, EH_HSM_ID_LEN);
	if (eh_sql_next(&q)) {
		w->at = eh_sql_get_uint(&q);
		eh_sql_get_text(&q, w->why, sizeof(w->why));
	}
	return eh_sql_end(&q, "reading a write-off", error);
}

int
eh_store_check_served(struct eh_store *s, const uint8_t id[EH_HSM_ID_LEN],
    struct eh_error *error)
{
	struct eh_store_write_off w;
	struct eh_hsm hsm;
	int err = eh_store_check_frozen(s, id, error);

	if (err == EH_OK &&
	    (err = eh_store_get_write_off(s, id, &w, error)) == EH_OK &&
	    w.at != 0 &&
	    (err = eh_store_get_hsm_by_id(s, id, &hsm, error)) == EH_OK)
		err = eh_error_set(error, EH_DENIED_STATE,
		    "%s is written off (%s): nothing is signed for it any "
		    "more; a new EdgeHSM gets a new name and a new invitation",
		    hsm.name, w.why);
	return err;
}

int
eh_store_put_written_off(struct eh_store *s,
    const struct eh_store_written_off *w, struct eh_error *error)
{
	struct eh_sql q;

	eh_sql_begin(
	    &q, s->db, "INSERT INTO written_off VALUES (?, ?, ?, ?, ?)");
	eh_sql_put_bytes(&q, w->id, EH_ID_LEN);
	eh_sql_put_uint(&q, w->used);
	eh_sql_put_uint(&q, w->burned);
	eh_sql_put_uint(&q, w->outstanding);
	eh_sql_put_uint(&q, w->enumerable);
	eh_sql_next(&q);
	return eh_sql_end(&q, "writing an authorization off", error);
}

int
eh_store_get_written_off(struct eh_store *s, const uint8_t id[EH_ID_LEN],
    struct eh_store_written_off *w, int *foundp, struct eh_error *error)
{
	struct eh_sql q;

	memset(w, 0, sizeof(*w));
	eh_sql_begin(&q, s->db,
	    "SELECT authorization, used, burned, outstanding, enumerable"
	    " FROM written_off WHERE authorization = ?");
	eh_sql_put_bytes(&q, id, EH_ID_LEN);
	if ((*foundp = eh_sql_next(&q))) {
		eh_sql_get_bytes(&q, w->id, EH_ID_LEN);
		w->used = eh_sql_get_uint(&q);
		w->burned = eh_sql_get_uint(&q);
		w->outstanding = eh_sql_get_uint(&q);
		w->enumerable = (uint8_t)eh_sql_get_uint(&q);
	}
	return eh_sql_end(&q, "reading a write-off", error);
}

int
eh_store_put_prerevoked(struct eh_store *s, const struct eh_store_serial *v,
    struct eh_error *error)
{
	struct eh_sql q;

	eh_sql_begin(&q, s->db,
	    "INSERT INTO prerevoked VALUES (?, ?, ?, ?)"
	    " ON CONFLICT (issuer, serial) DO NOTHING");
	eh_sql_put_bytes(&q, v->issuer, EH_DIGEST_LEN);
	eh_sql_put_bytes(&q, v->serial, EH_ID_LEN);
	eh_sql_put_bytes(&q, v->authorization, EH_ID_LEN);
	eh_sql_put_uint(&q, v->at);
	eh_sql_next(&q);
	return eh_sql_end(&q, "writing a serial", error);
}

int
eh_store_each_prerevoked(struct eh_store *s, const uint8_t hsm[EH_HSM_ID_LEN],
    int (*each)(void *arg, const struct eh_store_serial *), void *arg,
    struct eh_error *error)
{
	struct eh_store_serial v;
	struct eh_sql q;
	int err = EH_OK, end;

	eh_sql_begin(&q, s->db,
	    "SELECT p.issuer, p.serial, p.authorization, p.at"
	    " FROM prerevoked p JOIN authorization a"
	    " ON a.id = p.authorization WHERE a.hsm = ?"
	    " ORDER BY p.issuer, p.serial");
	eh_sql_put_bytes(&q, hsm, EH_HSM_ID_LEN);
	while (err == EH_OK && eh_sql_next(&q)) {
		memset(&v, 0, sizeof(v));
		eh_sql_get_bytes(&q, v.issuer, EH_DIGEST_LEN);
		eh_sql_get_bytes(&q, v.serial, EH_ID_LEN);
		eh_sql_get_bytes(&q, v.authorization, EH_ID_LEN);
		v.at = eh_sql_get_uint(&q);
		err = each(arg, &v);
	}
	end = eh_sql_end(&q, "reading the serials", error);
	return end != EH_OK ? end : err;
}
