/* SPDX-License-Identifier: Apache-2.0 */
/* verb_authorize.c - edgehsm-authority authorize. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "common/clock.h"
#include "common/file.h"
#include "common/hex.h"
#include "orchestrator/authority/authorize.h"
#include "orchestrator/authority/verbs.h"

#define DAY  UINT64_C(86400)
#define RATE 300u	/* devices an hour, of the line in the sentences */

static void
warn(void *arg, const char *sentence)
{
	eh_verb_say(arg, "warning: %s", sentence);
}

/* What the limits mean for a line that makes RATE devices an hour; those that
 * this order cannot meet are not mentioned. */
static void
explain(const struct eh_args *args, const struct eh_pauth *p)
{
	const unsigned records = eh_pauth_op(p, EH_OP_ISSUE)->uses;
	const uint64_t devices = eh_pauth_op(p, EH_OP_PASS)->quota;
	uint64_t grace =
	    p->limits.quality > EH_QUALITY_FLOOR ? 0 : p->limits.boot_grace;
	uint64_t offline = p->limits.max_offline / 3600;
	uint64_t unacked =
	    p->limits.max_unacked / ((uint64_t)RATE * records);

	if (p->limits.max_offline >= p->expires - p->not_before)
		offline = UINT64_MAX;
	if (p->limits.max_unacked / records >= devices)
		unacked = UINT64_MAX;
	if (offline != UINT64_MAX || unacked != UINT64_MAX)
		eh_verb_say(args,
		    "without a link, a line of %u devices an hour stops after "
		    "%" PRIu64 " hours (%s)", RATE,
		    offline < unacked ? offline : unacked,
		    offline < unacked ? "max-offline: no fresh time"
				      : "max-unacked: no acknowledgement");
	if (grace < devices)
		eh_verb_say(args,
		    "after a boot without a link it makes at most %" PRIu64
		    " devices more", grace);
	if (p->limits.max_unaccounted < devices)
		eh_verb_say(args,
		    "at most %u devices may be lost in unclean stops before "
		    "it stops", p->limits.max_unaccounted);
}

/* --- the command line --- */

static int
get_u32(struct eh_args *args, const char *name, uint32_t most, uint32_t dflt,
    uint32_t *valuep)
{
	uint64_t value;
	int err = eh_args_number(args, name, 0, most, dflt, &value);

	*valuep = (uint32_t)value;
	return err;
}

static int
get_limits(struct eh_args *args, struct eh_limits *l)
{
	uint32_t quality;
	int err;

	if ((err = get_u32(args, "max-unacked", UINT32_MAX,
	         eh_authorize_limits.max_unacked, &l->max_unacked)) !=
	        EH_OK ||
	    (err = get_u32(args, "max-offline", UINT32_MAX,
	         eh_authorize_limits.max_offline, &l->max_offline)) !=
	        EH_OK ||
	    (err = get_u32(args, "max-unaccounted", UINT32_MAX,
	         eh_authorize_limits.max_unaccounted,
	         &l->max_unaccounted)) != EH_OK ||
	    (err = get_u32(args, "boot-grace", UINT32_MAX,
	         eh_authorize_limits.boot_grace, &l->boot_grace)) != EH_OK ||
	    (err = get_u32(args, "min-quality", EH_QUALITY_FRESH,
	         eh_authorize_limits.quality, &quality)) != EH_OK)
		return err;
	l->quality = (enum eh_quality)quality;
	return EH_OK;
}

static int
check_times(
    struct eh_args *args, const struct eh_authorize_request *r, uint64_t now)
{
	char begin[EH_CLOCK_TEXT_SIZE] = "", end[EH_CLOCK_TEXT_SIZE] = "";
	int err;

	if ((err = eh_clock_format(r->not_before, begin)) != EH_OK ||
	    (err = eh_clock_format(r->expires, end)) != EH_OK)
		return eh_error_set(
		    &args->error, err, "a time beyond the year 9999");
	if (r->expires <= now)
		return eh_error_set(&args->error, EH_DENIED_EXPIRED,
		    "the authorization would be over before it is signed: it "
		    "ends %s", end);
	if (r->expires <= r->not_before)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "the authorization ends %s, before it begins %s", end,
		    begin);
	if (r->expires - r->not_before > EH_VALIDITY_MAX)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "an authorization is valid for at most %" PRIu64 " days; "
		    "this one is from %s to %s", EH_VALIDITY_MAX / DAY, begin,
		    end);
	return EH_OK;
}

static int
get_times(struct eh_args *args, struct eh_authorize_request *r, uint64_t now)
{
	uint64_t days;
	int err;

	if (eh_args_get(args, "days") != NULL &&
	    eh_args_get(args, "not-after") != NULL)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "--days and --not-after say the same: give one");
	if ((err = eh_args_time(args, "not-before", now,
	         now - EH_AUTHORIZE_BACKDATE, &r->not_before)) != EH_OK ||
	    (err = eh_args_number(args, "days", 1, EH_VALIDITY_MAX / DAY,
	         eh_authorize_days(r->devices), &days)) != EH_OK ||
	    (err = eh_args_time(args, "not-after", now,
	         r->not_before + days * DAY, &r->expires)) != EH_OK)
		return err;
	return check_times(args, r, now);
}

static int
get_lines(struct eh_args *args, struct eh_authorize_request *r)
{
	const char *line;

	for (unsigned n = 0; (line = eh_args_nth(args, "line", n)) != NULL;
	     n++) {
		if (n == EH_PAUTH_LINES_MAX)
			return eh_error_set(&args->error, EH_ERR_ARGUMENT,
			    "at most %d lines can be named",
			    EH_PAUTH_LINES_MAX);
		r->lines[r->nlines++] = line;
	}
	return EH_OK;
}

/* ID:VERSION:SHA256 */
static int
get_image(struct eh_args *args, const char *text, struct eh_image *image)
{
	const char *first = strchr(text, ':'), *last = strrchr(text, ':');
	size_t idlen, versionlen;

	if (first == NULL || last == first ||
	    (idlen = (size_t)(first - text)) - 1 >= EH_NAME_MAX ||
	    (versionlen = (size_t)(last - first - 1)) - 1 >= EH_NAME_MAX ||
	    eh_hex_decode_fixed(last + 1, image->digest,
	        sizeof(image->digest)) != EH_OK)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "--firmware %s is not ID:VERSION:SHA256", text);
	memcpy(image->id, text, idlen);
	memcpy(image->version, first + 1, versionlen);
	return EH_OK;
}

static int
get_images(struct eh_args *args, struct eh_authorize_request *r)
{
	const char *text;
	int err;

	for (unsigned i = 0;
	     (text = eh_args_nth(args, "firmware", i)) != NULL; i++) {
		if (r->nimages == EH_PAUTH_IMAGES_MAX)
			return eh_error_set(&args->error, EH_ERR_ARGUMENT,
			    "an authorization names at most %d images",
			    EH_PAUTH_IMAGES_MAX);
		if ((err = get_image(
		         args, text, &r->images[r->nimages])) != EH_OK)
			return err;
		r->nimages++;
	}
	return EH_OK;
}

static int
get_request(
    struct eh_args *args, struct eh_authorize_request *r, uint64_t now)
{
	uint64_t lease, stops;
	int err;

	r->hsm = eh_args_get(args, "hsm");
	r->order = eh_args_get(args, "order");
	r->source = eh_args_get(args, "source");
	r->scope = eh_args_get(args, "scope");
	r->supersedes = eh_args_get(args, "supersedes");
	r->unacked_by_profile = eh_args_get(args, "max-unacked") == NULL;
	if ((err = eh_args_number(args, "devices", 1,
	         EH_AUTHORIZE_DEVICES_MAX, 0, &r->devices)) != EH_OK ||
	    (err = eh_args_number(args, "order-total", 1,
	         EH_AUTHORIZE_ORDER_MAX, 0, &r->order_total)) != EH_OK ||
	    (err = eh_args_number(args, "lease", 1, EH_LEASE_MAX, 0,
	         &lease)) != EH_OK ||
	    (err = eh_args_number(args, "reissue", 0,
	         EH_AUTHORIZE_DEVICES_MAX, 0, &r->reissue)) != EH_OK ||
	    (err = eh_args_number(args, "unclean-stops", 0,
	         EH_AUTHORIZE_STOPS_MAX, EH_AUTHORIZE_STOPS, &stops)) !=
	        EH_OK)
		return err;
	r->lease = (uint16_t)lease;
	r->stops = (unsigned)stops;
	if ((err = get_limits(args, &r->limits)) != EH_OK ||
	    (err = get_times(args, r, now)) != EH_OK ||
	    (err = get_images(args, r)) != EH_OK)
		return err;
	return get_lines(args, r);
}

static int
authorize(struct eh_args *args, struct eh_authority *a,
    const struct eh_authorize_request *r, uint64_t now)
{
	const struct eh_authorize_warn w = { warn, args };
	uint8_t digest[EH_DIGEST_LEN];
	struct eh_pauth pauth;
	struct eh_buf message;
	int err;

	eh_buf_init(&message, EH_MESSAGE_MAX_INBOUND);
	err = eh_authorize(
	    a, r, now, &w, &message, digest, &pauth, &args->error);
	if (err == EH_OK)
		err = eh_verb_write_message(args, &message, digest);
	if (err == EH_OK && pauth.scope.kind == EH_SCOPE_TREE)
		err = eh_verb_write_proofs(args, a, &pauth, digest);
	if (err == EH_OK)
		err = eh_verb_print_message(args, &message);
	if (err == EH_OK)
		explain(args, &pauth);
	eh_buf_free(&message);
	return err;
}

static int
check_proofs(struct eh_args *args)
{
	const char *scope = eh_args_get(args, "scope");
	const char *proofs = eh_args_get(args, "proofs");
	int is_tree = scope != NULL && eh_authorize_is_tree(scope);

	if (is_tree && proofs == NULL)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "--scope tree needs --proofs FILE, from which the factory "
		    "takes the proof for each device");
	if (!is_tree && proofs != NULL)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "--proofs goes with --scope tree");
	if (is_tree && strcmp(proofs, eh_args_get(args, "out")) == 0)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "--out and --proofs are two files");
	return EH_OK;
}

static int
run(struct eh_args *args)
{
	struct eh_authorize_request r = { .hsm = NULL };
	const uint64_t now = eh_clock_wall();
	struct eh_authority *a = NULL;
	struct eh_buf profile;
	int err;

	if ((err = get_request(args, &r, now)) != EH_OK ||
	    (err = check_proofs(args)) != EH_OK ||
	    (err = eh_verb_check_out(args)) != EH_OK ||
	    (err = eh_verb_check_file(args, "proofs")) != EH_OK)
		return err;
	err = eh_file_read(eh_args_get(args, "profile"), EH_PROFILE_MAX,
	    &profile, &args->error);
	if (err == EH_OK) {
		r.profile = profile.data;
		r.profile_len = profile.len;
		err = eh_verb_open(args, &a);
	}
	if (err == EH_OK)
		err = authorize(args, a, &r, now);
	eh_authority_close(a);
	eh_buf_free(&profile);
	return err;
}

static const struct eh_option options[] = {
	{ "hsm", "NAME", EH_OPTION_NEEDED, "which EdgeHSM" },
	{ "profile", "FILE", EH_OPTION_NEEDED, "the compiled profile" },
	{ "source", "FILE", 0, "the YAML: compile it too, and compare" },
	{ "devices", "N", EH_OPTION_NEEDED, "how many devices" },
	{ "order", "NAME", EH_OPTION_NEEDED, "for people: PO-4711" },
	{ "order-total", "N", 0,
	    "devices of the whole order (those of its first authorization)" },
	{ "supersedes", "ID|ORDER", 0,
	    "take over its books; --devices counts those made before" },
	{ "not-before", "TIME", 0, "begin; TIME is a date or +7d (now)" },
	{ "days", "N", 0,
	    "validity, at most 400 (7 up to 1000 devices, else 30)" },
	{ "not-after", "TIME", 0, "end, instead of --days" },
	{ "scope", "SCOPE", 0,
	    "any, range:KIND:LO:HI, list:KIND:ID,ID,... or tree:KIND:FILE "
	    "(any)" },
	{ "proofs", "FILE", 0, "with a tree: *.ehscope, for the factory" },
	{ "line", "NAME", EH_OPTION_MANY, "only this line of the factory" },
	{ "lease", "N", 0,
	    "most devices of one lease (a sixteenth of N, up to 256)" },
	{ "firmware", "ID:VERSION:SHA256", EH_OPTION_MANY,
	    "what chips may run, where the profile has them attest" },
	{ "reissue", "N", 0, "certificates that may be issued again (0)" },
	{ "unclean-stops", "N", 0, "how many must not cost certificates (2)" },
	{ "max-unacked", "N", 0, "records without acknowledgement (100000 or more)" },
	{ "max-offline", "S", 0, "seconds without fresh time (691200)" },
	{ "max-unaccounted", "N", 0, "devices lost in unclean stops (4096)" },
	{ "boot-grace", "N", 0, "devices after a boot without time (60480)" },
	{ "min-quality", "0..3", 0, "least quality of time (1)" },
	{ "out", "FILE", EH_OPTION_NEEDED, "the authorization" },
	{ "force", NULL, 0, "write over files" },
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_verb_authorize = { "authorize", NULL, 0, 0,
	"Authorize an EdgeHSM to make so many devices by one profile", options,
	"  edgehsm-authority authorize --hsm fab1-hsm1 --profile "
	"gateway-a.ehprofile --devices 10000 --order PO-4711 --days 30 --out "
	"PO-4711.cose\n"
	"  edgehsm-authority authorize --hsm fab1-hsm1 --profile "
	"gateway-a.ehprofile --devices 5 --order PO-4712 --scope "
	"range:serial:SN00000001:SN00000099 --out PO-4712.cose\n",
	run };
