/* SPDX-License-Identifier: Apache-2.0 */
/* fixture.h - what the tests of the boundary's edges share: folders, a key
 * store that can be made to lie, a whole boundary. */
#ifndef EH_TEST_UNIT_FIXTURE_H
#define EH_TEST_UNIT_FIXTURE_H

#include <stddef.h>
#include <stdint.h>

#include "common/conf.h"
#include "quota-engine/backend/backend.h"
#include "quota-engine/start.h"

/* Make a private folder of our own and put its path into ${path}. */
#define FIXTURE_PATH 256
void fixture_folder(char path[FIXTURE_PATH]);

/* Remove it and all below it. */
void fixture_remove(const char *path);

/* Put "${folder}/${name}" into ${path}; write a file there with ${mode}. */
void fixture_join(
    char path[FIXTURE_PATH], const char *folder, const char *name);
void fixture_write(
    const char *path, const char *text, unsigned mode);

/*
 * A backend in memory, with libcrypto's keys.  ${lie} makes it misbehave from
 * then on; the tests reach into it to do what a hostile host does to a key store.
 */
enum fixture_lie {
	LIE_NOT,
	LIE_BAD_SIGNATURE,	/* one bit wrong */
	LIE_OTHER_KEY,		/* signs with a key of its own */
	LIE_EXTRACTABLE,	/* says so of every key */
	LIE_GENERATE_FAILS,
	LIE_DESTROY_FAILS,
	LIE_SIGN_FAILS
};

struct fixture_backend {
	struct eh_backend base;
	enum fixture_lie lie;
	unsigned strangers;	/* marked objects that we did not make */
	uint8_t secret[32];
	int has_secret;
	unsigned signatures;	/* made so far */
	struct fixture_key {
		int used;
		uint8_t id[EH_BACKEND_ID_LEN];
		struct evp_pkey_st *key;
		struct eh_rawkey public;
	} key[80];
};

struct fixture_backend *fixture_backend_new(void);

/* The key under ${id}, or NULL. */
struct fixture_key *fixture_backend_key(
    struct fixture_backend *, const uint8_t id[EH_BACKEND_ID_LEN]);

/*
 * A whole boundary on a folder of its own, over that backend.  The clock of its
 * os table can be set forward.  Everything is real but the key store.
 */
struct fixture {
	char folder[FIXTURE_PATH], state[FIXTURE_PATH];
	char anchor[FIXTURE_PATH], socket[FIXTURE_PATH];
	struct eh_conf conf;
	struct fixture_backend *backend;
	struct eh_start start;
	struct eh_boundary *b;	/* of start */
	struct eh_error error;
};

#define FIXTURE_OFFICER	 "officer's pin"
#define FIXTURE_OPERATOR "operator's pin"

/* Make the folder and open the boundary: fresh. */
void fixture_open(struct fixture *);

/* Genesis, and the operator's PIN. */
void fixture_genesis(struct fixture *);

/* The same, without saying whether it works. */
int fixture_try_genesis(struct fixture *);

/* Close cleanly and open again: state, and backend, stay.  What the start says
 * is returned. */
int fixture_restart(struct fixture *);

/* Close and remove all. */
void fixture_close(struct fixture *);

/* Let ${seconds} of the machine's clocks go by. */
void fixture_later(unsigned seconds);

/* A caller with roles and login (sets of EH_MAY_*), who said hello. */
struct eh_caller fixture_caller(
    struct fixture *, uid_t uid, unsigned roles, unsigned login);

/* Is SoftHSM installed?  If not, skip. */
int fixture_has_softhsm(void);

/*
 * A SoftHSM token in ${folder} with the label "${label}" and the user PIN 5678:
 * fills ${conf} with module, token, PIN file and environment (all static memory;
 * one per process).
 */
#define FIXTURE_TOKEN_PIN "5678"
void fixture_softhsm(
    const char *folder, const char *label, struct eh_conf *conf);

#endif
