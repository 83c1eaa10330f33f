// SPDX-License-Identifier: GPL-2.0-or-later
/* The simulators' command line and failures, see sim_run.h. */
#include <zebra.h>

#include <sys/wait.h>

#include "lib/printfrr.h"

#include "bgpvpnd/crypto/crypto.h"
#include "tests/sim/sim_run.h"
#include "tests/sim/sim_story.h"

#if defined(__SANITIZE_ADDRESS__)
#define SLOW 10
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SLOW 10
#endif
#endif
#ifndef SLOW
#define SLOW 1
#endif

uint64_t sim_seed;
uint64_t sim_without;
bool sim_verbose;

static const struct sim_run *running; /* NULL: a failure is only said */
static bool plain;

/*
 * --- failing
 * ------------------------------------------------------------------------------------------------
 */

static void without_names(uint64_t without, char *buf, size_t len)
{
	buf[0] = '\0';
	for (unsigned int i = 0; sim_draws[i].name; i++) {
		if (!(without >> i & 1))
			continue;
		if (buf[0])
			strlcat(buf, ",", len);
		strlcat(buf, sim_draws[i].name, len);
	}
}

/* This program again, with one seed. */
static void replay(uint64_t without, const char *how)
{
	char seed[32], names[512];
	char *args[] = {"sim", "--seed", seed, (char *)how, "--without", names, NULL};

	snprintf(seed, sizeof(seed), "%" PRIu64, sim_seed);
	without_names(without, names, sizeof(names));
	execv("/proc/self/exe", args);
	_exit(127);
}

static bool still_fails(uint64_t without)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		if (!freopen("/dev/null", "w", stderr) || !freopen("/dev/null", "w", stdout))
			_exit(0);
		replay(without, "--plain");
	}
	return child > 0 && waitpid(child, &status, 0) == child && status != 0;
}

/* Leaves out what can be left out, one row after the other. */
static uint64_t shrink(uint64_t without)
{
	uint64_t drawn = running->drawn ? running->drawn() : 0;

	for (unsigned int i = 0; sim_draws[i].name; i++)
		if (drawn >> i & 1 && still_fails(without | UINT64_C(1) << i))
			without |= UINT64_C(1) << i;
	return without;
}

static void failed(const char *words)
{
	uint64_t without;
	char names[512];

	fflush(stdout);
	fprintf(stderr, "%s %" PRIu64 ": %s\n", running ? running->noun : "seed", sim_seed, words);
	if (!running || plain || sim_verbose)
		_exit(1);
	without = shrink(sim_without);
	without_names(without, names, sizeof(names));
	fprintf(stderr, "play it again with: tests/sim/run %s --seed %" PRIu64 "%s%s --verbose\n",
		running->name, sim_seed, names[0] ? " --without " : "", names);
	replay(without, "--verbose");
}

void sim_fail(const char *format, ...)
{
	va_list args;
	char words[512];

	va_start(args, format);
	vsnprintfrr(words, sizeof(words), format, args);
	va_end(args);
	failed(words);
	_exit(1);
}

/* An assertion of the engine: no better time to know the seed. */
static void crashed(int signal)
{
	failed(signal == SIGABRT ? "abort()" : "crashed");
}

/*
 * --- running
 * ------------------------------------------------------------------------------------------------
 */

static bool add_without(const char *names)
{
	char copy[512], *rest = copy, *name;

	strlcpy(copy, names, sizeof(copy));
	while ((name = strsep(&rest, ","))) {
		unsigned int i = 0;

		if (!name[0])
			continue;
		while (sim_draws[i].name && strcmp(sim_draws[i].name, name) != 0)
			i++;
		if (!sim_draws[i].name)
			return false;
		sim_without |= UINT64_C(1) << i;
	}
	return true;
}

struct range {
	uint64_t first, num, step;
};

static bool parse(struct range *range, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(argv[i], "--verbose") == 0) {
			sim_verbose = true;
			continue;
		}
		if (strcmp(argv[i], "--plain") == 0) {
			plain = true;
			continue;
		}
		if (!value)
			return false;
		i++;
		if (strcmp(argv[i - 1], "--seeds") == 0)
			*range = (struct range){range->first, strtoull(value, NULL, 10), 1};
		else if (strcmp(argv[i - 1], "--first") == 0)
			range->first = strtoull(value, NULL, 10);
		else if (strcmp(argv[i - 1], "--seed") == 0)
			*range = (struct range){strtoull(value, NULL, 10), 1, 1};
		else if (strcmp(argv[i - 1], "--without") != 0 || !add_without(value))
			return false;
	}
	return true;
}

int sim_run(const struct sim_run *run, int argc, char **argv)
{
	struct range range = {1, run->seeds / SLOW, SLOW};

	if (!parse(&range, argc, argv)) {
		fprintf(stderr,
			"usage: %s [--seeds N] [--first N] [--seed N] [--without DRAW,...] [--verbose] [--plain]\n",
			argv[0]);
		return 2;
	}
	if (crypto_init() != 0)
		return 77;
	running = run;
	signal(SIGABRT, crashed);
	if (SLOW == 1)
		signal(SIGSEGV, crashed);
	for (uint64_t i = 0; i < range.num; i++) {
		sim_seed = range.first + i * range.step;
		sim_random_seed(sim_seed);
		run->one(sim_seed);
	}
	running = NULL;
	crypto_fini();
	printf("%" PRIu64 " %ss from %" PRIu64 ": ok\n", range.num, run->noun, range.first);
	return 0;
}
