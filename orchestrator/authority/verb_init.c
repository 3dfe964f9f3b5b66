/* SPDX-License-Identifier: Apache-2.0 */
/* verb_init.c - edgehsm-authority init. */
#include "config.h"

#include "common/clock.h"
#include "orchestrator/authority/verbs.h"

static int
print(struct eh_args *args)
{
	static const char *const labels[EH_STORE_KEYS] = {
		[EH_STORE_GRANT_ROOT] = "grant root",
		[EH_STORE_MESSAGE_KEY] = "message key",
		[EH_STORE_X509_ROOT] = "X.509 root",
	};
	struct eh_sheet *sheet = eh_sheet_new();
	const struct eh_store_self *self;
	struct eh_authority *a;
	uint8_t digest[EH_SPKI_DIGEST_LEN];
	int err = eh_verb_open(args, &a);

	if (err != EH_OK) {
		eh_sheet_free(sheet);
		return err;
	}
	self = eh_authority_self(a);
	eh_sheet_text(sheet, "authority", "%s", self->name);
	eh_sheet_text(sheet, "folder", "%s", eh_verb_folder(args));
	for (unsigned i = 0; i < EH_STORE_KEYS; i++) {
		eh_keyid_spki_digest(&self->key[i].public, digest);
		eh_sheet_fingerprint(sheet, labels[i], digest, sizeof(digest));
	}
	eh_authority_close(a);
	if ((err = eh_verb_print(args, sheet)) != EH_OK)
		return err;
	eh_verb_say(args,
	    "give %s/" EH_AUTHORITY_ROOT_SPKI " to the factory, and the grant "
	    "root's fingerprint over another channel; keep the grant root "
	    "offline", eh_verb_folder(args));
	return EH_OK;
}

static int
run(struct eh_args *args)
{
	const struct eh_authority_plan plan = {
		.folder = eh_verb_folder(args),
		.name = eh_args_get(args, "name"),
		.place = {
			[EH_STORE_GRANT_ROOT] = eh_args_get(args, "grant-root"),
			[EH_STORE_MESSAGE_KEY] =
			    eh_args_get(args, "message-key"),
			[EH_STORE_X509_ROOT] = eh_args_get(args, "x509-root"),
		},
		.subject = eh_args_get(args, "subject"),
		.now = eh_clock_wall(),
	};
	int err = eh_authority_init(&plan, &args->error);

	return err == EH_OK ? print(args) : err;
}

static const struct eh_option options[] = {
	{ "name", "NAME", EH_OPTION_NEEDED,
	    "the authority's name in all its messages" },
	{ "grant-root", "KEY", 0,
	    "PEM file or pkcs11: URI; signs issuer grants only" },
	{ "message-key", "KEY", 0,
	    "PEM file or pkcs11: URI; signs all other messages" },
	{ "x509-root", "KEY", 0,
	    "PEM file or pkcs11: URI; the root CA, for Matter the PAA" },
	{ "subject", "DN", 0, "of the root CA, /C=DE/O=ACME/CN=ACME Root" },
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_verb_init = { "init", NULL, 0, 0,
	"Make an authority: its folder, store and three keys", options,
	"  edgehsm-authority init --store oem --name oem.example\n"
	"  edgehsm-authority init --name oem.example "
	"--grant-root 'pkcs11:token=oem;object=root'\n",
	run };
