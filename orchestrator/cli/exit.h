/* SPDX-License-Identifier: Apache-2.0 */
/* exit.h - the one place that turns errors into exit statuses. */
#ifndef EH_ORCHESTRATOR_CLI_EXIT_H
#define EH_ORCHESTRATOR_CLI_EXIT_H

/* As in sysexits.h where it has one. */
/* clang-format off */
enum eh_exit {
	EH_EXIT_OK          = 0,
	EH_EXIT_FAILED      = 1,	/* failed, or a negative verdict */
	EH_EXIT_USAGE       = 2,
	EH_EXIT_DATA        = 65,	/* bad data or configuration */
	EH_EXIT_UNAVAILABLE = 69,	/* no EdgeHSM, or it is fail-stopped */
	EH_EXIT_BUG         = 70,
	EH_EXIT_LATER       = 75,	/* try later */
	EH_EXIT_REFUSED     = 77	/* quota, expiry, scope, role, PIN */
};
/* clang-format on */

/* The exit status for an EH_OK, EH_ERR_* or EH_DENIED_*. */
int eh_exit_status(int err);

#endif
