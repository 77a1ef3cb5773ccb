/* SPDX-License-Identifier: ISC */
/* option.c - the OPTIONS section, from the option table. */
#include "document.h"

#include "option/row.h"

#include <stdio.h>

static void put_row(const struct option_row *row, enum protocol protocol)
{
	const char *fallback = option_fallback(row, protocol);

	printf(".It Fl -%s", row->name);
	if (row->argument != NULL)
		printf(" Ar %s", row->argument);
	for (const struct option_word *word = row->words; word != NULL && word->word != NULL;
	     word++)
		printf("%s%s", word == row->words ? " Cm " : " | ", word->word);
	putchar('\n');
	document_sentence(row->help);
	if (row->manual[0] != '\0')
		document_text(row->manual);
	if (fallback != NULL && row->kind != KIND_BOOL)
		printf("The default is\n.Cm %s .\n", fallback);
}

void document_options(enum protocol protocol)
{
	for (unsigned section = 0; section < SECTION_COUNT; section++) {
		bool headed = false;

		for (size_t i = 0; i < OPTION_COUNT; i++) {
			const struct option_row *row = &option_rows[i];

			if (row->section != section || !option_serves(row, protocol))
				continue;
			if (!headed)
				printf(".Ss %s\n.Bl -tag -width Ds\n", option_headings[section]);
			headed = true;
			put_row(row, protocol);
		}
		if (headed)
			puts(".El");
	}
}
