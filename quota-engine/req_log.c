/* SPDX-License-Identifier: Apache-2.0 */
/* req_log.c - requests for what the EdgeHSM says of itself: receipt, enrolment
 * request, key attestation. */
#include "config.h"

#include <string.h>

#include "common/message/envelope.h"
#include "quota-engine/receipt.h"
#include "quota-engine/req.h"

/* The asker's nonce; absent where the row lets it be. */
static void
get_nonce(const struct eh_wire *in, struct eh_nonce *nonce)
{
	const uint8_t *bytes;
	size_t len;

	memset(nonce, 0, sizeof(*nonce));
	bytes = eh_wire_bytes(in, EH_WIRE_NONCE, &len);
	if (len > sizeof(nonce->bytes))
		return; /* the wire's table does not let it through */
	memcpy(nonce->bytes, bytes, len);
	nonce->len = (uint8_t)len;
}

/* Give the message that ${make} writes, at most ${max} bytes of it. */
static int
give(struct eh_boundary *b, struct eh_call *call, size_t max,
    int (*make)(struct eh_boundary *, struct eh_call *, struct eh_writer *,
	struct eh_error *),
    struct eh_error *error)
{
	uint8_t *bytes = eh_call_keep(call, max);
	struct eh_writer w;
	size_t len = 0;
	int err;

	if (bytes == NULL)
		return eh_error_set(error, EH_ERR_MEMORY, "out of memory");
	eh_writer_init(&w, bytes, max);
	if ((err = make(b, call, &w, error)) != EH_OK)
		return err;
	if ((err = eh_writer_end(&w, &len)) != EH_OK)
		return eh_error_set(
		    error, err, "the message does not fit its limit");
	eh_wire_put_bytes(&call->out, EH_WIRE_DATA, bytes, len);
	return EH_OK;
}

static int
make_receipt(struct eh_boundary *b, struct eh_call *call, struct eh_writer *w,
    struct eh_error *error)
{
	struct eh_nonce nonce;

	get_nonce(call->in, &nonce);
	return eh_receipt_make(b, &nonce, w, error);
}

int
eh_req_receipt(
    struct eh_boundary *b, struct eh_call *call, struct eh_error *error)
{
	return give(b, call, EH_MESSAGE_MAX, make_receipt, error);
}

static int
make_enrol(struct eh_boundary *b, struct eh_call *call, struct eh_writer *w,
    struct eh_error *error)
{
	struct eh_nonce nonce;

	get_nonce(call->in, &nonce);
	return eh_receipt_enrol(b, &nonce, w, error);
}

int
eh_req_enrol(
    struct eh_boundary *b, struct eh_call *call, struct eh_error *error)
{
	return give(b, call, EH_MESSAGE_MAX_INBOUND, make_enrol, error);
}

static int
make_attestation(struct eh_boundary *b, struct eh_call *call,
    struct eh_writer *w, struct eh_error *error)
{
	struct eh_nonce nonce;

	get_nonce(call->in, &nonce);
	return eh_receipt_attest_key(b,
	    eh_wire_number(call->in, EH_WIRE_OBJECT), &nonce, w, error);
}

int
eh_req_attest_key(
    struct eh_boundary *b, struct eh_call *call, struct eh_error *error)
{
	return give(b, call, EH_MESSAGE_MAX_INBOUND, make_attestation, error);
}
