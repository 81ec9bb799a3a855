# SPDX-License-Identifier: GPL-2.0-or-later
#
# Targets; "make help" lists them.  SANITIZE=1 uses a build with sanitizers,
# BUILD=DIR the build folder given to configure, V=1 prints every command.

prefix = /usr/local
BUILD ?= build$(if $(SANITIZE),-asan)
NINJA = ninja -j $(shell nproc) $(if $(V),-v) -C

# The folders are here because files come and go; patches is a target, too.
OVERLAY = configure scripts/debian.sh scripts/functions.sh scripts/overlay \
          tests/fuzz/devices.mak \
          $(wildcard patches/. patches/*.patch qapi include/hw/xen)

# Builds in other folders find in ccache what this one has compiled
export CCACHE_BASEDIR ?= $(CURDIR)
export CCACHE_NOHASHDIR ?= 1
# Without it, each file is preprocessed first, a third of a new build's time
export CCACHE_DEPEND ?= 1

.PHONY: all check check-full check-xen check-fidelity fuzz fuzzers demo bench \
        guests patches lint stock install uninstall deb clean distclean help
.NOTPARALLEL:

all: $(BUILD)/.configured ## QEMU, the tests and the guest image (default)
	@$(NINJA) $(BUILD) qemu-system-x86_64 qemu-img xen-platform-tests

check: all fuzzers ## all quick tests; the last line counts them
	@scripts/check $(BUILD) build-fuzz

check-full: all stock fuzzers ## all tests there are, also with sanitizers
	@$(MAKE) --no-print-directory SANITIZE=1 BUILD=build-asan
	@scripts/check --full $(BUILD) build-asan build-fuzz

check-xen: guests ## xl of real Xen starts guests with this device model
	@scripts/check --real $(BUILD)

check-fidelity: guests ## the Xen environment of TCG against the original
	@scripts/check --fidelity $(BUILD)

# All that tests on real Xen need
guests: $(BUILD)/.configured
	@$(NINJA) $(BUILD) qemu-system-x86_64 xen-platform-guests

fuzz: fuzzers ## fuzz each target for FUZZ_SECONDS, 60 if not given
	@FUZZ_SECONDS=$(or $(FUZZ_SECONDS),60) scripts/check --fuzz build-fuzz

fuzzers: build-fuzz/.configured
	@$(NINJA) build-fuzz xen-platform-fuzzers

demo: all ## a guest that plays a Windows PV driver, seen from both sides
	@scripts/demo $(BUILD)

bench: all stock ## what it costs, as ratios to stock QEMU and to other devices
	@scripts/bench $(BUILD) build-stock

patches: ## the whole work as a series for QEMU, in build/patches or TO=FOLDER
	@scripts/patches $(TO)

lint: $(BUILD)/.configured ## QEMU's checkpatch over our C files and patches
	@scripts/lint

stock: build-stock/.configured ## the same QEMU without us, in build-stock
	@$(NINJA) build-stock qemu-system-x86_64 qemu-img

install: $(BUILD)/.configured ## put it below $(DESTDIR)$(prefix), beside other QEMUs
	@$(NINJA) $(BUILD) qemu-system-x86_64
	@scripts/install $(BUILD) "$(prefix)" "$(DESTDIR)"

uninstall: ## remove what install has put there
	@scripts/install --remove $(BUILD) "$(prefix)" "$(DESTDIR)"

deb: $(BUILD)/.configured ## a package for this release of Debian, in $(BUILD)
	@$(NINJA) $(BUILD) qemu-system-x86_64
	@scripts/deb $(BUILD)

clean: ## remove the default build folders
	rm -rf build build-asan build-fuzz build-stock build-xen build-patches \
	    build-no-qemu

distclean: clean ## and QEMU's source; the download cache stays
	rm -rf qemu qemu-stock

help: ## this list
	@sed -n 's/^\([a-z-]*\):.* ## /  \1 - /p' Makefile

$(BUILD)/.configured: $(OVERLAY)
	./configure --build-dir=$(BUILD) $(if $(SANITIZE),--sanitize)

build-fuzz/.configured: $(OVERLAY)
	./configure --fuzz

build-stock/.configured: $(BUILD)/.configured
	./configure --stock
