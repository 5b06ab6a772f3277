# truenoon: one binary.  `make help` lists the targets.
PROG     := truenoon
# A tarball carries the file VERSION: the version and the date of its commit.
STAMP    := $(shell cat VERSION 2>/dev/null || echo $$(git describe --tags --always --dirty 2>/dev/null || echo unknown) $$(git log -1 --format=%ct 2>/dev/null))
VERSION  := $(word 1,$(STAMP))
# It bounds what the clock may be set to, and makes builds reproducible.
SOURCE_DATE_EPOCH ?= $(or $(word 2,$(STAMP)),1790000000)

# ---- what the user may set -------------------------------------------------
PREFIX   ?= /usr/local
SBINDIR  ?= $(PREFIX)/sbin
MANDIR   ?= $(PREFIX)/share/man
LIBDIR   ?= $(PREFIX)/lib
UNITDIR  ?= $(LIBDIR)/systemd/system
COMPDIR  ?= $(PREFIX)/share/bash-completion/completions
SYSCONFDIR ?= /etc/truenoon
STATEDIR ?= /var/lib/truenoon
RUNDIR   ?= /run/truenoon
OUT      ?= build
BUILD    ?= release
CC       ?= cc
PKGCONF  ?= pkg-config
CFLAGS   ?= -O2 -g
TIME     ?= 60

# once: a variable that asks the shell the first time somebody needs it.
once      = $(eval $(1) := $$(shell $$(2)))$($(1))

# ---- libraries ---------------------------------------------------------------
PKGS     := libssl libcrypto libevent_core libseccomp
PKG_CF    = $(call once,PKG_CF,$(PKGCONF) --cflags $(PKGS) 2>/dev/null)
PKG_LIBS  = $(call once,PKG_LIBS,echo $$($(PKGCONF) --libs $(PKGS) 2>/dev/null) -lm)
CMOCKA    = $(call once,CMOCKA,$(PKGCONF) --cflags --libs cmocka 2>/dev/null)

# ---- flags: each is probed, so that every compiler gets what it knows ----------
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
        -Wdouble-promotion -Wformat=2 -Wundef -Wvla -Wcast-qual -Wcast-align \
        -Wpointer-arith -Wwrite-strings -Wstrict-prototypes \
        -Wmissing-prototypes -Wold-style-definition -Wredundant-decls \
        -Wimplicit-fallthrough -Wswitch-enum -Wnull-dereference \
        -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wtrampolines
HARD = -fPIE -fstack-protector-strong -fstack-clash-protection \
        -fcf-protection=full -mbranch-protection=standard -fno-common \
        -ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr \
        -fno-delete-null-pointer-checks -fno-strict-overflow \
        -fno-strict-aliasing -fvisibility=hidden -ffp-contract=off \
        -Werror=implicit-function-declaration $(TUNE)
# x86's string instructions take longer to begin than a small copy takes.
TUNE := -mmemcpy-strategy=unrolled_loop:128:noalign,libcall:-1:noalign \
        -mmemset-strategy=unrolled_loop:128:noalign,libcall:-1:noalign
# What a request passes through is compiled as one, where the compiler has
# objects that can be linked either way; the tests are linked as they are.
LTO     := -flto=auto -ffat-lto-objects -flto-partition=one
LTO_DIRS := base crypto ntp nts serve
FORTIFY := -D_FORTIFY_SOURCE=3 -D_FORTIFY_SOURCE=2
KNOWN = for f in $(1); do echo '\#include <stdio.h>' | $(CC) -Werror -O2 -U_FORTIFY_SOURCE $$f -x c -c -o /dev/null - 2>/dev/null && echo $$f; done
KNOWN_WARN = $(call once,KNOWN_WARN,$(call KNOWN,$(WARN)))
KNOWN_HARD = $(call once,KNOWN_HARD,$(call KNOWN,$(HARD)))
KNOWN_LTO = $(call once,KNOWN_LTO,$(if $(filter release,$(BUILD)),$(call KNOWN,'$(LTO)')))
KNOWN_FORTIFY = $(call once,KNOWN_FORTIFY,$(call KNOWN,$(FORTIFY)))
HARDLD := -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code,--as-needed,--build-id=sha1

# SANDBOX_OFF: instrumentation cannot run under filters and memory limits.
MODE_release  = -U_FORTIFY_SOURCE $(firstword $(KNOWN_FORTIFY))
MODE_debug   := -O0 -g3
MODE_asan    := -DSANDBOX_OFF -O1 -fsanitize=address,undefined -fno-sanitize-recover=all
# The thread sanitizer does not model fences: here every access is atomic.
MODE_tsan    := -DSANDBOX_OFF -O1 -fsanitize=thread -Wno-unknown-warning-option -Wno-tsan
MODE_fuzz    := -DSANDBOX_OFF -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
MODE_cov     := -DSANDBOX_OFF -O0 --coverage
ifeq ($(filter $(BUILD),release debug asan tsan fuzz cov),)
$(error unknown BUILD=$(BUILD))
endif

PATHS    := -DSYSCONFDIR='"$(SYSCONFDIR)"' -DSTATEDIR='"$(STATEDIR)"' -DRUNDIR='"$(RUNDIR)"'
CPP_ALL   = -iquote include -D_GNU_SOURCE $(PATHS) $(PKG_CF) $(CPPFLAGS)
C_ALL     = -std=gnu11 $(KNOWN_WARN) $(KNOWN_HARD) $(LTO_HERE) $(CFLAGS) $(MODE_$(BUILD)) \
            -ffile-prefix-map=$(CURDIR)=. $(if $(WERROR),-Werror)
LD_LTO    = $(if $(KNOWN_LTO),-fno-lto)
LD_ALL    = $(HARDLD) $(LD_LTO) $(filter -fsanitize% --coverage,$(MODE_$(BUILD))) $(LDFLAGS)
STAMPED   = -DPROG_VERSION='"$(VERSION)"' -DBUILD_EPOCH=$(SOURCE_DATE_EPOCH)

# ---- sources -----------------------------------------------------------------
B        := $(OUT)/$(BUILD)
PURE     := base crypto ntp nts discipline assoc serve conf ctl ipc
OBJ       = $(patsubst %.c,$B/%.o,$(1))
PROGS     = $(patsubst %.c,$B/%,$(sort $(wildcard $(1))))
SRC      := $(sort $(wildcard src/*/*.c))
PURESRC  := $(filter $(PURE:%=src/%/%),$(SRC))
UNIT     := $(call PROGS,tests/unit/test_*.c)
SIM      := $(call PROGS,tests/sim/sim_*.c)
BENCH    := $(call PROGS,tests/bench/bench_*.c)
LOAD     := $(call PROGS,tests/bench/load_*.c) $B/$(PROG)-load $B/$(PROG)-echo
FUZZ     := $(call PROGS,tests/fuzz/fuzz_*.c)
TSAN     := $(call PROGS,tests/tsan/*.c)
SIMLIB   := $(call OBJ,$(filter-out tests/sim/sim_%,$(sort $(wildcard tests/sim/*.c))))

WHOLE    := $(filter $(LTO_DIRS:%=src/%/%),$(SRC))

.DEFAULT_GOAL := all
.PHONY: FORCE all tests check unit sim sim-report e2e fuzz-replay lint format bench bench-server bench-ke bench-accuracy bench-instructions bench-workers bench-confinement asan \
        tsan tsan-run cov demo install uninstall dist clean help deps peers fuzz
.PRECIOUS: $B/%.o $B/%.a
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-6s %s\n' $(1) $@;)
# Run all of a list, and say at the end that one failed.
each = r=0; for t in $(1); do echo "\# $$t"; $$t $(2) || { echo "\# exit $$?"; r=1; }; done; exit $$r

all: $B/$(PROG)			## build the binary

$(call OBJ,$(WHOLE)): private LTO_HERE = $(if $(KNOWN_LTO),$(KNOWN_LTO) -frandom-seed=$<)
$B/$(PROG) $(BENCH): private LD_LTO = $(if $(KNOWN_LTO),$(KNOWN_LTO) -ffile-prefix-map=$(CURDIR)=.)
$B/$(PROG): $(call OBJ,src/main.c) $B/liball.a
	$(call say,LD)$(CC) $(LD_ALL) -o $@ $^ $(PKG_LIBS)
$B/liball.a: $(call OBJ,$(SRC))
$B/libpure.a: $(call OBJ,$(PURESRC))
$B/%.a:
	$(call say,AR)rm -f $@ && $(AR) rcsD $@ $^
$B/%.o: %.c $B/flags
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CPP_ALL) $(STAMPED) $(C_ALL) -MMD -MP -c -o $@ $<
# The version changes with every commit and few files care.
$(call OBJ,$(shell grep -lE 'PROG_VERSION|BUILD_EPOCH' src/*/*.c)): $B/version
keep = mkdir -p $(@D); echo '$(subst ','\'',$(1))' | cmp -s - $@ || echo '$(subst ','\'',$(1))' > $@
$B/flags: FORCE
	@$(PKGCONF) --exists 'libssl >= 3.0' 'libevent >= 2.1' 'libseccomp >= 2.5' 2>/dev/null \
	  || { echo 'libraries or $(PKGCONF) are missing: "make deps" installs them'; exit 1; }
	@$(call keep,$(CC) $(CPP_ALL) $(C_ALL) $(KNOWN_LTO))
$B/version: FORCE
	@$(call keep,$(STAMPED))
FORCE:

# ---- tests: simulator, fuzzers and micro-benchmarks link the pure folders alone ---
$B/tests/unit/%: $B/tests/unit/%.o $B/liball.a
	$(call say,LD)$(CC) $(LD_ALL) -o $@ $^ $(CMOCKA) $(PKG_LIBS)
$B/tests/sim/%: $B/tests/sim/%.o $(SIMLIB) $B/libpure.a
	$(call say,LD)$(CC) $(LD_ALL) -o $@ $^ -lcrypto -lm
$B/tests/bench/bench_%: $B/tests/bench/bench_%.o $B/libpure.a
	$(call say,LD)$(CC) $(LD_ALL) -o $@ $^ -lcrypto -lm
$B/tests/bench/load_%: $B/tests/bench/load_%.o $B/liball.a
	$(call say,LD)$(CC) $(LD_ALL) -o $@ $^ $(PKG_LIBS)
$B/$(PROG)-load: $(call OBJ,$(wildcard tests/bench/load/*.c)) $B/liball.a
	$(call say,LD)$(CC) $(LD_ALL) -o $@ $^ $(PKG_LIBS)
$B/$(PROG)-echo: $(call OBJ,$(wildcard tests/bench/echo*.c)) $B/liball.a
	$(call say,LD)$(CC) $(LD_ALL) -o $@ $^ $(PKG_LIBS)
$B/tests/tsan/%: $B/tests/tsan/%.o $(call OBJ,src/base/timepage.c src/base/tstamp.c)
	$(call say,LD)$(CC) $(LD_ALL) -o $@ $^ -lm -pthread
$B/tests/fuzz/%: $B/tests/fuzz/%.o $(if $(filter fuzz,$(BUILD)),,$B/tests/fuzz/replay.o) $B/libpure.a
	$(call say,LD)$(CC) $(LD_ALL) $(if $(filter fuzz,$(BUILD)),-fsanitize=fuzzer) -o $@ $^ -lcrypto -lm

bench-server: all $(BENCH) $(LOAD) peers	## our server beside chrony, ntpsec and the floor
	$Qbash tests/bench/server.sh $B $(OUT)/peers
bench-accuracy: all $(LOAD) peers	## what a client sees of our clock, beside chrony
	$Qbash tests/bench/accuracy.sh $B $(OUT)/peers
bench-ke: all $(LOAD)		## key exchanges: the floor, ours, memory, the peers
	$Qbash tests/bench/ke.sh $B $(OUT)/peers
bench-workers: all $(LOAD)	## two workers against one, and what they share
	$Qbash tests/bench/workers.sh $B $(OUT)/peers
bench-confinement: all $(LOAD)	## what its cage costs a worker
	$Q$(MAKE) -s OUT=$(OUT)/bare CPPFLAGS='$(CPPFLAGS) -DSANDBOX_OFF' all
	$Qbash tests/bench/confinement.sh $B $(OUT)/bare/$(BUILD)
bench-instructions: $(BENCH)	## instructions that a request takes
	$Qsh tests/bench/instructions.sh $B
deps:				## install what building and testing need
	$Qsh contrib/deps.sh check
tests: all $(UNIT) $(FUZZ) $(if $(filter release,$(BUILD)),$(SIM))
STAGES = +$Qsh tests/stages.sh $@
check:				## install what is missing, build, lint, every test
	$Qsh contrib/deps.sh check
	$(STAGES) $B tests lint unit sim fuzz-replay e2e
unit: $(UNIT)			## run the unit tests
	$Q$(call each,$^)
ifneq ($(filter x86_64 i386 i686,$(shell uname -m)),)
	@echo 'again as on a processor without AES instructions:'
	$QOPENSSL_ia32cap='~0x200000200000000:0'; export OPENSSL_ia32cap; \
	  $(call each,$(filter %_crypto_aead %_crypto_siv %_crypto_mac %_nts_cookie %_nts_ef %_nts_ef_server %_nts_jar $B/tests/unit/test_serve_nts_%,$^))
endif
lint: all			## layer, purity, naming and size rules
	$Qsh tests/lint/lint.sh $B "$(PURE)"
sim: $(SIM)			## run the simulator scenarios, short form
	$Q$(call each,$B/tests/sim/sim_short)
sim-report: $(SIM)		## all scenarios, ten seeds each, as a table
	$Q$B/tests/sim/sim_report $(SEEDS)
fuzz-replay: $(FUZZ)		## replay the committed fuzz corpora
	$Q$(call each,$^,tests/fuzz/corpus/$${t##*/fuzz_})
e2e: all peers			## run the scripts against real peers
	$QBIN=$(abspath $B/$(PROG)) PEERS=$(abspath $(OUT)/peers) bash tests/e2e/run.sh
peers:				## unpack chrony and ntpsec under $(OUT)/peers
	$Qsh tests/e2e/peers.sh $(OUT)/peers
asan: BUILD := asan
asan:				## sanitizers: unit, fuzz-replay, e2e without cages
	$(STAGES) $(OUT)/asan tests unit fuzz-replay e2e
tsan: BUILD := tsan
tsan:				## time page: writer and readers under the thread sanitizer
	$(STAGES) $(OUT)/tsan tsan-run
tsan-run: $(TSAN)
	$Q$(call each,$^)
cov: BUILD := cov
cov:				## coverage per folder; all branches of the clock limits
	$(STAGES) $(OUT)/cov tests unit fuzz-replay e2e
	$Qsh tests/cov.sh $(OUT)/cov
	+$QOUT=$(OUT) MAKE='$(MAKE)' sh tests/lint/limits-cov.sh
fuzz:				## fuzz every target for TIME=60 seconds (clang)
	$Qsh contrib/deps.sh fuzz
	+$Q$(MAKE) --no-print-directory BUILD=fuzz CC=clang fuzz-programs
	$Qsh tests/fuzz/fuzz.sh $(OUT)/fuzz $(TIME)
fuzz-programs: $(FUZZ)
bench: all $(BENCH) $(LOAD)	## print one line per figure
	$Qr=0; for t in $(BENCH); do $$t || r=1; done; \
	  sh tests/bench/daemon.sh $B || r=1; exit $$r
demo:				## the main job end to end, no clock touched
	$Qsh contrib/deps.sh build
	+$Q$(MAKE) --no-print-directory all
	$Qsh contrib/demo $B/$(PROG)
format:				## rewrite the tree with clang-format
	$Qclang-format -i $$(find src include tests -name '*.[ch]')

# ---- packaging -----------------------------------------------------------------
# put: install a file with the directories that were chosen.
put = $Qmkdir -p $(dir $(2)) && sed -e 's|@SBINDIR@|$(SBINDIR)|g' \
	-e 's|/etc/truenoon|$(SYSCONFDIR)|g' -e 's|/var/lib/truenoon|$(STATEDIR)|g' \
	-e 's|/run/truenoon|$(RUNDIR)|g' $(1) > $(2) && chmod 644 $(2)
MANPAGES := $(wildcard man/*.[1-8])
UNITS    := $(wildcard contrib/systemd/*.service.in)
MAN_TO    = $(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(1)))/$(notdir $(1))
UNIT_TO   = $(DESTDIR)$(UNITDIR)/$(notdir $(1:.in=))
SYSUSERS  = $(DESTDIR)$(LIBDIR)/sysusers.d/$(PROG).conf
TMPFILES  = $(DESTDIR)$(LIBDIR)/tmpfiles.d/$(PROG).conf
CONF      = $(DESTDIR)$(SYSCONFDIR)/$(PROG).conf
define NL


endef
install: all			## install under DESTDIR= and PREFIX=
	$Qmkdir -p $(DESTDIR)$(SBINDIR) $(DESTDIR)$(COMPDIR) \
	  $(DESTDIR)$(SYSCONFDIR)/conf.d $(DESTDIR)$(SYSCONFDIR)/sources.d
	install -m 0755 $B/$(PROG) $(DESTDIR)$(SBINDIR)/
	install -m 0644 contrib/completion/$(PROG).bash $(DESTDIR)$(COMPDIR)/$(PROG)
	$(foreach m,$(MANPAGES),$(call put,$m,$(call MAN_TO,$m))$(NL)	)
	$(foreach u,$(UNITS),$(call put,$u,$(call UNIT_TO,$u))$(NL)	)
	$(call put,contrib/systemd/$(PROG).sysusers,$(SYSUSERS))
	$(call put,contrib/systemd/$(PROG).tmpfiles,$(TMPFILES))
	@if [ -e $(CONF) ]; then echo 'keeping $(CONF)'; fi
	$(if $(wildcard $(CONF)),,$(call put,contrib/$(PROG).conf,$(CONF)))
uninstall:			## remove what install put there, but no configuration
	rm -f $(DESTDIR)$(SBINDIR)/$(PROG) $(DESTDIR)$(COMPDIR)/$(PROG) $(SYSUSERS) $(TMPFILES) \
	  $(foreach m,$(MANPAGES),$(call MAN_TO,$m)) $(foreach u,$(UNITS),$(call UNIT_TO,$u))
dist:				## reproducible tarball of the last commit
	@mkdir -p $(OUT)/dist; v=$$(git describe --tags --always HEAD) && \
	  echo "$$v $$(git log -1 --format=%ct)" > $(OUT)/dist/VERSION && \
	  git archive --format=tar --prefix=$(PROG)-$$v/ --add-file=$(OUT)/dist/VERSION HEAD \
	  | gzip -9n > $(PROG)-$$v.tar.gz && echo $(PROG)-$$v.tar.gz
clean:				## remove what was built
	rm -rf $(OUT)
help:				## this list
	@sed -n 's/^\([a-z0-9 -]*\):[^#]*##[[:space:]]*/\1	/p' $(MAKEFILE_LIST) | expand -t 16

-include $(shell find $B -name '*.d' 2>/dev/null)
