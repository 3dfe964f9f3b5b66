/* SPDX-License-Identifier: Apache-2.0 */
/* show_items.c - values that messages, profiles and records share, as facts. */
#include "config.h"

#include <string.h>

#include "orchestrator/authority/show_items.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *
name(const char *const *names, size_t n, unsigned value)
{
	return value < n && names[value] != NULL ? names[value] : "unknown";
}

const char *
eh_show_role_name(unsigned role)
{
	static const char *const names[] = {
		[EH_ROLE_PAUTH] = "production authorization",
		[EH_ROLE_DAUTH] = "debug authorization",
		[EH_ROLE_REVOKE] = "revocation",
		[EH_ROLE_TIME] = "time",
		[EH_ROLE_ACK] = "acknowledgement",
		[EH_ROLE_RELEASE] = "release",
		[EH_ROLE_CRLORDER] = "CRL order",
		[EH_ROLE_AGREE] = "root agreement",
	};

	return name(names, COUNT(names), role);
}

const char *
eh_show_purpose_name(unsigned purpose)
{
	static const char *const names[] = { "general", "attestation",
		"issuing", "derivation root", "debug", "transport" };

	return name(names, COUNT(names), purpose);
}

const char *
eh_show_origin_name(unsigned origin)
{
	static const char *const names[] = {
		[EH_ORIGIN_BOUNDARY] = "made by edgehsmd",
		[EH_ORIGIN_BACKEND] = "made in the key store",
		[EH_ORIGIN_IMPORTED] = "imported",
	};

	return name(names, COUNT(names), origin);
}

const char *
eh_show_quality_name(unsigned quality)
{
	static const char *const names[] = { "never attested",
		"a lower bound only", "attested in this boot",
		"attested within a day" };

	return name(names, COUNT(names), quality);
}

const char *
eh_show_class_name(unsigned anchor_class)
{
	static const char *const names[] = {
		"a file, or a TPM that nobody has verified", "TPM of the host",
		"separate device", "certified element" };

	return name(names, COUNT(names), anchor_class);
}

const char *
eh_show_mode_name(unsigned mode)
{
	static const char *const names[] = { "file",
		"TPM index of the platform", "TPM index of the owner" };

	return name(names, COUNT(names), mode);
}

const char *
eh_show_custody_name(unsigned custody)
{
	static const char *const names[] = {
		"anyone with the PIN file could use the key",
		"root of the host could use the key",
		"the key's uses are counted where it rests",
		"separate machine or certified element"
	};

	return name(names, COUNT(names), custody);
}

void
eh_show_number(struct eh_sheet *s, const char *label, unsigned value,
    const char *what)
{
	char text[128];

	snprintf(text, sizeof(text), "(%s)", what);
	eh_sheet_count(s, label, value, text);
}

void
eh_show_key(
    struct eh_sheet *s, const char *label, const struct eh_rawkey *key)
{
	uint8_t digest[EH_SPKI_DIGEST_LEN];

	eh_sheet_begin(s, label);
	eh_sheet_text(s, "kind", "%s",
	    key->len == EH_P256_POINT_LEN ? "P-256" : "Ed25519");
	eh_sheet_hex(s, "public", key->bytes, key->len);
	eh_keyid_spki_digest(key, digest);
	eh_sheet_fingerprint(s, "fingerprint", digest, sizeof(digest));
	eh_sheet_end(s);
}

void
eh_show_software(struct eh_sheet *s, const struct eh_software *software)
{
	eh_sheet_text(s, "software", "%s", software->version);
	eh_sheet_hex(s, "measurement", software->measurement, EH_DIGEST_LEN);
}

void
eh_show_profile_ref(struct eh_sheet *s, const struct eh_profile_ref *ref)
{
	eh_sheet_text(s, "profile", "%s", ref->name);
	eh_sheet_uint(s, "profile version", ref->version);
	eh_sheet_hex(s, "config digest", ref->digest, EH_DIGEST_LEN);
}

void
eh_show_counters(struct eh_sheet *s, const struct eh_counters *counters)
{
	for (unsigned i = 0; i < counters->n; i++) {
		const struct eh_counter *c = &counters->of[i];

		eh_sheet_begin(s, "counter");
		eh_show_number(s, "operation", counters->op[i],
		    eh_op_name(counters->op[i]));
		eh_sheet_uint(s, "used", c->used);
		eh_sheet_uint(s, "burned", c->burned);
		eh_sheet_uint(s, "reserved", c->reserved);
		eh_sheet_uint(s, "quota", c->quota);
		eh_sheet_end(s);
	}
}

void
eh_show_bounds(struct eh_sheet *s, uint64_t lo, uint64_t hi,
    enum eh_quality quality)
{
	eh_sheet_time(s, "not earlier than", lo);
	if (hi == EH_TIME_MAX)
		eh_sheet_text(s, "not later than", "unknown");
	else
		eh_sheet_time(s, "not later than", hi);
	eh_show_number(
	    s, "time quality", quality, eh_show_quality_name(quality));
}
