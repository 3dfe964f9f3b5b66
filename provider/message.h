/* SPDX-License-Identifier: Apache-2.0 */
/* message.h - the message of one signature, until it is complete. */
#ifndef EH_PROVIDER_MESSAGE_H
#define EH_PROVIDER_MESSAGE_H

#include <openssl/types.h>

#include "provider/digest.h"
#include "provider/sign.h"

/* The longest message that is held until it is complete. */
#define EH_MESSAGE_MAX (1UL << 20)

/* Where the data goes as it comes. */
enum eh_message_way {
	EH_MESSAGE_NEW,    /* nothing has come yet */
	EH_MESSAGE_HOLD,   /* until it is complete: then one C_Sign */
	EH_MESSAGE_HASH,   /* into a digest of the default provider */
	EH_MESSAGE_STREAM, /* to the token, in parts */
	EH_MESSAGE_OVER    /* signed, or some of it was lost: nothing more */
};

/*
 * All zero is an empty message.  The owner sets the first five, borrowed,
 * before the first data, and leaves the rest alone.  What a message costs is
 * decided when the first data comes: parameters may be set until then.
 */
struct eh_message {
	struct eh_key *key;
	const struct eh_digest *digest;
	const char *chosen; /* authorization for this signature, or NULL */
	const unsigned char *param; /* of CKM_EDGEHSM_ISSUE, or NULL */
	size_t param_len;

	enum eh_message_way way;
	struct eh_sign_plan plan;
	unsigned char *bytes;
	size_t len, room;
	EVP_MD_CTX *hash;
	struct eh_sign stream;
};

/* What the token is to be asked for: the parameter that was set, else the
 * authorization that is named somewhere. */
void eh_message_ask(const struct eh_message *m, struct eh_sign_ask *ask);

/* Forget the data; what the owner set stays. */
void eh_message_reset(struct eh_message *m);

/* Forget the data, and sign nothing until a reset. */
void eh_message_end(struct eh_message *m);

/*
 * Copy the data of ${from} to the empty ${to}, whose owner has set the same.
 * Return 1, or 0 when memory ran out or the token has the data already.
 */
int eh_message_copy(struct eh_message *to, const struct eh_message *from);

/* Take ${len} octets more.  Return 1, or 0 with an error raised; then nothing
 * will be signed until a reset. */
int eh_message_update(
    struct eh_message *m, const unsigned char *data, size_t len);

/* Sign what has come, as eh_sign_once() does. */
int eh_message_finish(struct eh_message *m, unsigned char *sig, size_t *lenp);

/* Sign what has come and ${len} octets more; where nothing has come, they go
 * from the caller's memory to the token. */
int eh_message_sign(struct eh_message *m, const unsigned char *data, size_t len,
    unsigned char *sig, size_t *lenp);

#endif
