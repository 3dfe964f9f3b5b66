/* SPDX-License-Identifier: Apache-2.0 */
/* show_profile.c - a compiled profile, as facts. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/x509/profile.h"
#include "common/x509/words.h"
#include "orchestrator/authority/show.h"
#include "orchestrator/authority/show_items.h"

/* Room for 8 constants of 32 octets that are all escaped. */
#define PATTERN_TEXT 1200

/* A constant as text, what is not printable as \x00, so that an approver can
 * tell a dot from an octet that only looks like one. */
static size_t
put_constant(const struct eh_run *run, char *out, size_t cap)
{
	size_t at = 0;

	for (unsigned i = 0; i < run->count && at + 5 < cap; i++) {
		const uint8_t c = run->constant[i];
		const int plain = c >= 0x20 && c <= 0x7e && c != '\\';

		at += (size_t)snprintf(
		    out + at, cap - at, plain ? "%c" : "\\x%02x", c);
	}
	return at;
}

static void
show_pattern(struct eh_sheet *s, const struct eh_pattern *pattern)
{
	char text[PATTERN_TEXT] = "";
	size_t at = 0;

	if (pattern->runs == 0)
		return;
	for (unsigned i = 0; i < pattern->runs; i++) {
		const struct eh_pattern one = { 1, { pattern->run[i] } };

		if (one.run[0].constant != NULL) {
			at += put_constant(
			    &one.run[0], text + at, sizeof(text) - at);
			continue;
		}
		eh_pattern_format(&one, text + at, sizeof(text) - at);
		at += strlen(text + at);
	}
	eh_sheet_text(s, "pattern", "%s", text);
}

static void
show_range(
    struct eh_sheet *s, const uint8_t *lo, const uint8_t *hi, size_t len)
{
	if (lo == NULL || len == 0)
		return;
	eh_sheet_octets(s, "first", lo, len);
	eh_sheet_octets(s, "last", hi, len);
}

static void
show_field(struct eh_sheet *s, const struct eh_field *f)
{
	eh_sheet_begin(s, "field");
	eh_sheet_uint(s, "id", f->id);
	eh_sheet_text(
	    s, "source", "%s", eh_field_source_name(f->source));
	eh_sheet_uint(s, "offset", f->offset);
	eh_sheet_uint(s, "length", f->length);
	show_pattern(s, &f->pattern);
	show_range(s, f->lo, f->hi, f->rangelen);
	eh_sheet_end(s);
}

static void
show_template(struct eh_sheet *s, const struct eh_profile *p, unsigned index)
{
	const struct eh_template *t = &p->template[index];
	const char *alg = eh_words_name(eh_words_signature, t->sig_alg);

	eh_sheet_begin(s, "template");
	eh_sheet_uint(s, "index", index);
	eh_sheet_text(s, "id", "%s", t->id);
	eh_sheet_fingerprint(s, "issuing key", t->issuer, EH_DIGEST_LEN);
	eh_sheet_text(s, "signature", "%s", alg != NULL ? alg : "unknown");
	eh_sheet_text(s, "standard", "%s", eh_standard_name(t->standard));
	if (t->days > 0)
		eh_sheet_count(s, "validity", t->days, "days");
	eh_sheet_uint(s, "key number", eh_profile_key(p, index));
	eh_sheet_uint(s, "TBS length", t->tbslen);
	eh_sheet_hex(s, "TBS", t->tbs, t->tbslen);
	for (unsigned i = 0; i < t->fields; i++)
		show_field(s, &t->field[i]);
	eh_sheet_end(s);
}

static void
show_secret(struct eh_sheet *s, const struct eh_secret *secret)
{
	const char *kdf = eh_words_name(eh_words_kdf, secret->kdf);
	const char *wrap = eh_words_name(eh_words_wrap, secret->wrap);

	eh_sheet_begin(s, "secret");
	eh_sheet_text(s, "label", "%s", secret->label);
	eh_sheet_text(s, "derivation", "%s", kdf != NULL ? kdf : "unknown");
	eh_sheet_hex(s, "root", secret->root, EH_DIGEST_LEN);
	eh_sheet_count(s, "size", secret->size, "octets");
	for (unsigned i = 0; i < secret->contexts; i++) {
		const struct eh_secret_context *c = &secret->context[i];

		eh_sheet_begin(s, "context");
		eh_sheet_text(s, "kind", "%s",
		    c->kind == EH_CONTEXT_DEVICE_ID ? "device id"
			: c->kind == EH_CONTEXT_CHIP_ID ? "chip id"
							: "constant");
		if (c->kind == EH_CONTEXT_CONSTANT)
			eh_sheet_octets(s, "octets", c->constant, c->len);
		eh_sheet_end(s);
	}
	eh_sheet_text(s, "leaves by", "%s", wrap != NULL ? wrap : "unknown");
	eh_sheet_end(s);
}

static void
show(struct eh_sheet *s, const struct eh_profile *p)
{
	const char *evidence = eh_words_name(eh_words_evidence, p->evidence);

	eh_sheet_text(s, "name", "%s", p->name);
	eh_sheet_uint(s, "version", p->version);
	eh_sheet_begin(s, "identity");
	eh_sheet_text(s, "kind", "%s", p->identity.kind);
	eh_sheet_count(s, "length", p->identity.length, "octets");
	show_pattern(s, &p->identity.pattern);
	show_range(
	    s, p->identity.lo, p->identity.hi, p->identity.length);
	eh_sheet_end(s);
	for (unsigned i = 0; i < p->templates; i++)
		show_template(s, p, i);
	for (unsigned i = 0; i < p->secrets; i++)
		show_secret(s, &p->secret[i]);
	eh_sheet_text(
	    s, "evidence", "%s", evidence != NULL ? evidence : "unknown");
	for (unsigned i = 0; i < p->roots; i++) {
		eh_sheet_begin(s, "attestation root");
		eh_sheet_hex(s, "digest", p->root[i], EH_DIGEST_LEN);
		eh_sheet_end(s);
	}
	eh_sheet_hex(s, "injection plan", p->plan, EH_DIGEST_LEN);
	eh_sheet_hex(s, "source digest", p->source, EH_DIGEST_LEN);
	if (p->adac_given)
		eh_sheet_hex(s, "ADAC root", p->adac_root, EH_DIGEST_LEN);
}

int
eh_show_profile(struct eh_sheet *s, const void *bytes, size_t len,
    struct eh_error *error)
{
	struct eh_profile *p = calloc(1, sizeof(*p));
	uint8_t digest[EH_DIGEST_LEN];
	int err;

	if (p == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	err = eh_profile_decode(p, bytes, len, error);
	if (err == EH_OK) {
		eh_profile_digest(bytes, len, digest);
		eh_sheet_text(s, "file", "compiled profile");
		eh_sheet_fingerprint(
		    s, "config digest", digest, sizeof(digest));
		eh_sheet_uint(s, "size", len);
		show(s, p);
	}
	free(p);
	return err;
}
