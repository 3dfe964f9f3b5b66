/* SPDX-License-Identifier: Apache-2.0 */
/* profile_template.c - one template of a profile: its rules, and its source. */
#include "config.h"

#include <string.h>

#include "common/clock.h"
#include "common/hex.h"
#include "orchestrator/conf/profile_template.h"

struct fill {
	const struct doc_spec *spec;
	struct eh_arena *arena;
	struct eh_report *report;
	int err;
};

static const struct eh_yaml_node *
at(const struct eh_yaml_node *map, const char *key)
{
	const struct eh_yaml_node *member = eh_yaml_member(map, key);

	return member != NULL ? member : map;
}

/* A field that is no word of the schema must be one of the inputs. */
static void
check_input(struct fill *f, const struct eh_value_part *part)
{
	const char *names[EH_SOURCE_INPUTS + 1];
	size_t n = 0;

	names[n++] = "device-id";
	for (size_t i = 0; i < f->spec->ninputs; i++) {
		if (strcmp(f->spec->inputs[i].id, part->text) == 0)
			return;
		names[n++] = f->spec->inputs[i].id;
	}
	eh_schema_unknown_name(
	    f->report, at(part->node, "field"), "field", names, n);
}

static void
fill_text(struct fill *f, const struct eh_value *value,
    struct eh_source_text *out)
{
	for (size_t i = 0; i < value->count; i++) {
		const struct eh_value_part *part = &value->parts[i];
		enum eh_piece_kind kind = EH_PIECE_TEXT;

		if (part->is_field && part->field == EH_SCHEMA_NONE) {
			kind = EH_PIECE_INPUT;
			check_input(f, part);
		} else if (part->is_field) {
			kind = (enum eh_piece_kind)part->field;
		}
		/* A value has at most as many parts as there is room for. */
		if (eh_source_add(out, kind, part->text) != EH_OK)
			f->err = EH_ERR_INTERNAL;
	}
}

/* The only part of a value that is no list; NULL after errors. */
static const struct eh_value_part *
only_part(const struct eh_value *value)
{
	return value->count == 1 ? &value->parts[0] : NULL;
}

static void
fill_date(struct fill *f, const struct eh_value *value,
    struct eh_source_date *out)
{
	const struct eh_value_part *part = only_part(value);
	uint64_t seconds;

	if (part == NULL)
		return;
	if (part->is_field) {
		out->field = 1;
		if (part->form != EH_SCHEMA_NONE)
			out->form = (enum eh_date_form)part->form;
		if (part->days != EH_SCHEMA_ABSENT)
			out->days = (uint32_t)part->days;
		return;
	}
	if (part->text[0] == '\0')
		return;
	if (eh_clock_parse_generalized(
		part->text, strlen(part->text), &seconds) != EH_OK)
		eh_report_error(f->report, part->node,
		    "'%.64s' is not a time YYYYMMDDHHMMSSZ", part->text);
	out->seconds = seconds;
}

static void
fill_dates(struct fill *f, const struct doc_template *doc,
    struct eh_template_source *out)
{
	struct eh_source_date *from = &out->not_before, *to = &out->not_after;
	const struct eh_yaml_node *after = at(doc->node, "notAfter");

	fill_date(f, doc->not_before, from);
	fill_date(f, doc->not_after, to);
	if (from->field && from->days != 0)
		eh_report_error(f->report, at(doc->node, "notBefore"),
		    "'days' is for not-after only");
	if (to->field && !from->field)
		eh_report_error(f->report, after,
		    "the field not-after needs the field not-before");
	if (to->field && to->days == 0 &&
	    eh_yaml_member(after, "days") == NULL)
		eh_report_error(f->report, after, "'days' is missing");
	if (!to->field && !from->field && to->seconds < from->seconds)
		eh_report_error(f->report, after,
		    "notAfter lies before notBefore");
}

static void
fill_bits(struct fill *f, const struct doc_extension *doc,
    struct eh_source_extension *out)
{
	for (size_t i = 0; i < doc->nbits; i++) {
		uint16_t bit;

		if (doc->bits[i] == EH_SCHEMA_NONE)
			continue;
		bit = (uint16_t)(1u << doc->bits[i]);
		if ((out->key_usage & bit) != 0)
			eh_report_error(f->report, at(doc->node, "bits"),
			    "'%s' stands twice",
			    eh_words_name(eh_words_key_usage, doc->bits[i]));
		out->key_usage |= bit;
	}
}

static void
fill_alt_name(struct fill *f, struct eh_source_extension *out,
    enum eh_alt_name_kind kind, const char *type, const struct eh_value *value)
{
	struct eh_source_alt_name *name = &out->name[out->names];

	if (value == NULL)
		return;
	out->names++;
	name->kind = kind;
	name->type = type;
	fill_text(f, value, &name->value);
}

static void
fill_alt_names(struct fill *f, const struct doc_extension *doc,
    struct eh_source_extension *out)
{
	if (doc->hardware_module != NULL)
		fill_alt_name(f, out, EH_ALT_NAME_HARDWARE_MODULE,
		    doc->hardware_module->type, doc->hardware_module->serial);
	fill_alt_name(f, out, EH_ALT_NAME_DNS, NULL, doc->dns);
	fill_alt_name(f, out, EH_ALT_NAME_URI, NULL, doc->uri);
	if (out->names == 0)
		eh_report_error(f->report, doc->node,
		    "a name is missing: hardwareModuleName, dnsName or uri");
}

/* An extension that is named by its OID. */
static void
fill_der(struct fill *f, const struct doc_extension *doc,
    struct eh_source_extension *out)
{
	const struct eh_yaml_node *node = at(doc->node, "extension");
	size_t len = doc->der != NULL ? strlen(doc->der) / 2 : 0;
	uint8_t *der;

	out->der_oid = eh_yaml_text(node);
	for (const struct eh_word *w = eh_words_extension; w->word; w++)
		if (strcmp(w->oid, out->der_oid) == 0)
			eh_report_error(f->report, node, "%s is called '%s'",
			    w->oid, w->word);
	if (len == 0)
		return;
	if (len > EH_SOURCE_DER) {
		eh_report_error(f->report, at(doc->node, "der"),
		    "%zu octets: at most %d", len, EH_SOURCE_DER);
		return;
	}
	if ((der = eh_arena_alloc(f->arena, len, 1)) == NULL) {
		f->err = EH_ERR_MEMORY;
		return;
	}
	if (eh_hex_decode(doc->der, 2 * len, der, len, &out->derlen) != EH_OK)
		f->err = EH_ERR_INTERNAL;	/* the form was checked */
	out->der = der;
}

static void
fill_extension(struct fill *f, const struct doc_extension *doc,
    struct eh_source_extension *out)
{
	if (doc->extension == EH_SCHEMA_NONE)
		return;
	out->kind = (enum eh_extension_kind)doc->extension;
	out->critical = (uint8_t)doc->critical;
	out->ca = (uint8_t)doc->ca;
	switch (out->kind) {
	case EH_EXTENSION_BASIC_CONSTRAINTS:
		if (doc->path_length == EH_SCHEMA_ABSENT)
			break;
		out->path_length_given = 1;
		out->path_length = (uint8_t)doc->path_length;
		break;
	case EH_EXTENSION_KEY_USAGE:
		fill_bits(f, doc, out);
		break;
	case EH_EXTENSION_EXT_KEY_USAGE:
	case EH_EXTENSION_POLICIES:
		for (size_t i = 0; i < doc->noids; i++)
			out->oid[out->oids++] = doc->oids[i];
		break;
	case EH_EXTENSION_SUBJECT_ALT_NAME:
		fill_alt_names(f, doc, out);
		break;
	case EH_EXTENSION_DER:
		fill_der(f, doc, out);
		break;
	case EH_EXTENSION_SUBJECT_KEY_ID:
	case EH_EXTENSION_AUTHORITY_KEY_ID:
		break;
	}
}

int
eh_profile_template_fill(const struct doc_spec *spec,
    const struct doc_template *doc, struct eh_template_source *out,
    struct eh_arena *arena, struct eh_report *report)
{
	struct fill f = { .spec = spec, .arena = arena, .report = report };

	fill_dates(&f, doc, out);
	for (size_t i = 0; i < doc->nsubject; i++) {
		struct eh_source_attribute *to =
		    &out->attribute[out->attributes++];

		to->attribute = doc->subject[i].attribute;
		if (doc->subject[i].string != EH_SCHEMA_NONE)
			to->string = (uint8_t)doc->subject[i].string;
		fill_text(&f, doc->subject[i].value, &to->value);
	}
	for (size_t i = 0; i < doc->nextensions; i++)
		fill_extension(&f, &doc->extensions[i],
		    &out->extension[out->extensions++]);
	if (doc->signature != EH_SCHEMA_NONE)
		out->sig_alg = doc->signature;
	return f.err;
}
