/* SPDX-License-Identifier: Apache-2.0 */
/* prerevoke.c - serials that may have been issued though no record shows it. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/message/record.h"
#include "common/message/scopelist.h"
#include "common/x509/serial.h"
#include "orchestrator/authority/prerevoke.h"
#include "orchestrator/authority/store_life.h"
#include "orchestrator/authority/store_log.h"

/* --- the devices of a range --- */

/* Does ${octet} fit the pattern at ${place}? */
static int
fits(const struct eh_pattern *p, size_t place, unsigned octet)
{
	for (unsigned i = 0; i < p->runs; i++) {
		const struct eh_run *run = &p->run[i];

		if (place < run->count)
			return run->constant != NULL
			    ? run->constant[place] == octet
			    : eh_charset_has(run->charset, (uint8_t)octet);
		place -= run->count;
	}
	return 0;
}

/* The least octet from ${from} on that fits; 256 when there is none. */
static unsigned
least(const struct eh_pattern *p, size_t place, unsigned from)
{
	while (from < 256 && !fits(p, place, from))
		from++;
	return from;
}

/* Make ${id} the next one that fits; 0 when it was the last. */
static int
step(const struct eh_pattern *p, struct eh_device_id *id)
{
	for (size_t i = id->len; i-- > 0;) {
		unsigned octet = least(p, i, id->bytes[i] + 1u);

		if (octet == 256)
			continue;
		id->bytes[i] = (uint8_t)octet;
		while (++i < id->len)
			id->bytes[i] = (uint8_t)least(p, i, 0);
		return 1;
	}
	return 0;
}

static int
too_many(struct eh_error *error)
{
	return eh_error_set(error, EH_ERR_UNSUPPORTED,
	    "its range has more than %u devices: their serials are not "
	    "computed", EH_PREREVOKE_IDS_MAX);
}

static int
each_of_range(const struct eh_scope *s, const struct eh_profile *p,
    int (*each)(void *arg, const struct eh_device_id *), void *arg,
    struct eh_error *error)
{
	const struct eh_pattern *pattern = &p->identity.pattern;
	struct eh_device_id id = s->lo;
	uint32_t n = 1;
	int err = EH_OK;

	while (n <= EH_PREREVOKE_IDS_MAX && step(pattern, &id) &&
	       memcmp(id.bytes, s->hi.bytes, id.len) <= 0)
		n++;
	if (n > EH_PREREVOKE_IDS_MAX)
		return too_many(error);
	id = s->lo;
	while (err == EH_OK && n-- > 0) {
		err = each(arg, &id);
		(void)step(pattern, &id);
	}
	return err;
}

static int
each_of_tree(struct eh_store *store, const struct eh_scope *s,
    int (*each)(void *arg, const struct eh_device_id *), void *arg,
    struct eh_error *error)
{
	struct eh_device_id id = { .len = 0 };
	struct eh_buf ids;
	int err;

	eh_buf_init(&ids, EH_SCOPELIST_MAX);
	err = eh_store_get_scope(store, s->root, &ids, error);
	if (err == EH_OK &&
	    (s->tree_size == 0 || ids.len % s->tree_size != 0 ||
	        ids.len / s->tree_size > EH_DEVICE_ID_MAX))
		err = eh_error_set(error, EH_ERR_FORMAT,
		    "the store: a scope has another size than it says");
	if (err == EH_OK)
		id.len = (uint8_t)(ids.len / s->tree_size);
	for (size_t at = 0; err == EH_OK && at < ids.len; at += id.len) {
		memcpy(id.bytes, ids.data + at, id.len);
		err = each(arg, &id);
	}
	eh_buf_free(&ids);
	return err;
}

int
eh_prerevoke_each_device(struct eh_store *store, const struct eh_scope *s,
    const struct eh_profile *p,
    int (*each)(void *arg, const struct eh_device_id *), void *arg,
    struct eh_error *error)
{
	int err = EH_OK;

	switch (s->kind) {
	case EH_SCOPE_RANGE:
		return each_of_range(s, p, each, arg, error);
	case EH_SCOPE_LIST:
		for (unsigned i = 0; err == EH_OK && i < s->ndevices; i++)
			err = each(arg, &s->devices[i]);
		return err;
	case EH_SCOPE_TREE:
		return each_of_tree(store, s, each, arg, error);
	case EH_SCOPE_ANY:
		break;
	}
	return eh_error_set(error, EH_ERR_UNSUPPORTED,
	    "its scope names no devices: their serials cannot be computed");
}

/* --- what records show --- */

struct serials {
	uint8_t (*serial)[EH_SERIAL_LEN];
	size_t n, cap;
	const uint8_t *authorization;
	struct eh_record *record;
	struct eh_error *error;
};

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, EH_SERIAL_LEN);
}

/* A burned place is no record, and is passed over. */
static int
collect(void *arg, uint64_t seq, const uint8_t *input, size_t len)
{
	struct serials *s = arg;

	(void)seq;
	if (eh_record_decode(input, len, s->record, NULL) != EH_OK ||
	    s->record->kind != EH_RECORD_ISSUED ||
	    memcmp(s->record->authorization, s->authorization, EH_ID_LEN) != 0)
		return EH_OK;
	if (s->n == s->cap) {
		size_t cap = s->cap == 0 ? 1024 : s->cap * 2;
		void *more = reallocarray(s->serial, cap, EH_SERIAL_LEN);

		if (more == NULL)
			return eh_error_set(
			    s->error, EH_ERR_MEMORY, "out of memory");
		s->serial = more;
		s->cap = cap;
	}
	memcpy(s->serial[s->n++], s->record->of.certificate.serial,
	    EH_SERIAL_LEN);
	return EH_OK;
}

/* --- the serials --- */

struct job {
	struct eh_store *store;
	const struct eh_pauth *pauth;
	const struct eh_profile *profile;
	uint16_t last;
	uint64_t now, count;
	struct serials shown;
	struct eh_error *error;
};

static int
put(struct job *j, const struct eh_device_id *id, unsigned template_index,
    uint16_t number)
{
	struct eh_store_serial v = { .at = j->now };
	int err = eh_serial(
	    j->pauth->id, id, (uint8_t)template_index, number, v.serial);

	if (err != EH_OK)
		return eh_error_set(
		    j->error, err, "a serial: %s", eh_err_text(err));
	if (j->shown.n > 0 && bsearch(v.serial, j->shown.serial, j->shown.n,
	        EH_SERIAL_LEN, compare) != NULL)
		return EH_OK;
	memcpy(v.issuer, j->profile->template[template_index].issuer,
	    EH_DIGEST_LEN);
	memcpy(v.authorization, j->pauth->id, EH_ID_LEN);
	j->count++;
	return eh_store_put_prerevoked(j->store, &v, j->error);
}

static int
put_device(void *arg, const struct eh_device_id *id)
{
	struct job *j = arg;
	int err = EH_OK;

	for (unsigned t = 0; err == EH_OK && t < j->profile->templates; t++)
		for (unsigned n = 0; err == EH_OK && n <= j->last; n++)
			err = put(j, id, t, (uint16_t)n);
	return err;
}

int
eh_prerevoke(struct eh_store *store, const struct eh_pauth *pauth,
    const struct eh_profile *profile, uint16_t last, uint64_t now,
    uint64_t *countp, struct eh_error *error)
{
	struct job j = { .store = store,
		.pauth = pauth,
		.profile = profile,
		.last = last,
		.now = now,
		.shown = { .authorization = pauth->id, .error = error },
		.error = error };
	int err;

	*countp = 0;
	if ((j.shown.record = calloc(1, sizeof(*j.shown.record))) == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	err = eh_store_each_entry(
	    store, pauth->from.sub, INT64_MAX, collect, &j.shown, error);
	if (err == EH_OK && j.shown.n > 1)
		qsort(j.shown.serial, j.shown.n, EH_SERIAL_LEN, compare);
	if (err == EH_OK)
		err = eh_prerevoke_each_device(
		    store, &pauth->scope, profile, put_device, &j, error);
	*countp = j.count;
	free(j.shown.record);
	free(j.shown.serial);
	return err;
}
