/* SPDX-License-Identifier: ISC */
/* pop3-session - speaks POP3 on one connection, or on each that comes in. */
#include "launch/program.h"

int main(int argc, char **argv)
{
	return program_main(PROTOCOL_POP3, argc, argv);
}
