/* SPDX-License-Identifier: Apache-2.0 */
/* profile_file.h - a profile as YAML or compiled, or a certificate: a file that
 * is told by what is in it. */
#ifndef EH_ORCHESTRATOR_CLI_PROFILE_FILE_H
#define EH_ORCHESTRATOR_CLI_PROFILE_FILE_H

#include "common/buf.h"
#include "common/err.h"
#include "common/message/types.h"
#include "common/x509/profile.h"
#include "orchestrator/cli/command.h"
#include "orchestrator/conf/profile.h"

enum eh_profile_file_kind {
	EH_PROFILE_FILE_YAML,
	EH_PROFILE_FILE_COMPILED,
	EH_PROFILE_FILE_CERTIFICATE	/* PEM or DER */
};

/*
 * Zero is none.  A YAML has ${document}, and the others after it was compiled;
 * a compiled profile has ${profile}, which borrows ${bytes}; a certificate has
 * its DER in ${bytes}.
 */
struct eh_profile_file {
	enum eh_profile_file_kind kind;
	struct eh_conf_profile *document;
	struct eh_profile *profile;
	struct eh_buf bytes;
};

/* --issuer LABEL=FILE, as often as it was given. */
struct eh_profile_issuers {
	size_t count;
	struct eh_conf_issuer given[EH_ARGS_MAX];
	char label[EH_ARGS_MAX][EH_NAME_MAX + 1];
};

/* The row of an option table. */
#define EH_PROFILE_ISSUER_OPTION                                               \
	{ "issuer", "LABEL=FILE", EH_OPTION_MANY,                              \
	    "the issuer's certificate, in place of the YAML's" }

/* Read the values of --issuer; they are borrowed from ${args}.  Returns EH_OK,
 * or EH_ERR_ARGUMENT with a sentence in args->error. */
EH_MUST_CHECK int eh_profile_issuers_get(
    struct eh_args *args, struct eh_profile_issuers *issuers);

/*
 * Open ${path} ("-": a YAML on standard input).  What is wrong with a YAML goes
 * to ${report}; a file that cannot be opened or decoded goes to args->error.
 * Returns EH_OK, EH_ERR_CONFIG (see ${report}), or others with a sentence.
 * Close ${file} whatever the result.
 */
EH_MUST_CHECK int eh_profile_file_open(struct eh_profile_file *file,
    const char *path, struct eh_args *args, struct eh_report *report);

/*
 * Find the compiled profile with ${digest} in the folders of $EDGEHSM_PROFILES,
 * else in the working directory.  EH_ERR_NOT_FOUND says where it was looked for,
 * in args->error.  Close ${file} whatever the result.
 */
EH_MUST_CHECK int eh_profile_file_find(struct eh_profile_file *file,
    const uint8_t digest[EH_DIGEST_LEN], struct eh_args *args);

void eh_profile_file_close(struct eh_profile_file *file);

/*
 * Compile a YAML with the --issuer of ${args}, its linters included; others are
 * left as they are.  Returns as eh_profile_file_open(); EH_ERR_ARGUMENT with a
 * sentence for a certificate.
 */
EH_MUST_CHECK int eh_profile_file_compile(struct eh_profile_file *file,
    struct eh_args *args, struct eh_report *report);

/*
 * Check a YAML as far as it can be: where no --issuer is given and the issuers'
 * certificates are not at hand, that is a warning, and the rest is checked all
 * the same.  Returns as eh_profile_file_open().
 */
EH_MUST_CHECK int eh_profile_file_check(const struct eh_profile_file *file,
    struct eh_args *args, struct eh_report *report);

#endif
