/* SPDX-License-Identifier: Apache-2.0 */
/* conf_lines.c - the lines of edgehsm.conf, one key after the other. */
#include "config.h"

#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf_lines.h"
#include "common/suggest.h"

#define ENV_PREFIX  "backend.env."
#define ROLES_MAX   64
#define SEGMENT_MIN (UINT64_C(1) << 20)
#define SEGMENT_MAX (UINT64_C(64) << 20)
#define BLOCK       4096

/* Of a long path the end tells more; the sentence must still fit behind it. */
#define PATH_SHOWN 120

int
eh_conf_lines_refuse(
    const struct eh_conf_lines *r, unsigned line, const char *format, ...)
{
	char text[EH_ERROR_TEXT], where[16] = "";
	const char *path = r->path, *cut = "";
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (path == NULL)
		return eh_error_set(r->error, EH_ERR_CONFIG, "%s", text);
	if (strlen(path) > PATH_SHOWN) {
		path += strlen(path) - PATH_SHOWN;
		cut = "...";
	}
	if (line > 0)
		snprintf(where, sizeof(where), "%u:", line);
	return eh_error_set(r->error, EH_ERR_CONFIG, "%s%s:%s %s", cut, path,
	    where, text);
}

static int
out_of_memory(const struct eh_conf_lines *r)
{
	return eh_error_set(r->error, EH_ERR_MEMORY, "out of memory");
}

/* How each key takes its value; ${at} is the place in the struct. */
typedef int set_fn(
    struct eh_conf_lines *, const char *key, const char *value, void *at);

static int
set_text(struct eh_conf_lines *r, const char *key, const char *value, void *at)
{
	char **textp = at;

	(void)key;
	if ((*textp = strdup(value)) == NULL)
		return out_of_memory(r);
	return EH_OK;
}

/* Is one of the components of ${path} ".."? */
static int
climbs(const char *path)
{
	for (const char *p = path; (p = strstr(p, "/..")) != NULL; p += 3)
		if (p[3] == '/' || p[3] == '\0')
			return 1;
	return 0;
}

static int
set_path(struct eh_conf_lines *r, const char *key, const char *value, void *at)
{
	char **textp = at;
	size_t len;
	int err;

	if (value[0] != '/')
		return eh_conf_lines_refuse(r, r->now,
		    "%s must be an absolute path, not '%s'", key, value);
	if (strlen(value) >= PATH_MAX)
		return eh_conf_lines_refuse(r, r->now,
		    "%s is longer than a path can be", key);
	if (climbs(value))
		return eh_conf_lines_refuse(r, r->now,
		    "%s must be a path without '..', not '%s'", key, value);
	if ((err = set_text(r, key, value, at)) != EH_OK)
		return err;
	for (len = strlen(*textp); len > 1 && (*textp)[len - 1] == '/'; len--)
		(*textp)[len - 1] = '\0';
	return EH_OK;
}

static int
set_socket(
    struct eh_conf_lines *r, const char *key, const char *value, void *at)
{
	size_t len = strlen(value);

	if (len > EH_CONF_SOCKET_MAX)
		return eh_conf_lines_refuse(r, r->now, EH_CONF_SOCKET_TOO_LONG,
		    len, EH_CONF_SOCKET_MAX);
	return set_path(r, key, value, at);
}

/* Which way to a TPM ${tcti} names; -1 for none that we know. */
static int
reach_of(const char *tcti)
{
	if (strncmp(tcti, "device:/", 8) == 0)
		return EH_CONF_TCTI_DEVICE;
	if (strncmp(tcti, "swtpm:", 6) != 0 && strncmp(tcti, "mssim:", 6) != 0)
		return -1;
	if (strncmp(tcti + 6, "path=", 5) != 0)
		return EH_CONF_TCTI_INET;
	return tcti[11] == '/' ? EH_CONF_TCTI_UNIX : -1;
}

/* The handle and the TCTI behind it, "0x01800200:device:/dev/tpmrm0". */
static int
read_tpm(struct eh_conf_lines *r, const char *key, const char *text,
    uint32_t first, uint32_t last, uint32_t *indexp, const char **tctip,
    enum eh_conf_tcti *reachp)
{
	unsigned long number;
	char *end = NULL;
	int reach;

	number = strncmp(text, "0x", 2) == 0 &&
	    isxdigit((unsigned char)text[2]) ? strtoul(text, &end, 16) : 0;
	if (number < first || number > last || end - text != 10 || *end != ':')
		return eh_conf_lines_refuse(r, r->now, "%s: INDEX must be "
		    "0x%08x to 0x%08x with all its digits and a colon behind "
		    "it, not '%s'", key, first, last, text);
	if ((reach = reach_of(end + 1)) < 0)
		return eh_conf_lines_refuse(r, r->now, "%s: TCTI must be "
		    "device:/PATH, swtpm:path=/PATH, swtpm:host=HOST,port=PORT "
		    "or the same with mssim, not '%s'", key, end + 1);
	*indexp = (uint32_t)number;
	*tctip = end + 1;
	*reachp = (enum eh_conf_tcti)reach;
	return EH_OK;
}

/* Who makes an index, and in which range (TCG, Registry of Reserved TPM 2.0
 * Handles). */
static const struct {
	const char *prefix;
	enum eh_conf_anchor anchor;
	uint32_t first, last;
} tpm_modes[] = {
	{ "tpm:owner:", EH_CONF_ANCHOR_TPM_OWNER, 0x01800000, 0x01bffffe },
	{ "tpm:platform:", EH_CONF_ANCHOR_TPM_PLATFORM, 0x01400000,
	    0x017fffff },
};

/* tpm:MODE:INDEX:TCTI */
static int
set_tpm(struct eh_conf_lines *r, const char *key, const char *value)
{
	const size_t modes = sizeof(tpm_modes) / sizeof(tpm_modes[0]);
	struct eh_conf *c = r->conf;
	const char *tcti;
	size_t m = 0;
	int err;

	while (m < modes && strncmp(value, tpm_modes[m].prefix,
			strlen(tpm_modes[m].prefix)) != 0)
		m++;
	if (m == modes)
		return eh_conf_lines_refuse(r, r->now, "%s must be "
		    "tpm:owner:INDEX:TCTI or tpm:platform:INDEX:TCTI, not '%s'",
		    key, value);
	if ((err = read_tpm(r, key, value + strlen(tpm_modes[m].prefix),
	         tpm_modes[m].first, tpm_modes[m].last, &c->anchor_index,
	         &tcti, &c->anchor_reach)) != EH_OK)
		return err;
	c->anchor = tpm_modes[m].anchor;
	if ((c->anchor_tpm = strdup(value)) == NULL ||
	    (c->anchor_tcti = strdup(tcti)) == NULL)
		return out_of_memory(r);
	return EH_OK;
}

/* tpm2:INDEX:TCTI; 64 indexes from INDEX on are those of the owner. */
static int
set_issuing(
    struct eh_conf_lines *r, const char *key, const char *value, void *at)
{
	struct eh_conf *c = r->conf;
	char **tctip = at;
	const char *tcti;
	int err;

	if (strncmp(value, "tpm2:", 5) != 0)
		return eh_conf_lines_refuse(r, r->now,
		    "%s must be tpm2:INDEX:TCTI, not '%s'", key, value);
	if ((err = read_tpm(r, key, value + 5, 0x01800000, 0x01bfffc0,
	         &c->issuing_index, &tcti, &c->issuing_reach)) != EH_OK)
		return err;
	if ((*tctip = strdup(tcti)) == NULL)
		return out_of_memory(r);
	return EH_OK;
}

static int
set_anchor(
    struct eh_conf_lines *r, const char *key, const char *value, void *at)
{
	if (strncmp(value, "tpm:", 4) == 0)
		return set_tpm(r, key, value);
	if (strncmp(value, "file:", 5) != 0)
		return eh_conf_lines_refuse(r, r->now, "%s must be file:PATH "
		    "or tpm:MODE:INDEX:TCTI, not '%s'", key, value);
	r->conf->anchor = EH_CONF_ANCHOR_FILE;
	return set_path(r, key, value + 5, at);
}

static int
set_autostart(
    struct eh_conf_lines *r, const char *key, const char *value, void *at)
{
	int *yesp = at;

	if (strcmp(value, "no") == 0) {
		*yesp = 0;
		return EH_OK;
	}
	if (strcmp(value, "yes") != 0)
		return eh_conf_lines_refuse(r, r->now,
		    "%s must be yes or no, not '%s'", key, value);
	if (r->conf->origin == EH_CONF_SYSTEM)
		return eh_conf_lines_refuse(r, r->now,
		    "%s = yes is not allowed in the system-wide file: "
		    "start edgehsmd as a service", key);
	*yesp = 1;
	return EH_OK;
}

/* The number that ${text} begins with; ${endp} points behind its digits.  More
 * than 18 digits give UINT64_MAX. */
static uint64_t
number(const char *text, const char **endp)
{
	uint64_t v = 0;
	const char *c;

	for (c = text; *c >= '0' && *c <= '9'; c++)
		v = c - text < 18 ? v * 10 + (uint64_t)(*c - '0') : UINT64_MAX;
	*endp = c;
	return v;
}

static int
set_segment(
    struct eh_conf_lines *r, const char *key, const char *value, void *at)
{
	const char *end;
	uint64_t v = number(value, &end), unit = 1;
	uint32_t *bytesp = at;

	if (*end == 'K' || *end == 'M')
		unit = UINT64_C(1) << (*end++ == 'K' ? 10 : 20);
	/* No digits give 0, which is too small in any unit. */
	if (*end != '\0' || v > SEGMENT_MAX / unit || v * unit < SEGMENT_MIN ||
	    v * unit % BLOCK != 0)
		return eh_conf_lines_refuse(r, r->now,
		    "%s must be 1M to 64M, a multiple of %d bytes, not '%s'",
		    key, BLOCK, value);
	*bytesp = (uint32_t)(v * unit);
	return EH_OK;
}

static int
set_verify(
    struct eh_conf_lines *r, const char *key, const char *value, void *at)
{
	enum eh_conf_verify *verifyp = at;

	if (strcmp(value, "always") == 0)
		*verifyp = EH_CONF_VERIFY_ALWAYS;
	else if (strcmp(value, "start") == 0)
		*verifyp = EH_CONF_VERIFY_START;
	else
		return eh_conf_lines_refuse(r, r->now,
		    "%s must be always or start, not '%s'", key, value);
	return EH_OK;
}

/* Read one entry of a list of roles, NUL-ended and trimmed. */
static int
add_who(struct eh_conf_lines *r, const char *key, const char *entry,
    struct eh_conf_roles *roles)
{
	struct eh_conf_who *who = &roles->who[roles->n];
	const char *name = entry, *end;
	uint64_t id;

	memset(who, 0, sizeof(*who));
	who->line = r->now;
	who->kind = EH_CONF_WHO_USER;
	if (strncmp(entry, "user:", 5) == 0) {
		name = entry + 5;
	} else if (strncmp(entry, "group:", 6) == 0) {
		who->kind = EH_CONF_WHO_GROUP;
		name = entry + 6;
	}
	id = number(name, &end);
	/* -1 is what the system takes for "no such id". */
	if (*end == '\0' && end != name && id < UINT32_MAX) {
		who->id = (uint32_t)id;
		who->resolved = 1;
	} else if (name == entry || *end == '\0' ||
	    strpbrk(name, ": \t") != NULL) {
		return eh_conf_lines_refuse(r, r->now,
		    "%s: '%s' must be user:NAME, group:NAME or a uid", key,
		    entry);
	}
	if ((who->name = strdup(name)) == NULL)
		return out_of_memory(r);
	roles->n++;
	return EH_OK;
}

/* Cut the white space off both ends of ${text}, in place. */
static char *
trim(char *text)
{
	size_t len;

	text += strspn(text, " \t");
	for (len = strlen(text); len > 0; len--)
		if (text[len - 1] != ' ' && text[len - 1] != '\t')
			break;
	text[len] = '\0';
	return text;
}

static int
set_roles(struct eh_conf_lines *r, const char *key, const char *value, void *at)
{
	struct eh_conf_roles *roles = at;
	char *copy = strdup(value), *rest = copy, *entry;
	int err = EH_OK;

	roles->who = calloc(ROLES_MAX, sizeof(roles->who[0]));
	if (copy == NULL || roles->who == NULL)
		err = out_of_memory(r);
	while (err == EH_OK && (entry = strsep(&rest, ",")) != NULL) {
		if (roles->n == ROLES_MAX)
			err = eh_conf_lines_refuse(r, r->now,
			    "%s has more than %d entries; use a group", key,
			    ROLES_MAX);
		else
			err = add_who(r, key, trim(entry), roles);
	}
	free(copy);
	return err;
}

/* Add the environment variable ${name} of the backend. */
static int
set_env(struct eh_conf_lines *r, const char *name, const char *value)
{
	struct eh_conf *c = r->conf;
	struct eh_conf_env *more;

	if (!isalpha((unsigned char)name[0]) && name[0] != '_')
		return eh_conf_lines_refuse(r, r->now,
		    "'%s' is not a name for an environment variable", name);
	for (const char *p = name; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && *p != '_')
			return eh_conf_lines_refuse(r, r->now, "'%s' is not a "
			    "name for an environment variable", name);
	for (size_t i = 0; i < c->backend_nenv; i++)
		if (strcmp(c->backend_env[i].name, name) == 0)
			return eh_conf_lines_refuse(r, r->now,
			    ENV_PREFIX "%s is set twice", name);
	more = realloc(
	    c->backend_env, (c->backend_nenv + 1) * sizeof(more[0]));
	if (more == NULL)
		return out_of_memory(r);
	c->backend_env = more;
	more += c->backend_nenv++;
	more->name = strdup(name);
	more->value = strdup(value);
	return more->name != NULL && more->value != NULL ? EH_OK :
							   out_of_memory(r);
}

/* All keys but backend.env.NAME.  The first are in the order of enum
 * eh_conf_key. */
/* clang-format off */
#define PLACE(member) offsetof(struct eh_conf, member)
static const struct {
	const char *name;
	set_fn *set;
	size_t at;
} keys[] = {
	{ "state",            set_path,      PLACE(state) },
	{ "anchor",           set_anchor,    PLACE(anchor_path) },
	{ "socket",           set_socket,    PLACE(socket) },
	{ "daemon",           set_path,      PLACE(daemon) },
	{ "autostart",        set_autostart, PLACE(autostart) },
	{ "segment",          set_segment,   PLACE(segment) },
	{ "backend.module",   set_path,      PLACE(backend_module) },
	{ "backend.token",    set_text,      PLACE(backend_token) },
	{ "backend.pin-file", set_path,      PLACE(backend_pin_file) },
	{ "backend.verify",   set_verify,    PLACE(backend_verify) },
	{ "backend.issuing",  set_issuing,   PLACE(issuing_tcti) },
	{ "operators",        set_roles,     PLACE(operators) },
	{ "officers",         set_roles,     PLACE(officers) },
	{ "auditors",         set_roles,     PLACE(auditors) },
};
/* clang-format on */

#define NKEYS (sizeof(keys) / sizeof(keys[0]))

_Static_assert(NKEYS <= EH_CONF_KEYS_MAX, "a line number for each key");

static int
unknown_key(const struct eh_conf_lines *r, const char *key)
{
	const char *words[NKEYS], *meant;

	for (size_t i = 0; i < NKEYS; i++)
		words[i] = keys[i].name;
	if ((meant = eh_suggest(key, words, NKEYS)) == NULL)
		return eh_conf_lines_refuse(
		    r, r->now, "unknown key '%s'", key);
	return eh_conf_lines_refuse(
	    r, r->now, "unknown key '%s'; did you mean '%s'?", key, meant);
}

/* People write comments behind values; a path that ends in one is found nowhere
 * and nobody sees why. */
static int
has_comment(const char *value)
{
	return value[0] == '#' || strstr(value, " #") != NULL ||
	    strstr(value, "\t#") != NULL;
}

static int
set_key(struct eh_conf_lines *r, const char *key, const char *value)
{
	size_t i = 0;

	if (strncmp(key, ENV_PREFIX, sizeof(ENV_PREFIX) - 1) == 0)
		return set_env(r, key + sizeof(ENV_PREFIX) - 1, value);
	while (i < NKEYS && strcmp(keys[i].name, key) != 0)
		i++;
	if (i == NKEYS)
		return unknown_key(r, key);
	if (r->line[i] != 0)
		return eh_conf_lines_refuse(r, r->now,
		    "%s is set already on line %u", key, r->line[i]);
	if (keys[i].set != set_text && has_comment(value))
		return eh_conf_lines_refuse(r, r->now,
		    "%s: a comment stands on a line of its own", key);
	r->line[i] = r->now;
	return keys[i].set(r, key, value, (char *)r->conf + keys[i].at);
}

/* Read one line, NUL-ended, without its newline. */
static int
read_line(struct eh_conf_lines *r, char *line)
{
	char *value;

	for (const char *c = line; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 && *c != '\t')
			return eh_conf_lines_refuse(r, r->now,
			    "control character 0x%02x", (unsigned char)*c);
	line = trim(line);
	if (line[0] == '\0' || line[0] == '#')
		return EH_OK;
	if ((value = strchr(line, '=')) == NULL)
		return eh_conf_lines_refuse(
		    r, r->now, "'%s' is not of the form key = value", line);
	*value++ = '\0';
	line = trim(line);
	value = trim(value);
	if (value[0] == '\0')
		return eh_conf_lines_refuse(
		    r, r->now, "%s has no value", line);
	return set_key(r, line, value);
}

int
eh_conf_lines_read(struct eh_conf_lines *r, const char *text, size_t len)
{
	char *copy, *rest, *line;
	int err = EH_OK;

	r->now = 0;
	if (memchr(text, '\0', len) != NULL)
		return eh_conf_lines_refuse(
		    r, 0, "a NUL byte: this is not a text file");
	if ((copy = strndup(text, len)) == NULL)
		return out_of_memory(r);
	rest = copy;
	while (err == EH_OK && (line = strsep(&rest, "\n")) != NULL) {
		r->now++;
		err = read_line(r, line);
	}
	free(copy);
	return err;
}
