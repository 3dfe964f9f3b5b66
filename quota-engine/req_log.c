/* SPDX-License-Identifier: Apache-2.0 */
/* req_log.c - requests for the log, and for what the EdgeHSM says of itself:
 * receipt, enrolment request, key attestation. */
#include "config.h"

#include <string.h>

#include "common/message/envelope.h"
#include "common/wire/tables.h"
#include "quota-engine/list.h"
#include "quota-engine/logread.h"
#include "quota-engine/receipt.h"
#include "quota-engine/req.h"

#define ENTRIES_MAX (880u * 1024u) /* of a reply */

/* --- the log --- */

static int
add_entry(void *context, uint64_t seq, const uint8_t *input, size_t len)
{
	struct eh_list *list = context;
	int err;

	(void)seq;
	/* Burned places are short: many fit the bytes. */
	if (list->entries == (size_t)eh_wire_types[EH_WIRE_ENTRIES].most)
		return 1;
	err = eh_list_add_bytes(list, input, len);
	return err == EH_ERR_SPACE ? 1 : err; /* full: the rest another time */
}

static int
read_log(struct eh_boundary *b, struct eh_call *call, struct eh_list *list,
    struct eh_error *error)
{
	uint64_t first = eh_wire_number(call->in, EH_WIRE_FIRST), next = 0;
	struct eh_log_head head;
	int err;

	(void)eh_engine_lock(b->engine);
	eh_logread_head(b->engine, &head);
	eh_engine_unlock(b->engine);
	if (first > head.size)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "the log has %llu entries: there is none from %llu on",
		    (unsigned long long)head.size, (unsigned long long)first);
	if ((err = eh_logread(
		 b->engine, first, add_entry, list, &next, error)) < 0)
		return err;
	if (list->entries == 0 && first < head.size)
		return eh_error_set(error, EH_ERR_SPACE,
		    "entry %llu of the log does not fit %zu bytes",
		    (unsigned long long)first, list->max);
	eh_wire_put_number(&call->out, EH_WIRE_FIRST, (int64_t)first);
	eh_wire_put_number(&call->out, EH_WIRE_SEQ, (int64_t)head.size);
	if ((err = eh_list_put(list, call, EH_WIRE_ENTRIES)) != EH_OK)
		return eh_error_set(error, err, "out of memory");
	return EH_OK;
}

int
eh_req_log_read(
    struct eh_boundary *b, struct eh_call *call, struct eh_error *error)
{
	size_t max = (size_t)eh_wire_number(call->in, EH_WIRE_COUNT);
	struct eh_list list;
	int err;

	eh_list_init(&list, max < ENTRIES_MAX ? max : ENTRIES_MAX);
	err = read_log(b, call, &list, error);
	eh_list_wipe(&list);
	return err;
}

/* --- statements --- */

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
