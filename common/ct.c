/* SPDX-License-Identifier: Apache-2.0 */
/* ct.c - comparing secrets without telling how far they agree. */
#include "config.h"

#include <stdint.h>

#include "common/ct.h"

/* 1 when ${difference} is 0, else 0, without a branch on it. */
static int
is_zero(uint8_t difference)
{
	return (int)(((uint32_t)difference - 1) >> 31);
}

int
eh_ct_equal(const void *a, const void *b, size_t len)
{
	/* volatile: the loop must not learn to stop early. */
	const volatile uint8_t *x = a, *y = b;
	uint8_t difference = 0;

	for (size_t i = 0; i < len; i++)
		difference = (uint8_t)(difference | (x[i] ^ y[i]));
	return is_zero(difference);
}

int
eh_ct_zero(const void *bytes, size_t len)
{
	const volatile uint8_t *x = bytes;
	uint8_t any = 0;

	for (size_t i = 0; i < len; i++)
		any = (uint8_t)(any | x[i]);
	return is_zero(any);
}
