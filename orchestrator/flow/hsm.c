/* SPDX-License-Identifier: Apache-2.0 */
/* hsm.c - what a line asks of the EdgeHSM: token and provider. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/crypto/digest.h"
#include "common/hex.h"
#include "common/message/record.h"
#include "common/writer.h"
#include "common/x509/profile.h"
#include "orchestrator/flow/certify.h"
#include "orchestrator/flow/hsm.h"

#define REPORT_MAX 4096

struct hsm {
	struct eh_token *token;
	struct eh_certifier *certifier;
	char label[EH_NAME_MAX + 1];	/* of the token */
	unsigned nkeys;
	struct {
		uint8_t issuer[EH_DIGEST_LEN];
		struct eh_token_key key;
	} key[EH_PROFILE_TEMPLATES];	/* those that were asked for */
};

static int
hsm_status(void *arg, struct eh_token_status *status, struct eh_error *error)
{
	struct hsm *h = arg;
	int err = eh_token_get_status(h->token, status, error);

	if (err == EH_OK)
		memcpy(h->label, status->label, sizeof(h->label));
	return err;
}

struct search {
	const uint8_t *issuer;
	struct eh_token_key *key;
	int found;
};

static int
compare_key(void *arg, const struct eh_token_key *key)
{
	struct search *s = arg;
	uint8_t digest[EH_DIGEST_LEN];

	eh_sha256(key->spki, key->spkilen, digest);
	if (memcmp(digest, s->issuer, EH_DIGEST_LEN) != 0)
		return EH_OK;
	*s->key = *key;
	s->found = 1;
	return EH_OK;
}

static int
find_key(struct hsm *h, const uint8_t issuer[EH_DIGEST_LEN],
    const struct eh_token_key **keyp, struct eh_error *error)
{
	struct search s = { .issuer = issuer };
	char hex[EH_HEX_SIZE(EH_DIGEST_LEN)];
	int err;

	for (unsigned i = 0; i < h->nkeys; i++)
		if (memcmp(h->key[i].issuer, issuer, EH_DIGEST_LEN) == 0) {
			*keyp = &h->key[i].key;
			return EH_OK;
		}
	if (h->nkeys == EH_PROFILE_TEMPLATES)
		return EH_ERR_FULL;
	s.key = &h->key[h->nkeys].key;
	if ((err = eh_token_keys(h->token, compare_key, &s, error)) != EH_OK)
		return err;
	if (!s.found) {
		eh_hex_encode(issuer, EH_DIGEST_LEN, hex);
		return eh_error_set(error, EH_ERR_NOT_FOUND,
		    "no key on the token has the SPKI digest %.16s...; the "
		    "profile was compiled for another EdgeHSM",
		    hex);
	}
	memcpy(h->key[h->nkeys].issuer, issuer, EH_DIGEST_LEN);
	*keyp = &h->key[h->nkeys++].key;
	return EH_OK;
}

static int
hsm_find_issuer(
    void *arg, const uint8_t issuer[EH_DIGEST_LEN], struct eh_error *error)
{
	const struct eh_token_key *key;

	return find_key(arg, issuer, &key, error);
}

static int
hsm_sign(void *arg, const uint8_t issuer[EH_DIGEST_LEN],
    const struct eh_issue_param *param, const uint8_t *tbs, size_t len,
    struct eh_buf *der, struct eh_error *error)
{
	struct hsm *h = arg;
	const struct eh_token_key *key;
	int err = find_key(h, issuer, &key, error);

	if (err != EH_OK)
		return err;
	return eh_certifier_sign(
	    h->certifier, h->label, key, param, tbs, len, der, error);
}

static int
hsm_challenge(void *arg, const uint8_t authorization[EH_ID_LEN],
    const char *id_kind, const struct eh_device_id *device,
    uint8_t challenge[EH_TOKEN_CHALLENGE], struct eh_error *error)
{
	struct hsm *h = arg;

	return eh_token_challenge(
	    h->token, authorization, id_kind, device, challenge, error);
}

static int
hsm_report(void *arg, const uint8_t authorization[EH_ID_LEN],
    const char *id_kind, const struct eh_device_id *device,
    const struct eh_unit_report *report, struct eh_error *error)
{
	struct hsm *h = arg;
	uint8_t bytes[REPORT_MAX];
	struct eh_writer w;
	size_t len;
	int err;

	eh_writer_init(&w, bytes, sizeof(bytes));
	eh_unit_report_encode(report, &w);
	if ((err = eh_writer_end(&w, &len)) != EH_OK)
		return err;
	return eh_token_report(
	    h->token, authorization, id_kind, device, bytes, len, error);
}

struct look {
	const uint8_t *authorization;
	const struct eh_device_id *device;
	enum eh_outcome outcome;
	struct eh_record *record;
	int found;
};

static int
look_at(void *arg, uint64_t seq, const uint8_t *entry, size_t len)
{
	struct look *l = arg;
	const struct eh_record *r = l->record;

	(void)seq;
	/* What is no record (a burned place) or of a later kind is no report. */
	if (eh_record_decode(entry, len, l->record, NULL) == EH_OK &&
	    r->kind == EH_RECORD_REPORT &&
	    memcmp(r->authorization, l->authorization, EH_ID_LEN) == 0 &&
	    eh_device_id_equal(&r->device, l->device) &&
	    r->of.report.outcome == l->outcome)
		l->found = 1;
	return EH_OK;
}

static int
hsm_find_report(void *arg, const uint8_t authorization[EH_ID_LEN],
    const struct eh_device_id *device, enum eh_outcome outcome, uint64_t first,
    int *foundp, struct eh_error *error)
{
	struct hsm *h = arg;
	struct look l = { .authorization = authorization, .device = device,
		.outcome = outcome };
	uint64_t next = first;
	int err;

	*foundp = 0;
	if ((l.record = calloc(1, sizeof(*l.record))) == NULL)
		return EH_ERR_MEMORY;
	do {
		first = next;
		err = eh_token_log(
		    h->token, first, look_at, &l, &next, error);
	} while (err == EH_OK && !l.found && next > first);
	free(l.record);
	*foundp = l.found;
	return err;
}

static const struct eh_hsm_ops ops = {
	.status = hsm_status,
	.find_issuer = hsm_find_issuer,
	.sign = hsm_sign,
	.challenge = hsm_challenge,
	.report = hsm_report,
	.find_report = hsm_find_report,
};

int
eh_hsm_open(struct eh_token *token, const char *pin_file, struct eh_hsm *hsm,
    struct eh_error *error)
{
	struct hsm *h = calloc(1, sizeof(*h));
	int err;

	hsm->ops = &ops;
	hsm->arg = NULL;
	if (h == NULL)
		return EH_ERR_MEMORY;
	h->token = token;
	if ((err = eh_certifier_new(token, pin_file, &h->certifier, error)) ==
	    EH_OK)
		hsm->arg = h;
	else
		free(h);
	return err;
}

void
eh_hsm_close(struct eh_hsm *hsm)
{
	struct hsm *h = hsm->arg;

	if (h == NULL)
		return;
	eh_certifier_free(h->certifier);
	free(h);
	hsm->arg = NULL;
}
