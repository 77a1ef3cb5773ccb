/* SPDX-License-Identifier: ISC */
/*
 * seccomp.c - the system calls that a parser may make; any other kills the process.
 *
 * The filter is written by hand: a library would be linked into the parser, and takes
 * twice as long to load the same list.
 */
#include "session/sandbox.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#elif defined(__i386__)
#define ARCH AUDIT_ARCH_I386
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCH AUDIT_ARCH_RISCV64
#endif

#ifndef SECCOMP_RET_KILL_PROCESS
#define SECCOMP_RET_KILL_PROCESS 0x80000000U
#endif

#ifdef ARCH

/* Reads and writes on what it holds, time, memory that is not executable, and its end. */
static const uint16_t allowed[] = {
#ifdef SYS_poll
	SYS_poll,
#endif
	SYS_ppoll,     SYS_read,         SYS_write,           SYS_readv,    SYS_writev,
	SYS_sendmsg,   SYS_recvmsg,      SYS_sendto,          SYS_recvfrom, SYS_getsockopt,
	SYS_pread64,   SYS_lseek,        SYS_close,           SYS_shutdown, SYS_clock_gettime,
	SYS_getrandom, SYS_brk,          SYS_munmap,          SYS_mremap,   SYS_madvise,
	SYS_futex,     SYS_rt_sigreturn, SYS_restart_syscall, SYS_exit,     SYS_exit_group,
	SYS_mmap,
};

/* Calls that a helper may add. */
#define MORE_MAX 16

#define COUNT               (sizeof(allowed) / sizeof(*allowed))
#define FIELD(name)         offsetof(struct seccomp_data, name)
#define LOAD(offset)        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define TEST(test, k, y, n) BPF_JUMP(BPF_JMP | (test) | BPF_K, (k), (y), (n))
#define RETURN(action)      BPF_STMT(BPF_RET | BPF_K, (action))

/* Where the low half of an argument lies in struct seccomp_data. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LOW_HALF(n) (FIELD(args) + 8 * (n))
#else
#define LOW_HALF(n) (FIELD(args) + 8 * (n) + 4)
#endif

/*
 * The program: the head, a search tree of the allowed calls, and the tail.  A tree, since the
 * kernel tries every call there is against the program when it is loaded.  On x86-64 numbers of the
 * x32 ABI are none of the tree's.
 */
static const struct sock_filter head[] = {
	LOAD(FIELD(arch)),
	TEST(BPF_JEQ, ARCH, 1, 0),
	RETURN(SECCOMP_RET_KILL_PROCESS),
	LOAD(FIELD(nr)),
};

/* Memory may be mapped, but never executable. */
static const struct sock_filter tail[] = {
	LOAD(LOW_HALF(2)),
	TEST(BPF_JSET, PROT_EXEC, 1, 0),
	RETURN(SECCOMP_RET_ALLOW),
	RETURN(SECCOMP_RET_KILL_PROCESS),
};

/* What is found in the tree goes on in the tail, or at its end but one. */
#define LENGTH(program) (sizeof(program) / sizeof(*(program)))
#define TREE(count)     (2 * (count)-1)
#define LENGTH_MAX      (LENGTH(head) + TREE(COUNT + MORE_MAX) + LENGTH(tail))

/* Offsets of jumps are octets. */
_Static_assert(LENGTH_MAX < 256, "the program may be too long");

static void insert(uint16_t *numbers, size_t count, long number)
{
	for (; count > 0 && numbers[count - 1] > number; count--)
		numbers[count] = numbers[count - 1];
	numbers[count] = (uint16_t)number;
}

/* Plants the tree of `count` numbers, in order, at `at`, with the tail at `end`. Returns where it
 * ends. */
static size_t plant(struct sock_filter *program, size_t at, size_t end, const uint16_t *numbers,
		    size_t count)
{
	size_t half = count / 2, right;

	if (count == 1) {
		size_t found = numbers[0] == SYS_mmap ? end : end + LENGTH(tail) - 2;

		program[at] =
			(struct sock_filter)TEST(BPF_JEQ, numbers[0], (uint8_t)(found - at - 1),
						 (uint8_t)(end + LENGTH(tail) - 1 - at - 1));
		return at + 1;
	}
	right = plant(program, at + 1, end, numbers, half);
	program[at] =
		(struct sock_filter)TEST(BPF_JGE, numbers[half], (uint8_t)(right - at - 1), 0);
	return plant(program, right, end, numbers + half, count - half);
}

bool seccomp_available(void)
{
	uint32_t action = SECCOMP_RET_KILL_PROCESS;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

bool seccomp_enter(const long *more, size_t count)
{
	uint16_t numbers[COUNT + MORE_MAX];
	struct sock_filter filter[LENGTH_MAX];
	struct sock_fprog program = { 0, filter };
	size_t end = LENGTH(head) + TREE(COUNT + count);

	if (count > MORE_MAX)
		return false;
	for (size_t i = 0; i < COUNT; i++)
		insert(numbers, i, allowed[i]);
	for (size_t i = 0; i < count; i++)
		insert(numbers, COUNT + i, more[i]);
	memcpy(filter, head, sizeof(head));
	plant(filter, LENGTH(head), end, numbers, COUNT + count);
	memcpy(filter + end, tail, sizeof(tail));
	program.len = (unsigned short)(end + LENGTH(tail));
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

#else /* an architecture whose numbers nobody has checked */

bool seccomp_available(void)
{
	return false;
}

bool seccomp_enter(const long *more, size_t count)
{
	(void)more, (void)count;
	errno = ENOSYS;
	return false;
}

#endif
