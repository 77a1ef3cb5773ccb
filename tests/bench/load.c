/* SPDX-License-Identifier: ISC */
/* load.c - see load.h: options, processes and results. */
#include "load.h"

#include "connection.h"
#include "message.h"

#include "base/number.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_SESSIONS = 1 << 22, MOST_PROCESSES = 1000 };

/* Between the processes. */
static struct shared {
	atomic_uint_fast64_t next; /* session */
	atomic_uint_fast64_t done;
	atomic_uint_fast64_t messages;
	atomic_uint_fast64_t octets;
	uint32_t greeting[MOST_SESSIONS]; /* microseconds, by session */
	uint32_t whole[MOST_SESSIONS];
} * shared;

struct load load = { .sessions = 1, .concurrency = 1, .seed = 1 };

static const struct load_option common[] = {
	{ "--sessions", .number = &load.sessions, .help = "sessions, at most" },
	{ "--milliseconds", .number = &load.milliseconds, .help = "begin no session later" },
	{ "--concurrency", .number = &load.concurrency, .help = "sessions at a time" },
	{ "--idle", .number = &load.idle,
	  .help = "instead, leave so many idle until standard input ends" },
	{ "--seed", .number = &load.seed, .help = "of messages, names and sizes" },
	{ .name = NULL },
};

static void print_options(const struct load_option *options)
{
	for (; options->name != NULL; options++)
		printf("  %-16s %-5s %s\n", options->name,
		       options->number != NULL ? "N"
		       : options->text != NULL ? "TEXT"
					       : "",
		       options->help);
}

static const struct load_option *find_option(const struct load_option *options, const char *name)
{
	while (options->name != NULL && !span_equal(span_of(options->name), span_of(name)))
		options++;
	return options->name == NULL ? NULL : options;
}

void load_options(int argc, char **argv, const struct load_option *options)
{
	for (int i = 1; i < argc; i++) {
		const struct load_option *option = find_option(common, argv[i]);

		if (option == NULL)
			option = find_option(options, argv[i]);
		if (span_equal(span_of(argv[i]), SPAN("--help"))) {
			printf("Usage: %s [OPTION]... HOST:PORT|unix:PATH\n", argv[0]);
			print_options(common);
			print_options(options);
			exit(0);
		}
		if (option != NULL && option->given != NULL) {
			*option->given = true;
		} else if (option != NULL && i + 1 < argc) {
			i++;
			if (option->text != NULL) {
				*option->text = argv[i];
			} else if (!number_upto(span_of(argv[i]), INT64_MAX, option->number)) {
				fprintf(stderr, "%s: no number: %s\n", option->name, argv[i]);
				exit(2);
			}
		} else if (option == NULL && argv[i][0] != '-' && load.address == NULL) {
			load.address = argv[i];
		} else {
			fprintf(stderr, "%s: what is %s? Try --help.\n", argv[0], argv[i]);
			exit(2);
		}
	}
	if (load.address == NULL || load.concurrency < 1 || load.concurrency > MOST_PROCESSES ||
	    load.idle > MOST_PROCESSES) {
		fprintf(stderr, "%s: an address, and 1 to %d at a time\n", argv[0], MOST_PROCESSES);
		exit(2);
	}
	if (load.sessions > MOST_SESSIONS)
		load.sessions = MOST_SESSIONS;
}

static uint64_t microseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void begin(struct client *client, uint64_t session)
{
	uint64_t state = load.seed + session;

	client_open(client, load.address);
	client->session = session;
	client->random = message_random(&state);
}

/* One of the processes. */
static void work(uint64_t process, void (*greet)(struct client *), void (*rest)(struct client *),
		 uint64_t until)
{
	static struct client client;
	uint64_t session;

	client.turn = process;

	while ((session = atomic_fetch_add(&shared->next, 1)) < load.sessions) {
		uint64_t begun = microseconds();

		if (begun >= until)
			break;
		begin(&client, session);
		greet(&client);
		shared->greeting[session] = (uint32_t)(microseconds() - begun);
		rest(&client);
		client_close(&client);
		client.turn += load.concurrency;
		shared->whole[session] = (uint32_t)(microseconds() - begun);
		atomic_fetch_add(&shared->done, 1);
	}
	atomic_fetch_add(&shared->messages, client.messages);
	atomic_fetch_add(&shared->octets, client.octets);
}

/* Greeted, then silent; the parent's end ends it. */
static int stay_idle(void (*greet)(struct client *))
{
	char byte;

	for (uint64_t i = 0; i < load.idle; i++) {
		static struct client client;

		begin(&client, i);
		greet(&client);
	}
	printf("{\"idle\": %llu}\n", (unsigned long long)load.idle);
	fflush(stdout);
	while (read(0, &byte, 1) > 0) {
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint32_t one = *(const uint32_t *)a;
	uint32_t other = *(const uint32_t *)b;

	return (one > other) - (one < other);
}

/* Times of sessions that were not finished are 0, which sorts first. */
static void print_times(const char *name, uint32_t *times, uint64_t begun, uint64_t done)
{
	qsort(times, begun, sizeof(*times), compare);
	printf(", \"%s_us\": {", name);
	for (unsigned i = 0; i < 4; i++) {
		static const unsigned permille[] = { 500, 900, 990, 1000 };
		uint64_t rank = done == 0 ? 0 : (done * permille[i] + 999) / 1000 - 1;

		printf("%s\"p%u\": %u", i == 0 ? "" : ", ", permille[i] / 10,
		       done == 0 ? 0 : times[begun - done + rank]);
	}
	printf("}");
}

static void print_results(uint64_t took)
{
	uint64_t begun = atomic_load(&shared->next);
	uint64_t done = atomic_load(&shared->done);
	struct rusage usage;

	if (begun > load.sessions)
		begun = load.sessions;
	getrusage(RUSAGE_CHILDREN, &usage);
	printf("{\"sessions\": %llu, \"messages\": %llu, \"octets\": %llu, \"seconds\": %.6f",
	       (unsigned long long)done, (unsigned long long)atomic_load(&shared->messages),
	       (unsigned long long)atomic_load(&shared->octets), (double)took / 1e6);
	printf(", \"cpu_seconds\": %.6f",
	       (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
	print_times("greeting", shared->greeting, begun, done);
	print_times("session", shared->whole, begun, done);
	printf("}\n");
}

int load_run(void (*greet)(struct client *), void (*rest)(struct client *))
{
	uint64_t begun;
	bool failed = false;
	int status;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (shared == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	if (load.idle > 0)
		return stay_idle(greet);
	begun = microseconds();
	for (uint64_t i = 0; i < load.concurrency; i++) {
		pid_t child = fork();

		if (child == 0) {
			work(i, greet, rest,
			     load.milliseconds == 0 ? UINT64_MAX
						    : begun + load.milliseconds * 1000);
			_exit(0);
		}
		failed |= child < 0;
	}
	/* When one fails the others stop at their next session. */
	while (wait(&status) > 0)
		if (status != 0) {
			failed = true;
			atomic_store(&shared->next, load.sessions);
		}
	print_results(microseconds() - begun);
	return failed;
}
