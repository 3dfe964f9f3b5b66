/* SPDX-License-Identifier: Apache-2.0 */
/* machine.c - what /proc says of the machine and of a process. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/file.h"
#include "test/bench/bench.h"
#include "test/bench/machine.h"

void
machine_time(struct machine_time *t)
{
	double hertz = (double)sysconf(_SC_CLK_TCK);
	unsigned long user, nice, sys, idle, iowait, irq, softirq, steal;
	FILE *f = fopen("/proc/stat", "r");

	t->busy = t->steal = 0;
	if (f == NULL)
		return;
	if (fscanf(f, "cpu %lu %lu %lu %lu %lu %lu %lu %lu", &user, &nice,
		&sys, &idle, &iowait, &irq, &softirq, &steal) == 8) {
		t->busy = (double)(user + nice + sys) / hertz;
		t->steal = (double)steal / hertz;
	}
	fclose(f);
}

double
machine_load(void)
{
	double load = 0;

	return getloadavg(&load, 1) == 1 ? load : 0;
}

unsigned
machine_processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n > 0 ? (unsigned)n : 1;
}

double
machine_cpu(pid_t pid)
{
	struct timespec t;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) != 0 ||
	    clock_gettime(clock, &t) != 0)
		return 0;
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The number behind "NAME:" in /proc/PID/FILE, or -1. */
static long
field(pid_t pid, const char *file, const char *name)
{
	char path[64], line[256];
	size_t len = strlen(name);
	long value = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, file);
	if ((f = fopen(path, "r")) == NULL)
		return -1;
	while (value < 0 && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, name, len) == 0 && line[len] == ':')
			value = strtol(line + len + 1, NULL, 10);
	fclose(f);
	return value;
}

long
machine_rss_kb(pid_t pid)
{
	return field(pid, "status", "VmRSS");
}

long
machine_writes(pid_t pid)
{
	return field(pid, "io", "syscw");
}

/* mountinfo: "36 35 98:0 /root /mount options - TYPE source options". */
const char *
machine_filesystem(const char *folder)
{
	static char type[32];
	char line[1024], *dash;
	unsigned major_, minor_;
	struct stat st;
	FILE *f;

	strcpy(type, "unknown");
	if (stat(folder, &st) != 0 ||
	    (f = fopen("/proc/self/mountinfo", "r")) == NULL)
		return type;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%*u %*u %u:%u", &major_, &minor_) == 2 &&
		    major_ == major(st.st_dev) && minor_ == minor(st.st_dev) &&
		    (dash = strstr(line, " - ")) != NULL &&
		    sscanf(dash, " - %31s", type) == 1)
			break;
	fclose(f);
	return type;
}

int
machine_zeroed_file(const char *folder, size_t size)
{
	char path[512];
	uint8_t *zeros;
	int fd;

	snprintf(path, sizeof(path), "%s/zeros.XXXXXX", folder);
	if ((fd = mkstemp(path)) < 0)
		bench_die("%s: %s", path, strerror(errno));
	unlink(path);
	if ((zeros = calloc(1, size)) == NULL ||
	    eh_file_pwrite(fd, zeros, size, 0) != EH_OK || fsync(fd) != 0)
		bench_die("%s: %zu octets cannot be written: %s", path, size,
		    strerror(errno));
	free(zeros);
	return fd;
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
machine_sync_us(const char *folder)
{
	enum { TIMES = 100, LENGTH = 512 };
	uint8_t bytes[LENGTH];
	double us[TIMES];
	int fd = machine_zeroed_file(folder, (size_t)TIMES * LENGTH);

	memset(bytes, 0xa5, sizeof(bytes));
	for (unsigned i = 0; i < TIMES; i++) {
		uint64_t start = eh_clock_monotonic_ns();

		if (eh_file_pwrite(fd, bytes, LENGTH, i * LENGTH) != EH_OK ||
		    fdatasync(fd) != 0)
			bench_die("%s: %s", folder, strerror(errno));
		us[i] = (double)(eh_clock_monotonic_ns() - start) / 1000;
	}
	close(fd);
	qsort(us, TIMES, sizeof(us[0]), by_size);
	return us[TIMES / 2];
}
