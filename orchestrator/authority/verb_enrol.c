/* SPDX-License-Identifier: Apache-2.0 */
/* verb_enrol.c - edgehsm-authority enrol, in its two forms. */
#include "config.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/hex.h"
#include "orchestrator/authority/enrolment.h"
#include "orchestrator/authority/verbs.h"

/* --- enrol --invite --- */

static int
invite(struct eh_args *args, struct eh_authority *a)
{
	const char *factory = eh_args_get(args, "factory");
	struct eh_invitation i;
	struct eh_buf text;
	int err;

	if (factory == NULL || args->operands > 0 ||
	    eh_args_get(args, "fingerprint") != NULL ||
	    eh_args_get(args, "yes") != NULL ||
	    eh_args_get(args, "days") != NULL)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "enrol --invite NAME --factory FACTORY takes --out FILE "
		    "and nothing else");
	if ((err = eh_verb_check_out(args)) != EH_OK ||
	    (err = eh_enrolment_invite(a, eh_args_get(args, "invite"),
	         factory, eh_clock_wall(), &i, &args->error)) != EH_OK)
		return err;
	eh_buf_init(&text, 4096);
	err = eh_enrolment_print_invitation(a, &i, &text, &args->error);
	if (err == EH_OK && eh_args_get(args, "out") != NULL)
		err = eh_verb_write_out(args, text.data, text.len);
	else if (err == EH_OK && fwrite(text.data, text.len, 1, stdout) != 1)
		err = eh_error_set(&args->error, EH_ERR_IO,
		    "standard output cannot be written");
	eh_buf_free(&text);
	if (err == EH_OK)
		eh_verb_say(args, "carry the invitation to %s by hand; it is "
		    "good for one enrolment", i.factory);
	return err;
}

/* --- enrol FILE --- */

/* Compare with what somebody typed: digits, with blanks, colons or dashes
 * between them. */
static int
compare(struct eh_args *args, const char *typed,
    const uint8_t fingerprint[EH_DIGEST_LEN])
{
	char digits[EH_HEX_SIZE(EH_DIGEST_LEN)];
	uint8_t bytes[EH_DIGEST_LEN];
	size_t n = 0;

	for (const char *c = typed; *c != '\0'; c++) {
		if (*c == ' ' || *c == ':' || *c == '-')
			continue;
		if (n + 1 == sizeof(digits))
			break;
		digits[n++] = *c;
	}
	digits[n] = '\0';
	if (n != 2 * EH_DIGEST_LEN ||
	    eh_hex_decode_fixed(digits, bytes, sizeof(bytes)) != EH_OK)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "--fingerprint: all 64 hex digits are needed");
	if (memcmp(bytes, fingerprint, sizeof(bytes)) != 0)
		return eh_error_set(&args->error, EH_DENIED_EVIDENCE,
		    "the fingerprint is another one: do not enrol this");
	return EH_OK;
}

static int
ask(struct eh_args *args)
{
	char answer[16];

	if (!isatty(STDIN_FILENO))
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "nobody can be asked: give --fingerprint HEX as the "
		    "factory told it, or --yes");
	fprintf(stderr, "Did the factory tell you this fingerprint over "
	    "another channel? [yes/no] ");
	if (fgets(answer, sizeof(answer), stdin) != NULL &&
	    strcmp(answer, "yes\n") == 0)
		return EH_OK;
	return eh_error_set(
	    &args->error, EH_DENIED_EVIDENCE, "not confirmed: nothing is done");
}

static int
confirm(struct eh_args *args, const struct eh_enrolment *e)
{
	char text[EH_FINGERPRINT_SIZE(EH_DIGEST_LEN)];
	const char *typed = eh_args_get(args, "fingerprint");

	eh_fingerprint(e->fingerprint, EH_DIGEST_LEN, text);
	eh_verb_say(args, "%s in factory %s%s, attestation key", 
	    e->invitation.name, e->invitation.factory,
	    e->again ? " (enrolled before)" : "");
	eh_verb_say(args, "    %s", text);
	if (typed != NULL)
		return compare(args, typed, e->fingerprint);
	return eh_args_get(args, "yes") != NULL ? EH_OK : ask(args);
}

static int
accept_file(struct eh_args *args, struct eh_authority *a,
    const struct eh_buf *request, uint64_t days)
{
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_enrolment e;
	struct eh_buf grant;
	int err;

	if ((err = eh_enrolment_check(a, request->data, request->len, &e,
	         &args->error)) != EH_OK ||
	    (err = confirm(args, &e)) != EH_OK)
		return err;
	eh_buf_init(&grant, EH_MESSAGE_MAX_INBOUND);
	err = eh_enrolment_accept(a, &e, (unsigned)days, eh_clock_wall(),
	    &grant, digest, &args->error);
	if (err == EH_OK)
		err = eh_verb_write_message(args, &grant, digest);
	if (err == EH_OK)
		err = eh_verb_print_message(args, &grant);
	eh_buf_free(&grant);
	return err;
}

static int
enrol(struct eh_args *args, struct eh_authority *a)
{
	struct eh_buf request;
	uint64_t days;
	int err;

	if (args->operands == 0 || eh_args_get(args, "factory") != NULL)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "either --invite NAME --factory FACTORY, or the FILE of "
		    "an enrolment request");
	if ((err = eh_verb_check_grant(args, &days)) != EH_OK)
		return err;
	err = eh_file_read(args->operand[0], EH_MESSAGE_MAX_INBOUND, &request,
	    &args->error);
	if (err == EH_OK)
		err = accept_file(args, a, &request, days);
	eh_buf_free(&request);
	return err;
}

static int
run(struct eh_args *args)
{
	struct eh_authority *a;
	int err = eh_verb_open(args, &a);

	if (err == EH_OK)
		err = eh_args_get(args, "invite") != NULL ? invite(args, a)
							  : enrol(args, a);
	eh_authority_close(a);
	return err;
}

static const struct eh_option options[] = {
	{ "invite", "NAME", 0, "invite the EdgeHSM that shall have this name" },
	{ "factory", "FACTORY", 0, "where it will stand (with --invite)" },
	{ "fingerprint", "HEX", 0,
	    "of its attestation key, as the factory told it" },
	{ "yes", NULL, 0, "the fingerprint was compared" },
	{ "days", "N", 0, "validity of the issuer grant, 1 to 400 (400)" },
	{ "out", "FILE", 0, "the invitation, or the issuer grant" },
	{ "force", NULL, 0, "write over FILE" },
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_verb_enrol = { "enrol", "[FILE]", 0, 1,
	"Invite an EdgeHSM, or take its enrolment request and answer with an "
	"issuer grant", options,
	"  edgehsm-authority enrol --invite fab1-hsm1 --factory fab1 "
	"--out invitation.json\n"
	"  edgehsm-authority enrol enrol.cose --out grant.cose\n",
	run };
