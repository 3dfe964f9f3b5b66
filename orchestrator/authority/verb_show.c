/* SPDX-License-Identifier: Apache-2.0 */
/* verb_show.c - edgehsm-authority show: the store, or any of our files. */
#include "config.h"

#include <string.h>

#include "common/file.h"
#include "common/hex.h"
#include "common/message/enrol.h"
#include "common/message/pauth.h"
#include "orchestrator/authority/certify.h"
#include "orchestrator/authority/show.h"
#include "orchestrator/authority/show_store.h"
#include "orchestrator/authority/verbs.h"
#include "orchestrator/conf/pem.h"

/* --- the signature of a message --- */

/* The key that should have signed, as far as this authority knows it, and what
 * to call it; EH_ERR_NOT_FOUND. */
static int
find_signer(struct eh_authority *a, const struct eh_envelope *e,
    struct eh_rawkey *key, char *name, size_t cap)
{
	const struct eh_store_self *self = eh_authority_self(a);
	struct eh_hsm hsm;
	uint8_t kid[EH_KID_LEN];
	enum eh_store_key use;
	int err;

	if (eh_message_info(e->type)->signer == EH_SIGNED_BY_HSM) {
		err = eh_store_get_hsm_by_kid(
		    eh_authority_store(a), e->kid, &hsm, NULL);
		*key = hsm.attestation;
		snprintf(name, cap, "attestation key of %s", hsm.name);
		return err;
	}
	use = eh_message_info(e->type)->signer == EH_SIGNED_BY_ROOT
	    ? EH_STORE_GRANT_ROOT
	    : EH_STORE_MESSAGE_KEY;
	*key = self->key[use].public;
	snprintf(name, cap, "%s of this authority", eh_store_key_name(use));
	eh_keyid_kid(key, kid);
	return memcmp(kid, e->kid, EH_KID_LEN) == 0 ? EH_OK
						    : EH_ERR_NOT_FOUND;
}

/* Say what the signature is worth.  The last fact of the sheet, since it is the
 * only one that does not come from the bytes alone. */
static int
judge(struct eh_args *args, struct eh_authority *a, struct eh_sheet *sheet,
    const struct eh_envelope *e, const void *bytes, size_t len)
{
	struct eh_rawkey key;
	struct eh_enrol enrol;
	char name[EH_NAME_MAX + 32];
	int err;

	if (e->type == EH_MESSAGE_ENROL) {
		err = eh_enrol_open(bytes, len, &enrol, &args->error);
		snprintf(name, sizeof(name), "the key in it, which proves "
		    "possession only");
	} else if (a == NULL) {
		/* Why it could not be opened. */
		eh_sheet_text(
		    sheet, "signature", "not checked: %s", args->error.text);
		return EH_OK;
	} else {
		err = find_signer(a, e, &key, name, sizeof(name));
		if (err == EH_ERR_NOT_FOUND) {
			eh_sheet_text(sheet, "signature",
			    "not checked: the key is unknown here");
			return EH_OK;
		}
		if (err == EH_OK)
			err = eh_envelope_verify(e, &key, &args->error);
	}
	eh_sheet_text(sheet, "signature", "%s: %s",
	    err == EH_OK ? "good" : "BAD", name);
	return err;
}

/* --- a file --- */

static int
show_bytes(struct eh_args *args, struct eh_authority *a, const uint8_t *bytes,
    size_t len)
{
	struct eh_sheet *sheet = eh_sheet_new();
	struct eh_envelope envelope;
	enum eh_show_kind kind;
	int err, verdict = EH_OK;

	err = eh_show_kind(bytes, len, &kind, &args->error);
	if (err == EH_OK && kind == EH_SHOW_MESSAGE) {
		err = eh_show_message(
		    sheet, bytes, len, &envelope, &args->error);
		if (err == EH_OK)
			verdict = judge(args, a, sheet, &envelope, bytes, len);
	} else if (err == EH_OK && kind == EH_SHOW_PROFILE) {
		err = eh_show_profile(sheet, bytes, len, &args->error);
	} else if (err == EH_OK) {
		err = eh_show_record(sheet, bytes, len, &args->error);
	}
	if (err != EH_OK) {
		eh_sheet_free(sheet);
		return err;
	}
	err = eh_verb_print(args, sheet);
	return err != EH_OK ? err : verdict;
}

static int
show_file(struct eh_args *args, struct eh_authority *a, const char *path)
{
	static const char pem[] = "-----BEGIN ";
	struct eh_buf file, message;
	int err = eh_file_read(path, EH_MESSAGE_MAX, &file, &args->error);

	eh_buf_init(&message, EH_PEM_MAX_FILE);
	if (err == EH_OK && file.len > sizeof(pem) &&
	    memcmp(file.data, pem, sizeof(pem) - 1) == 0) {
		err = eh_pem_decode(path, EH_CERTIFY_ATTESTATION, file.data,
		    file.len, &message, &args->error);
		if (err == EH_OK)
			err = show_bytes(args, a, message.data, message.len);
	} else if (err == EH_OK) {
		err = show_bytes(args, a, file.data, file.len);
	}
	eh_buf_free(&message);
	eh_buf_free(&file);
	return err;
}

/* --- a message that was signed here --- */

static int
write_proofs(struct eh_args *args, struct eh_authority *a,
    const struct eh_buf *message, const uint8_t digest[EH_DIGEST_LEN])
{
	struct eh_envelope envelope;
	struct eh_pauth p;
	int err;

	if ((err = eh_envelope_decode(message->data, message->len, &envelope,
	         &args->error)) != EH_OK)
		return err;
	if (envelope.type != EH_MESSAGE_PAUTH)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "--proofs: this is no production authorization");
	if ((err = eh_pauth_decode(envelope.sign1.payload,
	         envelope.sign1.payload_len, &p, &args->error)) != EH_OK)
		return err;
	if (p.scope.kind != EH_SCOPE_TREE)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "--proofs: the scope of this authorization is no tree");
	return eh_verb_write_proofs(args, a, &p, digest);
}

static int
show_digest(struct eh_args *args, struct eh_authority *a, const char *hex)
{
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_buf message;
	int err;

	if (eh_hex_decode_fixed(hex, digest, sizeof(digest)) != EH_OK)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "--digest: 64 hex digits are needed");
	if ((err = eh_verb_check_out(args)) != EH_OK ||
	    (err = eh_verb_check_file(args, "proofs")) != EH_OK)
		return err;
	eh_buf_init(&message, EH_MESSAGE_MAX);
	err = eh_store_get_message(
	    eh_authority_store(a), digest, &message, &args->error);
	if (err == EH_OK && eh_args_get(args, "out") != NULL)
		err = eh_verb_write_out(args, message.data, message.len);
	if (err == EH_OK && eh_args_get(args, "proofs") != NULL)
		err = write_proofs(args, a, &message, digest);
	if (err == EH_OK)
		err = show_bytes(args, a, message.data, message.len);
	eh_buf_free(&message);
	return err;
}

static int
check_args(struct eh_args *args)
{
	const int digest = eh_args_get(args, "digest") != NULL;

	if (args->operands + (unsigned)digest > 1)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "either FILE or --digest, not both");
	if (!digest && (eh_args_get(args, "out") != NULL ||
	        eh_args_get(args, "proofs") != NULL))
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "--out and --proofs go with --digest");
	if (args->operands + (unsigned)digest > 0 &&
	    eh_args_get(args, "trail") != NULL)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "--trail is of the whole store");
	return EH_OK;
}

static int
run(struct eh_args *args)
{
	const char *digest = eh_args_get(args, "digest");
	struct eh_authority *a = NULL;
	int err;

	if ((err = check_args(args)) != EH_OK)
		return err;
	err = eh_verb_open(args, &a);
	/* A file can be read where there is no authority at all. */
	if (err != EH_OK && args->operands == 1 &&
	    eh_args_get(args, "store") == NULL)
		err = EH_OK;
	if (err != EH_OK)
		return err;
	if (args->operands == 1)
		err = show_file(args, a, args->operand[0]);
	else if (digest != NULL)
		err = show_digest(args, a, digest);
	else
		err = eh_show_store(args, a);
	eh_authority_close(a);
	return err;
}

static const struct eh_option options[] = {
	{ "digest", "HEX", 0, "the message with this digest, signed here" },
	{ "out", "FILE", 0, "write that message once more" },
	{ "proofs", "FILE", 0, "write its *.ehscope once more" },
	{ "force", NULL, 0, "write over files" },
	{ "trail", NULL, 0, "with the store: who did what, and when" },
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_verb_show = { "show", "[FILE]", 0, 1,
	"Show the store, or what a message, profile or record says", options,
	"  edgehsm-authority show\n"
	"  edgehsm-authority show PO-4711.cose\n"
	"  edgehsm-authority show --json gateway-a.ehprofile\n",
	run };
