/* SPDX-License-Identifier: Apache-2.0 */
/* explain.h - what of a TBSCertificate does not fit a template, for people. */
#ifndef EH_COMMON_X509_EXPLAIN_H
#define EH_COMMON_X509_EXPLAIN_H

#include <stddef.h>
#include <stdint.h>

#include "common/x509/profile.h"

#define EH_EXPLAIN_TEXT 240

/*
 * Nothing is decided here: the octets were compared, and did not fit.  Both are
 * read side by side as DER, as far as they go, to name the first part that
 * differs: "subject organizationName is "EVIL", must be "ACME"".  ${text} is
 * empty when there is nothing to say that octets do not say as well.
 *
 * Return where in the template that part begins: how far they agree.
 */
size_t eh_explain_mismatch(const struct eh_template *t, const uint8_t *tbs,
    size_t len, char text[EH_EXPLAIN_TEXT]);

#endif
