/* SPDX-License-Identifier: Apache-2.0 */
/* challenge.c - the numbers that chips sign, so that what they say is said now,
 * to us, for this device. */
#include "config.h"

#include <string.h>

#include "common/wipe.h"
#include "quota-engine/challenge.h"

void
eh_challenges_init(struct eh_challenges *t)
{
	memset(t, 0, sizeof(*t));
	pthread_mutex_init(&t->lock, NULL);
}

void
eh_challenges_wipe(struct eh_challenges *t)
{
	pthread_mutex_destroy(&t->lock);
	eh_wipe(t->row, sizeof(t->row));
}

static struct eh_challenge *
find(struct eh_challenges *t, uint64_t now, const uint8_t *bytes)
{
	for (unsigned i = 0; i < EH_CHALLENGE_KEPT; i++)
		if (t->row[i].until > now &&
		    memcmp(t->row[i].bytes, bytes, EH_CHIP_CHALLENGE) == 0)
			return &t->row[i];
	return NULL;
}

static struct eh_challenge *
find_free(struct eh_challenges *t, uint64_t now)
{
	for (unsigned i = 0; i < EH_CHALLENGE_KEPT; i++)
		if (t->row[i].until <= now)
			return &t->row[i];
	return NULL;
}

/* The place for one more of ${uid}; NULL when others have them all. */
static struct eh_challenge *
place(struct eh_challenges *t, uid_t uid, uint64_t now)
{
	struct eh_challenge *oldest = NULL, *free = find_free(t, now);
	unsigned n = 0;

	for (unsigned i = 0; i < EH_CHALLENGE_KEPT; i++) {
		struct eh_challenge *c = &t->row[i];

		if (c->until <= now || c->uid != uid)
			continue;
		n++;
		if (oldest == NULL || c->until < oldest->until)
			oldest = c;
	}
	return n < EH_CHALLENGE_USER && free != NULL ? free : oldest;
}

int
eh_challenges_ask(struct eh_challenges *t, struct eh_os *os, uint64_t now,
    struct eh_challenge *c, struct eh_error *error)
{
	struct eh_challenge *row;
	int err;

	if ((err = os->random(os->arg, c->bytes, sizeof(c->bytes))) != EH_OK)
		return eh_error_set(error, err, "%s", eh_err_text(err));
	c->until = now + EH_CHALLENGE_NS;
	pthread_mutex_lock(&t->lock);
	if ((row = place(t, c->uid, now)) != NULL)
		*row = *c;
	else
		err = eh_error_set(error, EH_ERR_FULL,
		    "%u challenges of other users wait for an answer: try "
		    "again in ten minutes", EH_CHALLENGE_KEPT);
	pthread_mutex_unlock(&t->lock);
	return err;
}

int
eh_challenges_find(struct eh_challenges *t, uint64_t now,
    const uint8_t bytes[EH_CHIP_CHALLENGE], struct eh_challenge *c)
{
	const struct eh_challenge *row;

	memset(c, 0, sizeof(*c));
	pthread_mutex_lock(&t->lock);
	if ((row = find(t, now, bytes)) != NULL)
		*c = *row;
	pthread_mutex_unlock(&t->lock);
	return row != NULL;
}

int
eh_challenges_take(struct eh_challenges *t, uint64_t now,
    const uint8_t bytes[EH_CHIP_CHALLENGE])
{
	struct eh_challenge *row;

	pthread_mutex_lock(&t->lock);
	if ((row = find(t, now, bytes)) != NULL)
		row->until = 0;
	pthread_mutex_unlock(&t->lock);
	return row != NULL;
}

void
eh_challenges_give_back(
    struct eh_challenges *t, uint64_t now, const struct eh_challenge *c)
{
	struct eh_challenge *row;

	pthread_mutex_lock(&t->lock);
	if ((row = find_free(t, now)) != NULL)
		*row = *c;
	pthread_mutex_unlock(&t->lock);
}
