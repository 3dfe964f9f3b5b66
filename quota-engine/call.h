/* SPDX-License-Identifier: Apache-2.0 */
/* call.h - one request and its reply, and who asks. */
#ifndef EH_QUOTA_ENGINE_CALL_H
#define EH_QUOTA_ENGINE_CALL_H

#include <stddef.h>
#include <stdint.h>

#include "common/message/types.h"
#include "common/wire/wire.h"
#include "quota-engine/roles.h"

/*
 * Who asks.  Uid and roles are the kernel's and the configuration's word;
 * program, line and station are claims; login is proved by PIN or ticket.  One
 * connection is one caller and one thread.
 */
struct eh_caller {
	struct eh_peer peer;
	unsigned roles;		/* set of EH_MAY_* */
	int greeted;		/* hello came */
	unsigned login;		/* EH_MAY_OPERATE, EH_MAY_OFFICER, or 0 */
	uint32_t generation;	/* of the PIN that this login is by */
	char program[EH_NAME_MAX + 1];
	char line[EH_NAME_MAX + 1];
	char station[EH_NAME_MAX + 1];
};

/*
 * A request and its reply.  ${in} borrows from the frame; what ${out} borrows
 * must live until the reply is sent: eh_call_keep() gives such memory.
 */
struct eh_call {
	struct eh_caller *caller;
	const struct eh_wire *in;
	struct eh_wire out;
	struct eh_call_block *blocks;
	size_t used;		/* of ${room} */
	_Alignas(16) uint8_t room[1024];
};

void eh_call_init(struct eh_call *, struct eh_caller *,
    const struct eh_wire *in);

/* Wipe and free all that eh_call_keep() gave. */
void eh_call_wipe(struct eh_call *);

/* ${len} bytes, aligned for anything, until eh_call_wipe(); NULL when there
 * is no memory. */
void *eh_call_keep(struct eh_call *, size_t len);

/* Put ${sentence} under EH_WIRE_TEXT; what is not printable ASCII becomes '?'.
 * Without memory the reply has no text. */
void eh_call_say(struct eh_call *, const char *sentence);

/* The same with another label. */
void eh_call_say_as(
    struct eh_call *, enum eh_wire_label label, const char *sentence);

#endif
