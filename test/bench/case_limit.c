/* SPDX-License-Identifier: Apache-2.0 */
/* case_limit.c - what could be reached on this machine and this backend: the
 * work that no issue can do without, and none of ours. */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "common/file.h"
#include "test/bench/cases.h"
#include "test/bench/machine.h"

#define RECORD	400u
#define FILE_LEN (16u * 1024u * 1024u)

struct limit {
	struct bed *bed;
	CK_SESSION_HANDLE session;
	EVP_MD *sha256;
	EVP_MD_CTX *hash;
	unsigned batch;
	int file;
	size_t at;
	uint8_t tbs[EH_TBS_MAX], chain[32];
	size_t len;
	uint8_t *records;	/* of a batch */
};

void *
limit_begin(struct bed *b, unsigned batch)
{
	struct limit *l = calloc(1, sizeof(*l));

	if (l == NULL || (l->records = calloc(batch, RECORD)) == NULL ||
	    (l->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL)) == NULL ||
	    (l->hash = EVP_MD_CTX_new()) == NULL)
		bench_die("out of memory");
	l->bed = b;
	l->batch = batch;
	l->file = machine_zeroed_file(b->folder, FILE_LEN);
	l->len = product_render(&b->product, 0, &b->device_key[0], l->tbs);
	if (l->len == 0 ||
	    b->plain.p11->C_OpenSession(b->plain.slot, CKF_SERIAL_SESSION,
		NULL, NULL, &l->session) != CKR_OK)
		bench_die("SoftHSM opens no session");
	return l;
}

static int
digest(struct limit *l, const void *bytes, size_t len, uint8_t out[32])
{
	return EVP_DigestInit_ex(l->hash, l->sha256, NULL) == 1 &&
	    EVP_DigestUpdate(l->hash, bytes, len) == 1 &&
	    EVP_DigestFinal_ex(l->hash, out, NULL) == 1 ? 0 : -1;
}

/* Take one of a counter that all threads share. */
static unsigned
take(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static unsigned taken;
	unsigned mine;

	pthread_mutex_lock(&lock);
	mine = ++taken;
	pthread_mutex_unlock(&lock);
	return mine;
}

/* One certificate: patch, hash, sign, and a record in the chain. */
static int
make(struct limit *l, uint8_t record[RECORD])
{
	CK_FUNCTION_LIST *f = l->bed->plain.p11;
	CK_MECHANISM mechanism = { CKM_ECDSA, NULL, 0 };
	const struct eh_rawkey *key =
	    &l->bed->device_key[take() % BED_DEVICE_KEYS];
	uint8_t hash[32];
	CK_ULONG siglen = 64;

	memcpy(l->tbs + l->len / 2, key->bytes, key->len);
	if (digest(l, key->bytes, key->len, hash) != 0 ||
	    digest(l, l->tbs, l->len, hash) != 0 ||
	    f->C_SignInit(l->session, &mechanism, l->bed->plain.handle) !=
		CKR_OK ||
	    f->C_Sign(l->session, hash, sizeof(hash), record + 64, &siglen) !=
		CKR_OK)
		return -1;
	memcpy(record, l->chain, sizeof(l->chain));
	memcpy(record + 32, hash, sizeof(hash));
	return digest(l, record, RECORD, l->chain);
}

static int
make_batch(void *context)
{
	struct limit *l = context;
	size_t len = l->batch * RECORD;

	for (unsigned i = 0; i < l->batch; i++)
		if (make(l, l->records + i * RECORD) != 0)
			return bench_fail("SoftHSM does not sign");
	if (l->at + len > FILE_LEN)
		l->at = 0;
	if (eh_file_pwrite(l->file, l->records, len, l->at) != EH_OK ||
	    fdatasync(l->file) != 0)
		return bench_fail("fdatasync: %s", strerror(errno));
	l->at += len;
	atomic_fetch_add(&l->bed->fsyncs, 1);
	return 0;
}

static void
end(void *context)
{
	struct limit *l = context;

	l->bed->plain.p11->C_CloseSession(l->session);
	close(l->file);
	EVP_MD_CTX_free(l->hash);
	EVP_MD_free(l->sha256);
	free(l->records);
	free(l);
}

const struct bench_ops limit_make = { NULL, make_batch, NULL, end };

/*
 * --- the client's share of an issue ---
 */

void *
render_begin(struct bed *b, unsigned batch)
{
	(void)batch;
	return b;
}

static int
render(void *context)
{
	static unsigned device;
	struct bed *b = context;
	uint8_t tbs[EH_TBS_MAX];

	device++;
	return product_render(&b->product, device,
		   &b->device_key[device % BED_DEVICE_KEYS], tbs) > 0 ? 0 : -1;
}

static void
end_render(void *context)
{
	(void)context;
}

const struct bench_ops limit_render = { NULL, render, NULL, end_render };
