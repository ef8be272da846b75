# What one does with Recto. Each target sees to what it needs itself: it names the commands that are missing and
# installs their packages (Debian, Ubuntu). Rust has to be there.

PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
DESTDIR    ?=
# For `make uninstall`: 1 takes out settings, state and cache as well.
PURGE      ?=
# For `make demo`: a directory of masters (default: samples), a port (default: 8182), a number of workers.
MASTERS    ?=
# A store of masters instead (s3://bucket/path, gs://, az://, https://); its endpoint and region, and PUBLIC=1 if it wants no
# credentials. KEYS: some of its masters, which a web server does not list.
SOURCE     ?=
ENDPOINT   ?=
REGION     ?=
PUBLIC     ?=
KEYS       ?=
PORT       ?=
WORKERS    ?=
# For `make test`: what to leave out: viewers, fronts (Apache, Caddy, HAProxy), stores (servers of S3, Azure and Google),
# systemd, or mounts, which wants root and /dev/fuse. Ubuntu's browser is a snap, which wants a whole system around it: where
# there is no Chrome, the test of the viewers is left out there, and only there.
SKIP       ?= $(shell . /etc/os-release; test "$$ID" != ubuntu || command -v google-chrome >/dev/null || echo viewers)

# An ordinary user of Debian has no sbin in PATH, and a shell that is older than rustup no cargo.
export PATH := $(PATH):$(HOME)/.cargo/bin:/usr/local/sbin:/usr/sbin:/sbin

TARGET := $(or $(CARGO_TARGET_DIR),target)
RECTO  := $(TARGET)/release/recto
NEED   := @sh tests/need.sh cargo cc cmake nasm
LONG   := bash tests/progress.sh
BUILD  := $(LONG) 'building Recto' cargo build --release --locked
OF_ALL := $(if $(PORT),--port $(PORT)) $(if $(WORKERS),--workers $(WORKERS))
DEMO   := $(RECTO) demo $(if $(MASTERS),--masters '$(MASTERS)') $(if $(SOURCE),--source '$(SOURCE)') \
          $(if $(ENDPOINT),--endpoint '$(ENDPOINT)') $(if $(REGION),--region '$(REGION)') $(if $(PUBLIC),--public) $(OF_ALL)

# What the code is: the crates that make the program, without the fuzz targets, which build with flags of their own.
CRATES := --locked --workspace --exclude recto-fuzz
MSRV   := $(shell sed -n 's/^rust-version *= *"\(.*\)"$$/\1/p' Cargo.toml)
# For `make fuzz`: seconds of one processor, for all targets together; the names of targets (default: all).
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?=

.PHONY: help build demo demo-check demo-s3 test machine stores bench lint docs deny audit fuzz check packages setup deb tarball \
        install uninstall clean

help:
	@echo 'make demo        build, start NGINX and workers, and show sample masters in a viewer'
	@echo '                 MASTERS=directory of images  PORT=8182   WORKERS=one per core'
	@echo '                 SOURCE=s3://bucket/path  ENDPOINT=http://host:port  REGION=name  PUBLIC=1  KEYS=names, if it does not list'
	@echo 'make demo-s3     the demo with its masters in an S3 server on this machine; CHECK=1 as below'
	@echo 'make demo-check  the same, fetch a bit of everything through NGINX, print a table, stop'
	@echo 'make test        all tests'
	@echo 'make bench       all benchmarks'
	@echo 'make check       what continuous integration runs: lint docs deny fuzz test'
	@echo 'make lint        formatting, the arrows between modules, Clippy of the oldest compiler that is promised'
	@echo 'make docs        target/doc/recto/index.html, with what is private; every link has to lead somewhere'
	@echo 'make deny        licences and sources of the dependencies; make audit: their known vulnerabilities'
	@echo 'make fuzz        FUZZ_SECONDS=60 in all, FUZZ_TARGETS=all of them'
	@echo 'make build       target/release/recto'
	@echo 'make deb         target/deb/recto_VERSION_ARCHITECTURE.deb, for Debian and Ubuntu; debug symbols in another one'
	@echo 'make tarball     target/tarball/recto-VERSION-linux-ARCHITECTURE.tar.gz, for other systems; has its own install.sh'
	@echo 'make install     PREFIX=/usr/local SYSCONFDIR=/etc DESTDIR= ; copies files, activates nothing, keeps your settings'
	@echo 'make uninstall   with the same variables; PURGE=1: settings, state and cache as well'
	@echo 'make setup       only install what the others need'
	@echo 'make clean       remove target/, the demo in it too'

build:
	$(NEED)
	$(BUILD)

demo:
	$(NEED) nginx
	$(BUILD)
	@$(DEMO) $(KEYS)

demo-check:
	$(NEED) nginx
	$(BUILD)
	@$(DEMO) --check $(KEYS)

# CHECK=1: as demo-check.
demo-s3:
	$(NEED) nginx venv curl
	$(BUILD)
	@sh tests/fetch.sh versitygw '$(abspath $(TARGET))/tmp/fetched/versitygw'
	@sh tests/stores/demo.sh $(RECTO) '$(TARGET)/tmp/fetched/versitygw/versitygw' '$(abspath $(TARGET))/demo-s3' \
	    $(OF_ALL) $(if $(CHECK),--check)

# vips, tiffinfo, exiftool, opj_compress, the official validator (in Python), viewers in a browser, other servers in the place of NGINX,
# a machine with a live systemd, debhelper, man and shellcheck for what is packaged, and promtool for what is monitored, are the
# tests' outside judges.
JUDGES := vips tiffinfo exiftool cjpeg opj_compress pillow venv libmagic curl openssl $(if $(filter viewers,$(SKIP)),,browser node npm) \
          $(if $(filter fronts,$(SKIP)),,apache2 caddy haproxy) $(if $(filter stores,$(SKIP)),,node npm) \
          $(if $(filter systemd,$(SKIP)),,debootstrap systemd-nspawn) dh man shellcheck promtool
test: machine stores
	@$(if $(SKIP),echo 'Left out: $(SKIP) (SKIP= leaves out nothing)')
	SKIP='$(SKIP)' $(LONG) 'building or running the tests' cargo test $(CRATES)

machine: packages
	$(if $(filter systemd,$(SKIP)),,@sh tests/machine.sh make '$(TARGET)/tmp/machine.tar')

# Where the tests look for them.
stores: packages
	$(if $(filter stores,$(SKIP)),,@for name in versitygw azurite fake-gcs; do \
	    sh tests/fetch.sh "$$name" '$(abspath $(TARGET))/tmp/fetched/'"$$name" || exit; done)

# iipsrv, iiif-processor and vips are the peers to compare with, vips and opj_compress write some of the masters; time tells what
# a process cost.
bench:
	$(NEED) nginx vips iipsrv opj_compress node npm time
	sh tests/fetch.sh iiif-processor $(TARGET)/bench/iiif-processor
	$(LONG) 'building or running the benchmarks' cargo bench --locked --bench convert --bench cost --bench hops --bench jp2 --bench load --bench peers --bench stores

# One that fails is the last: the quick ones are first.
check:
	@bash .ci/run

# With the oldest compiler that is promised: so it is seen to read all that there is, and a newer one's new lints surprise
# nobody. Nothing is linked, so no C library is built: their compiler does nothing, and libjpeg-turbo is said to be somewhere;
# nor is anything optimised.
OLDEST := CC=true AR=true TURBOJPEG_SOURCE=explicit TURBOJPEG_LIB_DIR=. RUSTUP_TOOLCHAIN=$(MSRV)
PLAIN  := --config 'profile.dev.package."*".opt-level=0'
lint:
	@sh tests/need.sh cargo cc nasm
	@sh tests/rust.sh rustfmt $(MSRV)
	cargo fmt --all --check
	$(LONG) 'checking the arrows' cargo test --locked --package recto-tidy
	$(OLDEST) $(LONG) 'checking the code with Rust $(MSRV)' cargo clippy $(CRATES) $(PLAIN) --all-targets -- -D warnings

# With what is private, to which links may then lead.
docs:
	@sh tests/need.sh cargo cc nasm
	@sh tests/rust.sh $(MSRV)
	$(OLDEST) RUSTDOCFLAGS='-D warnings -A rustdoc::private-intra-doc-links' $(LONG) 'building the documentation' cargo doc $(CRATES) $(PLAIN) --no-deps --document-private-items

deny:
	@sh tests/need.sh cargo cc
	@sh tests/rust.sh cargo-deny
	cargo deny --locked --workspace check bans licenses sources

# Fetches the database of the Rust Security Response Working Group.
audit:
	@sh tests/need.sh cargo cc
	@sh tests/rust.sh cargo-deny
	cargo deny --locked --workspace check advisories

# With the compiler and the dependencies that the tests have. fuzz/README.md tells how to fuzz for longer.
# Our own code is built without optimisation, which halves the build; how deep a minute gets is for longer runs to say.
fuzz:
	$(NEED) c++ vips opj_compress
	RUSTC_WORKSPACE_WRAPPER='$(CURDIR)/fuzz/rustc.sh' CARGO_PROFILE_DEV_OPT_LEVEL=0 \
	    $(LONG) 'building the fuzz targets' cargo build --locked --package recto-fuzz
	sh fuzz/smoke.sh '$(abspath $(TARGET))/debug' $(FUZZ_SECONDS) $(FUZZ_TARGETS)

packages:
	$(NEED) nginx $(JUDGES) c++

setup: packages
	@sh tests/rust.sh rustfmt cargo-deny $(MSRV)

# The Debian packages recto and recto-dbgsym in target/deb, and an archive for other systems in target/tarball.
deb: build
	@sh tests/need.sh dh
	@sh packages/notices.sh >'$(TARGET)/third-party.txt'
	@RECTO='$(RECTO)' NOTICES='$(TARGET)/third-party.txt' $(LONG) 'making the packages' sh packages/deb.sh '$(TARGET)/deb'

tarball: build
	@sh packages/notices.sh >'$(TARGET)/third-party.txt'
	@RECTO='$(RECTO)' NOTICES='$(TARGET)/third-party.txt' sh packages/tarball.sh '$(TARGET)/tarball'

# No dependency on `build`: under sudo there is no cargo.
INSTALL := PREFIX='$(PREFIX)' SYSCONFDIR='$(SYSCONFDIR)' DESTDIR='$(DESTDIR)' RECTO='$(RECTO)' sh packages/install.sh
install:
	@$(INSTALL)

uninstall:
	@PURGE='$(PURGE)' $(INSTALL) uninstall

clean:
	cargo clean
