/* SPDX-License-Identifier: Apache-2.0 */
/* test_roles.c - who may be what. */
#include "config.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "quota-engine/roles.h"
#include "test/unit/unit.h"

#define SELF 200

static struct eh_conf_who line_user = {
	.kind = EH_CONF_WHO_USER, .id = 1000, .resolved = 1
};
static struct eh_conf_who line_group = {
	.kind = EH_CONF_WHO_GROUP, .id = 50, .resolved = 1
};
static struct eh_conf_who unknown = {
	.kind = EH_CONF_WHO_USER, .id = 0, .resolved = 0
};

static unsigned
roles(const struct eh_conf *conf, uid_t uid, gid_t gid, gid_t extra)
{
	struct eh_peer peer = { .uid = uid, .gid = gid, .ngroups = 1 };

	peer.groups[0] = extra;
	return eh_roles_of(conf, SELF, &peer);
}

START_TEST(without_lists_only_root_and_the_daemon_have_roles)
{
	struct eh_conf conf = { 0 };

	ck_assert_uint_eq(roles(&conf, 0, 0, 0), EH_MAY_ANY);
	ck_assert_uint_eq(roles(&conf, SELF, 0, 0), EH_MAY_ANY);
	ck_assert_uint_eq(roles(&conf, 1000, 0, 0), 0);
	ck_assert_int_eq(eh_roles_name_others(&conf, SELF), 0);
}
END_TEST

START_TEST(a_list_names_everybody_who_has_the_role)
{
	struct eh_conf conf = { 0 };

	conf.operators.who = &line_user;
	conf.operators.n = 1;
	ck_assert_uint_eq(roles(&conf, 1000, 1, 1), EH_MAY_OPERATE);
	/* The other lists are empty, so root keeps those roles, and only
	 * those. */
	ck_assert_uint_eq(
	    roles(&conf, 0, 0, 0), EH_MAY_OFFICER | EH_MAY_AUDIT);
	ck_assert_uint_eq(roles(&conf, 1001, 1, 1), 0);
	ck_assert_int_eq(eh_roles_name_others(&conf, SELF), 1);
}
END_TEST

START_TEST(a_group_counts_as_first_and_as_supplementary)
{
	struct eh_conf conf = { 0 };

	conf.auditors.who = &line_group;
	conf.auditors.n = 1;
	ck_assert_uint_eq(roles(&conf, 1000, 50, 1), EH_MAY_AUDIT);
	ck_assert_uint_eq(roles(&conf, 1000, 1, 50), EH_MAY_AUDIT);
	ck_assert_uint_eq(roles(&conf, 1000, 1, 51), 0);
	ck_assert_uint_eq(roles(&conf, 50, 1, 1), 0);
}
END_TEST

START_TEST(a_name_that_was_not_resolved_gives_nothing)
{
	struct eh_conf conf = { 0 };

	conf.officers.who = &unknown;
	conf.officers.n = 1;
	ck_assert_uint_eq(
	    roles(&conf, 0, 0, 0) & EH_MAY_OFFICER, 0);
}
END_TEST

START_TEST(the_kernel_says_who_is_at_the_other_end)
{
	struct eh_peer peer;
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_int_eq(eh_peer_get(pair[0], &peer, NULL), EH_OK);
	ck_assert_uint_eq(peer.uid, geteuid());
	ck_assert_int_eq(peer.pid, getpid());
	close(pair[0]);
	close(pair[1]);
	ck_assert_int_eq(eh_peer_get(-1, &peer, NULL), EH_ERR_IO);
}
END_TEST

START_TEST(sets_of_roles_have_words)
{
	ck_assert_str_eq(eh_roles_text(0), "nobody");
	ck_assert_str_eq(eh_roles_text(EH_MAY_OPERATE | EH_MAY_OFFICER),
	    "operator or security officer");
	for (unsigned set = 0; set <= EH_MAY_ANY; set++)
		ck_assert_ptr_nonnull(eh_roles_text(set));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("roles");
	TCase *c = tcase_create("roles");

	tcase_add_test(c, without_lists_only_root_and_the_daemon_have_roles);
	tcase_add_test(c, a_list_names_everybody_who_has_the_role);
	tcase_add_test(c, a_group_counts_as_first_and_as_supplementary);
	tcase_add_test(c, a_name_that_was_not_resolved_gives_nothing);
	tcase_add_test(c, the_kernel_says_who_is_at_the_other_end);
	tcase_add_test(c, sets_of_roles_have_words);
	suite_add_tcase(s, c);
	return unit_run(s);
}
