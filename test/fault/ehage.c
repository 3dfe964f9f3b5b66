/* SPDX-License-Identifier: Apache-2.0 */
/* ehage.c - a state as a later version of edgehsmd would leave it: for tests
 * only. */
#include "config.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/conf.h"
#include "common/crypto/digest.h"
#include "common/crypto/mac.h"
#include "common/file.h"
#include "common/wipe.h"
#include "quota-engine/anchor/anchor.h"
#include "quota-engine/backend/backend.h"
#include "quota-engine/genesis.h"
#include "quota-engine/state.h"

/*
 *	ehage VERSION COPY...	(0 and 1; configuration by EDGEHSM_CONF)
 *
 * With the key store's PIN in hand: writes VERSION into these state copies,
 * makes their MACs anew, and has the anchor, a file, stand for the one that it
 * stood for before.  edgehsmd must not run.
 */
#define LABEL "EdgeHSM-state-v1"

static uint8_t bytes[EH_STATE_MAX];
static struct eh_state state;

static void
put_version(uint8_t *at, unsigned long version)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(version >> (24 - 8 * i));
}

/* The MAC that stands behind the first ${len} bytes of ${bytes}. */
static void
put_mac(const uint8_t key[EH_DIGEST_LEN], size_t len)
{
	static uint8_t in[sizeof(LABEL) - 1 + EH_STATE_MAX];

	memcpy(in, LABEL, sizeof(LABEL) - 1);
	memcpy(in + sizeof(LABEL) - 1, bytes, len);
	eh_hmac_sha256(
	    key, EH_DIGEST_LEN, in, sizeof(LABEL) - 1 + len, bytes + len);
}

static void
read_file(const char *path, size_t max, struct eh_buf *out)
{
	struct eh_error error = { 0 };

	if (eh_file_read(path, max, out, &error) != EH_OK)
		errx(EX_NOINPUT, "%s", eh_error_sentence(&error));
}

static void
write_file(const char *path, const void *data, size_t len)
{
	struct eh_error error = { 0 };

	if (eh_file_write(path, data, len, 0600, &error) != EH_OK)
		errx(EX_CANTCREAT, "%s", eh_error_sentence(&error));
}

static void
write_anchor(const char *path, const uint8_t value[EH_DIGEST_LEN])
{
	uint8_t cell[2 * EH_DIGEST_LEN];

	memcpy(cell, value, EH_DIGEST_LEN);
	eh_sha256(value, EH_DIGEST_LEN, cell + EH_DIGEST_LEN);
	write_file(path, cell, sizeof(cell));
}

/* What the anchor becomes by the copy in ${bytes}. */
static void
stands_for(size_t len, uint8_t value[EH_DIGEST_LEN])
{
	uint8_t digest[EH_DIGEST_LEN];

	eh_sha256(bytes, len, digest);
	eh_anchor_next(state.previous, digest, value);
}

static void
age(const struct eh_conf *conf, const uint8_t key[EH_DIGEST_LEN],
    const char *copy, unsigned long version)
{
	struct eh_error error = { 0 };
	struct eh_buf file, anchor;
	uint8_t value[EH_DIGEST_LEN];
	char path[4096];
	size_t used = 0;
	int fits;

	snprintf(path, sizeof(path), "%s/state.%s", conf->state, copy);
	read_file(path, EH_STATE_MAX, &file);
	read_file(conf->anchor_path, 2 * EH_DIGEST_LEN, &anchor);
	memcpy(bytes, file.data, file.len);
	if (eh_state_decode(&state, key, bytes, file.len, &used, &error) !=
	    EH_OK)
		errx(EX_DATAERR, "%s: %s", path, eh_error_sentence(&error));
	stands_for(used, value);
	fits = anchor.len == 2 * EH_DIGEST_LEN &&
	    memcmp(anchor.data, value, EH_DIGEST_LEN) == 0;
	put_version(bytes + 8, version);
	put_mac(key, used - EH_DIGEST_LEN);
	write_file(path, bytes, file.len);
	if (fits) {
		stands_for(used, value);
		write_anchor(conf->anchor_path, value);
	}
	printf("state.%s: version %lu%s\n", copy, version,
	    fits ? ", anchored" : "");
	eh_buf_free(&file);
	eh_buf_free(&anchor);
}

int
main(int argc, char **argv)
{
	struct eh_engine_keys keys;
	struct eh_backend *backend = NULL;
	struct eh_error error = { 0 };
	struct eh_conf conf;

	if (argc < 3)
		errx(EX_USAGE, "usage: ehage VERSION COPY...");
	if (eh_conf_load(&conf, "/nowhere", NULL, &error) != EH_OK ||
	    eh_conf_resolve(&conf, &error) != EH_OK ||
	    eh_backend_p11_open(&conf, &backend, &error) != EH_OK ||
	    eh_genesis_derive(backend, &keys, &error) != EH_OK)
		errx(EX_CONFIG, "%s", eh_error_sentence(&error));
	for (int i = 2; i < argc; i++)
		age(&conf, keys.state, argv[i], strtoul(argv[1], NULL, 10));
	eh_wipe(&keys, sizeof(keys));
	eh_backend_close(backend);
	eh_conf_free(&conf);
	return EX_OK;
}
