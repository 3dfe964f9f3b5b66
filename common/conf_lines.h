/* SPDX-License-Identifier: Apache-2.0 */
/* conf_lines.h - the lines of edgehsm.conf, one key after the other. */
#ifndef EH_COMMON_CONF_LINES_H
#define EH_COMMON_CONF_LINES_H

#include <stddef.h>

#include "common/conf.h"

/* Only conf.c uses this. */

/* Takes the length and the limit. */
#define EH_CONF_SOCKET_TOO_LONG                                                \
	"the socket path has %zu bytes, and at most %d fit: "                  \
	"choose a shorter one"

/* The keys whose lines a rule about two of them must name. */
enum eh_conf_key { EH_CONF_KEY_STATE, EH_CONF_KEY_ANCHOR };
#define EH_CONF_KEYS_MAX 16

/*
 * What is being read: ${conf}, with its origin set, is filled in; ${path} names
 * the file in sentences; ${line} is where a key stands (0: nowhere); autostart
 * is -1 until a line says it.
 */
struct eh_conf_lines {
	struct eh_conf *conf;
	const char *path;
	struct eh_error *error;
	unsigned now;
	unsigned line[EH_CONF_KEYS_MAX];
};

/* Read ${len} bytes of text.  EH_ERR_CONFIG with "FILE:LINE: sentence",
 * EH_ERR_MEMORY; what was set before stays in ${conf}. */
EH_MUST_CHECK int eh_conf_lines_read(
    struct eh_conf_lines *, const char *text, size_t len);

/* Put "FILE:LINE: sentence" (without LINE when ${line} is 0, without FILE when
 * there is none) into the error; return EH_ERR_CONFIG. */
int eh_conf_lines_refuse(const struct eh_conf_lines *, unsigned line,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
