/* SPDX-License-Identifier: ISC */
/* verdict.c - the one table of exit codes. */
#include "engine/verdict.h"

/* Everything that is not listed is temporary: trouble on our side never bounces mail. */
static const struct exit_row {
	int exit;
	struct exit_meaning meaning;
} exit_table[] = {
	{ EXIT_DONE, { 0, "", "" } },
	{ EXIT_DROPPED, { 0, "", "" } },
	{ EXIT_DATAERR, { 554, "5.6.0", "" } },
	{ EXIT_NOUSER, { 550, "5.1.1", "" } },
	{ EXIT_NOHOST, { 550, "5.1.2", "" } },
	{ EXIT_UNAVAILABLE, { 554, "5.0.0", "" } },
	{ EXIT_PERMANENT, { 554, "5.0.0", "" } },
	{ 20, { 554, "5.0.0", "" } },
	{ 31, { 554, "5.0.0", "" } },
	{ EXIT_CANTCREAT, { 552, "5.2.2", "SYS/PERM" } },
	{ EXIT_NOPERM, { 550, "5.7.1", "SYS/PERM" } },
	{ EXIT_CONFIG, { 451, "4.3.5", "SYS/PERM" } },
};

static const struct exit_meaning temporary = { 451, "4.3.0", "SYS/TEMP" };

bool exit_accepts(int exit)
{
	return exit == EXIT_DONE || exit == EXIT_DROPPED;
}

bool exit_permanent(int exit)
{
	return exit_meaning(exit, EVENT_DELIVER, false).code >= 500;
}

bool exit_refuses_login(int exit)
{
	return exit == 1 || exit == 2 || exit == EXIT_NOUSER || exit == EXIT_NOPERM ||
	       exit == EXIT_PERMANENT;
}

struct exit_meaning exit_meaning(int exit, enum event event, bool quota_tempfail)
{
	struct exit_meaning meaning = temporary;

	for (size_t i = 0; i < sizeof(exit_table) / sizeof(*exit_table); i++) {
		if (exit_table[i].exit == exit)
			meaning = exit_table[i].meaning;
	}
	if (event == EVENT_CONNECT && meaning.code != 0)
		return (struct exit_meaning){ meaning.code >= 500 ? 554 : 421, meaning.enhanced,
					      meaning.pop3 };
	if (event == EVENT_RCPT && meaning.code == 554 && exit != EXIT_DATAERR)
		return (struct exit_meaning){ 550, "5.1.1", meaning.pop3 };
	if (exit == EXIT_CANTCREAT && quota_tempfail)
		return (struct exit_meaning){ 452, "4.2.2", "SYS/TEMP" };
	return meaning;
}
