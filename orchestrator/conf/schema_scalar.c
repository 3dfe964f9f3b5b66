/* SPDX-License-Identifier: Apache-2.0 */
/* schema_scalar.c - the types of single texts. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "common/suggest.h"
#include "orchestrator/conf/schema_scalar.h"

#define WORDS_MAX  64
#define WORDS_FEW  6
#define LIST_MAX   256

const struct eh_schema_form eh_schema_name = {
	"a name",
	"letters, digits and . _ : / -, beginning with a letter or digit, "
	"at most 64",
	"[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}",
};
const struct eh_schema_form eh_schema_id = {
	"an id",
	"lower-case letters, digits and -, beginning with a letter, "
	"at most 32",
	"[a-z][a-z0-9-]{0,31}",
};
const struct eh_schema_form eh_schema_oid = {
	"an object identifier",
	"numbers with dots between them: 1.3.6.1.4.1.55555.1",
	"[0-2](\\.(0|[1-9][0-9]{0,9})){1,20}",
};
const struct eh_schema_form eh_schema_sha256 = {
	"a SHA-256",
	"64 hexadecimal digits",
	"[0-9A-Fa-f]{64}",
};
const struct eh_schema_form eh_schema_hex = {
	"hexadecimal",
	"pairs of digits: 0500",
	"([0-9A-Fa-f][0-9A-Fa-f])+",
};
const struct eh_schema_form eh_schema_file = {
	"a file",
	"a path",
	".{1,255}",
};
const struct eh_schema_form eh_schema_token = {
	"a token's URI",
	"pkcs11: and attributes, as in RFC 7512: pkcs11:token=EdgeHSM-fab1",
	"pkcs11:[^ ]{1,255}",
};

static const struct eh_word booleans[] = {
	{ "true", 1, NULL },
	{ "false", 0, NULL },
	{ NULL, 0, NULL },
};

static const struct eh_word units[] = {
	{ "ms", 1, NULL },
	{ "s", 1000, NULL },
	{ "m", 60 * 1000, NULL },
	{ "h", 60 * 60 * 1000, NULL },
	{ "d", 24 * 60 * 60 * 1000, NULL },
	{ NULL, 0, NULL },
};

void
eh_schema_reader_wipe(struct eh_schema_reader *reader)
{
	for (size_t i = 0; i < reader->nforms; i++)
		regfree(&reader->forms[i].regex);
	reader->nforms = 0;
}

int
eh_schema_word_number(const struct eh_word *words, const char *word)
{
	for (; words->word != NULL; words++)
		if (strcmp(words->word, word) == 0)
			return words->number;
	return EH_SCHEMA_NONE;
}

int
eh_schema_enum_number(const struct eh_schema *row, const char *word)
{
	int number = eh_schema_word_number(
	    row->type == EH_SCHEMA_BOOL ? booleans : row->words, word);

	if (number == EH_SCHEMA_NONE && (row->flags & EH_SCHEMA_OR_OID) != 0 &&
	    eh_words_oid(row->words, word) != NULL)
		return row->oid_number;
	return number;
}

int
eh_schema_word_listed(const char *list, const char *word)
{
	size_t len = strlen(word), part;

	if (list == NULL || len == 0)
		return 0;
	for (;; list += part + 1) {
		part = strcspn(list, "|");
		if (part == len && memcmp(list, word, len) == 0)
			return 1;
		if (list[part] == '\0')
			return 0;
	}
}

/* The words with ", " between them, but those in ${without}. */
static const char *
join(const struct eh_word *words, const char *without, char *out, size_t cap)
{
	size_t at = 0;

	out[0] = '\0';
	for (; words->word != NULL && at < cap; words++)
		if (!eh_schema_word_listed(without, words->word))
			at += (size_t)snprintf(out + at, cap - at, "%s%s",
			    at > 0 ? ", " : "", words->word);
	return out;
}

void
eh_schema_not_one_of(struct eh_schema_reader *reader,
    const struct eh_yaml_node *node, const char *text,
    const struct eh_word *words)
{
	const char *names[WORDS_MAX], *near;
	char list[LIST_MAX];
	size_t n = 0;

	while (n < WORDS_MAX && words[n].word != NULL) {
		names[n] = words[n].word;
		n++;
	}
	near = eh_suggest(text, names, n);
	join(words, NULL, list, sizeof(list));
	if (n <= WORDS_FEW)
		eh_report_error(reader->report, node,
		    "'%.64s' is not one of: %s", text, list);
	else if (near != NULL)
		eh_report_error(reader->report, node,
		    "'%.64s' is not known (did you mean '%s'?)", text, near);
	else
		eh_report_error(reader->report, node,
		    "'%.64s' is not one of: %s", text, list);
}

void
eh_schema_unknown_name(struct eh_report *report,
    const struct eh_yaml_node *node, const char *what,
    const char *const *names, size_t n)
{
	const char *text = eh_yaml_text(node), *near;

	if (text == NULL || text[0] == '\0')
		return;
	near = eh_suggest(text, names, n);
	if (near != NULL)
		eh_report_error(report, node, "no %s '%.64s' (did you mean "
		    "'%s'?)", what, text, near);
	else
		eh_report_error(report, node, "no %s '%.64s'", what, text);
}

/* A whole number in decimal: no sign but -, no leading zeros. */
static int
parse_int(const char *text, int64_t *out)
{
	int negative = text[0] == '-';
	const char *c = text + negative;
	int64_t value = 0;

	if (*c == '\0' || (*c == '0' && (c[1] != '\0' || negative)))
		return 0;
	for (; *c != '\0'; c++) {
		if (*c < '0' || *c > '9' || value > (INT64_MAX - 9) / 10)
			return 0;
		value = value * 10 + (*c - '0');
	}
	*out = negative ? -value : value;
	return 1;
}

static int
parse_duration(const char *text, int64_t *out)
{
	size_t digits = strspn(text, "0123456789");
	char number[16];
	int unit;

	if (digits == 0 || digits > 9)
		return 0;
	memcpy(number, text, digits);
	number[digits] = '\0';
	unit = eh_schema_word_number(units, text + digits);
	if (unit == EH_SCHEMA_NONE || !parse_int(number, out))
		return 0;
	*out *= unit;
	return 1;
}

static void
read_int(struct eh_schema_reader *reader, const struct eh_schema *row,
    const struct eh_yaml_node *node, const char *text, int64_t *slot)
{
	int duration = row->type == EH_SCHEMA_DURATION;
	int64_t value;

	if (!(duration ? parse_duration(text, &value) :
			 parse_int(text, &value))) {
		eh_report_error(reader->report, node, "'%.64s' is not %s", text,
		    duration ? "a duration (500ms, 30s, 5m, 4h, 2d)" :
			       "a whole number");
		return;
	}
	if ((row->min != 0 || row->max != 0) &&
	    (value < row->min || value > row->max)) {
		eh_report_error(reader->report, node,
		    "'%.64s' is not from %" PRId64 " to %" PRId64 "%s", text,
		    row->min, row->max, duration ? " ms" : "");
		return;
	}
	*slot = value;
}

static void
refuse_later(struct eh_schema_reader *reader, const struct eh_schema *row,
    const struct eh_yaml_node *node, const char *text)
{
	char list[LIST_MAX];

	if (eh_schema_word_listed(row->later, text))
		eh_report_error(reader->report, node,
		    "'%s' is not built yet (built: %s)", text,
		    join(row->words, row->later, list, sizeof(list)));
}

/* The word's number goes to the slot, also of one that is not built yet. */
static void
read_enum(struct eh_schema_reader *reader, const struct eh_schema *row,
    const struct eh_yaml_node *node, const char *text, int *slot)
{
	const struct eh_word *words =
	    row->type == EH_SCHEMA_BOOL ? booleans : row->words;
	int number = eh_schema_enum_number(row, text);

	if (number == EH_SCHEMA_NONE) {
		eh_schema_not_one_of(reader, node, text, words);
		return;
	}
	*slot = number;
	refuse_later(reader, row, node, text);
}

static regex_t *
compiled(struct eh_schema_reader *reader, const struct eh_schema_form *form)
{
	char anchored[128];
	size_t i;

	for (i = 0; i < reader->nforms; i++)
		if (reader->forms[i].form == form)
			return &reader->forms[i].regex;
	snprintf(anchored, sizeof(anchored), "^(%s)$", form->pattern);
	if (i == EH_SCHEMA_FORMS ||
	    regcomp(&reader->forms[i].regex, anchored,
		REG_EXTENDED | REG_NOSUB) != 0) {
		reader->err = EH_ERR_MEMORY;
		return NULL;
	}
	reader->forms[i].form = form;
	reader->nforms++;
	return &reader->forms[i].regex;
}

static int
has_control(const char *text)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		if (*c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] <= 0x9f))
			return 1;
	return 0;
}

static void
read_text(struct eh_schema_reader *reader, const struct eh_schema *row,
    const struct eh_yaml_node *node, const char *text, const char **slot)
{
	size_t len = strlen(text);
	regex_t *regex;

	if (has_control(text)) {
		eh_report_error(reader->report, node,
		    "a line break or other control character in a text");
		return;
	}
	if (row->type == EH_SCHEMA_WORD) {
		if (eh_schema_word_number(row->words, text) == EH_SCHEMA_NONE &&
		    ((row->flags & EH_SCHEMA_OR_OID) == 0 ||
			eh_words_oid(row->words, text) == NULL)) {
			eh_schema_not_one_of(reader, node, text, row->words);
			return;
		}
		refuse_later(reader, row, node, text);
	} else if (row->type == EH_SCHEMA_FORM) {
		if ((regex = compiled(reader, row->form)) == NULL)
			return;
		if (regexec(regex, text, 0, NULL, 0) != 0) {
			eh_report_error(reader->report, node,
			    "'%.64s' is not %s (%s)", text, row->form->what,
			    row->form->rule);
			return;
		}
	} else if ((row->min != 0 || row->max != 0) &&
	    (len < (size_t)row->min || len > (size_t)row->max)) {
		eh_report_error(reader->report, node,
		    "a text of %zu bytes: %" PRId64 " to %" PRId64
		    " are allowed",
		    len, row->min, row->max);
		return;
	}
	*slot = text;
}

void
eh_schema_scalar_absent(const struct eh_schema *row, void *slot)
{
	const char *empty =
	    (row->flags & EH_SCHEMA_REQUIRED) != 0 ? "" : NULL;
	int64_t absent = EH_SCHEMA_ABSENT;
	int none = EH_SCHEMA_NONE;

	switch (row->type) {
	case EH_SCHEMA_TEXT:
	case EH_SCHEMA_FORM:
	case EH_SCHEMA_WORD:
		memcpy(slot, &empty, sizeof(empty));
		break;
	case EH_SCHEMA_INT:
	case EH_SCHEMA_DURATION:
		memcpy(slot, &absent, sizeof(absent));
		break;
	case EH_SCHEMA_ENUM:
		memcpy(slot, &none, sizeof(none));
		break;
	case EH_SCHEMA_BOOL:
	case EH_SCHEMA_VALUE:
	case EH_SCHEMA_MAP:
	case EH_SCHEMA_LIST:
	case EH_SCHEMA_ANY:
		break;			/* zero is right */
	}
}

void
eh_schema_scalar_read(struct eh_schema_reader *reader,
    const struct eh_schema *row, const struct eh_yaml_node *node,
    const char *text, void *slot)
{
	eh_schema_scalar_absent(row, slot);
	if (text[0] == '\0' && (node == NULL || !node->quoted)) {
		eh_report_error(reader->report, node, "has no value");
		return;
	}
	switch (row->type) {
	case EH_SCHEMA_INT:
	case EH_SCHEMA_DURATION:
		read_int(reader, row, node, text, slot);
		break;
	case EH_SCHEMA_BOOL:
	case EH_SCHEMA_ENUM:
		read_enum(reader, row, node, text, slot);
		break;
	case EH_SCHEMA_TEXT:
	case EH_SCHEMA_FORM:
	case EH_SCHEMA_WORD:
		read_text(reader, row, node, text, slot);
		break;
	case EH_SCHEMA_VALUE:
	case EH_SCHEMA_MAP:
	case EH_SCHEMA_LIST:
	case EH_SCHEMA_ANY:
		break;			/* no scalars */
	}
}
