/* SPDX-License-Identifier: ISC */
/*
 * sandbox_calls.c - what a process may do once it is in the parser's cage (hardening 83).
 *
 * Every system call number of the machine is tried in a child of its own: those below are the
 * parser's, all others have to kill it.  Beside seccomp, Landlock and the resource limits are tried
 * alone.
 */
#include "session/sandbox.h"

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Beyond the last number that any kernel has so far. */
#define NUMBERS 520
#define X32_BIT 0x40000000L
#define MIB     ((size_t)1 << 20)

static struct sandbox_offer offer;

/* What a parser does all day. Whoever adds to this list has thought about what a captured parser
 * makes of it. */
static const long permitted[] = {
#ifdef SYS_poll
	SYS_poll,
#endif
	SYS_ppoll,         SYS_read,
	SYS_write,         SYS_readv,
	SYS_writev,        SYS_sendmsg,
	SYS_recvmsg,       SYS_sendto,
	SYS_recvfrom,      SYS_getsockopt,
	SYS_pread64,       SYS_lseek,
	SYS_close,         SYS_shutdown,
	SYS_clock_gettime, SYS_getrandom,
	SYS_brk,           SYS_mmap,
	SYS_munmap,        SYS_mremap,
	SYS_madvise,       SYS_futex,
	SYS_exit,          SYS_exit_group,
	SYS_rt_sigreturn,  SYS_restart_syscall,
};

static bool is_permitted(long number)
{
	for (size_t i = 0; i < sizeof(permitted) / sizeof(*permitted); i++) {
		if (permitted[i] == number)
			return true;
	}
	return false;
}

/* Runs `act` in a child and returns how that ended, as waitpid tells it. */
static int in_child(void (*act)(const void *), const void *argument)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		act(argument);
		_exit(0);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	return status;
}

static void enter(void)
{
	if (!sandbox_enter(&offer, false))
		_exit(99);
}

static bool killed_by_cage(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

/* ---- system calls -------------------------------------------------------------------------- */

struct call {
	const char *name;
	long number;
	long arguments[6];
};

static void make_call(const void *argument)
{
	const struct call *call = argument;
	const long *a = call->arguments;

	enter();
	syscall(call->number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

/* Those that an intruder would want, with arguments with which they would succeed. */
static void test_wanted_calls(void)
{
	static char path[] = "/etc/passwd", program[] = "/bin/true";
	static char *arguments[] = { program, NULL };
	static struct sockaddr_in loopback = { .sin_family = AF_INET, .sin_port = 0x1900 };
	static char parameters[256];
	long page =
		(long)mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int connection = socket(AF_INET, SOCK_STREAM, 0);
	const struct call calls[] = {
#ifdef SYS_open
		{ "open", SYS_open, { (long)path, O_RDONLY } },
		{ "fork", SYS_fork, { 0 } },
		{ "vfork", SYS_vfork, { 0 } },
#endif
		{ "openat", SYS_openat, { AT_FDCWD, (long)path, O_RDONLY } },
		{ "unlinkat", SYS_unlinkat, { AT_FDCWD, (long)path, 0 } },
		{ "socket", SYS_socket, { AF_INET, SOCK_STREAM, 0 } },
		{ "connect", SYS_connect, { connection, (long)&loopback, sizeof(loopback) } },
		{ "bind", SYS_bind, { connection, (long)&loopback, sizeof(loopback) } },
		{ "execve", SYS_execve, { (long)program, (long)arguments, 0 } },
		{ "execveat", SYS_execveat, { AT_FDCWD, (long)program, (long)arguments, 0, 0 } },
		{ "clone", SYS_clone, { SIGCHLD } },
		{ "clone3", 435, { (long)parameters, 64 } },
		{ "ptrace", SYS_ptrace, { 16 /* attach */, getpid() } },
		{ "process_vm_readv",
		  SYS_process_vm_readv,
		  { getpid(), (long)parameters, 1, (long)parameters, 1, 0 } },
		{ "kill", SYS_kill, { getpid(), 0 } },
		{ "tgkill", SYS_tgkill, { getpid(), getpid(), 0 } },
		{ "mprotect", SYS_mprotect, { page, 4096, PROT_READ | PROT_EXEC } },
		{ "mmap",
		  SYS_mmap,
		  { 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0 } },
		{ "mmap with high bits",
		  SYS_mmap,
		  { 0, 4096, (long)((uint64_t)1 << 32 | PROT_EXEC), MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0 } },
		{ "memfd_create", SYS_memfd_create, { (long)"x", 0 } },
		{ "io_uring_setup", 425, { 1, (long)parameters } },
		{ "prctl", SYS_prctl, { PR_SET_DUMPABLE, 1 } },
		{ "setrlimit", SYS_prlimit64, { 0, RLIMIT_NOFILE, 0, (long)parameters } },
		{ "setsockopt",
		  SYS_setsockopt,
		  { connection, SOL_SOCKET, SO_REUSEADDR, (long)parameters, 4 } },
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		int status = in_child(make_call, &calls[i]);

		if (!killed_by_cage(status))
			fprintf(stderr, "%s: status %#x\n", calls[i].name, (unsigned)status);
		CHECK(killed_by_cage(status));
	}
	close(connection);
	munmap((void *)page, 4096);
}

/* The kernel's own uretprobe and uprobe pass every filter; outside of a probe they come to nothing.
 */
static bool passes_filters(long number)
{
#ifdef __x86_64__
	return number == 335 || number == 336;
#else
	(void)number;
	return false;
#endif
}

/* Every number, the permitted ones apart. */
static void test_all_numbers(void)
{
	unsigned tried = 0;

	for (long number = 0; number < NUMBERS; number++) {
		const struct call call = { "", number, { 0 } };
		int status;

		if (is_permitted(number) || passes_filters(number))
			continue;
		status = in_child(make_call, &call);
		if (!killed_by_cage(status))
			fprintf(stderr, "system call %ld: status %#x\n", number, (unsigned)status);
		CHECK(killed_by_cage(status));
		tried++;
	}
	CHECK(tried > NUMBERS - 40);
}

#ifdef __x86_64__
static long interrupt(long number)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(0L), "c"(0L), "d"(0L)
			 : "memory");
	return result;
}

static void interrupt_free(const void *number)
{
	interrupt(*(const long *)number);
}

static void interrupt_caged(const void *number)
{
	enter();
	interrupt(*(const long *)number);
}
#endif

/* The doors of other ABIs, where the numbers mean something else. */
static void test_other_abis(void)
{
#ifdef __x86_64__
	/* i386: 3 is read, 5 is open, 20 is getpid; 1 would be write here and is exit there. */
	static const long numbers[] = { 3, 5, 20, 1 };
	/* A kernel without that ABI ends the process by itself. */
	bool there = !WIFSIGNALED(in_child(interrupt_free, &numbers[2]));

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		int status = in_child(interrupt_caged, &numbers[i]);

		CHECK(there ? killed_by_cage(status) : WIFSIGNALED(status));
	}
	for (size_t i = 0; i < sizeof(permitted) / sizeof(*permitted); i++) {
		const struct call call = { "x32", permitted[i] | X32_BIT, { 0 } };

		CHECK(killed_by_cage(in_child(make_call, &call)));
	}
	for (long number = 512; number < 548; number++) {
		const struct call call = { "x32", number | X32_BIT, { 0 } };

		CHECK(killed_by_cage(in_child(make_call, &call)));
	}
#endif
}

/* ---- what still works ---------------------------------------------------------------------- */

static void work(const void *argument)
{
	const int *ends = argument;
	struct pollfd ready = { ends[1], POLLIN, 0 };
	struct msghdr message = { .msg_iov = &(struct iovec){ (char[1]){ 0 }, 1 },
				  .msg_iovlen = 1 };
	struct timespec now;
	char octet = 'x';
	void *memory;

	enter();
	if (write(ends[0], "ab", 2) != 2 || poll(&ready, 1, 1000) != 1 ||
	    read(ends[1], &octet, 1) != 1 || octet != 'a' || recvmsg(ends[1], &message, 0) != 1 ||
	    send(ends[0], "c", 1, MSG_NOSIGNAL) != 1 ||
	    recv(ends[1], &octet, 1, MSG_DONTWAIT) != 1 || octet != 'c')
		_exit(1);
	if (syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now) != 0 ||
	    syscall(SYS_getrandom, &octet, 1, 0) != 1)
		_exit(2);
	memory = mmap(NULL, MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED || memset(memory, 1, MIB) != memory || munmap(memory, MIB) != 0)
		_exit(3);
	if (close(ends[0]) != 0)
		_exit(4);
	_exit(77);
}

static void test_work(void)
{
	int ends[2], status;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	status = in_child(work, ends);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 77);
	close(ends[0]);
	close(ends[1]);
}

/* ---- limits -------------------------------------------------------------------------------- */

static void take_memory(const void *argument)
{
	(void)argument;
	enter();
	_exit(mmap(NULL, 65 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
				      MAP_FAILED &&
			      errno == ENOMEM
		      ? 0
		      : 1);
}

static void write_file(const void *fd)
{
	enter();
	/* SIGXFSZ ends it. */
	_exit(write(*(const int *)fd, "x", 1) == 1 ? 1 : 2);
}

static void write_file_allowed(const void *fd)
{
	if (!sandbox_enter(&offer, true))
		_exit(99);
	_exit(write(*(const int *)fd, "x", 1) == 1 ? 0 : 1);
}

static void test_limits_work(void)
{
	FILE *file = tmpfile();
	int fd = fileno(file), status;
	struct stat stat;

	CHECK(in_child(take_memory, NULL) == 0);
	status = in_child(write_file, &fd);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ);
	CHECK(fstat(fd, &stat) == 0 && stat.st_size == 0);
	CHECK(in_child(write_file_allowed, &fd) == 0);
	CHECK(fstat(fd, &stat) == 0 && stat.st_size == 1);
	fclose(file);
}

static bool limit_is(pid_t pid, int resource, rlim_t wanted)
{
	struct rlimit limit;

	return syscall(SYS_prlimit64, pid, resource, NULL, &limit) == 0 &&
	       limit.rlim_cur == wanted && limit.rlim_max == wanted;
}

/* True when /proc/PID/status has the line. */
static bool status_says(pid_t pid, const char *wanted)
{
	char path[32], line[256];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "r");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		found |= strcmp(line, wanted) == 0;
	if (file != NULL)
		fclose(file);
	return found;
}

static void wait_caged(const void *argument)
{
	const int *ends = argument;
	char octet;

	close(ends[0]);
	enter();
	if (write(ends[1], "x", 1) == 1)
		_exit(read(ends[1], &octet, 1) == 0 ? 0 : 1);
}

/* As the kernel sees a process in the cage. */
static void test_limits_set(void)
{
	int ends[2], status;
	char octet;
	pid_t pid;

	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	pid = fork();
	if (pid == 0) {
		wait_caged(ends);
		_exit(2);
	}
	close(ends[1]);
	CHECK(read(ends[0], &octet, 1) == 1);
	CHECK(limit_is(pid, RLIMIT_NPROC, 0));
	CHECK(limit_is(pid, RLIMIT_FSIZE, 0));
	CHECK(limit_is(pid, RLIMIT_CORE, 0));
	CHECK(limit_is(pid, RLIMIT_NOFILE, 40));
	CHECK(limit_is(pid, RLIMIT_AS, 64 * MIB));
	CHECK(status_says(pid, "NoNewPrivs:\t1\n"));
	CHECK(status_says(pid, offer.seccomp ? "Seccomp:\t2\n" : "Seccomp:\t0\n"));
	close(ends[0]);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

/* ---- one mechanism alone ------------------------------------------------------------------- */

static void without_seccomp(const void *argument)
{
	(void)argument;
	offer.seccomp = false;
	enter();
	if (prctl(PR_GET_DUMPABLE) != 0 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		_exit(1);
	if (offer.landlock > 0 && (open("/etc/passwd", O_RDONLY) >= 0 || errno != EACCES ||
				   open("/tmp", O_TMPFILE | O_RDWR, 0600) >= 0 || errno != EACCES))
		_exit(2);
	if (offer.landlock >= 4) {
		struct sockaddr_in nowhere = { .sin_family = AF_INET, .sin_port = 0x1900 };
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (connect(fd, (struct sockaddr *)&nowhere, sizeof(nowhere)) == 0 ||
		    errno != EACCES)
			_exit(3);
	}
	if (offer.landlock >= 6 && (kill(getppid(), 0) == 0 || errno != EPERM))
		_exit(4);
}

static void test_words(void)
{
	const struct sandbox_offer all = { true, 6 }, none = { false, 0 };
	const struct sandbox_offer no_landlock = { true, 0 }, no_seccomp = { false, 6 };

	CHECK(sandbox_lacks(&all) == NULL);
	CHECK(strcmp(sandbox_lacks(&none), "seccomp and Landlock") == 0);
	CHECK(strcmp(sandbox_lacks(&no_landlock), "Landlock") == 0);
	CHECK(strcmp(sandbox_lacks(&no_seccomp), "seccomp") == 0);
}

int main(void)
{
	const char *lacks;

	offer = sandbox_probe();
	lacks = sandbox_lacks(&offer);
	if (lacks != NULL && strncmp(lacks, "everything", 10) == 0) {
		/* A sanitizer build has no cage: it must not claim one. */
		CHECK(!offer.seccomp && offer.landlock == 0);
		return check_report();
	}
	test_words();
	test_limits_set();
	test_limits_work();
	test_work();
	if (offer.seccomp) {
		test_wanted_calls();
		test_all_numbers();
		test_other_abis();
	}
	CHECK(in_child(without_seccomp, NULL) == 0);
	if (lacks != NULL)
		printf("ok 1 - what there is of the cage # SKIP kernel lacks %s\n", lacks);
	return check_report();
}
