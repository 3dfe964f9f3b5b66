/* SPDX-License-Identifier: Apache-2.0 */
/* verb_revoke.c - edgehsm-authority revoke. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/clock.h"
#include "orchestrator/authority/revoke.h"
#include "orchestrator/authority/verbs.h"

/* What is still possible, and what to do next. */
static void
say(const struct eh_args *args, const struct eh_revoked *r)
{
	const char *file = eh_args_get(args, "out");

	eh_verb_say(args, "%u authorization%s revoked; the list has %u and %u "
	    "keys, epoch %" PRIu32, r->authorizations,
	    r->authorizations == 1 ? "" : "s", r->update.nids,
	    r->update.nkids, r->update.epoch);
	eh_verb_say(args, "carry %s to %s: edgehsm token import %s; until then "
	    "it gets neither fresh time nor acknowledgements", file, r->name,
	    file);
	if (r->possible > 0)
		eh_verb_say(args, "until it has, it may make %" PRIu64
		    " devices more, for at most %" PRIu64 " hours of running "
		    "time (max-offline)", r->possible, r->max_offline / 3600);
	eh_verb_say(args, "then its receipt and log prove the final counters: "
	    "edgehsm token receipt, edgehsm token log, edgehsm-authority ack");
}

static int
revoke(struct eh_args *args, const struct eh_revoke_request *request)
{
	struct eh_revoked *revoked = malloc(sizeof(*revoked));
	struct eh_authority *a = NULL;
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_buf message;
	int err;

	eh_buf_init(&message, EH_MESSAGE_MAX_INBOUND);
	err = revoked == NULL
	    ? eh_error_set(&args->error, EH_ERR_MEMORY, "out of memory")
	    : eh_verb_open(args, &a);
	if (err == EH_OK)
		err = eh_revoke_make(a, request, eh_clock_wall(), &message,
		    digest, revoked, &args->error);
	if (err == EH_OK)
		err = eh_verb_write_message(args, &message, digest);
	if (err == EH_OK)
		err = eh_verb_print_message(args, &message);
	if (err == EH_OK)
		say(args, revoked);
	eh_authority_close(a);
	eh_buf_free(&message);
	free(revoked);
	return err;
}

/* All values of an option; EH_ERR_ARGUMENT for more than ${most}. */
static int
get_many(struct eh_args *args, const char *name, const char **values,
    unsigned most, unsigned *np)
{
	const char *value;

	for (*np = 0; (value = eh_args_nth(args, name, *np)) != NULL; (*np)++) {
		if (*np == most)
			return eh_error_set(&args->error, EH_ERR_ARGUMENT,
			    "at most %u --%s at once", most, name);
		values[*np] = value;
	}
	return EH_OK;
}

static int
run(struct eh_args *args)
{
	struct eh_revoke_request r = { .hsm = eh_args_get(args, "hsm"),
		.raise_epoch = eh_args_get(args, "raise-epoch") != NULL,
		.why = eh_args_get(args, "reason") };
	int err;

	if ((err = get_many(args, "authorization", r.chain,
	         EH_REVOKE_ASKED_MAX, &r.nchains)) != EH_OK ||
	    (err = get_many(args, "key", r.key, EH_REVOKE_KIDS_MAX,
	         &r.nkeys)) != EH_OK ||
	    (err = eh_verb_check_out(args)) != EH_OK)
		return err;
	return revoke(args, &r);
}

static const struct eh_option options[] = {
	{ "hsm", "NAME", EH_OPTION_NEEDED, "at which EdgeHSM" },
	{ "authorization", "ID|ORDER", EH_OPTION_MANY,
	    "with what it supersedes and what supersedes it" },
	{ "key", "KID", EH_OPTION_MANY, "a former message key" },
	{ "raise-epoch", NULL, 0, "all that was authorized for it" },
	{ "reason", "TEXT", EH_OPTION_NEEDED, "for the trail" },
	{ "out", "FILE", EH_OPTION_NEEDED, "the revocation update" },
	{ "force", NULL, 0, "write over FILE" },
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_verb_revoke = { "revoke", NULL, 0, 0,
	"Take back what an EdgeHSM was authorized for", options,
	"  edgehsm-authority revoke --hsm fab1-hsm1 --authorization PO-4711 "
	"--reason \"order cancelled\" --out revoke.cose\n"
	"  edgehsm-authority revoke --hsm fab1-hsm1 --raise-epoch --reason "
	"\"line stolen\" --out revoke.cose\n",
	run };
