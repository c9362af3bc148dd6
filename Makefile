# Every command of the project. Needs Python 3.11 or newer with venv, and make.
# A stamp inside .venv says that a lock is installed, so that the second time costs nothing.

PYTHON ?= python3
BIN := .venv/bin
DATA := $(or $(PORTAL_FUNNELS_DATA_DIR),data)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
UV := $(or $(shell command -v uv 2>/dev/null),$(BIN)/uv)
LOCK := $(UV) pip compile --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links \
	--no-annotate --no-strip-extras --python-version 3.11 --no-config --quiet $(LOCK_FLAGS) pyproject.toml
PYTEST := $(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadgroup
DEBIAN_PACKAGES := chromium

.DEFAULT_GOAL := help
.PHONY: help run test test-full lint format bench dagster lock clean debian

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/.installed ## build from data/inbox/ and publish; with an empty inbox, from the sample into data/demo/
	@if [ -n "$$(find -L '$(DATA)/inbox' -type f ! -name '.*' ! -name 'README*' 2>/dev/null | head -n 1)" ]; \
	then $(BIN)/portal-funnels build; else $(BIN)/portal-funnels demo; fi

test: .venv/.installed-dev debian ## run all tests but the long ones, lint and types among them
	@$(PYTEST)

test-full: .venv/.installed-dev debian ## run all tests, the long ones too, with many more random examples
	@$(PYTEST) -m 'long or not long' --hypothesis-profile full

lint: .venv/.installed-dev ## check style, types and SQL
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar sql

format: .venv/.installed-dev ## mend what the linters can mend by themselves
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix
	@$(BIN)/sqlfluff fix --quiet --disable-progress-bar sql

bench: .venv/.installed-dev ## measure how often intervals hold the truth, a build over 200,000 lines, and pages
	@$(BIN)/python -m benchmarks.coverage
	@$(BIN)/python -m benchmarks.build
	@$(BIN)/python -m benchmarks.pages

dagster: .venv/.installed ## open Dagster's pages on port 3000 of this machine: the graph, runs, checks
	DAGSTER_HOME='$(CURDIR)' $(BIN)/dagster dev --host 127.0.0.1 --port 3000

lock: ## pin the dependencies of pyproject.toml anew (LOCK_FLAGS=--upgrade takes newer versions); needs uv
	$(LOCK) --extra ui --output-file requirements.lock
	$(LOCK) --extra ui --extra dev --constraints requirements.lock --output-file requirements-dev.lock

clean: ## remove what a build or a tool makes again; inbox, events, quarantine and published pages stay
	rm -rf .mypy_cache .pytest_cache .ruff_cache .hypothesis .screenshots '$(DATA)/demo' '$(DATA)/warehouse.duckdb' '$(DATA)/spill'

.venv/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	@[ -x $(BIN)/pip ] || { echo 'making .venv'; $(PYTHON) -m venv .venv; }
	@echo 'installing $< (some minutes, once)'
	@$(PIP) install --require-hashes --requirement $<
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.installed-dev: requirements-dev.lock .venv/.installed
	@echo 'installing $< (some minutes, once)'
	@$(PIP) install --require-hashes --requirement $<
	@touch $@

# Tests that look at pages need a browser. Without root they are skipped by name; `--no-install-recommends` keeps it small.
debian:
	@for package in $(DEBIAN_PACKAGES); do command -v $$package >/dev/null && continue; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then echo "installing $$package"; \
	{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $$package; } >/dev/null \
	|| echo "could not install $$package; tests that need it are skipped"; \
	else echo "$$package is not installed; tests that need it are skipped"; fi; done
