/* SPDX-License-Identifier: Apache-2.0 */
/* log.c - one line to standard error, for programs. */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "common/printable.h"

#define TEXT_MAX 1000

static const char *const names[] = {
	[EH_LOG_ERROR] = "error",
	[EH_LOG_WARNING] = "warning",
	[EH_LOG_INFO] = "info",
	[EH_LOG_DEBUG] = "debug",
};

static enum eh_log_level limit = EH_LOG_INFO;
static const char *prefix;

void
eh_log_set_level(enum eh_log_level level)
{
	limit = level;
}

void
eh_log_set_program(const char *program)
{
	prefix = program;
}

int
eh_log_level_from(const char *name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return (int)i;
	return -1;
}

/* Write ${len} bytes; standard error that is gone is nobody's problem here. */
static void
put(const char *line, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(STDERR_FILENO, line, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		line += n;
		len -= (size_t)n;
	}
}

void
eh_log(enum eh_log_level level, const char *format, ...)
{
	char text[TEXT_MAX + 1], line[TEXT_MAX + 128];
	int saved = errno, n;
	size_t len;
	va_list args;

	if (level > limit)
		return;
	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (n < 0)
		text[0] = '\0';
	n = snprintf(line, sizeof(line) - 1, "%.100s%s%s: %s",
	    prefix != NULL ? prefix : "", prefix != NULL ? ": " : "",
	    names[level], text);
	if (n >= 0) {
		eh_printable(line);
		len = strlen(line);
		line[len++] = '\n';
		put(line, len);
	}
	errno = saved;
}
