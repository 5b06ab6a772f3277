# truenoon: one binary.  `make help` lists the targets.
PROG     := truenoon
VERSION  := $(shell cat VERSION 2>/dev/null || git describe --tags --always --dirty 2>/dev/null || echo unknown)

# ---- what the user may set -------------------------------------------------
PREFIX   ?= /usr/local
SBINDIR  ?= $(PREFIX)/sbin
MANDIR   ?= $(PREFIX)/share/man
UNITDIR  ?= $(PREFIX)/lib/systemd/system
SYSCONFDIR ?= /etc/truenoon
STATEDIR ?= /var/lib/truenoon
RUNDIR   ?= /run/truenoon
OUT      ?= build
BUILD    ?= release
CC       ?= cc
PKGCONF  ?= pkg-config
CFLAGS   ?= -O2 -g
# The build date bounds what the clock may be set to: reproducible builds
# give SOURCE_DATE_EPOCH, a checkout uses its last commit.
SOURCE_DATE_EPOCH ?= $(shell git log -1 --format=%ct 2>/dev/null || echo 1790000000)

# ---- libraries ---------------------------------------------------------------
PKGS     := libssl libcrypto libevent_core libseccomp
PKG_CF    = $(shell $(PKGCONF) --cflags $(PKGS))
PKG_LIBS  = $(shell $(PKGCONF) --libs $(PKGS)) -lm
CMOCKA    = $(shell $(PKGCONF) --cflags --libs cmocka)

# ---- flags: each is probed, so that every compiler gets what it knows ----------
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion \
        -Wdouble-promotion -Wformat=2 -Wundef -Wvla -Wcast-qual -Wcast-align \
        -Wpointer-arith -Wwrite-strings -Wstrict-prototypes \
        -Wmissing-prototypes -Wold-style-definition -Wredundant-decls \
        -Wimplicit-fallthrough -Wswitch-enum -Wnull-dereference \
        -Wlogical-op -Wduplicated-cond -Wduplicated-branches -Wtrampolines
HARD := -fPIE -fstack-protector-strong -fstack-clash-protection \
        -fcf-protection=full -mbranch-protection=standard -fno-common \
        -ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr \
        -fno-delete-null-pointer-checks -fno-strict-overflow \
        -fno-strict-aliasing -fvisibility=hidden -ffp-contract=off
KNOWN = $(shell for f in $(1); do $(CC) -Werror $$f -x c -c -o /dev/null /dev/null 2>/dev/null && echo $$f; done)
KNOWN_WARN := $(call KNOWN,$(WARN))
KNOWN_HARD := $(call KNOWN,$(HARD))
HARDLD := -pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code -Wl,--as-needed

# SANDBOX_OFF: instrumentation cannot run under filters and memory limits.
MODE_release := -D_FORTIFY_SOURCE=2
MODE_debug   := -O0 -g3
MODE_asan    := -DSANDBOX_OFF -O1 -fsanitize=address,undefined -fno-sanitize-recover=all
MODE_tsan    := -DSANDBOX_OFF -O1 -fsanitize=thread
MODE_fuzz    := -O1 -fsanitize=fuzzer-no-link,address,undefined
MODE_cov     := -DSANDBOX_OFF -O0 --coverage
ifeq ($(MODE_$(BUILD)),)
$(error unknown BUILD=$(BUILD))
endif

PATHS    := -DSYSCONFDIR='"$(SYSCONFDIR)"' -DSTATEDIR='"$(STATEDIR)"' -DRUNDIR='"$(RUNDIR)"'
CPP_ALL  := -iquote include -D_GNU_SOURCE -DPROG_VERSION='"$(VERSION)"' \
            -DBUILD_EPOCH=$(SOURCE_DATE_EPOCH) $(PATHS) $(PKG_CF) $(CPPFLAGS)
C_ALL    := -std=gnu11 $(KNOWN_WARN) $(KNOWN_HARD) $(CFLAGS) $(MODE_$(BUILD)) \
            -ffile-prefix-map=$(CURDIR)=. $(if $(WERROR),-Werror)
LD_ALL   := $(HARDLD) $(filter -fsanitize% --coverage,$(MODE_$(BUILD))) $(LDFLAGS)

# ---- sources -----------------------------------------------------------------
B        := $(OUT)/$(BUILD)
PURE     := base crypto ntp nts discipline assoc serve conf ctl ipc
OBJ       = $(patsubst %.c,$B/%.o,$(1))
SRC      := $(sort $(wildcard src/*/*.c))
PURESRC  := $(filter $(PURE:%=src/%/%),$(SRC))
UNIT     := $(patsubst %.c,$B/%,$(sort $(wildcard tests/unit/test_*.c)))
SIM      := $(patsubst %.c,$B/%,$(sort $(wildcard tests/sim/sim_*.c)))
BENCH    := $(patsubst %.c,$B/%,$(sort $(wildcard tests/bench/bench_*.c)))
FUZZ     := $(patsubst %.c,$B/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
SIMLIB   := $(call OBJ,$(filter-out tests/sim/sim_%,$(sort $(wildcard tests/sim/*.c))))

.DEFAULT_GOAL := all
.PHONY: FORCE all check unit sim sim-report e2e fuzz-replay lint format bench asan tsan cov \
        demo install uninstall dist clean help deps deps-check peers fuzz
.PRECIOUS: %.o %.a
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-6s %s\n' $(1) $@;)

all: $B/$(PROG)			## build the binary

$B/$(PROG): $(call OBJ,src/main.c) $B/liball.a
	$(call say,LD)$(CC) $(LD_ALL) -o $@ $^ $(PKG_LIBS)
$B/liball.a: $(call OBJ,$(SRC))
$B/libpure.a: $(call OBJ,$(PURESRC))
$B/%.a:
	$(call say,AR)rm -f $@ && $(AR) rcsD $@ $^
$B/%.o: %.c $B/flags
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CPP_ALL) $(C_ALL) -MMD -MP -c -o $@ $<
# The commit time changes with every commit and only one file cares.
FLAGS = $(CC) $(filter-out -DBUILD_EPOCH=% -DPROG_VERSION=%,$(CPP_ALL)) $(C_ALL)
$B/flags: FORCE
	@mkdir -p $(@D); echo '$(subst ','\'',$(FLAGS))' | cmp -s - $@ \
	  || echo '$(subst ','\'',$(FLAGS))' > $@
FORCE:

# ---- tests: simulator, fuzzers and benchmarks link the pure folders alone --------
$B/tests/unit/%: $B/tests/unit/%.o $B/liball.a
	$(call say,LD)$(CC) $(LD_ALL) -o $@ $^ $(CMOCKA) $(PKG_LIBS)
$B/tests/sim/%: $B/tests/sim/%.o $(SIMLIB) $B/libpure.a
	$(call say,LD)$(CC) $(LD_ALL) -o $@ $^ -lcrypto -lm
$B/tests/bench/%: $B/tests/bench/%.o $B/libpure.a
	$(call say,LD)$(CC) $(LD_ALL) -o $@ $^ -lcrypto -lm
$B/tests/fuzz/%: $B/tests/fuzz/%.o $(if $(filter fuzz,$(BUILD)),,$B/tests/fuzz/replay.o) $B/libpure.a
	$(call say,LD)$(CC) $(LD_ALL) $(if $(filter fuzz,$(BUILD)),-fsanitize=fuzzer) -o $@ $^ -lcrypto -lm

unit: $(UNIT)			## run the unit tests
	$Qset -e; for t in $^; do $$t; done
lint: all			## layer, purity, naming and size rules
	$Qsh tests/lint/lint.sh $B "$(PURE)" && echo "lint: clean"
sim: $(SIM)			## run the simulator scenarios, short form
	$Q$B/tests/sim/sim_short
sim-report: $(SIM)		## all scenarios, ten seeds each, as a table
	$Q$B/tests/sim/sim_report $(SEEDS)
fuzz-replay: $(FUZZ)		## replay the committed fuzz corpora
	$Qset -e; for t in $^; do $$t tests/fuzz/corpus/$${t##*/fuzz_}; done
bench: $(BENCH)			## print one line per benchmark
	$Qset -e; for t in $^; do $$t; done
e2e: all peers			## run the scripts against real peers
	$QBIN=$(abspath $B/$(PROG)) PEERS=$(abspath $(OUT)/peers) bash tests/e2e/run.sh
peers:				## unpack chrony and ntpsec under $(OUT)/peers
	$Qsh tests/e2e/peers.sh $(OUT)/peers
format:				## rewrite the tree with clang-format
	$Qclang-format -i $$(find src include tests -name '*.[ch]')
clean:				## remove $(OUT)/
	rm -rf $(OUT)

-include $(shell find $B -name '*.d' 2>/dev/null)
