/* SPDX-License-Identifier: ISC */
/*
 * edit.h - what a person does with the password file.
 */
#ifndef PASSWD_AUTH_EDIT_H
#define PASSWD_AUTH_EDIT_H

/* Each takes the arguments behind the command, and returns an exit code (64: misused). */
int edit_set(char *const *arguments);
int edit_delete(char *const *arguments);
int edit_list(char *const *arguments);
int edit_check(char *const *arguments);

#endif
