/* SPDX-License-Identifier: Apache-2.0 */
/* rng.c - the boundary's random numbers: two sources, both watched. */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "common/crypto/random.h"
#include "common/wipe.h"
#include "quota-engine/health.h"
#include "quota-engine/rng.h"

#define PIECE (16u * EH_RNG_BLOCK)
#define START 1024u

/* --- the watch --- */

static int
repeats_octet(struct eh_rng_watch *w, uint8_t octet)
{
	w->run = octet == w->octet ? w->run + 1 : 1;
	w->octet = octet;
	return w->run >= EH_RNG_RUN;
}

static int
is_one_sided(struct eh_rng_watch *w, uint8_t octet)
{
	if (w->at == 0) {
		w->first = octet;
		w->seen = 0;
	}
	w->seen += octet == w->first;
	w->at = (w->at + 1) % EH_RNG_WINDOW;
	return w->seen >= EH_RNG_PROPORTION;
}

static int
repeats_block(struct eh_rng_watch *w, const uint8_t *block)
{
	int same = w->has_block &&
	    memcmp(w->block, block, EH_RNG_BLOCK) == 0;

	memcpy(w->block, block, EH_RNG_BLOCK);
	w->has_block = 1;
	return same;
}

const char *
eh_rng_watch(struct eh_rng_watch *w, const uint8_t *octets, size_t len)
{
	const char *wrong = NULL;

	for (size_t i = 0; i + EH_RNG_BLOCK <= len; i += EH_RNG_BLOCK) {
		if (repeats_block(w, octets + i))
			wrong = "repeats itself";
		for (size_t j = 0; j < EH_RNG_BLOCK; j++) {
			if (repeats_octet(w, octets[i + j]))
				wrong = "repeats itself";
			if (is_one_sided(w, octets[i + j]) && wrong == NULL)
				wrong = "is one-sided";
		}
	}
	return wrong;
}

/* --- drawing --- */

static int
fail(struct eh_rng *rng, const char *name, const char *wrong)
{
	rng->is_failed = 1;
	eh_health_fail("health test: %s %s; restart edgehsmd, which tests it "
		       "anew, and if it fails again do not use this host",
	    name, wrong);
	return EH_ERR_CRYPTO;
}

/* Whole blocks of both sources into ${out}; a part of a block that nobody asked
 * for is watched all the same. */
static int
draw_piece(struct eh_rng *rng, uint8_t out[PIECE], size_t len)
{
	size_t whole = (len + EH_RNG_BLOCK - 1) / EH_RNG_BLOCK * EH_RNG_BLOCK;
	uint8_t piece[PIECE];
	const char *wrong;
	int err = EH_OK;

	memset(out, 0, PIECE);
	for (unsigned s = 0; err == EH_OK && s < 2; s++) {
		wrong = rng->source[s].draw(piece, whole) != 0
		    ? "gives nothing"
		    : eh_rng_watch(&rng->source[s].watch, piece, whole);
		if (wrong != NULL)
			err = fail(rng, rng->source[s].name, wrong);
		for (size_t i = 0; i < whole; i++)
			out[i] ^= piece[i];
	}
	eh_wipe(piece, sizeof(piece));
	return err;
}

int
eh_rng_draw(struct eh_rng *rng, void *out, size_t len)
{
	uint8_t piece[PIECE], *to = out;
	int err = EH_OK;

	pthread_mutex_lock(&rng->lock);
	if (rng->is_failed)
		err = EH_ERR_CRYPTO;
	for (size_t n, at = 0; err == EH_OK && at < len; at += n) {
		n = len - at < PIECE ? len - at : PIECE;
		if ((err = draw_piece(rng, piece, n)) == EH_OK)
			memcpy(to + at, piece, n);
	}
	pthread_mutex_unlock(&rng->lock);
	eh_wipe(piece, sizeof(piece));
	if (err != EH_OK)
		eh_wipe(out, len);
	return err;
}

/* --- this host --- */

static int
kernel(void *out, size_t len)
{
	uint8_t *to = out;
	ssize_t n;

	while (len > 0) {
		n = getrandom(to, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		to += n;
		len -= (size_t)n;
	}
	return 0;
}

static int
libcrypto(void *out, size_t len)
{
	return eh_random(out, len) == EH_OK ? 0 : -1;
}

static struct eh_rng host = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.source = {
		{ .name = "the kernel's random generator", .draw = kernel },
		{ .name = "libcrypto's random generator", .draw = libcrypto },
	},
};

int
eh_rng_fill(void *out, size_t len)
{
	return eh_rng_draw(&host, out, len);
}

int
eh_rng_start(void)
{
	uint8_t octets[START];
	int err = eh_rng_fill(octets, sizeof(octets));

	eh_wipe(octets, sizeof(octets));
	return err;
}
