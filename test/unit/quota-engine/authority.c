/* SPDX-License-Identifier: Apache-2.0 */
/* authority.c - an authority with soft keys, for the tests of what it may send
 * in and of what is issued under it. */
#include "config.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/der/date.h"
#include "common/der/der.h"
#include "common/writer.h"
#include "common/x509/compile.h"
#include "quota-engine/genesis.h"
#include "quota-engine/logread.h"
#include "test/unit/quota-engine/authority.h"

static void
must(struct authority *a, int err)
{
	ck_assert_msg(err == EH_OK, "%d: %s", err,
	    eh_error_sentence(&a->f.error));
}

/* --- profiles --- */

static struct eh_template_source *
certificate(struct eh_profile_source *s)
{
	struct eh_template_source *c = &s->certificate[s->certificates++];
	struct eh_source_extension *x;

	c->id = "idevid";
	c->key = "attestation";
	c->issuer_key = "ca";
	c->not_before.field = 1;
	c->not_after.seconds = EH_DATE_MAX;
	c->sig_alg = EH_SIG_ECDSA_P256_SHA256;
	x = &c->extension[c->extensions++];
	x->kind = EH_EXTENSION_BASIC_CONSTRAINTS;
	x->critical = 1;
	x = &c->extension[c->extensions++];
	x->kind = EH_EXTENSION_SUBJECT_KEY_ID;
	return c;
}

static void
compile(struct authority *a, const char *name, enum eh_piece_kind kind,
    struct authority_profile *out)
{
	struct eh_profile_source *s = calloc(1, sizeof(*s));
	struct eh_issuer *issuer = calloc(1, sizeof(*issuer));
	struct eh_template_source *c;
	struct eh_der_writer w;

	ck_assert_ptr_nonnull(s);
	ck_assert_ptr_nonnull(issuer);
	s->name = name;
	s->version = 1;
	s->identity.kind = "serial";
	s->identity.pattern = "SN[0-9]{8}";
	s->keys = 1;
	s->key[0].id = "attestation";
	s->key[0].algorithm = EH_KEY_ECDSA_P256;
	s->key[0].generated_in = "device";
	c = certificate(s);
	c->attributes = 1;
	c->attribute[0].attribute = "serialNumber";
	c->attribute[0].string = EH_DER_PRINTABLE_STRING;
	ck_assert_int_eq(eh_source_add(&c->attribute[0].value, kind,
	    kind == EH_PIECE_TEXT ? "any" : NULL), EH_OK);
	eh_der_writer_init(&w, issuer->subject, sizeof(issuer->subject));
	eh_der_put_begin(&w, EH_DER_SEQUENCE);
	eh_der_put_begin(&w, EH_DER_SET);
	eh_der_put_begin(&w, EH_DER_SEQUENCE);
	eh_der_put_oid(&w, "2.5.4.3");
	eh_der_put(&w, EH_DER_UTF8_STRING, "CA", 2);
	eh_der_put_end(&w);
	eh_der_put_end(&w);
	eh_der_put_end(&w);
	ck_assert_int_eq(
	    eh_der_writer_end(&w, &issuer->subjectlen), EH_OK);
	memcpy(issuer->spki, a->key.digest, EH_DIGEST_LEN);
	memset(issuer->key_id, 7, 20);
	issuer->key_idlen = 20;
	must(a, eh_compile_profile(s, issuer, NULL, out->bytes,
	    sizeof(out->bytes), &out->len, &a->f.error));
	must(a, eh_profile_decode(
	    &out->decoded, out->bytes, out->len, &a->f.error));
	eh_profile_digest(out->bytes, out->len, out->digest);
	free(issuer);
	free(s);
}

/* --- a boundary that knows us --- */

static void
genesis(struct authority *a)
{
	uint8_t spki[EH_SPKI_MAX];
	struct eh_genesis g = { .label = "token",
		.pin = (const uint8_t *)FIXTURE_OFFICER,
		.pinlen = strlen(FIXTURE_OFFICER),
		.root = spki };
	struct eh_keys_want want = { EH_PURPOSE_ISSUING, "ca",
		(const uint8_t *)"1", 1 };

	g.rootlen = eh_rawkey_to_spki(eh_soft_public(a->root), spki);
	must(a, eh_genesis_run(a->f.b, &g, &a->f.error));
	must(a, eh_keys_generate(
	    a->f.b->keys, &want, &a->key, &a->f.error));
}

static void
from(struct authority *a, struct eh_from_authority *out)
{
	strcpy(out->iss, "oem.example");
	memcpy(out->sub, eh_engine_lock(a->f.b->engine)->hsm_id,
	    EH_HSM_ID_LEN);
	eh_engine_unlock(a->f.b->engine);
	out->iat = AUTHORITY_NOW;
}

static void
grant_key(struct eh_grant *g, const struct eh_soft *key)
{
	struct eh_grant_key *k = &g->keys[g->nkeys++];

	k->key = *eh_soft_public(key);
	eh_keyid_kid(&k->key, k->kid);
	k->alg = EH_ALG_ES256;
	k->roles = EH_ROLE_BIT(EH_ROLE_PAUTH) | EH_ROLE_BIT(EH_ROLE_TIME) |
	    EH_ROLE_BIT(EH_ROLE_ACK) | EH_ROLE_BIT(EH_ROLE_REVOKE);
	strcpy(k->iss, "oem.example");
	k->state = EH_KEY_ACTIVE;
}

static void
fill_messages(struct authority *a)
{
	struct eh_grant *g = &a->grant;
	struct eh_pauth *p = &a->pauth;

	from(a, &g->from);
	g->not_before = AUTHORITY_NOW - AUTHORITY_DAY;
	g->expires = g->not_before + 300 * AUTHORITY_DAY;
	g->seq = 1;
	strcpy(g->factory, "fab1");
	grant_key(g, a->issuer);
	grant_key(g, a->second);
	g->keys[1].roles = EH_ROLE_BIT(EH_ROLE_PAUTH);

	from(a, &p->from);
	p->not_before = g->not_before;
	p->expires = p->not_before + 100 * AUTHORITY_DAY;
	memset(p->id, 0xa1, EH_ID_LEN);
	p->seq = 1;
	strcpy(p->factory, "fab1");
	strcpy(p->profile.name, "gateway");
	p->profile.version = 1;
	memcpy(p->profile.digest, a->profile.digest, EH_DIGEST_LEN);
	p->nops = 2;
	p->ops[0] = (struct eh_op_grant){ EH_OP_PASS, 1, 4, 100 };
	p->ops[1] = (struct eh_op_grant){ EH_OP_ISSUE, 1, 4, 108 };
	p->scope.kind = EH_SCOPE_RANGE;
	strcpy(p->scope.id_kind, "serial");
	p->scope.lo.len = p->scope.hi.len = 10;
	memcpy(p->scope.lo.bytes, "SN00000010", 10);
	memcpy(p->scope.hi.bytes, "SN00000099", 10);
	p->limits = (struct eh_limits){ 1000, 1000000, 1000, 10,
		EH_QUALITY_ATTESTED };
	strcpy(p->order, "PO-1");

	from(a, &a->time.from);
	from(a, &a->ack.from);
	a->ack.seq = 1;
	from(a, &a->revoke.from);
	a->revoke.rseq = 1;
	a->time.has_nonce = 1;
	a->time.uncertainty = 5;
}

struct authority *
authority_open(void)
{
	struct authority *a = calloc(1, sizeof(*a));

	ck_assert_ptr_nonnull(a);
	fixture_open(&a->f);
	must(a, eh_soft_generate(&a->root));
	must(a, eh_soft_generate(&a->issuer));
	must(a, eh_soft_generate(&a->second));
	must(a, eh_soft_generate(&a->device));
	genesis(a);
	compile(a, "gateway", EH_PIECE_DEVICE_ID, &a->profile);
	compile(a, "plain", EH_PIECE_TEXT, &a->plain);
	fill_messages(a);
	return a;
}

struct authority *
authority_ready(void)
{
	struct authority *a = authority_open();

	must(a, authority_send_grant(a));
	must(a, authority_send_time(a));
	must(a, authority_send_profile(a, &a->profile));
	must(a, authority_send_profile(a, &a->plain));
	must(a, authority_send_pauth(a));
	return a;
}

void
authority_close(struct authority *a)
{
	eh_soft_free(a->root);
	eh_soft_free(a->issuer);
	eh_soft_free(a->second);
	eh_soft_free(a->device);
	fixture_close(&a->f);
	free(a);
}

/* --- messages --- */

void
authority_sign(struct authority *a, enum eh_message_type type,
    struct eh_soft *key, const uint8_t *payload, size_t len)
{
	struct eh_signer signer;
	struct eh_writer w;

	eh_soft_signer(key, &signer);
	eh_writer_init(&w, a->message, EH_MESSAGE_MAX_INBOUND);
	must(a, eh_envelope_sign(type, payload, len, &signer, &w, &a->f.error));
	ck_assert_int_eq(eh_writer_end(&w, &a->len), EH_OK);
}

void
authority_sign_grant(struct authority *a)
{
	uint8_t payload[EH_MESSAGE_MAX_INBOUND];
	struct eh_writer w;
	size_t len;

	eh_writer_init(&w, payload, sizeof(payload));
	eh_grant_encode(&a->grant, &w);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
	authority_sign(a, EH_MESSAGE_GRANT, a->root, payload, len);
}

static size_t
encode_pauth(struct authority *a, uint8_t payload[EH_MESSAGE_MAX_INBOUND])
{
	struct eh_writer w;
	size_t len;

	eh_writer_init(&w, payload, EH_MESSAGE_MAX_INBOUND);
	eh_pauth_encode(&a->pauth, &w);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
	return len;
}

void
authority_sign_pauth(struct authority *a)
{
	uint8_t payload[EH_MESSAGE_MAX_INBOUND];
	size_t len = encode_pauth(a, payload);

	authority_sign(a, EH_MESSAGE_PAUTH, a->issuer, payload, len);
}

void
authority_sign_time(struct authority *a)
{
	uint8_t payload[EH_MESSAGE_MAX_INBOUND];
	struct eh_writer w;
	size_t len;

	eh_writer_init(&w, payload, sizeof(payload));
	eh_time_attestation_encode(&a->time, &w);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
	authority_sign(a, EH_MESSAGE_TIME, a->issuer, payload, len);
}

void
authority_sign_ack(struct authority *a)
{
	uint8_t payload[EH_MESSAGE_MAX_INBOUND];
	struct eh_writer w;
	size_t len;

	eh_writer_init(&w, payload, sizeof(payload));
	eh_ack_encode(&a->ack, &w);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
	authority_sign(a, EH_MESSAGE_ACK, a->issuer, payload, len);
}

void
authority_sign_revoke(struct authority *a)
{
	uint8_t payload[EH_MESSAGE_MAX_INBOUND];
	struct eh_writer w;
	size_t len;

	eh_writer_init(&w, payload, sizeof(payload));
	eh_revoke_encode(&a->revoke, &w);
	ck_assert_int_eq(eh_writer_end(&w, &len), EH_OK);
	authority_sign(a, EH_MESSAGE_REVOKE, a->issuer, payload, len);
}

void
authority_fill_ack(struct authority *a)
{
	const struct eh_state_log *log =
	    &eh_engine_lock(a->f.b->engine)->log;

	a->ack.size = log->tree.size;
	eh_merkle_root(&log->tree, a->ack.root);
	a->ack.nburned = log->nburned;
	memcpy(a->ack.burned, log->burned, sizeof(a->ack.burned));
	eh_engine_unlock(a->f.b->engine);
}

int
authority_import(struct authority *a)
{
	eh_error_clear(&a->f.error);
	return eh_import(
	    a->f.b, a->message, a->len, &a->done, &a->f.error);
}

int
authority_send_grant(struct authority *a)
{
	int err;

	authority_sign_grant(a);
	if ((err = authority_import(a)) == EH_OK)
		a->grant.seq++;
	return err;
}

int
authority_send_pauth(struct authority *a)
{
	int err;

	authority_sign_pauth(a);
	if ((err = authority_import(a)) == EH_OK)
		a->pauth.seq++;
	return err;
}

int
authority_send_time(struct authority *a)
{
	must(a, eh_nonces_ask(a->f.b->nonces, a->time.nonce, &a->f.error));
	a->time.tseq++;
	authority_sign_time(a);
	return authority_import(a);
}

int
authority_send_ack(struct authority *a)
{
	int err;

	authority_sign_ack(a);
	if ((err = authority_import(a)) == EH_OK)
		a->ack.seq++;
	return err;
}

int
authority_send_revoke(struct authority *a)
{
	int err;

	authority_sign_revoke(a);
	if ((err = authority_import(a)) == EH_OK)
		a->revoke.rseq++;
	return err;
}

int
authority_send_profile(struct authority *a, const struct authority_profile *p)
{
	memcpy(a->message, p->bytes, p->len);
	a->len = p->len;
	return authority_import(a);
}

void
authority_says(struct authority *a, const char *words)
{
	const char *text = eh_error_sentence(&a->f.error);

	ck_assert_msg(strstr(text, words) != NULL, "'%s' in '%s'", words, text);
}

/* --- looking at the boundary --- */

static int
count(void *context, const char *name)
{
	(void)name;
	++*(unsigned *)context;
	return 0;
}

unsigned
authority_files(struct authority *a, const char *folder)
{
	struct eh_os *os = a->f.b->os;
	unsigned n = 0;

	ck_assert_int_eq(os->list(os->arg, folder, count, &n), EH_OK);
	return n;
}

static void
look(struct authority *a, struct authority_mark *mark)
{
	memcpy(&mark->state, eh_engine_lock(a->f.b->engine),
	    sizeof(mark->state));
	eh_engine_unlock(a->f.b->engine);
	mark->messages = authority_files(a, "messages");
	mark->profiles = authority_files(a, "profiles");
}

struct authority_mark *
authority_mark(struct authority *a)
{
	struct authority_mark *mark = calloc(1, sizeof(*mark));

	ck_assert_ptr_nonnull(mark);
	look(a, mark);
	return mark;
}

void
authority_unchanged(struct authority *a, struct authority_mark *mark)
{
	struct authority_mark *now = authority_mark(a);

	ck_assert_uint_eq(
	    now->state.log.tree.size, mark->state.log.tree.size);
	ck_assert_uint_eq(now->state.commit, mark->state.commit);
	ck_assert_mem_eq(&now->state, &mark->state, sizeof(now->state));
	ck_assert_uint_eq(now->messages, mark->messages);
	ck_assert_uint_eq(now->profiles, mark->profiles);
	free(now);
}

void
authority_accepted(struct authority *a, int err)
{
	ck_assert_msg(
	    err == EH_OK, "%d: %s", err, eh_error_sentence(&a->f.error));
}

void
authority_refused(struct authority *a, struct authority_mark *mark, int err,
    int want, const char *words)
{
	ck_assert_msg(err == want, "%d, not %d: %s", err, want,
	    eh_error_sentence(&a->f.error));
	authority_says(a, words);
	authority_unchanged(a, mark);
}

struct eh_row
authority_row(struct authority *a, const uint8_t id[EH_ID_LEN])
{
	const struct eh_state *state = eh_engine_lock(a->f.b->engine);
	struct eh_row row;

	memset(&row, 0, sizeof(row));
	for (unsigned i = 0; i < EH_STATE_ROWS; i++)
		if (state->row[i].state != EH_ROW_FREE &&
		    memcmp(state->row[i].id, id, EH_ID_LEN) == 0)
			row = state->row[i];
	eh_engine_unlock(a->f.b->engine);
	return row;
}

static int
no_extend(void *arg, const uint8_t from[EH_DIGEST_LEN],
    const uint8_t digest[EH_DIGEST_LEN])
{
	(void)arg;
	(void)from;
	(void)digest;
	return EH_ERR_STORAGE;
}

void
authority_loses_anchor(
    struct authority *a, int (*send_one)(struct authority *))
{
	a->f.b->os->anchor_extend = no_extend;
	ck_assert_int_eq(send_one(a), EH_DENIED_FAIL_STOPPED);
	eh_start_close(&a->f.start);
	a->f.b = NULL;
	ck_assert_int_eq(fixture_restart(&a->f), EH_OK);
}

uint64_t
authority_records(struct authority *a)
{
	uint64_t n = eh_engine_lock(a->f.b->engine)->log.tree.size;

	eh_engine_unlock(a->f.b->engine);
	return n;
}

static int
take_one(void *context, uint64_t seq, const uint8_t *input, size_t len)
{
	struct eh_error error;

	(void)seq;
	eh_error_clear(&error);
	ck_assert_msg(eh_record_decode(input, len, context, &error) == EH_OK,
	    "%s", eh_error_sentence(&error));
	return 1;
}

void
authority_record(struct authority *a, int64_t seq, struct eh_record *record)
{
	uint64_t at = (uint64_t)seq, next;

	if (seq < 0)
		at += authority_records(a);
	must(a, eh_logread(a->f.b->engine, at, take_one, record, &next,
	    &a->f.error));
	ck_assert_uint_eq(record->seq, at);
}

/* --- certificates --- */

void
authority_values(struct authority *a, const char *id,
    const struct eh_soft *key, uint16_t issue, struct eh_tbs_values *v)
{
	memset(v, 0, sizeof(*v));
	v->key = *eh_soft_public(key);
	v->not_before = a->pauth.not_before;
	v->device.len = (uint8_t)strlen(id);
	memcpy(v->device.bytes, id, v->device.len);
	ck_assert_int_eq(
	    eh_serial(a->pauth.id, &v->device, 0, issue, v->serial), EH_OK);
}

size_t
authority_render(struct authority *a, const struct authority_profile *profile,
    const struct eh_tbs_values *v, uint8_t tbs[EH_TBS_MAX])
{
	size_t len;

	must(a, eh_template_render(&profile->decoded, 0, v, tbs, EH_TBS_MAX,
	    &len, &a->f.error));
	return len;
}
