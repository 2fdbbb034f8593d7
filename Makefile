# vdcsim. `make demo` and `make test` install what is missing (Debian, Ubuntu), build and run. `make help` lists the rest.
#
# Sources are found by folder: a new file needs no edit here.

VERSION   := 0.1.0
BUILD     ?= build
PREFIX    ?= /usr/local
CC        ?= gcc
OPTIMISE  ?= -O2 -g
WARNINGS  := -Wall -Wextra -Wshadow -Wconversion -Werror
SANITIZE  ?=

# Debian package -> what needs it is said in README.md.
PACKAGES       := gcc make pkg-config libgsl-dev libyaml-dev libhdf5-dev zlib1g-dev nettle-dev libsqlite3-dev libedit-dev gnuplot-nox
TEST_PACKAGES  := libcriterion-dev hdf5-tools python3 python3-h5py python3-xarray python3-h5netcdf

LIBRARIES := gsl yaml-0.1 hdf5 zlib nettle sqlite3
LIBRARY_FLAGS = $(shell pkg-config --cflags $(LIBRARIES))
LINK_FLAGS    = $(shell pkg-config --libs $(LIBRARIES)) -lhdf5_hl -ldl -lpthread -lm

# -ffp-contract=off: no fused multiply-add, so that every compiler and level rounds alike.
CFLAGS_ALL = -std=c11 -D_GNU_SOURCE -I. $(OPTIMISE) $(WARNINGS) -ffp-contract=off -fPIC -fvisibility=default \
             -DVDC_VERSION='"$(VERSION)"' $(SANITIZE) $(LIBRARY_FLAGS) $(CFLAGS)

LIBRARY_SOURCES := $(sort $(wildcard sim/*.c sim/base/*.c sim/engine/*.c sim/scenario/*.c sim/record/*.c models/*.c \
                     schedulers/*.c schedulers/*/*.c workloads/*.c analysis/*.c))
CLI_SOURCES     := $(sort $(wildcard sim/cli/*.c))
TEST_SOURCES    := $(sort $(wildcard tests/unit/*.c tests/property/*.c tests/conformance/*.c tests/support/*.c))

objects = $(patsubst %.c,$(BUILD)/$(2)/%.o,$(1))
LIBRARY_OBJECTS := $(call objects,$(LIBRARY_SOURCES),obj)
CLI_OBJECTS     := $(call objects,$(CLI_SOURCES),obj)
# Tests link a build of the library with fault injection compiled in.
TEST_OBJECTS    := $(call objects,$(LIBRARY_SOURCES) $(TEST_SOURCES),test-obj)

.PHONY: all demo test check setup setup-test help clean install
all: $(BUILD)/vdcsim $(BUILD)/libvdcsim.so $(BUILD)/include/vdcsim_policy.h

$(BUILD)/vdcsim: $(CLI_OBJECTS) $(BUILD)/libvdcsim.a
	$(CC) $(CFLAGS_ALL) -rdynamic -o $@ $(CLI_OBJECTS) $(BUILD)/libvdcsim.a $(LINK_FLAGS) -ledit
$(BUILD)/libvdcsim.a: $(LIBRARY_OBJECTS)
	@rm -f $@
	ar rcs $@ $^
$(BUILD)/libvdcsim.so: $(LIBRARY_OBJECTS)
	$(CC) $(CFLAGS_ALL) -shared -o $@ $^ $(LINK_FLAGS)
# One header for plug-ins: the contract and the plain-data headers that it includes.
$(BUILD)/include/vdcsim_policy.h: sim/base/option.h models/request.h schedulers/policy.h
	@mkdir -p $(@D)
	grep -hv '^#include "' $^ > $@
$(BUILD)/vdcsim-tests: $(TEST_OBJECTS)
	$(CC) $(CFLAGS_ALL) -rdynamic -o $@ $^ $(LINK_FLAGS) -lcriterion

$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<
$(BUILD)/test-obj/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -DVDC_TEST_FAULTS -MMD -MP -c -o $@ $<
-include $(LIBRARY_OBJECTS:.o=.d) $(CLI_OBJECTS:.o=.d) $(TEST_OBJECTS:.o=.d)

check: all $(BUILD)/vdcsim-tests
	$(BUILD)/vdcsim-tests

clean:
	rm -rf $(BUILD)
