/* SPDX-License-Identifier: Apache-2.0 */
/* plugin.c - chip drivers from shared objects that nobody else could have put
 * there. */
#include "config.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

#include "orchestrator/flow/plugin.h"

#define FOLDERS_MAX 4096
#define PLUGINS_MAX 256	/* in one file; it may go on for ever */

/* Is all of ${member} within the struct that the plugin has? */
#define HAS(pointer, type, member)                                             \
	((pointer)->struct_size >=                                             \
	    offsetof(type, member) + sizeof((pointer)->member))

/*
 * Where plugins are looked for: the caller's folders before ours, unless the
 * kernel says that the caller has fewer rights than we do.
 */
static int
folders(char out[FOLDERS_MAX], struct eh_error *error)
{
	const char *path = getenv("EDGEHSM_PLUGIN_PATH");
	int n;

	if (path == NULL || path[0] == '\0' || getauxval(AT_SECURE) != 0)
		n = snprintf(out, FOLDERS_MAX, "%s", EH_PLUGIN_DIR);
	else
		n = snprintf(out, FOLDERS_MAX, "%s:%s", path, EH_PLUGIN_DIR);
	if (n > 0 && n < FOLDERS_MAX)
		return EH_OK;
	/* Cut, it would name a folder that nobody meant. */
	return eh_error_set(error, EH_ERR_CONFIG,
	    "EDGEHSM_PLUGIN_PATH is longer than %d octets", FOLDERS_MAX);
}

/* Could anybody but root and us have written what ${fd} is? */
static int
check_owner(int fd, const char *what, const char *path, struct eh_error *error)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return eh_error_set(error, EH_ERR_CONFIG, "%s %s: %s", what,
		    path, strerror(errno));
	if (st.st_uid != 0 && st.st_uid != geteuid())
		return eh_error_set(error, EH_ERR_CONFIG,
		    "%s %s belongs to user %u: it must belong to root or to "
		    "user %u, who runs this",
		    what, path, (unsigned)st.st_uid, (unsigned)geteuid());
	if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "%s %s has mode %04o, so that others may write it: chmod "
		    "go-w %s",
		    what, path, (unsigned)(st.st_mode & 07777), path);
	return EH_OK;
}

static int
check_file(int fd, const char *path, struct eh_error *error)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return eh_error_set(error, EH_ERR_CONFIG,
		    "plugin %s is not a regular file", path);
	return check_owner(fd, "plugin", path, error);
}

/*
 * Open ${folder}/chip-${name}.so, checked.  EH_ERR_NOT_FOUND, without a
 * sentence, when it is not there.
 */
static int
open_plugin(const char *folder, const char *name, char *path, size_t cap,
    int *fdp, struct eh_error *error)
{
	int at, fd, err;
	char file[64];

	*fdp = -1;
	snprintf(file, sizeof(file), "chip-%s.so", name);
	if ((size_t)snprintf(path, cap, "%s/%s", folder, file) >= cap)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "the path of the plugin %s is too long", file);
	at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (at < 0)
		return EH_ERR_NOT_FOUND;
	/* O_NONBLOCK: a FIFO in its place shall not hold us up. */
	fd = openat(
	    at, file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		err = EH_ERR_NOT_FOUND;
	else if (fd < 0)
		err = eh_error_set(error, EH_ERR_CONFIG, "plugin %s: %s", path,
		    errno == ELOOP ? "a symbolic link is not followed" :
				     strerror(errno));
	else if ((err = check_owner(at, "the folder of plugins", folder,
		      error)) == EH_OK)
		err = check_file(fd, path, error);
	close(at);
	if (err != EH_OK && fd >= 0)
		close(fd);
	else
		*fdp = fd;
	return err;
}

/* Look through all folders; the first that has the file decides. */
static int
find_plugin(
    const char *name, char *path, size_t cap, int *fdp, struct eh_error *error)
{
	char list[FOLDERS_MAX], *rest = list, *folder;
	int err;

	if ((err = folders(list, error)) != EH_OK)
		return err;
	while ((folder = strsep(&rest, ":")) != NULL) {
		if (folder[0] == '\0')
			continue;
		err = open_plugin(folder, name, path, cap, fdp, error);
		if (err != EH_ERR_NOT_FOUND)
			return err;
	}
	(void)!folders(list, NULL);	/* strsep() has cut it up */
	return eh_error_set(error, EH_ERR_NOT_FOUND,
	    "no chip driver '%s': chip-%s.so is in none of %s", name, name,
	    list);
}

/* Load what ${fd} is, and nothing that has taken its name since. */
static int
load(struct eh_chip_driver *d, int fd, eh_plugin_entry **entryp,
    struct eh_error *error)
{
	union {
		void *object;
		eh_plugin_entry *function;
	} entry;		/* dlsym() gives functions as objects */
	char self[64];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	/* It stays in memory: a library of the plugin's may have left threads
	 * or handlers that outlive dlclose(). */
	d->library = dlopen(self, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
	if (d->library == NULL)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "plugin %s does not load: %s", d->path, dlerror());
	entry.object = dlsym(d->library, EH_PLUGIN_ENTRY);
	if (entry.object == NULL)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "%s is not a plugin: it has no symbol %s", d->path,
		    EH_PLUGIN_ENTRY);
	*entryp = entry.function;
	return EH_OK;
}

static int
check_abi(const struct eh_plugin *p, const char *path, struct eh_error *error)
{
	if (!HAS(p, struct eh_plugin, abi_major))
		return eh_error_set(error, EH_ERR_CONFIG,
		    "plugin %s says that its struct has %zu bytes, which is "
		    "none of ABI %u",
		    path, p->struct_size, EH_PLUGIN_ABI_MAJOR);
	if (p->abi_major != EH_PLUGIN_ABI_MAJOR)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "plugin %s has ABI %u, and this program ABI %u: take a "
		    "plugin of the same release",
		    path, p->abi_major, EH_PLUGIN_ABI_MAJOR);
	if (!HAS(p, struct eh_plugin, ops) || p->name == NULL ||
	    p->version == NULL || p->summary == NULL || p->ops == NULL ||
	    (p->noptions > 0 && p->options == NULL))
		return eh_error_set(error, EH_ERR_CONFIG,
		    "plugin %s: its description is not complete (%zu bytes)",
		    path, p->struct_size);
	return EH_OK;
}

/* The option table is walked by its elements' own sizes: none may be so small
 * that the walk stands still or reads beyond it. */
static int
check_options(
    const struct eh_plugin *p, const char *path, struct eh_error *error)
{
	const char *at = (const char *)p->options;

	for (size_t i = 0; i < p->noptions; i++) {
		const struct eh_plugin_option *o =
		    (const struct eh_plugin_option *)(const void *)at;

		if (!HAS(o, struct eh_plugin_option, doc) || o->name == NULL ||
		    (o->struct_size % sizeof(void *)) != 0)
			return eh_error_set(error, EH_ERR_CONFIG,
			    "plugin %s: option %zu of its table has %zu bytes "
			    "or no name",
			    path, i, o->struct_size);
		at += o->struct_size;
	}
	return EH_OK;
}

static int
take_ops(struct eh_chip_driver *d, struct eh_error *error)
{
	const struct eh_plugin_chip_ops *ops = d->plugin->ops;
	size_t n = ops->struct_size;

	if (n > sizeof(d->ops))
		n = sizeof(d->ops);
	memcpy(&d->ops, ops, n);
	d->ops.struct_size = n;
	if (d->ops.open != NULL && d->ops.identify != NULL &&
	    d->ops.close != NULL)
		return EH_OK;
	return eh_error_set(error, EH_ERR_CONFIG,
	    "plugin %s: a chip driver needs open, identify and close", d->path);
}

/* The chip driver ${name} among the plugins of the file. */
static int
choose(struct eh_chip_driver *d, eh_plugin_entry *entry, const char *name,
    struct eh_error *error)
{
	const struct eh_plugin *p;
	int err;

	for (size_t i = 0; i < PLUGINS_MAX &&
	     (p = entry(&eh_host_ops, i)) != NULL; i++) {
		if ((err = check_abi(p, d->path, error)) != EH_OK ||
		    (err = check_options(p, d->path, error)) != EH_OK)
			return err;
		if (p->kind != EH_PLUGIN_CHIP || strcmp(p->name, name) != 0)
			continue;
		d->plugin = p;
		return take_ops(d, error);
	}
	return eh_error_set(error, EH_ERR_CONFIG,
	    "plugin %s holds no chip driver '%s'", d->path, name);
}

/* What a driver is called in a line; it becomes part of a file's name. */
static int
is_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return len > 0 && len <= 32 && name[len] == '\0';
}

int
eh_plugin_load_chip(const char *name, struct eh_chip_driver **driverp,
    struct eh_error *error)
{
	struct eh_chip_driver *d;
	eh_plugin_entry *entry = NULL;
	int fd = -1, err;

	*driverp = NULL;
	if (!is_name(name))
		return eh_error_set(error, EH_ERR_CONFIG,
		    "'%.40s' cannot be the name of a chip driver", name);
	if ((d = calloc(1, sizeof(*d))) == NULL)
		return EH_ERR_MEMORY;
	if ((err = find_plugin(
		 name, d->path, sizeof(d->path), &fd, error)) != EH_OK ||
	    (err = load(d, fd, &entry, error)) != EH_OK ||
	    (err = choose(d, entry, name, error)) != EH_OK)
		eh_plugin_free(d);
	else
		*driverp = d;
	if (fd >= 0)
		close(fd);
	return err;
}

void
eh_plugin_free(struct eh_chip_driver *d)
{
	if (d == NULL)
		return;
	if (d->library != NULL)
		dlclose(d->library);
	free(d);
}

int
eh_plugin_can(const struct eh_chip_driver *d, enum eh_driver_op op)
{
	switch (op) {
	case EH_DRIVER_KEYGEN:
		return d->ops.keygen != NULL;
	case EH_DRIVER_WRITE_CERTIFICATE:
		return d->ops.write_certificate != NULL;
	case EH_DRIVER_READ_BACK:
		return d->ops.read_back != NULL;
	case EH_DRIVER_ATTEST:
		return d->ops.attest != NULL;
	}
	return 0;
}

const char *
eh_plugin_op_name(enum eh_driver_op op)
{
	switch (op) {
	case EH_DRIVER_KEYGEN:
		return "keygen";
	case EH_DRIVER_WRITE_CERTIFICATE:
		return "write_certificate";
	case EH_DRIVER_READ_BACK:
		return "read_back";
	case EH_DRIVER_ATTEST:
		return "attest";
	}
	return "unknown operation";
}
