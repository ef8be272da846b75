# What one does with Recto. Each target sees to what it needs itself: it names the commands that are missing and
# installs their packages (Debian, Ubuntu). Rust has to be there.

PREFIX     ?= /usr/local
SYSCONFDIR ?= /etc
DESTDIR    ?=
# For `make demo`: a directory of masters (default: samples), a port (default: 8182), a number of workers.
MASTERS    ?=
PORT       ?=
WORKERS    ?=
# For `make test`: what to leave out: viewers, systemd, or mounts, which wants root and /dev/fuse. Ubuntu's browser is a
# snap, which wants a whole system around it: where there is no Chrome, the test of the viewers is left out there, and
# only there.
SKIP       ?= $(shell . /etc/os-release; test "$$ID" != ubuntu || command -v google-chrome >/dev/null || echo viewers)

# An ordinary user of Debian has no sbin in PATH, and a shell that is older than rustup no cargo.
export PATH := $(PATH):$(HOME)/.cargo/bin:/usr/local/sbin:/usr/sbin:/sbin

TARGET := $(or $(CARGO_TARGET_DIR),target)
RECTO  := $(TARGET)/release/recto
NEED   := @sh tests/need.sh cargo cc cmake nasm
BUILD  := cargo build --release --locked
DEMO   := $(RECTO) demo $(if $(MASTERS),--masters '$(MASTERS)') $(if $(PORT),--port $(PORT)) \
          $(if $(WORKERS),--workers $(WORKERS))
SHARE  := $(PREFIX)/share/recto

# What the code is: the crates that make the program, without the fuzz targets, which build with flags of their own.
CRATES := --locked --workspace --exclude recto-fuzz
MSRV   := $(shell sed -n 's/^rust-version *= *"\(.*\)"$$/\1/p' Cargo.toml)
# For `make fuzz`: seconds of one processor, for all targets together; the names of targets (default: all).
FUZZ_SECONDS ?= 60
FUZZ_TARGETS ?=

.PHONY: help build demo demo-check test machine bench lint docs deny audit msrv fuzz check packages setup install clean

help:
	@echo 'make demo        build, start NGINX and workers, and show sample masters in a viewer'
	@echo '                 MASTERS=directory of images  PORT=8182   WORKERS=one per core'
	@echo 'make demo-check  the same, fetch a bit of everything through NGINX, print a table, stop'
	@echo 'make test        all tests'
	@echo 'make bench       all benchmarks'
	@echo 'make check       what continuous integration runs: lint docs deny msrv fuzz test'
	@echo 'make lint        formatting, the arrows between modules, Clippy for all that is built, benchmarks too'
	@echo 'make docs        target/doc/recto/index.html, with what is private; every link has to lead somewhere'
	@echo 'make deny        licences and sources of the dependencies; make audit: their known vulnerabilities'
	@echo 'make msrv        whether the oldest compiler that is promised can read it all'
	@echo 'make fuzz        FUZZ_SECONDS=60 in all, FUZZ_TARGETS=all of them'
	@echo 'make build       target/release/recto'
	@echo 'make install     PREFIX=/usr/local DESTDIR= ; copies files, activates nothing'
	@echo 'make setup       only install what the others need'
	@echo 'make clean       remove target/, the demo in it too'

build:
	$(NEED)
	$(BUILD)

demo:
	$(NEED) nginx
	$(BUILD)
	@$(DEMO)

demo-check:
	$(NEED) nginx
	$(BUILD)
	@$(DEMO) --check

# vips, tiffinfo, opj_compress, the official validator (in Python), viewers in a browser and a machine with a live systemd
# are the tests' outside judges.
JUDGES := vips tiffinfo opj_compress venv libmagic $(if $(filter viewers,$(SKIP)),,browser node npm) \
          $(if $(filter systemd,$(SKIP)),,debootstrap systemd-nspawn)
test: machine
	@$(if $(SKIP),echo 'Left out: $(SKIP) (SKIP= leaves out nothing)')
	SKIP='$(SKIP)' cargo test $(CRATES)

machine: packages
	$(if $(filter systemd,$(SKIP)),,@sh tests/machine.sh make '$(TARGET)/tmp/machine.tar')

# iipsrv and iiif-processor are the peers to compare with, vips and opj_compress write some of the masters.
bench:
	$(NEED) nginx vips iipsrv opj_compress node npm
	sh tests/fetch.sh iiif-processor $(TARGET)/bench/iiif-processor
	cargo bench --locked --bench cost --bench hops --bench jp2 --bench load --bench peers

# One that fails is the last: the quick ones are first.
check:
	@bash .ci/run

lint:
	$(NEED)
	@sh tests/rust.sh rustfmt clippy
	cargo fmt --all --check
	cargo test --locked --package recto-tidy
	cargo clippy $(CRATES) --all-targets -- -D warnings

# With what is private, to which links may then lead.
docs:
	$(NEED)
	RUSTDOCFLAGS='-D warnings -A rustdoc::private-intra-doc-links' cargo doc $(CRATES) --no-deps --document-private-items

deny:
	@sh tests/need.sh cargo cc
	@sh tests/rust.sh cargo-deny
	cargo deny --locked --workspace check bans licenses sources

# Fetches the database of the Rust Security Response Working Group.
audit:
	@sh tests/need.sh cargo cc
	@sh tests/rust.sh cargo-deny
	cargo deny --locked --workspace check advisories

# Nothing is linked, so no C library is built: their compiler does nothing, and libjpeg-turbo is said to be somewhere.
msrv:
	@sh tests/need.sh cargo cc nasm
	@sh tests/rust.sh $(MSRV)
	CC=true AR=true TURBOJPEG_SOURCE=explicit TURBOJPEG_LIB_DIR=. \
	    cargo +$(MSRV) check $(CRATES) --config 'profile.dev.package."*".opt-level=0'

# With the compiler and the dependencies that the tests have. fuzz/README.md tells how to fuzz for longer.
# Our own code is built without optimisation, which halves the build; how deep a minute gets is for longer runs to say.
fuzz:
	$(NEED) c++ vips opj_compress
	RUSTC_WORKSPACE_WRAPPER='$(CURDIR)/fuzz/rustc.sh' CARGO_PROFILE_DEV_OPT_LEVEL=0 \
	    cargo build --locked --package recto-fuzz
	sh fuzz/smoke.sh '$(abspath $(TARGET))/debug' $(FUZZ_SECONDS) $(FUZZ_TARGETS)

packages:
	$(NEED) nginx $(JUDGES) c++

setup: packages
	@sh tests/rust.sh rustfmt clippy cargo-deny $(MSRV)

# No dependency on `build`: under sudo there is no cargo. An /etc/recto/recto.toml that is there is kept.
install:
	@test -x $(RECTO) || { echo 'Nothing is built yet: run make build, then make install.' >&2; exit 1; }
	install -D -m 755 $(RECTO) '$(DESTDIR)$(PREFIX)/bin/recto'
	install -d '$(DESTDIR)$(SHARE)/nginx' '$(DESTDIR)$(PREFIX)/share/doc/recto' '$(DESTDIR)$(PREFIX)/lib/systemd/system' \
	    '$(DESTDIR)$(PREFIX)/lib/sysusers.d' '$(DESTDIR)$(SYSCONFDIR)/recto/nginx' '$(DESTDIR)/var/cache/nginx'
	install -m 644 nginx/http.conf nginx/location.conf '$(DESTDIR)$(SYSCONFDIR)/recto/nginx'
	install -m 644 nginx/*.example.conf '$(DESTDIR)$(SHARE)/nginx'
	install -m 644 $(wildcard README.md LICENSE-*) '$(DESTDIR)$(PREFIX)/share/doc/recto'
	install -m 644 systemd/*.socket systemd/*.service '$(DESTDIR)$(PREFIX)/lib/systemd/system'
	install -m 644 systemd/*sysusers* '$(DESTDIR)$(PREFIX)/lib/sysusers.d/recto.conf'
	sed -i 's,/etc/recto,$(SYSCONFDIR)/recto,' '$(DESTDIR)$(SYSCONFDIR)'/recto/nginx/*.conf '$(DESTDIR)$(SHARE)'/nginx/*.conf
	sed -i -E 's,/usr/(local/)?(s?bin/recto|share/doc/recto),$(PREFIX)/\2,g; s,^ExecPaths=/usr,ExecPaths=$(PREFIX),' \
	    '$(DESTDIR)$(PREFIX)'/lib/systemd/system/recto.*
	test -e '$(DESTDIR)$(SYSCONFDIR)/recto/recto.toml' || \
	    install -m 644 systemd/recto.toml '$(DESTDIR)$(SYSCONFDIR)/recto/recto.toml'
	@echo
	@echo 'Installed, nothing started. Next:'
	@echo '  1. sudo systemd-sysusers                     # the user recto'
	@echo '  2. sudoedit $(SYSCONFDIR)/recto/recto.toml           # [masters] root = where your masters are'
	@echo '  3. sudo systemctl daemon-reload && sudo systemctl enable --now recto.socket recto.service'
	@echo '  4. sudo ln -s $(SYSCONFDIR)/recto/nginx/http.conf /etc/nginx/conf.d/recto.conf'
	@echo '  5. add "include $(SYSCONFDIR)/recto/nginx/location.conf;" to a server{} of NGINX, then'
	@echo '     sudo nginx -t && sudo systemctl reload nginx'

clean:
	cargo clean
