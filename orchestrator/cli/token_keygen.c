/* SPDX-License-Identifier: Apache-2.0 */
/* token_keygen.c - `edgehsm token keygen`: a key that is born in the token. */
#include "config.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/hex.h"
#include "common/crypto/digest.h"
#include "orchestrator/cli/session.h"
#include "orchestrator/cli/token.h"

static int
read_purpose(struct eh_args *args, enum eh_purpose *out)
{
	const char *text = eh_args_get(args, "purpose");

	*out = EH_PURPOSE_GENERAL;
	if (text == NULL || strcmp(text, "general") == 0)
		return EH_OK;
	*out = EH_PURPOSE_ISSUING;
	if (strcmp(text, "issuing") == 0)
		return EH_OK;
	return eh_error_set(&args->error, EH_ERR_ARGUMENT,
	    "--purpose %s: issuing or general", text);
}

static int
run(struct eh_args *args)
{
	const char *label = eh_args_get(args, "label");
	const char *hex = eh_args_get(args, "id");
	struct eh_token *token = NULL;
	struct eh_token_key key;
	enum eh_purpose purpose;
	uint8_t id[32], digest[EH_DIGEST_LEN];
	char text[EH_HEX_SIZE(EH_DIGEST_LEN)];
	size_t idlen = 0;
	int err;

	if ((err = read_purpose(args, &purpose)) != EH_OK)
		return err;
	if (hex != NULL &&
	    eh_hex_decode(hex, strlen(hex), id, sizeof(id), &idlen) != EH_OK)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "--id %s: up to 32 bytes in hex", hex);
	if ((err = eh_session_login(args, EH_ROLE_OPERATOR, &token)) != EH_OK)
		return err;
	err = eh_token_generate(
	    token, purpose, label, id, idlen, &key, &args->error);
	eh_token_close(token);
	if (err != EH_OK)
		return err;
	eh_sha256(key.spki, key.spkilen, digest);
	eh_hex_encode(digest, sizeof(digest), text);
	if (args->json)
		return eh_command_put(json_pack("{s:s, s:s, s:s}", "label",
		    label, "purpose",
		    purpose == EH_PURPOSE_ISSUING ? "issuing" : "general",
		    "spki_sha256", text));
	printf("%s key %s, SHA-256 of its public key %s\n",
	    purpose == EH_PURPOSE_ISSUING ? "Issuing" : "General", label,
	    text);
	return EH_OK;
}

static const struct eh_option options[] = {
	{ "label", "NAME", EH_OPTION_NEEDED, "label of the key" },
	{ "purpose", "WHAT", 0, "issuing or general (general)" },
	{ "id", "HEX", 0, "CKA_ID (else the key id of its public key)" },
	EH_OPTION_PIN,
	EH_OPTION_MODULE,
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_cli_token_keygen = { "token keygen", NULL, 0, 0,
	"Make a P-256 key in the token.", options,
	"  edgehsm token keygen --purpose issuing --label idevid-ca\n"
	"  edgehsm token keygen --label bundle-signing\n",
	run };
