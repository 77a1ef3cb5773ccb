/* SPDX-License-Identifier: ISC */
/*
 * ascii.h - character classes of US-ASCII.
 *
 * The functions of <ctype.h> depend on the locale and are undefined for
 * negative characters; protocols know neither.
 */
#ifndef MAILSESSION_ASCII_H
#define MAILSESSION_ASCII_H

#include <stdbool.h>

static inline bool ascii_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool ascii_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool ascii_is_alnum(char c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c);
}

static inline bool ascii_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* 0x21-0x7E: a printing character that is not the blank. */
static inline bool ascii_is_graph(char c)
{
	return c > 0x20 && c < 0x7f;
}

/* 0x20-0x7E. */
static inline bool ascii_is_print(char c)
{
	return c >= 0x20 && c < 0x7f;
}

/* 0x00-0x1F and 0x7F. */
static inline bool ascii_is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7f;
}

/* An octet above US-ASCII. */
static inline bool ascii_is_high(char c)
{
	return ((unsigned char)c & 0x80) != 0;
}

static inline char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static inline char ascii_upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

/* The value of a hexadecimal digit of either case, or -1. */
static inline int ascii_hex(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
