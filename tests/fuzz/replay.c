/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main() of a fuzz target without a fuzzer: runs every file of the named
 * corpus directories (or files), and of each small one every truncation and
 * every byte altered, so that `make check` asks more than what is committed.
 * Inputs are copied into memory of exactly their size.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_MAX (1 << 20)
#define VARY_MAX  4096 /* bytes of an input that is also varied */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static unsigned long input_cnt;

static void
run(const uint8_t *data, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);

	if (!copy)
		abort();
	if (len > 0)
		memcpy(copy, data, len);
	(void)LLVMFuzzerTestOneInput(copy, len);
	free(copy);
	input_cnt++;
}

static void
run_varied(uint8_t *data, size_t len)
{
	static const uint8_t masks[] = {0x01, 0x80, 0xff};

	run(data, len);
	if (len > VARY_MAX)
		return;
	for (size_t cut = 0; cut < len; cut++)
		run(data, cut);
	for (size_t i = 0; i < len; i++)
		for (size_t k = 0; k < sizeof masks; k++) {
			data[i] ^= masks[k];
			run(data, len);
			data[i] ^= masks[k];
		}
}

static bool
run_file(const char *path)
{
	static uint8_t data[INPUT_MAX];
	FILE *f = fopen(path, "rb");
	size_t len;
	bool good;

	if (!f) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return false;
	}
	len = fread(data, 1, sizeof data, f);
	good = !ferror(f);
	fclose(f);
	if (good)
		run_varied(data, len);
	else
		fprintf(stderr, "%s: cannot be read\n", path);
	return good;
}

static bool
run_directory(const char *path)
{
	struct dirent **names;
	int cnt = scandir(path, &names, NULL, alphasort);
	bool good = cnt >= 0;
	unsigned files = 0;

	for (int i = 0; i < cnt; i++) {
		char file[4096];

		snprintf(file, sizeof file, "%s/%s", path, names[i]->d_name);
		if (names[i]->d_name[0] != '.') {
			good = run_file(file) && good;
			files++;
		}
		free(names[i]);
	}
	if (cnt >= 0)
		free(names);
	/* An empty corpus proves nothing, so it is a fault. */
	if (files == 0)
		fprintf(stderr, "%s: no inputs\n", path);
	return good && files > 0;
}

int
main(int argc, char **argv)
{
	bool good = argc > 1;

	for (int i = 1; i < argc; i++) {
		struct stat st;

		if (stat(argv[i], &st) == 0 && S_ISREG(st.st_mode))
			good = run_file(argv[i]) && good;
		else
			good = run_directory(argv[i]) && good;
	}
	printf("%s: %lu inputs\n", argc > 1 ? argv[1] : "usage: CORPUS...",
	    input_cnt);
	return good ? 0 : 1;
}
