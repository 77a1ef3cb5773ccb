/* SPDX-License-Identifier: ISC */
/* smtp-session - speaks SMTP on one connection, or on each that comes in. */
#include "launch/program.h"

int main(int argc, char **argv)
{
	return program_main(PROTOCOL_SMTP, argc, argv);
}
