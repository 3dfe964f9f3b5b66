/* SPDX-License-Identifier: Apache-2.0 */
/* line_progress.c - how far a run is, for whoever stands beside it. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "orchestrator/cli/line_progress.h"

#define SECOND	  UINT64_C(1000000000)
#define LINE_SIZE 512
#define BAR_MAX	  40u
#define WIDTH	  80u		/* of a terminal that does not say */
#define WIDTH_MIN 40u

/* --- how it may look --- */

static int
is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < 3; i++) {
		const char *value = getenv(names[i]);

		if (value != NULL && value[0] != '\0')
			return strstr(value, "UTF-8") != NULL ||
			    strstr(value, "utf8") != NULL;
	}
	return 0;
}

static int
is_terminal(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) &&
	    (term == NULL || strcmp(term, "dumb") != 0);
}

static unsigned
terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 ||
	    size.ws_col < WIDTH_MIN)
		return WIDTH;
	return size.ws_col;
}

int
eh_progress_init(
    struct eh_progress *p, const char *word, struct eh_error *error)
{
	const char *no_color = getenv("NO_COLOR");

	memset(p, 0, sizeof(*p));
	p->started = eh_clock_monotonic_ns();
	p->width = terminal_width();
	if (is_utf8())
		p->flags |= EH_PROGRESS_UNICODE;
	if (no_color == NULL || no_color[0] == '\0')
		p->flags |= EH_PROGRESS_COLOUR;
	if (word == NULL || strcmp(word, "auto") == 0)
		p->form =
		    is_terminal() ? EH_PROGRESS_BAR : EH_PROGRESS_PLAIN;
	else if (strcmp(word, "plain") == 0)
		p->form = EH_PROGRESS_PLAIN;
	else if (strcmp(word, "none") == 0)
		p->form = EH_PROGRESS_NONE;
	else
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "--progress %s: auto, plain or none is needed", word);
	return EH_OK;
}

/* --- the bar --- */

static size_t
append(char *out, size_t cap, size_t at, const char *text)
{
	size_t len = strlen(text);

	if (at + len >= cap)
		return at;
	memcpy(out + at, text, len + 1);
	return at + len;
}

/* Time that is left, by what the units took so far; "" before there is any. */
static void
eta_text(const struct eh_progress *p, uint64_t now, char *out, size_t cap)
{
	uint64_t seconds, each;

	out[0] = '\0';
	if (p->made == 0 || p->total <= p->index)
		return;
	each = (now - p->started) / p->made;
	seconds = each * (p->total - p->index) / SECOND;
	if (seconds >= 3600)
		snprintf(out, cap, "  %" PRIu64 " h %02" PRIu64 " min left",
		    seconds / 3600, seconds % 3600 / 60);
	else
		snprintf(out, cap, "  %" PRIu64 ":%02" PRIu64 " left",
		    seconds / 60, seconds % 60);
}

void
eh_progress_text(
    const struct eh_progress *p, uint64_t now, char *out, size_t cap)
{
	int unicode = (p->flags & EH_PROGRESS_UNICODE) != 0;
	char head[96], tail[160], eta[48];
	size_t used, bar, full, at = 0;

	eta_text(p, now, eta, sizeof(eta));
	snprintf(head, sizeof(head), "%-12s %-8s ", p->device, p->step);
	snprintf(tail, sizeof(tail),
	    " %zu/%zu  %zu good  %zu refused  %zu failed%s", p->index, p->total,
	    p->good, p->refused, p->failed, eta);
	used = strlen(head) + strlen(tail) + 2;
	bar = p->width > used + 1 ? p->width - used - 1 : 0;
	if (bar > BAR_MAX)
		bar = BAR_MAX;
	full = p->total > 0 ? bar * p->index / p->total : 0;
	out[0] = '\0';
	at = append(out, cap, at, head);
	if (bar >= 4) {
		at = append(out, cap, at, "[");
		for (size_t i = 0; i < bar; i++)
			at = append(out, cap, at,
			    i < full ? (unicode ? "\u2588" : "#") :
				       (unicode ? "\u2591" : "."));
		at = append(out, cap, at, "]");
	} else if (used > p->width) {
		tail[0] = '\0';		/* the head at least */
	}
	append(out, cap, at, tail);
}

static void
clear(struct eh_progress *p)
{
	if (p->drawn)
		fputs("\r\033[K", stderr);
	p->drawn = 0;
}

static void
draw(struct eh_progress *p)
{
	char text[LINE_SIZE];

	if (p->form != EH_PROGRESS_BAR)
		return;
	eh_progress_text(p, eh_clock_monotonic_ns(), text, sizeof(text));
	clear(p);
	fputs(text, stderr);
	fflush(stderr);
	p->drawn = 1;
}

/* --- what stays on the screen --- */

static const char *
colour(const struct eh_progress *p, enum eh_unit_state state)
{
	if (p->form != EH_PROGRESS_BAR ||
	    (p->flags & EH_PROGRESS_COLOUR) == 0)
		return "";
	switch (state) {
	case EH_UNIT_GOOD:
		return "\033[32m";
	case EH_UNIT_REFUSED:
		return "\033[33m";
	default:
		return "\033[31m";
	}
}

static void
print_unit(struct eh_progress *p, const struct eh_run_unit *u)
{
	const char *on = colour(p, u->state);

	clear(p);
	fprintf(stderr, "[%zu/%zu] %s %s%s%s%s%s%s\n", p->index, p->total,
	    u->device, on, eh_unit_state_name(u->state),
	    on[0] != '\0' ? "\033[0m" : "", u->before ? " before" : "",
	    u->reason[0] != '\0' ? ": " : "", u->reason);
}

void
eh_progress_unit(struct eh_progress *p, const struct eh_run_unit *u)
{
	p->index++;
	if (!u->before)
		p->made++;
	if (u->state == EH_UNIT_GOOD)
		p->good++;
	else if (u->state == EH_UNIT_REFUSED)
		p->refused++;
	else
		p->failed++;
	p->step[0] = '\0';
	if (p->form == EH_PROGRESS_PLAIN ||
	    (p->form == EH_PROGRESS_BAR && u->state != EH_UNIT_GOOD))
		print_unit(p, u);
	draw(p);
}

/* --- what a run says --- */

static void
unit_begins(void *arg, const char *device, size_t index, size_t total)
{
	struct eh_progress *p = arg;

	p->index = index;
	p->total = total;
	snprintf(p->device, sizeof(p->device), "%s", device);
	p->step[0] = '\0';
	draw(p);
}

static void
step_begins(void *arg, const char *device, const char *step, unsigned attempt,
    const char *last_failure)
{
	struct eh_progress *p = arg;

	snprintf(p->step, sizeof(p->step), "%s", step);
	if (attempt > 1 && p->form != EH_PROGRESS_NONE) {
		clear(p);
		fprintf(stderr, "[%zu/%zu] %s %s: attempt %u, because: %s\n",
		    p->index + 1, p->total, device, step, attempt,
		    last_failure);
	}
	draw(p);
}

static void
say(void *arg, int level, const char *text)
{
	struct eh_progress *p = arg;

	clear(p);
	eh_log(level < EH_LOG_ERROR || level > EH_LOG_DEBUG ?
		EH_LOG_DEBUG : (enum eh_log_level)level,
	    "%s: %s", p->device, text);
	draw(p);
}

void
eh_progress_watch(struct eh_progress *p, struct eh_run_watch *watch)
{
	watch->arg = p;
	watch->unit_begins = unit_begins;
	watch->step_begins = step_begins;
	watch->log = say;
}

void
eh_progress_end(struct eh_progress *p)
{
	clear(p);
	fflush(stderr);
}
