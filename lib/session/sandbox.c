/* SPDX-License-Identifier: ISC */
/* sandbox.c - the cage of the process that reads bytes of the network. */
#include "session/sandbox.h"

#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* Sanitizers need system calls and address space that the cage denies. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

#define ADDRESS_SPACE ((rlim_t)64 << 20)
#define DESCRIPTORS   40

struct sandbox_offer sandbox_probe(void)
{
	if (SANITIZED)
		return (struct sandbox_offer){ false, 0 };
	return (struct sandbox_offer){ seccomp_available(), landlock_abi() };
}

const char *sandbox_lacks(const struct sandbox_offer *offer)
{
	if (SANITIZED)
		return "everything: this is a sanitizer build";
	if (!offer->seccomp)
		return offer->landlock == 0 ? "seccomp and Landlock" : "seccomp";
	return offer->landlock == 0 ? "Landlock" : NULL;
}

/* The limit that is in force is kept where it is lower: only root may raise one. */
static struct rlimit *lower(struct rlimit *limit, rlim_t most)
{
	limit->rlim_max = limit->rlim_max < most ? limit->rlim_max : most;
	limit->rlim_cur = limit->rlim_max;
	return limit;
}

/* Macros, since C libraries differ in the type of the resource. */
#define LIMIT(resource, most) \
	(getrlimit(resource, &now) == 0 && setrlimit(resource, lower(&now, most)) == 0)
#define FORBID(resource) (setrlimit(resource, &none) == 0)

bool sandbox_enter(const struct sandbox_offer *offer, bool writes_files)
{
	return sandbox_enter_with(offer, writes_files, NULL, 0);
}

bool sandbox_enter_with(const struct sandbox_offer *offer, bool writes_files, const long *more,
			size_t count)
{
	const struct rlimit none = { 0, 0 };
	struct rlimit now;

	if (SANITIZED)
		return true;
	if (!FORBID(RLIMIT_NPROC) || (!writes_files && !FORBID(RLIMIT_FSIZE)) ||
	    !FORBID(RLIMIT_CORE) || !LIMIT(RLIMIT_NOFILE, DESCRIPTORS) ||
	    !LIMIT(RLIMIT_AS, ADDRESS_SPACE) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return false;
	if (offer->landlock > 0 && !landlock_enter(offer->landlock))
		return false;
	return !offer->seccomp || seccomp_enter(more, count);
}
