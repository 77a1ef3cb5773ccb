/* SPDX-License-Identifier: ISC */
/*
 * document - completes a manual page from the tables of the library, when it is built.
 *
 *	document <PAGE.in-the-source >PAGE
 *
 * A comment line .\" @NAME@ becomes what NAME stands for; all other lines stay as they are, so
 * that the source is a page of its own.  Exit 1: an unknown name, or a table without its words.
 */
#include "document.h"

#include "base/ascii.h"
#include "option/option.h"

#include <stdio.h>
#include <stdlib.h>

void document_text(const char *text)
{
	bool start = true;

	for (const char *c = text; *c != '\0'; c++) {
		if (start && (*c == '.' || *c == '\''))
			fputs("\\&", stdout);
		start = c[0] == ' ' && c > text && (c[-1] == '.' || c[-1] == ':') &&
			ascii_is_alpha(c[1]) && c[-1] == '.';
		if (start)
			putchar('\n');
		else if (*c == '\\')
			fputs("\\e", stdout);
		else if (c[0] == '-' && (c[1] == '-' || (c > text && c[-1] == '-')))
			fputs("\\-", stdout);
		else
			putchar(*c);
	}
	putchar('\n');
}

void document_sentence(const char *text)
{
	char sentence[512];
	size_t len = strlen(text);

	if (len + 2 > sizeof(sentence))
		exit(1);
	memcpy(sentence, text, len);
	sentence[0] = ascii_upper(sentence[0]);
	sentence[len] = '.';
	sentence[len + 1] = '\0';
	document_text(sentence);
}

void document_protocols(unsigned protocols)
{
	static const char *const names[] = { "SMTP", "LMTP", "POP3" };
	const char *between = "";

	for (unsigned i = 0; i < 3; i++) {
		if ((protocols & 1U << i) == 0)
			continue;
		printf("%s%s", between, names[i]);
		between = ", ";
	}
}

static void smtp_options(void)
{
	document_options(PROTOCOL_SMTP);
}

static void lmtp_options(void)
{
	document_options(PROTOCOL_LMTP);
}

static void pop3_options(void)
{
	document_options(PROTOCOL_POP3);
}

static void tls_options(void)
{
	document_options(PROGRAM_TLS);
}

static const struct {
	const char *line;
	void (*write)(void);
} parts[] = {
	{ ".\\\" @OPTIONS smtp-session@\n", smtp_options },
	{ ".\\\" @OPTIONS lmtp-session@\n", lmtp_options },
	{ ".\\\" @OPTIONS pop3-session@\n", pop3_options },
	{ ".\\\" @OPTIONS tls-session@\n", tls_options },
	{ ".\\\" @EVENTS@\n", document_events },
	{ ".\\\" @FACTS@\n", document_facts },
	{ ".\\\" @ENDS@\n", document_ends },
	{ ".\\\" @EXITS@\n", document_exits },
};
#define PARTS (sizeof(parts) / sizeof(parts[0]))

int main(void)
{
	char line[1024];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		size_t i = 0;

		while (i < PARTS && strcmp(line, parts[i].line) != 0)
			i++;
		if (i < PARTS) {
			parts[i].write();
		} else if (strncmp(line, ".\\\" @", 5) == 0) {
			fprintf(stderr, "document: unknown: %s", line);
			return 1;
		} else {
			fputs(line, stdout);
		}
	}
	return ferror(stdin) != 0 || fflush(stdout) != 0;
}
