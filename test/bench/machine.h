/* SPDX-License-Identifier: Apache-2.0 */
/* machine.h - what /proc says of the machine and of a process. */
#ifndef EH_TEST_BENCH_MACHINE_H
#define EH_TEST_BENCH_MACHINE_H

#include <sys/types.h>

/* CPU time of the whole machine since it booted, in seconds. */
struct machine_time {
	double busy;		/* in programs and for them, all processors */
	double steal;		/* that the hypervisor gave to others */
};

/* Read them; zeros when /proc does not tell. */
void machine_time(struct machine_time *);

/* The load average of the last minute. */
double machine_load(void);

unsigned machine_processors(void);

/* CPU seconds of the process ${pid}; 0 when it is gone. */
double machine_cpu(pid_t pid);

/* Its resident memory in KiB, and its write calls so far; -1 when unknown. */
long machine_rss_kb(pid_t pid);
long machine_writes(pid_t pid);

/* The name of the file system that holds ${folder} ("ext4"). */
const char *machine_filesystem(const char *folder);

/* F0: the median of 100 writes of 512 octets into a file of zeros in ${folder},
 * each with fdatasync(); in us. */
double machine_sync_us(const char *folder);

/*
 * Make a file of ${size} zeros in ${folder}, durable, and open it: what a
 * journal appends to.  The name is gone when it returns.  Exits on failure.
 */
int machine_zeroed_file(const char *folder, size_t size);

#endif
