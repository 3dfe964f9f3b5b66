/* SPDX-License-Identifier: Apache-2.0 */
/* conf.c - edgehsm.conf: where the daemon and the module look for things. */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/buf.h"
#include "common/conf.h"
#include "common/conf_lines.h"
#include "common/file.h"

#define FILE_MAX       65536
#define SEGMENT        (UINT32_C(16) << 20)
#define NAME           "edgehsm/edgehsm.conf"
#define SYSTEM_STATE   "/var/lib/edgehsm"
#define SYSTEM_SOCKET  "/run/edgehsm/edgehsm.sock"
#define ANCHOR_SUFFIX  "-anchor"

/* A malloc'd text made from ${format}, or NULL. */
static char *
text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));

static char *
text_of(const char *format, ...)
{
	va_list args;
	char *text;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	return n < 0 ? NULL : text;
}

static int
out_of_memory(struct eh_error *error)
{
	return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
}

/* The folder that the environment variable ${name} gives, else ${below_home} in
 * the home folder; malloc'd, or NULL when neither is set. */
static char *
xdg(const char *name, const char *below_home)
{
	const char *value = secure_getenv(name);

	if (value != NULL && value[0] == '/')
		return strdup(value);
	value = secure_getenv("HOME");
	if (below_home == NULL || value == NULL || value[0] != '/')
		return NULL;
	return text_of("%s/%s", value, below_home);
}

/* Give ${*textp} the value ${text} (malloc'd) unless it has one. */
static void
set_default(char **textp, char *text)
{
	if (*textp == NULL)
		*textp = text;
	else
		free(text);
}

static int
system_defaults(struct eh_conf_lines *r)
{
	struct eh_conf *c = r->conf;

	if (c->anchor_path == NULL && c->anchor_tpm == NULL)
		return eh_conf_lines_refuse(r, 0,
		    "anchor is missing: the system-wide file must name one, "
		    "outside the state folder");
	set_default(&c->state, strdup(SYSTEM_STATE));
	set_default(&c->socket, strdup(SYSTEM_SOCKET));
	return c->state != NULL && c->socket != NULL ? EH_OK :
						       out_of_memory(r->error);
}

static int
user_defaults(struct eh_conf_lines *r)
{
	struct eh_conf *c = r->conf;
	char *state = xdg("XDG_STATE_HOME", ".local/state");
	char *run = xdg("XDG_RUNTIME_DIR", NULL);
	int err = EH_OK;

	if (c->state == NULL && state == NULL) {
		err = eh_conf_lines_refuse(r, 0, "there is no state folder: "
		    "neither the key state nor XDG_STATE_HOME nor HOME is set");
		goto out;
	}
	if (c->state == NULL)
		c->state = text_of("%s/edgehsm", state);
	if (c->state == NULL) {
		err = out_of_memory(r->error);
		goto out;
	}
	if (c->socket == NULL)
		c->socket = run != NULL ?
		    text_of("%s/edgehsm/edgehsm.sock", run) :
		    text_of("%s/edgehsm.sock", c->state);
	if (c->anchor == EH_CONF_ANCHOR_FILE && c->anchor_path == NULL)
		c->anchor_path = text_of("%s" ANCHOR_SUFFIX, c->state);
	if (c->socket == NULL ||
	    (c->anchor == EH_CONF_ANCHOR_FILE && c->anchor_path == NULL))
		err = out_of_memory(r->error);
out:
	free(state);
	free(run);
	return err;
}

/* Append the components of ${path} to ${out}, each behind one slash: "a//b/./c"
 * is "a/b/c", and ".." takes one away. */
static void
append_components(char out[2 * PATH_MAX], const char *path)
{
	size_t len = strlen(out), n;

	for (; *path != '\0'; path += n) {
		path += strspn(path, "/");
		n = strcspn(path, "/");
		if (n == 2 && memcmp(path, "..", 2) == 0) {
			while (len > 0 && out[--len] != '/')
				continue;
			out[len] = '\0';
		} else if (n > 0 && !(n == 1 && *path == '.') &&
		    len + n + 2 <= 2 * PATH_MAX) {
			snprintf(out + len, n + 2, "/%s", path);
			len += n + 1;
		}
	}
}

/*
 * Write to ${out} where ${path} really lies: the part of it that exists without
 * its symbolic links, and the rest as it will be.  So neither a link nor a
 * second way to write a path hides that one lies in another, even before either
 * was made.
 */
static void
real_path(const char *path, char out[2 * PATH_MAX])
{
	char part[PATH_MAX], found[PATH_MAX];
	size_t len = strlen(path);

	for (;;) {
		snprintf(part, sizeof(part), "%.*s", (int)len, path);
		if (len == 0 || realpath(part, found) != NULL)
			break;
		do
			len--;
		while (len > 0 && path[len] != '/');
	}
	if (len == 0 || strcmp(found, "/") == 0)
		found[0] = '\0';
	snprintf(out, 2 * PATH_MAX, "%s", found);
	append_components(out, path + len);
}

/* Is ${path} the folder ${folder} or something below it? */
static int
lies_in(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return strncmp(path, folder, len) == 0 &&
	    (path[len] == '/' || path[len] == '\0');
}

/* What must hold between the values, wherever they came from. */
static int
check_rules(struct eh_conf_lines *r)
{
	char anchor[2 * PATH_MAX], state[2 * PATH_MAX];
	struct eh_conf *c = r->conf;
	unsigned line = r->line[EH_CONF_KEY_ANCHOR];

	if (strlen(c->socket) > EH_CONF_SOCKET_MAX)
		return eh_conf_lines_refuse(r, 0, EH_CONF_SOCKET_TOO_LONG,
		    strlen(c->socket), EH_CONF_SOCKET_MAX);
	if (c->anchor != EH_CONF_ANCHOR_FILE)
		return EH_OK;
	real_path(c->anchor_path, anchor);
	real_path(c->state, state);
	if (lies_in(anchor, state))
		return eh_conf_lines_refuse(r,
		    line != 0 ? line : r->line[EH_CONF_KEY_STATE],
		    "the anchor lies in the state folder: a copy of the folder "
		    "would carry its anchor along; put it elsewhere");
	return EH_OK;
}

static int
settle(struct eh_conf_lines *r, const char *daemon)
{
	struct eh_conf *c = r->conf;
	int err;

	if (c->origin == EH_CONF_SYSTEM)
		err = system_defaults(r);
	else
		err = user_defaults(r);
	if (err != EH_OK)
		return err;
	if (c->autostart < 0)
		c->autostart = c->origin != EH_CONF_SYSTEM;
	if (c->daemon == NULL && daemon != NULL &&
	    (c->daemon = strdup(daemon)) == NULL)
		return out_of_memory(r->error);
	return check_rules(r);
}

/* Read the file ${r->path}. */
static int
read_file(struct eh_conf_lines *r)
{
	struct eh_buf text;
	struct stat st;
	int err;

	if (stat(r->path, &st) == 0 && (st.st_mode & S_IWOTH) != 0)
		return eh_conf_lines_refuse(r, 0, "everybody may write to this "
		    "file (mode %04o): chmod o-w %s",
		    (unsigned)st.st_mode & 07777, r->path);
	if ((err = eh_file_read(r->path, FILE_MAX, &text, r->error)) != EH_OK)
		return err;
	if (text.len > 0)
		err = eh_conf_lines_read(
		    r, (const char *)text.data, text.len);
	eh_buf_free(&text);
	return err;
}

int
eh_conf_read(struct eh_conf *conf, const char *path, enum eh_conf_origin origin,
    const char *daemon, struct eh_error *error)
{
	struct eh_conf_lines r = { .conf = conf, .path = path, .error = error };
	int err = EH_OK;

	memset(conf, 0, sizeof(*conf));
	conf->origin = origin;
	conf->autostart = -1;
	conf->segment = SEGMENT;
	if (path != NULL) {
		err = read_file(&r);
		if (err == EH_OK && (conf->path = realpath(path, NULL)) == NULL)
			err = eh_error_set(error, EH_ERR_IO, "%s: %s", path,
			    strerror(errno));
	}
	if (err == EH_OK)
		err = settle(&r, daemon);
	if (err != EH_OK)
		eh_conf_free(conf);
	return err;
}

static int
exists(const char *path)
{
	struct stat st;

	/* One that may not be looked at is there: reading it will tell. */
	return stat(path, &st) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

static int
is_same_file(const char *a, const char *b)
{
	struct stat x, y;

	return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
	    x.st_ino == y.st_ino;
}

int
eh_conf_load(struct eh_conf *conf, const char *sysconfdir, const char *daemon,
    struct eh_error *error)
{
	const char *named = secure_getenv("EDGEHSM_CONF"), *path = NULL;
	char *folder = NULL, *user = NULL, *system = NULL;
	enum eh_conf_origin origin = EH_CONF_NONE;
	int err;

	memset(conf, 0, sizeof(*conf));
	if ((folder = xdg("XDG_CONFIG_HOME", ".config")) != NULL)
		user = text_of("%s/" NAME, folder);
	if (sysconfdir != NULL)
		system = text_of("%s/" NAME, sysconfdir);
	if ((folder != NULL && user == NULL) ||
	    (sysconfdir != NULL && system == NULL)) {
		err = out_of_memory(error);
		goto out;
	}
	if (named != NULL && named[0] != '\0') {
		if (!exists(named)) {
			err = eh_error_set(error, EH_ERR_NOT_FOUND,
			    "EDGEHSM_CONF names %s: %s", named,
			    strerror(errno));
			goto out;
		}
		path = named;
		origin = EH_CONF_USER;
	} else if (user != NULL && exists(user)) {
		path = user;
		origin = EH_CONF_USER;
	} else if (system != NULL && exists(system)) {
		path = system;
	}
	if (path != NULL && system != NULL && is_same_file(path, system))
		origin = EH_CONF_SYSTEM;
	err = eh_conf_read(conf, path, origin, daemon, error);
out:
	free(folder);
	free(user);
	free(system);
	return err;
}

int
eh_conf_check_backend(const struct eh_conf *c, struct eh_error *error)
{
	struct eh_conf_lines r = { .path = c->path, .error = error };
	const char *missing = NULL;

	if (c->backend_pin_file == NULL)
		missing = "backend.pin-file";
	if (c->backend_token == NULL)
		missing = "backend.token";
	if (c->backend_module == NULL)
		missing = "backend.module";
	if (missing == NULL)
		return EH_OK;
	if (c->path == NULL)
		return eh_conf_lines_refuse(&r, 0, "no edgehsm.conf was found: "
		    "write one that names %s", missing);
	return eh_conf_lines_refuse(&r, 0, "%s is missing", missing);
}

/* Look one name up.  0, or the errno of the failure; ENOENT is "no such". */
static int
look_up(struct eh_conf_who *who, char *room, size_t size)
{
	struct passwd user, *u = NULL;
	struct group group, *g = NULL;
	int err;

	if (who->kind == EH_CONF_WHO_USER) {
		err = getpwnam_r(who->name, &user, room, size, &u);
		if (err == 0 && u != NULL)
			who->id = u->pw_uid;
	} else {
		err = getgrnam_r(who->name, &group, room, size, &g);
		if (err == 0 && g != NULL)
			who->id = g->gr_gid;
	}
	who->resolved = u != NULL || g != NULL;
	/* Some sources say "no such" by an error of their own. */
	return who->resolved ? 0 : err == ERANGE ? ERANGE : ENOENT;
}

static int
resolve_one(struct eh_conf_lines *r, struct eh_conf_who *who)
{
	char *room = NULL, *more;
	int err = ERANGE;

	/* A group's members may need a lot of room. */
	for (size_t size = 1024; err == ERANGE && size <= 1 << 20; size *= 4) {
		if ((more = realloc(room, size)) == NULL) {
			free(room);
			return out_of_memory(r->error);
		}
		room = more;
		err = look_up(who, room, size);
	}
	free(room);
	if (err == 0)
		return EH_OK;
	return eh_conf_lines_refuse(r, who->line,
	    "this host knows no %s named '%s'",
	    who->kind == EH_CONF_WHO_USER ? "user" : "group", who->name);
}

int
eh_conf_resolve(struct eh_conf *c, struct eh_error *error)
{
	struct eh_conf_lines r = { .conf = c, .path = c->path, .error = error };
	struct eh_conf_roles *lists[] = { &c->operators, &c->officers,
		&c->auditors };
	int err;

	for (size_t l = 0; l < sizeof(lists) / sizeof(lists[0]); l++)
		for (size_t i = 0; i < lists[l]->n; i++) {
			if (lists[l]->who[i].resolved)
				continue;
			err = resolve_one(&r, &lists[l]->who[i]);
			if (err != EH_OK)
				return err;
		}
	return EH_OK;
}

static void
free_roles(struct eh_conf_roles *roles)
{
	for (size_t i = 0; i < roles->n; i++)
		free(roles->who[i].name);
	free(roles->who);
}

void
eh_conf_free(struct eh_conf *c)
{
	if (c == NULL)
		return;
	free(c->path);
	free(c->socket);
	free(c->state);
	free(c->anchor_path);
	free(c->anchor_tpm);
	free(c->anchor_tcti);
	free(c->daemon);
	free(c->backend_module);
	free(c->backend_token);
	free(c->backend_pin_file);
	free(c->issuing_tcti);
	for (size_t i = 0; i < c->backend_nenv; i++) {
		free(c->backend_env[i].name);
		free(c->backend_env[i].value);
	}
	free(c->backend_env);
	free_roles(&c->operators);
	free_roles(&c->officers);
	free_roles(&c->auditors);
	memset(c, 0, sizeof(*c));
}
