/* SPDX-License-Identifier: Apache-2.0 */
/* show_items.h - values that messages, profiles and records share, as facts. */
#ifndef EH_ORCHESTRATOR_AUTHORITY_SHOW_ITEMS_H
#define EH_ORCHESTRATOR_AUTHORITY_SHOW_ITEMS_H

#include "common/message/types.h"
#include "orchestrator/authority/sheet.h"

/* Names of numbers; never NULL. */
const char *eh_show_role_name(unsigned role);
const char *eh_show_purpose_name(unsigned purpose);
const char *eh_show_origin_name(unsigned origin);
const char *eh_show_quality_name(unsigned quality);
const char *eh_show_class_name(unsigned anchor_class);
const char *eh_show_mode_name(unsigned anchor_mode);
const char *eh_show_custody_name(unsigned custody);

/* A number and its name: "1 (issuing)"; the number alone in JSON. */
void eh_show_number(
    struct eh_sheet *, const char *label, unsigned value, const char *name);

/* A public key: kind, raw bytes, fingerprint of its SPKI. */
void eh_show_key(
    struct eh_sheet *, const char *label, const struct eh_rawkey *);
void eh_show_software(struct eh_sheet *, const struct eh_software *);
void eh_show_profile_ref(struct eh_sheet *, const struct eh_profile_ref *);
void eh_show_counters(struct eh_sheet *, const struct eh_counters *);
/* EH_TIME_MAX is "unknown" for an upper bound. */
void eh_show_bounds(
    struct eh_sheet *, uint64_t lo, uint64_t hi, enum eh_quality);

#endif
