/* SPDX-License-Identifier: Apache-2.0 */
/* verb_count.c - edgehsm-authority count. */
#include "config.h"

#include <inttypes.h>

#include "common/clock.h"
#include "common/file.h"
#include "orchestrator/authority/count.h"
#include "orchestrator/authority/verbs.h"

static void
say(const struct eh_args *args, const struct eh_counted_out *o)
{
	const char *what = o->order[0] != '\0' ? o->order :
	    o->count.use.has_authorization ? "an authorization" :
	    "a key's own requests and revocation lists";

	if (o->count.is_approval)
		eh_verb_say(args, "%s: the TPM lets it sign %" PRIu32
		    " times for %s", o->hsm.name, o->count.limit, what);
	else
		eh_verb_say(args, "%s: the TPM may count to %" PRIu32
		    " for %s; nothing can be signed by it before the second "
		    "request", o->hsm.name, o->count.limit, what);
}

static int
grant(struct eh_args *args, const struct eh_buf *request, uint64_t uses)
{
	struct eh_counted_out granted;
	struct eh_authority *a = NULL;
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_buf message;
	int err;

	eh_buf_init(&message, EH_MESSAGE_MAX_INBOUND);
	if ((err = eh_verb_open(args, &a)) == EH_OK)
		err = eh_count_grant(a, request->data, request->len,
		    (uint32_t)uses, eh_clock_wall(), &message, digest,
		    &granted, &args->error);
	if (err == EH_OK)
		err = eh_verb_write_message(args, &message, digest);
	if (err == EH_OK) {
		say(args, &granted);
		err = eh_verb_print_message(args, &message);
	}
	eh_authority_close(a);
	eh_buf_free(&message);
	return err;
}

static int
run(struct eh_args *args)
{
	struct eh_buf request;
	uint64_t uses;
	int err;

	if ((err = eh_args_number(args, "uses", 1, 1000, 1, &uses)) != EH_OK ||
	    (err = eh_verb_check_out(args)) != EH_OK ||
	    (err = eh_file_read(args->operand[0], EH_MESSAGE_MAX_INBOUND,
	         &request, &args->error)) != EH_OK)
		return err;
	err = grant(args, &request, uses);
	eh_buf_free(&request);
	return err;
}

static const struct eh_option options[] = {
	{ "uses", "N", 0, "for what a key signs of its own: how often (1)" },
	{ "out", "FILE", EH_OPTION_NEEDED, "the answer for the EdgeHSM" },
	{ "force", NULL, 0, "write over FILE" },
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_verb_count = { "count", "REQUEST", 1, 1,
	"Let a TPM count what an issuing key signs", options,
	"  edgehsm-authority count count.req --out count.cose\n"
	"  edgehsm-authority count key.req --uses 2 --out count.cose\n",
	run };
