/* SPDX-License-Identifier: Apache-2.0 */
/* token_enrol.c - `edgehsm token enrol` and `token nonce`: what the authority
 * needs from here before it says anything. */
#include "config.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/hex.h"
#include "orchestrator/cli/profile_file.h"
#include "orchestrator/cli/session.h"
#include "orchestrator/cli/token.h"

/* The nonce of an invitation: JSON of `edgehsm-authority enrol --invite`. */
static int
read_invitation(struct eh_args *args, struct eh_nonce *nonce)
{
	const char *path = eh_args_get(args, "invitation"), *hex = NULL;
	json_error_t where;
	json_t *json = json_load_file(path, 0, &where);
	size_t len = 0;
	int err = EH_OK;

	if (json == NULL)
		return eh_error_set(&args->error, EH_ERR_FORMAT, "%s:%d:%d: %s",
		    path, where.line, where.column, where.text);
	if (json_unpack(json, "{s:s}", "nonce", &hex) != 0 ||
	    eh_hex_decode(hex, strlen(hex), nonce->bytes,
	        sizeof(nonce->bytes), &len) != EH_OK ||
	    len < EH_NONCE_MIN)
		err = eh_error_set(&args->error, EH_ERR_FORMAT,
		    "%s: no \"nonce\" of %d to %d bytes in hex", path,
		    EH_NONCE_MIN, EH_NONCE_MAX);
	nonce->len = (uint8_t)len;
	json_decref(json);
	return err;
}

static int
run_enrol(struct eh_args *args)
{
	struct eh_token *token = NULL;
	struct eh_buf request;
	struct eh_nonce nonce;
	int err;

	eh_buf_init(&request, 65536);
	if ((err = read_invitation(args, &nonce)) != EH_OK ||
	    (err = eh_session_login(args, EH_ROLE_OPERATOR, &token)) != EH_OK ||
	    (err = eh_token_enrol(token, nonce.bytes, nonce.len, &request,
	         &args->error)) != EH_OK)
		goto out;
	err = eh_file_write(eh_args_get(args, "out"), request.data, request.len,
	    0644, &args->error);
	if (err == EH_OK && args->json)
		err = eh_command_put(json_pack(
		    "{s:s}", "request", eh_args_get(args, "out")));
out:
	eh_buf_free(&request);
	eh_token_close(token);
	return err;
}

static const struct eh_option enrol_options[] = {
	{ "invitation", "FILE", EH_OPTION_NEEDED, "from the authority" },
	{ "out", "FILE", EH_OPTION_NEEDED, "the request for the authority" },
	EH_OPTION_PIN,
	EH_OPTION_MODULE,
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_cli_token_enrol = { "token enrol", NULL, 0, 0,
	"Ask the authority to enrol this EdgeHSM.", enrol_options,
	"  edgehsm token enrol --invitation invitation.json --out enrol.cose\n"
	"  edgehsm-authority enrol enrol.cose --out grant.cose\n",
	run_enrol };

/* A challenge for the chip of ${device}, which the profile reads. */
static int
challenge(struct eh_args *args, struct eh_token *token,
    const struct eh_token_status *status,
    uint8_t out[EH_TOKEN_CHALLENGE])
{
	const struct eh_token_authorization *a;
	struct eh_profile_file p;
	struct eh_device_id id;
	int err;

	if ((err = eh_token_choose(status,
	         eh_args_get(args, "authorization"), NULL, &a,
	         &args->error)) != EH_OK)
		return err;
	if ((err = eh_profile_file_find(&p, a->profile.digest, args)) ==
	        EH_OK &&
	    (err = eh_profile_parse_device(p.profile,
	         eh_args_get(args, "device"), &id, &args->error)) == EH_OK)
		err = eh_token_challenge(token, a->id,
		    p.profile->identity.kind, &id, out, &args->error);
	eh_profile_file_close(&p);
	return err;
}

/* The nonce that is asked for; its length in ${lenp}. */
static int
get_nonce(struct eh_args *args, struct eh_token *token,
    uint8_t out[EH_TOKEN_CHALLENGE], size_t *lenp)
{
	struct eh_token_status *status;
	int err;

	*lenp = EH_ID_LEN;
	if (eh_args_get(args, "device") == NULL)
		return eh_token_time_nonce(token, out, &args->error);
	if ((status = calloc(1, sizeof(*status))) == NULL)
		return EH_ERR_MEMORY;
	*lenp = EH_TOKEN_CHALLENGE;
	err = eh_token_get_status(token, status, &args->error);
	if (err == EH_OK)
		err = challenge(args, token, status, out);
	free(status);
	return err;
}

static int
run_nonce(struct eh_args *args)
{
	const char *path = eh_args_get(args, "out");
	char text[EH_HEX_SIZE(EH_TOKEN_CHALLENGE)], line[sizeof(text) + 1];
	struct eh_token *token = NULL;
	uint8_t nonce[EH_TOKEN_CHALLENGE];
	size_t len;
	int err;

	if ((eh_args_get(args, "device") == NULL) !=
	    (eh_args_get(args, "authorization") == NULL))
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "--device and --authorization go together: the challenge "
		    "for the attestation of that device's chip");
	if ((err = eh_session_login(args, EH_ROLE_OPERATOR, &token)) != EH_OK)
		return err;
	err = get_nonce(args, token, nonce, &len);
	eh_token_close(token);
	if (err != EH_OK)
		return err;
	eh_hex_encode(nonce, len, text);
	snprintf(line, sizeof(line), "%s\n", text);
	if (path != NULL &&
	    (err = eh_file_write(path, line, strlen(line), 0644,
		 &args->error)) != EH_OK)
		return err;
	if (args->json)
		return eh_command_put(json_pack("{s:s}", "nonce", text));
	if (path == NULL)
		fputs(line, stdout);
	return EH_OK;
}

static const struct eh_option nonce_options[] = {
	{ "authorization", "NAME", 0,
	    "with --device: a challenge for its chip, under this order" },
	{ "device", "ID", 0, "whose chip is to answer" },
	{ "out", "FILE", 0, "where to write it (else standard output)" },
	EH_OPTION_PIN,
	EH_OPTION_MODULE,
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_cli_token_nonce = { "token nonce", NULL, 0, 0,
	"A nonce for the authority's time attestation, or a challenge for a "
	"chip.", nonce_options,
	"  edgehsm token nonce --authorization PO-4711 --device SN00000042\n"
	"  edgehsm-authority time --hsm fab1-hsm1 --nonce $(edgehsm token "
	"nonce) \\\n      --out time.cose && edgehsm token import time.cose\n",
	run_nonce };
