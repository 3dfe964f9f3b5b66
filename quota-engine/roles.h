/* SPDX-License-Identifier: Apache-2.0 */
/* roles.h - who is at the other end of a connection, and what he may be. */
#ifndef EH_QUOTA_ENGINE_ROLES_H
#define EH_QUOTA_ENGINE_ROLES_H

#include <stddef.h>
#include <sys/types.h>

#include "common/conf.h"
#include "common/err.h"

/*
 * Three roles, given by configuration to users and groups; none implies
 * another.  Who they are comes from the kernel (SO_PEERCRED, SO_PEERGROUPS),
 * never from what the client says.
 */
#define EH_MAY_OPERATE 1u	/* operator */
#define EH_MAY_OFFICER 2u	/* security officer */
#define EH_MAY_AUDIT   4u	/* auditor */
#define EH_MAY_ANY     (EH_MAY_OPERATE | EH_MAY_OFFICER | EH_MAY_AUDIT)

#define EH_PEER_GROUPS 64

struct eh_peer {
	uid_t uid;
	gid_t gid;
	pid_t pid;
	gid_t groups[EH_PEER_GROUPS];	/* supplementary; more are not seen */
	size_t ngroups;
};

/* Ask the kernel who connected ${fd}.  EH_ERR_IO. */
EH_MUST_CHECK int eh_peer_get(int fd, struct eh_peer *, struct eh_error *);

/*
 * Return the set of EH_MAY_* of ${peer}.  A list that is empty in ${conf} means
 * root and the daemon's own user ${self}; one that is not names everybody who
 * has that role.  ${conf} was resolved (eh_conf_resolve()).
 */
unsigned eh_roles_of(
    const struct eh_conf *conf, uid_t self, const struct eh_peer *peer);

/* Return 1 when the lists name anybody but root and the daemon's own user, so
 * that the socket has to be open to others. */
int eh_roles_name_others(const struct eh_conf *conf, uid_t self);

/* Return "operator", "security officer", "auditor", or, for a set of several,
 * "operator or security officer" and so on; "nobody" for none. */
const char *eh_roles_text(unsigned roles);

#endif
