# The two commands of a newcomer are `make demo` and `make test`; `make help` lists the rest.
#
# Shipped binaries build OpenSSL (for SQLCipher) themselves, whatever this machine has. Tests link the system's where its
# headers are there: `cargo xtask` decides that, in xtask/src/environment.rs.

SHELL := /bin/sh
CARGO ?= cargo
release := env OPENSSL_NO_VENDOR=0 $(CARGO)
# Cargo builds where CARGO_TARGET_DIR says, if it is set.
binary := $(or $(CARGO_TARGET_DIR),$(CARGO_BUILD_TARGET_DIR),target)/release/countersign

# The operator's page is built first and embedded. WEB=no leaves it out: then nothing of Node.js is needed.
WEB ?= yes
ifneq ($(WEB),no)
page := $(if $(wildcard web/package.json),web)
else
# Named, and empty: the build then embeds no page, even where an older one lies about.
release := env COUNTERSIGN_WEB_DIST= $(release)
endif

.DEFAULT_GOAL := help
.PHONY: help build web demo run test test-fast bench faults lint fmt

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-26s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  ARGS='...' is passed on by demo, run and bench. WEB=no builds without the operator's page (and without Node.js)."

web: web/dist/.built ## build the operator's page into web/dist, if its sources have changed

# What the page is made of, the folders too: a file that was removed changes its folder. Vite writes every file anew, and the server
# that embeds them would be compiled and linked again at every `make demo`.
page_sources := $(shell find web/src web/public web/scripts web/index.html web/package.json web/package-lock.json \
	web/postcss.config.cjs web/tsconfig.json web/vite.config.ts 2>/dev/null)

# The last thing that is written, and the first that Vite takes away.
web/dist/.built: $(page_sources)
	@scripts/install-web-deps "or build without the page: make build WEB=no"
	cd web && npm run build
	@touch $@

build: $(page) ## build target/release/countersign, or where CARGO_TARGET_DIR says (the first time takes minutes: OpenSSL and SQLCipher are built too)
	@for tool in cc perl; do command -v $$tool >/dev/null || { echo "building needs $$tool: install it (Debian: apt-get install build-essential perl)" >&2; exit 1; }; done
	$(release) build --release --locked --package countersign-app
	@echo "built $(binary)"

demo: build ## see an agent ask, a human decide and the ledger fill, on a temporary data directory
	$(binary) demo $(ARGS)

run: build ## start the gateway for real use (the first time it gives an address to set it up at; or `countersign onboard` first)
	$(binary) gateway $(ARGS)

test: ## install what the tests need, then run every check and every test, the page's too
	$(CARGO) xtask test

test-fast: ## test one crate and the end-to-end tests: make test-fast CRATE=gate
	@test -n "$(CRATE)" || { echo "say which crate: make test-fast CRATE=gate" >&2; exit 2; }
	$(CARGO) xtask test --package $(CRATE)

bench: build ## measure throughput, latency, start, memory and verification, then the page
	$(release) bench --locked --package countersign-app $(if $(ARGS),-- $(ARGS))
	$(if $(page),$(if $(ARGS),,@COUNTERSIGN_BINARY=$(abspath $(binary)) scripts/bench-page))

faults: ## kill, starve and corrupt the gateway, 200 rounds
	$(CARGO) xtask test --faults

lint: ## check crate edges, diallers, licences, bans, sources, formatting and clippy
	$(CARGO) xtask check

fmt: ## format every crate
	$(CARGO) fmt --all
