/* SPDX-License-Identifier: Apache-2.0 */
/* verb_time.c - edgehsm-authority time. */
#include "config.h"

#include <sys/timex.h>

#include "common/clock.h"
#include "common/hex.h"
#include "orchestrator/authority/attest_time.h"
#include "orchestrator/authority/verbs.h"

/* What a host with a synchronised clock can promise. */
#define UNCERTAINTY 2

static int
attest(struct eh_args *args, struct eh_authority *a,
    const uint8_t nonce[EH_ID_LEN], uint64_t uncertainty)
{
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_buf message;
	int err;

	eh_buf_init(&message, EH_MESSAGE_MAX_INBOUND);
	err = eh_attest_time(a, eh_args_get(args, "hsm"), nonce,
	    (uint32_t)uncertainty, eh_clock_wall(), &message, digest,
	    &args->error);
	if (err == EH_OK)
		err = eh_verb_write_message(args, &message, digest);
	if (err == EH_OK)
		err = eh_verb_print_message(args, &message);
	eh_buf_free(&message);
	return err;
}

/* The EdgeHSM will believe this host's clock; say so when not even the kernel
 * does. */
static void
check_clock(const struct eh_args *args)
{
	struct timex t = { .modes = 0 };

	if (adjtimex(&t) == TIME_ERROR)
		eh_verb_say(args, "warning: the kernel says that the clock of "
		    "this host is not synchronised");
}

static int
run(struct eh_args *args)
{
	const char *hex = eh_args_get(args, "nonce");
	uint8_t nonce[EH_ID_LEN];
	struct eh_authority *a;
	uint64_t uncertainty;
	int err;

	if ((hex == NULL) != (eh_args_get(args, "beacon") != NULL))
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "one of --nonce and --beacon is needed: the time is trusted "
		    "by the answer to a nonce of `edgehsm token nonce` only");
	if (hex != NULL &&
	    eh_hex_decode_fixed(hex, nonce, sizeof(nonce)) != EH_OK)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "--nonce: 32 hex digits are needed, as edgehsm token "
		    "nonce prints them");
	if ((err = eh_args_number(args, "uncertainty", 0, EH_UNCERTAINTY_MAX,
	         UNCERTAINTY, &uncertainty)) != EH_OK ||
	    (err = eh_verb_check_out(args)) != EH_OK ||
	    (err = eh_verb_open(args, &a)) != EH_OK)
		return err;
	check_clock(args);
	err = attest(args, a, hex != NULL ? nonce : NULL, uncertainty);
	eh_authority_close(a);
	return err;
}

static const struct eh_option options[] = {
	{ "hsm", "NAME", EH_OPTION_NEEDED, "which EdgeHSM" },
	{ "nonce", "HEX", 0, "of edgehsm token nonce" },
	{ "beacon", NULL, 0, "for no nonce: it is at least so late" },
	{ "uncertainty", "SECONDS", 0,
	    "how far this machine's clock may be wrong (2)" },
	{ "out", "FILE", EH_OPTION_NEEDED, "the time attestation" },
	{ "force", NULL, 0, "write over FILE" },
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_verb_time = { "time", NULL, 0, 0,
	"Attest the time to an EdgeHSM, for one nonce", options,
	"  edgehsm-authority time --hsm fab1-hsm1 --nonce "
	"000102030405060708090a0b0c0d0e0f --out time.cose\n"
	"  edgehsm-authority time --hsm fab1-hsm1 --nonce $(edgehsm token "
	"nonce) --out time.cose --uncertainty 30\n",
	run };
