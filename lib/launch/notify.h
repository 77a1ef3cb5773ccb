/* SPDX-License-Identifier: ISC */
/*
 * notify.h - sd_notify(3) by hand: what a service manager is told on NOTIFY_SOCKET.
 */
#ifndef MAILSESSION_NOTIFY_H
#define MAILSESSION_NOTIFY_H

#include "base/span.h"

/* Takes NOTIFY_SOCKET out of the environment and, when `use`, keeps a socket to it. */
void notify_init(bool use);

/* Sends lines of "NAME=value"; nothing when there is no manager. A manager that does not listen is
 * no fault. */
void notify_send(struct span lines);

#endif
