/* SPDX-License-Identifier: Apache-2.0 */
/* profile_fill.c - the rules between the fields of a profile, and its source
 * for the compiler. */
#include "config.h"

#include <string.h>

#include "common/hex.h"
#include "common/x509/pattern.h"
#include "orchestrator/conf/profile_private.h"
#include "orchestrator/conf/profile_template.h"

static const struct eh_yaml_node *
at(const struct eh_yaml_node *map, const char *key)
{
	const struct eh_yaml_node *member = eh_yaml_member(map, key);

	return member != NULL ? member : map;
}

/* One end of a range: as long as the pattern, and of it. */
static void
check_range_end(struct eh_report *report, const struct eh_yaml_node *node,
    const struct eh_pattern *pattern, const char *text)
{
	size_t len = strlen(text), where;

	if (eh_pattern_check(
		pattern, (const uint8_t *)text, len, &where) == EH_OK)
		return;
	if (len != eh_pattern_length(pattern))
		eh_report_error(report, node,
		    "'%.64s' has %zu characters, the pattern has %zu", text,
		    len, eh_pattern_length(pattern));
	else
		eh_report_error(report, node,
		    "'%.64s' is not of the pattern at character %zu", text,
		    where + 1);
}

/* Pattern and range of the identity or an input. */
static void
check_input(struct eh_report *report, const struct doc_input *input,
    size_t max)
{
	const struct eh_yaml_node *node = at(input->node, "pattern");
	const struct eh_yaml_node *range = at(input->node, "range");
	struct eh_pattern pattern;
	struct eh_error error;
	size_t len;

	if (input->pattern == NULL || input->pattern[0] == '\0')
		return;
	eh_error_clear(&error);
	if (eh_pattern_parse(&pattern, input->pattern, &error) != EH_OK) {
		eh_report_error(report, node, "%s", eh_error_sentence(&error));
		return;
	}
	len = eh_pattern_length(&pattern);
	if (len > max)
		eh_report_error(report, node,
		    "the pattern is %zu characters long: at most %zu", len,
		    max);
	if (input->nrange != 2)
		return;
	for (size_t i = 0; i < 2; i++)
		check_range_end(report, range, &pattern, input->range[i]);
	if (strcmp(input->range[0], input->range[1]) > 0)
		eh_report_error(report, range,
		    "'%.64s' is above '%.64s': the lowest comes first",
		    input->range[0], input->range[1]);
}

static void
fill_identity(const struct doc_spec *spec, struct eh_profile_source *source,
    struct eh_report *report)
{
	const struct doc_input *identity = spec->identity;

	if (identity == NULL)
		return;
	check_input(report, identity, EH_DEVICE_ID_MAX);
	source->identity.kind = identity->id;
	source->identity.pattern = identity->pattern;
	source->identity.source = identity->source;
	if (identity->nrange == 2) {
		source->identity.lo = identity->range[0];
		source->identity.hi = identity->range[1];
	}
}

static void
fill_inputs(const struct doc_spec *spec, struct eh_profile_source *source,
    struct eh_report *report)
{
	for (size_t i = 0; i < spec->ninputs; i++) {
		const struct doc_input *input = &spec->inputs[i];
		struct eh_source_input *out = &source->input[i];

		check_input(report, input, EH_TEMPLATE_INPUT);
		if (eh_words_find(eh_words_field, input->id) != NULL)
			eh_report_error(report, at(input->node, "id"),
			    "'%s' is the name of a field already", input->id);
		out->id = input->id;
		out->pattern = input->pattern;
		out->source = input->source;
		if (input->nrange == 2) {
			out->lo = input->range[0];
			out->hi = input->range[1];
		}
		source->inputs++;
	}
}

static int
key_is_used(const struct doc_spec *spec, const char *id)
{
	for (size_t i = 0; i < spec->ncertificates; i++)
		if (strcmp(spec->certificates[i].key, id) == 0)
			return 1;
	return 0;
}

static void
fill_keys(const struct doc_spec *spec, struct eh_profile_source *source,
    struct eh_report *report)
{
	for (size_t i = 0; i < spec->nkeys; i++) {
		const struct doc_key *key = &spec->keys[i];
		struct eh_source_key *out = &source->key[i];

		if (key->id[0] != '\0' && !key_is_used(spec, key->id))
			eh_report_warning(report, key->node,
			    "no certificate is for key '%s'", key->id);
		out->id = key->id;
		out->algorithm = key->algorithm == EH_SCHEMA_NONE ?
		    0 : (uint8_t)key->algorithm;
		out->generated_in = key->generated_in;
		source->keys++;
	}
}

static void
check_key(const struct doc_spec *spec, const struct doc_certificate *cert,
    struct eh_report *report)
{
	const char *names[EH_SOURCE_KEYS];
	size_t i;

	for (i = 0; i < spec->nkeys; i++) {
		names[i] = spec->keys[i].id;
		if (strcmp(names[i], cert->key) == 0)
			return;
	}
	if (cert->key[0] != '\0')
		eh_schema_unknown_name(
		    report, at(cert->node, "key"), "key", names, i);
}

static int
fill_certificates(const struct doc_spec *spec,
    struct eh_profile_source *source, struct eh_arena *arena,
    struct eh_report *report)
{
	int err = EH_OK;

	for (size_t i = 0; i < spec->ncertificates && err == EH_OK; i++) {
		const struct doc_certificate *cert = &spec->certificates[i];
		struct eh_template_source *out = &source->certificate[i];

		check_key(spec, cert, report);
		out->id = cert->id;
		out->standard = cert->standard == EH_SCHEMA_NONE ?
		    0 : (uint8_t)cert->standard;
		out->key = cert->key;
		out->issuer_key = cert->issuer->key;
		err = eh_profile_template_fill(
		    spec, cert->template, out, arena, report);
		source->certificates++;
	}
	return err;
}

static void
fill_secrets(const struct doc_spec *spec, struct eh_profile_source *source)
{
	for (size_t i = 0; i < spec->nsecrets; i++) {
		const struct doc_secret *secret = &spec->secrets[i];
		struct eh_source_secret *out = &source->secret[i];

		out->id = secret->id;
		out->kdf = secret->kdf == EH_SCHEMA_NONE ?
		    0 : (uint8_t)secret->kdf;
		out->root = secret->root;
		out->size = secret->size == EH_SCHEMA_ABSENT ?
		    0 : (uint8_t)secret->size;
		out->wrap = secret->wrap == EH_SCHEMA_NONE ?
		    0 : (uint8_t)secret->wrap;
		for (size_t k = 0; k < secret->context->count; k++) {
			const struct eh_value_part *part =
			    &secret->context->parts[k];
			struct eh_piece *piece = &out->context[k];

			piece->text = part->text;
			piece->kind = EH_PIECE_TEXT;
			if (part->is_field && part->field != EH_SCHEMA_NONE)
				piece->kind = (enum eh_piece_kind)part->field;
			out->contexts++;
		}
		source->secrets++;
	}
}

static void
check_certificate_object(const struct doc_spec *spec,
    const struct doc_injection *injection, const char *id,
    struct eh_report *report)
{
	static const char *const firmware_only[] = {
		"version", "file", "sha256",
	};
	const char *names[EH_PROFILE_TEMPLATES];
	const struct eh_yaml_node *member;
	size_t i, known = 0;

	for (i = 0; i < spec->ncertificates; i++) {
		names[i] = spec->certificates[i].id;
		known += strcmp(names[i], id) == 0;
	}
	/* The suggestion is of ids; the node holds the whole object. */
	if (known == 0)
		eh_report_error(report, at(injection->node, "object"),
		    "no certificate '%.64s'", id);
	for (i = 0; i < 3; i++) {
		member = eh_yaml_member(injection->node, firmware_only[i]);
		if (member != NULL)
			eh_report_error_key(report, member,
			    "a certificate has no '%s'", firmware_only[i]);
	}
}

static void
check_object(const struct doc_spec *spec,
    const struct doc_injection *injection, struct eh_report *report)
{
	static const char certificate[] = "certificate/";
	const struct eh_yaml_node *node = at(injection->node, "object");
	const char *object = injection->object;

	if (object[0] == '\0')
		return;
	if (strncmp(object, certificate, sizeof(certificate) - 1) == 0)
		check_certificate_object(spec, injection,
		    object + sizeof(certificate) - 1, report);
	else if (strncmp(object, "secret/", 7) == 0 ||
	    strncmp(object, "firmware/", 9) == 0)
		eh_report_error(report, node,
		    "'%s' is not built yet (built: certificate/ID)", object);
	else
		eh_report_error(report, node,
		    "'%.64s' is none of: certificate/ID, secret/ID, "
		    "firmware/ID",
		    object);
}

static void
check_place(const struct doc_spec *spec, size_t i, struct eh_report *report)
{
	const struct doc_injection *injection = &spec->injections[i];
	const struct doc_injection *other = spec->injections;
	const struct eh_yaml_node *node;

	for (; other < injection; other++) {
		node = at(other->node, "place");
		if (injection->place[0] == '\0' ||
		    strcmp(other->place, injection->place) != 0)
			continue;
		eh_report_error(report, at(injection->node, "place"),
		    "place '%s' holds '%.64s' already (at %u:%u)",
		    injection->place, other->object, node->line, node->column);
		return;
	}
}

static void
fill_injections(const struct doc_spec *spec, struct eh_profile_source *source,
    struct eh_report *report)
{
	for (size_t i = 0; i < spec->ninjections; i++) {
		const struct doc_injection *injection = &spec->injections[i];
		struct eh_source_injection *out = &source->injection[i];

		check_object(spec, injection, report);
		check_place(spec, i, report);
		out->object = injection->object;
		out->place = injection->place;
		out->version = injection->version;
		out->file = injection->file;
		out->verify = injection->verify;
		/* The form was checked: what does not decode was reported. */
		if (injection->sha256 != NULL &&
		    eh_hex_decode_fixed(injection->sha256, out->sha256,
			sizeof(out->sha256)) == EH_OK)
			out->sha256_given = 1;
		source->injections++;
	}
}

static void
fill_debug(const struct doc_debug *debug, struct eh_source_debug *out)
{
	if (debug == NULL)
		return;
	out->given = 1;
	out->final_state = debug->final_state;
	out->lifecycle = debug->lifecycle;
	out->method = debug->method;
	for (size_t i = 0; i < debug->npermissions; i++)
		out->permission[out->permissions++] = debug->permissions[i];
	if (debug->max_session != EH_SCHEMA_ABSENT)
		out->max_session = (uint32_t)(debug->max_session / 1000);
}

static void
fill_record(const struct doc_record *record, struct eh_profile_source *source,
    struct eh_report *report)
{
	if (record == NULL)
		return;
	for (size_t i = 0; i < record->nfields; i++) {
		for (size_t k = 0; k < i; k++)
			if (record->fields[i][0] != '\0' &&
			    strcmp(record->fields[i], record->fields[k]) == 0)
				eh_report_error(report,
				    at(record->node, "fields"),
				    "'%s' stands twice", record->fields[i]);
		source->record[source->records++] = record->fields[i];
	}
}

int
eh_conf_profile_fill(const struct doc_profile *doc,
    struct eh_profile_source *source, struct eh_arena *arena,
    struct eh_report *report)
{
	const struct doc_metadata *metadata = doc->metadata;
	const struct doc_spec *spec = doc->spec;

	source->name = metadata->name;
	if (metadata->version != EH_SCHEMA_ABSENT)
		source->version = (uint32_t)metadata->version;
	if (metadata->product != NULL) {
		source->manufacturer = metadata->product->manufacturer;
		source->model = metadata->product->model;
		source->revision = metadata->product->revision;
	}
	if (spec->evidence != EH_SCHEMA_NONE)
		source->evidence = (uint8_t)spec->evidence;
	fill_identity(spec, source, report);
	fill_inputs(spec, source, report);
	fill_keys(spec, source, report);
	fill_secrets(spec, source);
	fill_injections(spec, source, report);
	fill_debug(spec->debug, &source->debug);
	fill_record(spec->record, source, report);
	return fill_certificates(spec, source, arena, report);
}
