/* SPDX-License-Identifier: ISC */
/*
 * memory.h - OpenSSL's memory, wiped when it is given back: reading a key leaves copies of it in
 * buffers that OpenSSL frees as they are.
 */
#ifndef TLS_SESSION_MEMORY_H
#define TLS_SESSION_MEMORY_H

/* Before OpenSSL has any. */
void memory_wipe(void);

/* The keys are gone; from now on memory is freed as it is. */
void memory_keep(void);

#endif
