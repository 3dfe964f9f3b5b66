/* SPDX-License-Identifier: Apache-2.0 */
/* printable.h - texts of strangers, made fit for terminals and JSON. */
#ifndef EH_COMMON_PRINTABLE_H
#define EH_COMMON_PRINTABLE_H

/*
 * Put a '?' for each octet of ${text} that is a control character (00 to 1f,
 * 7f, and what UTF-8 writes as c2 80 to c2 9f) or no UTF-8 (RFC 3629), be it
 * that a long text was cut within a character.  The length stays as it is.
 */
void eh_printable(char *text);

#endif
