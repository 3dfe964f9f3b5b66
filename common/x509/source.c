/* SPDX-License-Identifier: Apache-2.0 */
/* source.c - the canonical form of a profile source, and its digests. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/cbor/cbor.h"
#include "common/crypto/digest.h"
#include "common/der/oid.h"
#include "common/x509/source.h"
#include "common/x509/words.h"

/*
 * doc/format/profile.md section 4.  Words that mean a number or an OID are
 * written as what they mean, so that two ways to say the same thing agree;
 * free text is a byte string, since it may be more than ASCII.
 */
#define SOURCE_FORMAT 1
#define PLAN_FORMAT   1

int
eh_source_add(
    struct eh_source_text *t, enum eh_piece_kind kind, const char *text)
{
	if (t->pieces == EH_SOURCE_PIECES)
		return EH_ERR_FULL;
	t->piece[t->pieces].kind = kind;
	t->piece[t->pieces].text = text;
	t->pieces++;
	return EH_OK;
}

static void
put_text(struct eh_writer *w, const char *text)
{
	eh_cbor_put_bytes(
	    w, text != NULL ? text : "", text != NULL ? strlen(text) : 0);
}

/* A labelled text that may be absent. */
static void
put_option(struct eh_writer *w, uint64_t label, const char *text)
{
	if (text == NULL)
		return;
	eh_cbor_put_uint(w, label);
	put_text(w, text);
}

static void
put_range(
    struct eh_writer *w, uint64_t label, const char *lo, const char *hi)
{
	if (lo == NULL && hi == NULL)
		return;
	eh_cbor_put_uint(w, label);
	eh_cbor_put_array(w, 2);
	put_text(w, lo);
	put_text(w, hi);
}

static void
put_digest(struct eh_writer *w, const uint8_t digest[EH_DIGEST_LEN])
{
	eh_cbor_put_bytes(w, digest, EH_DIGEST_LEN);
}

/* The OID that a word of ${table} means, as its octets. */
static void
put_oid(struct eh_writer *w, const struct eh_word *table, const char *word)
{
	const char *dotted =
	    word != NULL ? eh_words_oid(table, word) : NULL;
	uint8_t oid[EH_OID_MAX];
	size_t len = 0;

	if (dotted == NULL ||
	    eh_oid_encode(dotted, oid, sizeof(oid), &len) != EH_OK)
		eh_writer_fail(w, EH_ERR_CONFIG);
	eh_cbor_put_bytes(w, oid, len);
}

static void
put_pieces(struct eh_writer *w, const struct eh_piece *piece, unsigned n)
{
	eh_cbor_put_array(w, n);
	for (unsigned i = 0; i < n; i++) {
		if (piece[i].kind == EH_PIECE_TEXT) {
			put_text(w, piece[i].text);
			continue;
		}
		eh_cbor_put_array(w, piece[i].kind == EH_PIECE_INPUT ? 2 : 1);
		eh_cbor_put_uint(w, piece[i].kind);
		if (piece[i].kind == EH_PIECE_INPUT)
			put_text(w, piece[i].text);
	}
}

static void
put_date(struct eh_writer *w, const struct eh_source_date *d)
{
	eh_cbor_put_array(w, d->field ? 3 : 2);
	eh_cbor_put_uint(w, d->field ? 1 : 0);
	if (!d->field) {
		eh_cbor_put_uint(w, d->seconds);
		return;
	}
	eh_cbor_put_uint(w, d->form);
	eh_cbor_put_uint(w, d->days);
}

static void
put_attribute(struct eh_writer *w, const struct eh_source_attribute *a)
{
	eh_cbor_put_array(w, 3);
	put_oid(w, eh_words_attribute, a->attribute);
	eh_cbor_put_uint(w, a->string);
	put_pieces(w, a->value.piece, a->value.pieces);
}

static void
put_alt_name(struct eh_writer *w, const struct eh_source_alt_name *n)
{
	const int module = n->kind == EH_ALT_NAME_HARDWARE_MODULE;

	eh_cbor_put_array(w, module ? 3 : 2);
	eh_cbor_put_uint(w, n->kind);
	if (module)
		put_oid(w, eh_words_none, n->type);
	put_pieces(w, n->value.piece, n->value.pieces);
}

/* What an extension says, by its kind. */
static void
put_extension_value(struct eh_writer *w, const struct eh_source_extension *x)
{
	const struct eh_word *table = x->kind == EH_EXTENSION_POLICIES ?
	    eh_words_policy : eh_words_ext_key_usage;

	switch (x->kind) {
	case EH_EXTENSION_BASIC_CONSTRAINTS:
		eh_cbor_put_array(w, x->path_length_given ? 2 : 1);
		eh_cbor_put_bool(w, x->ca);
		if (x->path_length_given)
			eh_cbor_put_uint(w, x->path_length);
		break;
	case EH_EXTENSION_KEY_USAGE:
		eh_cbor_put_uint(w, x->key_usage);
		break;
	case EH_EXTENSION_EXT_KEY_USAGE:
	case EH_EXTENSION_POLICIES:
		eh_cbor_put_array(w, x->oids);
		for (unsigned i = 0; i < x->oids; i++)
			put_oid(w, table, x->oid[i]);
		break;
	case EH_EXTENSION_SUBJECT_ALT_NAME:
		eh_cbor_put_array(w, x->names);
		for (unsigned i = 0; i < x->names; i++)
			put_alt_name(w, &x->name[i]);
		break;
	case EH_EXTENSION_DER:
		eh_cbor_put_array(w, 2);
		put_oid(w, eh_words_none, x->der_oid);
		eh_cbor_put_bytes(w, x->der, x->derlen);
		break;
	case EH_EXTENSION_SUBJECT_KEY_ID:
	case EH_EXTENSION_AUTHORITY_KEY_ID:
		eh_cbor_put_array(w, 0);
		break;
	default:
		eh_writer_fail(w, EH_ERR_CONFIG);
		break;
	}
}

static void
put_certificate(struct eh_writer *w, const struct eh_template_source *t)
{
	eh_cbor_put_map(w, 9);
	put_option(w, 0, t->id != NULL ? t->id : "");
	eh_cbor_put_uint(w, 1);
	eh_cbor_put_uint(w, t->standard);
	put_option(w, 2, t->key != NULL ? t->key : "");
	put_option(w, 3, t->issuer_key != NULL ? t->issuer_key : "");
	eh_cbor_put_uint(w, 4);
	put_date(w, &t->not_before);
	eh_cbor_put_uint(w, 5);
	put_date(w, &t->not_after);
	eh_cbor_put_uint(w, 6);
	eh_cbor_put_array(w, t->attributes);
	for (unsigned i = 0; i < t->attributes; i++)
		put_attribute(w, &t->attribute[i]);
	eh_cbor_put_uint(w, 7);
	eh_cbor_put_array(w, t->extensions);
	for (unsigned i = 0; i < t->extensions; i++) {
		eh_cbor_put_array(w, 3);
		eh_cbor_put_uint(w, t->extension[i].kind);
		eh_cbor_put_bool(w, t->extension[i].critical);
		put_extension_value(w, &t->extension[i]);
	}
	eh_cbor_put_uint(w, 8);
	eh_cbor_put_int(w, t->sig_alg);
}

static void
put_identity(struct eh_writer *w, const struct eh_profile_source *s)
{
	const int range = s->identity.lo != NULL || s->identity.hi != NULL;

	eh_cbor_put_map(w, 2u + (unsigned)range + (s->identity.source != NULL));
	put_option(w, 0, s->identity.kind != NULL ? s->identity.kind : "");
	put_option(w, 1,
	    s->identity.pattern != NULL ? s->identity.pattern : "");
	put_range(w, 2, s->identity.lo, s->identity.hi);
	put_option(w, 3, s->identity.source);
}

static void
put_keys(struct eh_writer *w, const struct eh_profile_source *s)
{
	eh_cbor_put_array(w, s->keys);
	for (unsigned i = 0; i < s->keys; i++) {
		eh_cbor_put_array(w, 3);
		put_text(w, s->key[i].id);
		eh_cbor_put_uint(w, s->key[i].algorithm);
		put_text(w, s->key[i].generated_in);
	}
}

static void
put_input(struct eh_writer *w, const struct eh_source_input *n)
{
	const int range = n->lo != NULL || n->hi != NULL;

	eh_cbor_put_map(w, 2u + (unsigned)range + (n->source != NULL));
	put_option(w, 0, n->id != NULL ? n->id : "");
	put_option(w, 1, n->pattern != NULL ? n->pattern : "");
	put_range(w, 2, n->lo, n->hi);
	put_option(w, 3, n->source);
}

static void
put_secret(struct eh_writer *w, const struct eh_source_secret *x)
{
	eh_cbor_put_array(w, 6);
	put_text(w, x->id);
	eh_cbor_put_uint(w, x->kdf);
	put_text(w, x->root);
	put_pieces(w, x->context, x->contexts);
	eh_cbor_put_uint(w, x->size);
	eh_cbor_put_uint(w, x->wrap);
}

static void
put_injections(struct eh_writer *w, const struct eh_profile_source *s)
{
	eh_cbor_put_array(w, s->injections);
	for (unsigned i = 0; i < s->injections; i++) {
		const struct eh_source_injection *n = &s->injection[i];

		eh_cbor_put_map(w, 2u + (n->version != NULL) +
		    (n->sha256_given != 0) + (n->verify != NULL));
		put_option(w, 0, n->object != NULL ? n->object : "");
		put_option(w, 1, n->place != NULL ? n->place : "");
		put_option(w, 2, n->version);
		if (n->sha256_given) {
			eh_cbor_put_uint(w, 3);
			put_digest(w, n->sha256);
		}
		put_option(w, 4, n->verify);
	}
}

static void
put_debug(struct eh_writer *w, const struct eh_source_debug *d)
{
	eh_cbor_put_map(w, 1u + (d->final_state != NULL) +
	    (d->lifecycle != NULL) + (d->method != NULL) +
	    (d->trust_anchor_given != 0) + (d->max_session != 0));
	put_option(w, 0, d->final_state);
	put_option(w, 1, d->lifecycle);
	put_option(w, 2, d->method);
	if (d->trust_anchor_given) {
		eh_cbor_put_uint(w, 3);
		put_digest(w, d->trust_anchor);
	}
	eh_cbor_put_uint(w, 4);
	eh_cbor_put_array(w, d->permissions);
	for (unsigned i = 0; i < d->permissions; i++)
		put_text(w, d->permission[i]);
	if (d->max_session != 0) {
		eh_cbor_put_uint(w, 5);
		eh_cbor_put_uint(w, d->max_session);
	}
}

static void
put_records(struct eh_writer *w, const struct eh_profile_source *s)
{
	eh_cbor_put_array(w, s->records);
	for (unsigned i = 0; i < s->records; i++)
		put_text(w, s->record[i]);
}

static void
put_plan(struct eh_writer *w, const struct eh_profile_source *s)
{
	eh_cbor_put_map(w, 4u + (s->debug.given != 0));
	eh_cbor_put_uint(w, 0);
	eh_cbor_put_uint(w, PLAN_FORMAT);
	eh_cbor_put_uint(w, 1);
	put_keys(w, s);
	eh_cbor_put_uint(w, 2);
	put_injections(w, s);
	if (s->debug.given) {
		eh_cbor_put_uint(w, 3);
		put_debug(w, &s->debug);
	}
	eh_cbor_put_uint(w, 4);
	put_records(w, s);
}

static void
put_product(struct eh_writer *w, const struct eh_profile_source *s)
{
	eh_cbor_put_map(w, 0u + (s->manufacturer != NULL) +
	    (s->model != NULL) + (s->revision != NULL));
	put_option(w, 0, s->manufacturer);
	put_option(w, 1, s->model);
	put_option(w, 2, s->revision);
}

/* Labels 7 to 13: the lists. */
static void
put_lists(struct eh_writer *w, const struct eh_profile_source *s)
{
	eh_cbor_put_uint(w, 7);
	put_keys(w, s);
	eh_cbor_put_uint(w, 8);
	eh_cbor_put_array(w, s->inputs);
	for (unsigned i = 0; i < s->inputs; i++)
		put_input(w, &s->input[i]);
	eh_cbor_put_uint(w, 9);
	eh_cbor_put_array(w, s->certificates);
	for (unsigned i = 0; i < s->certificates; i++)
		put_certificate(w, &s->certificate[i]);
	eh_cbor_put_uint(w, 10);
	eh_cbor_put_array(w, s->secrets);
	for (unsigned i = 0; i < s->secrets; i++)
		put_secret(w, &s->secret[i]);
	eh_cbor_put_uint(w, 11);
	put_injections(w, s);
	if (s->debug.given) {
		eh_cbor_put_uint(w, 12);
		put_debug(w, &s->debug);
	}
	eh_cbor_put_uint(w, 13);
	put_records(w, s);
}

static void
put_source(struct eh_writer *w, const struct eh_profile_source *s)
{
	eh_cbor_put_map(
	    w, 12u + (s->roots > 0) + (s->debug.given != 0));
	eh_cbor_put_uint(w, 0);
	eh_cbor_put_uint(w, SOURCE_FORMAT);
	put_option(w, 1, s->name != NULL ? s->name : "");
	eh_cbor_put_uint(w, 2);
	eh_cbor_put_uint(w, s->version);
	eh_cbor_put_uint(w, 3);
	put_product(w, s);
	eh_cbor_put_uint(w, 4);
	put_identity(w, s);
	eh_cbor_put_uint(w, 5);
	eh_cbor_put_uint(w, s->evidence);
	if (s->roots > 0) {
		eh_cbor_put_uint(w, 6);
		eh_cbor_put_array(w, s->roots);
		for (unsigned i = 0; i < s->roots; i++)
			put_digest(w, s->root[i]);
	}
	put_lists(w, s);
}

/* Digest what ${put} writes: once to count, once to write. */
static int
digest(void (*put)(struct eh_writer *, const struct eh_profile_source *),
    const struct eh_profile_source *s, uint8_t out[EH_DIGEST_LEN])
{
	struct eh_writer w;
	size_t len = 0;
	uint8_t *bytes;
	int err;

	memset(out, 0, EH_DIGEST_LEN);
	eh_writer_init(&w, NULL, 0);
	put(&w, s);
	err = eh_writer_end(&w, &len);
	if (err != EH_OK && err != EH_ERR_SPACE)
		return err;
	bytes = malloc(len);
	if (bytes == NULL)
		return EH_ERR_MEMORY;
	eh_writer_init(&w, bytes, len);
	put(&w, s);
	err = eh_writer_end(&w, &len);
	if (err == EH_OK)
		eh_sha256(bytes, len, out);
	free(bytes);
	return err;
}

int
eh_source_digest(
    const struct eh_profile_source *s, uint8_t out[EH_DIGEST_LEN])
{
	return digest(put_source, s, out);
}

int
eh_source_plan_digest(
    const struct eh_profile_source *s, uint8_t out[EH_DIGEST_LEN])
{
	return digest(put_plan, s, out);
}
