/* SPDX-License-Identifier: Apache-2.0 */
/* os_begin.h - what a start does to the state folder before it reads it. */
#ifndef EH_QUOTA_ENGINE_OS_BEGIN_H
#define EH_QUOTA_ENGINE_OS_BEGIN_H

/*
 * With the folder's lock held.
 *
 * After a sync that failed the kernel may keep pages that never reached the disk
 * and call them clean: read in the same boot they look durable, and no later sync
 * writes them.  So it is told to forget what it has of state copies and journal,
 * and the start reads what the disk holds.  What is dirty stays, and is synced by
 * the start (doc/format/journal.md section 6).
 *
 * Files that eh_os_save() did not finish, because of a kill, are removed from
 * messages/ and profiles/; nothing else is touched.
 */
void eh_os_begin(int folder);

#endif
