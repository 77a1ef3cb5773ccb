/* SPDX-License-Identifier: ISC */
/* lmtp-session - speaks LMTP on one connection, or on each that comes in. */
#include "launch/program.h"

int main(int argc, char **argv)
{
	return program_main(PROTOCOL_LMTP, argc, argv);
}
