/* SPDX-License-Identifier: Apache-2.0 */
/* heart.c - a quota engine on a simulated machine, for tests. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto/digest.h"
#include "test/fault/heart.h"

#define NOW      UINT64_C(1790000000)
#define DAY      UINT64_C(86400)
#define EXPIRES  (NOW + 300 * DAY)

static void
number_digest(const char *what, uint64_t a, uint64_t b, uint8_t out[32])
{
	uint8_t bytes[64] = { 0 };

	snprintf((char *)bytes, 32, "%s", what);
	memcpy(bytes + 32, &a, sizeof(a));
	memcpy(bytes + 40, &b, sizeof(b));
	eh_sha256(bytes, sizeof(bytes), out);
}

void
heart_id(uint32_t number, uint8_t id[EH_ID_LEN])
{
	uint8_t digest[32];

	number_digest("order", number, 0, digest);
	memcpy(id, digest, EH_ID_LEN);
}

/*
 * --- what records change ---
 */

static void
grant(struct eh_row *row, unsigned op, uint64_t quota, uint32_t uses)
{
	if (quota == 0)
		return;
	row->op[op].granted = 1;
	row->op[op].uses = (uint8_t)uses;
	row->op[op].count.quota = quota;
}

static int
apply_installed(struct eh_state *st, struct eh_clockguard *guard,
    const struct eh_record *record, const uint8_t *redo, size_t redolen,
    struct eh_error *error)
{
	struct heart_order o;
	struct eh_row *row, *old = NULL;
	uint8_t id[EH_ID_LEN];
	int err;

	(void)guard;
	/* It is what it will be when it is applied for good, and replayed. */
	if (record->seq > st->log.tree.size ||
	    record->seq + 1 + EH_STATE_ROWS < st->log.tree.size ||
	    record->t_lo > NOW + 300 * DAY)
		return EH_ERR_INTERNAL;
	if (redolen != sizeof(o))
		return EH_ERR_FORMAT;
	memcpy(&o, redo, sizeof(o));
	row = eh_state_row(st, record->authorization);
	if (row != NULL && memcmp(row->message, record->ref.digest, 32) == 0)
		return EH_OK;
	if (o.supersedes != 0) {
		heart_id(o.supersedes, id);
		old = eh_state_row(st, id);
		if (old == NULL || !eh_state_row_goes_on(old))
			return eh_error_set(
			    error, EH_ERR_FORMAT, "nothing to supersede");
	}
	if ((err = eh_state_row_add(
	         st, record->authorization, &row, error)) != EH_OK)
		return err;
	memcpy(row->message, record->ref.digest, 32);
	row->seq = o.number;
	row->not_before = NOW - DAY;
	row->expires = o.expires != 0 ? o.expires : EXPIRES;
	row->lease = (uint16_t)o.lease;
	row->limits.max_unacked = o.max_unacked;
	row->limits.max_unaccounted = o.max_unaccounted;
	row->limits.max_offline =
	    o.max_offline != 0 ? o.max_offline : UINT32_MAX;
	row->limits.boot_grace = o.grace;
	row->limits.quality = o.quality != 0 ?
	    (enum eh_quality)o.quality : EH_QUALITY_FLOOR;
	row->grace = o.grace;
	row->profile = record->profile;
	snprintf(row->order, sizeof(row->order), "PO-%u", o.number);
	grant(row, EH_OP_PASS, o.quota, 1);
	row->op[EH_OP_PASS].granted = 1;
	grant(row, EH_OP_ISSUE, o.issues, o.uses);
	grant(row, EH_OP_REISSUE, o.reissues, 3);
	if (old != NULL)
		eh_state_row_supersede(st, row, old);
	return EH_OK;
}

static int
superseded(const uint8_t *redo, size_t redolen, struct eh_moved *moved)
{
	struct heart_order o;

	if (redolen != sizeof(o))
		return 0;
	memcpy(&o, redo, sizeof(o));
	memset(moved, 0, sizeof(*moved));
	if (o.supersedes != 0)
		heart_id(o.supersedes, moved->id);
	return o.supersedes != 0;
}

/* A message that only counts its imports, in the epoch in force. */
static int
apply_grant(struct eh_state *st, struct eh_clockguard *guard,
    const struct eh_record *record, const uint8_t *redo, size_t redolen,
    struct eh_error *error)
{
	(void)guard;
	(void)redo;
	(void)redolen;
	(void)error;
	memcpy(st->grant.last.digest, record->ref.digest, EH_DIGEST_LEN);
	st->grant.last.seen = 1;
	return EH_OK;
}

/* As quota-engine/import_apply.c does it. */
struct attest {
	struct eh_clock_reading at;
	uint64_t time, tseq;
};

static int
apply_time(struct eh_state *st, struct eh_clockguard *guard,
    const struct eh_record *record, const uint8_t *redo, size_t redolen,
    struct eh_error *error)
{
	struct eh_time_attestation t = { .has_nonce = 1, .uncertainty = 2 };
	struct attest a;

	(void)record;
	(void)error;
	if (redolen != sizeof(a))
		return EH_ERR_FORMAT;
	memcpy(&a, redo, sizeof(a));
	t.from.iat = a.time;
	t.tseq = a.tseq;
	eh_clockguard_accept(guard, &st->clock, &a.at, &a.at, &t);
	for (unsigned i = 0; i < EH_STATE_ROWS; i++)
		if (st->row[i].state == EH_ROW_LIVE)
			st->row[i].grace = st->row[i].limits.boot_grace;
	return EH_OK;
}

static const struct eh_apply apply[] = {
	{ EH_RECORD_TIME, EH_MSG_CODE_TIME, apply_time },
	{ EH_RECORD_INSTALLED, EH_MSG_CODE_PAUTH, apply_installed },
	{ EH_RECORD_IMPORT, EH_MSG_CODE_GRANT, apply_grant },
};

/*
 * --- life ---
 */

static void
new_engine(struct heart *h)
{
	struct eh_engine_params params = {
		.os = h->os,
		.state_name = "/state",
		.anchor_name = "/anchor",
		.anchor_class = EH_CLASS_FILE,
		.anchor_mode = EH_ANCHOR_TPM_OWNER,
		.segment = h->segment,
		.software = { .version = "test-1" },
		.apply = apply,
		.napply = sizeof(apply) / sizeof(apply[0]),
		.superseded = superseded,
	};

	if (eh_engine_new(&params, &h->eng) != EH_OK)
		abort();
}

/* The first state: a root, and a time that was attested just now. */
static void
first_state(struct heart *h, struct eh_state *st)
{
	struct eh_clock_reading reading;
	uint8_t digest[32];

	memset(st, 0, sizeof(*st));
	h->os->clocks(h->os->arg, &reading);
	number_digest("hsm", 0, 0, digest);
	memcpy(st->hsm_id, digest, EH_HSM_ID_LEN);
	number_digest("root", 0, 0, digest);
	memcpy(st->root.bytes, digest, EH_ED25519_KEY_LEN);
	st->root.len = EH_ED25519_KEY_LEN;
	snprintf(st->label, sizeof(st->label), "test");
	snprintf(st->factory, sizeof(st->factory), "fab1");
	st->next_object = 1;
	st->clock.attested = 1;
	st->clock.sent = reading;
	st->clock.received = reading;
	st->clock.time = NOW;
	st->clock.tseq = 1;
	st->clock.floor = NOW;
}

void
heart_begin_on(struct heart *h, struct eh_os *os)
{
	struct eh_state *first = calloc(1, sizeof(*first));
	uint8_t attestation[32];

	if (first == NULL)
		abort();
	if (h->segment == 0)
		h->segment = EH_SEGMENT_MIN;
	h->os = os;
	number_digest("journal", 0, 0, h->keys.journal);
	number_digest("private", 0, 0, h->keys.private);
	number_digest("state", 0, 0, h->keys.state);
	number_digest("attestation", 0, 0, attestation);
	new_engine(h);
	first_state(h, first);
	if (eh_engine_genesis(
	        h->eng, &h->keys, first, attestation, &h->error) != EH_OK) {
		fprintf(stderr, "genesis: %s\n", h->error.text);
		abort();
	}
	free(first);
}

void
heart_begin(struct heart *h, uint64_t seed)
{
	h->sim = sim_new(seed);
	heart_begin_on(h, sim_os(h->sim));
}

int
heart_open(struct heart *h)
{
	if (h->sim != NULL)
		h->os = sim_os(h->sim);
	new_engine(h);
	return eh_engine_open(h->eng, &h->keys, &h->error);
}

void
heart_drop(struct heart *h)
{
	eh_engine_free(h->eng);
	h->eng = NULL;
}

int
heart_restart(struct heart *h)
{
	heart_drop(h);
	sim_reboot(h->sim);
	return heart_open(h);
}

int
heart_stop(struct heart *h)
{
	int err = eh_engine_stop(h->eng, &h->error);

	heart_drop(h);
	return err;
}

void
heart_end(struct heart *h)
{
	heart_drop(h);
	sim_free(h->sim);
	h->sim = NULL;
}

/*
 * --- orders and devices ---
 */

struct heart_order
heart_order(uint32_t number, uint64_t quota, uint32_t lease)
{
	struct heart_order o;

	memset(&o, 0, sizeof(o));
	o.number = number;
	o.profile = 1;
	o.lease = lease;
	o.quota = quota;
	o.issues = quota + 8 * lease;
	o.uses = 1;
	o.max_unacked = 1000000;
	o.max_unaccounted = 1000000;
	return o;
}

int
heart_install(struct heart *h, const struct heart_order *o)
{
	struct eh_record *record = calloc(1, sizeof(*record));
	struct eh_change change = {
		.record = record,
		.redo = (const uint8_t *)o,
		.redolen = sizeof(*o),
	};
	int err;

	if (record == NULL)
		abort();
	eh_record_init(record, EH_RECORD_INSTALLED);
	record->has_authorization = 1;
	heart_id(o->number, record->authorization);
	record->ref.code = EH_MSG_CODE_PAUTH;
	eh_sha256(o, sizeof(*o), record->ref.digest);
	snprintf(record->profile.name, sizeof(record->profile.name),
	    "profile-%u", o->profile);
	record->profile.version = 1;
	err = eh_engine_change(h->eng, &change, &h->error);
	free(record);
	return err;
}

int
heart_attest(struct heart *h, uint64_t time, uint64_t tseq)
{
	struct eh_record *record = calloc(1, sizeof(*record));
	struct attest a = { .time = time, .tseq = tseq };
	struct eh_change change = {
		.record = record,
		.redo = (const uint8_t *)&a,
		.redolen = sizeof(a),
	};
	int err;

	if (record == NULL || h->os->clocks(h->os->arg, &a.at) != EH_OK)
		abort();
	eh_record_init(record, EH_RECORD_TIME);
	record->ref.code = EH_MSG_CODE_TIME;
	eh_sha256(&a, sizeof(a), record->ref.digest);
	err = eh_engine_change(h->eng, &change, &h->error);
	free(record);
	return err;
}

static int
set_label(struct eh_state *st, void *arg, struct eh_error *error)
{
	const char *label = arg;

	if (strlen(label) > EH_STATE_LABEL)
		return eh_error_set(error, EH_ERR_ARGUMENT, "too long");
	snprintf(st->label, sizeof(st->label), "%s", label);
	return EH_OK;
}

int
heart_label(struct heart *h, const char *label)
{
	char copy[128];
	struct eh_change change = { .change = set_label, .arg = copy };

	snprintf(copy, sizeof(copy), "%s", label);
	return eh_engine_change(h->eng, &change, &h->error);
}

const struct eh_row *
heart_row(struct heart *h, uint32_t number)
{
	uint8_t id[EH_ID_LEN];

	heart_id(number, id);
	return eh_state_row(h->eng->state, id);
}

struct eh_counter
heart_counter(struct heart *h, uint32_t order, unsigned op)
{
	static const struct eh_counter none;
	const struct eh_row *row;
	struct eh_counter c = none;

	eh_engine_lock(h->eng);
	if ((row = heart_row(h, order)) != NULL)
		c = row->op[op].count;
	eh_engine_unlock(h->eng);
	return c;
}

/* A device has one key, whatever its certificates are. */
static void
device_key(const struct eh_device_id *id, struct eh_rawkey *key)
{
	memset(key, 0, sizeof(*key));
	key->len = EH_ED25519_KEY_LEN;
	eh_sha256(id->bytes, id->len, key->bytes);
}

void
heart_request(
    struct heart *h, const struct heart_ask *ask, struct eh_request *req)
{
	const struct eh_row *row;
	struct eh_rawkey key;
	uint8_t digest[32];

	memset(req, 0, sizeof(*req));
	heart_id(ask->order, req->authorization);
	if (h->sim == NULL)
		eh_engine_lock(h->eng);
	row = heart_row(h, ask->order);
	req->generation = row != NULL ? row->generation : 0;
	if (h->sim == NULL)
		eh_engine_unlock(h->eng);
	req->op = EH_OP_ISSUE;
	req->device.len = (uint8_t)snprintf((char *)req->device.bytes,
	    EH_DEVICE_ID_MAX, "SN%08u", ask->device);
	req->template_index = ask->template_index;
	req->templates = ask->templates != 0 ? ask->templates : 1;
	number_digest("tbs", (uint64_t)ask->device << 32 | ask->key,
	    (uint64_t)ask->order << 8 | ask->template_index, req->digest);
	device_key(&req->device, &key);
	eh_keyid_spki_digest(&key, digest);
	memcpy(req->key, digest, EH_DEVICE_KEY);
	if (ask->token != 0) {
		req->has_token = 1;
		number_digest("token", ask->token, 0, digest);
		memcpy(req->token, digest, EH_ID_LEN);
	}
}

void
heart_record(
    const struct eh_request *req, uint16_t issue, struct eh_record *record)
{
	struct eh_certificate *c = &record->of.certificate;

	memset(record, 0, sizeof(*record));
	eh_record_init(record, EH_RECORD_ISSUED);
	record->has_authorization = 1;
	memcpy(record->authorization, req->authorization, EH_ID_LEN);
	snprintf(record->id_kind, sizeof(record->id_kind), "serial");
	record->device = req->device;
	c->template_index = req->template_index;
	c->issue = issue;
	memcpy(c->serial, req->digest, EH_ID_LEN);
	c->not_before = NOW;
	device_key(&req->device, &c->key);
	memcpy(c->tbs, req->digest, EH_DIGEST_LEN);
}

void
heart_sign(
    struct heart *h, const struct eh_request *req, uint8_t signature[64])
{
	memcpy(signature, req->digest, 32);
	number_digest("nonce", ++h->signatures, 0, signature + 32);
}

int
heart_issue(struct heart *h, const struct heart_ask *ask,
    struct eh_answer *answer, uint8_t signature[64])
{
	uint8_t reply[EH_PRIVATE_REPLY_MAX];
	struct eh_ticket ticket;
	struct eh_record record;
	struct eh_answer mine;
	struct eh_request req;
	size_t len;
	int err;

	heart_request(h, ask, &req);
	err = eh_engine_claim(
	    h->eng, &req, &ticket, &mine, reply, &len, &h->error);
	if (err == EH_OK && mine.verdict != EH_VERDICT_RETRY) {
		heart_sign(h, &req, reply);
		heart_record(&req, mine.issue, &record);
		err = eh_engine_submit(
		    h->eng, &ticket, &record, reply, 64, &h->error);
	}
	if (answer != NULL)
		*answer = mine;
	if (err == EH_OK && signature != NULL)
		memcpy(signature, reply, 64);
	return err;
}

int
heart_report(struct heart *h, uint32_t order, uint32_t device,
    enum eh_outcome outcome)
{
	struct heart_ask ask = { .order = order, .device = device };
	struct eh_record *record = calloc(1, sizeof(*record));
	struct eh_request req;
	int err;

	if (record == NULL)
		abort();
	heart_request(h, &ask, &req);
	eh_record_init(record, EH_RECORD_REPORT);
	record->has_authorization = 1;
	memcpy(record->authorization, req.authorization, EH_ID_LEN);
	snprintf(record->id_kind, sizeof(record->id_kind), "serial");
	record->device = req.device;
	record->of.report.outcome = outcome;
	err = eh_engine_record(h->eng, record, &h->error);
	free(record);
	return err;
}

void
heart_work(struct heart *h)
{
	for (unsigned i = 0; i < 64; i++)
		if (eh_engine_tick(h->eng, NULL) != EH_OK)
			return;
}

/*
 * --- checks ---
 */

/* What the log is walked with. */
struct walk {
	struct heart *h;
	struct eh_merkle tree;
	uint8_t leaf[32];
	const char *wrong;
	struct eh_record record;
	uint64_t burned;
	struct made {
		uint8_t authorization[EH_ID_LEN];
		struct eh_device_id device;
		uint8_t template_index;
		uint16_t issue;
		uint8_t tbs[32];
	} *made;
	size_t n, cap;
};

static void
note(struct walk *w, const struct eh_record *r)
{
	const struct eh_certificate *c = &r->of.certificate;
	struct made *m;

	for (size_t i = 0; i < w->n; i++)
		if (memcmp(w->made[i].authorization, r->authorization,
		        EH_ID_LEN) == 0 &&
		    eh_device_id_equal(&w->made[i].device, &r->device) &&
		    w->made[i].template_index == c->template_index &&
		    w->made[i].issue == c->issue)
			w->wrong = "a serial was used twice";
	if (w->n == w->cap) {
		w->cap = w->cap == 0 ? 64 : 2 * w->cap;
		w->made = realloc(w->made, w->cap * sizeof(*w->made));
		if (w->made == NULL)
			abort();
	}
	m = &w->made[w->n++];
	memcpy(m->authorization, r->authorization, EH_ID_LEN);
	m->device = r->device;
	m->template_index = c->template_index;
	m->issue = c->issue;
	memcpy(m->tbs, c->tbs, 32);
}

static int
walk_leaf(void *context, uint64_t seq, const uint8_t *input, size_t len)
{
	struct walk *w = context;

	if (seq != w->tree.size)
		w->wrong = "the log skips a place";
	if (input[0] == 'E') {
		w->burned++;
	} else if (eh_record_decode(input, len, &w->record, NULL) != EH_OK) {
		w->wrong = "a record does not decode";
	} else if (memcmp(w->record.previous, w->leaf, 32) != 0) {
		w->wrong = "the chain is broken";
	} else if (w->record.kind == EH_RECORD_ISSUED) {
		note(w, &w->record);
	}
	eh_merkle_leaf(input, len, w->leaf);
	if (eh_merkle_append(&w->tree, w->leaf) != EH_OK)
		w->wrong = "the tree is full";
	return w->wrong == NULL ? EH_OK : 1;
}

/* Authorizations that go on with one another's books have one number. */
static uint32_t
book_of(const struct heart *h, const struct made *m)
{
	const struct eh_row *row =
	    eh_state_row(h->eng->state, m->authorization);

	return row == NULL ? EH_INDEX_NONE :
			     h->eng->books[row - h->eng->state->row].book;
}

/* Every certificate is counted, and every device once. */
static const char *
check_counts(struct walk *w)
{
	const struct eh_state *st = w->h->eng->state;
	uint64_t issued = 0, counted = 0;

	for (unsigned i = 0; i < EH_STATE_ROWS; i++) {
		const struct eh_row *row = &st->row[i];
		int inherited = 0;

		for (unsigned j = 0; j < EH_STATE_ROWS; j++)
			inherited |= st->row[j].state != EH_ROW_FREE &&
			    st->row[j].has_supersedes &&
			    memcmp(st->row[j].supersedes, row->id,
			        EH_ID_LEN) == 0;
		if (row->state == EH_ROW_FREE || inherited)
			continue;
		issued += row->op[EH_OP_ISSUE].count.used +
		    row->op[EH_OP_REISSUE].count.used;
		counted += row->op[EH_OP_PASS].count.used;
	}
	if (issued != w->n)
		return "certificates in the log and in the books differ";
	for (size_t i = 0; i < w->n; i++) {
		size_t j;

		for (j = 0; j < i; j++)
			if (eh_device_id_equal(&w->made[j].device,
			        &w->made[i].device) &&
			    book_of(w->h, &w->made[j]) ==
			        book_of(w->h, &w->made[i]))
				break;
		counted -= j == i;
	}
	if (counted != 0)
		return "devices in the log and in the books differ";
	return NULL;
}

static const char *
walk(struct heart *h, struct walk *w)
{
	struct eh_log_head head;
	uint8_t root[32];
	uint64_t next;

	memset(w, 0, sizeof(*w));
	w->h = h;
	eh_engine_lock(h->eng);
	eh_logread_head(h->eng, &head);
	eh_engine_unlock(h->eng);
	if (eh_logread(h->eng, 0, walk_leaf, w, &next, &h->error) != EH_OK)
		return h->error.text;
	if (w->wrong != NULL)
		return w->wrong;
	eh_merkle_root(&w->tree, root);
	if (next != head.size || memcmp(root, head.root, 32) != 0 ||
	    memcmp(w->leaf, head.last, 32) != 0)
		return "the log does not hash to its root";
	if (w->burned != h->eng->state->log.burned_seqs)
		return "burned places are not counted";
	return NULL;
}

const char *
heart_check(struct heart *h)
{
	struct walk *w = malloc(sizeof(*w));
	const char *wrong;

	if (w == NULL)
		abort();
	wrong = walk(h, w);
	eh_engine_lock(h->eng);
	if (wrong == NULL)
		wrong = check_counts(w);
	if (wrong == NULL && eh_state_check(h->eng->state, &h->error) != EH_OK)
		wrong = h->error.text;
	eh_engine_unlock(h->eng);
	free(w->made);
	free(w);
	return wrong;
}

int
heart_recorded(struct heart *h, const struct eh_request *req, uint16_t issue)
{
	struct walk *w = malloc(sizeof(*w));
	int found = 0;

	if (w == NULL)
		abort();
	if (walk(h, w) == NULL)
		for (size_t i = 0; i < w->n; i++)
			found |= w->made[i].issue == issue &&
			    memcmp(w->made[i].tbs, req->digest, 32) == 0;
	free(w->made);
	free(w);
	return found;
}
