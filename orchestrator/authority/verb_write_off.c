/* SPDX-License-Identifier: Apache-2.0 */
/* verb_write_off.c - edgehsm-authority write-off. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "common/clock.h"
#include "common/hex.h"
#include "orchestrator/authority/verbs.h"
#include "orchestrator/authority/write_off.h"

#define SERIALS_MAX ((size_t)1 << 31)	/* octets of the list */

static void
put_row(struct eh_sheet *sheet, const struct eh_write_off_row *r)
{
	eh_sheet_begin(sheet, "authorization");
	if (r->chain.tip.order[0] != '\0')
		eh_sheet_text(sheet, "order", "%s", r->chain.tip.order);
	eh_sheet_hex(sheet, "id", r->chain.tip.id, EH_ID_LEN);
	eh_sheet_count(sheet, "used", r->chain.used, "devices");
	eh_sheet_count(sheet, "burned", r->chain.burned, "devices");
	eh_sheet_count(
	    sheet, "possibly issued", r->outstanding, "devices");
	eh_sheet_count(sheet, "pre-revoked", r->serials, "serials");
	if (r->not_enumerable[0] != '\0')
		eh_sheet_text(sheet, "not pre-revoked", "%s",
		    r->not_enumerable);
	eh_sheet_end(sheet);
}

/* What is to be done next. */
static void
say(const struct eh_args *args, const struct eh_write_off *w)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct eh_write_off_row *r = &w->row[i];
		const char *order = r->chain.tip.order;

		if (order[0] != '\0')
			eh_verb_say(args, "%" PRIu64 " devices of %s can be "
			    "authorized on another EdgeHSM: edgehsm-authority "
			    "authorize --hsm OTHER --order %s --devices %"
			    PRIu64, r->outstanding, order, order,
			    r->outstanding);
		if (r->not_enumerable[0] != '\0')
			eh_verb_say(args, "%s: %s; a device that turns up is "
			    "judged by whether a record has its serial, or "
			    "revoke the CA certificate of %s", order,
			    r->not_enumerable, w->name);
	}
	eh_verb_say(args, "%s gets nothing more from this authority; what takes "
	    "its place needs a new name: edgehsm-authority enrol --invite",
	    w->name);
}

static int
write_serials(struct eh_args *args, struct eh_authority *a, const char *name)
{
	struct eh_buf list;
	int err;

	if (eh_args_get(args, "serials") == NULL)
		return EH_OK;
	eh_buf_init(&list, SERIALS_MAX);
	err = eh_write_off_serials(a, name, &list, &args->error);
	if (err == EH_OK)
		err = eh_verb_write_file(
		    args, "serials", list.data, list.len);
	eh_buf_free(&list);
	return err;
}

static int
print(struct eh_args *args, const struct eh_write_off *w)
{
	struct eh_sheet *sheet = eh_sheet_new();

	eh_sheet_text(sheet, "written off", "%s", w->name);
	eh_sheet_text(sheet, "reason", "%s", eh_args_get(args, "reason"));
	for (size_t i = 0; i < w->n; i++)
		put_row(sheet, &w->row[i]);
	return eh_verb_print(args, sheet);
}

static int
write_off(struct eh_args *args, struct eh_authority *a,
    const struct eh_write_off_request *r)
{
	struct eh_write_off w;
	int err = eh_write_off(a, r, eh_clock_wall(), &w, &args->error);

	if (err == EH_OK && !r->only_look)
		err = write_serials(args, a, w.name);
	if (err == EH_OK)
		err = print(args, &w);
	if (err == EH_OK && r->only_look)
		err = eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "nothing was done: this cannot be taken back, so say --yes "
		    "when %s is really lost", w.name);
	else if (err == EH_OK)
		say(args, &w);
	eh_write_off_free(&w);
	return err;
}

/* The list once more, of one that is written off. */
static int
again(struct eh_args *args, struct eh_authority *a, const char *name)
{
	struct eh_store *store = eh_authority_store(a);
	struct eh_store_write_off off;
	struct eh_hsm hsm;
	int err;

	if ((err = eh_store_get_hsm(store, name, &hsm, &args->error)) !=
	        EH_OK ||
	    (err = eh_store_get_write_off(
	         store, hsm.id, &off, &args->error)) != EH_OK)
		return err;
	if (off.at == 0)
		return eh_error_set(&args->error, EH_ERR_ARGUMENT,
		    "--reason is needed");
	return write_serials(args, a, name);
}

static int
run(struct eh_args *args)
{
	struct eh_write_off_request r = { .hsm = eh_args_get(args, "hsm"),
		.why = eh_args_get(args, "reason"),
		.only_look = eh_args_get(args, "yes") == NULL };
	struct eh_authority *a = NULL;
	uint64_t stops;
	int err;

	if ((err = eh_args_number(args, "unclean-stops", 0,
	         EH_WRITE_OFF_STOPS_MAX, EH_WRITE_OFF_STOPS, &stops)) !=
	        EH_OK ||
	    (err = eh_verb_check_file(args, "serials")) != EH_OK ||
	    (err = eh_verb_open(args, &a)) != EH_OK)
		return err;
	r.stops = (unsigned)stops;
	err = r.why == NULL && eh_args_get(args, "serials") != NULL
	    ? again(args, a, r.hsm)
	    : r.why == NULL
	    ? eh_error_set(
		  &args->error, EH_ERR_ARGUMENT, "--reason is needed")
	    : write_off(args, a, &r);
	eh_authority_close(a);
	return err;
}

static const struct eh_option options[] = {
	{ "hsm", "NAME", EH_OPTION_NEEDED, "which EdgeHSM is lost" },
	{ "reason", "TEXT", 0, "for the trail, and for who asks later" },
	{ "yes", NULL, 0, "it is really lost; else nothing is done" },
	{ "unclean-stops", "N", 0,
	    "how many it may have had since its last receipt (2)" },
	{ "serials", "FILE", 0, "those that may exist without a record" },
	{ "force", NULL, 0, "write over FILE" },
	{ NULL, NULL, 0, NULL },
};

const struct eh_verb eh_verb_write_off = { "write-off", NULL, 0, 0,
	"Declare an EdgeHSM lost", options,
	"  edgehsm-authority write-off --hsm fab1-hsm1 --reason stolen\n"
	"  edgehsm-authority write-off --hsm fab1-hsm1 --reason stolen --yes "
	"--serials fab1-hsm1.serials\n",
	run };
