/* SPDX-License-Identifier: Apache-2.0 */
/* refusal.c - what was refused, to whom and why: a bounded log for people. */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "quota-engine/refusal.h"

#define NAME	 "refusals.log"
#define OLD_NAME "refusals.log.1"

static int
open_log(int folder)
{
	if (folder < 0)
		return -1;
	return openat(folder, NAME,
	    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

void
eh_refusal_open(struct eh_refusal *r, const char *folder)
{
	memset(r, 0, sizeof(*r));
	pthread_mutex_init(&r->lock, NULL);
	r->folder = folder == NULL
	    ? -1
	    : open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r->fd = open_log(r->folder);
}

void
eh_refusal_close(struct eh_refusal *r)
{
	if (r->fd >= 0)
		close(r->fd);
	if (r->folder >= 0)
		close(r->folder);
	r->fd = r->folder = -1;
	pthread_mutex_destroy(&r->lock);
}

static void
turn_over(struct eh_refusal *r, size_t more)
{
	struct stat st;

	if (r->fd < 0 || fstat(r->fd, &st) != 0 ||
	    st.st_size + (off_t)more <= EH_REFUSAL_MAX)
		return;
	close(r->fd);
	r->fd = -1;
	if (renameat(r->folder, NAME, r->folder, OLD_NAME) == 0)
		r->fd = open_log(r->folder);
}

void
eh_refusal_add(struct eh_refusal *r, uint64_t now, uid_t uid, pid_t pid,
    const char *request, const struct eh_error *error)
{
	char when[EH_CLOCK_TEXT_SIZE], line[EH_ERROR_TEXT + 160];
	ssize_t written;
	int len;

	if (eh_clock_format(now, when) != EH_OK)
		snprintf(when, sizeof(when), "-");
	len = snprintf(line, sizeof(line), "%s uid %u pid %d %s %s: %s\n",
	    when, (unsigned)uid, (int)pid, request, eh_err_name(error->code),
	    eh_error_sentence(error));
	pthread_mutex_lock(&r->lock);
	r->count++;
	snprintf(r->last, sizeof(r->last), "%s %s: %s", when, request,
	    eh_error_sentence(error));
	if (len > 0 && (size_t)len < sizeof(line)) {
		turn_over(r, (size_t)len);
		written = r->fd < 0 ? -1 : write(r->fd, line, (size_t)len);
		/* A log that cannot be written must not stop the refusal. */
		(void)written;
	}
	pthread_mutex_unlock(&r->lock);
}

uint64_t
eh_refusal_count(struct eh_refusal *r)
{
	uint64_t count;

	pthread_mutex_lock(&r->lock);
	count = r->count;
	pthread_mutex_unlock(&r->lock);
	return count;
}

void
eh_refusal_last(struct eh_refusal *r, char text[EH_REFUSAL_TEXT])
{
	pthread_mutex_lock(&r->lock);
	memcpy(text, r->last, EH_REFUSAL_TEXT);
	pthread_mutex_unlock(&r->lock);
}
