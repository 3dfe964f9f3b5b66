/* SPDX-License-Identifier: Apache-2.0 */
/* profiles.h - compiled profiles on disk, found by what an authorization
 * says. */
#ifndef EH_ORCHESTRATOR_FLOW_PROFILES_H
#define EH_ORCHESTRATOR_FLOW_PROFILES_H

#include <stdint.h>

#include "common/err.h"
#include "common/message/types.h"
#include "common/x509/profile.h"

/* A compiled profile and the bytes that it borrows from. */
struct eh_loaded_profile {
	struct eh_profile profile;
	uint8_t digest[EH_DIGEST_LEN];
	uint8_t *bytes;
	size_t len;
};

/* Read one file.  The caller frees with eh_profiles_free(). */
EH_MUST_CHECK int eh_profiles_load(
    const char *path, struct eh_loaded_profile **, struct eh_error *);

/*
 * Find the profile with ${digest} among the *.ehprofile files of ${folders}, a
 * list with colons.  EH_ERR_NOT_FOUND says where it was looked for.
 */
EH_MUST_CHECK int eh_profiles_find(const char *folders,
    const uint8_t digest[EH_DIGEST_LEN], struct eh_loaded_profile **,
    struct eh_error *);

void eh_profiles_free(struct eh_loaded_profile *);

/*
 * Render the TBSCertificate of template ${index} for one device: the serial
 * from authorization, device, template and issue number, the rest from the
 * arguments.  Returns as eh_template_render().
 */
struct eh_render {
	const uint8_t *authorization;	/* EH_ID_LEN */
	uint16_t issue;
	uint64_t not_before;
	struct eh_device_id device;
	struct eh_rawkey key;
};
EH_MUST_CHECK int eh_profiles_render(const struct eh_profile *, unsigned index,
    const struct eh_render *, uint8_t *out, size_t cap, size_t *lenp,
    struct eh_error *);

#endif
