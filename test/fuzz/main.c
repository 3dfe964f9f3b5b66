/* SPDX-License-Identifier: Apache-2.0 */
/* main.c - a fuzz target without a fuzzer: its corpus (test/fuzz/corpus/NAME
 * for fuzz_NAME), or the files and folders that are given, each also cut at
 * every byte and with every bit turned. */
#include "config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/buf.h"
#include "common/file.h"
#include "test/fuzz/fuzz.h"

#define FILE_MAX 1048576

/* Above this a file is fed as it is only: "make check" shall stay short. */
#define MUTATE_MAX 2048

static unsigned points, failures;

/* One line of TAP. */
static void
tell(int is_ok, const char *what)
{
	points++;
	failures += !is_ok;
	printf("%sok %u - %s\n", is_ok ? "" : "not ", points, what);
}

/* Feed ${len} bytes from memory of exactly that size, so that a sanitizer sees
 * the first byte that is read behind them. */
static void
feed(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	fuzz_must(copy != NULL, "there is memory");
	if (len > 0)
		memcpy(copy, bytes, len);
	LLVMFuzzerTestOneInput(copy, len);
	free(copy);
}

static void
feed_mutants(uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		feed(bytes, i);
	for (size_t i = 0; i < 8 * len; i++) {
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
		feed(bytes, len);
		bytes[i / 8] ^= (uint8_t)(1 << i % 8);
	}
}

static void
feed_file(const char *path)
{
	struct eh_error error;
	struct eh_buf b;

	if (eh_file_read(path, FILE_MAX, &b, &error) != EH_OK) {
		tell(0, eh_error_sentence(&error));
		return;
	}
	feed(b.data, b.len);
	if (b.len <= MUTATE_MAX)
		feed_mutants(b.data, b.len);
	eh_buf_free(&b);
	tell(1, path);
}

static void
feed_folder(const char *path)
{
	struct dirent **names;
	char file[4096];
	int n;

	if ((n = scandir(path, &names, NULL, alphasort)) < 0) {
		tell(0, path);
		return;
	}
	for (int i = 0; i < n; i++) {
		snprintf(file, sizeof(file), "%s/%s", path, names[i]->d_name);
		if (names[i]->d_name[0] != '.')
			feed_file(file);
		free(names[i]);
	}
	free(names);
}

static void
feed_path(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		feed_folder(path);
	else
		feed_file(path);
}

/* The corpus of a program named .../fuzz_NAME. */
static void
feed_corpus(const char *program)
{
	const char *top = getenv("EH_SRCDIR"), *name = program, *next;
	char corpus[4096];

	while ((next = strstr(name, "fuzz_")) != NULL)
		name = next + strlen("fuzz_");
	snprintf(corpus, sizeof(corpus), "%s/test/fuzz/corpus/%s",
	    top != NULL ? top : ".", name);
	feed_path(corpus);
}

int
main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++)
		feed_path(argv[i]);
	if (argc == 1)
		feed_corpus(argv[0]);
	if (points == 0)
		tell(0, "nothing was fed");
	printf("1..%u\n", points);
	return failures > 0;
}
