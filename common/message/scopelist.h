/* SPDX-License-Identifier: Apache-2.0 */
/* scopelist.h - *.ehscope: the devices of a scope by tree, and the tree over
 * them, from which whoever has the file takes the proof for each device. */
#ifndef EH_COMMON_MESSAGE_SCOPELIST_H
#define EH_COMMON_MESSAGE_SCOPELIST_H

#include "common/buf.h"
#include "common/message/param.h"
#include "common/message/types.h"

/* doc/format/scope.md. */
#define EH_SCOPELIST_DEVICES UINT64_C(4194304)
#define EH_SCOPELIST_MAX     UINT64_C(536870912)	/* bytes of a file */

/*
 * Nothing of it is believed by anybody: the boundary believes the root in the
 * signed authorization.  The bytes are borrowed, so a file that is mapped costs
 * only what is looked at: a proof reads a few ids and one hash a level.
 */
struct eh_scopelist {
	uint8_t authorization[EH_ID_LEN];
	char id_kind[EH_NAME_MAX + 1];
	uint8_t root[EH_DIGEST_LEN];
	uint64_t size;			/* devices */
	uint8_t id_len;			/* octets of each id */
	const uint8_t *ids;		/* ${size} of them, rising */
	const uint8_t *nodes;		/* the levels above the leaves */
};

/*
 * Make one: ${authorization}, ${id_kind}, ${size}, ${id_len} and ${ids} are
 * given; ${root} is set, and the file is appended to ${out} (empty, with a limit
 * of EH_SCOPELIST_MAX).  EH_ERR_ARGUMENT when there is no id, one is too long or
 * too many are there, or they do not rise strictly; EH_ERR_MEMORY; EH_ERR_FULL.
 */
EH_MUST_CHECK int eh_scopelist_encode(
    struct eh_scopelist *, struct eh_buf *out, struct eh_error *);

/* Read one; the hashes in it are looked at by eh_scopelist_prove() alone.
 * EH_ERR_FORMAT, EH_ERR_TRAILING. */
EH_MUST_CHECK int eh_scopelist_decode(struct eh_scopelist *, const void *bytes,
    size_t len, struct eh_error *);

/*
 * Look ${device} up and take its proof, which is tried on the file's own root.
 * EH_ERR_NOT_FOUND when the list does not have it; EH_ERR_PROOF when the file is
 * damaged.
 */
EH_MUST_CHECK int eh_scopelist_prove(const struct eh_scopelist *,
    const struct eh_device_id *device, struct eh_scope_proof *,
    struct eh_error *);

#endif
