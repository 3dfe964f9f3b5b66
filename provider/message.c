/* SPDX-License-Identifier: Apache-2.0 */
/* message.c - the message of one signature, until it is complete. */
#include "config.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "provider/err.h"
#include "provider/issue.h"
#include "provider/key.h"
#include "provider/message.h"
#include "provider/provider.h"

void
eh_message_reset(struct eh_message *m)
{
	if (m->way == EH_MESSAGE_STREAM)
		eh_sign_abandon(&m->stream);
	EVP_MD_CTX_free(m->hash);
	OPENSSL_clear_free(m->bytes, m->room);
	m->hash = NULL;
	m->bytes = NULL;
	m->len = m->room = 0;
	m->way = EH_MESSAGE_NEW;
}

void
eh_message_end(struct eh_message *m)
{
	eh_message_reset(m);
	m->way = EH_MESSAGE_OVER;
}

void
eh_message_ask(const struct eh_message *m, struct eh_sign_ask *ask)
{
	ask->param = m->param;
	ask->param_len = m->param_len;
	ask->authorization =
	    m->param == NULL ? eh_issue_name(m->key, m->chosen) : NULL;
}

static int
refuse_more(struct eh_message *m)
{
	eh_err_raise(m->key->provider, EH_REASON_STATE,
	    "the message is over, signed or not; begin another");
	return 0;
}

int
eh_message_copy(struct eh_message *to, const struct eh_message *from)
{
	if (from->way == EH_MESSAGE_STREAM)
		return 0;
	if (from->hash != NULL &&
	    ((to->hash = EVP_MD_CTX_new()) == NULL ||
		EVP_MD_CTX_copy_ex(to->hash, from->hash) != 1))
		return 0;
	if (from->len > 0) {
		to->bytes = OPENSSL_memdup(from->bytes, from->len);
		if (to->bytes == NULL)
			return 0;
		to->len = to->room = from->len;
	}
	to->way = from->way;
	to->plan = from->plan;
	/* The plan borrows what it asks for from where that was found. */
	if (to->way != EH_MESSAGE_NEW)
		eh_message_ask(to, &to->plan.ask);
	return 1;
}

static EVP_MD_CTX *
new_hash(struct eh_message *m)
{
	OSSL_LIB_CTX *plain = eh_provider_plain(m->key->provider);
	EVP_MD_CTX *hash = NULL;
	EVP_MD *md = NULL;

	if (plain == NULL)
		return NULL;
	md = EVP_MD_fetch(plain, m->digest->names[0], NULL);
	hash = EVP_MD_CTX_new();
	if (md == NULL || hash == NULL || !EVP_DigestInit_ex2(hash, md, NULL)) {
		eh_err_raise(m->key->provider, EH_REASON_CRYPTO,
		    "%s cannot be computed", m->digest->names[0]);
		EVP_MD_CTX_free(hash);
		hash = NULL;
	}
	EVP_MD_free(md);
	return hash;
}

/* The first data comes: parameters are settled now. */
static int
decide(struct eh_message *m)
{
	struct eh_sign_ask ask;

	if (m->way != EH_MESSAGE_NEW)
		return 1;
	eh_message_ask(m, &ask);
	if (!eh_sign_plan(m->key, m->digest->ecdsa, &ask, &m->plan))
		return 0;
	if (m->plan.form == EH_SIGN_MESSAGE) {
		m->way = EH_MESSAGE_HOLD;
		return 1;
	}
	if ((m->hash = new_hash(m)) == NULL)
		return 0;
	m->way = EH_MESSAGE_HASH;
	return 1;
}

static int
hold(struct eh_message *m, const unsigned char *data, size_t len)
{
	unsigned char *more;
	size_t room = m->room > 0 ? m->room : 1024;

	if (len == 0)
		return 1;
	while (room - m->len < len)
		room *= 2;
	if (room > m->room) {
		more = OPENSSL_clear_realloc(m->bytes, m->room, room);
		if (more == NULL) {
			eh_err_raise(m->key->provider, EH_REASON_MEMORY,
			    "a message of %zu octets", m->len + len);
			return 0;
		}
		m->bytes = more;
		m->room = room;
	}
	memcpy(m->bytes + m->len, data, len);
	m->len += len;
	return 1;
}

/*
 * The message is longer than what is held.  A key that signs certificates is
 * given whole messages only, and none is that long; others take it in parts.
 */
static int
overflow(struct eh_message *m, size_t len)
{
	if (m->plan.mechanism == CKM_EDGEHSM_ISSUE ||
	    m->key->purpose == CK_EDGEHSM_PURPOSE_ISSUING) {
		eh_err_raise(m->key->provider, EH_REASON_MESSAGE,
		    "%zu octets, %lu is the limit for %s", m->len + len,
		    EH_MESSAGE_MAX, m->key->shown);
		return 0;
	}
	if (!eh_sign_begin(&m->stream, m->key, &m->plan) ||
	    !eh_sign_update(&m->stream, m->bytes, m->len))
		return 0;
	m->way = EH_MESSAGE_STREAM;
	return 1;
}

static int
take(struct eh_message *m, const unsigned char *data, size_t len)
{
	if (!decide(m))
		return 0;
	if (m->way == EH_MESSAGE_HOLD && len > EH_MESSAGE_MAX - m->len &&
	    !overflow(m, len))
		return 0;
	switch (m->way) {
	case EH_MESSAGE_HOLD:
		return hold(m, data, len);
	case EH_MESSAGE_HASH:
		return EVP_DigestUpdate(m->hash, data, len) == 1;
	case EH_MESSAGE_STREAM:
		return eh_sign_update(&m->stream, data, len);
	default:
		return refuse_more(m);
	}
}

/* Whoever goes on after a failure must not get a signature of the rest. */
int
eh_message_update(struct eh_message *m, const unsigned char *data, size_t len)
{
	if (take(m, data, len))
		return 1;
	m->way = EH_MESSAGE_OVER;
	return 0;
}

static int
finish_hash(struct eh_message *m, unsigned char *sig, size_t *siglen)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	if (EVP_DigestFinal_ex(m->hash, digest, &len) != 1) {
		eh_err_raise(m->key->provider, EH_REASON_CRYPTO,
		    "%s cannot be computed", m->digest->names[0]);
		return 0;
	}
	return eh_sign_once(m->key, &m->plan, digest, len, sig, siglen);
}

int
eh_message_finish(struct eh_message *m, unsigned char *sig, size_t *lenp)
{
	/* An empty message is one, too. */
	if (!decide(m))
		return 0;
	switch (m->way) {
	case EH_MESSAGE_HOLD:
		return eh_sign_once(
		    m->key, &m->plan, m->bytes, m->len, sig, lenp);
	case EH_MESSAGE_HASH:
		return finish_hash(m, sig, lenp);
	case EH_MESSAGE_STREAM:
		m->way = EH_MESSAGE_OVER;
		return eh_sign_finish(&m->stream, sig, lenp);
	default:
		return refuse_more(m);
	}
}

int
eh_message_sign(struct eh_message *m, const unsigned char *data, size_t len,
    unsigned char *sig, size_t *lenp)
{
	if (!decide(m))
		return 0;
	if (m->way == EH_MESSAGE_HOLD && m->len == 0 && len <= EH_MESSAGE_MAX)
		return eh_sign_once(m->key, &m->plan, data, len, sig, lenp);
	return eh_message_update(m, data, len) &&
	    eh_message_finish(m, sig, lenp);
}
