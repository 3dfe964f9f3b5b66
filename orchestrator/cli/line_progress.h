/* SPDX-License-Identifier: Apache-2.0 */
/* line_progress.h - how far a run is, for whoever stands beside it. */
#ifndef EH_ORCHESTRATOR_CLI_LINE_PROGRESS_H
#define EH_ORCHESTRATOR_CLI_LINE_PROGRESS_H

#include "orchestrator/cli/command.h"
#include "orchestrator/flow/run.h"

/* clang-format off */
enum eh_progress_form {
	EH_PROGRESS_NONE = 0,
	EH_PROGRESS_PLAIN,	/* a line per unit */
	EH_PROGRESS_BAR		/* one line that moves; failures stay above */
};
/* clang-format on */

#define EH_PROGRESS_COLOUR  1u
#define EH_PROGRESS_UNICODE 2u

/* All of it is standard error: standard output is for data. */
struct eh_progress {
	enum eh_progress_form form;
	unsigned flags;			/* EH_PROGRESS_* */
	unsigned width;			/* columns of the terminal */
	size_t index, total;
	size_t made;			/* units that took time in this run */
	size_t good, refused, failed;
	uint64_t started;		/* monotonic, ns */
	char device[EH_DEVICE_ID_MAX + 1];
	char step[EH_UNIT_ID + 1];
	int drawn;			/* the bar is on the screen */
};

/*
 * Choose the form by ${word} ("auto", "plain", "none"; NULL is auto): auto is a
 * bar on a terminal and plain otherwise.  Colour unless NO_COLOR is set, ASCII
 * unless the locale is UTF-8.  EH_ERR_ARGUMENT for another word.
 */
EH_MUST_CHECK int eh_progress_init(struct eh_progress *progress,
    const char *word, struct eh_error *error);

/* Fill ${watch} so that ${progress} hears units and steps begin, and the log.
 * That a unit has ended the caller passes on with eh_progress_unit(). */
void eh_progress_watch(
    struct eh_progress *progress, struct eh_run_watch *watch);

/* A unit has ended. */
void eh_progress_unit(
    struct eh_progress *progress, const struct eh_run_unit *unit);

/* Take the bar away. */
void eh_progress_end(struct eh_progress *progress);

/* The bar as text, NUL-ended, of at most ${progress->width} columns: for
 * drawing, and for tests.  ${now} is monotonic, in ns. */
void eh_progress_text(const struct eh_progress *progress, uint64_t now,
    char *out, size_t cap);

#endif
