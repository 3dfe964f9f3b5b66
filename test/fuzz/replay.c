/* SPDX-License-Identifier: Apache-2.0 */
/* replay.c - a fuzz target without a fuzzer: its corpus, cut at every byte and
 * with every bit flipped, in make check.
 *
 * fuzz_wire reads corpus/wire; with arguments, those files as they are, so that
 * a crash that a fuzzer found can be looked at. */
#include "config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test/fuzz/fuzz.h"

#define MOST 65536

static uint8_t bytes[MOST];

static size_t
read_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	size_t len;

	if (f == NULL) {
		printf("Bail out! cannot read %s\n", path);
		exit(1);
	}
	len = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	return len;
}

static void
try_file(const char *path)
{
	size_t len = read_file(path);

	LLVMFuzzerTestOneInput(bytes, len);
	for (size_t n = 0; n < len; n++)
		LLVMFuzzerTestOneInput(bytes, n);
	for (size_t bit = 0; bit < 8 * len && bit < 8192; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		LLVMFuzzerTestOneInput(bytes, len);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

/* The folder of the program that runs: .../fuzz_wire (libtool may put "lt-" in
 * front) reads corpus/wire. */
static void
corpus_folder(char *out, size_t cap, const char *program)
{
	const char *name = strstr(program, "fuzz_"), *next;
	const char *top = getenv("EH_SRCDIR");

	while (name != NULL && (next = strstr(name + 1, "fuzz_")) != NULL)
		name = next;
	snprintf(out, cap, "%s/test/fuzz/corpus/%s", top != NULL ? top : ".",
	    name != NULL ? name + strlen("fuzz_") : "none");
}

int
main(int argc, char **argv)
{
	char folder[2048], path[4096];
	struct dirent *entry;
	unsigned n = 0;
	DIR *dir;

	for (int i = 1; i < argc; i++)
		LLVMFuzzerTestOneInput(bytes, read_file(argv[i]));
	if (argc > 1)
		return 0;
	corpus_folder(folder, sizeof(folder), argv[0]);
	if ((dir = opendir(folder)) == NULL) {
		printf("Bail out! no corpus at %s\n", folder);
		return 1;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		try_file(path);
		printf("ok %u - %s\n", ++n, entry->d_name);
	}
	closedir(dir);
	printf("1..%u\n", n);
	return n > 0 ? 0 : 1;
}
