/* SPDX-License-Identifier: Apache-2.0 */
/* sim.c - a machine in memory that crashes: disk, clocks, random, anchor. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "quota-engine/anchor/anchor.h"
#include "test/fault/sim.h"

#define SECTOR  512
#define FILES   512
#define CHANGES 64
#define EPOCH   UINT64_C(1790000000)

/* A sector that was written and not synced, as it was before. */
struct dirty {
	uint32_t sector;
	uint8_t before[SECTOR];
};

/* What a name may lead to. */
struct inode {
	uint8_t *bytes;
	size_t len, cap;
	struct dirty *dirty;
	size_t ndirty, capdirty;
	unsigned names;			/* entries below that lead here */
};

struct name {
	char name[EH_OS_NAME];
	int inode;			/* -1: empty place */
};

/* Something that happened to a name and is not durable. */
struct change {
	struct name from, to;		/* as they were */
	unsigned place;
};

struct anchor {
	unsigned users;
	int defined, blind;
	uint8_t value[EH_DIGEST_LEN];
	uint64_t count;			/* starts, as a TPM's counter */
};

struct sim {
	struct eh_os table;
	struct sim_random random;
	struct inode inode[FILES];
	struct name name[FILES];
	unsigned names;			/* places in use, holes included */
	struct change change[CHANGES];
	unsigned changes;
	struct anchor *anchor;
	struct eh_clock_reading clock;
	uint64_t calls, crash_at;
	int crashed;
	int dying;			/* it crashes in this very call */
	enum sim_call fail;
	uint64_t fail_at;
	uint64_t space;
	uint64_t skip_syncs, lose_replies;
	void (*look)(void *arg, int changed);
	void *look_arg;
	int changed;
};

uint64_t
sim_random(struct sim_random *r)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return r->state * UINT64_C(2685821657736338717);
}

uint64_t
sim_below(struct sim_random *r, uint64_t n)
{
	return (sim_random(r) >> 11) % n;
}

static void *
must(void *p)
{
	if (p == NULL)
		abort();
	return p;
}

/* Begin a call of ${kind}: 0 when it must fail. */
static int
begin(struct sim *s, enum sim_call kind)
{
	s->calls++;
	s->dying = 0;
	if (s->crashed)
		return 0;
	if (s->look != NULL) {
		s->look(s->look_arg, s->changed);
		s->changed = 0;
	}
	if (s->crash_at != 0 && --s->crash_at == 0) {
		s->crashed = 1;
		s->dying = 1;
		return 0;
	}
	if (kind == s->fail && s->fail_at != 0 && --s->fail_at == 0)
		return 0;
	return 1;
}

static struct name *
find(struct sim *s, const char *name)
{
	for (unsigned i = 0; i < s->names; i++)
		if (s->name[i].inode >= 0 && strcmp(s->name[i].name, name) == 0)
			return &s->name[i];
	return NULL;
}

static void
drop_inode(struct inode *n)
{
	free(n->bytes);
	free(n->dirty);
	memset(n, 0, sizeof(*n));
}

/* Nothing but the journal of changes may still lead to an inode; so it is only
 * freed when that is empty. */
static void
collect(struct sim *s)
{
	for (unsigned i = 0; i < FILES; i++)
		s->inode[i].names = 0;
	for (unsigned i = 0; i < s->names; i++)
		if (s->name[i].inode >= 0)
			s->inode[s->name[i].inode].names++;
	for (unsigned i = 0; i < FILES; i++)
		if (s->inode[i].names == 0 && s->inode[i].bytes != NULL)
			drop_inode(&s->inode[i]);
}

static void
commit_names(struct sim *s)
{
	s->changes = 0;
	collect(s);
}

/* Set place ${i} of the names, and remember how it was. */
static void
set_name(struct sim *s, unsigned i, const char *name, int inode)
{
	struct change *c;

	s->changed = 1;
	if (s->changes == CHANGES)
		commit_names(s);
	c = &s->change[s->changes++];
	c->place = i;
	c->from = s->name[i];
	snprintf(s->name[i].name, EH_OS_NAME, "%s", name);
	s->name[i].inode = inode;
	c->to = s->name[i];
}

static unsigned
empty_place(struct sim *s)
{
	for (unsigned i = 0; i < s->names; i++)
		if (s->name[i].inode < 0)
			return i;
	if (s->names == FILES)
		abort();
	s->name[s->names].inode = -1;
	s->name[s->names].name[0] = '\0';
	return s->names++;
}

static int
sim_do_open(void *arg, const char *name, int *filep)
{
	struct sim *s = arg;
	const struct name *n;

	if (!begin(s, SIM_OPEN))
		return EH_ERR_STORAGE;
	if ((n = find(s, name)) == NULL)
		return EH_ERR_NOT_FOUND;
	*filep = n->inode;
	return EH_OK;
}

static int
sim_do_create(void *arg, const char *name, int *filep)
{
	struct sim *s = arg;
	int i;

	if (!begin(s, SIM_CREATE))
		return EH_ERR_STORAGE;
	if (find(s, name) != NULL)
		return EH_ERR_EXISTS;
	if (s->space == 0)
		return EH_ERR_FULL;
	for (i = 0; i < FILES && s->inode[i].bytes != NULL; i++)
		;
	if (i == FILES)
		abort();
	s->inode[i].bytes = must(calloc(1, SECTOR));
	s->inode[i].cap = SECTOR;
	set_name(s, empty_place(s), name, i);
	*filep = i;
	return EH_OK;
}

static void
sim_do_close(void *arg, int file)
{
	(void)arg;
	(void)file;
}

static int
sim_do_size(void *arg, int file, uint64_t *sizep)
{
	struct sim *s = arg;

	if (!begin(s, SIM_NONE))
		return EH_ERR_STORAGE;
	*sizep = s->inode[file].len;
	return EH_OK;
}

static int
sim_do_read(void *arg, int file, void *out, size_t len, uint64_t at)
{
	struct sim *s = arg;
	const struct inode *n = &s->inode[file];

	if (!begin(s, SIM_READ) || at > n->len || len > n->len - at)
		return EH_ERR_STORAGE;
	memcpy(out, n->bytes + at, len);
	return EH_OK;
}

/* There are whole sectors up to ${len} at least. */
static void
grow(struct inode *n, size_t len)
{
	size_t cap = n->cap;

	while (cap < len)
		cap *= 2;
	if (cap != n->cap) {
		n->bytes = must(realloc(n->bytes, cap));
		memset(n->bytes + n->cap, 0, cap - n->cap);
		n->cap = cap;
	}
	if (len > n->len)
		n->len = len;
}

static void
remember(struct inode *n, uint32_t sector)
{
	for (size_t i = 0; i < n->ndirty; i++)
		if (n->dirty[i].sector == sector)
			return;
	if (n->ndirty == n->capdirty) {
		n->capdirty = n->capdirty == 0 ? 16 : 2 * n->capdirty;
		n->dirty = must(realloc(
		    n->dirty, n->capdirty * sizeof(*n->dirty)));
	}
	n->dirty[n->ndirty].sector = sector;
	memcpy(n->dirty[n->ndirty].before, n->bytes + sector * SECTOR, SECTOR);
	n->ndirty++;
}

static void
put(struct inode *n, const uint8_t *bytes, size_t len, uint64_t at)
{
	int fresh = at >= n->len;

	if (len == 0)
		return;
	grow(n, at + len);
	/* What lies behind the old end was zero before; a run of it is told
	 * from what was synced without looking. */
	for (uint64_t i = at / SECTOR; i <= (at + len - 1) / SECTOR; i++)
		if (!fresh || n->ndirty < 64)
			remember(n, (uint32_t)i);
	memcpy(n->bytes + at, bytes, len);
}

static int
sim_do_write(
    void *arg, int file, const void *bytes, size_t len, uint64_t at)
{
	struct sim *s = arg;
	struct inode *n = &s->inode[file];
	uint64_t more = at + len > n->len ? at + len - n->len : 0;
	int ok = begin(s, SIM_WRITE);

	s->changed = 1;

	if (ok && s->fail == SIM_SHORT_WRITE && s->fail_at != 0 &&
	    --s->fail_at == 0) {
		put(n, bytes, (size_t)sim_below(&s->random, len), at);
		return EH_ERR_STORAGE;
	}
	/* A process that dies in write() may have written some of it. */
	if (s->dying && more == 0)
		put(n, bytes, (size_t)sim_below(&s->random, len + 1), at);
	if (!ok)
		return EH_ERR_STORAGE;
	if (more > s->space)
		return EH_ERR_FULL;
	if (s->space != UINT64_MAX)
		s->space -= more;
	put(n, bytes, len, at);
	return EH_OK;
}

static int
sim_do_sync(void *arg, int file)
{
	struct sim *s = arg;

	if (!begin(s, SIM_SYNC))
		return EH_ERR_STORAGE;
	s->changed = 1;
	if (s->skip_syncs == 0 || sim_below(&s->random, s->skip_syncs) != 0)
		s->inode[file].ndirty = 0;
	return EH_OK;
}

static int
sim_do_rename(void *arg, const char *from, const char *to)
{
	struct sim *s = arg;
	struct name *a, *b;
	int inode;

	if (!begin(s, SIM_RENAME))
		return EH_ERR_STORAGE;
	if ((a = find(s, from)) == NULL)
		return EH_ERR_NOT_FOUND;
	inode = a->inode;
	b = find(s, to);
	set_name(s, b != NULL ? (unsigned)(b - s->name) : empty_place(s), to,
	    inode);
	set_name(s, (unsigned)(find(s, from) - s->name), "", -1);
	return EH_OK;
}

static int
sim_do_unlink(void *arg, const char *name)
{
	struct sim *s = arg;
	struct name *n;

	if (!begin(s, SIM_NONE))
		return EH_ERR_STORAGE;
	if ((n = find(s, name)) == NULL)
		return EH_ERR_NOT_FOUND;
	set_name(s, (unsigned)(n - s->name), "", -1);
	return EH_OK;
}

static int
sim_do_sync_folder(void *arg, const char *folder)
{
	struct sim *s = arg;

	(void)folder;
	if (!begin(s, SIM_SYNC_FOLDER))
		return EH_ERR_STORAGE;
	s->changed = 1;
	commit_names(s);
	return EH_OK;
}

static int
sim_do_list(void *arg, const char *folder,
    int (*each)(void *context, const char *name), void *context)
{
	struct sim *s = arg;
	size_t len = strlen(folder);
	int err = 0;

	if (!begin(s, SIM_NONE))
		return EH_ERR_STORAGE;
	for (unsigned i = 0; i < s->names && err == 0; i++)
		if (s->name[i].inode >= 0 &&
		    strncmp(s->name[i].name, folder, len) == 0 &&
		    s->name[i].name[len] == '/')
			err = each(context, s->name[i].name + len + 1);
	return err;
}

static int
sim_do_clocks(void *arg, struct eh_clock_reading *reading)
{
	struct sim *s = arg;

	if (!begin(s, SIM_CLOCKS))
		return EH_ERR_STORAGE;
	s->clock.boottime += 1000;
	s->clock.raw += 1000;
	*reading = s->clock;
	return EH_OK;
}

static int
sim_do_random(void *arg, void *out, size_t len)
{
	struct sim *s = arg;
	uint8_t *p = out;

	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)(sim_random(&s->random) >> 32);
	return EH_OK;
}

static int
sim_do_define(void *arg, const struct eh_rawkey *root)
{
	struct sim *s = arg;

	(void)root;
	if (!begin(s, SIM_NONE))
		return EH_ERR_STORAGE;
	if (s->anchor->defined)
		return EH_ERR_EXISTS;
	s->anchor->defined = 1;
	s->anchor->count++;
	return EH_OK;
}

static int
sim_do_anchor_read(void *arg, uint8_t value[EH_DIGEST_LEN])
{
	struct sim *s = arg;

	if (!begin(s, SIM_ANCHOR_READ))
		return EH_ERR_STORAGE;
	if (!s->anchor->defined)
		return EH_ERR_NOT_FOUND;
	memcpy(value, s->anchor->value, EH_DIGEST_LEN);
	return EH_OK;
}

static int
sim_do_extend(void *arg, const uint8_t from[EH_DIGEST_LEN],
    const uint8_t digest[EH_DIGEST_LEN])
{
	struct sim *s = arg;
	int lost, done;

	lost = s->lose_replies != 0 &&
	    sim_below(&s->random, s->lose_replies) == 0;
	/* Crashing in here may be before or after; so may a lost reply. */
	if (!begin(s, SIM_EXTEND) && !s->dying)
		return EH_ERR_STORAGE;
	if (!s->anchor->blind &&
	    memcmp(s->anchor->value, from, EH_DIGEST_LEN) != 0)
		return EH_DENIED_FAIL_STOPPED;
	s->changed = 1;
	done = (!s->crashed && !lost) || sim_below(&s->random, 2) == 0;
	if (done)
		eh_anchor_next(s->anchor->value, digest, s->anchor->value);
	if (s->crashed)
		return EH_ERR_STORAGE;
	return lost ? EH_ERR_BUSY : EH_OK;
}

static int
sim_do_identify(void *arg, struct eh_anchor_identity *identity)
{
	struct sim *s = arg;

	memset(identity, 0, sizeof(*identity));
	if (!begin(s, SIM_ANCHOR_READ))
		return EH_ERR_STORAGE;
	if (!s->anchor->defined)
		return EH_ERR_NOT_FOUND;
	memset(identity->key, 'k', EH_TPM_NAME);
	memset(identity->index, 'i', EH_TPM_NAME);
	memset(identity->counter, 'c', EH_TPM_NAME);
	identity->count = s->anchor->count;
	return EH_OK;
}

/* Crashing in here may be before or after it was counted, too. */
static int
sim_do_raise(void *arg, uint64_t from)
{
	struct sim *s = arg;

	if (!begin(s, SIM_EXTEND) && !s->dying)
		return EH_ERR_STORAGE;
	if (s->anchor->count == from + 1)
		return s->crashed ? EH_ERR_STORAGE : EH_OK;
	if (s->anchor->count != from)
		return EH_DENIED_FAIL_STOPPED;
	s->changed = 1;
	if (!s->crashed || sim_below(&s->random, 2) == 0)
		s->anchor->count++;
	return s->crashed ? EH_ERR_STORAGE : EH_OK;
}

static const struct eh_os table = {
	.open = sim_do_open,
	.create = sim_do_create,
	.close = sim_do_close,
	.size = sim_do_size,
	.read = sim_do_read,
	.write = sim_do_write,
	.sync = sim_do_sync,
	.rename = sim_do_rename,
	.unlink = sim_do_unlink,
	.sync_folder = sim_do_sync_folder,
	.list = sim_do_list,
	.clocks = sim_do_clocks,
	.random = sim_do_random,
	.anchor_define = sim_do_define,
	.anchor_read = sim_do_anchor_read,
	.anchor_extend = sim_do_extend,
	.anchor_identify = sim_do_identify,
	.anchor_raise = sim_do_raise,
};

struct sim *
sim_new(uint64_t seed)
{
	struct sim *s = must(calloc(1, sizeof(*s)));

	s->table = table;
	s->table.arg = s;
	s->random.state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	s->anchor = must(calloc(1, sizeof(*s->anchor)));
	s->anchor->users = 1;
	s->space = UINT64_MAX;
	s->clock.wall = EPOCH;
	sim_boot(s);
	return s;
}

static void
drop_disk(struct sim *s)
{
	for (unsigned i = 0; i < FILES; i++)
		drop_inode(&s->inode[i]);
	s->names = 0;
	s->changes = 0;
}

void
sim_free(struct sim *s)
{
	if (s == NULL)
		return;
	drop_disk(s);
	if (--s->anchor->users == 0)
		free(s->anchor);
	free(s);
}

static void
copy_disk(struct sim *to, const struct sim *from)
{
	drop_disk(to);
	memcpy(to->name, from->name, sizeof(to->name));
	to->names = from->names;
	for (unsigned i = 0; i < FILES; i++) {
		const struct inode *n = &from->inode[i];

		if (n->bytes == NULL)
			continue;
		to->inode[i].bytes = must(malloc(n->cap));
		memcpy(to->inode[i].bytes, n->bytes, n->cap);
		to->inode[i].len = n->len;
		to->inode[i].cap = n->cap;
	}
}

struct sim *
sim_copy(struct sim *from)
{
	struct sim *s = must(malloc(sizeof(*s)));

	*s = *from;
	memset(s->inode, 0, sizeof(s->inode));
	s->table.arg = s;
	s->anchor->users++;
	copy_disk(s, from);
	return s;
}

struct sim *
sim_fork(const struct sim *from, uint64_t seed)
{
	struct sim *s = must(malloc(sizeof(*s)));

	*s = *from;
	memset(s->inode, 0, sizeof(s->inode));
	s->table.arg = s;
	s->look = NULL;
	s->random.state = seed * UINT64_C(0x9e3779b97f4a7c15) + 3;
	s->anchor = must(malloc(sizeof(*s->anchor)));
	*s->anchor = *from->anchor;
	s->anchor->users = 1;
	copy_disk(s, from);
	/* copy_disk() takes the copy for durable. */
	s->changes = from->changes;
	for (unsigned i = 0; i < FILES; i++) {
		const struct inode *n = &from->inode[i];
		size_t size = n->ndirty * sizeof(*n->dirty);

		if (n->ndirty == 0)
			continue;
		s->inode[i].dirty = must(malloc(size));
		memcpy(s->inode[i].dirty, n->dirty, size);
		s->inode[i].ndirty = s->inode[i].capdirty = n->ndirty;
	}
	return s;
}

void
sim_watch(struct sim *s, void (*look)(void *arg, int changed), void *arg)
{
	s->look = look;
	s->look_arg = arg;
	s->changed = 1;
}

void
sim_put_back(struct sim *s, const struct sim *from)
{
	copy_disk(s, from);
}

struct eh_os *
sim_os(struct sim *s)
{
	return &s->table;
}

void
sim_crash_at(struct sim *s, uint64_t n)
{
	s->crash_at = n;
}

int
sim_crashed(const struct sim *s)
{
	return s->crashed;
}

uint64_t
sim_calls(const struct sim *s)
{
	return s->calls;
}

/* The disk keeps the first so many changes of names. */
static void
lose_names(struct sim *s)
{
	unsigned keep = (unsigned)sim_below(&s->random, s->changes + 1);

	while (s->changes > keep) {
		const struct change *c = &s->change[--s->changes];

		s->name[c->place] = c->from;
	}
	s->changes = 0;
}

/* Each unsynced sector is kept, lost, or torn. */
static void
lose_sectors(struct sim *s, struct inode *n)
{
	for (size_t i = 0; i < n->ndirty; i++) {
		uint8_t *sector = n->bytes + n->dirty[i].sector * SECTOR;
		size_t torn;

		switch (sim_below(&s->random, 3)) {
		case 0:
			break;
		case 1:
			memcpy(sector, n->dirty[i].before, SECTOR);
			break;
		default:
			torn = (size_t)sim_below(&s->random, SECTOR);
			memcpy(sector + torn, n->dirty[i].before + torn,
			    SECTOR - torn);
		}
	}
	n->ndirty = 0;
}

void
sim_reboot(struct sim *s)
{
	lose_names(s);
	for (unsigned i = 0; i < FILES; i++)
		lose_sectors(s, &s->inode[i]);
	collect(s);
	sim_kill(s);
}

void
sim_kill(struct sim *s)
{
	s->crashed = 0;
	s->dying = 0;
	s->crash_at = 0;
	s->fail_at = 0;
}

void
sim_boot(struct sim *s)
{
	sim_do_random(s, s->clock.boot_id, EH_ID_LEN);
	s->clock.boottime = UINT64_C(30000000000);
	s->clock.raw = UINT64_C(30000000000);
}

struct eh_clock_reading *
sim_clock(struct sim *s)
{
	return &s->clock;
}

void
sim_pass(struct sim *s, uint64_t seconds)
{
	s->clock.boottime += seconds * UINT64_C(1000000000);
	s->clock.raw += seconds * UINT64_C(1000000000);
	s->clock.wall += seconds;
}

void
sim_fail(struct sim *s, enum sim_call kind, uint64_t n)
{
	s->fail = kind;
	s->fail_at = n;
}

void
sim_space(struct sim *s, uint64_t bytes)
{
	s->space = bytes;
}

void
sim_skip_syncs(struct sim *s, uint64_t n)
{
	s->skip_syncs = n;
}

void
sim_lose_replies(struct sim *s, uint64_t n)
{
	s->lose_replies = n;
}

void
sim_blind_anchor(struct sim *s)
{
	s->anchor->blind = 1;
}

void
sim_clear_anchor(struct sim *s)
{
	memset(s->anchor->value, 0, EH_DIGEST_LEN);
	s->anchor->defined = 0;
}

void
sim_count_starts(struct sim *s, uint64_t n)
{
	s->anchor->count += n;
}

uint8_t *
sim_file(struct sim *s, const char *name, size_t *lenp)
{
	const struct name *n = find(s, name);

	if (n == NULL)
		return NULL;
	*lenp = s->inode[n->inode].len;
	return s->inode[n->inode].bytes;
}

void
sim_resize(struct sim *s, const char *name, size_t len)
{
	struct inode *n = &s->inode[find(s, name)->inode];

	grow(n, len);
	memset(n->bytes + len, 0, n->len - len);
	n->len = len;
}

void
sim_remove(struct sim *s, const char *name)
{
	find(s, name)->inode = -1;
	collect(s);
}

/* FNV-1a over 8 bytes at a time. */
static uint64_t
mix(uint64_t h, const uint8_t *bytes, size_t len)
{
	uint64_t word;

	for (size_t i = 0; i < len; i += 8) {
		word = 0;
		memcpy(&word, bytes + i, len - i < 8 ? len - i : 8);
		h = (h ^ word) * UINT64_C(0x100000001b3);
		h ^= h >> 29;
	}
	return h;
}

uint64_t
sim_print(const struct sim *s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (unsigned i = 0; i < s->names; i++) {
		const struct name *n = &s->name[i];

		if (n->inode < 0)
			continue;
		h ^= mix(mix(UINT64_C(1469598103934665603),
		             (const uint8_t *)n->name, strlen(n->name)),
		    s->inode[n->inode].bytes, s->inode[n->inode].len);
	}
	h = mix(h, s->anchor->value, EH_DIGEST_LEN);
	return mix(h, (const uint8_t *)&s->anchor->count,
	    sizeof(s->anchor->count));
}
