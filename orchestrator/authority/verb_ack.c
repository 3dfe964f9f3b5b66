/* SPDX-License-Identifier: Apache-2.0 */
/* verb_ack.c - edgehsm-authority ack. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/file.h"
#include "orchestrator/authority/ack.h"
#include "orchestrator/authority/verbs.h"

static void
say(const struct eh_args *args, const struct eh_acked *acked)
{
	eh_verb_say(args, "%s: %" PRIu64 " new entries, %" PRIu64 " in all",
	    acked->name, acked->ack.size - acked->before, acked->ack.size);
	if (acked->burned > 0)
		eh_verb_say(args, "%" PRIu64 " places accepted as burned; %"
		    PRIu64 " devices in all may have a certificate that no "
		    "record shows", acked->burned, acked->possible);
}

static int
acknowledge(struct eh_args *args, const struct eh_ack_request *request)
{
	struct eh_acked *acked = malloc(sizeof(*acked));
	struct eh_authority *a = NULL;
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_buf message;
	int err;

	eh_buf_init(&message, EH_MESSAGE_MAX_INBOUND);
	err = acked == NULL
	    ? eh_error_set(&args->error, EH_ERR_MEMORY, "out of memory")
	    : eh_verb_open(args, &a);
	if (err == EH_OK)
		err = eh_ack_make(a, request, eh_clock_wall(), &message,
		    digest, acked, &args->error);
	if (err == EH_OK)
		say(args, acked);
	if (err == EH_OK)
		err = eh_verb_write_message(args, &message, digest);
	if (err == EH_OK)
		err = eh_verb_print_message(args, &message);
	eh_authority_close(a);
	eh_buf_free(&message);
	free(acked);
	return err;
}

static int
run(struct eh_args *args)
{
	struct eh_ack_request request = {
		.log = args->operands > 1 ? args->operand[1] : NULL,
		.keep_burned = eh_args_get(args, "keep-burned") != NULL };
	struct eh_buf receipt;
	int err;

	if ((err = eh_verb_check_out(args)) != EH_OK ||
	    (err = eh_file_read(args->operand[0], EH_MESSAGE_MAX, &receipt,
	         &args->error)) != EH_OK)
		return err;
	request.receipt = receipt.data;
	request.receiptlen = receipt.len;
	err = acknowledge(args, &request);
	eh_buf_free(&receipt);
	return err;
}

static const struct eh_option options[] = {
	{ "keep-burned", NULL, 0, "do not accept burned places yet" },
	{ "out", "FILE", EH_OPTION_NEEDED, "the acknowledgement" },
	{ "force", NULL, 0, "write over FILE" },
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_verb_ack = { "ack", "RECEIPT [LOG]", 1, 2,
	"Verify and keep the log of an EdgeHSM, and acknowledge it", options,
	"  edgehsm-authority ack receipt.cose log.ehlog --out ack.cose\n"
	"  edgehsm-authority ack receipt.cose log.ehlog --keep-burned --out "
	"ack.cose\n",
	run };
