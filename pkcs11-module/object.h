/* SPDX-License-Identifier: Apache-2.0 */
/* object.h - what the token holds, as the daemon lists it. */
#ifndef EH_PKCS11_OBJECT_H
#define EH_PKCS11_OBJECT_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/wire/wire.h"
#include "pkcs11-module/client.h"

/* Octets inside something else. */
struct eh_span {
	const uint8_t *at;
	size_t len;
};

/* A key pair, a certificate or a data object: one row of the daemon's list.
 * Spans lie in ${owned}; ${at} is NULL in those that it has not. */
struct eh_object {
	uint64_t number;
	enum eh_wire_class class;
	char label[65], application[65];
	uint8_t *owned;
	struct eh_span id;
	struct eh_span value;	/* SPKI, certificate or data */
	/* keys */
	uint64_t purpose, origin, custody;
	struct eh_span digest;	/* SHA-256(SPKI) */
	struct eh_span params;	/* of the curve, DER */
	struct eh_span point;	/* DER OCTET STRING of the EC point */
	/* certificates that can be read */
	struct eh_span issuer, subject, serial, spki;
};

/* An authorization, with what is left of it at the moment of asking. */
struct eh_auth {
	uint64_t number;
	uint8_t id[16];
	char label[65];		/* order name, or the id in hex */
	uint64_t state;		/* 1 live, 2 closed */
	char factory[65], profile[65];
	uint64_t version;
	uint8_t digest[32];
	uint64_t nbf, exp, burns;
	uint64_t used, burned, reserved, quota; /* of devices */
	uint8_t counters[1024];	/* CBOR ctrs, every op */
	size_t counterslen;
};

#define EH_AUTHS_MAX 64

struct eh_auths {
	struct eh_auth *row;	/* owned */
	size_t n;
};

void eh_auths_wipe(struct eh_auths *);

/* Decode the EH_WIRE_AUTHORIZATIONS of a reply.  EH_ERR_FORMAT,
 * EH_ERR_MEMORY. */
EH_MUST_CHECK int eh_auths_take(const struct eh_wire *, struct eh_auths *);

/*
 * The objects of the token, kept because clients read 20 to 120 attributes for
 * one signature.  Authorizations are never kept: their counters move.
 *
 * Rows are borrowed with the lock held, and only while it is.
 */
struct eh_cache {
	pthread_mutex_t lock;
	pthread_mutex_t refresh; /* one thread asks, the others wait for it */
	struct eh_object *row;
	size_t n;
	uint64_t generation;	/* of the rows */
	uint64_t heard;		/* the one that the daemon last spoke of */
	uint8_t hsm_id[16];	/* whose rows they are; all zero: nobody's */
	int filled;
};

void eh_cache_init(struct eh_cache *);
void eh_cache_wipe(struct eh_cache *);

/* After a fork: forget everything; what the parent's threads held is lost. */
void eh_cache_drop(struct eh_cache *);

/* A reply said that ${generation} is now the daemon's. */
void eh_cache_note(struct eh_cache *, uint64_t generation);

/* An object is gone, or a change was asked for and its answer is lost: ask
 * before the next answer. */
void eh_cache_forget(struct eh_cache *);

/* Ask for the generation, and for the list when it is another one. */
EH_MUST_CHECK int eh_cache_update(
    struct eh_cache *, struct eh_client *, struct eh_error *);

/* Ask for the list, authorizations included; ${auths} is the caller's to wipe
 * in any case. */
EH_MUST_CHECK int eh_cache_list(struct eh_cache *, struct eh_client *,
    struct eh_auths *auths, struct eh_error *);

/*
 * Lock the cache and borrow the row of ${number}, asking the daemon first when
 * it is not there or something has changed.  EH_ERR_NOT_FOUND, or why it could
 * not be asked; the cache is locked only on EH_OK.
 */
EH_MUST_CHECK int eh_cache_borrow(struct eh_cache *, struct eh_client *,
    uint64_t number, const struct eh_object **, struct eh_error *);

/* Lock the cache for walking its rows; unlock it. */
void eh_cache_lock(struct eh_cache *);
void eh_cache_unlock(struct eh_cache *);

#endif
