/* SPDX-License-Identifier: Apache-2.0 */
/* template.h - TBSCertificates from templates: render, match, rebuild. */
#ifndef EH_COMMON_X509_TEMPLATE_H
#define EH_COMMON_X509_TEMPLATE_H

#include <stddef.h>
#include <stdint.h>

#include "common/crypto/rawkey.h"
#include "common/err.h"
#include "common/message/types.h"
#include "common/x509/profile.h"
#include "common/x509/serial.h"

/*
 * doc/format/template.md.  A template is a TBSCertificate of fixed length with
 * holes.  Rendering fills them on the host; matching compares every octet
 * outside them in the boundary and gives back what stood inside.  No ASN.1 code
 * runs in either direction; only what did not fit is read as such, to say what
 * of it (explain.h).
 */
/* A host-given value, as a record keeps it (struct eh_host_field). */
struct eh_tbs_input {
	uint8_t id;
	uint8_t len;			/* 1 to 64 */
	uint8_t bytes[EH_TEMPLATE_INPUT];
};

/* What differs from device to device, and cannot be derived. */
struct eh_tbs_values {
	uint8_t serial[EH_SERIAL_LEN];
	uint64_t not_before;		/* POSIX; 0 when there is no field */
	struct eh_rawkey key;		/* the device's; only P-256 so far */
	struct eh_device_id device;	/* absent when there is no field */
	unsigned inputs;		/* sorted by id, each id once */
	struct eh_tbs_input input[EH_TEMPLATE_INPUTS];
};

/*
 * Fill template ${index} with ${values} and the two that follow from them (not
 * after, subject key id).  Every value is checked by the rules of its field, so
 * that what is rendered also matches.  Return EH_OK, EH_ERR_SPACE,
 * EH_ERR_UNSUPPORTED (a P-384 device key), or EH_ERR_ARGUMENT with a sentence
 * that names the field.
 */
EH_MUST_CHECK int eh_template_render(const struct eh_profile *,
    unsigned index, const struct eh_tbs_values *values, uint8_t *out,
    size_t cap, size_t *lenp, struct eh_error *);

/*
 * Match ${len} octets against template ${index}: same length, every octet
 * outside the fields equal, every field right for its type:
 *
 *  certificate-serial  given back, not judged: the caller derives and compares
 *  not-before          a date in the form of its length; given back, not judged
 *  not-after           notBefore plus the template's days, to the second
 *  public-key          04, and a point on the curve
 *  subject-key-id      SHA-1 of the public-key field
 *  device-id           pattern and range of the identity; all of them equal
 *  input               pattern and range; equal where the id is
 *
 * What needs the boundary's state (serial, time window, scope, own keys,
 * evidence) is the caller's to check on ${values}.  Return EH_OK,
 * EH_ERR_UNSUPPORTED (a P-384 device key), or EH_DENIED_TEMPLATE with a
 * sentence that names template, offset and field; then ${values} is all zero.
 */
EH_MUST_CHECK int eh_template_match(const struct eh_profile *,
    unsigned index, const uint8_t *tbs, size_t len,
    struct eh_tbs_values *values, struct eh_error *);

/*
 * Match against every template of the profile that ${issuer} signs (the digest
 * of its SPKI; NULL for all); at most one fits.  Sets ${hit}.  When none does,
 * it and the sentence are those of the template that agreed the longest.
 * Returns as eh_template_match().
 */
struct eh_template_hit {
	unsigned index;
	size_t agreed;			/* octets, to the part that differs */
};
EH_MUST_CHECK int eh_template_find(const struct eh_profile *,
    const uint8_t issuer[EH_DIGEST_LEN], const uint8_t *tbs, size_t len,
    struct eh_template_hit *hit, struct eh_tbs_values *values,
    struct eh_error *);

/*
 * Render again what a record says was issued.  The serial is derived from
 * authorization, device (a template without a device field needs it too) and
 * issue number, and must be the one in ${values}.  Returns as
 * eh_template_render(), and EH_DENIED_TEMPLATE when the serials differ.
 */
EH_MUST_CHECK int eh_template_rebuild(const struct eh_profile *,
    unsigned index, const uint8_t authorization[EH_ID_LEN],
    uint16_t issue_number, const struct eh_tbs_values *values, uint8_t *out,
    size_t cap, size_t *lenp, struct eh_error *);

/* Return 1 when template ${index} has a field of ${source}, else 0. */
int eh_template_has(
    const struct eh_profile *, unsigned index, enum eh_field_source source);

/*
 * Sample values that fit template ${index}: '0' in every class (or an end of
 * the range), the generator of P-256 as key, 2026-01-01 (2050-01-01 in a
 * GeneralizedTime field) as far as the days allow.  For linting a template
 * before any device exists.
 * Return EH_OK, or EH_ERR_ARGUMENT (no such template, no value fits).
 */
EH_MUST_CHECK int eh_tbs_values_sample(const struct eh_profile *,
    unsigned index, struct eh_tbs_values *, struct eh_error *);

/* Put a host-given value into ${values}, keeping the ids sorted.  Return EH_OK,
 * EH_ERR_FULL, EH_ERR_EXISTS or EH_ERR_ARGUMENT (0 or too many octets). */
EH_MUST_CHECK int eh_tbs_values_input(
    struct eh_tbs_values *, uint8_t id, const void *value, size_t len);

/* The input with this id, or NULL. */
const struct eh_tbs_input *eh_tbs_values_get(
    const struct eh_tbs_values *, uint8_t id);

#endif
