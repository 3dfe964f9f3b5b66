/* SPDX-License-Identifier: Apache-2.0 */
/* ehforge.c - a message of the authority with other values, signed by whoever
 * wants to: for tests only. */
#include "config.h"

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "common/crypto/keyid.h"
#include "common/crypto/soft.h"
#include "common/file.h"
#include "common/hex.h"
#include "common/message/envelope.h"
#include "common/message/grant.h"
#include "common/message/pauth.h"
#include "common/message/revoke.h"
#include "common/message/time.h"

/*
 *	ehforge KEY.pem IN OUT [FIELD=VALUE ...]
 *
 * IN is a grant, an authorization, a time attestation or a revocation update; OUT
 * the same with the fields changed and the signature of KEY.pem.
 *
 *	sub=HEX iss=NAME iat=T		all
 *	seq=N nbf=T exp=T		grant, authorization
 *	factory=NAME			grant, authorization
 *	add=KEY.pem:ROLE,ROLE:ISS	grant: one more key
 *	id=HEX order=NAME devices=N	authorization
 *	epoch=N uses=N			(uses: issues per device)
 *	nonce=HEX tseq=N		time attestation
 *	rseq=N epoch=N kid=HEX		revocation update (its only key)
 */
struct forgery {
	enum eh_message_type type;
	struct eh_grant grant;
	struct eh_pauth pauth;
	struct eh_time_attestation time;
	struct eh_revoke revoke;
	struct eh_from_authority *from;
};

static struct eh_soft *
read_key(const char *path)
{
	struct eh_error error = { 0 };
	struct eh_soft *key;

	if (eh_soft_open(path, &key, &error) != EH_OK)
		errx(EX_NOINPUT, "%s", eh_error_sentence(&error));
	return key;
}

static void
read_message(const char *path, struct forgery *f)
{
	struct eh_error error = { 0 };
	struct eh_envelope e;
	struct eh_buf in;
	int result;

	if (eh_file_read(path, EH_MESSAGE_MAX, &in, &error) != EH_OK ||
	    eh_envelope_decode(in.data, in.len, &e, &error) != EH_OK)
		errx(EX_NOINPUT, "%s: %s", path, eh_error_sentence(&error));
	f->type = e.type;
	switch ((int)e.type) {
	case EH_MESSAGE_GRANT:
		f->from = &f->grant.from;
		result = eh_grant_decode(e.sign1.payload, e.sign1.payload_len,
		    &f->grant, &error);
		break;
	case EH_MESSAGE_PAUTH:
		f->from = &f->pauth.from;
		result = eh_pauth_decode(e.sign1.payload, e.sign1.payload_len,
		    &f->pauth, &error);
		break;
	case EH_MESSAGE_TIME:
		f->from = &f->time.from;
		result = eh_time_attestation_decode(e.sign1.payload,
		    e.sign1.payload_len, &f->time, &error);
		break;
	case EH_MESSAGE_REVOKE:
		f->from = &f->revoke.from;
		result = eh_revoke_decode(e.sign1.payload,
		    e.sign1.payload_len, &f->revoke, &error);
		break;
	default:
		errx(EX_DATAERR, "%s: not such a message", path);
	}
	if (result != EH_OK)
		errx(EX_DATAERR, "%s: %s", path, eh_error_sentence(&error));
	eh_buf_free(&in);
}

static uint64_t
number(const char *text)
{
	char *end;
	unsigned long long n = strtoull(text, &end, 10);

	if (*text == '\0' || *end != '\0')
		errx(EX_USAGE, "'%s' is no number", text);
	return n;
}

static void
bytes(const char *text, uint8_t *out, size_t len)
{
	if (eh_hex_decode_fixed(text, out, len) != EH_OK)
		errx(EX_USAGE, "'%s' is not %zu octets in hex", text, len);
}

static void
name(const char *text, char out[EH_NAME_MAX + 1])
{
	if (strlen(text) > EH_NAME_MAX)
		errx(EX_USAGE, "'%s' is too long", text);
	strcpy(out, text);
}

/* "KEY.pem:1,4:oem.example" */
static void
add_key(struct eh_grant *g, char *text)
{
	char *roles = strchr(text, ':');
	char *iss = roles != NULL ? strchr(roles + 1, ':') : NULL;
	struct eh_grant_key *k = &g->keys[g->nkeys++];
	struct eh_soft *soft;

	if (iss == NULL || g->nkeys > EH_GRANT_KEYS_MAX)
		errx(EX_USAGE, "add=KEY.pem:ROLE,ROLE:ISS");
	*roles++ = *iss++ = '\0';
	memset(k, 0, sizeof(*k));
	soft = read_key(text);
	k->key = *eh_soft_public(soft);
	eh_soft_free(soft);
	eh_keyid_kid(&k->key, k->kid);
	k->alg = EH_ALG_ES256;
	k->state = EH_KEY_ACTIVE;
	name(iss, k->iss);
	for (char *r = strtok(roles, ","); r != NULL; r = strtok(NULL, ","))
		k->roles |= EH_ROLE_BIT(number(r));
}

static int
set_grant(struct eh_grant *g, const char *field, char *value)
{
	if (strcmp(field, "seq") == 0)
		g->seq = number(value);
	else if (strcmp(field, "nbf") == 0)
		g->not_before = number(value);
	else if (strcmp(field, "exp") == 0)
		g->expires = number(value);
	else if (strcmp(field, "factory") == 0)
		name(value, g->factory);
	else if (strcmp(field, "add") == 0)
		add_key(g, value);
	else
		return -1;
	return 0;
}

static struct eh_op_grant *
op(struct eh_pauth *p, unsigned which)
{
	for (unsigned i = 0; i < p->nops; i++)
		if (p->ops[i].op == which)
			return &p->ops[i];
	errx(EX_DATAERR, "operation %u is not granted", which);
}

static int
set_pauth(struct eh_pauth *p, const char *field, char *value)
{
	if (strcmp(field, "seq") == 0)
		p->seq = number(value);
	else if (strcmp(field, "nbf") == 0)
		p->not_before = number(value);
	else if (strcmp(field, "exp") == 0)
		p->expires = number(value);
	else if (strcmp(field, "factory") == 0)
		name(value, p->factory);
	else if (strcmp(field, "id") == 0)
		bytes(value, p->id, EH_ID_LEN);
	else if (strcmp(field, "order") == 0)
		name(value, p->order);
	else if (strcmp(field, "devices") == 0)
		op(p, EH_OP_PASS)->quota = number(value);
	else if (strcmp(field, "uses") == 0)
		op(p, EH_OP_ISSUE)->uses = (uint8_t)number(value);
	else if (strcmp(field, "epoch") == 0)
		p->epoch = (uint32_t)number(value);
	else
		return -1;
	return 0;
}

static int
set_time(struct eh_time_attestation *t, const char *field, char *value)
{
	if (strcmp(field, "tseq") == 0)
		t->tseq = number(value);
	else if (strcmp(field, "nonce") == 0)
		bytes(value, t->nonce, EH_ID_LEN);
	else
		return -1;
	return 0;
}

static int
set_revoke(struct eh_revoke *r, const char *field, char *value)
{
	if (strcmp(field, "rseq") == 0)
		r->rseq = number(value);
	else if (strcmp(field, "epoch") == 0)
		r->epoch = (uint32_t)number(value);
	else if (strcmp(field, "kid") == 0)
		bytes(value, r->kids[0], EH_KID_LEN);
	else
		return -1;
	if (strcmp(field, "kid") == 0)
		r->nkids = 1;
	return 0;
}

static void
set(struct forgery *f, char *argument)
{
	char *value = strchr(argument, '=');
	int result;

	if (value == NULL)
		errx(EX_USAGE, "'%s' is not FIELD=VALUE", argument);
	*value++ = '\0';
	if (strcmp(argument, "sub") == 0)
		bytes(value, f->from->sub, EH_HSM_ID_LEN);
	else if (strcmp(argument, "iss") == 0)
		name(value, f->from->iss);
	else if (strcmp(argument, "iat") == 0)
		f->from->iat = number(value);
	else {
		result = f->type == EH_MESSAGE_GRANT
		    ? set_grant(&f->grant, argument, value)
		    : f->type == EH_MESSAGE_PAUTH
		    ? set_pauth(&f->pauth, argument, value)
		    : f->type == EH_MESSAGE_TIME
		    ? set_time(&f->time, argument, value)
		    : set_revoke(&f->revoke, argument, value);
		if (result != 0)
			errx(EX_USAGE, "no field '%s' here", argument);
	}
}

static void
write_message(const char *path, const struct forgery *f, struct eh_soft *key)
{
	static uint8_t payload[EH_MESSAGE_MAX], out[EH_MESSAGE_MAX];
	struct eh_error error = { 0 };
	struct eh_signer signer;
	struct eh_writer w;
	size_t len;

	eh_writer_init(&w, payload, sizeof(payload));
	if (f->type == EH_MESSAGE_GRANT)
		eh_grant_encode(&f->grant, &w);
	else if (f->type == EH_MESSAGE_PAUTH)
		eh_pauth_encode(&f->pauth, &w);
	else if (f->type == EH_MESSAGE_TIME)
		eh_time_attestation_encode(&f->time, &w);
	else
		eh_revoke_encode(&f->revoke, &w);
	if (eh_writer_end(&w, &len) != EH_OK)
		errx(EX_DATAERR, "these values cannot be written");
	eh_soft_signer(key, &signer);
	eh_writer_init(&w, out, sizeof(out));
	if (eh_envelope_sign(f->type, payload, len, &signer, &w, &error) !=
		EH_OK ||
	    eh_writer_end(&w, &len) != EH_OK ||
	    eh_file_write(path, out, len, 0600, &error) != EH_OK)
		errx(EX_CANTCREAT, "%s: %s", path, eh_error_sentence(&error));
}

int
main(int argc, char **argv)
{
	static struct forgery f;
	struct eh_soft *key;

	if (argc < 4)
		errx(EX_USAGE, "usage: ehforge KEY.pem IN OUT [FIELD=VALUE...]");
	key = read_key(argv[1]);
	read_message(argv[2], &f);
	for (int i = 4; i < argc; i++)
		set(&f, argv[i]);
	write_message(argv[3], &f, key);
	eh_soft_free(key);
	return 0;
}
