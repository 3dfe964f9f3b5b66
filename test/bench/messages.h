/* SPDX-License-Identifier: Apache-2.0 */
/* messages.h - an authority as small as it can be. */
#ifndef EH_TEST_BENCH_MESSAGES_H
#define EH_TEST_BENCH_MESSAGES_H

#include "common/crypto/soft.h"
#include "orchestrator/token/token.h"
#include "test/bench/product.h"

/*
 * Take the fresh EdgeHSM behind ${module} through the whole ceremony, as its
 * own OEM: genesis under a new root, PINs, issuer grant, attested time; the
 * issuing key ${issuing} and the general key ${general} are made; ${product} is
 * compiled, imported and authorized for all devices that have a number.
 * Returns the open token with the operator logged in.  Exits on failure.
 */
struct eh_token *messages_ceremony(const char *module, const char *operator_pin,
    struct eh_token_key *issuing, struct eh_token_key *general,
    struct product *product);

#endif
