/* SPDX-License-Identifier: ISC */
/*
 * option_layers.c - flags, environment and file: how each is read, who wins, what is an
 * error and how it is told, and what --help and --check print.  Proves MAP-005.
 */
#include "option_loading.h"

/* Loads a file of these lines. */
static enum options_result load_file_of(enum protocol protocol, struct span text)
{
	enum options_result result;

	result = load(protocol, WORDS("--config", file_of(text)), NO_VARIABLES);
	unlink(file_name);
	return result;
}

/* The error is the name of the file and this. */
static bool complains(const char *text)
{
	size_t len = strlen(file_name);

	return strncmp(message, file_name, len) == 0 && strcmp(message + len, text) == 0;
}

static void precedence(void)
{
	char *name = file_of(SPAN("max-hops 3\nmax-errors 3\nmax-commands 3\n"
				  "announce C\nannounce D E\n"));

	CHECK(load(PROTOCOL_SMTP, WORDS("--max-hops", "1", "--config", name, "--announce=A"),
		   VARIABLES("MAILSESSION_MAX_HOPS=2", "MAILSESSION_MAX_ERRORS=2",
			     "MAILSESSION_ANNOUNCE=B")) == OPTIONS_RUN);
	CHECK(options.max_hops == 1 && options.max_errors == 2 && options.max_commands == 3);
	CHECK(options.max_recipients == 1000);
	CHECK(options.announce.count == 1 && options.announce.items[0].base[0] == 'A');
	CHECK(options.sources[OPTION_max_hops].layer == LAYER_FLAG);
	CHECK(options.sources[OPTION_max_errors].layer == LAYER_ENVIRONMENT);
	CHECK(options.sources[OPTION_max_commands].layer == LAYER_FILE);
	CHECK(options.sources[OPTION_max_commands].line == 3);
	CHECK(options.sources[OPTION_max_recipients].layer == LAYER_DEFAULT);
	/* the file named in the environment; repetition in a layer appends to a list */
	CHECK(setenv("NAME", name, 1) == 0);
	char variable[64];
	snprintf(variable, sizeof(variable), "MAILSESSION_CONFIG=%s", name);
	CHECK(load(PROTOCOL_SMTP, WORDS("--max-hops=8", "--max-hops=9"), VARIABLES(variable)) ==
	      OPTIONS_RUN);
	CHECK(options.max_hops == 9 && options.max_errors == 3 && options.announce.count == 3);
	CHECK(options.announce.items[2].base[0] == 'E');
	/* an empty list of a higher layer replaces, too */
	CHECK(load(PROTOCOL_SMTP, WORDS("--announce="), VARIABLES(variable)) == OPTIONS_RUN);
	CHECK(options.announce.count == 0);
	unlink(name);
	/* what is overridden is checked all the same */
	CHECK(load(PROTOCOL_SMTP, WORDS("--max-hops=9"), VARIABLES("MAILSESSION_MAX_HOPS=x")) ==
	      OPTIONS_ERROR);
	CHECK(strcmp(message, "MAILSESSION_MAX_HOPS: \"x\" is not a number from 1 to 10000") == 0);
	CHECK(options.max_hops == 9);
}

static void flags(void)
{
	CHECK(load(PROTOCOL_SMTP, WORDS("--greeting", "--check", "/b"), NO_VARIABLES) ==
	      OPTIONS_RUN);
	CHECK(strcmp(options.greeting, "--check") == 0 && strcmp(options.directory, "/b") == 0);
	CHECK(load(PROTOCOL_SMTP, WORDS("--greeting=a=b", "--", "--c"), NO_VARIABLES) ==
	      OPTIONS_RUN);
	CHECK(strcmp(options.greeting, "a=b") == 0 && strcmp(options.directory, "--c") == 0);
	CHECK(load(PROTOCOL_SMTP, WORDS("--check", "/b"), NO_VARIABLES) == OPTIONS_CHECK);
	CHECK(load(PROTOCOL_SMTP, WORDS("--help", "--nonsense"), NO_VARIABLES) == OPTIONS_HELP);
	CHECK(load(PROTOCOL_SMTP, WORDS("--version"), VARIABLES("MAILSESSION_X=1")) ==
	      OPTIONS_VERSION);
	CHECK(load(PROTOCOL_SMTP, WORDS("--check", "--max-hops=0"), NO_VARIABLES) == OPTIONS_ERROR);
	CHECK(load(PROTOCOL_SMTP, WORDS("--help=yes"), NO_VARIABLES) == OPTIONS_ERROR);
	CHECK(load(PROTOCOL_SMTP, WORDS("--max-hops"), NO_VARIABLES) == OPTIONS_ERROR);
	CHECK(strcmp(message, "--max-hops: a value is missing") == 0);
	CHECK(load(PROTOCOL_SMTP, WORDS("--max_hops=1"), NO_VARIABLES) == OPTIONS_ERROR);
	CHECK(strcmp(message, "--max_hops: no such option") == 0);
	CHECK(load(PROTOCOL_SMTP, WORDS("--max-hop=1"), NO_VARIABLES) == OPTIONS_ERROR);
	CHECK(load(PROTOCOL_SMTP, WORDS("-h"), NO_VARIABLES) == OPTIONS_ERROR);
	CHECK(load(PROTOCOL_SMTP, WORDS("/a", "/b"), NO_VARIABLES) == OPTIONS_ERROR);
	CHECK(strcmp(message, "\"/b\" is one directory too many") == 0);
	CHECK(load(PROTOCOL_SMTP, WORDS(""), NO_VARIABLES) == OPTIONS_ERROR);
	CHECK(load(PROTOCOL_SMTP, WORDS("--lock-file=/l"), NO_VARIABLES) == OPTIONS_ERROR);
	CHECK(strcmp(message, "--lock-file: an option of pop3-session") == 0);
}

static void environment(void)
{
	CHECK(load(PROTOCOL_SMTP, NO_WORDS,
		   VARIABLES("MAILSESSION_SIZE_LIMIT=7", "MAILSESSION=x", "XMAILSESSION_Y=z",
			     "MAILSESSION_LOCK_FILE=sibling's", "no equals sign")) == OPTIONS_RUN);
	CHECK(options.size_limit == 7);
	CHECK(load(PROTOCOL_SMTP, NO_WORDS, VARIABLES("MAILSESSION_GREETING=a # b")) ==
	      OPTIONS_RUN);
	CHECK(strcmp(options.greeting, "a # b") == 0);
	CHECK(load(PROTOCOL_SMTP, NO_WORDS, VARIABLES("MAILSESSION_SIZE-LIMIT=7")) ==
	      OPTIONS_ERROR);
	CHECK(load(PROTOCOL_SMTP, NO_WORDS, VARIABLES("MAILSESSION_size_limit=7")) ==
	      OPTIONS_ERROR);
	CHECK(load(PROTOCOL_SMTP, NO_WORDS, VARIABLES("MAILSESSION_SIZE_LIMIT")) == OPTIONS_ERROR);
	CHECK(load(PROTOCOL_SMTP, NO_WORDS, VARIABLES("MAILSESSION_CHECK=yes")) == OPTIONS_ERROR);
	CHECK(strcmp(message, "MAILSESSION_CHECK: only a flag") == 0);
	CHECK(load(PROTOCOL_SMTP, NO_WORDS, VARIABLES("MAILSESSION_NONSENSE=1")) == OPTIONS_ERROR);
	CHECK(strcmp(message, "MAILSESSION_NONSENSE: no such option") == 0);
}

static void files(void)
{
	CHECK(load_file_of(PROTOCOL_SMTP, SPAN("")) == OPTIONS_RUN);
	CHECK(load_file_of(PROTOCOL_SMTP,
			   SPAN("# comment\n\n \t \n  # another\n"
				"\tgreeting \t hello # there \n"
				"quota-tempfail\nlock-file sibling's\nexpire sibling's\n"
				"max-hops\t7")) == OPTIONS_RUN);
	CHECK(strcmp(options.greeting, "hello # there") == 0 && options.quota_tempfail);
	CHECK(options.max_hops == 7);
	CHECK(load_file_of(PROTOCOL_SMTP, SPAN("max-hops 7\nmax-hosp 7\n")) == OPTIONS_ERROR);
	CHECK(complains(":2: max-hosp: no such option"));
	CHECK(load_file_of(PROTOCOL_SMTP, SPAN("\n\nmax-hops 0\n")) == OPTIONS_ERROR);
	CHECK(complains(":3: max-hops: \"0\" is not a number from 1 to 10000"));
	CHECK(load_file_of(PROTOCOL_SMTP, SPAN("max-hops=7\n")) == OPTIONS_ERROR);
	CHECK(load_file_of(PROTOCOL_SMTP, SPAN("max-hops\n")) == OPTIONS_ERROR);
	CHECK(load_file_of(PROTOCOL_SMTP, SPAN("max-hops 7\r\n")) == OPTIONS_ERROR);
	CHECK(load_file_of(PROTOCOL_SMTP, SPAN("greeting a\0b\n")) == OPTIONS_ERROR);
	CHECK(load_file_of(PROTOCOL_SMTP, SPAN("\x1b[2J\n")) == OPTIONS_ERROR);
	CHECK(complains(":1: ?[2J: no such option"));
	CHECK(load_file_of(PROTOCOL_SMTP, SPAN("config /x\n")) == OPTIONS_ERROR);
	CHECK(load_file_of(PROTOCOL_SMTP, SPAN("help\n")) == OPTIONS_ERROR);
	CHECK(load(PROTOCOL_SMTP, WORDS("--config=/nonexistent/x"), NO_VARIABLES) == OPTIONS_ERROR);
	CHECK(strcmp(message, "cannot read /nonexistent/x: No such file or directory") == 0);
	CHECK(load(PROTOCOL_SMTP, WORDS("--config=/"), NO_VARIABLES) == OPTIONS_ERROR);
	/* as every failure: the defaults are there for whoever tells the client */
	CHECK(options.max_hops == 100);
}

/* The exact limit of a file and one more; what fills the arena is an error, not an overrun. */
static void limits(void)
{
	static char text[OPTIONS_FILE_MAX + 1];

	memset(text, '#', sizeof(text));
	CHECK(load_file_of(PROTOCOL_SMTP, (struct span){ text, OPTIONS_FILE_MAX }) == OPTIONS_RUN);
	CHECK(load_file_of(PROTOCOL_SMTP, (struct span){ text, sizeof(text) }) == OPTIONS_ERROR);
	CHECK(strstr(message, "File too large") != NULL);
	memset(text, 'A', sizeof(text));
	memcpy(text, "announce ", 9);
	for (size_t i = 10; i < sizeof(text); i += 2)
		text[i] = ',';
	CHECK(load_file_of(PROTOCOL_SMTP, (struct span){ text, OPTIONS_FILE_MAX }) ==
	      OPTIONS_ERROR);
	CHECK(complains(":1: announce: no room"));
	CHECK(options.spool_dir != NULL);
	text[8 + 4000] = '\0';
	CHECK(takes(PROTOCOL_SMTP, "announce", text + 9) && options.announce.count == 2000);
}

/* A text that is too long to quote stays short and whole. */
static void long_values(void)
{
	static char text[5000];

	memset(text, 'x', sizeof(text) - 1);
	CHECK(!takes(PROTOCOL_SMTP, "max-hops", text));
	CHECK(strstr(message, "xxx...\" is not a number") != NULL);
	CHECK(!takes(PROTOCOL_SMTP, text, "1"));
	CHECK(load(PROTOCOL_SMTP, WORDS("/a", text), NO_VARIABLES) == OPTIONS_ERROR);
}

static bool prints(const char *line)
{
	static char bytes[OPTIONS_TEXT_MAX];
	struct buffer text = { bytes, 0, sizeof(bytes) - 1, false };

	options_print(&text, &options, PROTOCOL_SMTP);
	CHECK(!text.overflow);
	bytes[text.len] = '\0';
	return strstr(bytes, line) != NULL;
}

static void in_words(void)
{
	static char bytes[OPTIONS_TEXT_MAX];

	for (enum protocol protocol = 0; protocol <= PROTOCOL_POP3; protocol++) {
		struct buffer text = BUFFER(bytes);

		options_help(&text, protocol);
		CHECK(!text.overflow && text.len > 1000);
		for (struct span rest = buffer_span(&text); rest.base != NULL;)
			CHECK(span_take(&rest, '\n').len <= 80);
		buffer_clear(&text);
		options_version(&text, protocol);
		CHECK(span_starts(buffer_span(&text), span_of(option_program(protocol))));
	}
	CHECK(load(PROTOCOL_SMTP, WORDS("--size-limit=1048576", "--announce=dsn,-smtputf8"),
		   VARIABLES("MAILSESSION_DRAIN=1m")) == OPTIONS_RUN);
	CHECK(prints("size-limit            1M                    (flag)\n"));
	CHECK(prints("announce              DSN, -SMTPUTF8        (flag)\n"));
	CHECK(prints("drain                 60                    (MAILSESSION_DRAIN)\n"));
	CHECK(prints("bare-newline          reject                (default)\n"));
	CHECK(prints("greeting              -                     (default)\n"));
	CHECK(prints("quota-tempfail        no                    (default)\n"));
	CHECK(!prints("lock-file") && !prints("check") && !prints("help"));
	CHECK(load_file_of(PROTOCOL_SMTP, SPAN("\nmax-hops 4\n")) == OPTIONS_RUN);
	snprintf(bytes, sizeof(bytes), "max-hops              4                     (%s:2)\n",
		 file_name);
	CHECK(prints(bytes));
}

int main(void)
{
	precedence();
	flags();
	environment();
	files();
	limits();
	long_values();
	in_words();
	return check_report();
}
