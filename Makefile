# Two commands are all a newcomer needs: make run, make test.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
HEMMAPLAN_PORT ?= 8080
export HEMMAPLAN_PORT

.PHONY: run test check format bench bench-media bench-net bench-login bench-encrypted fuzz build compiled pictures sbom audit livekit-server clean

run: build ## the demo on http://localhost:8080, with simulators, demo people and today's meetings
	@exec $(BIN)/hemmaplan demo

test: build ## every test
	@bash scripts/test.sh

check: build ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd web && npm run --silent typecheck

format: build
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: build ## figures for docs/benchmarks.md
	$(BIN)/python -m bench

bench-net: build ## broken networks in namespaces, as root: a line of JSON each
	$(BIN)/python -m bench.net

fuzz: build ## coverage-guided fuzzing of everything an outsider can send; FUZZ_SECONDS for each surface
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	nice $(BIN)/python -m tests.fuzz --seconds $(or $(FUZZ_SECONDS),60)

bench-media: build compiled ## the embedded media server, Debian's Janus and LiveKit's own under one load
	$(BIN)/python -m bench media --rooms 1 --rooms 2 --rooms 4

bench-encrypted: build ## coming in through our own room page, encrypted end to end and not, in Chromium
	$(BIN)/python -m bench.encrypted_join

bench-login: build ## logins a second with BankID simulated, and our own share of each
	$(BIN)/python -m bench.login

pictures: build ## the README's pictures, from the real pages
	$(BIN)/python scripts/pictures.py

sbom: ## a bill of materials of what production runs, in build/ (CycloneDX); asks PyPI and npm
	@PYTHON=$(PYTHON) bash scripts/sbom.sh

audit: ## known weaknesses in what production runs; asks PyPI and npm, and fails where there is one
	@PYTHON=$(PYTHON) bash scripts/sbom.sh --audit

compiled: build/compiled/.built ## the service with its media path as machine code, as the image holds it; asks for a C compiler

build/compiled/.built: setup.py .venv/.installed $(shell find signaling rooms sfu auth audit kiosk db -name '*.py')
	@echo "Compiling the media path (some minutes) ..."
	@rm -rf build/compiled
	@HEMMAPLAN_COMPILE=1 $(BIN)/python setup.py --quiet build --build-lib build/compiled 2>build/compiled.log || { cat build/compiled.log; exit 1; }
	@touch $@

livekit-server: ## a real LiveKit server for the tests, where Go and its module proxy are reached
	@bash scripts/livekit-server.sh

build: .venv/.installed web/static/manifest.json

.venv/.installed: pyproject.toml
	@echo "Setting up Python (the first time takes a few minutes) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || { echo "python3-venv is missing: apt-get install python3-venv"; exit 1; }
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

web/node_modules/.installed: web/package-lock.json
	@echo "Fetching the packages of the pages ..."
	@cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

web/static/manifest.json: web/node_modules/.installed .venv/.installed web/build.mjs $(shell find web/src web/styles web/templates web/locales web/fonts web/images -type f -not -name '*.mo' 2>/dev/null)
	@echo "Building the pages ..."
	@cd web && npm run --silent build

clean:
	rm -rf .venv web/node_modules web/static data
