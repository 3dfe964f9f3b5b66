/* SPDX-License-Identifier: Apache-2.0 */
/* token_anchor.c - `edgehsm token anchor`: what the state is anchored in, and
 * what that is worth. */
#include "config.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/hex.h"
#include "orchestrator/cli/session.h"
#include "orchestrator/cli/token.h"

#define NAME_TEXT EH_HEX_SIZE(EH_TOKEN_NAME)

static const char *const modes[] = { [EH_ANCHOR_FILE] = "file",
	[EH_ANCHOR_TPM_PLATFORM] = "platform",
	[EH_ANCHOR_TPM_OWNER] = "owner" };

static const char *const media[] = { [EH_ANCHOR_FILE] = "a file",
	[EH_ANCHOR_TPM_PLATFORM] =
	    ("an EXTEND index of a TPM, made by the platform: its owner can "
	    "neither remove nor remake it"),
	[EH_ANCHOR_TPM_OWNER] =
	    "an EXTEND index of a TPM, made by its owner, and a counter" };

static const char *
name_text(const uint8_t name[EH_TOKEN_NAME], char text[NAME_TEXT])
{
	eh_hex_encode(name, EH_TOKEN_NAME, text);
	return text;
}

/* A write of the index for each commit, one of the counter for each start that
 * made one. */
static uint64_t
writes(const struct eh_token_status *s)
{
	return s->commits +
	    (s->anchor_mode == EH_ANCHOR_TPM_OWNER ? s->boots : 0);
}

static void
print_tpm(const struct eh_token_status *s)
{
	char text[NAME_TEXT];

	printf("TPM       %s: so it says itself\n", s->tpm);
	printf("Key       %s, endorsement key (Name)\n",
	    name_text(s->tpm_key, text));
	printf("Index     %s (Name)\n", name_text(s->tpm_index, text));
	if (s->anchor_mode == EH_ANCHOR_TPM_OWNER)
		printf("Counter   %s (Name), at %" PRIu64 "\n",
		    name_text(s->tpm_counter, text), s->tpm_count);
	printf("Writes    %" PRIu64 " of the TPM's memory by this EdgeHSM\n",
	    writes(s));
	printf("Verified  by edgehsmd: at each start the three Names and the "
	       "counter, after\n          each write the value, under a secret "
	       "that only it and the index know\n");
}

static void
print_worth(const struct eh_token_status *s)
{
	if (s->anchor_class != EH_CLASS_FILE)
		return;
	if (s->anchor_mode == EH_ANCHOR_FILE) {
		printf("Verified  nothing: whoever can copy the state can copy "
		       "this file\nNext      for a line, name a TPM in "
		       "edgehsm.conf (anchor) before token init\n");
		return;
	}
	printf("          not by the authority: that the key is that of a TPM "
	       "that was made as one.\n          It cannot do that in this "
	       "version, so the class is 0 as for a file\nNext      to compare "
	       "by hand, on a system that you trust, with the same TPM:\n"
	       "          tpm2_createek -G ecc -c ek.ctx && tpm2_readpublic -c "
	       "ek.ctx (the Key's name),\n          tpm2_nvreadpublic (the "
	       "Index's), tpm2_getekcertificate (who made the TPM)\n");
}

static void
print_anchor(const struct eh_token_status *s)
{
	char value[EH_HEX_SIZE(EH_DIGEST_LEN)];

	printf("Anchor    %s\nClass     %d\n", media[s->anchor_mode],
	    (int)s->anchor_class);
	eh_hex_encode(s->anchor, EH_DIGEST_LEN, value);
	printf("Value     %s (commits: %" PRIu64 ", starts: %" PRIu64
	       ")\n", value, s->commits, s->boots);
	if (s->anchor_mode != EH_ANCHOR_FILE)
		print_tpm(s);
	print_worth(s);
}

static json_t *
json_anchor(const struct eh_token_status *s)
{
	char key[NAME_TEXT], index[NAME_TEXT], counter[NAME_TEXT];
	char value[EH_HEX_SIZE(EH_DIGEST_LEN)];
	json_t *o;

	eh_hex_encode(s->anchor, EH_DIGEST_LEN, value);
	o = json_pack("{s:s, s:i, s:s, s:I, s:I}", "mode",
	    modes[s->anchor_mode], "anchor_class", (int)s->anchor_class,
	    "value", value, "commits", (json_int_t)s->commits, "starts",
	    (json_int_t)s->boots);
	if (o == NULL || s->anchor_mode == EH_ANCHOR_FILE)
		return o;
	json_object_set_new(o, "tpm", json_string(s->tpm));
	json_object_set_new(
	    o, "key_name", json_string(name_text(s->tpm_key, key)));
	json_object_set_new(
	    o, "index_name", json_string(name_text(s->tpm_index, index)));
	json_object_set_new(
	    o, "tpm_writes", json_integer((json_int_t)writes(s)));
	if (s->anchor_mode == EH_ANCHOR_TPM_PLATFORM)
		return o;
	json_object_set_new(o, "counter_name",
	    json_string(name_text(s->tpm_counter, counter)));
	json_object_set_new(
	    o, "counter", json_integer((json_int_t)s->tpm_count));
	return o;
}

static int
run_anchor(struct eh_args *args)
{
	struct eh_token_status *s = NULL;
	struct eh_token *token = NULL;
	int err;

	if ((s = malloc(sizeof(*s))) == NULL)
		return EH_ERR_MEMORY;
	if ((err = eh_session_open(args, &token)) != EH_OK ||
	    (err = eh_token_get_status(token, s, &args->error)) != EH_OK)
		goto out;
	if (s->state == EH_STATE_FAIL_STOPPED)
		err = eh_error_set(&args->error, EH_DENIED_FAIL_STOPPED,
		    "the token is fail-stopped: %s", s->why);
	else if (s->state == EH_STATE_FRESH)
		err = eh_error_set(&args->error, EH_DENIED_STATE,
		    "nothing is anchored yet: edgehsm token init begins it");
	else if (args->json)
		err = eh_command_put(json_anchor(s));
	else
		print_anchor(s);
out:
	eh_token_close(token);
	free(s);
	return err;
}

static const struct eh_option anchor_options[] = {
	EH_OPTION_MODULE,
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_cli_token_anchor = { "token anchor", NULL, 0, 0,
	"What the state is anchored in, and what that is worth.",
	anchor_options,
	"  edgehsm token anchor\n"
	"  edgehsm token anchor --json\n",
	run_anchor };
