/* SPDX-License-Identifier: Apache-2.0 */
/* profile_schema.h - a ProvisioningProfile as its tables type it, for
 * profile*.c alone. */
#ifndef EH_ORCHESTRATOR_CONF_PROFILE_SCHEMA_H
#define EH_ORCHESTRATOR_CONF_PROFILE_SCHEMA_H

#include "orchestrator/conf/schema.h"

struct doc_product {
	const struct eh_yaml_node *node;
	const char *manufacturer, *model, *revision;
};

struct doc_metadata {
	const struct eh_yaml_node *node;
	const char *name;
	int64_t version;
	struct doc_product *product;
};

/* A per-device value that the host gives: identity, and each of the inputs. */
struct doc_input {
	const struct eh_yaml_node *node;
	const char *id;			/* identity: its kind */
	const char *pattern;
	const char **range;
	size_t nrange;
	const char *source;
};

struct doc_key {
	const struct eh_yaml_node *node;
	const char *id;
	int algorithm;
	const char *generated_in;
};

struct doc_issuer {
	const struct eh_yaml_node *node;
	const char *key, *certificate;
};

struct doc_attribute {
	const struct eh_yaml_node *node;
	const char *attribute;
	int string;
	struct eh_value *value;
};

struct doc_hardware_module {
	const struct eh_yaml_node *node;
	const char *type;
	struct eh_value *serial;
};

struct doc_extension {
	const struct eh_yaml_node *node;
	int extension;
	int critical;
	int ca;
	int64_t path_length;
	int *bits;
	size_t nbits;
	const char **oids;
	size_t noids;
	struct eh_value *key_id;
	int from;
	struct doc_hardware_module *hardware_module;
	struct eh_value *dns, *uri;
	const char *der;
};

struct doc_template {
	const struct eh_yaml_node *node;
	struct eh_value *serial, *not_before, *not_after, *public_key;
	struct doc_attribute *subject;
	size_t nsubject;
	struct doc_extension *extensions;
	size_t nextensions;
	int signature;
};

struct doc_certificate {
	const struct eh_yaml_node *node;
	const char *id;
	int standard;
	const char *key;
	struct doc_issuer *issuer;
	struct doc_template *template;
};

struct doc_secret {
	const struct eh_yaml_node *node;
	const char *id;
	int kdf;
	const char *root;
	struct eh_value *context;
	int64_t size;
	int wrap;
};

struct doc_injection {
	const struct eh_yaml_node *node;
	const char *object, *place, *version, *file, *sha256, *verify;
};

struct doc_debug {
	const struct eh_yaml_node *node;
	const char *final_state, *lifecycle, *method, *trust_anchor;
	const char **permissions;
	size_t npermissions;
	int64_t max_session;
};

struct doc_record {
	const struct eh_yaml_node *node;
	const char **fields;
	size_t nfields;
};

struct doc_spec {
	const struct eh_yaml_node *node;
	struct doc_input *identity;
	int evidence;
	const char **roots;
	size_t nroots;
	struct doc_key *keys;
	size_t nkeys;
	struct doc_input *inputs;
	size_t ninputs;
	struct doc_certificate *certificates;
	size_t ncertificates;
	struct doc_secret *secrets;
	size_t nsecrets;
	struct doc_injection *injections;
	size_t ninjections;
	struct doc_debug *debug;
	struct doc_record *record;
};

struct doc_profile {
	const struct eh_yaml_node *node;
	const char *api_version, *kind;
	struct doc_metadata *metadata;
	struct doc_spec *spec;
};

#endif
