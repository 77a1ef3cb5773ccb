# SPDX-License-Identifier: ISC
# mail-session: SMTP, LMTP and POP3 handlers. Targets: all check bench lint format install uninstall demo deps clean.

VERSION    = 0.1.0
SOVERSION  = 0

PREFIX     = /usr/local
SYSCONFDIR = $(if $(filter /usr,$(PREFIX)),/etc,$(PREFIX)/etc)
BINDIR     = $(PREFIX)/bin
LIBDIR     = $(PREFIX)/lib
LIBEXECDIR = $(PREFIX)/libexec/mail-session
INCLUDEDIR = $(PREFIX)/include/mailsession
DATADIR    = $(PREFIX)/share/mail-session
MANDIR     = $(PREFIX)/share/man
UNITDIR    = $(PREFIX)/lib/systemd/system
DESTDIR    =

CC         = gcc
AR         = ar
INSTALL    = install
# SANITIZE=1 builds everything with the address and undefined-behaviour sanitizers, beside the normal build.
SANITIZE   =
BUILD      = $(if $(SANITIZE),build/sanitize,build)

WARNINGS   = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2
MACHINE   := $(shell uname -m)
HARDENING  = -fstack-protector-strong -fstack-clash-protection $(if $(filter x86_64,$(MACHINE)),-fcf-protection=full) \
             -fno-strict-aliasing -fno-strict-overflow -fno-delete-null-pointer-checks
LDHARDENING = -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code
SANITIZERS = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS     = $(if $(SANITIZE),-O1 -g,-O2 -g)
CPPFLAGS   = $(if $(SANITIZE),,-D_FORTIFY_SOURCE=2)
LDFLAGS    =
# .ci/run sets WERROR=-Werror
WERROR     =

ALL_CFLAGS = -std=c11 $(WARNINGS) $(WERROR) $(HARDENING) $(if $(SANITIZE),$(SANITIZERS)) \
             -ffile-prefix-map=$(CURDIR)/= $(CFLAGS)
ALL_LDFLAGS = $(LDHARDENING) $(if $(SANITIZE),$(SANITIZERS)) $(LDFLAGS)
ALL_CPPFLAGS = -Ilib -D_GNU_SOURCE -DMS_VERSION='"$(VERSION)"' $(CPPFLAGS)

# Where musl-gcc is there (Debian's musl-tools) the session programs are built with it: a static musl
# program starts 2.5 times faster than a static glibc one. MUSL= (empty) builds them with static glibc.
MUSL       = $(if $(SANITIZE),,$(shell command -v musl-gcc 2>/dev/null))

# Says what it makes, not how; V=1 shows the commands.
V =
say = $(if $(V),,@printf '  %-8s %s\n' $(1) $@;)

# ---- what there is ---------------------------------------------------------------------------
LIB_SOURCES := $(sort $(wildcard lib/*/*.c))
# What users start, and what those start.
COMMANDS = smtp-session lmtp-session pop3-session tls-session
HELPERS  = maildir-store mbox-store passwd-auth sasl-session auth-ok hook-runner
PROGRAMS = $(COMMANDS) $(HELPERS)
# Dynamic: those that need a big library (and libcrypt, whose static musl counterpart lacks yescrypt). All
# others are static: they start in a moment and nothing but libc is linked into them.
LIBS_passwd-auth  = -lcrypt
LIBS_sasl-session = -lgsasl -lcrypto
LIBS_tls-session  = -lssl -lcrypto
DYNAMIC_PROGRAMS = $(foreach program,$(PROGRAMS),$(if $(LIBS_$(program)),$(program)))
STATIC_PROGRAMS  = $(filter-out $(DYNAMIC_PROGRAMS),$(PROGRAMS))
# Load generators, and the programs that show what the machine can do (static, as the sessions are).
BENCH_LOADS    = load-smtp load-pop3 load-fill
BENCH_LIMITS   = limit-accept limit-smtp limit-pop3 limit-sink
BENCH_PROGRAMS = $(BENCH_LOADS:%=$(BUILD)/bench/%) $(BENCH_LIMITS:%=$(BUILD)/bench/%)
UNIT_TESTS := $(patsubst tests/unit/%.c,%,$(wildcard tests/unit/*.c))
# Manual pages are completed from the tables of the library when they are built.
MAN_PAGES  := $(wildcard cmd/*/*.[1-8] lib/*.[1-8])
# The interface of libmailsession; all other headers are its own business.
PUBLIC_HEADERS = base/ascii base/buffer base/clock base/number base/span base/utf8 mail/address mail/dot \
                 mail/header mail/hops mail/line mail/reply mail/trace mail/wire engine/ahead engine/engine engine/event \
                 engine/maildrop engine/pop3 engine/sasl engine/smtp engine/verdict session/stream

all: $(PROGRAMS:%=$(BUILD)/bin/%) $(BUILD)/libmailsession.a $(BUILD)/libmailsession.so \
     $(MAN_PAGES:%=$(BUILD)/man/%)

# ---- objects ---------------------------------------------------------------------------------
# $(BUILD)/static: for the static programs. $(BUILD)/shared: for the libraries, the dynamic programs and the tests.
ifneq ($(strip $(MUSL)),)
# musl's specs leave out the kernel's headers and, even with -static-pie, name a dynamic loader:
# link them in and name the start files, so that the result is a true static-pie.
STATIC_CC    = $(MUSL)
STATIC_CPP   = -isystem $(BUILD)/kernel-headers
MUSL_DIR    := /usr/lib/$(shell uname -m)-linux-musl/
CRTDIR      := $(dir $(shell gcc -print-file-name=crtbeginS.o))
STATIC_START = $(MUSL_DIR)rcrt1.o $(MUSL_DIR)crti.o $(CRTDIR)crtbeginS.o
STATIC_END   = $(CRTDIR)crtendS.o $(MUSL_DIR)crtn.o
STATIC_LINK  = $(MUSL) -nostartfiles -static -Wl,-pie,--no-dynamic-linker,-z,text $(STATIC_START)
KERNEL_HEADERS = $(BUILD)/kernel-headers/.made
else
STATIC_CC    = $(CC)
# A sanitizer's run-time library cannot be linked statically.
STATIC_LINK  = $(CC) $(if $(SANITIZE),-pie,-static-pie)
endif

# What is not used is left out, and small variables are put beside one another, not between big ones: each page
# that a session touches is one more to clear, to copy at the fork and to free.
STATIC_SECTIONS = -ffunction-sections -fdata-sections
STATIC_LAYOUT   = -Wl,--gc-sections,--sort-section=alignment

$(BUILD)/kernel-headers/.made:
	@mkdir -p $(@D)
	@ln -sfn /usr/include/linux $(@D)/linux
	@ln -sfn /usr/include/asm-generic $(@D)/asm-generic
	@ln -sfn /usr/include/$(MACHINE)-linux-gnu/asm $(@D)/asm
	@touch $@

# Stamps, rewritten when what they hold has changed: other flags build everything again, other paths
# (make install PREFIX=...) only what has them compiled in.
PATHS_CPP = -DMS_SYSCONFDIR='"$(SYSCONFDIR)"' -DMS_LIBEXECDIR='"$(LIBEXECDIR)"'
define stamp
$(BUILD)/$(1): FORCE
	@mkdir -p $$(@D)
	@echo '$(subst ','\'',$(2))' | cmp -s - $$@ || echo '$(subst ','\'',$(2))' >$$@
endef
$(eval $(call stamp,flags,$(CC) $(STATIC_CC) $(ALL_CPPFLAGS) $(STATIC_SECTIONS) $(filter-out $(WARNINGS) $(WERROR),$(ALL_CFLAGS))))
$(eval $(call stamp,paths,$(PATHS_CPP)))
WITH_PATHS := $(shell grep -lE 'MS_(SYSCONF|LIBEXEC)DIR' $(LIB_SOURCES) cmd/*/*.c /dev/null 2>/dev/null)
$(foreach kind,static shared,$(WITH_PATHS:%.c=$(BUILD)/$(kind)/%.o)): $(BUILD)/paths
$(foreach kind,static shared,$(WITH_PATHS:%.c=$(BUILD)/$(kind)/%.o)): private EXTRA_CPP = $(PATHS_CPP)

$(BUILD)/static/%.o: %.c $(BUILD)/flags $(KERNEL_HEADERS)
	@mkdir -p $(@D)
	$(call say,compile)$(STATIC_CC) $(ALL_CPPFLAGS) $(EXTRA_CPP) $(STATIC_CPP) $(ALL_CFLAGS) $(STATIC_SECTIONS) -fPIE -MMD -MP -c -o $@ $<

$(BUILD)/shared/%.o: %.c $(BUILD)/flags
	@mkdir -p $(@D)
	$(call say,compile)$(CC) $(ALL_CPPFLAGS) $(EXTRA_CPP) $(ALL_CFLAGS) -fPIC -fvisibility=hidden -MMD -MP -c -o $@ $<

$(BUILD)/static/libsession.a: $(LIB_SOURCES:%.c=$(BUILD)/static/%.o)
	$(call say,archive)rm -f $@ && $(AR) rcsD $@ $^

$(BUILD)/libmailsession.a: $(LIB_SOURCES:%.c=$(BUILD)/shared/%.o)
	$(call say,archive)rm -f $@ && $(AR) rcsD $@ $^

$(BUILD)/libmailsession.so: $(LIB_SOURCES:%.c=$(BUILD)/shared/%.o)
	$(call say,link)$(CC) -shared -Wl,-soname,libmailsession.so.$(SOVERSION) $(ALL_LDFLAGS) -o $@ $^

# ---- programs --------------------------------------------------------------------------------
define static_program
$(BUILD)/bin/$(1): $(patsubst %.c,$(BUILD)/static/%.o,$(wildcard cmd/$(1)/*.c)) $(BUILD)/static/libsession.a
	@mkdir -p $$(@D)
	$$(call say,link)$$(STATIC_LINK) $$(STATIC_LAYOUT) $$(ALL_LDFLAGS) -o $$@ $$^ $$(STATIC_END)
endef
define dynamic_program
$(BUILD)/bin/$(1): $(patsubst %.c,$(BUILD)/shared/%.o,$(wildcard cmd/$(1)/*.c)) $(BUILD)/libmailsession.a
	@mkdir -p $$(@D)
	$$(call say,link)$$(CC) -pie $$(ALL_LDFLAGS) -o $$@ $$^ $$(LIBS_$(1))
endef
# One a file in tests/unit, and replay from all of tests/transcript.
define test_program
$(BUILD)/tests/$(1): $(patsubst %.c,$(BUILD)/shared/%.o,$(wildcard $(2))) $(BUILD)/libmailsession.a
	@mkdir -p $$(@D)
	$$(call say,link)$$(CC) -pie $$(ALL_LDFLAGS) -o $$@ $$^
endef
$(foreach program,$(STATIC_PROGRAMS),$(eval $(call static_program,$(program))))
$(foreach program,$(DYNAMIC_PROGRAMS),$(eval $(call dynamic_program,$(program))))
$(foreach test,$(UNIT_TESTS),$(eval $(call test_program,$(test),tests/unit/$(test).c)))
$(eval $(call test_program,replay,tests/transcript/*.c))

# ---- manual pages ----------------------------------------------------------------------------
$(BUILD)/document: $(patsubst %.c,$(BUILD)/shared/%.o,$(wildcard cmd/document/*.c)) $(BUILD)/libmailsession.a
	$(call say,link)$(CC) -pie $(ALL_LDFLAGS) -o $@ $^

$(BUILD)/man/%: % $(BUILD)/document
	@mkdir -p $(@D)
	$(call say,man)$(BUILD)/document <$< >$@.new && mv $@.new $@

# ---- tests -----------------------------------------------------------------------------------
# Debian's packages. `make deps` installs those that are missing and starts no daemon.
BUILD_PACKAGES = gcc make libc6-dev libcrypt-dev libgsasl-dev libssl-dev linux-libc-dev musl-tools
DEMO_PACKAGES  = curl netcat-openbsd swaks
TEST_PACKAGES  = bats bats-assert bats-file bats-support clang clang-format fail2ban fetchmail getmail6 git gsasl \
                 haproxy ipsvd jq ldap-utils libauthen-sasl-perl libdigest-hmac-perl libio-socket-ssl-perl \
                 libmail-pop3client-perl libpam-wrapper mandoc mpop msmtp mutt netbase node-nodemailer nodejs \
                 openssl pamtester perl php-cli php-imap pkg-config python3 ruby shellcheck slapd socat spamc \
                 sqlite3 strace systemd testssl.sh ucspi-tcp valgrind
# What xinetd, openbsd-inetd, postfix, exim, opensmtpd and rspamc need, which the tests only unpack (tests/lib/fetch-peer).
PEER_PACKAGES  = libbsd0 libdb5.3 libevent-2.1-7 libgnutls-dane0 libgnutls30 libhyperscan5 libicu72 libidn12 \
                 libluajit-5.1-2 libnsl2 libpam0g libpcre2-8-0 libsasl2-2 libsasl2-modules libselinux1 libssl3 \
                 libtirpc3 libwrap0

deps:
	@tests/lib/deps $(BUILD_PACKAGES) $(DEMO_PACKAGES) $(TEST_PACKAGES) $(PEER_PACKAGES)

# Tests and demo use a tree of their own, so that programs find each other wherever the repository lies.
STAGE = $(CURDIR)/$(BUILD)/stage
check: deps
	$(MAKE) --no-print-directory PREFIX=$(STAGE) install tests
	BUILD=$(BUILD) SANITIZE=$(SANITIZE) tests/run

tests: $(UNIT_TESTS:%=$(BUILD)/tests/%) $(BUILD)/tests/replay $(BENCH_PROGRAMS)

# ---- benchmarks ------------------------------------------------------------------------------
$(BENCH_LOADS:%=$(BUILD)/bench/%): $(BUILD)/bench/%: $(BUILD)/shared/tests/bench/%.o \
		$(patsubst %,$(BUILD)/shared/tests/bench/%.o,load connection message) $(BUILD)/libmailsession.a
	@mkdir -p $(@D)
	$(call say,link)$(CC) -pie $(ALL_LDFLAGS) -o $@ $^

$(BENCH_LIMITS:%=$(BUILD)/bench/%): $(BUILD)/bench/%: $(BUILD)/static/tests/bench/%.o
	@mkdir -p $(@D)
	$(call say,link)$(STATIC_LINK) $(ALL_LDFLAGS) -o $@ $^ $(STATIC_END)

# All servers in turn; `bench-quick` only the core rows, in two minutes. The table and the plots are in $(BUILD)/bench.
# ROWS: only those whose name matches (tests/bench/run --list).
ROWS   =
ROUNDS = 0
bench bench-quick: deps $(BENCH_PROGRAMS)
	@$(MAKE) --no-print-directory -s PREFIX=$(STAGE) install
	@BUILD=$(BUILD) tests/bench/run $(if $(filter bench-quick,$@),--quick) --rows '$(ROWS)' --rounds $(ROUNDS)

lint: $(MAN_PAGES:%=$(BUILD)/man/%)
	@PUBLIC_HEADERS='$(PUBLIC_HEADERS)' MAN_PAGES='$^' tests/lib/lint

format:
	clang-format -i $(shell git ls-files '*.c' '*.h')

# Serves mail on free ports of the loopback interface until Ctrl-C; DEMO_EXIT=1 sends itself a message and stops.
demo:
	@tests/lib/deps $(BUILD_PACKAGES) $(DEMO_PACKAGES)
	@$(MAKE) --no-print-directory -s PREFIX=$(STAGE) install
	@units/demo $(STAGE) $(BUILD)/demo $(if $(DEMO_EXIT),exit)

# ---- installation ----------------------------------------------------------------------------
# Everything that is installed, as SOURCE:DESTINATION. Programs and libraries are copied; all else is text, in which
# @BINDIR@ and the like are replaced, and links, in whose targets they are.
LIBRARY    = $(LIBDIR)/libmailsession
COMPLETION = $(PREFIX)/share/bash-completion/completions
SAMPLES   := $(patsubst units/%,%,$(shell find units/backends units/drop-ins units/fail2ban units/inetd units/scripts \
                ! -type d 2>/dev/null | sort))
INSTALLED  = $(foreach program,$(COMMANDS),$(BUILD)/bin/$(program):$(BINDIR)/$(program)) \
             $(foreach program,$(HELPERS),$(BUILD)/bin/$(program):$(LIBEXECDIR)/$(program)) \
             $(BUILD)/libmailsession.a:$(LIBRARY).a $(BUILD)/libmailsession.so:$(LIBRARY).so.$(VERSION) \
             lib/mailsession.pc:$(LIBDIR)/pkgconfig/mailsession.pc \
             $(foreach header,$(PUBLIC_HEADERS),lib/$(header).h:$(INCLUDEDIR)/$(notdir $(header)).h) \
             $(foreach page,$(MAN_PAGES),$(BUILD)/man/$(page):$(MANDIR)/man$(subst .,,$(suffix $(page)))/$(notdir $(page))) \
             $(foreach unit,$(wildcard units/systemd/*),$(unit):$(UNITDIR)/$(notdir $(unit))) \
             units/sysusers.conf:$(PREFIX)/lib/sysusers.d/mail-session.conf \
             units/tmpfiles.conf:$(PREFIX)/lib/tmpfiles.d/mail-session.conf \
             $(foreach sample,$(SAMPLES),units/$(sample):$(DATADIR)/$(sample)) $(COMMANDS:%=units/completion.bash:$(COMPLETION)/%)
LINKS      = libmailsession.so.$(VERSION):$(LIBRARY).so.$(SOVERSION) libmailsession.so.$(SOVERSION):$(LIBRARY).so
PLACES     = BINDIR LIBDIR LIBEXECDIR SYSCONFDIR DATADIR PREFIX VERSION
SUBSTITUTE = sed -e '/^@HARDENING@/{r units/hardening' -e d -e } $(foreach place,$(PLACES),-e 's|@$(place)@|$($(place))|g')
INCLUDES   = sed -E 's|^\#include "[a-z]+/([a-z0-9]+\.h)"|\#include <mailsession/\1>|'

install: all
	@for pair in $(INSTALLED); do \
		from=$${pair%%:*} to=$(DESTDIR)$${pair#*:}; \
		mkdir -p "$${to%/*}" || exit; \
		if [ -L "$$from" ]; then ln -sfn "$$(readlink "$$from" | $(SUBSTITUTE))" "$$to" || exit; continue; fi; \
		mode=644; [ ! -x "$$from" ] || mode=755; \
		case $$from in \
		$(BUILD)/bin/*|$(BUILD)/lib*) $(INSTALL) -m $$mode "$$from" "$$to" ;; \
		*) $(SUBSTITUTE) "$$from" | $(INCLUDES) >"$(BUILD)/installing" && \
			$(INSTALL) -m $$mode "$(BUILD)/installing" "$$to" ;; \
		esac || exit; \
	done; rm -f "$(BUILD)/installing"
	@for pair in $(LINKS); do ln -sfn "$${pair%%:*}" "$(DESTDIR)$${pair#*:}" || exit; done

uninstall:
	@for pair in $(INSTALLED) $(LINKS); do rm -f "$(DESTDIR)$${pair#*:}"; done
	@for dir in $(DATADIR) $(LIBEXECDIR) $(INCLUDEDIR); do \
		[ ! -d "$(DESTDIR)$$dir" ] || find "$(DESTDIR)$$dir" -depth -type d -empty -delete; done

clean:
	rm -rf $(BUILD)

FORCE:
.PHONY: all bench bench-quick check clean demo deps format install lint tests uninstall FORCE
-include $(shell find $(BUILD)/static $(BUILD)/shared -name '*.d' 2>/dev/null)
