/* SPDX-License-Identifier: Apache-2.0 */
/* report.c - what the host says became of a device: recorded, believed by
 * nobody, counted as good or scrapped. */
#include "config.h"

#include <string.h>

#include "quota-engine/authorization.h"
#include "quota-engine/host.h"
#include "quota-engine/report.h"

/* Is this the id kind that the authorization's profile speaks of? */
static int
check_kind(
    struct eh_boundary *b, const struct eh_record *r, struct eh_error *error)
{
	struct eh_authorization_view view[EH_STATE_ROWS];
	const struct eh_profile *profile;
	unsigned n = eh_authorizations_hold(b->authorizations, view);
	int err = EH_OK;

	for (unsigned i = 0; i < n; i++) {
		profile = view[i].what->profile;
		if (profile != NULL &&
		    memcmp(view[i].what->id, r->authorization, EH_ID_LEN) ==
		        0 &&
		    strcmp(profile->identity.kind, r->id_kind) != 0)
			err = eh_error_set(error, EH_ERR_ARGUMENT,
			    "the device ids of profile %s are of kind %s, not "
			    "%s", profile->name, profile->identity.kind,
			    r->id_kind);
	}
	eh_authorizations_release(b->authorizations, view, n);
	return err;
}

int
eh_report_handle(
    struct eh_boundary *b, struct eh_call *call, struct eh_error *error)
{
	struct eh_record *r;
	const uint8_t *bytes;
	size_t len;
	int err;

	if ((r = eh_call_keep(call, sizeof(*r))) == NULL)
		return EH_ERR_MEMORY;
	eh_record_init(r, EH_RECORD_REPORT);
	r->has_authorization = 1;
	bytes = eh_wire_bytes(call->in, EH_WIRE_AUTHORIZATION, &len);
	memcpy(r->authorization, bytes, EH_ID_LEN);
	if ((err = eh_wire_text(call->in, EH_WIRE_ID_KIND, r->id_kind,
	         sizeof(r->id_kind))) != EH_OK ||
	    !eh_name_check(r->id_kind))
		return eh_error_set(
		    error, EH_ERR_FORMAT, "the id kind is not a name");
	bytes = eh_wire_bytes(call->in, EH_WIRE_DEVICE, &len);
	r->device.len = (uint8_t)len;
	memcpy(r->device.bytes, bytes, len);
	bytes = eh_wire_bytes(call->in, EH_WIRE_DATA, &len);
	if ((err = eh_unit_report_decode(bytes, len, &r->of.report, error)) !=
	    EH_OK)
		return err;
	eh_host_claims(b, call->caller->line, call->caller->station, r);
	if ((err = check_kind(b, r, error)) != EH_OK ||
	    (err = eh_engine_record(b->engine, r, error)) != EH_OK)
		return err;
	eh_wire_put_number(&call->out, EH_WIRE_SEQ, (int64_t)r->seq);
	return EH_OK;
}
