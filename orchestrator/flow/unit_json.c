/* SPDX-License-Identifier: Apache-2.0 */
/* unit_json.c - unit.json: written for people too, read strictly. */
#include "config.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "orchestrator/flow/unit.h"

#define FORMAT 1

static const struct {
	enum eh_unit_state state;
	const char *name;
} states[] = {
	{ EH_UNIT_OPEN, "open" },
	{ EH_UNIT_GOOD, "good" },
	{ EH_UNIT_REFUSED, "refused" },
	{ EH_UNIT_FAILED, "failed" },
	{ EH_UNIT_SCRAPPED, "scrapped" },
};
#define NSTATES (sizeof(states) / sizeof(states[0]))

const char *
eh_unit_state_name(enum eh_unit_state state)
{
	for (size_t i = 0; i < NSTATES; i++)
		if (states[i].state == state)
			return states[i].name;
	return "unknown";
}

static const char *
outcome_name(enum eh_outcome outcome)
{
	return outcome == EH_OUTCOME_GOOD ? "good" : "scrapped";
}

/* --- writing --- */

static json_t *
hex(const void *bytes, size_t len)
{
	char text[EH_HEX_SIZE(EH_RAWKEY_MAX)];

	eh_hex_encode(bytes, len, text);
	return json_string(text);
}

static json_t *
keys_json(const struct eh_unit *u)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < u->nkeys; i++)
		json_object_set_new(o, u->key[i].id,
		    hex(u->key[i].key.bytes, u->key[i].key.len));
	return o;
}

static json_t *
places_json(const struct eh_unit *u)
{
	json_t *o = json_object();

	for (unsigned i = 0; i < u->nplaces; i++)
		json_object_set_new(o, u->place[i].name,
		    hex(u->place[i].digest, EH_DIGEST_LEN));
	return o;
}

static json_t *
steps_json(const struct eh_unit *u)
{
	json_t *a = json_array();

	for (unsigned i = 0; i < u->nsteps; i++)
		json_array_append_new(a, json_string(u->step[i]));
	return a;
}

/* Members that a unit may lack; NULL is left out. */
static json_t *
authorization_json(const struct eh_unit *u)
{
	if (!u->has_authorization)
		return NULL;
	return json_pack("{s:o, s:s}", "id", hex(u->authorization, EH_ID_LEN),
	    "order", u->order);
}

static json_t *
report_json(const struct eh_unit *u)
{
	if (!u->report.decided)
		return NULL;
	return json_pack("{s:s, s:s, s:I, s:b}", "outcome",
	    outcome_name(u->report.outcome), "reason", u->report.reason, "log",
	    (json_int_t)u->report.log, "written", u->report.written);
}

static json_t *
failure_json(const struct eh_unit *u)
{
	if (u->failure.code == EH_OK)
		return NULL;
	return json_pack("{s:s, s:i, s:s, s:s}", "step", u->failure.step,
	    "number", u->failure.code, "code", eh_err_name(u->failure.code),
	    "text", u->failure.text);
}

char *
eh_unit_encode(const struct eh_unit *u)
{
	json_t *o = json_pack(
	    "{s:i, s:s, s:s, s:i, s:s, s:{s:s, s:I, s:o}, s:o*, s:o*, s:o, s:o,"
	    " s:o, s:o*, s:o*}",
	    "version", FORMAT, "device", u->device, "state",
	    eh_unit_state_name(u->state), "attempt", (int)u->attempt, "line",
	    u->line, "profile", "name", u->profile.name, "version",
	    (json_int_t)u->profile.version, "digest",
	    hex(u->profile.digest, EH_DIGEST_LEN), "authorization",
	    authorization_json(u), "chip",
	    u->has_chip ? hex(u->chip, EH_CHIP_ID_LEN) : NULL, "keys",
	    keys_json(u), "readBack", places_json(u), "steps", steps_json(u),
	    "report", report_json(u), "failure", failure_json(u));
	char *text;

	if (o == NULL)
		return NULL;
	text = json_dumps(o, JSON_INDENT(2));
	json_decref(o);
	return text;
}

/* --- reading --- */

static int
get_text(const char *text, char *out, size_t cap)
{
	if (strlen(text) >= cap)
		return EH_ERR_FORMAT;
	for (const char *c = text; *c != '\0'; c++)
		if (*c < 0x20 || *c == 0x7f)
			return EH_ERR_FORMAT;
	strcpy(out, text);
	return EH_OK;
}

static int
get_hex(const json_t *value, void *out, size_t len)
{
	const char *text = json_string_value(value);

	return text == NULL ? EH_ERR_FORMAT :
			      eh_hex_decode_fixed(text, out, len);
}

static int
get_state(const char *name, enum eh_unit_state *statep)
{
	for (size_t i = 0; i < NSTATES; i++)
		if (strcmp(states[i].name, name) == 0) {
			*statep = states[i].state;
			return EH_OK;
		}
	return EH_ERR_FORMAT;
}

static int
get_keys(struct eh_unit *u, json_t *keys)
{
	uint8_t bytes[EH_P256_POINT_LEN];
	struct eh_rawkey key;
	const char *id;
	json_t *value;
	int err;

	if (!json_is_object(keys))
		return EH_ERR_FORMAT;
	json_object_foreach (keys, id, value)
		if ((err = get_hex(value, bytes, sizeof(bytes))) != EH_OK ||
		    (err = eh_rawkey_set(&key, bytes, sizeof(bytes))) !=
			EH_OK ||
		    (err = eh_unit_note_key(u, id, &key)) != EH_OK)
			return err;
	return EH_OK;
}

static int
get_places(struct eh_unit *u, json_t *places)
{
	uint8_t digest[EH_DIGEST_LEN];
	const char *name;
	json_t *value;
	int err;

	if (!json_is_object(places))
		return EH_ERR_FORMAT;
	json_object_foreach (places, name, value)
		if ((err = get_hex(value, digest, sizeof(digest))) != EH_OK ||
		    (err = eh_unit_note_place(u, name, digest)) != EH_OK)
			return err;
	return EH_OK;
}

static int
get_steps(struct eh_unit *u, const json_t *steps)
{
	const char *id;
	int err;

	if (!json_is_array(steps))
		return EH_ERR_FORMAT;
	for (size_t i = 0; i < json_array_size(steps); i++)
		if ((id = json_string_value(json_array_get(steps, i))) ==
			NULL ||
		    (err = eh_unit_note_step(u, id)) != EH_OK)
			return EH_ERR_FORMAT;
	return EH_OK;
}

static int
get_authorization(struct eh_unit *u, json_t *o)
{
	const char *order;
	json_t *id;

	if (o == NULL)
		return EH_OK;
	u->has_authorization = 1;
	if (json_unpack(o, "{s:o, s:s !}", "id", &id, "order", &order) != 0 ||
	    get_hex(id, u->authorization, EH_ID_LEN) != EH_OK)
		return EH_ERR_FORMAT;
	return get_text(order, u->order, sizeof(u->order));
}

static int
get_report(struct eh_unit *u, json_t *o)
{
	const char *outcome, *reason;
	json_int_t log;
	int written;

	if (o == NULL)
		return EH_OK;
	if (json_unpack(o, "{s:s, s:s, s:I, s:b !}", "outcome", &outcome,
		"reason", &reason, "log", &log, "written", &written) != 0 ||
	    log < 0)
		return EH_ERR_FORMAT;
	u->report.decided = 1;
	u->report.written = (uint8_t)written;
	u->report.log = (uint64_t)log;
	if (strcmp(outcome, outcome_name(EH_OUTCOME_GOOD)) == 0)
		u->report.outcome = EH_OUTCOME_GOOD;
	else if (strcmp(outcome, outcome_name(EH_OUTCOME_SCRAPPED)) == 0)
		u->report.outcome = EH_OUTCOME_SCRAPPED;
	else
		return EH_ERR_FORMAT;
	return get_text(reason, u->report.reason, sizeof(u->report.reason));
}

static int
get_failure(struct eh_unit *u, json_t *o)
{
	const char *step, *code, *text;

	if (o == NULL)
		return EH_OK;
	if (json_unpack(o, "{s:s, s:i, s:s, s:s !}", "step", &step, "number",
		&u->failure.code, "code", &code, "text", &text) != 0 ||
	    u->failure.code >= EH_OK)
		return EH_ERR_FORMAT;
	if (get_text(step, u->failure.step, sizeof(u->failure.step)) != EH_OK)
		return EH_ERR_FORMAT;
	return get_text(text, u->failure.text, sizeof(u->failure.text));
}

static int
get_profile(struct eh_unit *u, json_t *o)
{
	const char *name;
	json_t *digest;
	json_int_t version;

	if (json_unpack(o, "{s:s, s:I, s:o !}", "name", &name, "version",
		&version, "digest", &digest) != 0 ||
	    version < 0 || version > UINT32_MAX ||
	    get_hex(digest, u->profile.digest, EH_DIGEST_LEN) != EH_OK)
		return EH_ERR_FORMAT;
	u->profile.version = (uint32_t)version;
	return get_text(name, u->profile.name, sizeof(u->profile.name));
}

static int
decode(struct eh_unit *u, json_t *root)
{
	json_t *profile, *authorization = NULL, *chip = NULL, *keys, *places;
	json_t *steps, *report = NULL, *failure = NULL;
	const char *device, *state, *line;
	int version, attempt;

	if (json_unpack(root,
		"{s:i, s:s, s:s, s:i, s:s, s:o, s?o, s?o, s:o, s:o, s:o, s?o,"
		" s?o !}",
		"version", &version, "device", &device, "state", &state,
		"attempt", &attempt, "line", &line, "profile", &profile,
		"authorization", &authorization, "chip", &chip, "keys", &keys,
		"readBack", &places, "steps", &steps, "report", &report,
		"failure", &failure) != 0 ||
	    version != FORMAT || attempt < 0)
		return EH_ERR_FORMAT;
	u->attempt = (unsigned)attempt;
	u->has_chip = chip != NULL;
	if (get_text(device, u->device, sizeof(u->device)) != EH_OK ||
	    get_state(state, &u->state) != EH_OK ||
	    get_text(line, u->line, sizeof(u->line)) != EH_OK ||
	    get_profile(u, profile) != EH_OK ||
	    get_authorization(u, authorization) != EH_OK ||
	    (chip != NULL && get_hex(chip, u->chip, EH_CHIP_ID_LEN) != EH_OK) ||
	    get_keys(u, keys) != EH_OK || get_places(u, places) != EH_OK ||
	    get_steps(u, steps) != EH_OK || get_report(u, report) != EH_OK ||
	    get_failure(u, failure) != EH_OK)
		return EH_ERR_FORMAT;
	return EH_OK;
}

int
eh_unit_decode(struct eh_unit *unit, const char *name, const void *text,
    size_t len, struct eh_error *error)
{
	char folder[sizeof(unit->folder)];
	json_error_t why;
	json_t *root = json_loadb(text, len, JSON_REJECT_DUPLICATES, &why);
	int err = EH_ERR_FORMAT;

	memcpy(folder, unit->folder, sizeof(folder));
	memset(unit, 0, sizeof(*unit));
	memcpy(unit->folder, folder, sizeof(folder));
	if (root == NULL)
		eh_error_set(error, err, "%s:%d:%d: %s", name, why.line,
		    why.column, why.text);
	else if ((err = decode(unit, root)) != EH_OK)
		eh_error_set(error, err,
		    "%s is not the state of a unit of this version", name);
	json_decref(root);
	return err;
}
