/* SPDX-License-Identifier: Apache-2.0 */
/* authorize_tree.c - a scope by tree: from a list of device ids to the root
 * that is signed, and to the file that the factory needs. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "common/merkle/merkle.h"
#include "common/message/scopelist.h"
#include "orchestrator/authority/authorize.h"

/* Longest id, line end; comments are for small files. */
#define FILE_MAX_BYTES (EH_SCOPELIST_DEVICES * (EH_DEVICE_ID_MAX + 2))

struct id {
	uint8_t bytes[EH_DEVICE_ID_MAX];
	uint32_t line;
};

struct list {
	const char *path;
	const struct eh_profile *profile;
	struct id *id;
	size_t n, cap;
};

static int
add(struct list *l, char *text, uint32_t line, struct eh_error *error)
{
	struct eh_device_id id;
	struct eh_error why;
	struct id *more;
	int err;

	eh_error_clear(&why);
	if ((err = eh_profile_parse_device(l->profile, text, &id, &why)) !=
	    EH_OK)
		return eh_error_set(error, err,
		    "--scope: %s line %" PRIu32 ": '%.40s': %s", l->path, line,
		    text, eh_error_sentence(&why));
	if (l->n == EH_SCOPELIST_DEVICES)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "--scope: %s has more than %" PRIu64 " devices", l->path,
		    EH_SCOPELIST_DEVICES);
	if (l->n == l->cap) {
		l->cap = l->cap == 0 ? 1024 : 2 * l->cap;
		if ((more = realloc(l->id, l->cap * sizeof(*more))) == NULL)
			return eh_error_set(
			    error, EH_ERR_MEMORY, "out of memory");
		l->id = more;
	}
	memset(&l->id[l->n], 0, sizeof(l->id[l->n]));
	memcpy(l->id[l->n].bytes, id.bytes, id.len);
	l->id[l->n++].line = line;
	return EH_OK;
}

/* Lines as `edgehsm line run` reads them: one id each, blanks around it do not
 * matter, # begins a comment line. */
static int
read_lines(struct list *l, char *text, size_t len, struct eh_error *error)
{
	char *end = text + len, *next, *last;
	uint32_t line = 1;
	int err = EH_OK;

	for (; text < end && err == EH_OK; text = next, line++) {
		next = memchr(text, '\n', (size_t)(end - text));
		next = next != NULL ? next + 1 : end + 1;
		last = next - 1;
		text += strspn(text, " \t");
		while (last > text && (last[-1] == ' ' ||
		        last[-1] == '\t' || last[-1] == '\r'))
			last--;
		*last = '\0';
		if (strlen(text) != (size_t)(last - text))
			err = eh_error_set(error, EH_ERR_ARGUMENT,
			    "--scope: %s line %" PRIu32 " holds a zero byte",
			    l->path, line);
		else if (text[0] != '\0' && text[0] != '#')
			err = add(l, text, line, error);
	}
	return err;
}

static int
compare(const void *a, const void *b)
{
	const struct id *x = a, *y = b;
	int order = memcmp(x->bytes, y->bytes, sizeof(x->bytes));

	return order != 0 ? order : x->line < y->line ? -1 : 1;
}

/* Sort; into ${ids} and into the tree. */
static int
plant(struct list *l, struct eh_scope *s, struct eh_buf *ids,
    struct eh_error *error)
{
	const size_t len = l->profile->identity.length;
	struct eh_merkle tree;
	uint8_t leaf[EH_MERKLE_HASH];
	int err;

	if (l->n == 0)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "--scope: %s has no device id in it", l->path);
	qsort(l->id, l->n, sizeof(l->id[0]), compare);
	eh_merkle_init(&tree);
	for (size_t i = 0; i < l->n; i++) {
		if (i > 0 && memcmp(l->id[i - 1].bytes, l->id[i].bytes,
		        sizeof(l->id[i].bytes)) == 0)
			return eh_error_set(error, EH_ERR_ARGUMENT,
			    "--scope: %s: %.*s stands twice, in lines %" PRIu32
			    " and %" PRIu32, l->path, (int)len,
			    (const char *)l->id[i].bytes, l->id[i - 1].line,
			    l->id[i].line);
		eh_merkle_leaf(l->id[i].bytes, len, leaf);
		if ((err = eh_merkle_append(&tree, leaf)) != EH_OK ||
		    (err = eh_buf_append(ids, l->id[i].bytes, len)) != EH_OK)
			return eh_error_set(error, err, "--scope: %s: %s",
			    l->path, eh_err_text(err));
	}
	s->kind = EH_SCOPE_TREE;
	s->tree_size = l->n;
	eh_merkle_root(&tree, s->root);
	return EH_OK;
}

int
eh_authorize_tree(const char *path, const struct eh_profile *p,
    struct eh_scope *s, struct eh_buf *ids, struct eh_error *error)
{
	struct list l = { .path = path, .profile = p };
	struct eh_buf file;
	int err;

	if ((err = eh_file_read(path, FILE_MAX_BYTES, &file, error)) != EH_OK)
		goto out;
	/* A NUL behind the last line, which may have no end. */
	if ((err = eh_buf_reserve(&file, 1)) != EH_OK) {
		eh_error_set(error, err, "%s: %s", path, eh_err_text(err));
		goto out;
	}
	file.data[file.len] = '\0';
	if ((err = read_lines(&l, (char *)file.data, file.len, error)) == EH_OK)
		err = plant(&l, s, ids, error);
out:
	eh_buf_free(&file);
	free(l.id);
	return err;
}

int
eh_authorize_proofs(struct eh_authority *a, const struct eh_pauth *p,
    struct eh_buf *out, struct eh_error *error)
{
	struct eh_scopelist list = { .size = p->scope.tree_size };
	struct eh_buf ids;
	int err;

	if (p->scope.kind != EH_SCOPE_TREE)
		return eh_error_set(error, EH_ERR_ARGUMENT,
		    "the scope of this authorization is no tree");
	eh_buf_init(&ids, EH_SCOPELIST_MAX);
	err = eh_store_get_scope(
	    eh_authority_store(a), p->scope.root, &ids, error);
	if (err != EH_OK)
		goto out;
	if (list.size == 0 || ids.len % list.size != 0 ||
	    ids.len / list.size > EH_DEVICE_ID_MAX) {
		err = eh_error_set(error, EH_ERR_FORMAT,
		    "the store: the scope has another size than the "
		    "authorization says");
		goto out;
	}
	memcpy(list.authorization, p->id, EH_ID_LEN);
	memcpy(list.id_kind, p->scope.id_kind, sizeof(list.id_kind));
	list.id_len = (uint8_t)(ids.len / list.size);
	list.ids = ids.data;
	if ((err = eh_scopelist_encode(&list, out, error)) != EH_OK)
		goto out;
	if (memcmp(list.root, p->scope.root, EH_DIGEST_LEN) != 0)
		err = eh_error_set(error, EH_ERR_FORMAT,
		    "the store: the devices of the scope give another root");
out:
	eh_buf_free(&ids);
	return err;
}
