/* SPDX-License-Identifier: ISC */
/*
 * job.h - one event being answered by a program.
 *
 * A job is a state machine over poll(2): its owner collects descriptors from all jobs that
 * run, polls them with everything else it waits for, and lets each job work.  Two
 * kinds of program run jobs: a file executed per event (hook.h) and a co-process (serve.h).
 */
#ifndef MAILSESSION_JOB_H
#define MAILSESSION_JOB_H

#include "base/clock.h"
#include "engine/verdict.h"

#include <poll.h>

/* Seconds between SIGTERM and SIGKILL. */
#define JOB_GRACE 5

struct job {
	enum event event;
	bool done;
	int exit;    /* valid once done; VERDICT_NONE when the co-process does not know the event */
	int content; /* a yielding event's data as a descriptor, or -1; the owner takes it */
	size_t text_len; /* octets of text; what is more was read and thrown away */
	char text[VERDICT_TEXT_MAX];
};

/* Starts a job's result afresh, without touching the text's memory. */
static inline void job_begin(struct job *job, enum event event)
{
	job->event = event;
	job->done = false;
	job->exit = EXIT_TEMPFAIL;
	job->content = -1;
	job->text_len = 0;
}

/* Keeps what fits of a program's output. */
static inline void job_text(struct job *job, struct span bytes)
{
	size_t room = sizeof(job->text) - job->text_len;
	size_t len = bytes.len < room ? bytes.len : room;

	if (len > 0)
		memcpy(job->text + job->text_len, bytes.base, len);
	job->text_len += len;
}

#endif
