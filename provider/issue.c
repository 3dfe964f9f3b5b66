/* SPDX-License-Identifier: Apache-2.0 */
/* issue.c - naming the authorization under which a certificate is signed. */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/params.h>

#include "provider/err.h"
#include "provider/issue.h"
#include "provider/provider.h"

#define ID_LEN 16

/* CKA_EDGEHSM_STATE */
#define LIVE 1UL

/* What is read of one authorization; copies, so that the best can be kept. */
struct found {
	unsigned char id[ID_LEN];
	char label[65];
	CK_ULONG state, quota, used, burned, not_after;
};

/* What a search brought. */
struct search {
	const char *name; /* NULL: any that lives */
	const unsigned char *id;
	struct found best;
	size_t count, live;
	char list[EH_ERROR_TEXT]; /* for people: what there is */
	size_t list_len;
};

const char *
eh_issue_name(const struct eh_key *key, const char *chosen)
{
	if (chosen == NULL && key->uri != NULL)
		chosen = key->uri->authorization;
	if (chosen == NULL)
		chosen = key->provider->conf.authorization;
	return chosen != NULL && chosen[0] != '\0' ? chosen : NULL;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Return 1 and the id when ${name} is one, else 0. */
static int
parse_id(unsigned char id[ID_LEN], const char *name)
{
	int high, low;

	if (strlen(name) != 2 * ID_LEN)
		return 0;
	for (size_t i = 0; i < ID_LEN; i++) {
		high = hex_digit(name[2 * i]);
		low = hex_digit(name[2 * i + 1]);
		if (high < 0 || low < 0)
			return 0;
		id[i] = (unsigned char)(high << 4 | low);
	}
	return 1;
}

static void
put_param(unsigned char param[EH_ISSUE_PARAM_LEN],
    const unsigned char id[ID_LEN])
{
	param[0] = 0xa1;          /* a map of one pair */
	param[1] = 0x01;          /* key 1: the authorization */
	param[2] = 0x40 | ID_LEN; /* a byte string of 16 */
	memcpy(param + 3, id, ID_LEN);
}

static CK_ULONG
number_of(const CK_ATTRIBUTE *attribute)
{
	CK_ULONG number = 0;

	if (attribute->ulValueLen == sizeof(number))
		memcpy(&number, attribute->pValue, sizeof(number));
	return number;
}

static int
read_one(struct found *found, struct eh_slot *slot,
    CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object)
{
	enum { ID, LABEL, STATE, QUOTA, USED, BURNED, NOT_AFTER, N };
	CK_ATTRIBUTE a[N] = {
		[ID] = { CKA_ID, NULL, ID_LEN },
		[LABEL] = { CKA_LABEL, NULL, 64 },
		[STATE] = { CKA_EDGEHSM_STATE, NULL, sizeof(CK_ULONG) },
		[QUOTA] = { CKA_EDGEHSM_QUOTA, NULL, sizeof(CK_ULONG) },
		[USED] = { CKA_EDGEHSM_USED, NULL, sizeof(CK_ULONG) },
		[BURNED] = { CKA_EDGEHSM_BURNED, NULL, sizeof(CK_ULONG) },
		[NOT_AFTER] = { CKA_EDGEHSM_NOT_AFTER, NULL,
		    sizeof(CK_ULONG) },
	};
	unsigned char *store = NULL;
	int ok = 0;

	memset(found, 0, sizeof(*found));
	if (eh_session_read(slot, session, object, a, N, &store) == CKR_OK &&
	    a[ID].ulValueLen == ID_LEN) {
		memcpy(found->id, a[ID].pValue, ID_LEN);
		if (a[LABEL].ulValueLen < sizeof(found->label))
			memcpy(found->label,
			    a[LABEL].ulValueLen > 0 ? a[LABEL].pValue : "",
			    a[LABEL].ulValueLen);
		found->state = number_of(&a[STATE]);
		found->quota = number_of(&a[QUOTA]);
		found->used = number_of(&a[USED]);
		found->burned = number_of(&a[BURNED]);
		found->not_after = number_of(&a[NOT_AFTER]);
		ok = 1;
	}
	OPENSSL_free(store);
	return ok;
}

static void
hex_of(char out[2 * ID_LEN + 1], const unsigned char id[ID_LEN])
{
	for (size_t i = 0; i < ID_LEN; i++)
		snprintf(out + 2 * i, 3, "%02x", id[i]);
}

/* Add one to the list for people; what does not fit is left out. */
static void
list(struct search *search, const struct found *found)
{
	char hex[2 * ID_LEN + 1];
	int n;

	hex_of(hex, found->id);
	n = snprintf(search->list + search->list_len,
	    sizeof(search->list) - search->list_len, "%s%s (%s%s)",
	    search->list_len > 0 ? ", " : "", found->label, hex,
	    found->state == LIVE ? "" : ", closed");
	if (n > 0 && search->list_len + (size_t)n < sizeof(search->list))
		search->list_len += (size_t)n;
	else
		search->list[search->list_len] = '\0';
}

static int
fits(const struct search *search, const struct found *found)
{
	if (search->id != NULL)
		return memcmp(found->id, search->id, ID_LEN) == 0;
	if (search->name != NULL)
		return strcmp(found->label, search->name) == 0;
	return found->state == LIVE;
}

/* Look through the authorizations on the token; there are few. */
static CK_RV
run(struct search *search, struct eh_slot *slot, CK_SESSION_HANDLE session)
{
	CK_OBJECT_CLASS class = CKO_EDGEHSM_AUTHORIZATION;
	CK_ATTRIBUTE template = { CKA_CLASS, &class, sizeof(class) };
	CK_OBJECT_HANDLE *objects = NULL;
	struct found found;
	size_t n = 0;
	CK_RV rv;

	rv = eh_session_find(slot, session, &template, 1, &objects, &n);
	for (size_t i = 0; rv == CKR_OK && i < n; i++) {
		if (!read_one(&found, slot, session, objects[i]))
			continue;
		list(search, &found);
		if (!fits(search, &found))
			continue;
		search->count++;
		/* A live one is preferred to those that it superseded. */
		if (found.state == LIVE)
			search->live++;
		if (search->count == 1 || found.state == LIVE)
			search->best = found;
	}
	OPENSSL_free(objects);
	return rv;
}

static int
decided(const struct search *search)
{
	return search->count == 1 || search->live == 1;
}

static void
raise_undecided(struct eh_key *key, const struct search *search)
{
	const char *there = search->list_len > 0 ? search->list : "none";

	if (search->name == NULL)
		eh_err_raise(key->provider, EH_REASON_AUTHORIZATION,
		    "no authorization was named and %zu are live: %s",
		    search->live, there);
	else if (search->count == 0)
		eh_err_raise(key->provider, EH_REASON_AUTHORIZATION,
		    "authorization %s is not on the token; there: %s",
		    search->name, there);
	else
		eh_err_raise(key->provider, EH_REASON_AUTHORIZATION,
		    "authorization %s is there %zu times, name its id: %s",
		    search->name, search->count, there);
}

int
eh_issue_param(struct eh_key *key, struct eh_slot *slot,
    CK_SESSION_HANDLE session, const char *name,
    unsigned char param[EH_ISSUE_PARAM_LEN])
{
	struct search search = { .name = name };
	unsigned char id[ID_LEN];
	CK_RV rv;

	/* An id is taken as it is: the boundary knows whether it exists. */
	if (parse_id(id, name)) {
		put_param(param, id);
		return 1;
	}
	rv = run(&search, slot, session);
	if (rv != CKR_OK) {
		eh_err_raise_rv(key->provider, rv, "C_FindObjects", NULL,
		    key->shown);
		return 0;
	}
	if (!decided(&search)) {
		raise_undecided(key, &search);
		return 0;
	}
	put_param(param, search.best.id);
	return 1;
}

/* Find what is in force, with a session of its own. */
static int
look_up(struct search *search, struct eh_key *key)
{
	struct eh_slot *slot;
	CK_SESSION_HANDLE session;
	CK_RV rv;

	if (!eh_key_open(key, &slot, &session))
		return 0;
	rv = run(search, slot, session);
	eh_session_put(slot, session);
	if (rv != CKR_OK)
		eh_err_raise_rv(key->provider, rv, "C_FindObjects", NULL,
		    key->shown);
	else if (!decided(search))
		raise_undecided(key, search);
	return rv == CKR_OK && decided(search);
}

static int
set_not_after(OSSL_PARAM *param, const struct found *found)
{
	time_t at = (time_t)found->not_after;
	struct tm utc;
	char text[32];

	return gmtime_r(&at, &utc) != NULL &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc) > 0 &&
	    OSSL_PARAM_set_utf8_string(param, text);
}

int
eh_issue_get_params(
    struct eh_key *key, const char *chosen, OSSL_PARAM params[])
{
	OSSL_PARAM *remaining = OSSL_PARAM_locate(params, EH_PARAM_REMAINING);
	OSSL_PARAM *not_after = OSSL_PARAM_locate(params, EH_PARAM_NOT_AFTER);
	struct search search = { .name = NULL };
	unsigned char id[ID_LEN];
	CK_ULONG gone;

	if (remaining == NULL && not_after == NULL)
		return 1;
	search.name = eh_issue_name(key, chosen);
	if (search.name != NULL && parse_id(id, search.name))
		search.id = id;
	if (!look_up(&search, key))
		return 0;
	gone = search.best.used + search.best.burned;
	if (remaining != NULL &&
	    !OSSL_PARAM_set_uint64(remaining,
		gone < search.best.quota ? search.best.quota - gone : 0))
		return 0;
	return not_after == NULL || set_not_after(not_after, &search.best);
}
