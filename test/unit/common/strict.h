/* SPDX-License-Identifier: Apache-2.0 */
/* strict.h - what every decoder of this project must do with damaged bytes. */
#ifndef EH_TEST_UNIT_COMMON_STRICT_H
#define EH_TEST_UNIT_COMMON_STRICT_H

#include <stdlib.h>
#include <string.h>

#include "common/err.h"
#include "common/writer.h"
#include "test/unit/unit.h"

/* A format: its decoder, its encoder, and room for a decoded value. */
struct strict_format {
	int (*decode)(
	    const void *bytes, size_t len, void *value, struct eh_error *);
	void (*encode)(const void *value, struct eh_writer *);
	void *value;
};

/* Define strict_NAME() that returns the format of struct eh_TYPE. */
#define STRICT_FORMAT(type)						\
	static int							\
	strict_decode_##type(const void *bytes, size_t len,		\
	    void *value, struct eh_error *error)			\
	{								\
		return eh_##type##_decode(bytes, len, value, error);	\
	}								\
	static void							\
	strict_encode_##type(const void *value, struct eh_writer *w)	\
	{								\
		eh_##type##_encode(value, w);				\
	}								\
	static struct strict_format					\
	strict_##type(void)						\
	{								\
		static struct eh_##type value;				\
		struct strict_format f = { strict_decode_##type,	\
			strict_encode_##type, &value };			\
		return f;						\
	}

/* Decode a copy of exactly ${len} bytes, so that ASan sees a read behind it. */
static inline int
strict_decode(const struct strict_format *f, const uint8_t *bytes, size_t len)
{
	struct eh_error error;
	uint8_t *copy = malloc(len > 0 ? len : 1);
	int err;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, bytes, len);
	eh_error_clear(&error);
	err = f->decode(copy, len, f->value, &error);
	/* A refusal always has a sentence, and agrees with it. */
	if (err != EH_OK) {
		ck_assert_int_eq(error.code, err);
		ck_assert_str_ne(error.text, "");
	}
	free(copy);
	return err;
}

/* The last decoded value, encoded, is ${bytes} again. */
static inline int
strict_encodes_to(
    const struct strict_format *f, const uint8_t *bytes, size_t len)
{
	uint8_t *out = malloc(len > 0 ? len : 1);
	struct eh_writer w;
	size_t n = 0;
	int same;

	ck_assert_ptr_nonnull(out);
	eh_writer_init(&w, out, len);
	f->encode(f->value, &w);
	same = eh_writer_end(&w, &n) == EH_OK && n == len &&
	    memcmp(out, bytes, len) == 0;
	free(out);
	return same;
}

/*
 * ${bytes} decode, and encode to themselves; cut anywhere, or with a byte
 * behind them, they do not decode; with any one bit changed they are refused,
 * or mean something else that encodes to exactly those bytes.  Formats that
 * borrow must not be encoded after their bytes are gone, so values are decoded
 * in place.
 */
static inline void
strict_check(const struct strict_format *f, const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len + 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, bytes, len);
	copy[len] = 0;
	ck_assert_int_eq(f->decode(copy, len, f->value, NULL), EH_OK);
	ck_assert(strict_encodes_to(f, bytes, len));
	ck_assert_int_eq(
	    f->decode(copy, len + 1, f->value, NULL), EH_ERR_TRAILING);
	for (size_t n = 0; n < len; n++)
		ck_assert_int_ne(strict_decode(f, bytes, n), EH_OK);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (strict_decode(f, copy, len) == EH_OK &&
		    f->decode(copy, len, f->value, NULL) == EH_OK)
			ck_assert_msg(strict_encodes_to(f, copy, len),
			    "bit %zu: decoded in two ways", bit);
		copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	free(copy);
}

/* Check ${hex}, which is refused with ${err} at whatever stands in it. */
static inline void
strict_refuses(const struct strict_format *f, const char *hex, int err)
{
	uint8_t bytes[8192];
	size_t len = unit_hex(hex, bytes, sizeof(bytes));

	ck_assert_int_eq(strict_decode(f, bytes, len), err);
}

#endif
