/* SPDX-License-Identifier: Apache-2.0 */
/* verb_rollover.c - edgehsm-authority rollover. */
#include "config.h"

#include <string.h>

#include "common/clock.h"
#include "common/hex.h"
#include "orchestrator/authority/rollover.h"
#include "orchestrator/authority/verbs.h"

static int
grant(struct eh_args *args, struct eh_authority *a, const char *hsm)
{
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_buf message;
	uint64_t days;
	int err;

	if ((err = eh_verb_check_grant(args, &days)) != EH_OK)
		return err;
	eh_buf_init(&message, EH_MESSAGE_MAX_INBOUND);
	err = eh_rollover_grant(a, hsm, (unsigned)days, eh_clock_wall(),
	    &message, digest, &args->error);
	if (err == EH_OK)
		err = eh_verb_write_message(args, &message, digest);
	if (err == EH_OK)
		err = eh_verb_print_message(args, &message);
	if (err == EH_OK)
		eh_verb_say(args, "carry %s to %s: edgehsm token import %s",
		    eh_args_get(args, "out"), hsm, eh_args_get(args, "out"));
	eh_buf_free(&message);
	return err;
}

static int
exchange(struct eh_args *args, struct eh_authority *a, const char *place)
{
	const struct eh_store_self *self = eh_authority_self(a);
	char now[EH_HEX_SIZE(EH_KID_LEN)], before[EH_HEX_SIZE(EH_KID_LEN)];
	uint8_t kid[EH_KID_LEN];
	struct eh_sheet *sheet;
	int err;

	eh_keyid_kid(&self->key[EH_STORE_MESSAGE_KEY].public, kid);
	eh_hex_encode(kid, sizeof(kid), before);
	err = eh_rollover_key(a, strcmp(place, "new") == 0 ? NULL : place,
	    eh_clock_wall(), kid, &args->error);
	if (err != EH_OK)
		return err;
	eh_hex_encode(kid, sizeof(kid), now);
	sheet = eh_sheet_new();
	eh_sheet_text(sheet, "message key", "%s", now);
	eh_sheet_text(sheet, "retired", "%s", before);
	if ((err = eh_verb_print(args, sheet)) != EH_OK)
		return err;
	eh_verb_say(args, "now every EdgeHSM needs a grant that names it, before "
	    "anything else: edgehsm-authority rollover --hsm NAME --out FILE");
	eh_verb_say(args, "what %s installed lives on; if it is in wrong hands, "
	    "go on with edgehsm-authority revoke --hsm NAME --key %s", before,
	    before);
	return EH_OK;
}

static int
drop(struct eh_args *args, struct eh_authority *a, const char *hex)
{
	uint8_t kid[EH_KID_LEN];
	int err;

	if (eh_hex_decode_fixed(hex, kid, sizeof(kid)) != EH_OK)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "--drop: 16 hex digits are needed");
	err = eh_rollover_drop(a, kid, eh_clock_wall(), &args->error);
	if (err == EH_OK)
		eh_verb_say(args, "%s is left out of every grant from now on; "
		    "an EdgeHSM closes what it installed when it imports "
		    "its next one", hex);
	return err;
}

static int
run(struct eh_args *args)
{
	const char *hsm = eh_args_get(args, "hsm");
	const char *key = eh_args_get(args, "message-key");
	const char *old = eh_args_get(args, "drop");
	struct eh_authority *a;
	int err;

	if ((hsm != NULL) + (key != NULL) + (old != NULL) != 1)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "either --message-key, or --hsm, or --drop");
	if ((err = eh_verb_open(args, &a)) != EH_OK)
		return err;
	err = hsm != NULL ? grant(args, a, hsm)
	    : key != NULL ? exchange(args, a, key)
			  : drop(args, a, old);
	eh_authority_close(a);
	return err;
}

static const struct eh_option options[] = {
	{ "message-key", "KEY", 0,
	    "new, a PEM file by its whole path, or a pkcs11: URI" },
	{ "hsm", "NAME", 0, "a new issuer grant for this EdgeHSM" },
	{ "days", "N", 0, "validity of the issuer grant, 1 to 400 (400)" },
	{ "drop", "KID", 0, "a former message key, from all grants" },
	{ "out", "FILE", 0, "the issuer grant" },
	{ "force", NULL, 0, "write over FILE" },
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_verb_rollover = { "rollover", NULL, 0, 0,
	"Exchange the message key, and grant the new one", options,
	"  edgehsm-authority rollover --message-key new\n"
	"  edgehsm-authority rollover --hsm fab1-hsm1 --out grant.cose\n",
	run };
