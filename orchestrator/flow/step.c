/* SPDX-License-Identifier: Apache-2.0 */
/* step.c - the steps of a line at the chip. */
#include "config.h"

#include <string.h>

#include "common/crypto/digest.h"
#include "common/hex.h"
#include "common/x509/csr.h"
#include "orchestrator/flow/work.h"

/* --- the chip, open when a step needs it --- */

static void
chip_log(void *arg, int level, const char *text)
{
	const struct eh_work *w = arg;

	if (w->watch->log != NULL)
		w->watch->log(w->watch->arg, level, text);
}

static void
chip_progress(void *arg, uint64_t done, uint64_t total)
{
	const struct eh_work *w = arg;

	if (w->watch->progress != NULL)
		w->watch->progress(w->watch->arg, done, total);
}

/* The first request to stop lets the unit be finished, the second does not. */
static int
chip_cancelled(void *arg)
{
	const struct eh_work *w = arg;

	return w->options->stop != NULL && *w->options->stop > 1;
}

/*
 * Whose chip is it?  A unit that has a key stays with the chip that made it;
 * before that, whichever is in the socket will do.
 */
static int
meet(struct eh_work *w, struct eh_error *error)
{
	struct eh_chip_identity identity;
	int err;

	if (w->unit.has_chip && w->unit.nkeys > 0)
		return eh_chip_same(w->chip, w->unit.chip, error);
	if ((err = eh_chip_identify(w->chip, &identity, error)) != EH_OK)
		return err;
	if (w->unit.has_chip &&
	    memcmp(w->unit.chip, identity.id, EH_CHIP_ID_LEN) == 0)
		return EH_OK;
	w->unit.has_chip = 1;
	memcpy(w->unit.chip, identity.id, EH_CHIP_ID_LEN);
	return eh_unit_save(&w->unit, error);
}

int
eh_step_connect(struct eh_work *w, struct eh_error *error)
{
	struct eh_host_watch watch = { w, chip_log, chip_progress,
		chip_cancelled };
	int err;

	if (w->chip != NULL)
		return EH_OK;
	if ((err = eh_chip_open(w->recipe->driver, w->recipe->config,
		 w->unit.device, &watch, &w->chip, error)) != EH_OK)
		return err;
	if ((err = meet(w, error)) != EH_OK) {
		eh_chip_close(w->chip);
		w->chip = NULL;
	}
	return err;
}

static int
step_connect(struct eh_work *w, const struct eh_line_step *step,
    struct eh_error *error)
{
	(void)step;
	return eh_step_connect(w, error);
}

/* --- keygen --- */

static int
step_keygen(struct eh_work *w, const struct eh_line_step *step,
    struct eh_error *error)
{
	int place = eh_recipe_key(w->recipe, step->with->key);
	const int asks = w->recipe->compiled->profile.evidence ==
	    EH_EVIDENCE_CSR;
	struct eh_buf request;
	struct eh_rawkey key;
	int err;

	if (place < 0)
		return EH_ERR_INTERNAL;		/* the recipe was checked */
	eh_buf_init(&request, EH_CSR_MAX);
	err = eh_chip_keygen(w->chip, (uint32_t)place, &key, &request, error);
	/* Durable before the key is known: a key without it is of no use. */
	if (err == EH_OK && asks)
		err = eh_unit_put_csr(&w->unit, step->with->key, request.data,
		    request.len, error);
	if (err == EH_OK)
		err = eh_unit_note_key(&w->unit, step->with->key, &key);
	eh_buf_free(&request);
	return err;
}

/* --- inject and verify --- */

static int
get_certificate(const struct eh_work *w, const struct eh_recipe_place *p,
    struct eh_buf *der, uint8_t digest[EH_DIGEST_LEN], struct eh_error *error)
{
	const char *id = w->recipe->compiled->profile.template[p->index].id;
	int err = eh_unit_get_der(&w->unit, id, der, error);

	if (err == EH_OK)
		eh_sha256(der->data, der->len, digest);
	else if (err == EH_ERR_NOT_FOUND)
		eh_error_set(error, err,
		    "certificate '%s' is not in %s any more", id,
		    w->unit.folder);
	return err;
}

/* Does the chip hold exactly this already?  Then writing would only wear it. */
static int
holds(const struct eh_work *w, const struct eh_recipe_place *p,
    const uint8_t digest[EH_DIGEST_LEN])
{
	uint8_t found[EH_DIGEST_LEN];

	return eh_plugin_can(w->recipe->driver, EH_DRIVER_READ_BACK) &&
	    eh_chip_read_back(w->chip, p->number, found, NULL) == EH_OK &&
	    memcmp(found, digest, EH_DIGEST_LEN) == 0;
}

static int
inject_one(struct eh_work *w, const struct eh_recipe_place *p,
    struct eh_error *error)
{
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_buf der;
	int err;

	if ((err = get_certificate(w, p, &der, digest, error)) == EH_OK &&
	    !holds(w, p, digest) &&
	    (err = eh_chip_same(w->chip, w->unit.chip, error)) == EH_OK)
		err = eh_chip_write_certificate(
		    w->chip, p->number, der.data, der.len, error);
	eh_buf_free(&der);
	return err;
}

static int
step_inject(struct eh_work *w, const struct eh_line_step *step,
    struct eh_error *error)
{
	int err = EH_OK;

	(void)step;
	for (unsigned i = 0; i < w->recipe->nplaces && err == EH_OK; i++)
		err = inject_one(w, &w->recipe->place[i], error);
	return err;
}

static int
verify_one(struct eh_work *w, const struct eh_recipe_place *p,
    struct eh_error *error)
{
	char want[EH_HEX_SIZE(EH_DIGEST_LEN)], have[EH_HEX_SIZE(EH_DIGEST_LEN)];
	uint8_t digest[EH_DIGEST_LEN], found[EH_DIGEST_LEN];
	struct eh_buf der;
	int err = get_certificate(w, p, &der, digest, error);

	eh_buf_free(&der);
	if (err != EH_OK ||
	    (err = eh_chip_read_back(w->chip, p->number, found, error)) !=
		EH_OK)
		return err;
	if (memcmp(found, digest, EH_DIGEST_LEN) == 0)
		return eh_unit_note_place(&w->unit, p->name, found);
	eh_hex_encode(digest, EH_DIGEST_LEN, want);
	eh_hex_encode(found, EH_DIGEST_LEN, have);
	return eh_error_set(error, EH_ERR_PROOF,
	    "read back from %s: the chip holds SHA-256 %.16s..., %.16s... was "
	    "written",
	    p->name, have, want);
}

static int
step_verify(struct eh_work *w, const struct eh_line_step *step,
    struct eh_error *error)
{
	int err = eh_chip_same(w->chip, w->unit.chip, error);

	(void)step;
	for (unsigned i = 0; i < w->recipe->nplaces && err == EH_OK; i++)
		if (w->recipe->place[i].verify)
			err = verify_one(w, &w->recipe->place[i], error);
	return err;
}

/* --- the table --- */

static int
step_record(struct eh_work *w, const struct eh_line_step *step,
    struct eh_error *error)
{
	(void)step;
	return eh_record_step(w, error);
}

/* What a line can do.  What is not here was refused when it was loaded. */
/* clang-format off */
static const struct {
	int uses;			/* enum eh_line_step_kind */
	int on_chip;
	int (*run)(struct eh_work *, const struct eh_line_step *,
	    struct eh_error *);
} steps[] = {
	{ EH_STEP_CHIP_CONNECT, 1, step_connect },
	{ EH_STEP_CHIP_KEYGEN,  1, step_keygen },
	{ EH_STEP_HSM_ISSUE,    0, eh_issue_step },
	{ EH_STEP_CHIP_INJECT,  1, step_inject },
	{ EH_STEP_CHIP_VERIFY,  1, step_verify },
	{ EH_STEP_RECORD_WRITE, 0, step_record },
};
/* clang-format on */
#define NSTEPS (sizeof(steps) / sizeof(steps[0]))

int
eh_step_is_on_chip(int uses)
{
	for (size_t i = 0; i < NSTEPS; i++)
		if (steps[i].uses == uses)
			return steps[i].on_chip;
	return 0;
}

int
eh_step_run(struct eh_work *w, const struct eh_line_step *step,
    struct eh_error *error)
{
	int err;

	for (size_t i = 0; i < NSTEPS; i++) {
		if (steps[i].uses != step->uses)
			continue;
		if (!steps[i].on_chip)
			return steps[i].run(w, step, error);
		if ((err = eh_step_connect(w, error)) == EH_OK &&
		    (err = steps[i].run(w, step, error)) != EH_OK) {
			/* A line that was cut, or a chip that is in the middle
			 * of something: the next attempt opens it anew. */
			eh_chip_close(w->chip);
			w->chip = NULL;
		}
		return err;
	}
	return eh_error_set(error, EH_ERR_UNSUPPORTED,
	    "%s is not built yet", eh_line_step_word(step->uses));
}
