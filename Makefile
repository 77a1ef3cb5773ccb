# SPDX-License-Identifier: ISC
# mail-session: SMTP, LMTP and POP3 handlers. Targets: all check lint install uninstall demo deps bench clean.

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
BUILD      = build

WARNINGS   = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2
HARDENING  = -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -D_FORTIFY_SOURCE=2 \
             -fno-strict-aliasing -fno-strict-overflow -fno-delete-null-pointer-checks
LDHARDENING = -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code
CFLAGS     = -O2 -g
CPPFLAGS   =
LDFLAGS    =
# .ci/run sets WERROR=-Werror
WERROR     =

ALL_CFLAGS = -std=c11 $(WARNINGS) $(WERROR) $(HARDENING) $(CFLAGS)
ALL_CPPFLAGS = -Ilib -D_GNU_SOURCE -DMS_VERSION='"$(VERSION)"' $(CPPFLAGS)

# Where musl-gcc is there (Debian's musl-tools) the session programs are built with it: a static musl
# program starts 2.5 times faster than a static glibc one. MUSL= (empty) builds them with static glibc.
MUSL      := $(shell command -v musl-gcc 2>/dev/null)

# ---- what there is ---------------------------------------------------------------------------
LIB_SOURCES  := $(sort $(wildcard lib/*/*.c))
# Static: they start in a moment and nothing but libc is linked into them.
STATIC_PROGRAMS  = smtp-session lmtp-session pop3-session maildir-store auth-ok hook-runner
# Dynamic: they need a big library (libcrypt has no static musl counterpart).
DYNAMIC_PROGRAMS = passwd-auth
PROGRAMS = $(STATIC_PROGRAMS) $(DYNAMIC_PROGRAMS)

all: $(PROGRAMS:%=$(BUILD)/bin/%) $(BUILD)/libmailsession.a $(BUILD)/libmailsession.so

# ---- static objects --------------------------------------------------------------------------
ifneq ($(MUSL),)
# musl's specs leave out the kernel's headers and, even with -static-pie, name a dynamic loader:
# link them in and name the start files, so that the result is a true static-pie.
STATIC_CC    = $(MUSL)
STATIC_CPP   = -isystem $(BUILD)/kernel-headers
MUSL_DIR    := $(dir $(shell $(MUSL) -print-file-name=rcrt1.o 2>/dev/null))
ifeq ($(MUSL_DIR),./)
MUSL_DIR    := /usr/lib/$(shell uname -m)-linux-musl/
endif
CRTDIR      := $(dir $(shell gcc -print-file-name=crtbeginS.o))
STATIC_START = $(MUSL_DIR)rcrt1.o $(MUSL_DIR)crti.o $(CRTDIR)crtbeginS.o
STATIC_END   = $(CRTDIR)crtendS.o $(MUSL_DIR)crtn.o
STATIC_LINK  = $(MUSL) -nostartfiles -static -Wl,-pie,--no-dynamic-linker,-z,text $(STATIC_START)
KERNEL_HEADERS = $(BUILD)/kernel-headers/.made
else
STATIC_CC    = $(CC)
STATIC_LINK  = $(CC) -static-pie
endif

$(BUILD)/kernel-headers/.made:
	@mkdir -p $(@D)
	ln -sfn /usr/include/linux $(@D)/linux
	ln -sfn /usr/include/asm-generic $(@D)/asm-generic
	ln -sfn /usr/include/$(shell uname -m)-linux-gnu/asm $(@D)/asm
	touch $@

LIB_STATIC  = $(LIB_SOURCES:%.c=$(BUILD)/static/%.o)
LIB_SHARED  = $(LIB_SOURCES:%.c=$(BUILD)/shared/%.o)
PATHS_CPP   = -DMS_SYSCONFDIR='"$(SYSCONFDIR)"' -DMS_LIBEXECDIR='"$(LIBEXECDIR)"'

$(BUILD)/static/%.o: %.c $(KERNEL_HEADERS)
	@mkdir -p $(@D)
	$(STATIC_CC) $(ALL_CPPFLAGS) $(PATHS_CPP) $(STATIC_CPP) $(ALL_CFLAGS) -fPIE -MMD -MP -c -o $@ $<

$(BUILD)/shared/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(PATHS_CPP) $(ALL_CFLAGS) -fPIC -fvisibility=hidden -MMD -MP -c -o $@ $<

$(BUILD)/static/libsession.a: $(LIB_STATIC)
	rm -f $@ && $(AR) rcsD $@ $^

$(BUILD)/libmailsession.a: $(LIB_SHARED)
	rm -f $@ && $(AR) rcsD $@ $^

$(BUILD)/libmailsession.so: $(LIB_SHARED)
	$(CC) -shared -Wl,-soname,libmailsession.so.$(SOVERSION) $(LDHARDENING) $(LDFLAGS) -o $@ $^

# ---- programs --------------------------------------------------------------------------------
define static_program
$(BUILD)/bin/$(1): $(patsubst %.c,$(BUILD)/static/%.o,$(wildcard cmd/$(1)/*.c)) $(BUILD)/static/libsession.a
	@mkdir -p $$(@D)
	$$(STATIC_LINK) $$(LDHARDENING) $$(LDFLAGS) -o $$@ $$^ $$(STATIC_END)
endef
define dynamic_program
$(BUILD)/bin/$(1): $(patsubst %.c,$(BUILD)/shared/%.o,$(wildcard cmd/$(1)/*.c)) $(BUILD)/libmailsession.a
	@mkdir -p $$(@D)
	$$(CC) -pie $$(LDHARDENING) $$(LDFLAGS) -o $$@ $$^ $$(LIBS_$(1))
endef
LIBS_passwd-auth = -lcrypt
$(foreach program,$(STATIC_PROGRAMS),$(eval $(call static_program,$(program))))
$(foreach program,$(DYNAMIC_PROGRAMS),$(eval $(call dynamic_program,$(program))))

clean:
	rm -rf $(BUILD)

.PHONY: all check lint install uninstall demo deps bench clean
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
