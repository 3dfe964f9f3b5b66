/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz_cbor.c - the same bytes decode one way or not at all. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "common/cbor/cbor.h"
#include "test/fuzz/fuzz.h"

static void
recode_text(struct eh_cbor *c, struct eh_writer *w)
{
	size_t len;
	const char *p = eh_cbor_text(c, 0, SIZE_MAX, &len);
	char *text = malloc(len + 1);

	fuzz_must(text != NULL, "there is memory");
	memcpy(text, p, len);
	text[len] = '\0';
	eh_cbor_put_text(w, text);
	free(text);
}

/* Read one item by asking for what comes, and write it again.  Only keys that
 * are integers can be asked for; others end it with an error. */
static void
recode(struct eh_cbor *c, struct eh_writer *w)
{
	const uint8_t *p;
	size_t n;

	switch (eh_cbor_peek(c)) {
	case 0:
		eh_cbor_put_uint(w, eh_cbor_uint(c, 0, UINT64_MAX));
		break;
	case 1:
		eh_cbor_put_int(w, eh_cbor_int(c, INT64_MIN, -1));
		break;
	case 2:
		p = eh_cbor_bytes(c, 0, SIZE_MAX, &n);
		eh_cbor_put_bytes(w, p, n);
		break;
	case 3:
		recode_text(c, w);
		break;
	case 4:
		n = eh_cbor_array(c, 0, SIZE_MAX);
		eh_cbor_put_array(w, n);
		while (n-- > 0 && c->in.err == EH_OK)
			recode(c, w);
		eh_cbor_leave(c);
		break;
	case 5:
		n = eh_cbor_map(c, 0, SIZE_MAX);
		eh_cbor_put_map(w, n);
		while (n-- > 0 && c->in.err == EH_OK) {
			eh_cbor_put_int(
			    w, eh_cbor_any_key(c, INT64_MIN, INT64_MAX));
			recode(c, w);
		}
		eh_cbor_leave(c);
		break;
	case 7:
		eh_cbor_put_bool(w, eh_cbor_bool(c));
		break;
	default:
		eh_cbor_fail(c, EH_ERR_FORMAT);
	}
}

/* What can be read can be written, and comes out as it went in. */
static void
check_recode(const uint8_t *bytes, size_t len)
{
	struct eh_writer w;
	struct eh_cbor c;
	uint8_t *out = malloc(len > 0 ? len : 1);
	size_t n;

	fuzz_must(out != NULL, "there is memory");
	eh_cbor_init(&c, bytes, len, 8192);
	eh_writer_init(&w, out, len);
	recode(&c, &w);
	if (eh_cbor_end(&c) == EH_OK) {
		fuzz_must(eh_writer_end(&w, &n) == EH_OK,
		    "what was read comes out no longer");
		fuzz_must(n == len && memcmp(out, bytes, len) == 0,
		    "the same bytes decode one way");
		fuzz_must(eh_cbor_check(bytes, len) == EH_OK,
		    "what was read is accepted");
	}
	free(out);
}

/* What is stepped over is accepted, and is all of it. */
static void
check_skip(const uint8_t *bytes, size_t len)
{
	struct eh_cbor c;
	size_t n;

	eh_cbor_init(&c, bytes, len, 8192);
	eh_cbor_skip(&c, &n);
	if (eh_cbor_end(&c) == EH_OK) {
		fuzz_must(n == len, "all of it was skipped");
		fuzz_must(eh_cbor_check(bytes, len) == EH_OK,
		    "what was skipped is accepted");
	}
}

/* What is accepted stops being so when a byte follows or the last is gone. */
static void
check_edges(const uint8_t *bytes, size_t len)
{
	uint8_t *more;

	if (eh_cbor_check(bytes, len) != EH_OK)
		return;
	fuzz_must(eh_cbor_check(bytes, len - 1) == EH_ERR_FORMAT,
	    "no byte of it is superfluous");
	more = calloc(len + 1, 1);
	fuzz_must(more != NULL, "there is memory");
	memcpy(more, bytes, len);
	fuzz_must(eh_cbor_check(more, len + 1) == EH_ERR_TRAILING,
	    "nothing may stand behind it");
	free(more);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	check_recode(bytes, len);
	check_skip(bytes, len);
	check_edges(bytes, len);
	return 0;
}
