/* SPDX-License-Identifier: Apache-2.0 */
/* store_private.h - what the files of the store share. */
#ifndef EH_ORCHESTRATOR_AUTHORITY_STORE_PRIVATE_H
#define EH_ORCHESTRATOR_AUTHORITY_STORE_PRIVATE_H

#include <sqlite3.h>

#include "orchestrator/authority/store.h"

struct eh_store {
	sqlite3 *db;
	struct eh_store_self self;
};

/* The statements that make an empty store of version 1, and those that make it
 * one of version 2, and of 3; ended by NULL. */
extern const char *const eh_store_schema[];
extern const char *const eh_store_schema_2[];
extern const char *const eh_store_schema_3[];

/* Fill the lives of a store that was just made one of version 3 from the entries
 * that it holds. */
EH_MUST_CHECK int eh_store_upgrade_lives(sqlite3 *, struct eh_error *);

#endif
