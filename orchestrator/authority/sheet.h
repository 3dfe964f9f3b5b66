/* SPDX-License-Identifier: Apache-2.0 */
/* sheet.h - facts in a fixed order, for people as text and for programs as
 * JSON, from one and the same walk. */
#ifndef EH_ORCHESTRATOR_AUTHORITY_SHEET_H
#define EH_ORCHESTRATOR_AUTHORITY_SHEET_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/err.h"

/*
 * A fact has a label of lower-case words ("config digest"); it is the member
 * "configDigest" in JSON.  Text in text, numbers as numbers, bytes as hex,
 * times as 2026-12-01T00:00:00Z in both.  The same facts give the same bytes.
 *
 * A sheet latches the only error that it can have, EH_ERR_MEMORY.
 */
struct eh_sheet;

/* NULL when out of memory, which the functions below take. */
struct eh_sheet *eh_sheet_new(void);
void eh_sheet_free(struct eh_sheet *);

void eh_sheet_text(struct eh_sheet *, const char *label, const char *format,
    ...) __attribute__((format(printf, 3, 4)));
void eh_sheet_uint(struct eh_sheet *, const char *label, uint64_t value);
/* A number and what it counts: "10 devices"; the number alone in JSON. */
void eh_sheet_count(struct eh_sheet *, const char *label, uint64_t value,
    const char *what);
void eh_sheet_bool(struct eh_sheet *, const char *label, int value);
void eh_sheet_time(struct eh_sheet *, const char *label, uint64_t time);
void eh_sheet_hex(
    struct eh_sheet *, const char *label, const void *bytes, size_t len);
/* The digits in groups of four, as people compare them; together in JSON. */
void eh_sheet_fingerprint(
    struct eh_sheet *, const char *label, const void *bytes, size_t len);
/* Printable ASCII in quotation marks, else hex; hex in JSON. */
void eh_sheet_octets(
    struct eh_sheet *, const char *label, const void *bytes, size_t len);

/* A list of texts: call it for each. */
void eh_sheet_item(struct eh_sheet *, const char *label, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

/* One of several groups of facts under ${label}: an object in an array.  They
 * lie at most four deep. */
void eh_sheet_begin(struct eh_sheet *, const char *label);
void eh_sheet_end(struct eh_sheet *);

/* Print the whole on ${out}: text, or one JSON object on one line when ${json}
 * is not 0.  EH_OK, EH_ERR_MEMORY, EH_ERR_IO. */
EH_MUST_CHECK int eh_sheet_print(
    struct eh_sheet *, FILE *out, int json, struct eh_error *);

/* Write ${len} bytes as hex digits in groups of four, and a NUL. */
#define EH_FINGERPRINT_SIZE(len) (2 * (len) + ((len) + 1) / 2)
void eh_fingerprint(const void *bytes, size_t len, char *out);

#endif
