/* SPDX-License-Identifier: Apache-2.0 */
/* verb_close.c - edgehsm-authority close. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/clock.h"
#include "orchestrator/authority/close.h"
#include "orchestrator/authority/verbs.h"

static void
say(const struct eh_args *args, const struct eh_chain *c)
{
	const char *file = eh_args_get(args, "out");

	eh_verb_say(args, "its log proves %" PRIu64 " devices made and %" PRIu64
	    " burned of %" PRIu64, c->used, c->burned, c->tip.devices);
	eh_verb_say(args, "carry %s to %s: edgehsm token import %s; then bring "
	    "its receipt and log to edgehsm-authority ack: they have the final "
	    "counters, and what is left of %s can be authorized elsewhere",
	    file, c->hsm.name, file,
	    c->tip.order[0] != '\0' ? c->tip.order : "it");
	eh_verb_say(args, "when %s is lost, use edgehsm-authority write-off",
	    c->hsm.name);
}

static int
run(struct eh_args *args)
{
	const char *id = eh_args_get(args, "authorization");
	struct eh_pauth *pauth = malloc(sizeof(*pauth));
	struct eh_authority *a = NULL;
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_chain chain;
	struct eh_buf message;
	int err;

	eh_buf_init(&message, EH_MESSAGE_MAX_INBOUND);
	err = pauth == NULL
	    ? eh_error_set(&args->error, EH_ERR_MEMORY, "out of memory")
	    : eh_verb_check_out(args);
	if (err == EH_OK)
		err = eh_verb_open(args, &a);
	if (err == EH_OK)
		err = eh_close(a, eh_args_get(args, "hsm"), id,
		    eh_args_get(args, "let-finish") != NULL
			? EH_CLOSE_LET_FINISH
			: EH_CLOSE_NOW,
		    eh_clock_wall(), &message, digest, pauth, &chain,
		    &args->error);
	if (err == EH_OK)
		err = eh_verb_write_message(args, &message, digest);
	if (err == EH_OK)
		err = eh_verb_print_message(args, &message);
	if (err == EH_OK)
		say(args, &chain);
	eh_authority_close(a);
	eh_buf_free(&message);
	free(pauth);
	return err;
}

static const struct eh_option options[] = {
	{ "hsm", "NAME", EH_OPTION_NEEDED, "at which EdgeHSM" },
	{ "authorization", "ID|ORDER", EH_OPTION_NEEDED, "which" },
	{ "let-finish", NULL, 0, "devices that are open may be finished" },
	{ "out", "FILE", EH_OPTION_NEEDED, "the closing authorization" },
	{ "force", NULL, 0, "write over FILE" },
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_verb_close = { "close", NULL, 0, 0,
	"End an authorization, so that its rest can be moved", options,
	"  edgehsm-authority close --hsm fab1-hsm1 --authorization PO-4711 "
	"--out close.cose\n"
	"  edgehsm-authority close --hsm fab1-hsm1 --authorization "
	"000102030405060708090a0b0c0d0e0f --out close.cose\n",
	run };
