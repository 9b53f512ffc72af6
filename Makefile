# SPDX-License-Identifier: Apache-2.0
#
# Builds, checks and installs Weir. In: the sources, found by looking; nothing is listed here.
# Out: everything in $(B), nothing beside the sources. A change of compiler or flags rebuilds.
#
#   make B=/tmp/w CC=clang OPT=-O0        another folder, compiler, optimisation
#   make SAN=address,undefined unit       instrumented, in a folder of its own
#   make unit SUITES="test_base_text"     some suites only
#   make unit FOLDERS=core/base SUITES=.. only what these folders hold (and their tests)

VERSION := 0.1.0
ABI     := $(shell sed -n 's/^\#define WEIR_ABI //p' core/api/weir.h)

ifeq ($(origin CC),default)
CC := gcc
endif
SAN     :=
B       := build$(if $(SAN),/san)
OPT     := -O2
prefix  := /usr/local
PREFIX  := $(prefix)
DESTDIR :=
FOLDERS := core sim
SUITES  :=

WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Werror
# Doubles give the same bits on every machine only if no compiler may fuse a multiply and an add.
# One build of objects for the command and the library, which shows weir.h and nothing else.
FLAGS    := -std=c11 -D_GNU_SOURCE $(OPT) -g -ffp-contract=off -fPIC -fvisibility=hidden $(WARNINGS) -I.
ifneq ($(SAN),)
FLAGS    += -fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS  += -fsanitize=$(SAN)
endif

# Asked when first needed: on a fresh machine the packages come in while make is running.
once         = $(eval $(1) := $(2))$($(1))
SIM_PACKAGES := yaml-0.1 jansson libxml-2.0
SIM_FLAGS    = $(call once,SIM_FLAGS,$(shell pkg-config --cflags $(SIM_PACKAGES)))
SIM_LIBS     = $(call once,SIM_LIBS,$(shell pkg-config --libs $(SIM_PACKAGES)))
CHECK_FLAGS  = $(call once,CHECK_FLAGS,$(shell pkg-config --cflags check))
CHECK_LIBS   = $(call once,CHECK_LIBS,$(shell pkg-config --libs check))

# How a target that does everything builds, unless it was told how.
ON_ALL_CORES = --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell getconf _NPROCESSORS_ONLN))

sources   = $(sort $(shell find $(1) -name '*.c' 2>/dev/null))
objects   = $(patsubst %.c,$(B)/obj/%.o,$(1))
SOURCES   := $(call sources,$(FOLDERS))
CORE_OBJ  := $(call objects,$(filter core/%,$(SOURCES)))
SIM_OBJ   := $(call objects,$(filter-out sim/cli/main.c,$(filter sim/%,$(SOURCES))))
MAIN_OBJ  := $(B)/obj/sim/cli/main.o
# What programs call; linked in whole, since nothing else may refer to it.
API_OBJ   := $(call objects,$(filter core/api/%,$(SOURCES)))
PROGRAM_SRC := $(sort $(wildcard scenarios/programs/*/*.c))
PROGRAMS  := $(patsubst %.c,$(B)/programs/%.so,$(notdir $(PROGRAM_SRC)))
TEST_PROGRAMS := $(patsubst tests/programs/%.c,$(B)/tests/programs/%.so,\
                   $(sort $(wildcard tests/programs/*.c)))
SUITE_SRC := $(sort $(if $(filter-out core sim,$(FOLDERS)),$(SUITES:%=tests/unit/%.c),\
               $(wildcard tests/unit/test_*.c)))
UNIT_OBJ  := $(call objects,$(SUITE_SRC) tests/lib/unit_main.c)
SHARED_OBJ := $(call objects,$(filter-out tests/lib/unit_main.c,$(wildcard tests/lib/*.c)))
BENCHES   := $(patsubst tests/bench/%.c,$(B)/bench/%,$(sort $(wildcard tests/bench/bench_*.c)))
FUZZERS   := $(patsubst tests/fuzz/%.c,$(B)/fuzz/%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
TEST_SRC  := $(filter-out tests/programs/%,$(sort $(shell find tests -name '*.c')))
ALL_TEXT  := $(sort $(shell find core sim tests scenarios -name '*.[ch]'))

PLOTS     := $(patsubst plots/%,$(B)/plots/%,$(sort $(wildcard plots/*)))

LIBS      := $(B)/libweir-core.a $(if $(SIM_OBJ),$(B)/libweir-sim.a)
TEST_LIBS := $(if $(SHARED_OBJ),$(B)/libweir-tests.a) $(LIBS)
# A group, because the core calls check_failed, which the world that drives it defines.
link       = $(CC) $(FLAGS) $(LDFLAGS) -o $@ $(1) -Wl,--start-group $(2) -Wl,--end-group $(3) -lm

.SUFFIXES:
.DELETE_ON_ERROR:
.PHONY: all demo demo-traces docs golden-rewrite test unit ci bench lint determinism every-event random worlds fuzz format check-format install uninstall \
        clean help fuzzers benches lint-objects FORCE

all: $(B)/weir $(B)/libweir.so $(PROGRAMS) $(PLOTS) ## build the weir command (the default)

demo: ## run the flagship scenario and say where its report is
	@.ci/packages build
	@$(MAKE) $(ON_ALL_CORES) all
	$(B)/weir run scenarios/reactive-spot-day --out out/demo

demo-traces: ## the same on the original traces: 87 days of WorldCup98, NAB loads, SkyPilot churn
	@.ci/packages build
	@$(MAKE) $(ON_ALL_CORES) all
	@tests/demo-traces.sh $(B)/weir

test: ## unit tests and every scenario; the last line sums them up
	@.ci/packages build test
	@$(MAKE) $(ON_ALL_CORES) all $(B)/tests/unit
	@tests/run-all.sh $(B)

unit: ## unit tests only (SUITES="test_base_text ..." for some of them)
	@.ci/packages build test
	@$(MAKE) $(ON_ALL_CORES) $(B)/tests/unit
	@$(B)/tests/unit $(SUITES)

ci: ## the whole gate: tests, formatting, warnings, lint, determinism, sanitizers, fuzzing
	@MAKEFLAGS= MFLAGS= .ci/run

bench: ## speed against a yardstick in the same run, a line each
	@.ci/packages build
	@$(MAKE) $(ON_ALL_CORES) benches
	@tests/bench/run.sh $(BENCHES)

lint: ## who includes whom, what the core calls, sizes, habits, cppcheck
	@.ci/packages build test ci
	@$(MAKE) $(ON_ALL_CORES) lint-objects
	@tests/lint/run.sh $(B)

determinism: ## same scenario, same bytes: twice, -O0 and -O3, gcc and clang, dirty malloc
	@.ci/packages build ci
	@$(MAKE) $(ON_ALL_CORES) all
	@tests/determinism.sh $(B)

every-event: ## a fault at every single event of small runs of the exact world: some 200,000 runs
	@.ci/packages build test
	@$(MAKE) $(ON_ALL_CORES) $(B)/tests/unit
	@EXACT_STRIDE=1 $(B)/tests/unit exact_every_event exact_every_program

random: ## RANDOM_SCENARIOS drawn scenarios (default 5000), run whole: no invariant breaks
	@.ci/packages build test
	@$(MAKE) $(ON_ALL_CORES) $(B)/tests/unit
	@RANDOM_SCENARIOS=$${RANDOM_SCENARIOS:-5000} $(B)/tests/unit sim_random

worlds: ## the model against real records: all scenarios that both worlds can run, some minutes
	@.ci/packages build test
	@$(MAKE) $(ON_ALL_CORES) $(B)/tests/unit
	@WEIR_WORLDS=all $(B)/tests/unit compare_worlds

fuzz: ## feed the input readers garbage, FUZZ_SECONDS each (default 10)
	@.ci/packages build ci
	@$(MAKE) --no-print-directory B=$(B)/fuzzing CC=clang OPT=-O1 \
	    SAN=address,undefined,fuzzer-no-link fuzzers
	@tests/fuzz/run.sh $(B)/fuzzing/fuzz

format: ## rewrite all sources with the pinned clang-format
	@.ci/packages ci
	@tests/lint/format.sh -i $(ALL_TEXT)

check-format: ## say which sources clang-format would change
	@.ci/packages ci
	@tests/lint/format.sh --dry-run -Werror $(ALL_TEXT)

docs: all ## the page and the table that are made from the code
	@$(B)/weir help --configuration-markdown > docs/configuration.md
	@$(B)/weir help --metrics-markdown > $(B)/metrics.md
	@sed -i -e '/^## Metrics$$/,/^(The table/{/^|/d}' -e '/^## Metrics$$/{n;r $(B)/metrics.md' -e '}' \
	    docs/metrics.md

golden-rewrite: all $(B)/tests/unit ## expected results anew; the commit says why each line changed
	@$(B)/weir test scenarios --update-golden
	@WEIR_REWRITE=1 $(B)/tests/unit test_timelines_compare test_compare_worlds

install: all ## into $(DESTDIR)$(PREFIX): command, header, programs, manual page, completions, plots
	install -D -m 755 $(B)/weir $(DESTDIR)$(PREFIX)/bin/weir
	install -D -m 644 docs/man/weir.1 $(DESTDIR)$(PREFIX)/share/man/man1/weir.1
	install -D -m 644 docs/man/weir.3 $(DESTDIR)$(PREFIX)/share/man/man3/weir.3
	install -D -m 644 docs/completion/weir.bash \
	    $(DESTDIR)$(PREFIX)/share/bash-completion/completions/weir
	install -D -m 644 docs/completion/weir.zsh \
	    $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_weir
	install -D -m 644 core/api/weir.h $(DESTDIR)$(PREFIX)/include/weir.h
	install -d $(DESTDIR)$(PREFIX)/lib/weir/programs $(DESTDIR)$(PREFIX)/lib/pkgconfig
	install -m 755 $(B)/libweir.so.$(ABI) $(DESTDIR)$(PREFIX)/lib
	ln -sf libweir.so.$(ABI) $(DESTDIR)$(PREFIX)/lib/libweir.so
	install -m 755 $(PROGRAMS) $(DESTDIR)$(PREFIX)/lib/weir/programs
	sed -e 's,@PREFIX@,$(PREFIX),' -e 's,@VERSION@,$(VERSION),' docs/weir.pc.in \
	    > $(DESTDIR)$(PREFIX)/lib/pkgconfig/weir.pc
	install -d $(DESTDIR)$(PREFIX)/share/weir/plots
	find plots -type f -exec install -m 644 {} $(DESTDIR)$(PREFIX)/share/weir/plots/ \;

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/weir $(DESTDIR)$(PREFIX)/share/man/man1/weir.1 \
	    $(DESTDIR)$(PREFIX)/share/man/man3/weir.3 \
	    $(DESTDIR)$(PREFIX)/share/bash-completion/completions/weir \
	    $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_weir \
	    $(DESTDIR)$(PREFIX)/lib/libweir.so $(DESTDIR)$(PREFIX)/lib/libweir.so.$(ABI) \
	    $(DESTDIR)$(PREFIX)/include/weir.h $(DESTDIR)$(PREFIX)/lib/pkgconfig/weir.pc
	rm -rf $(DESTDIR)$(PREFIX)/share/weir $(DESTDIR)$(PREFIX)/lib/weir

clean: ## remove the build folder and the demo's output
	rm -rf $(B) out/demo

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

# Programs are loaded at run time and find the functions of weir.h in the command.
EXPORT := -Wl,--export-dynamic-symbol='weir_*'

# The command finds the scripts of its pictures beside itself, wherever the build folder is.
$(B)/plots/%: plots/%
	@install -D -m 644 $< $@

$(B)/weir: $(MAIN_OBJ) $(API_OBJ) $(LIBS) | $(PLOTS)
	@$(call link,$(MAIN_OBJ) $(API_OBJ),$(LIBS),$(SIM_LIBS) $(EXPORT))
	@echo $@

# The library for programs that are binaries of their own. (A sanitized one would need the
# sanitizer in each of them.)
$(B)/libweir.so.$(ABI): $(CORE_OBJ) $(SIM_OBJ)
	@$(CC) $(FLAGS) $(LDFLAGS) -shared -Wl,-soname,$(@F) -o $@ $^ $(SIM_LIBS) -lm
$(B)/libweir.so: $(B)/libweir.so.$(ABI)
	@ln -sf $(<F) $@

# As a user would build it: the header and nothing else.
program = mkdir -p $(@D) && $(CC) $(filter-out -I.,$(FLAGS)) $(LDFLAGS) -Icore/api -fPIC -shared -o $@ $<
vpath %.c $(sort $(dir $(PROGRAM_SRC)))
$(B)/programs/%.so: %.c core/api/weir.h $(B)/flags
	@$(program)
$(B)/tests/programs/%.so: tests/programs/%.c tests/programs/acts.h core/api/weir.h $(B)/flags
	@$(program) -I.

# A file of one line; newer only when the line has changed.
define remember
$(1): FORCE
	@mkdir -p $$(@D) && echo '$(2)' | cmp -s - $$@ || echo '$(2)' > $$@
endef
$(eval $(call remember,$(B)/flags,$(CC) $(FLAGS) $(VERSION)))
$(eval $(call remember,$(B)/members,$(CORE_OBJ) $(SIM_OBJ) $(SHARED_OBJ)))
$(eval $(call remember,$(B)/suites,$(SUITE_SRC)))

$(B)/libweir-core.a: $(CORE_OBJ) $(B)/members
$(B)/libweir-sim.a: $(SIM_OBJ) $(B)/members
$(B)/libweir-tests.a: $(SHARED_OBJ) $(B)/members
$(B)/libweir-%.a:
	@rm -f $@ && ar rcsD $@ $(filter %.o,$^)

# The core sees no third-party folder, so it cannot include from one.
compile = mkdir -p $(@D) && $(CC) $(FLAGS) $(1) -MMD -MP -c -o $@ $<
$(B)/obj/core/%.o: core/%.c $(B)/flags
	@$(call compile)
$(B)/obj/sim/%.o: sim/%.c $(B)/flags
	@$(call compile,$(SIM_FLAGS) -DWEIR_VERSION='"$(VERSION)"')
$(B)/obj/tests/%.o: tests/%.c $(B)/flags
	@$(call compile,$(SIM_FLAGS) $(CHECK_FLAGS) -I$(B)/tests)
$(B)/obj/tests/lib/unit_main.o: $(B)/tests/suites.h

# The list of suites: each tests/unit/NAME.c defines NAME_suite.
$(B)/tests/suites.h: $(B)/suites
	@mkdir -p $(@D)
	@for f in $(SUITE_SRC); do n=$${f##*/}; echo "SUITE($${n%.c}_suite)"; done > $@

# Calls of the allocator come by tests/lib/rooms.c.
COUNT := -Wl,--wrap=mem_create

$(B)/tests/unit: $(UNIT_OBJ) $(API_OBJ) $(TEST_LIBS) $(PROGRAMS) $(TEST_PROGRAMS) | $(PLOTS)
	@$(call link,$(UNIT_OBJ) $(API_OBJ),$(TEST_LIBS),$(SIM_LIBS) $(CHECK_LIBS) $(EXPORT) $(COUNT))

lint-objects: $(call objects,$(SOURCES) $(TEST_SRC))

benches: $(BENCHES)
$(B)/bench/%: $(B)/obj/tests/bench/%.o $(B)/obj/tests/bench/bench.o $(TEST_LIBS)
	@mkdir -p $(@D)
	@$(call link,$(filter %.o,$^),$(TEST_LIBS),$(SIM_LIBS) $(CHECK_LIBS))

fuzzers: $(FUZZERS)
$(B)/fuzz/%: $(B)/obj/tests/fuzz/%.o $(TEST_LIBS)
	@mkdir -p $(@D)
	@$(call link,-fsanitize=fuzzer $<,$(TEST_LIBS),$(SIM_LIBS) $(CHECK_LIBS))

.SECONDARY:
-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
