/* SPDX-License-Identifier: Apache-2.0 */
/* token_init.c - `edgehsm token init`: the ceremony at the factory. */
#include "config.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/crypto/digest.h"
#include "common/file.h"
#include "common/hex.h"
#include "common/wipe.h"
#include "orchestrator/cli/session.h"
#include "orchestrator/cli/token.h"

static int
print(const struct eh_args *args, const struct eh_token_status *s)
{
	char hex[EH_HEX_SIZE(EH_HSM_ID_LEN)], root[EH_FINGERPRINT_TEXT];

	eh_hex_encode(s->hsm_id, EH_HSM_ID_LEN, hex);
	eh_session_fingerprint(s->root, root);
	if (args->json)
		return eh_command_put(json_pack("{s:s, s:s, s:s}", "label",
		    s->label, "hsm_id", hex, "root", root));
	printf("Token %s is EdgeHSM %s\n", s->label, hex);
	printf("Pinned OEM root: %s\n", root);
	printf("Compare the root's fingerprint with the OEM over another "
	       "channel.\nNext: edgehsm token enrol\n");
	return EH_OK;
}

static int
pin_root(struct eh_args *args, struct eh_token *token, const char *label,
    const struct eh_pin *so)
{
	const char *path = eh_args_get(args, "root");
	struct eh_buf root;
	int err;

	if (path == NULL)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "this token is fresh: --root FILE is needed, the OEM's "
		    "oem-root.spki; it can never be changed afterwards");
	if ((err = eh_file_read(path, EH_SPKI_MAX, &root, &args->error)) ==
	    EH_OK)
		err = eh_token_genesis(token, label, root.data, root.len,
		    so->bytes, so->len, &args->error);
	eh_buf_free(&root);
	return err;
}

static int
run(struct eh_args *args)
{
	const char *label = eh_args_get(args, "label");
	struct eh_token_status *s = NULL;
	struct eh_token *token = NULL;
	struct eh_pin so, operator;
	int err;

	if ((s = malloc(sizeof(*s))) == NULL)
		return EH_ERR_MEMORY;
	if ((err = eh_pin_read(args, EH_ROLE_OFFICER, &so)) != EH_OK ||
	    (err = eh_pin_read(args, EH_ROLE_OPERATOR, &operator)) != EH_OK ||
	    (err = eh_session_open(args, &token)) != EH_OK ||
	    (err = eh_token_get_status(token, s, &args->error)) != EH_OK)
		goto out;
	if (s->state == EH_STATE_FRESH)
		err = pin_root(args, token, label, &so);
	else if (eh_args_get(args, "root") != NULL)
		err = eh_error_set(&args->error, EH_DENIED_STATE,
		    "this token has its root already, for ever; without "
		    "--root the label and PINs are set again");
	else
		err = eh_token_init(
		    token, label, so.bytes, so.len, &args->error);
	if (err != EH_OK ||
	    (err = eh_token_login(token, EH_ROLE_OFFICER, so.bytes, so.len,
	         &args->error)) != EH_OK ||
	    (err = eh_token_set_operator_pin(token, operator.bytes,
	         operator.len, &args->error)) != EH_OK ||
	    (err = eh_token_get_status(token, s, &args->error)) != EH_OK)
		goto out;
	err = print(args, s);
out:
	eh_token_close(token);
	eh_wipe(&so, sizeof(so));
	eh_wipe(&operator, sizeof(operator));
	free(s);
	return err;
}

static const struct eh_option options[] = {
	{ "label", "NAME", EH_OPTION_NEEDED, "label of the token" },
	{ "root", "FILE", 0, "the OEM's root, DER SPKI; on a fresh token" },
	EH_OPTION_SO_PIN,
	EH_OPTION_PIN,
	EH_OPTION_MODULE,
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_cli_token_init = { "token init", NULL, 0, 0,
	"Pin the OEM root and set label and PINs.", options,
	"  edgehsm token init --label EdgeHSM-fab1 --root oem-root.spki \\\n"
	"      --so-pin-file so.pin --pin-file user.pin\n"
	"  edgehsm token init --label EdgeHSM-fab1 --so-pin-file so.pin \\\n"
	"      --pin-file user.pin      # again: new label and PINs only\n",
	run };
