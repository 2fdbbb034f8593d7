# vdcsim. `make demo` and `make test` install what is missing (Debian, Ubuntu), build and run. `make help` lists the rest.
#
# Sources are found by folder: a new file needs no edit here. Builds with other flags live in other folders (BUILD=…).

VERSION   := 0.1.0
ABI       := 0
BUILD     ?= build
PREFIX    ?= /usr/local
DESTDIR   ?=
CC        := $(if $(filter default,$(origin CC)),gcc,$(CC))
PYTHON    ?= $(firstword $(wildcard /usr/bin/python3) python3)
OPTIMISE  ?= -O2 -g
WERROR    ?= -Werror
WARNINGS  := -Wall -Wextra -Wshadow -Wconversion $(WERROR)
SANITIZE  ?=
JOBS      ?= $(shell nproc 2>/dev/null || echo 2)

# One short line a step; `make V=1` shows the commands.
Q   := $(if $(V),,@)
say  = $(if $(V),,@echo '  $(1) $@')

# Package on Debian and Ubuntu, and how to see that it is there: tools/setup.sh. What needs which: README.md.
PACKAGES       := gcc:cmd=gcc make:cmd=make pkg-config:cmd=pkg-config libgsl-dev:pc=gsl libyaml-dev:pc=yaml-0.1 \
                  libhdf5-dev:pc=hdf5 zlib1g-dev:pc=zlib nettle-dev:pc=nettle libsqlite3-dev:pc=sqlite3 \
                  libedit-dev:pc=libedit gnuplot-nox:cmd=gnuplot
TEST_PACKAGES  := libcriterion-dev:pc=criterion hdf5-tools:cmd=h5dump binutils:cmd=nm python3:cmd=python3 python3-yaml:py=yaml python3-jsonschema:py=jsonschema \
                  python3-h5py:py=h5py python3-xarray:py=xarray python3-h5netcdf:py=h5netcdf
CHECK_PACKAGES := clang:cmd=clang valgrind:cmd=valgrind
LINT_PACKAGES  := $(CHECK_PACKAGES) clang-tidy:cmd=clang-tidy cppcheck:cmd=cppcheck gcovr:cmd=gcovr
package_names   = $(foreach entry,$(1),$(firstword $(subst :, ,$(entry))))

LIBRARIES      := gsl yaml-0.1 hdf5 zlib nettle sqlite3
LIBRARY_FLAGS  := $(shell pkg-config --cflags $(LIBRARIES) 2>/dev/null)
LINK_FLAGS     := $(shell pkg-config --libs $(LIBRARIES) 2>/dev/null) -lhdf5_hl -ldl -lpthread -lm

# -ffp-contract=off: no fused multiply-add, so that every compiler and level rounds alike. -fno-semantic-interposition: nobody puts other functions
# in the place of the library's own, so calls within a file may be inlined although it is position-independent.
CFLAGS_ALL = -std=c11 -D_GNU_SOURCE -I. $(OPTIMISE) $(WARNINGS) -ffp-contract=off -fPIC -fno-semantic-interposition -fvisibility=default \
             -DVDC_VERSION='"$(VERSION)"' $(SANITIZE) $(LIBRARY_FLAGS) $(CFLAGS)
# Tests link a build of the library with fault injection compiled in.
TEST_FLAGS := -DVDC_TEST_FAULTS

LIBRARY_SOURCES := $(sort $(wildcard sim/*.c sim/base/*.c sim/engine/*.c sim/scenario/*.c sim/record/*.c sim/sweep/*.c sim/parts/*.c sim/results/*.c models/*.c \
                     schedulers/*.c schedulers/admission/*.c schedulers/placement/*.c schedulers/cpu/*.c schedulers/rebalance/*.c \
                     workloads/*.c analysis/*.c analysis/plots/*.c))
CLI_SOURCES     := $(sort $(wildcard sim/cli/*.c))
PLAIN_RUNNER    := tests/support/plain_runner.c
TEST_SOURCES    := $(filter-out $(PLAIN_RUNNER),$(sort $(wildcard tests/unit/*.c tests/property/*.c tests/conformance/*.c tests/support/*.c)))

objects = $(patsubst %.c,$(BUILD)/$(2)/%.o,$(1))
# Tests need the library with fault injection (TEST_FLAGS). Builds with sanitizers make do with that one: half the compiling.
LIBRARY_BUILD   ?= $(if $(SANITIZE),test-obj,obj)
LIBRARY_OBJECTS := $(call objects,$(LIBRARY_SOURCES),$(LIBRARY_BUILD))
CLI_OBJECTS     := $(call objects,$(CLI_SOURCES),obj)
TEST_OBJECTS    := $(call objects,$(LIBRARY_SOURCES) $(TEST_SOURCES),test-obj)
# Fuzz targets: by default with a main that replays files; `make fuzz` builds them with clang's fuzzer in its place.
FUZZ_TARGETS    := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_PROGRAMS   := $(addprefix $(BUILD)/fuzz-,$(FUZZ_TARGETS))
FUZZ_MAIN       ?= $(BUILD)/test-obj/tests/fuzz/replay.o
FUZZ_LIBRARY    := $(call objects,$(LIBRARY_SOURCES),test-obj)
# Damaged metadata: what it finds is the HDF5 library's (docs/security.md).
TARGET          ?= $(filter-out damaged_%,$(FUZZ_TARGETS))
SECONDS         ?= 60
RUNS            ?= -1
# What watches the executions of `make fuzz`. Nothing: several times as many of them, in a build folder of its own, on the same corpora.
FUZZ_SANITIZE   ?= address,undefined
FUZZ_BUILD      := build-fuzz$(if $(FUZZ_SANITIZE),,-fast)
comma           := ,
FUZZ_WATCHED     = OPTIMISE='-O1 -g' FUZZ_MAIN=-fsanitize=fuzzer \
                   SANITIZE='-fsanitize=$(FUZZ_SANITIZE)$(comma)fuzzer-no-link -fno-sanitize-recover=all -fno-omit-frame-pointer'
# Without a look at each comparison of the program, and of texts by the C library: libFuzzer's archive alone has no interceptors.
FUZZ_FAST        = OPTIMISE='-O2 -g' FUZZ_MAIN="$$(clang -print-resource-dir)/lib/linux/libclang_rt.fuzzer-$$(uname -m).a -lstdc++" \
                   SANITIZE='-fsanitize=fuzzer-no-link -fno-sanitize-coverage=trace-cmp'

.PHONY: all docs picture demo demo-run gallery test check bench bench-page setup setup-test setup-checks setup-lint needs install uninstall sanitize tsan coverage clang reproducible \
        fuzz fuzz-programs planetlab-walk instruction-gate lint tidy cppcheck valgrind format-check help clean FORCE
.DELETE_ON_ERROR:

##: all             the command, the libraries and the plug-in header, in build/ (the default)
all: $(if $(CLI_SOURCES),$(BUILD)/vdcsim) $(BUILD)/libvdcsim.so $(BUILD)/include/vdcsim.h $(BUILD)/include/vdcsim_policy.h

$(BUILD)/vdcsim: $(CLI_OBJECTS) $(BUILD)/libvdcsim.a $(BUILD)/.files
	$(call say,link)
	$(Q)$(CC) $(CFLAGS_ALL) -rdynamic -o $@ $(CLI_OBJECTS) $(BUILD)/libvdcsim.a $(LINK_FLAGS) -ledit
$(BUILD)/libvdcsim.a: $(LIBRARY_OBJECTS) $(BUILD)/.files
	$(call say,pack)
	@rm -f $@
	$(Q)ar rcs $@ $(LIBRARY_OBJECTS)
$(BUILD)/libvdcsim.so: $(LIBRARY_OBJECTS) $(BUILD)/.files
	$(call say,link)
	$(Q)$(CC) $(CFLAGS_ALL) -shared -Wl,-soname,libvdcsim.so.$(ABI) -o $@ $(LIBRARY_OBJECTS) $(LINK_FLAGS)
# Several headers as one, without their includes of each other; fit for C++.
define one-header
@mkdir -p $(@D)
$(Q){ printf '#ifdef __cplusplus\nextern "C" {\n#endif\n'; grep -hv '^#include "' $^; printf '#ifdef __cplusplus\n}\n#endif\n'; } > $@
endef
# One header for plug-ins: the contract and the plain-data headers that it includes.
$(BUILD)/include/vdcsim_policy.h: sim/base/option.h models/request.h models/cpu_share.h models/gpu_mix.h schedulers/policy.h
	$(one-header)
# The same for programs that use the library.
$(BUILD)/include/vdcsim.h: sim/base/option.h sim/base/status.h sim/base/units.h sim/base/memory.h sim/vdcsim.h
	$(one-header)
$(BUILD)/vdcsim-tests: $(TEST_OBJECTS) $(BUILD)/.files
	$(call say,link)
	$(Q)$(CC) $(CFLAGS_ALL) -rdynamic -o $@ $(TEST_OBJECTS) $(LINK_FLAGS) -lcriterion
# The same tests for tools that Criterion's runner does not go with.
$(BUILD)/vdcsim-tests-plain: $(TEST_OBJECTS) $(call objects,$(PLAIN_RUNNER),test-obj) $(BUILD)/.files
	$(call say,link)
	$(Q)$(CC) $(CFLAGS_ALL) -rdynamic -o $@ $(filter %.o,$^) $(LINK_FLAGS) -lcriterion

$(BUILD)/fuzz-%: $(BUILD)/test-obj/tests/fuzz/fuzz_%.o $(FUZZ_LIBRARY) $(filter %.o,$(FUZZ_MAIN)) $(BUILD)/.files
	$(call say,link)
	$(Q)$(CC) $(CFLAGS_ALL) -o $@ $(filter %.o,$^) $(filter-out %.o,$(FUZZ_MAIN)) $(LINK_FLAGS)
fuzz-programs: $(FUZZ_PROGRAMS)
# Kept, though they are only steps on the way for make.
.SECONDARY: $(call objects,$(wildcard tests/fuzz/*.c),test-obj)

$(BUILD)/obj/%.o: %.c $(BUILD)/.flags
	$(call say,cc  )
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<
$(BUILD)/test-obj/%.o: %.c $(BUILD)/.flags
	$(call say,cc  )
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS_ALL) $(TEST_FLAGS) -MMD -MP -c -o $@ $<
-include $(wildcard $(BUILD)/test-obj/tests/fuzz/*.d) $(wildcard $(LIBRARY_OBJECTS:.o=.d) $(CLI_OBJECTS:.o=.d) $(TEST_OBJECTS:.o=.d))

# What objects and links were made with: rewritten only when it changes, so that other flags, another compiler or a source
# file that is gone cause exactly the rebuild that they must.
$(BUILD)/.flags: FORCE | needs
	$(shell mkdir -p $(@D))$(file >$@.new,$(shell $(CC) --version 2>&1 | head -n 1) $(CFLAGS_ALL) $(TEST_FLAGS) $(LINK_FLAGS))
	@cmp -s $@.new $@ && rm -f $@.new || mv -f $@.new $@
$(BUILD)/.files: FORCE
	$(shell mkdir -p $(@D))$(file >$@.new,$(LIBRARY_OBJECTS) $(CLI_OBJECTS) $(TEST_OBJECTS))
	@cmp -s $@.new $@ && rm -f $@.new || mv -f $@.new $@
needs:
	@pkg-config --exists $(LIBRARIES) libedit 2>/dev/null || { \
	  echo "missing libraries: `pkg-config --print-errors --exists $(LIBRARIES) libedit 2>&1 | sed -n "s/^Package '*\([^ ']*\)'*.* not found.*/\1/p" | sort -u | tr '\n' ' '`" >&2; \
	  echo "'make setup' installs what vdcsim needs: $(call package_names,$(PACKAGES))" >&2; exit 1; }

##: setup           installs what the build needs and is missing (apt, as root or by sudo); otherwise names it and stops
setup:
	@PYTHON=$(PYTHON) tools/setup.sh $(PACKAGES)
setup-test:
	@PYTHON=$(PYTHON) tools/setup.sh $(PACKAGES) $(TEST_PACKAGES)
##: setup-checks    installs what fuzzing and the instruction counts need
setup-checks:
	@PYTHON=$(PYTHON) tools/setup.sh $(PACKAGES) $(TEST_PACKAGES) $(CHECK_PACKAGES)
##: setup-lint      installs the tools of coverage, clang, tidy and cppcheck
setup-lint:
	@PYTHON=$(PYTHON) tools/setup.sh $(PACKAGES) $(TEST_PACKAGES) $(LINT_PACKAGES)

##: demo            setup, build, compare three placement policies on 1 000 hosts and 100 000 VMs; results and pictures in out/demo
# Each step is a make of its own: what setup installs changes the flags that make reads at its start.
demo: setup
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@$(MAKE) --no-print-directory demo-run
demo-run: all
	@BUILD=$(BUILD) scenarios/demo/run.sh out/demo

##: picture         runs the demo and takes its picture into the README
picture: demo
	@mkdir -p docs/images
	cp out/demo/pictures/policies.svg docs/images/demo.svg

##: planetlab-walk  the PlanetLab experiment from CloudSim's figures to right ones, one difference at a time (docs/planetlab.md)
planetlab-walk: $(BUILD)/planetlab-walk
$(BUILD)/planetlab-walk: $(call objects,$(LIBRARY_SOURCES) tests/experiments/planetlab_walk.c tests/support/cloudsim.c tests/support/tree.c,test-obj) $(BUILD)/.files
	$(call say,link)
	$(Q)$(CC) $(CFLAGS_ALL) -rdynamic -o $@ $(filter %.o,$^) $(LINK_FLAGS) -lcriterion

##: gallery         runs every scenario that needs no other data and draws what it is about (PART=published: those of that name, with data): out/gallery/index.html
gallery: all
	@$(PYTHON) tools/gallery.py $(BUILD)/vdcsim scenarios out/gallery $(PART)
##: test            setup, build and every test, with a summary
test: setup-test
	@$(MAKE) --no-print-directory check
##: check           PART="unit scenarios": the same without setup, all parts or some (tests/run.sh)
UNIT_TESTS ?= vdcsim-tests
check:
	@$(MAKE) --no-print-directory -j$(JOBS) all $(BUILD)/$(UNIT_TESTS) fuzz-programs
	@BUILD=$(BUILD) UNIT_TESTS=$(UNIT_TESTS) PYTHON=$(PYTHON) CC='$(CC)' SANITIZE='$(SANITIZE)' tests/run.sh $(PART)

##: bench           the performance benchmarks, one JSON line each (vdcsim bench --help)
bench: $(BUILD)/vdcsim
	@$(BUILD)/vdcsim bench
##: bench-page      BENCH="placement.vm --quick": the same as docs/performance.md
bench-page: $(BUILD)/vdcsim
	$(BUILD)/vdcsim bench $(BENCH) >$(BUILD)/bench.jsonl
	CC='$(CC)' $(PYTHON) tools/bench_page.py <$(BUILD)/bench.jsonl >docs/performance.md

##: install         PREFIX=/usr/local DESTDIR=: command, libraries, headers, pkg-config file, manual page
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig $(DESTDIR)$(PREFIX)/include
	install -m 755 $(BUILD)/vdcsim $(DESTDIR)$(PREFIX)/bin/vdcsim
	install -m 644 $(BUILD)/libvdcsim.a $(DESTDIR)$(PREFIX)/lib/libvdcsim.a
	install -m 755 $(BUILD)/libvdcsim.so $(DESTDIR)$(PREFIX)/lib/libvdcsim.so.$(VERSION)
	ln -sf libvdcsim.so.$(VERSION) $(DESTDIR)$(PREFIX)/lib/libvdcsim.so.$(ABI)
	ln -sf libvdcsim.so.$(ABI) $(DESTDIR)$(PREFIX)/lib/libvdcsim.so
	install -m 644 $(BUILD)/include/vdcsim.h $(BUILD)/include/vdcsim_policy.h $(DESTDIR)$(PREFIX)/include/
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' -e 's|@LIBRARIES@|$(LIBRARIES)|' tools/vdcsim.pc.in \
	  > $(DESTDIR)$(PREFIX)/lib/pkgconfig/vdcsim.pc
	install -d $(addprefix $(DESTDIR)$(PREFIX)/share/,man/man1 bash-completion/completions)
	$(BUILD)/vdcsim manual > $(DESTDIR)$(PREFIX)/share/man/man1/vdcsim.1
	$(BUILD)/vdcsim completion bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/vdcsim
##: uninstall       removes what install put there
uninstall:
	rm -f $(addprefix $(DESTDIR)$(PREFIX)/,bin/vdcsim lib/libvdcsim.a lib/libvdcsim.so.$(VERSION) lib/libvdcsim.so.$(ABI) \
	  lib/libvdcsim.so include/vdcsim.h include/vdcsim_policy.h lib/pkgconfig/vdcsim.pc \
	  share/man/man1/vdcsim.1 share/bash-completion/completions/vdcsim)

##: sanitize        the tests under AddressSanitizer and UndefinedBehaviorSanitizer, in build-asan
sanitize: setup-test
	@REFERENCE_CASES=$${REFERENCE_CASES:-60} $(MAKE) --no-print-directory check BUILD=build-asan OPTIMISE='-O1 -g' \
	  SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer'
##: tsan            the tests under ThreadSanitizer, in build-tsan
tsan: setup-test
	@REFERENCE_CASES=$${REFERENCE_CASES:-60} $(MAKE) --no-print-directory check BUILD=build-tsan OPTIMISE='-O1 -g' SANITIZE=-fsanitize=thread UNIT_TESTS=vdcsim-tests-plain
##: fuzz            SECONDS=60 RUNS=-1 TARGET="quantity yaml scenario trace native packing result state protocol" FUZZ_SANITIZE=address,undefined: libFuzzer (clang) on each target in turn, in build-fuzz
fuzz:
	@$(MAKE) --no-print-directory -j$(JOBS) all fuzz-programs BUILD=$(FUZZ_BUILD) CC=clang $(if $(FUZZ_SANITIZE),$(FUZZ_WATCHED),$(FUZZ_FAST))
	@BUILD=$(FUZZ_BUILD) CORPORA=build-fuzz OPTIONS='$(if $(FUZZ_SANITIZE),,-entropic=0 -reduce_inputs=0)' SECONDS='$(SECONDS)' RUNS='$(RUNS)' tests/fuzz/run.sh $(TARGET)
##: instruction-gate instructions of five runs against tests/bench/instructions.txt (valgrind)
instruction-gate: $(BUILD)/vdcsim
	@BUILD=$(BUILD) $(PYTHON) tests/bench/instructions.py
##: clang           everything by clang, in build-clang
clang: setup-lint
	@$(MAKE) --no-print-directory check BUILD=build-clang CC=clang
##: coverage        line coverage of the tests (gcovr), in build-coverage: at least 90 %, and reasons for files below (tests/structure/uncovered.txt)
coverage: setup-lint
	@$(MAKE) --no-print-directory check BUILD=build-coverage OPTIMISE='-O0 -g' SANITIZE='--coverage -fprofile-update=atomic'
	gcovr --root . --object-directory build-coverage --exclude tests/ --exclude build --gcov-ignore-parse-errors \
	  --html-details build-coverage/coverage.html --txt build-coverage/coverage.txt --json-summary build-coverage/coverage.json
	@$(PYTHON) tests/structure/coverage.py build-coverage/coverage.json
	@echo "which lines: build-coverage/coverage.html, build-coverage/coverage.txt"
##: reproducible    gcc and clang, -O0 and -O3, one run at a time and four must give the same bytes for every scenario and for a sweep
reproducible: setup-lint
	@$(MAKE) --no-print-directory -j$(JOBS) all
	@$(MAKE) --no-print-directory -j$(JOBS) all BUILD=build-O0 OPTIMISE='-O0'
	@$(MAKE) --no-print-directory -j$(JOBS) all BUILD=build-O3 OPTIMISE='-O3'
	@$(MAKE) --no-print-directory -j$(JOBS) all BUILD=build-clang CC=clang
	@$(PYTHON) tests/reproducible.py $(BUILD) build-O0 build-O3 build-clang
##: tidy            clang-tidy over the library and the command; the next time over what has changed
# A mark for each file that was found clean. It needs the object file, which is as new as the headers that the file includes.
TIDY_MARKS := $(patsubst %.c,$(BUILD)/tidy/%,$(LIBRARY_SOURCES) $(CLI_SOURCES))
$(BUILD)/tidy/%: %.c $(BUILD)/obj/%.o tests/structure/clang-tidy.yaml
	$(call say,tidy)
	@mkdir -p $(@D)
	$(Q)clang-tidy --quiet --warnings-as-errors='*' --config-file=tests/structure/clang-tidy.yaml $< -- $(filter-out -Werror,$(CFLAGS_ALL))
	@touch $@
tidy: setup-lint
	@$(MAKE) --no-print-directory -k -j$(JOBS) $(TIDY_MARKS)
##: cppcheck        cppcheck over the library and the command
cppcheck: setup-lint
	cppcheck --std=c11 --enable=warning,performance,portability --inline-suppr --suppress=missingInclude --suppress=missingIncludeSystem \
	  --suppressions-list=tests/structure/cppcheck.txt \
	  --error-exitcode=1 --quiet -I. -D__x86_64__ -DVDC_VERSION='"$(VERSION)"' $(LIBRARY_SOURCES) $(CLI_SOURCES)
##: lint            tidy and cppcheck
lint: tidy cppcheck
##: valgrind        FILTER='record/*': unit tests under valgrind, with fewer random steps: memory that is used wrongly or lost (an hour for all)
FILTER ?= *
valgrind: setup-lint
	@$(MAKE) --no-print-directory -j$(JOBS) $(BUILD)/vdcsim-tests-plain
	VDCSIM_SEARCH_STEPS=1000 VDC_TEST_STEPS=10000 valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite --show-leak-kinds=definite \
	  --suppressions=tests/support/libhdf5.supp $(BUILD)/vdcsim-tests-plain -j$(JOBS) --filter '$(FILTER)'
##: format-check    layout, include order, forbidden calls and mutable globals (also a part of check)
format-check:
	@$(PYTHON) tests/structure/check.py --objects $(BUILD)

##: docs            writes the reference part of docs/scenario.md from the parser's tables
docs: all
	@$(PYTHON) tools/scenario_reference.py $(BUILD)/vdcsim docs/scenario.md
##: clean           removes the build folder ($(BUILD))
clean:
	rm -rf $(BUILD)
##: help            this list
help:
	@sed -n 's/^##: /make /p' Makefile
