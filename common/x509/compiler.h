/* SPDX-License-Identifier: Apache-2.0 */
/* compiler.h - a template being compiled: fields, texts and OIDs of its TBS. */
#ifndef EH_COMMON_X509_COMPILER_H
#define EH_COMMON_X509_COMPILER_H

#include <stddef.h>
#include <stdint.h>

#include "common/der/der.h"
#include "common/x509/compile.h"
#include "common/x509/words.h"

/*
 * Inside the compiler only: compile_tbs.c writes the TBSCertificate,
 * compile_ext.c its extensions, both with what is here.  The first error
 * latches, with its sentence; whoever writes goes on and asks in the end.
 */
struct eh_compiler {
	const struct eh_profile_source *source;
	const struct eh_template_source *t;
	const struct eh_issuer *issuer;
	struct eh_pattern identity;
	struct eh_pattern input[EH_SOURCE_INPUTS];
	struct eh_template *out;
	struct eh_der_writer w;
	struct eh_error *error;
	int err;
};

/* Latch EH_ERR_CONFIG with a sentence about this certificate. */
void eh_compiler_fail(struct eh_compiler *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Parse the patterns of all fields that a text may hold. */
void eh_compiler_patterns(struct eh_compiler *);

/* Leave a hole of ${len} octets here; NULL when there are too many. */
struct eh_field *eh_compiler_hole(
    struct eh_compiler *, enum eh_field_source source, size_t len);

/* How a string is written, what its characters may be, and how many. */
struct eh_compiler_form {
	uint8_t tag, charset_tag;
	size_t least, most;
};
#define EH_COMPILER_TEXT 1024

/* Write one string: the pieces behind each other.  ${what} names it. */
void eh_compiler_string(struct eh_compiler *, const char *what,
    const struct eh_compiler_form *, const struct eh_source_text *);

/* Write the OID that ${word} means: of ${table}, or dotted. */
void eh_compiler_oid(struct eh_compiler *, const char *what,
    const struct eh_word *table, const char *word);

/* Write [3] with the extensions of the template, if there are any. */
void eh_compiler_extensions(struct eh_compiler *);

#endif
