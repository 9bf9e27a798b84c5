# Everything that a developer does with minichat. It needs Python 3.11 or newer, make and a C compiler.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check
# What is installed is what the lock files say; these files remember which of them it was.
RUN := $(VENV)/run-is-ready
DEV := $(VENV)/dev-is-ready

.PHONY: help
help: ## List what can be made.
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

.PHONY: run
run: $(RUN) ## Start the chat on http://127.0.0.1:8000, with the database in instance/ (ARGS="--workers 2").
	@exec $(BIN)/minichat serve $(ARGS)

.PHONY: test
test: $(DEV) browser nginx ## Run all tests (ARGS="tests/unit -k refresh" for some of them).
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)  # two, as much of it is waiting for servers

# $(call debian,PROGRAMS,PACKAGE,OF WHAT): Debian's package for the tests of that, unless one of the programs is here.
define debian
@PATH="$$PATH:/usr/sbin" command -v $(1) >/dev/null || { \
	echo "Installing $(2) for the tests of $(3) ..."; \
	as_root=$$([ "$$(id -u)" = 0 ] || echo sudo -n); \
	install="env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install $(2)"; \
	{ $$as_root $$install 2>/dev/null || { $$as_root apt-get -qq update && $$as_root $$install; }; } >/dev/null || \
	{ echo "$(2) can't be installed here; put one of $(1) on the PATH." >&2; exit 1; }; }
endef

.PHONY: browser
browser: # Chromium: Debian's, unless there is one.
	$(call debian,chromium chromium-browser google-chrome,chromium,the documentation page)

.PHONY: nginx
nginx: # nginx, and openssl for its certificate: Debian's, unless they are here.
	$(call debian,nginx,nginx,several hosts)
	$(call debian,openssl,openssl,several hosts)

.PHONY: faults
faults: $(DEV) ## Kill, stop, cut, fill and lock things under load, and check that nothing is lost (ARGS="--sends 10000").
	@PYTHONPATH=tests $(BIN)/python -m faults $(ARGS)

.PHONY: check
check: lint types architecture test ## Do everything that CI does.

.PHONY: lint
lint: $(DEV) ## Look for mistakes, bad form and undeclared dependencies.
	@$(BIN)/ruff check --quiet --output-format concise .
	@$(BIN)/ruff format --quiet --check . || { echo "make format puts that right."; exit 1; }
	@$(BIN)/deptry --no-ansi src

.PHONY: format
format: $(DEV) ## Format the code and mend what can be mended by machine.
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format .

.PHONY: types
types: $(DEV) ## Check the types.
	@$(BIN)/mypy --no-error-summary

.PHONY: architecture
architecture: $(DEV) ## Check who imports whom.
	@PYTHONPATH=. $(BIN)/lint-imports --no-logo

.PHONY: lock
lock: $(VENV)/bin/python ## Pin the newest versions that pyproject.toml allows.
	@$(PIP) uv
	@$(BIN)/uv pip compile $(LOCKING) pyproject.toml --output-file requirements.lock
	@$(BIN)/uv pip compile $(LOCKING) pyproject.toml --group dev --constraint requirements.lock --output-file requirements-dev.lock
LOCKING := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url

.PHONY: clean
clean: ## Remove what was made, but not instance/, which holds your data.
	@rm -rf $(VENV) .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build src/*.egg-info
	@find src tests -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@echo "Making the environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

# setuptools is locked with the developers' tools; to build this package its own wish (pyproject.toml) is enough.
$(RUN): $(VENV)/bin/python pyproject.toml requirements.lock
	@$(PIP) --require-hashes --requirement requirements.lock
	@$(PIP) --no-deps --editable .
	@$(BIN)/python -m compileall -q src
	@touch $@

$(DEV): $(RUN) requirements-dev.lock
	@$(PIP) --require-hashes --requirement requirements-dev.lock
	@touch $@
