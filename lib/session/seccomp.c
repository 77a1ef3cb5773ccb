/* SPDX-License-Identifier: ISC */
/*
 * seccomp.c - the system calls that a parser may make, and those that a helper adds to them; any
 * other kills the process.
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
static const long allowed[] = {
#ifdef SYS_poll
	SYS_poll,
#endif
	SYS_ppoll,     SYS_read,         SYS_write,           SYS_readv,    SYS_writev,
	SYS_sendmsg,   SYS_recvmsg,      SYS_sendto,          SYS_recvfrom, SYS_getsockopt,
	SYS_pread64,   SYS_lseek,        SYS_close,           SYS_shutdown, SYS_clock_gettime,
	SYS_getrandom, SYS_brk,          SYS_munmap,          SYS_mremap,   SYS_madvise,
	SYS_futex,     SYS_rt_sigreturn, SYS_restart_syscall, SYS_exit,     SYS_exit_group,
};

/* Calls that a helper may add. */
#define MORE_MAX 16

#define COUNT                 (sizeof(allowed) / sizeof(*allowed))
#define FIELD(name)           offsetof(struct seccomp_data, name)
#define LOAD(offset)          BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define SKIP_UNLESS(value, n) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), 0, (n))
#define RETURN(action)        BPF_STMT(BPF_RET | BPF_K, (action))

/* Where the low half of an argument lies in struct seccomp_data. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define LOW_HALF(n) (FIELD(args) + 8 * (n))
#else
#define LOW_HALF(n) (FIELD(args) + 8 * (n) + 4)
#endif

/* The fixed part; the list of allowed calls is appended as pairs of test and return. */
static const struct sock_filter head[] = {
	LOAD(FIELD(arch)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0),
	RETURN(SECCOMP_RET_KILL_PROCESS),
	LOAD(FIELD(nr)),
	/* mmap(2), but never executable; on x86-64 numbers of the x32 ABI match nothing below */
	SKIP_UNLESS(SYS_mmap, 4),
	LOAD(LOW_HALF(2)),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
	RETURN(SECCOMP_RET_KILL_PROCESS),
	RETURN(SECCOMP_RET_ALLOW),
};

#define HEAD (sizeof(head) / sizeof(*head))

bool seccomp_available(void)
{
	uint32_t action = SECCOMP_RET_KILL_PROCESS;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

/* Appends a pair of test and return for each call. */
static size_t allow(struct sock_filter *filter, size_t at, const long *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		filter[at++] = (struct sock_filter)SKIP_UNLESS(calls[i], 1);
		filter[at++] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
	}
	return at;
}

bool seccomp_enter(const long *more, size_t count)
{
	struct sock_filter filter[HEAD + 2 * (COUNT + MORE_MAX) + 1];
	struct sock_fprog program = { 0, filter };
	size_t at;

	if (count > MORE_MAX)
		return false;
	memcpy(filter, head, sizeof(head));
	at = allow(filter, HEAD, allowed, COUNT);
	at = allow(filter, at, more, count);
	filter[at++] = (struct sock_filter)RETURN(SECCOMP_RET_KILL_PROCESS);
	program.len = (unsigned short)at;
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
