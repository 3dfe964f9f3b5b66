/* SPDX-License-Identifier: Apache-2.0 */
/* status.c - `edgehsm status`, also bare `edgehsm`, and `edgehsm token info`: one
 * screen with what can still be made, until when, and who can change that. */
#include "config.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/hex.h"
#include "orchestrator/cli/session.h"
#include "orchestrator/cli/token.h"
#include "orchestrator/token/limits.h"

static const char *const classes[] = { "a file, for tests", "a TPM on this host",
	"a separate device", "a certified element" };
static const char unverified[] =
    "in a TPM that the authority has not verified: counts as a file";
static const char *const custodies[] = { "anyone with the PIN file",
	"root of this host", "nobody beyond the TPM's count", "nobody" };
static const char *const qualities[] = { "never attested",
	"not attested since the machine booted", "attested",
	"attested within a day" };

/* "3 d 4 h", "12 min" */
static const char *
span_text(uint64_t seconds, char text[32])
{
	if (seconds >= 2 * 86400)
		snprintf(text, 32, "%" PRIu64 " d %" PRIu64 " h",
		    seconds / 86400, seconds % 86400 / 3600);
	else if (seconds >= 2 * 3600)
		snprintf(text, 32, "%" PRIu64 " h", seconds / 3600);
	else if (seconds >= 2 * 60)
		snprintf(text, 32, "%" PRIu64 " min", seconds / 60);
	else
		snprintf(text, 32, "%" PRIu64 " s", seconds);
	return text;
}

static const char *
date_text(uint64_t time, char text[EH_CLOCK_TEXT_SIZE])
{
	if (time >= EH_CLOCK_MAX || eh_clock_format(time, text) != EH_OK)
		snprintf(text, EH_CLOCK_TEXT_SIZE, "unknown");
	return text;
}

static json_t *
json_authorization(
    const struct eh_token_status *s, const struct eh_token_authorization *a)
{
	char id[EH_HEX_SIZE(EH_ID_LEN)], digest[EH_HEX_SIZE(EH_DIGEST_LEN)];
	const struct eh_counter *d = eh_limits_devices(a);
	const struct eh_counter *again =
	    eh_counters_get(&a->counters, EH_OP_REISSUE);
	struct eh_outlook o;

	eh_limits_judge(s, a, eh_clock_wall(), &o);
	eh_hex_encode(a->id, EH_ID_LEN, id);
	eh_hex_encode(a->profile.digest, EH_DIGEST_LEN, digest);
	return json_pack("{s:s, s:s, s:b, s:s, s:I, s:s, s:I, s:I, s:I, s:I, "
	                 "s:I, s:I, s:I, s:I, s:I, s:I, s:i, s:s, s:s, s:s, "
	                 "s:I, s:I, s:s, s:s, s:s, s:I, s:I, s:I}",
	    "name", a->name, "id", id, "closed", a->closed, "profile",
	    a->profile.name, "profile_version", (json_int_t)a->profile.version,
	    "config_digest", digest, "devices_allowed", (json_int_t)d->quota,
	    "devices_used", (json_int_t)d->used, "devices_burned",
	    (json_int_t)d->burned, "devices_reserved", (json_int_t)d->reserved,
	    "devices_left", (json_int_t)o.left, "good", (json_int_t)a->good,
	    "scrapped", (json_int_t)a->scrapped, "in_doubt",
	    (json_int_t)a->in_doubt, "not_before", (json_int_t)a->not_before,
	    "not_after", (json_int_t)a->expires, "burns", (int)a->burns,
	    "stopped_by", o.limit.what, "lifted_by", o.limit.who, "command",
	    o.limit.command, "seconds_left", (json_int_t)o.seconds, "until",
	    (json_int_t)(s->t_lo + o.seconds), "time_stopped_by", o.clock.what,
	    "time_lifted_by", o.clock.who, "time_command", o.clock.command,
	    "devices_after_boot", (json_int_t)o.after_boot,
	    "reissues_allowed", (json_int_t)(again != NULL ? again->quota : 0),
	    "reissues_used", (json_int_t)(again != NULL ? again->used : 0));
}

static json_t *
json_status(const struct eh_token_status *s)
{
	static const char *const states[] = { "unknown", "fresh", "ready",
		"fail-stopped" };
	char id[EH_HEX_SIZE(EH_HSM_ID_LEN)], root[EH_HEX_SIZE(EH_DIGEST_LEN)];
	json_t *o, *list = json_array();

	eh_hex_encode(s->hsm_id, EH_HSM_ID_LEN, id);
	eh_hex_encode(s->root, EH_DIGEST_LEN, root);
	for (unsigned i = 0; i < s->nauthorizations; i++)
		if (json_array_append_new(list,
			json_authorization(s, &s->authorization[i])) != 0) {
			json_decref(list);
			return NULL;
		}
	o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:I, s:I, s:I, s:I, "
	              "s:I, s:I, s:I, s:s, s:i, s:i}",
	    "state", states[s->state], "why", s->why, "label", s->label,
	    "hsm_id", id, "root", root, "factory", s->factory, "time_quality",
	    s->quality, "time_least", (json_int_t)s->t_lo, "time_most",
	    (json_int_t)s->t_hi, "log_size", (json_int_t)s->log_size,
	    "records_unacknowledged", (json_int_t)s->unacked,
	    "devices_unaccounted", (json_int_t)s->unaccounted, "boots",
	    (json_int_t)s->boots, "refusals", (json_int_t)s->refusals,
	    "last_refusal", s->refusal, "anchor_class", s->anchor_class,
	    "custody_class", s->custody);
	json_object_set_new(o, "authorizations", list);
	return o;
}

static void
print_token(const struct eh_token_status *s)
{
	char hex[EH_HEX_SIZE(EH_HSM_ID_LEN)], when[EH_CLOCK_TEXT_SIZE];

	if (s->state == EH_STATE_FRESH) {
		printf("No EdgeHSM here yet. Make one: edgehsm token init "
		       "--root oem-root.spki --label NAME\n");
		return;
	}
	if (s->state == EH_STATE_FAIL_STOPPED) {
		/* What it cannot believe, it does not tell. */
		printf("STOPPED   %s\n", s->why);
		return;
	}
	eh_hex_encode(s->hsm_id, EH_HSM_ID_LEN, hex);
	printf("Token     %s, EdgeHSM %s%s%s\n", s->label, hex,
	    s->factory[0] != '\0' ? ", factory " : "", s->factory);
	printf("Time      %s", qualities[s->quality]);
	if (s->quality > EH_QUALITY_NONE)
		printf(", at least %s", date_text(s->t_lo, when));
	printf("\nLog       %" PRIu64 " entries, %" PRIu64
	       " records not yet acknowledged\n", s->log_size, s->unacked);
	if (s->unaccounted > 0)
		printf("Burned    %" PRIu64 " devices by unclean stops that "
		       "no acknowledgement has accepted\n", s->unaccounted);
	if (s->refusals > 0)
		printf("Refused   %" PRIu64 " since edgehsmd started; the last: "
		       "%s\n", s->refusals, s->refusal);
	printf("Anchor    class %d: %s\n", s->anchor_class,
	    s->anchor_class == EH_CLASS_FILE &&
	    s->anchor_mode != EH_ANCHOR_FILE ? unverified :
					       classes[s->anchor_class]);
	printf("Custody   class %d: %s could use an issuing key without the "
	       "EdgeHSM\n", s->custody, custodies[s->custody]);
}

/* How it goes on without a link: so many devices, so long, and what after a
 * boot. */
static void
print_outlook(const struct eh_token_status *s, const struct eh_outlook *o)
{
	char when[EH_CLOCK_TEXT_SIZE], span[32];

	if (o->begins > 0) {
		printf("    begins %s\n", date_text(o->begins, when));
		return;
	}
	if (o->left == 0) {
		printf("    stopped: %s; %s can lift that: %s\n", o->limit.what,
		    o->limit.who, o->limit.command);
		return;
	}
	printf("    stops after %" PRIu64 " more: %s; %s can lift that: %s\n",
	    o->left, o->limit.what, o->limit.who, o->limit.command);
	printf("    or in %s, %s: %s; %s can lift that: %s\n",
	    span_text(o->seconds, span), date_text(s->t_lo + o->seconds, when),
	    o->clock.what, o->clock.who, o->clock.command);
	if (s->quality >= EH_QUALITY_ATTESTED && o->after_boot < o->left)
		printf("    after a boot of the machine at most %" PRIu64
		       " more, until the time is attested again\n",
		    o->after_boot);
}

static void
print_authorization(
    const struct eh_token_status *s, const struct eh_token_authorization *a)
{
	const struct eh_counter *d = eh_limits_devices(a);
	char when[EH_CLOCK_TEXT_SIZE], profile[EH_NAME_MAX + 16], used[48];
	struct eh_outlook o;

	eh_limits_judge(s, a, eh_clock_wall(), &o);
	snprintf(profile, sizeof(profile), "%s %" PRIu32, a->profile.name,
	    a->profile.version);
	snprintf(used, sizeof(used), "%" PRIu64 " of %" PRIu64, d->used,
	    d->quota);
	printf("%-14s %-16s %14s %6" PRIu64 "  %s\n", a->name, profile, used,
	    o.left, date_text(a->expires, when));
	printf("    good %" PRIu64 ", scrapped %" PRIu64 ", in doubt %" PRIu64,
	    a->good, a->scrapped, a->in_doubt);
	if (d->burned > 0)
		printf(", burned by unclean stops %" PRIu64, d->burned);
	printf("\n");
	print_outlook(s, &o);
}

static void
print_status(const struct eh_token_status *s)
{
	print_token(s);
	if (s->state != EH_STATE_READY)
		return;
	if (s->nauthorizations == 0) {
		printf("\nNo authorization. Import one: edgehsm token import "
		       "FILE\n");
		return;
	}
	printf("\n%-14s %-16s %14s %6s  %s\n", "AUTHORIZATION", "PROFILE",
	    "DEVICES USED", "LEFT", "UNTIL");
	for (unsigned i = 0; i < s->nauthorizations; i++)
		print_authorization(s, &s->authorization[i]);
}

/* 1 a device can be made, as far as the token knows. */
static int
usable(const struct eh_token_status *s)
{
	struct eh_outlook o;

	for (unsigned i = 0; i < s->nauthorizations; i++) {
		eh_limits_judge(s, &s->authorization[i], eh_clock_wall(), &o);
		if (o.left > 0)
			return 1;
	}
	return 0;
}

static int
run_status(struct eh_args *args)
{
	struct eh_token_status *s = NULL;
	struct eh_token *token = NULL;
	int err;

	if ((s = malloc(sizeof(*s))) == NULL)
		return EH_ERR_MEMORY;
	if ((err = eh_session_open(args, &token)) != EH_OK ||
	    (err = eh_token_get_status(token, s, &args->error)) != EH_OK)
		goto out;
	if (args->json)
		err = eh_command_put(json_status(s));
	else
		print_status(s);
	if (s->state == EH_STATE_FAIL_STOPPED)
		err = eh_error_set(&args->error, EH_DENIED_FAIL_STOPPED,
		    "the token is fail-stopped: %s", s->why);
	else if (s->state == EH_STATE_READY && !usable(s) && !args->json)
		printf("\nNo device can be made now.\n");
out:
	eh_token_close(token);
	free(s);
	return err;
}

static const struct eh_option status_options[] = {
	EH_OPTION_MODULE,
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_cli_status = { "status", NULL, 0, 0,
	"What can still be made, until when, and who can change that.",
	status_options,
	"  edgehsm status\n"
	"  edgehsm status --json | jq .authorizations[0].devices_left\n",
	run_status };

const struct eh_verb eh_cli_bare = { "", NULL, 0, 0,
	"What can still be made, until when, and who can change that.",
	status_options,
	"  edgehsm\n"
	"  edgehsm --json\n",
	run_status };

struct listing {
	json_t *array;		/* NULL: print lines */
};

static int
print_key(void *context, const struct eh_token_key *key)
{
	static const char *const purposes[] = { "general", "attestation",
		"issuing", "derivation root", "debug", "transport" };
	struct listing *l = context;
	char id[EH_HEX_SIZE(EH_NAME_MAX)];

	eh_hex_encode(key->id, key->id_len, id);
	if (l->array != NULL)
		json_array_append_new(l->array,
		    json_pack("{s:s, s:s, s:s}", "label", key->label,
		        "purpose", purposes[key->purpose], "id", id));
	else
		printf("%-24s %-12s %s\n", key->label, purposes[key->purpose],
		    id);
	return EH_OK;
}

static int
run_info(struct eh_args *args)
{
	struct listing listing = { NULL };
	struct eh_token_status *s = NULL;
	struct eh_token *token = NULL;
	json_t *o;
	int err;

	if ((s = malloc(sizeof(*s))) == NULL)
		return EH_ERR_MEMORY;
	if ((err = eh_session_login(args, EH_ROLE_OPERATOR, &token)) != EH_OK ||
	    (err = eh_token_get_status(token, s, &args->error)) != EH_OK)
		goto out;
	if (args->json) {
		listing.array = json_array();
		err = eh_token_keys(token, print_key, &listing, &args->error);
		o = json_status(s);
		if (json_object_set_new(o, "keys", listing.array) != 0) {
			json_decref(o);
			o = NULL;
		}
		if (err == EH_OK)
			err = eh_command_put(o);
		else
			json_decref(o);
		goto out;
	}
	print_status(s);
	printf("\n%-24s %-12s %s\n", "KEY", "PURPOSE", "ID");
	err = eh_token_keys(token, print_key, &listing, &args->error);
out:
	eh_token_close(token);
	free(s);
	return err;
}

static const struct eh_option info_options[] = {
	EH_OPTION_PIN,
	EH_OPTION_MODULE,
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_cli_token_info = { "token info", NULL, 0, 0,
	"The token, its authorizations and its keys.", info_options,
	"  edgehsm token info\n"
	"  edgehsm token info --json --pin-file user.pin\n",
	run_info };
