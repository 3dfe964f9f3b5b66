/* SPDX-License-Identifier: Apache-2.0 */
/* start.c - putting a boundary together from its configuration, and apart. */
#include "config.h"

#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/crypto/digest.h"
#include "common/log.h"
#include "common/wipe.h"
#include "quota-engine/authorization.h"
#include "quota-engine/genesis.h"
#include "quota-engine/health.h"
#include "quota-engine/import.h"
#include "quota-engine/import_supersede.h"
#include "quota-engine/nonce.h"
#include "quota-engine/owner.h"
#include "quota-engine/sandbox.h"
#include "quota-engine/selftest.h"
#include "quota-engine/start.h"

#define SELF "/proc/self/exe"

/* What runs, for records and receipts: the version's name, and the digest of
 * the program's own file. */
static int
measure(struct eh_software *software, struct eh_error *error)
{
	uint8_t piece[16384];
	struct eh_sha256 sha;
	ssize_t got;
	int fd;

	snprintf(software->version, sizeof(software->version), "edgehsmd-%s",
	    PACKAGE_VERSION);
	if ((fd = open(SELF, O_RDONLY | O_CLOEXEC)) < 0)
		return eh_error_set(error, EH_ERR_IO,
		    "edgehsmd cannot read its own file (%s)", SELF);
	eh_sha256_init(&sha);
	while ((got = read(fd, piece, sizeof(piece))) > 0)
		eh_sha256_update(&sha, piece, (size_t)got);
	close(fd);
	eh_sha256_final(&sha, software->measurement);
	if (got < 0)
		return eh_error_set(error, EH_ERR_IO,
		    "edgehsmd cannot read its own file (%s)", SELF);
	return EH_OK;
}

static const char *
anchor_name(const struct eh_conf *conf)
{
	return conf->anchor == EH_CONF_ANCHOR_FILE ? conf->anchor_path :
						     conf->anchor_tpm;
}

static int
open_anchor(struct eh_start *s, struct eh_error *error)
{
	const struct eh_conf *conf = s->boundary.conf;
	int err;

	if (conf->anchor == EH_CONF_ANCHOR_FILE)
		err = eh_anchor_file_open(
		    conf->anchor_path, &s->anchor, error);
	else
		err = eh_anchor_tpm_open(conf->anchor_tcti,
		    conf->anchor == EH_CONF_ANCHOR_TPM_OWNER ?
			EH_ANCHOR_TPM_OWNER : EH_ANCHOR_TPM_PLATFORM,
		    conf->anchor_index, EH_ANCHOR_TPM_PATIENCE_MS, &s->anchor,
		    error);
	s->boundary.anchor = s->anchor;
	return err;
}

/* The folder, whose lock is held from here on; the anchor, likewise. */
static int
take_disk(struct eh_start *s, struct eh_error *error)
{
	const struct eh_conf *conf = s->boundary.conf;
	int err;

	if ((err = eh_owner_check(conf->state, error)) != EH_OK ||
	    (err = open_anchor(s, error)) != EH_OK ||
	    (err = eh_os_posix_new(
		 conf->state, s->anchor, &s->os, error)) != EH_OK)
		return err;
	s->boundary.os = eh_os_posix_table(s->os);
	return eh_owner_sign(conf->state, error);
}

static int
make_engine(struct eh_start *s, void (*stopped)(void *arg), void *arg,
    struct eh_error *error)
{
	struct eh_boundary *b = &s->boundary;
	struct eh_engine_params params = {
		.os = b->os,
		.state_name = b->conf->state,
		.anchor_name = anchor_name(b->conf),
		.anchor_class = s->anchor->class,
		.anchor_mode = s->anchor->mode,
		.segment = b->conf->segment,
		.software = b->software,
		.napply = eh_keys_napply + eh_import_napply,
		.superseded = eh_import_superseded,
		.stopped = stopped,
		.stopped_arg = arg,
	};
	int err;

	s->apply = calloc(params.napply, sizeof(*s->apply));
	if (s->apply == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	memcpy(s->apply, eh_keys_apply, eh_keys_napply * sizeof(*s->apply));
	memcpy(s->apply + eh_keys_napply, eh_import_apply,
	    eh_import_napply * sizeof(*s->apply));
	params.apply = s->apply;
	if ((err = eh_engine_new(&params, &b->engine)) != EH_OK)
		return eh_error_set(
		    error, err, "the engine cannot be made: %s",
		    eh_err_text(err));
	return EH_OK;
}

static int
make_parts(struct eh_boundary *b, struct eh_error *error)
{
	int err;

	if ((err = eh_keys_new(b->engine, b->backend, b->conf->backend_verify,
		 &b->keys)) != EH_OK ||
	    (err = eh_counts_new(b->engine, b->counted, &b->counts)) !=
	        EH_OK ||
	    (err = eh_pins_new(b->engine, b->os, &b->pins)) != EH_OK ||
	    (err = eh_authorizations_new(
		 b->engine, b->os, &b->authorizations)) != EH_OK)
		return eh_error_set(error, err, "out of memory");
	eh_keys_count(b->keys, b->counted);
	return eh_store_open(b->conf->state, &b->store, error);
}

/* Keys live in these two, and in registers; as much as the host allows they do
 * not reach its swap. */
static void
lock_secrets(struct eh_boundary *b)
{
	int engine = eh_sandbox_lock_memory(
	    b->engine, malloc_usable_size(b->engine));
	int pins =
	    eh_sandbox_lock_memory(b->pins, malloc_usable_size(b->pins));

	if (!engine || !pins)
		eh_log(EH_LOG_WARNING,
		    "the host does not let us keep our keys out of its swap "
		    "(RLIMIT_MEMLOCK)");
}

static void
warn_of_leftovers(struct eh_boundary *b)
{
	unsigned objects = 0;

	if (b->backend->ops->count(b->backend, &objects, NULL) == EH_OK &&
	    objects > 0)
		eh_log(EH_LOG_WARNING,
		    "the state is fresh, but the token '%s' holds %u objects "
		    "of an EdgeHSM: genesis will be refused",
		    b->conf->backend_token, objects);
}

/* Objects with our mark that the state does not name: a key whose destruction
 * was cut short, or one that somebody put there.  They do not exist for us. */
static void
warn_of_strangers(struct eh_boundary *b)
{
	const struct eh_state *state = eh_engine_lock(b->engine);
	unsigned known = 1, objects = 0; /* the boundary secret */

	for (size_t i = 0; i < EH_STATE_KEYS; i++)
		if (state->key[i].object != 0)
			known += 2;
	eh_engine_unlock(b->engine);
	if (b->backend->ops->count(b->backend, &objects, NULL) == EH_OK &&
	    objects > known)
		eh_log(EH_LOG_WARNING,
		    "the token '%s' holds %u objects that the state does not "
		    "name; they are not used",
		    b->conf->backend_token, objects - known);
}

/* Without the boundary secret the state cannot be read: serve the reason. */
static void
stop_without_secret(struct eh_boundary *b, int err, const struct eh_error *why)
{
	struct eh_error error;

	if (err == EH_ERR_NOT_FOUND)
		eh_error_set(&error, EH_DENIED_FAIL_STOPPED,
		    "%.180s; the token '%s' (backend.token) is not the one "
		    "that this state was begun with: name that one; or, to "
		    "begin anew, empty the anchor %.100s too",
		    eh_error_sentence(why), b->conf->backend_token,
		    anchor_name(b->conf));
	else
		eh_error_set(&error, EH_DENIED_FAIL_STOPPED,
		    "%.180s; put the token '%s' (backend.token) right, then "
		    "start edgehsmd again",
		    eh_error_sentence(why), b->conf->backend_token);
	eh_boundary_stop(b, error.text);
}

/* The state is there; what cannot be taken up stops the token, not us. */
static int
take_up(struct eh_boundary *b, const struct eh_engine_keys *keys,
    struct eh_error *error)
{
	unsigned bad;
	int err;

	err = eh_engine_open(b->engine, keys, error);
	if (err == EH_DENIED_FAIL_STOPPED) {
		eh_log(EH_LOG_ERROR, "fail-stopped: %s",
		    eh_error_sentence(error));
		return EH_OK;
	}
	if (err != EH_OK)
		return err;
	eh_pins_open(b->pins, keys->state);
	if ((err = eh_nonces_new(b->os, keys->state, &b->nonces)) != EH_OK)
		return eh_error_set(error, err, "out of memory");
	if ((err = eh_engine_run(b->engine, error)) != EH_OK)
		return err;
	if ((bad = eh_keys_load(b->keys)) > 0)
		eh_log(EH_LOG_ERROR, "%u keys of the token cannot be used",
		    bad);
	warn_of_strangers(b);
	/* The TPM and the log must agree on what was signed. */
	err = eh_counts_load(b->counts, error);
	if (err == EH_DENIED_FAIL_STOPPED) {
		eh_boundary_stop(b, eh_error_sentence(error));
		return EH_OK;
	}
	return err;
}

static int
look(struct eh_boundary *b, struct eh_error *error)
{
	struct eh_engine_keys keys;
	struct eh_error why;
	int fresh = 0, err;

	lock_secrets(b);
	if ((err = eh_engine_look(b->engine, &fresh, error)) != EH_OK)
		return err;
	if (fresh) {
		warn_of_leftovers(b);
		return EH_OK;
	}
	eh_error_clear(&why);
	if ((err = eh_genesis_derive(b->backend, &keys, &why)) != EH_OK ||
	    (err = eh_genesis_bind(b->backend, b->anchor, &why)) != EH_OK ||
	    (err = eh_genesis_bind_count(b->backend, b->counted, &why)) !=
	        EH_OK) {
		eh_wipe(&keys, sizeof(keys));
		stop_without_secret(b, err, &why);
		return EH_OK;
	}
	err = take_up(b, &keys, error);
	eh_wipe(&keys, sizeof(keys));
	return err;
}

/* 1 when all answers are right.  If not, nothing is asked of cryptography, and
 * nothing served but the reason. */
static int
test_ourselves(void)
{
	struct eh_error error;

	eh_error_clear(&error);
	if (eh_selftest_run(&eh_selftest_answers, &error) == EH_OK)
		return 1;
	eh_health_fail("%s", eh_error_sentence(&error));
	return 0;
}

/* The TPM that counts, if the configuration names one. */
static int
take_counted(struct eh_boundary *b, struct eh_error *error)
{
	const struct eh_conf *conf = b->conf;

	if (conf->issuing_tcti == NULL)
		return EH_OK;
	if (conf->anchor_tcti != NULL &&
	    conf->issuing_reach != EH_CONF_TCTI_DEVICE &&
	    strcmp(conf->anchor_tcti, conf->issuing_tcti) == 0)
		return eh_error_set(error, EH_ERR_CONFIG,
		    "anchor and backend.issuing name the same software TPM, "
		    "which serves one connection: give them one each, or a "
		    "TPM with a resource manager (device:/dev/tpmrm0)");
	return eh_counted_open(conf->issuing_tcti, conf->issuing_index,
	    EH_COUNTED_PATIENCE_MS, &b->counted, error);
}

static int
take_backend(struct eh_boundary *b, struct eh_error *error)
{
	return b->backend != NULL
	    ? EH_OK
	    : eh_backend_p11_open(b->conf, &b->backend, error);
}

int
eh_start_open(struct eh_start *s, const struct eh_conf *conf,
    struct eh_backend *backend, void (*stopped)(void *arg), void *arg,
    struct eh_error *error)
{
	struct eh_boundary *b = &s->boundary;
	int err, tested;

	memset(s, 0, sizeof(*s));
	eh_boundary_init(b);
	b->conf = conf;
	b->backend = backend;
	eh_refusal_open(&b->refusals, NULL);
	tested = test_ourselves();
	if ((err = measure(&b->software, error)) != EH_OK ||
	    (err = take_disk(s, error)) != EH_OK ||
	    (tested && (err = take_backend(b, error)) != EH_OK) ||
	    (tested && (err = take_counted(b, error)) != EH_OK) ||
	    (err = make_engine(s, stopped, arg, error)) != EH_OK ||
	    (err = make_parts(b, error)) != EH_OK ||
	    (tested && (err = look(b, error)) != EH_OK)) {
		eh_start_close(s);
		/* Without random numbers there is not even an engine. */
		return tested ? err :
				eh_error_set(error, EH_DENIED_FAIL_STOPPED,
				    "%s", eh_health_why());
	}
	eh_refusal_close(&b->refusals);
	eh_refusal_open(&b->refusals, conf->state);
	return EH_OK;
}

int
eh_start_stop(struct eh_start *s, struct eh_error *error)
{
	struct eh_boundary *b = &s->boundary;

	/* In the error state (health.h), too: the books are right. */
	if (eh_engine_status(b->engine, NULL) != EH_ENGINE_READY)
		return EH_OK;
	return eh_engine_stop(b->engine, error);
}

void
eh_start_close(struct eh_start *s)
{
	struct eh_boundary *b = &s->boundary;

	eh_refusal_close(&b->refusals);
	eh_store_close(b->store);
	eh_authorizations_free(b->authorizations);
	eh_nonces_free(b->nonces);
	eh_pins_free(b->pins);
	eh_keys_free(b->keys);
	eh_counts_free(b->counts);
	eh_engine_free(b->engine);
	eh_backend_close(b->backend);
	eh_counted_close(b->counted);
	eh_os_posix_free(s->os);
	eh_anchor_close(s->anchor);
	free(s->apply);
	eh_boundary_wipe(b);
	memset(s, 0, sizeof(*s));
}
