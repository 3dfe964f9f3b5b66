/* SPDX-License-Identifier: Apache-2.0 */
/* evidence.c - that somebody holds the key of a device. */
#include "config.h"

#include <string.h>

#include "common/x509/csr.h"
#include "quota-engine/evidence.h"

int
eh_evidence_csr(const uint8_t *der, size_t len, struct eh_rawkey *key,
    struct eh_error *error)
{
	struct eh_csr csr;
	struct eh_error why;
	int err;

	eh_error_clear(&why);
	if (eh_csr_decode(&csr, der, len) != EH_OK)
		return eh_error_set(error, EH_DENIED_EVIDENCE,
		    "the evidence (%zu bytes) is not a PKCS#10 request in DER",
		    len);
	err = eh_csr_verify(&csr, &why);
	if (err == EH_ERR_CRYPTO || err == EH_ERR_MEMORY)
		return eh_error_set(
		    error, err, "evidence: %s", eh_error_sentence(&why));
	if (err != EH_OK)
		return eh_error_set(error, EH_DENIED_EVIDENCE, "evidence: %s",
		    eh_error_sentence(&why));
	if (eh_rawkey_from_spki(key, csr.spki.der.at, csr.spki.der.len) !=
	    EH_OK)
		return eh_error_set(error, EH_DENIED_EVIDENCE,
		    "evidence: the request's key is not written as a P-256 key "
		    "must be");
	return EH_OK;
}

void
eh_shelf_init(struct eh_shelf *s)
{
	memset(s, 0, sizeof(*s));
	pthread_mutex_init(&s->lock, NULL);
}

void
eh_shelf_wipe(struct eh_shelf *s)
{
	pthread_mutex_destroy(&s->lock);
}

static struct eh_shelved *
find(struct eh_shelf *s, uint64_t now, const uint8_t *spki)
{
	for (unsigned i = 0; i < EH_EVIDENCE_KEPT; i++)
		if (s->row[i].until > now && memcmp(s->row[i].spki, spki,
		        sizeof(s->row[i].spki)) == 0)
			return &s->row[i];
	return NULL;
}

static struct eh_shelved *
find_free(struct eh_shelf *s, uint64_t now)
{
	for (unsigned i = 0; i < EH_EVIDENCE_KEPT; i++)
		if (s->row[i].until <= now)
			return &s->row[i];
	return NULL;
}

/* The place for one more of ${uid}; NULL when others have them all. */
static struct eh_shelved *
place(struct eh_shelf *s, uid_t uid, uint64_t now)
{
	struct eh_shelved *oldest = NULL, *free = find_free(s, now);
	unsigned n = 0;

	for (unsigned i = 0; i < EH_EVIDENCE_KEPT; i++) {
		struct eh_shelved *r = &s->row[i];

		if (r->until <= now || r->uid != uid)
			continue;
		n++;
		if (oldest == NULL || r->until < oldest->until)
			oldest = r;
	}
	return n < EH_EVIDENCE_USER && free != NULL ? free : oldest;
}

int
eh_shelf_put(struct eh_shelf *s, uint64_t now, const struct eh_shelved *what,
    struct eh_error *error)
{
	struct eh_shelved *r;
	int err = EH_OK;

	pthread_mutex_lock(&s->lock);
	if ((r = find(s, now, what->spki)) == NULL)
		r = place(s, what->uid, now);
	if (r != NULL) {
		*r = *what;
		r->until = now + EH_EVIDENCE_NS;
	} else {
		err = eh_error_set(error, EH_ERR_FULL,
		    "%u pieces of evidence of other users wait to be used: "
		    "send this one with its issue, or try again in ten minutes",
		    EH_EVIDENCE_KEPT);
	}
	pthread_mutex_unlock(&s->lock);
	return err;
}

int
eh_shelf_take(struct eh_shelf *s, uint64_t now, enum eh_evidence_kind kind,
    const uint8_t spki[EH_SPKI_DIGEST_LEN], struct eh_shelved *taken)
{
	struct eh_shelved *r;

	memset(taken, 0, sizeof(*taken));
	pthread_mutex_lock(&s->lock);
	if ((r = find(s, now, spki)) != NULL && r->kind != kind)
		r = NULL;
	if (r != NULL) {
		*taken = *r;
		r->until = 0;
	}
	pthread_mutex_unlock(&s->lock);
	return r != NULL;
}

void
eh_shelf_give_back(
    struct eh_shelf *s, uint64_t now, const struct eh_shelved *taken)
{
	struct eh_shelved *r;

	pthread_mutex_lock(&s->lock);
	if (find(s, now, taken->spki) == NULL &&
	    (r = find_free(s, now)) != NULL)
		*r = *taken;
	pthread_mutex_unlock(&s->lock);
}
