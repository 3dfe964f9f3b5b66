/* SPDX-License-Identifier: Apache-2.0 */
/* journal.c - the files of the journal: append, change segment, read back. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hex.h"
#include "common/reader.h"
#include "common/wipe.h"
#include "quota-engine/journal.h"

static const char folder[] = "journal";
static const char next_name[] = "journal/next";
static const char suffix[] = ".ehj";
#define CHUNK (64 * 1024)

void
eh_journal_init(struct eh_journal *j, struct eh_os *os,
    const uint8_t journal[EH_DIGEST_LEN], const uint8_t private[EH_DIGEST_LEN],
    const uint8_t hsm_id[EH_HSM_ID_LEN], uint32_t size)
{
	memset(j, 0, sizeof(*j));
	j->os = os;
	j->file = -1;
	j->size = size;
	memcpy(j->hsm_id, hsm_id, EH_HSM_ID_LEN);
	eh_journal_keys_init(&j->keys, journal, private);
}

static void
close_file(struct eh_journal *j)
{
	if (j->file >= 0)
		j->os->close(j->os->arg, j->file);
	j->file = -1;
}

void
eh_journal_wipe(struct eh_journal *j)
{
	if (j->os == NULL)
		return;
	close_file(j);
	free(j->place);
	eh_wipe(j, sizeof(*j));
}

void
eh_journal_name(char name[EH_OS_NAME], uint64_t first)
{
	snprintf(
	    name, EH_OS_NAME, "%s/%016" PRIx64 "%s", folder, first, suffix);
}

/* Write ${size} zeros and sync. */
static int
fill(struct eh_os *os, int file, uint32_t size)
{
	static const uint8_t zeros[CHUNK];
	int err = EH_OK;

	for (uint32_t at = 0; at < size && err == EH_OK; at += CHUNK)
		err = os->write(os->arg, file, zeros,
		    size - at < CHUNK ? size - at : CHUNK, at);
	return err == EH_OK ? os->sync(os->arg, file) : err;
}

/* Make the file ${name} of ${size} zeros and leave it open.  Nothing of it is
 * left on failure. */
static int
make_file(struct eh_journal *j, const char *name, uint32_t size, int *filep)
{
	struct eh_os *os = j->os;
	int err = os->unlink(os->arg, name), file;

	if (err != EH_OK && err != EH_ERR_NOT_FOUND)
		return err;
	if ((err = os->create(os->arg, name, &file)) != EH_OK)
		return err;
	if ((err = fill(os, file, size)) != EH_OK) {
		os->close(os->arg, file);
		(void)os->unlink(os->arg, name);
		return err;
	}
	*filep = file;
	return EH_OK;
}

static int
write_header(struct eh_journal *j, int file, const struct eh_segment *s)
{
	uint8_t header[EH_SEGMENT_HEADER];
	int err;

	eh_segment_encode(s, &j->keys, header);
	err = j->os->write(j->os->arg, file, header, sizeof(header), 0);
	return err == EH_OK ? j->os->sync(j->os->arg, file) : err;
}

/* Writing over zeros needs no space: who says otherwise has failed. */
static int
final(int err)
{
	return err == EH_ERR_FULL ? EH_ERR_STORAGE : err;
}

int
eh_journal_make(struct eh_journal *j, struct eh_segment *s)
{
	char name[EH_OS_NAME];
	int err, file;

	memcpy(s->hsm_id, j->hsm_id, EH_HSM_ID_LEN);
	eh_journal_name(name, s->first);
	if ((err = make_file(j, name, s->size, &file)) != EH_OK)
		return err;
	err = write_header(j, file, s);
	j->os->close(j->os->arg, file);
	if (err == EH_OK)
		err = j->os->sync_folder(j->os->arg, folder);
	return final(err);
}

int
eh_journal_use(struct eh_journal *j, const struct eh_segment *s)
{
	char name[EH_OS_NAME];

	close_file(j);
	j->current = *s;
	eh_journal_name(name, s->first);
	return j->os->open(j->os->arg, name, &j->file);
}

int
eh_journal_note(struct eh_journal *j, const struct eh_segment *s)
{
	struct eh_segment_place *grown;
	size_t cap = j->cap == 0 ? 16 : 2 * j->cap;

	if (s->number > j->places)
		return EH_ERR_FORMAT;
	if (s->number == j->cap) {
		grown = realloc(j->place, cap * sizeof(*grown));
		if (grown == NULL)
			return EH_ERR_MEMORY;
		j->place = grown;
		j->cap = cap;
	}
	j->place[s->number].first = s->first;
	j->place[s->number].size = s->size;
	if (s->number == j->places)
		j->places++;
	return EH_OK;
}

int
eh_journal_prepare(struct eh_journal *j)
{
	int err, file;

	if ((err = make_file(j, next_name, j->size, &file)) != EH_OK)
		return err;
	j->os->close(j->os->arg, file);
	return EH_OK;
}

int
eh_journal_settle(struct eh_journal *j, uint64_t first)
{
	struct eh_os *os = j->os;
	char name[EH_OS_NAME];
	int err, file;

	eh_journal_name(name, first);
	if ((err = os->open(os->arg, name, &file)) != EH_OK)
		return err;
	err = os->sync(os->arg, file);
	os->close(os->arg, file);
	return err == EH_OK ? os->sync_folder(os->arg, folder) : err;
}

int
eh_journal_append(
    struct eh_journal *j, uint32_t offset, const uint8_t *bytes, size_t len)
{
	int err = j->os->write(j->os->arg, j->file, bytes, len, offset);

	if (err == EH_OK)
		err = j->os->sync(j->os->arg, j->file);
	return final(err);
}

/* The last entry of a segment: from here on it is never written again. */
static int
end_segment(struct eh_journal *j, const struct eh_journal_turn *turn)
{
	uint8_t bytes[EH_ENTRY_HEADER];
	struct eh_entry end = {
		.seq = turn->seq,
		.group = turn->group,
		.commit = turn->commit,
		.type = EH_ENTRY_END,
		.last = 1,
	};
	int err = eh_entry_seal(&end, &j->keys, bytes);

	return err == EH_OK ?
	    eh_journal_append(j, turn->offset, bytes, sizeof(bytes)) : err;
}

int
eh_journal_change(struct eh_journal *j, const struct eh_journal_turn *turn)
{
	struct eh_os *os = j->os;
	char name[EH_OS_NAME];
	struct eh_segment s = {
		.number = j->current.number + 1,
		.first = turn->seq,
		.group = turn->group + 1,
		.commit = turn->commit,
		.reason = EH_SEGMENT_FULL,
		.size = j->size,
	};
	int err, file;

	memcpy(s.leaf, turn->leaf, EH_DIGEST_LEN);
	memcpy(s.hsm_id, j->hsm_id, EH_HSM_ID_LEN);
	if ((err = end_segment(j, turn)) != EH_OK)
		return err;
	if ((err = os->open(os->arg, next_name, &file)) != EH_OK)
		return err;
	err = write_header(j, file, &s);
	os->close(os->arg, file);
	eh_journal_name(name, s.first);
	if (err == EH_OK)
		err = os->rename(os->arg, next_name, name);
	if (err == EH_OK)
		err = os->sync_folder(os->arg, folder);
	return err == EH_OK ? eh_journal_use(j, &s) : final(err);
}

/* How long the entry says it is; 0 when it cannot be one. */
static size_t
stated_length(const uint8_t header[EH_ENTRY_HEADER])
{
	struct eh_reader r;
	uint32_t length;

	eh_reader_init(&r, header + 4, 4);
	length = eh_reader_u32(&r);
	return length >= EH_ENTRY_HEADER && length <= EH_ENTRY_MAX ? length : 0;
}

int
eh_journal_read(struct eh_journal *j, uint64_t first, uint32_t offset,
    uint8_t bytes[EH_ENTRY_MAX], struct eh_entry *entry)
{
	struct eh_os *os = j->os;
	char name[EH_OS_NAME];
	size_t len;
	int err, file;

	eh_journal_name(name, first);
	if (os->open(os->arg, name, &file) != EH_OK)
		return EH_ERR_STORAGE;
	err = os->read(os->arg, file, bytes, EH_ENTRY_HEADER, offset);
	len = err == EH_OK ? stated_length(bytes) : 0;
	if (len != 0)
		err = os->read(os->arg, file, bytes + EH_ENTRY_HEADER,
		    len - EH_ENTRY_HEADER, offset + EH_ENTRY_HEADER);
	os->close(os->arg, file);
	if (err != EH_OK || len == 0 ||
	    eh_entry_open(entry, &j->keys, bytes, len) != EH_ENTRY_GOOD)
		return EH_ERR_STORAGE;
	return EH_OK;
}

int
eh_journal_load(struct eh_journal *j, uint64_t first, struct eh_buf *out)
{
	char name[EH_OS_NAME];

	eh_journal_name(name, first);
	return eh_os_load(j->os, name, out);
}

struct listing {
	struct eh_segment_file *file;
	size_t n, cap;
};

/* "0000000000000010.ehj"; anything else in the folder is not ours. */
static int
parse_name(const char *name, uint64_t *first)
{
	uint8_t bytes[8];
	struct eh_reader r;

	if (strlen(name) != 16 + sizeof(suffix) - 1 ||
	    strcmp(name + 16, suffix) != 0 ||
	    eh_hex_decode(name, 16, bytes, sizeof(bytes), NULL) != EH_OK)
		return 0;
	eh_reader_init(&r, bytes, sizeof(bytes));
	*first = eh_reader_u64(&r);
	return 1;
}

static int
add_name(void *context, const char *name)
{
	struct listing *l = context;
	struct eh_segment_file *grown;
	uint64_t first;

	if (!parse_name(name, &first))
		return EH_OK;
	if (l->n == l->cap) {
		l->cap = l->cap == 0 ? 16 : 2 * l->cap;
		grown = realloc(l->file, l->cap * sizeof(*grown));
		if (grown == NULL)
			return EH_ERR_MEMORY;
		l->file = grown;
	}
	memset(&l->file[l->n], 0, sizeof(l->file[0]));
	l->file[l->n++].first = first;
	return EH_OK;
}

static int
by_first(const void *a, const void *b)
{
	const struct eh_segment_file *x = a, *y = b;

	return (x->first > y->first) - (x->first < y->first);
}

/* A header is good when it is ours, for this file, of the file's size. */
static int
read_header(struct eh_journal *j, struct eh_segment_file *f)
{
	struct eh_os *os = j->os;
	uint8_t header[EH_SEGMENT_HEADER];
	char name[EH_OS_NAME];
	uint64_t size;
	int err, file;

	eh_journal_name(name, f->first);
	if ((err = os->open(os->arg, name, &file)) != EH_OK)
		return err;
	err = os->size(os->arg, file, &size);
	if (err == EH_OK && size >= sizeof(header)) {
		err = os->read(os->arg, file, header, sizeof(header), 0);
		f->good = err == EH_OK &&
		    eh_segment_decode(&f->header, &j->keys, header) == EH_OK &&
		    f->header.first == f->first && f->header.size == size &&
		    memcmp(f->header.hsm_id, j->hsm_id, EH_HSM_ID_LEN) == 0;
	}
	os->close(os->arg, file);
	return err;
}

int
eh_journal_list(
    struct eh_journal *j, struct eh_segment_file **listp, size_t *np)
{
	struct listing l = { 0 };
	int err = j->os->list(j->os->arg, folder, add_name, &l);

	if (l.n > 0)
		qsort(l.file, l.n, sizeof(l.file[0]), by_first);
	for (size_t i = 0; i < l.n && err == EH_OK; i++)
		err = read_header(j, &l.file[i]);
	if (err != EH_OK) {
		free(l.file);
		l.file = NULL;
		l.n = 0;
	}
	*listp = l.file;
	*np = l.n;
	return err;
}
