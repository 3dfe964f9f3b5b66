/* SPDX-License-Identifier: Apache-2.0 */
/* types.c - the values that messages, records and the boundary share. */
#include "config.h"

#include <string.h>

#include "common/message/types.h"

static int
is_alphanumeric(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z');
}

int
eh_name_check(const char *name)
{
	size_t len = strlen(name);

	if (len < 1 || len > EH_NAME_MAX || !is_alphanumeric(name[0]))
		return 0;
	for (const char *c = name + 1; *c != '\0'; c++)
		if (!is_alphanumeric(*c) && strchr("._:/-", *c) == NULL)
			return 0;
	return 1;
}

int
eh_text_check(const char *text)
{
	size_t len = strlen(text);

	if (len < 1 || len > EH_TEXT_MAX)
		return 0;
	for (const char *c = text; *c != '\0'; c++)
		if (*c < 0x20 || *c > 0x7e)
			return 0;
	return 1;
}

int
eh_device_id_equal(const struct eh_device_id *a, const struct eh_device_id *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

const char *
eh_op_name(unsigned op)
{
	static const char *const names[] = {
		[EH_OP_PASS] = "device",
		[EH_OP_ISSUE] = "issue",
		[EH_OP_DERIVE] = "derive",
		[EH_OP_EXPORT] = "export",
		[EH_OP_SIGN_BLOB] = "sign blob",
		[EH_OP_KEYGEN] = "generate key",
		[EH_OP_DEBUG_ENROL] = "enrol debug credential",
		[EH_OP_UNLOCK] = "unlock",
		[EH_OP_REPROVISION] = "re-provision",
		[EH_OP_REISSUE] = "re-issue",
	};

	return op <= EH_OP_LAST ? names[op] : "unknown operation";
}

const struct eh_counter *
eh_counters_get(const struct eh_counters *counters, unsigned op)
{
	for (size_t i = 0; i < counters->n; i++)
		if (counters->op[i] == op)
			return &counters->of[i];
	return NULL;
}

int
eh_counters_add(struct eh_counters *counters, unsigned op,
    const struct eh_counter *counter)
{
	size_t n = counters->n;

	if (n == EH_COUNTERS_MAX || op > EH_OP_MAX ||
	    (n > 0 && counters->op[n - 1] >= op))
		return EH_ERR_ARGUMENT;
	counters->op[n] = (uint8_t)op;
	counters->of[n] = *counter;
	counters->n++;
	return EH_OK;
}

const char *
eh_record_kind_name(unsigned kind)
{
	static const char *const names[] = {
		[EH_RECORD_GENESIS] = "genesis",
		[EH_RECORD_BOOT] = "boot",
		[EH_RECORD_INSTALLED] = "authorization installed",
		[EH_RECORD_ISSUED] = "certificate issued",
		[EH_RECORD_BURNED] = "burned",
		[EH_RECORD_CLOSED] = "authorization closed",
		[EH_RECORD_REVOKED] = "revocation applied",
		[EH_RECORD_UNLOCK] = "debug unlock signed",
		[EH_RECORD_RELOCK] = "device relocked",
		[EH_RECORD_TIME] = "time accepted",
		[EH_RECORD_REPORT] = "unit report",
		[EH_RECORD_SECRET] = "secret derived",
		[EH_RECORD_EXPORT] = "wrapped export",
		[EH_RECORD_KEY] =
		    "key generated, imported, destroyed or agreed",
		[EH_RECORD_IMPORT] = "message imported",
		[EH_RECORD_CSR] = "key request signed",
		[EH_RECORD_CRL] = "CRL signed",
	};

	/* 4 is reserved and has no name. */
	if (kind > EH_RECORD_CRL || names[kind] == NULL)
		return "unknown record";
	return names[kind];
}
