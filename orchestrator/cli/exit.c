/* SPDX-License-Identifier: Apache-2.0 */
/* exit.c - the one place that turns errors into exit statuses. */
#include "config.h"

#include <stddef.h>

#include "common/err.h"
#include "orchestrator/cli/exit.h"

/* clang-format off */
static const struct {
	int err;
	enum eh_exit status;
} statuses[] = {
	{ EH_OK,                  EH_EXIT_OK },
	{ EH_ERR_ARGUMENT,        EH_EXIT_USAGE },
	{ EH_ERR_FORMAT,          EH_EXIT_DATA },
	{ EH_ERR_TRAILING,        EH_EXIT_DATA },
	{ EH_ERR_CONFIG,          EH_EXIT_DATA },
	{ EH_ERR_SIGNATURE,       EH_EXIT_DATA },
	{ EH_ERR_REPLAYED,        EH_EXIT_DATA },
	{ EH_ERR_UNSUPPORTED,     EH_EXIT_DATA },
	{ EH_ERR_UNAVAILABLE,     EH_EXIT_UNAVAILABLE },
	{ EH_DENIED_FAIL_STOPPED, EH_EXIT_UNAVAILABLE },
	{ EH_ERR_BUSY,            EH_EXIT_LATER },
	{ EH_ERR_MEMORY,          EH_EXIT_BUG },
	{ EH_ERR_INTERNAL,        EH_EXIT_BUG },
};
/* clang-format on */

int
eh_exit_status(int err)
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].err == err)
			return (int)statuses[i].status;
	return eh_err_is_denial(err) ? EH_EXIT_REFUSED : EH_EXIT_FAILED;
}
