/* SPDX-License-Identifier: Apache-2.0 */
/* nonce.c - the nonces that wait for a time attestation. */
#include "config.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/crypto/mac.h"
#include "common/ct.h"
#include "common/reader.h"
#include "common/wipe.h"
#include "common/writer.h"
#include "quota-engine/nonce.h"

#define FILE_NAME  "nonces"
#define FILE_MAGIC "EHNONCE2"
#define OLD_MAGIC  "EHNONCE1"	/* without the readings of a TPM */
#define KEY_LABEL  "EdgeHSM-nonce-v1"
#define OLD_PLACE  (1 + EH_ID_LEN + EH_ID_LEN + 8 + 8)
#define PLACE_LEN  (OLD_PLACE + 1 + 8 + 4)
#define LEN_OF(place) (8 + EH_CLOCK_NONCES * (place) + EH_DIGEST_LEN)
#define FILE_LEN   LEN_OF(PLACE_LEN)
#define OLD_LEN    LEN_OF(OLD_PLACE)

struct eh_nonces {
	struct eh_os *os;
	pthread_mutex_t lock;
	uint8_t key[EH_DIGEST_LEN];
	struct eh_clock_nonce place[EH_CLOCK_NONCES];	/* oldest first */
};

static int
save(struct eh_nonces *n)
{
	uint8_t bytes[FILE_LEN];
	struct eh_writer w;

	eh_writer_init(&w, bytes, sizeof(bytes));
	eh_writer_bytes(&w, FILE_MAGIC, 8);
	for (unsigned i = 0; i < EH_CLOCK_NONCES; i++) {
		const struct eh_clock_nonce *p = &n->place[i];

		eh_writer_u8(&w, p->used);
		eh_writer_bytes(&w, p->nonce, EH_ID_LEN);
		eh_writer_bytes(&w, p->sent.boot_id, EH_ID_LEN);
		eh_writer_u64(&w, p->sent.boottime);
		eh_writer_u64(&w, p->sent.raw);
		eh_writer_u8(&w, (uint8_t)p->sent.tpm.known);
		eh_writer_u64(&w, p->sent.tpm.ms);
		eh_writer_u32(&w, p->sent.tpm.resets);
	}
	eh_hmac_sha256(n->key, sizeof(n->key), bytes, w.len, bytes + w.len);
	return eh_os_save(n->os, FILE_NAME, bytes, sizeof(bytes));
}

static void
load(struct eh_nonces *n)
{
	struct eh_clock_nonce place[EH_CLOCK_NONCES];
	uint8_t mac[EH_DIGEST_LEN];
	struct eh_reader r;
	struct eh_buf file;

	memset(place, 0, sizeof(place));
	eh_buf_init(&file, FILE_LEN);
	if (eh_os_load(n->os, FILE_NAME, &file) != EH_OK ||
	    (file.len != FILE_LEN && file.len != OLD_LEN))
		goto out;
	eh_hmac_sha256(n->key, sizeof(n->key), file.data,
	    file.len - EH_DIGEST_LEN, mac);
	if (!eh_ct_equal(
	        mac, file.data + file.len - EH_DIGEST_LEN, EH_DIGEST_LEN))
		goto out;
	eh_reader_init(&r, file.data, file.len - EH_DIGEST_LEN);
	if (memcmp(eh_reader_borrow(&r, 8),
	        file.len == FILE_LEN ? FILE_MAGIC : OLD_MAGIC, 8) != 0)
		goto out;
	for (unsigned i = 0; i < EH_CLOCK_NONCES; i++) {
		place[i].used = eh_reader_u8(&r);
		eh_reader_bytes(&r, place[i].nonce, EH_ID_LEN);
		eh_reader_bytes(&r, place[i].sent.boot_id, EH_ID_LEN);
		place[i].sent.boottime = eh_reader_u64(&r);
		place[i].sent.raw = eh_reader_u64(&r);
		if (file.len == OLD_LEN)
			continue;
		place[i].sent.tpm.known = eh_reader_u8(&r) != 0;
		place[i].sent.tpm.ms = eh_reader_u64(&r);
		place[i].sent.tpm.resets = eh_reader_u32(&r);
	}
	if (eh_reader_end(&r) == EH_OK)
		memcpy(n->place, place, sizeof(place));
out:
	eh_buf_free(&file);
}

int
eh_nonces_new(struct eh_os *os, const uint8_t key[EH_DIGEST_LEN],
    struct eh_nonces **out)
{
	struct eh_nonces *n;

	*out = NULL;
	if ((n = calloc(1, sizeof(*n))) == NULL)
		return EH_ERR_MEMORY;
	n->os = os;
	eh_hmac_sha256(
	    key, EH_DIGEST_LEN, KEY_LABEL, strlen(KEY_LABEL), n->key);
	pthread_mutex_init(&n->lock, NULL);
	load(n);
	*out = n;
	return EH_OK;
}

void
eh_nonces_free(struct eh_nonces *n)
{
	if (n == NULL)
		return;
	pthread_mutex_destroy(&n->lock);
	eh_wipe(n, sizeof(*n));
	free(n);
}

/* The place that goes when a new one comes: an empty one, or the oldest. */
static unsigned
makes_room(const struct eh_nonces *n)
{
	for (unsigned i = 0; i < EH_CLOCK_NONCES; i++)
		if (!n->place[i].used)
			return i;
	return 0;
}

int
eh_nonces_ask(
    struct eh_nonces *n, uint8_t nonce[EH_ID_LEN], struct eh_error *error)
{
	struct eh_clock_nonce fresh;
	struct eh_clock_nonce before[EH_CLOCK_NONCES];
	unsigned gone;
	int err;

	memset(&fresh, 0, sizeof(fresh));
	fresh.used = 1;
	if ((err = n->os->random(n->os->arg, fresh.nonce, EH_ID_LEN)) != EH_OK ||
	    (err = eh_os_reading(n->os, &fresh.sent)) != EH_OK)
		return eh_error_set(error, err, "%s", eh_err_text(err));
	fresh.sent.wall = 0;

	pthread_mutex_lock(&n->lock);
	memcpy(before, n->place, sizeof(before));
	gone = makes_room(n);
	memmove(n->place + gone, n->place + gone + 1,
	    (EH_CLOCK_NONCES - 1 - gone) * sizeof(n->place[0]));
	n->place[EH_CLOCK_NONCES - 1] = fresh;
	if ((err = save(n)) != EH_OK) {
		memcpy(n->place, before, sizeof(before));
		eh_error_set(error, err,
		    "the nonce cannot be kept in the state folder: %s",
		    eh_err_text(err));
	}
	pthread_mutex_unlock(&n->lock);
	if (err == EH_OK)
		memcpy(nonce, fresh.nonce, EH_ID_LEN);
	return err;
}

void
eh_nonces_get(struct eh_nonces *n, struct eh_clock_nonce out[EH_CLOCK_NONCES])
{
	pthread_mutex_lock(&n->lock);
	memcpy(out, n->place, sizeof(n->place));
	pthread_mutex_unlock(&n->lock);
}

void
eh_nonces_forget(struct eh_nonces *n, const uint8_t nonce[EH_ID_LEN])
{
	pthread_mutex_lock(&n->lock);
	for (unsigned i = 0; i < EH_CLOCK_NONCES; i++)
		if (n->place[i].used &&
		    memcmp(n->place[i].nonce, nonce, EH_ID_LEN) == 0)
			memset(&n->place[i], 0, sizeof(n->place[i]));
	(void)save(n);
	pthread_mutex_unlock(&n->lock);
}
