/* SPDX-License-Identifier: Apache-2.0 */
/* import_supersede.c - an authorization that goes on with the books of another
 * one, also under a changed profile. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/message/envelope.h"
#include "common/reader.h"
#include "common/writer.h"
#include "common/x509/profile.h"
#include "quota-engine/authorization.h"
#include "quota-engine/import_supersede.h"

_Static_assert(EH_PROFILE_TEMPLATES <= EH_REQUEST_TEMPLATES,
    "a profile has no more templates than fit the map");

/* --- judge --- */

/* The new profile, by its digest; ${file} keeps what it borrows from. */
static int
read_profile(const struct eh_incoming *in, const struct eh_pauth *p,
    struct eh_buf *file, struct eh_profile *profile, struct eh_error *error)
{
	uint8_t digest[EH_DIGEST_LEN];
	char name[EH_OS_NAME];

	eh_os_digest_name(name, "profiles", p->profile.digest);
	if (eh_os_load(in->b->os, name, file) != EH_OK)
		return eh_error_set(error, EH_DENIED_STATE,
		    "it changes the profile to %s version %" PRIu32
		    ": import that first", p->profile.name, p->profile.version);
	eh_profile_digest(file->data, file->len, digest);
	if (memcmp(digest, p->profile.digest, EH_DIGEST_LEN) != 0)
		return eh_error_set(error, EH_ERR_STORAGE,
		    "the file of profile %s version %" PRIu32
		    " is damaged: import it again", p->profile.name,
		    p->profile.version);
	return eh_profile_decode(profile, file->data, file->len, error);
}

static uint8_t
find_template(const struct eh_profile *profile, const char *id)
{
	for (unsigned i = 0; i < profile->templates; i++)
		if (strcmp(profile->template[i].id, id) == 0)
			return (uint8_t)i;
	return EH_TEMPLATE_GONE;
}

/* Templates are the same when they have the same name. */
static int
match_templates(struct eh_incoming *in, const struct eh_pauth *p,
    const struct eh_authorization *old, struct eh_error *error)
{
	struct eh_profile *profile = malloc(sizeof(*profile));
	struct eh_buf file;
	int err;

	eh_buf_init(&file, EH_PROFILE_MAX);
	if (profile == NULL) {
		err = eh_error_set(error, EH_ERR_MEMORY, "out of memory");
		goto out;
	}
	if (old->profile == NULL) {
		err = eh_error_set(error, EH_DENIED_STATE,
		    "the profile of the authorization that it supersedes, %s "
		    "version %" PRIu32 ", is not here: import that first",
		    old->pauth.profile.name, old->pauth.profile.version);
		goto out;
	}
	if ((err = read_profile(in, p, &file, profile, error)) != EH_OK)
		goto out;
	in->moved.templates = (uint8_t)old->profile->templates;
	for (unsigned i = 0; i < old->profile->templates; i++)
		in->moved.map[i] =
		    find_template(profile, old->profile->template[i].id);
out:
	eh_buf_free(&file);
	free(profile);
	return err;
}

/* What stands in the message of the old one only: its kind of scope, and its
 * profile. */
static int
judge_message(struct eh_incoming *in, const struct eh_pauth *p,
    const struct eh_authorization *old, struct eh_error *error)
{
	if (old == NULL)
		return eh_error_set(error, EH_ERR_STORAGE,
		    "the message of the authorization that it supersedes "
		    "cannot be read: import that one again first");
	if (old->pauth.scope.kind != p->scope.kind)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "it supersedes an authorization with another kind of scope "
		    "(%d, not %d)", old->pauth.scope.kind, p->scope.kind);
	if (memcmp(old->pauth.profile.digest, p->profile.digest,
	        EH_DIGEST_LEN) == 0)
		return EH_OK;
	return match_templates(in, p, old, error);
}

int
eh_import_judge_superseded(struct eh_incoming *in, const struct eh_pauth *p,
    struct eh_error *error)
{
	struct eh_authorization_view view[EH_STATE_ROWS];
	const struct eh_authorization *old = NULL;
	const struct eh_row *row;
	unsigned n;
	int err;

	if (!p->has_supersedes)
		return EH_OK;
	row = eh_state_row(in->state, p->supersedes);
	if (row == NULL || !eh_state_row_goes_on(row))
		return eh_error_set(error, EH_ERR_FORMAT,
		    "the authorization that it supersedes is not live here");
	if (strcmp(row->profile.name, p->profile.name) != 0)
		return eh_error_set(error, EH_ERR_FORMAT,
		    "it supersedes an authorization of another profile, %s",
		    row->profile.name);
	n = eh_authorizations_hold(in->b->authorizations, view);
	for (unsigned i = 0; i < n; i++)
		if (memcmp(view[i].what->id, p->supersedes, EH_ID_LEN) == 0)
			old = view[i].what;
	err = judge_message(in, p, old, error);
	eh_authorizations_release(in->b->authorizations, view, n);
	return err;
}

/* --- redo --- */

int
eh_import_pauth_redo(const struct eh_incoming *in,
    uint8_t redo[EH_PRIVATE_MESSAGE_MAX], size_t *redolenp)
{
	const struct eh_moved *m = &in->moved;
	struct eh_writer w;

	eh_writer_init(&w, redo, EH_PRIVATE_MESSAGE_MAX);
	if (m->templates > 0) {
		eh_writer_bytes(&w, &m->templates, 1);
		eh_writer_bytes(&w, m->map, m->templates);
	}
	eh_writer_bytes(&w, in->bytes, in->len);
	return eh_writer_end(&w, redolenp);
}

static int
read_moved(const uint8_t **redo, size_t *len, struct eh_moved *m)
{
	memset(m, 0, sizeof(*m));
	if (*len == 0 || (*redo)[0] > EH_REQUEST_TEMPLATES)
		return EH_OK;
	m->templates = (*redo)[0];
	if (m->templates == 0 || *len <= 1u + m->templates)
		return EH_ERR_FORMAT;
	memcpy(m->map, *redo + 1, m->templates);
	for (unsigned i = 0; i < m->templates; i++)
		if (m->map[i] >= EH_REQUEST_TEMPLATES &&
		    m->map[i] != EH_TEMPLATE_GONE)
			return EH_ERR_FORMAT;
	*redo += 1 + m->templates;
	*len -= 1u + m->templates;
	return EH_OK;
}

int
eh_import_skip_moved(const uint8_t **redo, size_t *len)
{
	struct eh_moved m;

	return read_moved(redo, len, &m);
}

int
eh_import_superseded(const uint8_t *redo, size_t len, struct eh_moved *m)
{
	struct eh_pauth *p = malloc(sizeof(*p));
	struct eh_envelope e;
	int found = 0;

	if (p != NULL && read_moved(&redo, &len, m) == EH_OK &&
	    eh_envelope_decode(redo, len, &e, NULL) == EH_OK &&
	    eh_pauth_decode(e.sign1.payload, e.sign1.payload_len, p, NULL) ==
	        EH_OK && p->has_supersedes) {
		memcpy(m->id, p->supersedes, EH_ID_LEN);
		found = 1;
	}
	free(p);
	return found;
}
