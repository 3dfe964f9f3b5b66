/* SPDX-License-Identifier: Apache-2.0 */
/* log.h - one line to standard error, for programs. */
#ifndef EH_COMMON_LOG_H
#define EH_COMMON_LOG_H

/*
 * For edgehsmd and the commands.  The PKCS#11 module never logs: standard error
 * belongs to the process it lives in.
 *
 * Level and program name are the only state of common/ that is global.  Set
 * them in main(), before the first thread.  Log a failure once, where it is
 * understood.
 */
enum eh_log_level {
	EH_LOG_ERROR, EH_LOG_WARNING, EH_LOG_INFO, EH_LOG_DEBUG,
};

/* Write lines of ${level} and more urgent ones; at first EH_LOG_INFO. */
void eh_log_set_level(enum eh_log_level level);

/* Begin each line with "${program}: ".  The text is borrowed, not copied; NULL,
 * as at first, means no prefix. */
void eh_log_set_program(const char *program);

/* Return the level named "error", "warning", "info" or "debug", or -1. */
int eh_log_level_from(const char *name);

/*
 * Write one line, "program: level: text".  Control characters, newlines among
 * them, and bytes that are no UTF-8 become '?', so that nobody forges a second
 * line; a text above 1000 bytes is cut.  The line goes out in one write(), so
 * lines of threads do not mix.  errno is kept.  Failures to write are ignored.
 */
void eh_log(enum eh_log_level level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
