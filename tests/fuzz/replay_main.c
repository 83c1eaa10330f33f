// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Stands in for libFuzzer's driver: runs a target once over every file named, and every file of each
 * directory named, so that `make check` repeats the corpus with any compiler. Prints how many there were;
 * none is a failure.
 */
#include <zebra.h>

#include <dirent.h>

#include "tests/fuzz/fuzz.h"

/* Far over any datagram; a corpus file beyond it is a mistake. */
#define INPUT_MAX (1 << 20)

static int run_file(const char *path)
{
	static uint8_t buf[INPUT_MAX];
	FILE *file = fopen(path, "rb");
	uint8_t *exact;
	size_t size;

	if (!file) {
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
		return -1;
	}
	size = fread(buf, 1, sizeof(buf), file);
	if (ferror(file) || !feof(file)) {
		fprintf(stderr, "%s: cannot be read whole\n", path);
		fclose(file);
		return -1;
	}
	fclose(file);
	exact = malloc(size);
	if (size)
		memcpy(exact, buf, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
	return 1;
}

static int run_dir(DIR *dir, const char *path)
{
	struct dirent *entry;
	int count = 0;

	while ((entry = readdir(dir))) {
		char name[PATH_MAX];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (run_file(name) < 0)
			return -1;
		count++;
	}
	return count;
}

/* How many inputs ran; negative when one could not be read. */
static int run_path(const char *path)
{
	DIR *dir = opendir(path);
	int count;

	if (!dir)
		return run_file(path);
	count = run_dir(dir, path);
	closedir(dir);
	return count;
}

int main(int argc, char **argv)
{
	int total = 0;

	for (int i = 1; i < argc; i++) {
		int count = run_path(argv[i]);

		if (count < 0)
			return 1;
		total += count;
	}
	printf("%s: %d inputs\n", argv[0], total);
	return total ? 0 : 1;
}
