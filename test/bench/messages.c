/* SPDX-License-Identifier: Apache-2.0 */
/* messages.c - an authority as small as it can be. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/crypto/random.h"
#include "common/message/envelope.h"
#include "common/message/grant.h"
#include "common/message/pauth.h"
#include "common/message/time.h"
#include "test/bench/bench.h"
#include "test/bench/messages.h"

#define OFFICER_PIN "bench-officer"
#define ISSUER	    "bench.example"
#define FACTORY	    "bench"
#define DAY	    86400u
#define LEASE	    256u	/* what `edgehsm-authority authorize` gives */

struct authority {
	struct eh_token *token;
	struct eh_soft *root, *key;
	uint8_t hsm[EH_HSM_ID_LEN];
	uint64_t now;
};

static void
must(int err, const char *what, const struct eh_error *error)
{
	if (err != EH_OK)
		bench_die("%s: %s", what, eh_error_sentence(error));
}

/* Sign what ${w} holds with ${key} and import it. */
static void
send(struct authority *a, enum eh_message_type type, struct eh_soft *key,
    const struct eh_writer *w, const uint8_t *payload)
{
	uint8_t message[EH_MESSAGE_MAX_INBOUND];
	struct eh_writer out;
	struct eh_signer signer;
	struct eh_error error;
	char text[EH_TOKEN_LINE];
	size_t len = 0;
	int err;

	eh_error_clear(&error);
	eh_soft_signer(key, &signer);
	eh_writer_init(&out, message, sizeof(message));
	if ((err = eh_writer_end(w, &len)) == EH_OK)
		err = eh_envelope_sign(
		    type, payload, len, &signer, &out, &error);
	if (err == EH_OK)
		err = eh_writer_end(&out, &len);
	if (err == EH_OK)
		err = eh_token_import(a->token, message, len, text, &error);
	must(err, eh_message_info(type)->name, &error);
}

static void
begin(const struct authority *a, struct eh_from_authority *from)
{
	snprintf(from->iss, sizeof(from->iss), "%s", ISSUER);
	memcpy(from->sub, a->hsm, EH_HSM_ID_LEN);
	from->iat = a->now;
}

static void
send_grant(struct authority *a)
{
	struct eh_grant grant = { .seq = 1, .nkeys = 1 };
	struct eh_grant_key *k = &grant.keys[0];
	uint8_t payload[EH_MESSAGE_MAX_INBOUND];
	struct eh_signer signer;
	struct eh_writer w;

	begin(a, &grant.from);
	grant.not_before = a->now - DAY;
	grant.expires = a->now + 30 * DAY;
	snprintf(grant.factory, sizeof(grant.factory), "%s", FACTORY);
	eh_soft_signer(a->key, &signer);
	k->key = *eh_soft_public(a->key);
	eh_keyid_kid(&k->key, k->kid);
	k->alg = signer.alg;
	k->roles = EH_ROLE_BIT(EH_ROLE_PAUTH) | EH_ROLE_BIT(EH_ROLE_TIME);
	snprintf(k->iss, sizeof(k->iss), "%s", ISSUER);
	k->state = EH_KEY_ACTIVE;
	eh_writer_init(&w, payload, sizeof(payload));
	eh_grant_encode(&grant, &w);
	send(a, EH_MESSAGE_GRANT, a->root, &w, payload);
}

static void
send_time(struct authority *a)
{
	struct eh_time_attestation t = { .has_nonce = 1, .tseq = 1,
		.uncertainty = 5 };
	uint8_t payload[512];
	struct eh_error error;
	struct eh_writer w;

	begin(a, &t.from);
	eh_error_clear(&error);
	must(eh_token_time_nonce(a->token, t.nonce, &error), "nonce", &error);
	eh_writer_init(&w, payload, sizeof(payload));
	eh_time_attestation_encode(&t, &w);
	send(a, EH_MESSAGE_TIME, a->key, &w, payload);
}

/* Nothing but the number of devices limits it: no acknowledgement comes. */
static void
send_authorization(struct authority *a, struct product *product)
{
	static const uint8_t ops[] = { EH_OP_PASS, EH_OP_ISSUE };
	struct eh_pauth p = { .seq = 1 };
	uint8_t payload[EH_MESSAGE_MAX_INBOUND];
	struct eh_writer w;

	begin(a, &p.from);
	p.not_before = a->now - DAY;
	p.expires = a->now + 7 * DAY;
	if (eh_random(p.id, EH_ID_LEN) != EH_OK)
		bench_die("no random numbers");
	snprintf(p.factory, sizeof(p.factory), "%s", FACTORY);
	snprintf(p.profile.name, sizeof(p.profile.name), "%s",
	    product->profile.name);
	p.profile.version = product->profile.version;
	eh_profile_digest(
	    product->bytes.data, product->bytes.len, p.profile.digest);
	p.nops = sizeof(ops);
	for (unsigned i = 0; i < p.nops; i++) {
		p.ops[i].op = ops[i];
		p.ops[i].uses = 1;
		p.ops[i].lease = LEASE;
		p.ops[i].quota = PRODUCT_DEVICES;
	}
	p.scope.kind = EH_SCOPE_ANY;
	p.limits.max_unacked = UINT32_MAX;
	p.limits.max_offline = 30 * DAY;
	p.limits.max_unaccounted = UINT32_MAX;
	p.limits.quality = EH_QUALITY_FLOOR;
	snprintf(p.order, sizeof(p.order), "PO-bench");
	memcpy(product->authorization, p.id, EH_ID_LEN);
	product->not_before = p.not_before;
	eh_writer_init(&w, payload, sizeof(payload));
	eh_pauth_encode(&p, &w);
	send(a, EH_MESSAGE_PAUTH, a->key, &w, payload);
}

static void
send_profile(struct authority *a, const struct product *product)
{
	struct eh_error error;
	char text[EH_TOKEN_LINE];

	eh_error_clear(&error);
	must(eh_token_import(a->token, product->bytes.data, product->bytes.len,
		 text, &error),
	    "profile", &error);
}

/* Genesis and the operator's PIN, as officer. */
static void
begin_token(struct authority *a, const char *module, const char *operator_pin)
{
	const uint8_t *officer = (const uint8_t *)OFFICER_PIN;
	size_t officerlen = strlen(OFFICER_PIN);
	uint8_t spki[EH_SPKI_MAX];
	struct eh_error error;
	size_t len = eh_rawkey_to_spki(eh_soft_public(a->root), spki);
	int err;

	eh_error_clear(&error);
	if ((err = eh_token_open(module, &a->token, &error)) == EH_OK &&
	    (err = eh_token_genesis(a->token, "bench", spki, len, officer,
		 officerlen, &error)) == EH_OK &&
	    (err = eh_token_login(a->token, EH_ROLE_OFFICER, officer,
		 officerlen, &error)) == EH_OK)
		err = eh_token_set_operator_pin(a->token,
		    (const uint8_t *)operator_pin, strlen(operator_pin),
		    &error);
	must(err, "a new token", &error);
	eh_token_close(a->token);
}

/* From here on as operator. */
static void
log_in(struct authority *a, const char *module, const char *operator_pin)
{
	struct eh_error error;
	int err;

	eh_error_clear(&error);
	if ((err = eh_token_open(module, &a->token, &error)) == EH_OK)
		err = eh_token_login(a->token, EH_ROLE_OPERATOR,
		    (const uint8_t *)operator_pin, strlen(operator_pin),
		    &error);
	must(err, "login", &error);
}

/* Who the new EdgeHSM is. */
static void
ask_identity(struct authority *a)
{
	static struct eh_token_status status;
	struct eh_error error;

	eh_error_clear(&error);
	must(eh_token_get_status(a->token, &status, &error), "status", &error);
	memcpy(a->hsm, status.hsm_id, EH_HSM_ID_LEN);
}

static void
make_key(struct authority *a, enum eh_purpose purpose, const char *label,
    struct eh_token_key *key)
{
	struct eh_error error;

	eh_error_clear(&error);
	must(eh_token_generate(
		 a->token, purpose, label, NULL, 0, key, &error),
	    label, &error);
}

struct eh_token *
messages_ceremony(const char *module, const char *operator_pin,
    struct eh_token_key *issuing, struct eh_token_key *general,
    struct product *product)
{
	struct authority a = { .now = eh_clock_wall() };
	struct eh_rawkey ca;

	if (eh_soft_generate(&a.root) != EH_OK ||
	    eh_soft_generate(&a.key) != EH_OK)
		bench_die("libcrypto makes no keys");
	begin_token(&a, module, operator_pin);
	log_in(&a, module, operator_pin);
	ask_identity(&a);
	send_grant(&a);
	send_time(&a);
	make_key(&a, EH_PURPOSE_ISSUING, "bench-ca", issuing);
	make_key(&a, EH_PURPOSE_GENERAL, "bench-general", general);
	if (eh_rawkey_from_spki(&ca, issuing->spki, issuing->spkilen) != EH_OK)
		bench_die("the issuing key is not of P-256");
	product_compile(product, &ca);
	send_profile(&a, product);
	send_authorization(&a, product);
	eh_soft_free(a.root);
	eh_soft_free(a.key);
	return a.token;
}
