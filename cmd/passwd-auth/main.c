/* SPDX-License-Identifier: ISC */
/*
 * main.c - passwd-auth: the checkpassword interface, the event `secret`, and the
 * commands by which a person keeps the password file.
 */
#include "edit.h"
#include "login.h"

#include "base/descriptor.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#define EXIT_USAGE 64

static const char usage[] =
	"usage: passwd-auth PROGRAM [ARGUMENT...]   check fd 3, then run the program\n"
	"       passwd-auth set USER [--uid N --gid N] [--home DIR] [--plain | --no-scram]\n"
	"       passwd-auth check USER\n"
	"       passwd-auth delete USER\n"
	"       passwd-auth list\n"
	"       passwd-auth secret                  what AUTH_MECH needs to know of AUTH_NAME\n"
	"\n"
	"set and check read the password from standard input. PASSWD_FILE in the\n"
	"environment names the password file.\n";

static int secret(char *const *arguments)
{
	(void)arguments;
	return login_secret();
}

static int print(struct span text)
{
	return fd_write_all(STDOUT_FILENO, text) ? 0 : 1;
}

static int help(char *const *arguments)
{
	(void)arguments;
	return print(span_of(usage));
}

static int version(char *const *arguments)
{
	(void)arguments;
	return print(SPAN("passwd-auth " MS_VERSION "\n"));
}

static const struct {
	const char *name;
	int (*run)(char *const *arguments);
} commands[] = {
	{ "set", edit_set },      { "delete", edit_delete }, { "list", edit_list },
	{ "check", edit_check },  { "secret", secret },      { "--help", help },
	{ "--version", version },
};

int main(int argc, char **argv)
{
	/* No core and no debugger: secrets pass through here. */
	prctl(PR_SET_DUMPABLE, 0);
	if (argc < 2)
		return LOGIN_MISUSED;
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		int exit;

		if (!span_equal(span_of(argv[1]), span_of(commands[i].name)))
			continue;
		signal(SIGPIPE, SIG_IGN);
		exit = commands[i].run(argv + 2);
		if (exit == EXIT_USAGE)
			fd_write_all(STDERR_FILENO, span_of(usage));
		return exit;
	}
	return login_run(argv + 1);
}
