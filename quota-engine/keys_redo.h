/* SPDX-License-Identifier: Apache-2.0 */
/* keys_redo.h - what a key record changes in the state, now and at replay. */
#ifndef EH_QUOTA_ENGINE_KEYS_REDO_H
#define EH_QUOTA_ENGINE_KEYS_REDO_H

#include "common/writer.h"
#include "quota-engine/engine.h"

/*
 * The record of kind 14 names a key by its digest; the rest of its row travels
 * as redo in the entry's private part:
 *
 *	{ 0 => object, 1 => raw key, 2 => custody, 3 => label, 4 => CKA_ID,
 *	  5 => backend id }
 */
#define EH_KEYS_REDO_MAX 512

void eh_keys_redo_encode(const struct eh_state_key *, struct eh_writer *);

#endif
