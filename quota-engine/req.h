/* SPDX-License-Identifier: Apache-2.0 */
/* req.h - the handlers that the request table names, one file per group. */
#ifndef EH_QUOTA_ENGINE_REQ_H
#define EH_QUOTA_ENGINE_REQ_H

#include "quota-engine/boundary.h"
#include "quota-engine/call.h"

/*
 * A handler is called when its row has been checked (monitor.h).  It reads
 * ${call->in}, whose labels are those of its row in common/wire/tables.c, fills
 * ${call->out}, and returns EH_OK or what is wrong with a sentence in ${error}.
 */
#define EH_REQ(name)                                                           \
	int eh_req_##name(                                                     \
	    struct eh_boundary *, struct eh_call *, struct eh_error *)

/* req_session.c */
EH_REQ(hello);
EH_REQ(login);
EH_REQ(logout);
EH_REQ(random);

/* req_status.c */
EH_REQ(status);

/* req_token.c */
EH_REQ(genesis);
EH_REQ(init_token);
EH_REQ(set_pin);

/* req_object.c */
EH_REQ(list);
EH_REQ(generate);
EH_REQ(destroy);
EH_REQ(set_attribute);
EH_REQ(put_object);

/* req_sign.c */
EH_REQ(sign);

/* req_log.c */
EH_REQ(log_read);
EH_REQ(receipt);
EH_REQ(enrol);
EH_REQ(attest_key);

/* req_count.c */
EH_REQ(ask_count);

#undef EH_REQ

/* req_status.c: all authorizations, as maps of EH_WIRE_AUTHORIZATIONS, into a
 * list.  Errors of eh_list_add(). */
struct eh_list;
EH_MUST_CHECK int eh_req_authorizations(
    struct eh_boundary *, struct eh_list *);

#endif
