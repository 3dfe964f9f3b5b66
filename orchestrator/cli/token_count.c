/* SPDX-License-Identifier: Apache-2.0 */
/* token_count.c - `edgehsm token count`: ask the authority that the TPM may
 * count. */
#include "config.h"

#include <jansson.h>
#include <stdlib.h>

#include "common/file.h"
#include "orchestrator/cli/session.h"
#include "orchestrator/cli/token.h"

static int
ask_for_authorization(struct eh_args *args, struct eh_token *token,
    const char *name, struct eh_buf *out)
{
	const struct eh_token_authorization *a;
	struct eh_token_status *status = malloc(sizeof(*status));
	int err;

	if (status == NULL)
		return EH_ERR_MEMORY;
	if ((err = eh_token_get_status(token, status, &args->error)) == EH_OK &&
	    (err = eh_token_choose(
	         status, name, NULL, &a, &args->error)) == EH_OK)
		err = eh_token_ask_count(
		    token, a->id, NULL, out, &args->error);
	free(status);
	return err;
}

static int
ask_for_key(struct eh_args *args, struct eh_token *token, const char *label,
    struct eh_buf *out)
{
	struct eh_token_key key;
	int err;

	if ((err = eh_token_find(token, label, &key, &args->error)) != EH_OK)
		return err;
	return eh_token_ask_count(token, NULL, &key, out, &args->error);
}

static int
run(struct eh_args *args)
{
	const char *name = eh_args_get(args, "authorization");
	const char *label = eh_args_get(args, "key");
	struct eh_token *token = NULL;
	struct eh_buf request;
	int err;

	if ((name == NULL) == (label == NULL))
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "name one: --authorization, or --key for what the key "
		    "signs of its own");
	eh_buf_init(&request, 65536);
	if ((err = eh_session_login(args, EH_ROLE_OPERATOR, &token)) == EH_OK)
		err = name != NULL ?
		    ask_for_authorization(args, token, name, &request) :
		    ask_for_key(args, token, label, &request);
	if (err == EH_OK)
		err = eh_file_write(eh_args_get(args, "out"), request.data,
		    request.len, 0644, &args->error);
	if (err == EH_OK && args->json)
		err = eh_command_put(json_pack(
		    "{s:s}", "request", eh_args_get(args, "out")));
	eh_buf_free(&request);
	eh_token_close(token);
	return err;
}

static const struct eh_option options[] = {
	{ "authorization", "NAME", 0, "for what it allows" },
	{ "key", "LABEL", 0, "for the key's own requests and CRLs" },
	{ "out", "FILE", EH_OPTION_NEEDED, "the request for the authority" },
	EH_OPTION_PIN,
	EH_OPTION_MODULE,
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_cli_token_count = { "token count", NULL, 0, 0,
	"Ask the authority to let the TPM count; twice for each count.",
	options,
	"  edgehsm token count --authorization PO-4711 --out count.req\n"
	"  edgehsm-authority count count.req --out count.cose && edgehsm token "
	"import count.cose\n",
	run };
