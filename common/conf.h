/* SPDX-License-Identifier: Apache-2.0 */
/* conf.h - edgehsm.conf: where the daemon and the module look for things. */
#ifndef EH_COMMON_CONF_H
#define EH_COMMON_CONF_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/*
 * The file: lines of "key = value"; a line that begins with '#' is a comment,
 * and there is none behind a value; white space around key and value does not
 * count.  No quoting, no sections, no include, no control characters but tabs.
 * Nothing in it decides: it says where to look, and who has which role.
 *
 *	key               value                              when absent
 *	socket            PATH, at most 107 bytes            below
 *	state             PATH of a folder                   below
 *	anchor            file:PATH, outside the state       below
 *	                  folder; or tpm:MODE:INDEX:TCTI
 *	daemon            PATH of edgehsmd                   the caller's
 *	autostart         yes | no; never yes in the         below
 *	                  system-wide file
 *	segment           bytes, or a number with K or M;    16M
 *	                  1M to 64M, a multiple of 4096
 *	backend.module    PATH of a PKCS#11 module           none
 *	backend.token     label                              none
 *	backend.pin-file  PATH                               none
 *	backend.env.NAME  any text, set for the backend      none
 *	backend.verify    always | start                     always
 *	backend.issuing   tpm2:INDEX:TCTI: a TPM that      none: issuing keys
 *	                  makes issuing keys and counts    rest in the module
 *	                  their uses; INDEX is the first
 *	                  of 64 of the owner
 *	operators         list, comma between: user:NAME,    none: then only
 *	officers            group:NAME, or a uid;            the daemon's own
 *	auditors            at most 64                       uid and root
 *
 * A PATH is absolute and has no ".." in it.
 *
 *	              system-wide file           a user's file, or none at all
 *	state         /var/lib/edgehsm           $XDG_STATE_HOME/edgehsm
 *	socket        /run/edgehsm/edgehsm.sock  $XDG_RUNTIME_DIR/edgehsm/
 *	                                         edgehsm.sock
 *	anchor        must be given              file: the path of the state
 *	                                         folder with "-anchor" behind,
 *	                                         so beside the folder
 *	autostart     no                         yes
 *
 * XDG_CONFIG_HOME and XDG_STATE_HOME are ~/.config and ~/.local/state when not
 * set; without XDG_RUNTIME_DIR the socket is STATE/edgehsm.sock.  As the XDG
 * specification says, a relative value counts as not set.
 */
#define EH_CONF_SOCKET_MAX 107

enum eh_conf_origin {
	EH_CONF_NONE,		/* no file was found */
	EH_CONF_USER,		/* the user's, or the one EDGEHSM_CONF names */
	EH_CONF_SYSTEM,		/* SYSCONFDIR/edgehsm/edgehsm.conf */
};

/*
 * tpm:MODE:INDEX:TCTI (doc/format/anchor.md section 3).  MODE is owner, with an
 * INDEX of 0x01800000 to 0x01bffffe, of which the next one is the counter's; or
 * platform, 0x01400000 to 0x017fffff.  It has 0x and eight hex digits.  TCTI is
 * device:PATH, or swtpm: or mssim: with path=PATH or with host and port.
 */
enum eh_conf_anchor {
	EH_CONF_ANCHOR_FILE,
	EH_CONF_ANCHOR_TPM_OWNER,
	EH_CONF_ANCHOR_TPM_PLATFORM
};

/* What it takes to reach the TPM. */
enum eh_conf_tcti {
	EH_CONF_TCTI_DEVICE,	/* a file */
	EH_CONF_TCTI_UNIX,	/* a socket of this host */
	EH_CONF_TCTI_INET	/* a socket of TCP */
};


enum eh_conf_verify {
	EH_CONF_VERIFY_ALWAYS,	/* each signature of the backend */
	EH_CONF_VERIFY_START,	/* each key once, at start */
};

/* Somebody who has a role: a user or a group, by name or by number. */
struct eh_conf_who {
	enum { EH_CONF_WHO_USER, EH_CONF_WHO_GROUP } kind;
	char *name;		/* as written; for messages */
	uint32_t id;		/* uid or gid, once resolved */
	int resolved;		/* 1 when id holds */
	unsigned line;
};

struct eh_conf_roles {
	struct eh_conf_who *who;
	size_t n;
};

/* An environment variable for the backend. */
struct eh_conf_env {
	char *name, *value;
};

/* All text is NUL-ended, owned by the struct, and NULL where the table above
 * says "none". */
struct eh_conf {
	enum eh_conf_origin origin;
	char *path;			/* the file, or NULL */
	char *socket;
	char *state;
	enum eh_conf_anchor anchor;
	char *anchor_path;		/* of the file, or NULL */
	char *anchor_tpm;		/* the value as written, or NULL */
	char *anchor_tcti;		/* part of it, or NULL */
	enum eh_conf_tcti anchor_reach;
	uint32_t anchor_index;
	char *daemon;			/* NULL when neither side named one */
	int autostart;			/* 0 or 1 */
	uint32_t segment;		/* bytes */
	char *backend_module;
	char *backend_token;
	char *backend_pin_file;
	struct eh_conf_env *backend_env;
	size_t backend_nenv;
	enum eh_conf_verify backend_verify;
	char *issuing_tcti;		/* of backend.issuing, or NULL */
	enum eh_conf_tcti issuing_reach;
	uint32_t issuing_index;
	struct eh_conf_roles operators, officers, auditors;
};

/*
 * Find the file and read it: $EDGEHSM_CONF (which must exist then), else
 * $XDG_CONFIG_HOME/edgehsm/edgehsm.conf, else edgehsm/edgehsm.conf in
 * ${sysconfdir} (may be NULL: no system-wide file); the first that exists,
 * never a mixture, and with none of them the defaults.  A program that runs
 * with somebody else's rights (setuid) sees only the system-wide file.  The
 * system-wide file is that also when EDGEHSM_CONF names it.
 *
 * ${daemon} is the path of edgehsmd as built, or NULL.
 *
 * EH_ERR_CONFIG with "FILE:LINE: sentence" in ${error}: unknown key (with a
 * suggestion), repeated key, bad value, a file that others may write to, a
 * rule of the table above.  EH_ERR_NOT_FOUND, EH_ERR_IO, EH_ERR_MEMORY.  On
 * failure the struct is empty; eh_conf_free() is allowed in any case.
 */
EH_MUST_CHECK int eh_conf_load(struct eh_conf *, const char *sysconfdir,
    const char *daemon, struct eh_error *error);

/* Read the file ${path} as if it had been found, with the defaults of
 * ${origin}; or, when it is NULL, nothing but the defaults. */
EH_MUST_CHECK int eh_conf_read(struct eh_conf *, const char *path,
    enum eh_conf_origin origin, const char *daemon, struct eh_error *error);

/* For the daemon: backend.module, backend.token and backend.pin-file must be
 * there.  EH_ERR_CONFIG naming the one that is not. */
EH_MUST_CHECK int eh_conf_check_backend(
    const struct eh_conf *, struct eh_error *error);

/* For the daemon, before its sandbox closes: look up the uid or gid of all
 * names in the three lists.  EH_ERR_CONFIG when the host does not know one. */
EH_MUST_CHECK int eh_conf_resolve(struct eh_conf *, struct eh_error *error);

/* Free all that the struct holds and empty it.  NULL is allowed. */
void eh_conf_free(struct eh_conf *);

#endif
