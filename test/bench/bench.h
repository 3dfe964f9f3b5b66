/* SPDX-License-Identifier: Apache-2.0 */
/* bench.h - what the files of edgebench share: its options, and giving up. */
#ifndef EH_TEST_BENCH_BENCH_H
#define EH_TEST_BENCH_BENCH_H

/* Where the measured programs are, and how long to measure. */
struct bench_options {
	const char *daemon;	/* edgehsmd */
	const char *module;	/* edgehsm-pkcs11.so */
	const char *provider;	/* edgehsm.so */
	const char *softhsm;	/* libsofthsm2.so */
	const char *openssl;	/* the command */
	const char *verify;	/* backend.verify of edgehsmd */
	const char *folder;	/* the state is made below it */
	const char *commit;	/* of the source, for the lines */
	unsigned rounds;
	double window;		/* seconds */
	int keep;		/* 1: leave the state behind */
};

/* Say what is wrong and exit with status 1; what was started is ended, what was
 * made is removed. */
void bench_die(const char *format, ...)
    __attribute__((noreturn, format(printf, 1, 2)));

/* Say what is wrong and return -1: for the threads that measure. */
int bench_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Was the program asked to end? */
int bench_stopped(void);

#endif
