/* SPDX-License-Identifier: Apache-2.0 */
/* profile_schema.c - the tables of a ProvisioningProfile. */
#include "config.h"

#include <stddef.h>

#include "common/x509/source.h"
#include "orchestrator/conf/profile.h"
#include "orchestrator/conf/profile_schema.h"

#define AT(type, member) .offset = offsetof(struct type, member)
#define COUNT(type, member) .count_offset = offsetof(struct type, member)
#define NODE(type)                                                             \
	.size = sizeof(struct type), .node_offset = offsetof(struct type, node)
#define ONLY(kind) .when = UINT64_C(1) << (kind)

/* clang-format off */
static const struct eh_word sources[] = {
	{ "work-order", 0, NULL },
	{ "range", 0, NULL },
	{ "scanner", 0, NULL },
	{ "chip", 0, NULL },
	{ NULL, 0, NULL },
};
static const struct eh_word makers[] = {
	{ "device", 0, NULL },
	{ NULL, 0, NULL },
};
static const struct eh_word serial_fields[] = {
	{ "certificate-serial", EH_FIELD_SERIAL, NULL },
	{ NULL, 0, NULL },
};
static const struct eh_word not_before_fields[] = {
	{ "not-before", EH_FIELD_NOT_BEFORE, NULL },
	{ NULL, 0, NULL },
};
static const struct eh_word not_after_fields[] = {
	{ "not-after", EH_FIELD_NOT_AFTER, NULL },
	{ NULL, 0, NULL },
};
static const struct eh_word public_key_fields[] = {
	{ "public-key", EH_FIELD_PUBLIC_KEY, NULL },
	{ NULL, 0, NULL },
};
static const struct eh_word key_id_fields[] = {
	{ "subject-key-id", EH_FIELD_SUBJECT_KEY_ID, NULL },
	{ NULL, 0, NULL },
};
static const struct eh_word text_fields[] = {
	{ "device-id", EH_PIECE_DEVICE_ID, NULL },
	{ NULL, 0, NULL },
};
static const struct eh_word context_fields[] = {
	{ "device-id", EH_PIECE_DEVICE_ID, NULL },
	{ "chip-id", EH_PIECE_CHIP_ID, NULL },
	{ NULL, 0, NULL },
};
static const struct eh_word issuers[] = {
	{ "issuer", 1, NULL },
	{ NULL, 0, NULL },
};
static const struct eh_word checks[] = {
	{ "read-back", 0, NULL },
	{ "receipt", 0, NULL },
	{ NULL, 0, NULL },
};
static const struct eh_word final_states[] = {
	{ "locked", 0, NULL },
	{ NULL, 0, NULL },
};
static const struct eh_word lifecycles[] = {
	{ "secured", 0, NULL },
	{ NULL, 0, NULL },
};
static const struct eh_word debug_methods[] = {
	{ "none", 0, NULL },
	{ "adac", 0, NULL },
	{ NULL, 0, NULL },
};
static const struct eh_word permissions[] = {
	{ "ns-debug", 0, NULL },
	{ "ns-trace", 0, NULL },
	{ "s-debug", 0, NULL },
	{ "s-trace", 0, NULL },
	{ "log-read", 0, NULL },
	{ "firmware-reflash", 0, NULL },
	{ "rekey", 0, NULL },
	{ "certificate-write", 0, NULL },
	{ "lifecycle-advance", 0, NULL },
	{ NULL, 0, NULL },
};
static const struct eh_word record_fields[] = {
	{ "read-back", 0, NULL },
	{ "station", 0, NULL },
	{ "operator", 0, NULL },
	{ "lock-state", 0, NULL },
	{ "chip-receipt", 0, NULL },
	{ "label", 0, NULL },
	{ NULL, 0, NULL },
};

static const struct eh_schema product_rows[] = {
	{ .name = "manufacturer", .type = EH_SCHEMA_TEXT, .min = 1, .max = 128,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_product, manufacturer),
	  .doc = "Who makes it, for people." },
	{ .name = "model", .type = EH_SCHEMA_TEXT, .min = 1, .max = 128,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_product, model),
	  .doc = "What it is, for people." },
	{ .name = "revision", .type = EH_SCHEMA_TEXT, .min = 1, .max = 128,
	  AT(doc_product, revision),
	  .doc = "Its revision, for people." },
};
static const struct eh_schema_map product = {
	"product", "The product, for people: nothing is decided by it.",
	NODE(doc_product), EH_SCHEMA_ROWS(product_rows),
};

static const struct eh_schema metadata_rows[] = {
	{ .name = "name", .type = EH_SCHEMA_FORM, .form = &eh_schema_name,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_metadata, name),
	  .doc = "Name of the profile, as an authorization names it." },
	{ .name = "version", .type = EH_SCHEMA_INT, .min = 1, .max = UINT32_MAX,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_metadata, version),
	  .doc = "Number of this version.  An authorization is for one name, "
		 "one version and one digest of the compiled profile." },
	{ .name = "product", .type = EH_SCHEMA_MAP, .map = &product,
	  AT(doc_metadata, product),
	  .doc = "The product, for people." },
};
static const struct eh_schema_map metadata = {
	"metadata", "What the profile is called.",
	NODE(doc_metadata), EH_SCHEMA_ROWS(metadata_rows),
};

static const struct eh_schema range_item = {
	.type = EH_SCHEMA_TEXT, .flags = EH_SCHEMA_REQUIRED,
	.min = 1, .max = 64,
};
#define PATTERN_DOC                                                            \
	"Text and classes, each with an optional {n} behind it: SN[0-9]{8}.  " \
	"The classes are [0-9], [0-9A-F], [0-9a-f], [0-9A-Z], "                \
	"[:printablestring:], [:ascii:] and [:octet:].  A pattern has one "    \
	"length."
#define RANGE_DOC                                                              \
	"The lowest and the highest value, both included: "                    \
	"[ SN00000001, SN00009999 ]."

static const struct eh_schema identity_rows[] = {
	{ .name = "kind", .type = EH_SCHEMA_FORM, .form = &eh_schema_name,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_input, id),
	  .doc = "What sort of id it is, as in the scope of the "
		 "authorization: serial." },
	{ .name = "pattern", .type = EH_SCHEMA_TEXT, .min = 1, .max = 255,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_input, pattern),
	  .doc = PATTERN_DOC "  At most 32 characters long." },
	{ .name = "range", .type = EH_SCHEMA_LIST, .item = &range_item,
	  .min = 2, .max = 2, AT(doc_input, range), COUNT(doc_input, nrange),
	  .doc = RANGE_DOC },
	{ .name = "source", .type = EH_SCHEMA_WORD, .words = sources,
	  .later = "scanner|chip", .dflt = "work-order", AT(doc_input, source),
	  .doc = "Where the line gets it." },
};
static const struct eh_schema_map identity = {
	"identity", "The device id: what quota counts, what the field "
	"device-id holds.  The EdgeHSM checks it.",
	NODE(doc_input), EH_SCHEMA_ROWS(identity_rows),
};

static const struct eh_schema input_rows[] = {
	{ .name = "id", .type = EH_SCHEMA_FORM, .form = &eh_schema_id,
	  .flags = EH_SCHEMA_REQUIRED | EH_SCHEMA_ID, AT(doc_input, id),
	  .doc = "Name of the field." },
	{ .name = "pattern", .type = EH_SCHEMA_TEXT, .min = 1, .max = 255,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_input, pattern),
	  .doc = PATTERN_DOC "  At most 64 characters long." },
	{ .name = "range", .type = EH_SCHEMA_LIST, .item = &range_item,
	  .min = 2, .max = 2, AT(doc_input, range), COUNT(doc_input, nrange),
	  .doc = RANGE_DOC },
	{ .name = "source", .type = EH_SCHEMA_WORD, .words = sources,
	  .later = "scanner|chip", .dflt = "work-order", AT(doc_input, source),
	  .doc = "Where the line gets it." },
};
static const struct eh_schema_map input = {
	"input", "Another value that differs from device to device and that "
	"the host gives.  The EdgeHSM checks pattern and range.",
	NODE(doc_input), EH_SCHEMA_ROWS(input_rows),
};

static const struct eh_schema key_rows[] = {
	{ .name = "id", .type = EH_SCHEMA_FORM, .form = &eh_schema_id,
	  .flags = EH_SCHEMA_REQUIRED | EH_SCHEMA_ID, AT(doc_key, id),
	  .doc = "What the certificates call it." },
	{ .name = "algorithm", .type = EH_SCHEMA_ENUM,
	  .words = eh_words_key_algorithm, .later = "ECDSA-P384",
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_key, algorithm),
	  .doc = "Its algorithm." },
	{ .name = "generatedIn", .type = EH_SCHEMA_WORD, .words = makers,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_key, generated_in),
	  .doc = "Where it is made and stays." },
};
static const struct eh_schema_map key = {
	"key", "A key pair of the device.  Certificates that name the same "
	"key show the same public key.",
	NODE(doc_key), EH_SCHEMA_ROWS(key_rows),
};

static const struct eh_schema issuer_rows[] = {
	{ .name = "key", .type = EH_SCHEMA_FORM, .form = &eh_schema_name,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_issuer, key),
	  .doc = "Label of the issuing key in the EdgeHSM." },
	{ .name = "certificate", .type = EH_SCHEMA_FORM,
	  .form = &eh_schema_file, AT(doc_issuer, certificate),
	  .doc = "Its certificate, PEM or DER, beside the document.  Where "
		 "each factory has its own, leave it out or override it: "
		 "edgehsm profile compile --issuer LABEL=FILE.  It is no part "
		 "of the source digest." },
};
static const struct eh_schema_map issuer = {
	"issuer", "Who signs.",
	NODE(doc_issuer), EH_SCHEMA_ROWS(issuer_rows),
};

static const struct eh_schema attribute_rows[] = {
	{ .name = "attribute", .type = EH_SCHEMA_WORD,
	  .words = eh_words_attribute,
	  .flags = EH_SCHEMA_REQUIRED | EH_SCHEMA_OR_OID,
	  AT(doc_attribute, attribute),
	  .doc = "Type of the attribute, or its dotted OID." },
	{ .name = "string", .type = EH_SCHEMA_ENUM, .words = eh_words_string,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_attribute, string),
	  .doc = "ASN.1 string type." },
	{ .name = "value", .type = EH_SCHEMA_VALUE, .words = text_fields,
	  .flags = EH_SCHEMA_REQUIRED | EH_SCHEMA_CONSTANT | EH_SCHEMA_CONCAT |
	      EH_SCHEMA_INPUTS,
	  AT(doc_attribute, value),
	  .doc = "Its value." },
};
static const struct eh_schema_map attribute = {
	"attribute", "One attribute of the subject, an RDN of its own.",
	NODE(doc_attribute), EH_SCHEMA_ROWS(attribute_rows),
};

static const struct eh_schema hardware_module_rows[] = {
	{ .name = "type", .type = EH_SCHEMA_FORM, .form = &eh_schema_oid,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_hardware_module, type),
	  .doc = "hwType, an OID below your own enterprise number." },
	{ .name = "serial", .type = EH_SCHEMA_VALUE, .words = text_fields,
	  .flags = EH_SCHEMA_REQUIRED | EH_SCHEMA_CONSTANT | EH_SCHEMA_CONCAT |
	      EH_SCHEMA_INPUTS,
	  AT(doc_hardware_module, serial),
	  .doc = "hwSerialNum." },
};
static const struct eh_schema_map hardware_module = {
	"hardwareModuleName", "otherName id-on-hardwareModuleName of RFC 4108.",
	NODE(doc_hardware_module), EH_SCHEMA_ROWS(hardware_module_rows),
};

static const struct eh_schema bit_item = {
	.type = EH_SCHEMA_ENUM, .words = eh_words_key_usage,
	.flags = EH_SCHEMA_REQUIRED,
};
static const struct eh_schema purpose_item = {
	.type = EH_SCHEMA_WORD, .words = eh_words_ext_key_usage,
	.flags = EH_SCHEMA_REQUIRED | EH_SCHEMA_OR_OID,
};
static const struct eh_schema policy_item = {
	.type = EH_SCHEMA_WORD, .words = eh_words_policy,
	.flags = EH_SCHEMA_REQUIRED | EH_SCHEMA_OR_OID,
};

static const struct eh_schema extension_rows[] = {
	{ .name = "extension", .type = EH_SCHEMA_ENUM,
	  .words = eh_words_extension, .oid_number = EH_EXTENSION_DER,
	  .flags = EH_SCHEMA_REQUIRED | EH_SCHEMA_OR_OID,
	  AT(doc_extension, extension),
	  .doc = "Which extension, or the dotted OID of one that has no name "
		 "here." },
	{ .name = "critical", .type = EH_SCHEMA_BOOL, .dflt = "false",
	  AT(doc_extension, critical),
	  .doc = "Whether it is critical." },
	{ .name = "ca", .type = EH_SCHEMA_BOOL, .dflt = "false",
	  ONLY(EH_EXTENSION_BASIC_CONSTRAINTS), AT(doc_extension, ca),
	  .doc = "cA." },
	{ .name = "pathLength", .type = EH_SCHEMA_INT, .min = 0, .max = 255,
	  ONLY(EH_EXTENSION_BASIC_CONSTRAINTS), AT(doc_extension, path_length),
	  .doc = "pathLenConstraint." },
	{ .name = "bits", .type = EH_SCHEMA_LIST, .item = &bit_item,
	  .min = 1, .max = 9, .flags = EH_SCHEMA_REQUIRED,
	  ONLY(EH_EXTENSION_KEY_USAGE), AT(doc_extension, bits),
	  COUNT(doc_extension, nbits),
	  .doc = "The bits that are set." },
	{ .name = "purposes", .type = EH_SCHEMA_LIST, .item = &purpose_item,
	  .min = 1, .max = EH_SOURCE_OIDS, .flags = EH_SCHEMA_REQUIRED,
	  ONLY(EH_EXTENSION_EXT_KEY_USAGE), AT(doc_extension, oids),
	  COUNT(doc_extension, noids),
	  .doc = "The purposes, in this order; a dotted OID is good too." },
	{ .name = "keyId", .type = EH_SCHEMA_VALUE, .words = key_id_fields,
	  .flags = EH_SCHEMA_REQUIRED, ONLY(EH_EXTENSION_SUBJECT_KEY_ID),
	  AT(doc_extension, key_id),
	  .doc = "SHA-1 of the public key (RFC 5280 4.2.1.2, method 1)." },
	{ .name = "from", .type = EH_SCHEMA_ENUM, .words = issuers,
	  .flags = EH_SCHEMA_REQUIRED, ONLY(EH_EXTENSION_AUTHORITY_KEY_ID),
	  AT(doc_extension, from),
	  .doc = "The key id comes from the issuer's certificate." },
	{ .name = "hardwareModuleName", .type = EH_SCHEMA_MAP,
	  .map = &hardware_module, ONLY(EH_EXTENSION_SUBJECT_ALT_NAME),
	  AT(doc_extension, hardware_module),
	  .doc = "otherName of RFC 4108.  The names stand in the extension in "
		 "the order of this table." },
	{ .name = "dnsName", .type = EH_SCHEMA_VALUE, .words = text_fields,
	  .flags = EH_SCHEMA_CONSTANT | EH_SCHEMA_CONCAT | EH_SCHEMA_INPUTS,
	  ONLY(EH_EXTENSION_SUBJECT_ALT_NAME), AT(doc_extension, dns),
	  .doc = "dNSName." },
	{ .name = "uri", .type = EH_SCHEMA_VALUE, .words = text_fields,
	  .flags = EH_SCHEMA_CONSTANT | EH_SCHEMA_CONCAT | EH_SCHEMA_INPUTS,
	  ONLY(EH_EXTENSION_SUBJECT_ALT_NAME), AT(doc_extension, uri),
	  .doc = "uniformResourceIdentifier." },
	{ .name = "policies", .type = EH_SCHEMA_LIST, .item = &policy_item,
	  .min = 1, .max = EH_SOURCE_OIDS, .flags = EH_SCHEMA_REQUIRED,
	  ONLY(EH_EXTENSION_POLICIES), AT(doc_extension, oids),
	  COUNT(doc_extension, noids),
	  .doc = "The policies, in this order; a dotted OID is good too." },
	{ .name = "der", .type = EH_SCHEMA_FORM, .form = &eh_schema_hex,
	  .flags = EH_SCHEMA_REQUIRED, ONLY(EH_EXTENSION_DER),
	  AT(doc_extension, der),
	  .doc = "Value of an extension that is named by its OID: ready-made "
		 "DER in hexadecimal, the same for all devices." },
};
static const struct eh_schema_map extension = {
	"extension", "One extension; which keys it has depends on which it is.",
	NODE(doc_extension), EH_SCHEMA_ROWS(extension_rows),
};

static const struct eh_schema attribute_item = {
	.type = EH_SCHEMA_MAP, .map = &attribute,
};
static const struct eh_schema extension_item = {
	.type = EH_SCHEMA_MAP, .map = &extension,
};

static const struct eh_schema template_rows[] = {
	{ .name = "serialNumber", .type = EH_SCHEMA_VALUE,
	  .words = serial_fields, .flags = EH_SCHEMA_REQUIRED,
	  AT(doc_template, serial),
	  .doc = "Always the field: 16 octets that the EdgeHSM derives from "
		 "authorization, device id, template and issue number." },
	{ .name = "notBefore", .type = EH_SCHEMA_VALUE,
	  .words = not_before_fields,
	  .flags = EH_SCHEMA_REQUIRED | EH_SCHEMA_CONSTANT | EH_SCHEMA_DATE,
	  AT(doc_template, not_before),
	  .doc = "The field, or a time YYYYMMDDHHMMSSZ." },
	{ .name = "notAfter", .type = EH_SCHEMA_VALUE,
	  .words = not_after_fields,
	  .flags = EH_SCHEMA_REQUIRED | EH_SCHEMA_CONSTANT | EH_SCHEMA_DATE,
	  AT(doc_template, not_after),
	  .doc = "A time YYYYMMDDHHMMSSZ (\"99991231235959Z\" for no end), or "
		 "{ field: not-after, days: 3650 }: that many days after "
		 "notBefore, to the second." },
	{ .name = "subject", .type = EH_SCHEMA_LIST, .item = &attribute_item,
	  .min = 1, .max = EH_SOURCE_ATTRIBUTES, .flags = EH_SCHEMA_REQUIRED,
	  AT(doc_template, subject), COUNT(doc_template, nsubject),
	  .doc = "The subject, in this order." },
	{ .name = "subjectPublicKeyInfo", .type = EH_SCHEMA_VALUE,
	  .words = public_key_fields, .flags = EH_SCHEMA_REQUIRED,
	  AT(doc_template, public_key),
	  .doc = "Always the field." },
	{ .name = "extensions", .type = EH_SCHEMA_LIST, .item = &extension_item,
	  .min = 1, .max = EH_SOURCE_EXTENSIONS, .flags = EH_SCHEMA_REQUIRED,
	  AT(doc_template, extensions), COUNT(doc_template, nextensions),
	  .doc = "The extensions, in this order." },
	{ .name = "signatureAlgorithm", .type = EH_SCHEMA_ENUM,
	  .words = eh_words_signature,
	  .later = "ecdsa-with-SHA384|sha256WithRSAEncryption|rsassaPss-SHA256",
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_template, signature),
	  .doc = "How the issuer signs." },
};
static const struct eh_schema_map template = {
	"template", "The TBSCertificate.  Everything but the fields is the "
	"same for all devices, and every field has one length.",
	NODE(doc_template), EH_SCHEMA_ROWS(template_rows),
};

static const struct eh_schema certificate_rows[] = {
	{ .name = "id", .type = EH_SCHEMA_FORM, .form = &eh_schema_id,
	  .flags = EH_SCHEMA_REQUIRED | EH_SCHEMA_ID, AT(doc_certificate, id),
	  .doc = "What lines, records and files call it." },
	{ .name = "standard", .type = EH_SCHEMA_ENUM,
	  .words = eh_words_standard, .flags = EH_SCHEMA_REQUIRED,
	  AT(doc_certificate, standard),
	  .doc = "The standard whose rules are checked: a template that "
		 "breaks one does not compile." },
	{ .name = "key", .type = EH_SCHEMA_FORM, .form = &eh_schema_id,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_certificate, key),
	  .doc = "Id of the key that it is for." },
	{ .name = "issuer", .type = EH_SCHEMA_MAP, .map = &issuer,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_certificate, issuer),
	  .doc = "Who signs it." },
	{ .name = "template", .type = EH_SCHEMA_MAP, .map = &template,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_certificate, template),
	  .doc = "What is signed." },
};
static const struct eh_schema_map certificate = {
	"certificate", "A certificate that each device gets.",
	NODE(doc_certificate), EH_SCHEMA_ROWS(certificate_rows),
};

static const struct eh_schema secret_rows[] = {
	{ .name = "id", .type = EH_SCHEMA_FORM, .form = &eh_schema_id,
	  .flags = EH_SCHEMA_REQUIRED | EH_SCHEMA_ID, AT(doc_secret, id),
	  .doc = "Its label, an input of the derivation." },
	{ .name = "kdf", .type = EH_SCHEMA_ENUM, .words = eh_words_kdf,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_secret, kdf),
	  .doc = "The derivation function." },
	{ .name = "root", .type = EH_SCHEMA_FORM, .form = &eh_schema_name,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_secret, root),
	  .doc = "Label of the derivation root in the EdgeHSM." },
	{ .name = "context", .type = EH_SCHEMA_VALUE, .words = context_fields,
	  .flags = EH_SCHEMA_REQUIRED | EH_SCHEMA_CONSTANT | EH_SCHEMA_CONCAT,
	  AT(doc_secret, context),
	  .doc = "What makes it differ from device to device." },
	{ .name = "size", .type = EH_SCHEMA_INT, .min = 16, .max = 64,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_secret, size),
	  .doc = "Its length in octets." },
	{ .name = "wrap", .type = EH_SCHEMA_ENUM, .words = eh_words_wrap,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_secret, wrap),
	  .doc = "The only way in which it leaves the EdgeHSM." },
};
static const struct eh_schema_map secret = {
	"secret", "A secret of each device, derived in the EdgeHSM.",
	NODE(doc_secret), EH_SCHEMA_ROWS(secret_rows),
};

static const struct eh_schema injection_rows[] = {
	{ .name = "object", .type = EH_SCHEMA_FORM, .form = &eh_schema_name,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_injection, object),
	  .doc = "certificate/ID; secret/ID and firmware/ID are not built "
		 "yet." },
	{ .name = "place", .type = EH_SCHEMA_FORM, .form = &eh_schema_name,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_injection, place),
	  .doc = "Where it rests in the chip: cert/0." },
	{ .name = "verify", .type = EH_SCHEMA_WORD, .words = checks,
	  .later = "receipt", AT(doc_injection, verify),
	  .doc = "read-back: the chip is asked for its SHA-256, which must be "
		 "that of what was written." },
	{ .name = "version", .type = EH_SCHEMA_FORM, .form = &eh_schema_name,
	  AT(doc_injection, version),
	  .doc = "Firmware only: its version." },
	{ .name = "file", .type = EH_SCHEMA_FORM, .form = &eh_schema_file,
	  AT(doc_injection, file),
	  .doc = "Firmware only: the image." },
	{ .name = "sha256", .type = EH_SCHEMA_FORM, .form = &eh_schema_sha256,
	  AT(doc_injection, sha256),
	  .doc = "Firmware only: SHA-256 of the image." },
};
static const struct eh_schema_map injection = {
	"injection", "What goes to which place of the chip.",
	NODE(doc_injection), EH_SCHEMA_ROWS(injection_rows),
};

static const struct eh_schema permission_item = {
	.type = EH_SCHEMA_WORD, .words = permissions,
	.flags = EH_SCHEMA_REQUIRED,
};
static const struct eh_schema debug_rows[] = {
	{ .name = "method", .type = EH_SCHEMA_WORD, .words = debug_methods,
	  .later = "adac", .flags = EH_SCHEMA_REQUIRED,
	  AT(doc_debug, method),
	  .doc = "How the debug port is unlocked." },
	{ .name = "finalState", .type = EH_SCHEMA_WORD, .words = final_states,
	  .flags = EH_SCHEMA_LATER, AT(doc_debug, final_state),
	  .doc = "State of the port when the device leaves." },
	{ .name = "lifecycle", .type = EH_SCHEMA_WORD, .words = lifecycles,
	  .flags = EH_SCHEMA_LATER, AT(doc_debug, lifecycle),
	  .doc = "Lifecycle of the chip when the device leaves." },
	{ .name = "trustAnchor", .type = EH_SCHEMA_FORM,
	  .form = &eh_schema_file, .flags = EH_SCHEMA_LATER,
	  AT(doc_debug, trust_anchor),
	  .doc = "Certificate of the root that the chip obeys." },
	{ .name = "permissions", .type = EH_SCHEMA_LIST,
	  .item = &permission_item, .min = 0, .max = EH_SOURCE_PERMISSIONS,
	  .flags = EH_SCHEMA_LATER, AT(doc_debug, permissions),
	  COUNT(doc_debug, npermissions),
	  .doc = "The most that may be granted." },
	{ .name = "maxSession", .type = EH_SCHEMA_DURATION, .min = 1000,
	  .max = 86400000, .flags = EH_SCHEMA_LATER,
	  AT(doc_debug, max_session),
	  .doc = "How long a session lasts at most." },
};
static const struct eh_schema_map debug = {
	"debug", "What becomes of the debug port.",
	NODE(doc_debug), EH_SCHEMA_ROWS(debug_rows),
};

static const struct eh_schema record_item = {
	.type = EH_SCHEMA_WORD, .words = record_fields,
	.later = "lock-state|chip-receipt|label", .flags = EH_SCHEMA_REQUIRED,
};
static const struct eh_schema record_rows[] = {
	{ .name = "fields", .type = EH_SCHEMA_LIST, .item = &record_item,
	  .min = 1, .max = EH_SOURCE_RECORDS, .flags = EH_SCHEMA_REQUIRED,
	  AT(doc_record, fields), COUNT(doc_record, nfields),
	  .doc = "What the report of each device must hold." },
};
static const struct eh_schema_map record = {
	"record", "The report of each device.",
	NODE(doc_record), EH_SCHEMA_ROWS(record_rows),
};

static const struct eh_schema root_item = {
	.type = EH_SCHEMA_FORM, .form = &eh_schema_file,
	.flags = EH_SCHEMA_REQUIRED,
};
static const struct eh_schema key_item = {
	.type = EH_SCHEMA_MAP, .map = &key,
};
static const struct eh_schema input_item = {
	.type = EH_SCHEMA_MAP, .map = &input,
};
static const struct eh_schema certificate_item = {
	.type = EH_SCHEMA_MAP, .map = &certificate,
};
static const struct eh_schema secret_item = {
	.type = EH_SCHEMA_MAP, .map = &secret,
};
static const struct eh_schema injection_item = {
	.type = EH_SCHEMA_MAP, .map = &injection,
};

static const struct eh_schema spec_rows[] = {
	{ .name = "identity", .type = EH_SCHEMA_MAP, .map = &identity,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_spec, identity),
	  .doc = "The device id." },
	{ .name = "evidence", .type = EH_SCHEMA_ENUM,
	  .words = eh_words_evidence,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_spec, evidence),
	  .doc = "What the EdgeHSM wants to see about the device's key before "
		 "it signs.  none: nothing is proved to it.  csr: a request that "
		 "its key has signed.  attested: a genuine chip has it, this "
		 "one, now." },
	{ .name = "attestationRoots", .type = EH_SCHEMA_LIST,
	  .item = &root_item, .min = 0, .max = EH_PROFILE_ROOTS,
	  AT(doc_spec, roots), COUNT(doc_spec, nroots),
	  .doc = "With evidence: attested: files with the certificates of the "
		 "silicon CAs.  Their keys are what is trusted." },
	{ .name = "keys", .type = EH_SCHEMA_LIST, .item = &key_item,
	  .min = 1, .max = EH_SOURCE_KEYS, .flags = EH_SCHEMA_REQUIRED,
	  AT(doc_spec, keys), COUNT(doc_spec, nkeys),
	  .doc = "The keys of the device." },
	{ .name = "inputs", .type = EH_SCHEMA_LIST, .item = &input_item,
	  .min = 0, .max = EH_SOURCE_INPUTS, AT(doc_spec, inputs),
	  COUNT(doc_spec, ninputs),
	  .doc = "Further fields that the host gives." },
	{ .name = "certificates", .type = EH_SCHEMA_LIST,
	  .item = &certificate_item, .min = 1, .max = EH_PROFILE_TEMPLATES,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_spec, certificates),
	  COUNT(doc_spec, ncertificates),
	  .doc = "The certificates of the device.  Their order is the number "
		 "of their template, so add new ones at the end." },
	{ .name = "derivedSecrets", .type = EH_SCHEMA_LIST,
	  .item = &secret_item, .min = 0, .max = EH_PROFILE_SECRETS,
	  .flags = EH_SCHEMA_LATER, AT(doc_spec, secrets),
	  COUNT(doc_spec, nsecrets),
	  .doc = "Secrets of the device that are derived in the EdgeHSM." },
	{ .name = "injection", .type = EH_SCHEMA_LIST,
	  .item = &injection_item, .min = 0, .max = EH_SOURCE_INJECTIONS,
	  AT(doc_spec, injections), COUNT(doc_spec, ninjections),
	  .doc = "What ends up where in the chip." },
	{ .name = "debug", .type = EH_SCHEMA_MAP, .map = &debug,
	  AT(doc_spec, debug),
	  .doc = "What becomes of the debug port.  Left out: nothing is done "
		 "with it." },
	{ .name = "record", .type = EH_SCHEMA_MAP, .map = &record,
	  AT(doc_spec, record),
	  .doc = "What the report of each device must hold, beside what is "
		 "always there." },
};
static const struct eh_schema_map spec = {
	"spec", "What is made.",
	NODE(doc_spec), EH_SCHEMA_ROWS(spec_rows),
};

static const struct eh_word versions[] = {
	{ "edgehsm/v1", 0, NULL },
	{ NULL, 0, NULL },
};
static const struct eh_word kinds[] = {
	{ "ProvisioningProfile", 0, NULL },
	{ NULL, 0, NULL },
};
static const struct eh_schema profile_rows[] = {
	{ .name = "apiVersion", .type = EH_SCHEMA_WORD, .words = versions,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_profile, api_version),
	  .doc = "Version of this schema." },
	{ .name = "kind", .type = EH_SCHEMA_WORD, .words = kinds,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_profile, kind),
	  .doc = "What the document is." },
	{ .name = "metadata", .type = EH_SCHEMA_MAP, .map = &metadata,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_profile, metadata),
	  .doc = "What it is called." },
	{ .name = "spec", .type = EH_SCHEMA_MAP, .map = &spec,
	  .flags = EH_SCHEMA_REQUIRED, AT(doc_profile, spec),
	  .doc = "What is made." },
};
/* clang-format on */

const struct eh_schema_map eh_conf_profile_schema = {
	"ProvisioningProfile",
	"Owned by the OEM: which certificates a device gets, and what the "
	"EdgeHSM holds every signature against.",
	NODE(doc_profile),
	EH_SCHEMA_ROWS(profile_rows),
};
