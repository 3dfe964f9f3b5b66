/* SPDX-License-Identifier: Apache-2.0 */
/* fixture.c - what the tests of the boundary's edges share: folders, a key
 * store that can be made to lie. */
#include "config.h"

#include <check.h>
#include <ftw.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/crypto/ecdsa.h"
#include "common/crypto/mac.h"
#include "common/crypto/random.h"
#include "quota-engine/genesis.h"
#include "test/unit/quota-engine/fixture.h"

void
fixture_folder(char path[FIXTURE_PATH])
{
	const char *tmp = getenv("TMPDIR");

	snprintf(path, FIXTURE_PATH, "%s/edgehsm-test.XXXXXX",
	    tmp != NULL && strlen(tmp) < 128 ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(path));
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void
fixture_remove(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void
fixture_join(char path[FIXTURE_PATH], const char *folder, const char *name)
{
	int len = snprintf(path, FIXTURE_PATH, "%s/%s", folder, name);

	ck_assert_int_lt(len, FIXTURE_PATH);
}

void
fixture_write(const char *path, const char *text, unsigned mode)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
}

/* --- SoftHSM --- */

#define SOFTHSM_UTIL "/usr/bin/softhsm2-util"

static const char *const softhsm_paths[] = {
	"/usr/lib/softhsm/libsofthsm2.so",
	"/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
	"/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
	"/usr/local/lib/softhsm/libsofthsm2.so",
};

static const char *
softhsm_module(void)
{
	for (size_t i = 0;
	     i < sizeof(softhsm_paths) / sizeof(softhsm_paths[0]); i++)
		if (access(softhsm_paths[i], R_OK) == 0)
			return softhsm_paths[i];
	return NULL;
}

int
fixture_has_softhsm(void)
{
	return softhsm_module() != NULL && access(SOFTHSM_UTIL, X_OK) == 0;
}

void
fixture_softhsm(const char *folder, const char *label, struct eh_conf *conf)
{
	static char module[FIXTURE_PATH], file[FIXTURE_PATH];
	static char pin[FIXTURE_PATH], token[33];
	static char name[] = "SOFTHSM2_CONF";
	static struct eh_conf_env env = { name, file };
	char path[FIXTURE_PATH], text[2 * FIXTURE_PATH];

	ck_assert(fixture_has_softhsm());
	snprintf(module, sizeof(module), "%s", softhsm_module());
	snprintf(token, sizeof(token), "%s", label);
	fixture_join(path, folder, "tokens");
	if (mkdir(path, 0700) == 0) {
		snprintf(text, sizeof(text),
		    "directories.tokendir = %s\nobjectstore.backend = file\n"
		    "log.level = ERROR\n",
		    path);
		fixture_join(file, folder, "softhsm2.conf");
		fixture_write(file, text, 0600);
		fixture_join(pin, folder, "backend.pin");
		fixture_write(pin, FIXTURE_TOKEN_PIN "\n", 0600);
	}
	ck_assert_int_eq(setenv("SOFTHSM2_CONF", file, 1), 0);
	snprintf(text, sizeof(text),
	    SOFTHSM_UTIL " --init-token --free --label %s --so-pin 1234 --pin "
			 FIXTURE_TOKEN_PIN " >/dev/null 2>&1",
	    token);
	ck_assert_int_eq(system(text), 0);
	memset(conf, 0, sizeof(*conf));
	conf->backend_module = module;
	conf->backend_token = token;
	conf->backend_pin_file = pin;
	conf->backend_env = &env;
	conf->backend_nenv = 1;
}

/* --- the backend --- */

static struct fixture_backend *
self(struct eh_backend *b)
{
	return (struct fixture_backend *)b;
}

struct fixture_key *
fixture_backend_key(
    struct fixture_backend *f, const uint8_t id[EH_BACKEND_ID_LEN])
{
	for (size_t i = 0; i < sizeof(f->key) / sizeof(f->key[0]); i++)
		if (f->key[i].used &&
		    memcmp(f->key[i].id, id, EH_BACKEND_ID_LEN) == 0)
			return &f->key[i];
	return NULL;
}

static int
fake_count(struct eh_backend *b, unsigned *np, struct eh_error *error)
{
	struct fixture_backend *f = self(b);

	(void)error;
	*np = f->strangers + (unsigned)f->has_secret;
	for (size_t i = 0; i < sizeof(f->key) / sizeof(f->key[0]); i++)
		*np += (unsigned)f->key[i].used * 2;
	return EH_OK;
}

static int
fake_make_secret(struct eh_backend *b, struct eh_error *error)
{
	struct fixture_backend *f = self(b);

	(void)error;
	f->has_secret = 1;
	return eh_random(f->secret, sizeof(f->secret));
}

static int
fake_derive(struct eh_backend *b, const char *label, uint8_t out[32],
    struct eh_error *error)
{
	struct fixture_backend *f = self(b);

	if (!f->has_secret)
		return eh_error_set(error, EH_ERR_NOT_FOUND, "no secret");
	if (f->lie == LIE_SIGN_FAILS)
		return eh_error_set(error, EH_ERR_BACKEND, "HMAC failed");
	eh_hmac_sha256(
	    f->secret, sizeof(f->secret), label, strlen(label), out);
	return EH_OK;
}

static void
fill(const struct fixture_key *key, const struct fixture_backend *f,
    struct eh_backend_key *out)
{
	out->handle = (unsigned long)(key - f->key) + 1;
	out->public = key->public;
	out->sensitive = f->lie != LIE_EXTRACTABLE;
}

static int
fake_generate(struct eh_backend *b, const uint8_t id[EH_BACKEND_ID_LEN],
    struct eh_backend_key *out, struct eh_error *error)
{
	struct fixture_backend *f = self(b);
	struct fixture_key *key = f->key;
	uint8_t point[EH_P256_POINT_LEN];
	size_t len = 0;

	if (f->lie == LIE_GENERATE_FAILS)
		return eh_error_set(error, EH_ERR_BACKEND, "generate failed");
	while (key->used)
		key++;
	key->key = EVP_EC_gen("P-256");
	ck_assert_ptr_nonnull(key->key);
	ck_assert_int_eq(EVP_PKEY_get_octet_string_param(key->key,
			     OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point),
			     &len),
	    1);
	ck_assert_int_eq(eh_rawkey_set(&key->public, point, len), EH_OK);
	memcpy(key->id, id, EH_BACKEND_ID_LEN);
	key->used = 1;
	fill(key, f, out);
	return EH_OK;
}

static int
fake_find(struct eh_backend *b, const uint8_t id[EH_BACKEND_ID_LEN],
    struct eh_backend_key *out, struct eh_error *error)
{
	struct fixture_key *key = fixture_backend_key(self(b), id);

	if (key == NULL)
		return eh_error_set(error, EH_ERR_NOT_FOUND, "no such key");
	fill(key, self(b), out);
	return EH_OK;
}

static int
fake_sign(struct eh_backend *b, unsigned long handle, const uint8_t digest[32],
    uint8_t signature[64], struct eh_error *error)
{
	struct fixture_backend *f = self(b);
	uint8_t der[EH_P256_DER_SIGNATURE_MAX];
	size_t len = sizeof(der);
	EVP_PKEY *other = NULL;
	EVP_PKEY_CTX *ctx;

	if (f->lie == LIE_SIGN_FAILS)
		return eh_error_set(error, EH_ERR_BACKEND, "sign failed");
	if (f->lie == LIE_OTHER_KEY)
		other = EVP_EC_gen("P-256");
	ctx = EVP_PKEY_CTX_new(
	    other != NULL ? other : f->key[handle - 1].key, NULL);
	ck_assert_ptr_nonnull(ctx);
	ck_assert_int_eq(EVP_PKEY_sign_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_sign(ctx, der, &len, digest, 32), 1);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(other);
	ck_assert_int_eq(eh_p256_signature_from_der(der, len, signature), 0);
	if (f->lie == LIE_BAD_SIGNATURE)
		signature[63] ^= 1;
	__atomic_add_fetch(&f->signatures, 1, __ATOMIC_SEQ_CST);
	return EH_OK;
}

static int
fake_destroy(struct eh_backend *b, const uint8_t id[EH_BACKEND_ID_LEN],
    struct eh_error *error)
{
	struct fixture_backend *f = self(b);
	struct fixture_key *key = fixture_backend_key(f, id);

	if (f->lie == LIE_DESTROY_FAILS)
		return eh_error_set(error, EH_ERR_BACKEND, "destroy failed");
	if (memcmp(id, EH_BACKEND_SECRET_ID, EH_BACKEND_ID_LEN) == 0)
		f->has_secret = 0;
	if (key != NULL) {
		EVP_PKEY_free(key->key);
		memset(key, 0, sizeof(*key));
	}
	return EH_OK;
}

static void
free_backend(struct fixture_backend *f)
{
	for (size_t i = 0; i < sizeof(f->key) / sizeof(f->key[0]); i++)
		EVP_PKEY_free(f->key[i].key);
	free(f);
}

/* A key store outlives the daemon that uses it. */
static void
fake_close(struct eh_backend *b)
{
	(void)b;
}

static const struct eh_backend_ops fake_ops = {
	.name = "fake",
	.count = fake_count,
	.make_secret = fake_make_secret,
	.derive = fake_derive,
	.generate = fake_generate,
	.find = fake_find,
	.sign = fake_sign,
	.destroy = fake_destroy,
	.close = fake_close,
};

struct fixture_backend *
fixture_backend_new(void)
{
	struct fixture_backend *f = calloc(1, sizeof(*f));

	ck_assert_ptr_nonnull(f);
	f->base.ops = &fake_ops;
	return f;
}

/* --- a whole boundary --- */

static _Atomic uint64_t later_ns; /* the engine's threads read it, too */
static int (*real_clocks)(void *, struct eh_clock_reading *);

static int
shifted_clocks(void *arg, struct eh_clock_reading *r)
{
	int err = real_clocks(arg, r);

	r->boottime += later_ns;
	r->raw += later_ns;
	return err;
}

void
fixture_later(unsigned seconds)
{
	later_ns += seconds * UINT64_C(1000000000);
}

static int
open_boundary(struct fixture *f)
{
	int err = eh_start_open(&f->start, &f->conf, &f->backend->base, NULL,
	    NULL, &f->error);

	f->b = NULL;
	if (err != EH_OK)
		return err;
	f->b = &f->start.boundary;
	real_clocks = f->b->os->clocks;
	f->b->os->clocks = shifted_clocks;
	return EH_OK;
}

void
fixture_open(struct fixture *f)
{
	static char token[] = "fake";

	memset(f, 0, sizeof(*f));
	later_ns = 0;
	fixture_folder(f->folder);
	fixture_join(f->state, f->folder, "state");
	fixture_join(f->anchor, f->folder, "anchor");
	fixture_join(f->socket, f->folder, "s");
	f->conf.state = f->state;
	f->conf.anchor_path = f->anchor;
	f->conf.socket = f->socket;
	f->conf.segment = 1024 * 1024;
	f->conf.backend_token = token;
	f->backend = fixture_backend_new();
	ck_assert_msg(
	    open_boundary(f) == EH_OK, "%s", eh_error_sentence(&f->error));
}

int
fixture_try_genesis(struct fixture *f)
{
	struct eh_rawkey root;
	uint8_t spki[EH_SPKI_MAX], point[EH_P256_POINT_LEN];
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct eh_genesis g = { .label = "token",
		.pin = (const uint8_t *)FIXTURE_OFFICER,
		.pinlen = strlen(FIXTURE_OFFICER),
		.root = spki };
	size_t len = 0;

	ck_assert_int_eq(EVP_PKEY_get_octet_string_param(key,
			     OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point),
			     &len),
	    1);
	EVP_PKEY_free(key);
	ck_assert_int_eq(eh_rawkey_set(&root, point, len), EH_OK);
	g.rootlen = eh_rawkey_to_spki(&root, spki);
	return eh_genesis_run(f->b, &g, &f->error);
}

void
fixture_genesis(struct fixture *f)
{
	ck_assert_msg(fixture_try_genesis(f) == EH_OK, "%s",
	    eh_error_sentence(&f->error));
	ck_assert_msg(eh_pins_set(f->b->pins, EH_ROLE_OPERATOR,
			  (const uint8_t *)FIXTURE_OPERATOR,
			  strlen(FIXTURE_OPERATOR), &f->error) == EH_OK,
	    "%s", eh_error_sentence(&f->error));
}

int
fixture_restart(struct fixture *f)
{
	if (f->b != NULL) {
		ck_assert_msg(eh_start_stop(&f->start, &f->error) == EH_OK,
		    "%s", eh_error_sentence(&f->error));
		eh_start_close(&f->start);
	}
	eh_error_clear(&f->error);
	return open_boundary(f);
}

void
fixture_close(struct fixture *f)
{
	if (f->b != NULL)
		eh_start_close(&f->start);
	free_backend(f->backend);
	fixture_remove(f->folder);
}

struct eh_caller
fixture_caller(struct fixture *f, uid_t uid, unsigned roles, unsigned login)
{
	struct eh_caller caller = { .roles = roles, .login = login };

	caller.peer.uid = uid;
	caller.greeted = 1;
	if (login != 0)
		caller.generation = eh_pins_generation(f->b->pins,
		    login == EH_MAY_OFFICER ? EH_ROLE_OFFICER
					    : EH_ROLE_OPERATOR);
	return caller;
}
