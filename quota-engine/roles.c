/* SPDX-License-Identifier: Apache-2.0 */
/* roles.c - who is at the other end of a connection, and what he may be. */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "quota-engine/roles.h"

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59 /* Linux 4.13; glibc's header has it from 2.36 */
#endif

int
eh_peer_get(int fd, struct eh_peer *peer, struct eh_error *error)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	memset(peer, 0, sizeof(*peer));
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0)
		return eh_error_set(error, EH_ERR_IO,
		    "the kernel does not say who connected: %s",
		    strerror(errno));
	peer->uid = cred.uid;
	peer->gid = cred.gid;
	peer->pid = cred.pid;
	len = sizeof(peer->groups);
	/* Somebody in more groups than fit is judged by uid and gid alone: he
	 * has fewer roles then, never more. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, peer->groups, &len) == 0)
		peer->ngroups = len / sizeof(peer->groups[0]);
	return EH_OK;
}

static int
in_group(const struct eh_peer *peer, uint32_t gid)
{
	if (peer->gid == gid)
		return 1;
	for (size_t i = 0; i < peer->ngroups; i++)
		if (peer->groups[i] == gid)
			return 1;
	return 0;
}

static int
listed(const struct eh_conf_roles *list, uid_t self, const struct eh_peer *peer)
{
	if (list->n == 0)
		return peer->uid == 0 || peer->uid == self;
	for (size_t i = 0; i < list->n; i++) {
		const struct eh_conf_who *who = &list->who[i];

		if (!who->resolved)
			continue;
		if (who->kind == EH_CONF_WHO_USER ? peer->uid == who->id
						  : in_group(peer, who->id))
			return 1;
	}
	return 0;
}

unsigned
eh_roles_of(
    const struct eh_conf *conf, uid_t self, const struct eh_peer *peer)
{
	unsigned roles = 0;

	if (listed(&conf->operators, self, peer))
		roles |= EH_MAY_OPERATE;
	if (listed(&conf->officers, self, peer))
		roles |= EH_MAY_OFFICER;
	if (listed(&conf->auditors, self, peer))
		roles |= EH_MAY_AUDIT;
	return roles;
}

static int
names_others(const struct eh_conf_roles *list, uid_t self)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->who[i].kind == EH_CONF_WHO_GROUP ||
		    (list->who[i].id != 0 && list->who[i].id != self))
			return 1;
	return 0;
}

int
eh_roles_name_others(const struct eh_conf *conf, uid_t self)
{
	return names_others(&conf->operators, self) ||
	    names_others(&conf->officers, self) ||
	    names_others(&conf->auditors, self);
}

const char *
eh_roles_text(unsigned roles)
{
	static const char *const text[] = {
		[0] = "nobody",
		[EH_MAY_OPERATE] = "operator",
		[EH_MAY_OFFICER] = "security officer",
		[EH_MAY_OPERATE | EH_MAY_OFFICER] =
		    "operator or security officer",
		[EH_MAY_AUDIT] = "auditor",
		[EH_MAY_OPERATE | EH_MAY_AUDIT] = "operator or auditor",
		[EH_MAY_OFFICER | EH_MAY_AUDIT] = "security officer or auditor",
		[EH_MAY_ANY] = "operator, security officer or auditor",
	};

	return text[roles & EH_MAY_ANY];
}
