# The commands of a developer. They need Python 3.11 or newer, make and a C compiler.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# Keep compiled modules: the tests start several hundred Python processes.
export PYTHONDONTWRITEBYTECODE :=

# A distribution builds its Python with profile-guided optimization, pyenv does not: the tests take a quarter less CPU.
# Creating the environment needs pip's installer and Python's headers.
CAN_INSTALL := import ensurepip, pathlib, sysconfig; pathlib.Path(sysconfig.get_path("include"), "Python.h").stat()
PYTHON ?= $(shell /usr/bin/python3.11 -c '$(CAN_INSTALL)' 2>/dev/null && echo /usr/bin/python3.11 || \
	command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check
# The environment holds exactly the packages of the lock files. These empty files record the time of its last update.
RUN := $(VENV)/run-is-ready
DEV := $(VENV)/dev-is-ready
DEMO := .cache/demo
FOREIGN := tests/foreign/node_modules/.is-ready
WEB := tests/web/node_modules/.is-ready
GENERATED := tests/generated/node_modules/.is-ready
BIOME = $(BIN)/node tests/web/node_modules/@biomejs/biome/bin/biome
TSC = $(BIN)/node tests/web/node_modules/typescript/bin/tsc

.PHONY: help
help: ## List the targets.
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

.PHONY: run
run: $(RUN) ## Serve the chat on http://127.0.0.1:8000, with the database in instance/ (ARGS="--workers 2").
	@exec $(BIN)/minichat serve $(ARGS)

# The demo has a folder of its own, and no setting of the chat in instance/ applies to it.
.PHONY: demo
demo: $(RUN) ## Serve a chat full of people and conversations on http://127.0.0.1:8000 (ARGS="--bind 127.0.0.1:9000").
	@unset "$${!MINICHAT_@}"; export MINICHAT_LOG_LEVEL=warning; minichat=$(CURDIR)/$(BIN)/minichat; \
	mkdir -p $(DEMO); cd $(DEMO); \
	if [ ! -e log-ins.txt ]; then \
		rm -rf instance; $$minichat db upgrade >/dev/null; $$minichat demo --story >story.txt; mv story.txt log-ins.txt; \
	fi; \
	cat log-ins.txt; exec $$minichat serve $(ARGS)

.PHONY: test
test: $(DEV) $(WEB) $(GENERATED) browser nginx pgbouncer ## Run all tests (ARGS="tests/unit -k refresh" for some of them).
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

# `make slow` adds size, repetition and other people's programs: `make test` already tests every defence, and replays the
# requests of these programs.
.PHONY: slow
slow: $(DEV) $(FOREIGN) $(WEB) browser firefox nginx pgbouncer proxies ## Run the large tests, and foreign clients and proxies (ARGS="-k replica").
	@MINICHAT_TEST_SCALE=slow $(BIN)/python -m pytest $(ARGS) \
		$$(grep -rl --include='test_*.py' '^from scale import' tests) tests/foreign/test_*.py

# The lock files of npm name a registry, so package.json holds exact versions instead. No package may run a script.
$(FOREIGN) $(WEB) $(GENERATED): tests/%/node_modules/.is-ready: tests/%/package.json $(DEV)
	@cd $(<D) && $(CURDIR)/$(BIN)/npm install --silent --no-package-lock --ignore-scripts --no-audit --no-fund
	@touch $@

# $(call debian,PROGRAMS,PACKAGE,SUBJECT): install Debian's package for the tests of a subject, if no program is found.
define debian
@PATH="$$PATH:/usr/sbin" command -v $(1) >/dev/null || { $(call install,$(2),the tests of $(3),one of these programs on the PATH: $(1)) }
endef

# $(call install,PACKAGES,PURPOSE,SUBSTITUTE)
define install
	echo "Installing $(1) for $(2) ..."; \
	as_root=$$([ "$$(id -u)" = 0 ] || echo sudo -n); \
	install="env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install $(1)"; \
	{ $$as_root $$install 2>/dev/null || { $$as_root apt-get -qq update && $$as_root $$install; }; } >/dev/null || \
	{ echo "$(1) can't be installed here. Put $(3)." >&2; exit 1; };
endef

.PHONY: browser
browser: # Install Debian's Chromium without windows, which opens pages five times as fast, or rely on another Chromium.
	@command -v chromium-headless-shell >/dev/null || \
	{ ($(call install,chromium-headless-shell,the tests of web pages,it on the PATH)) 2>/dev/null; } || true
	$(call debian,chromium-headless-shell chromium chromium-browser google-chrome,chromium-headless-shell,web pages)

.PHONY: firefox
firefox: # Install Firefox from Debian if there is none.
	$(call debian,firefox-esr firefox,firefox-esr,Firefox)

EMOJI := /usr/share/fonts/truetype/noto/NotoColorEmoji.ttf
.PHONY: fonts
fonts: # Install fonts for all scripts of the pictures from Debian if there is none for emoji.
	@[ -e $(EMOJI) ] || { \
	$(call install,fonts-inter fonts-noto-color-emoji fonts-droid-fallback,the pictures,a font of emoji at $(EMOJI)) }

.PHONY: nginx
nginx: # Install nginx, and openssl for its certificate, from Debian if there is none.
	$(call debian,nginx,nginx,several hosts)
	$(call debian,openssl,openssl,several hosts)

.PHONY: pgbouncer
pgbouncer: # Install PgBouncer from Debian if there is none.
	$(call debian,pgbouncer,pgbouncer,connection poolers)

.PHONY: proxies
proxies: # Install the proxies that people put before a chat from Debian if there are none.
	$(call debian,caddy,caddy,foreign proxies)
	$(call debian,haproxy,haproxy,foreign proxies)
	$(call debian,apache2,apache2-bin,foreign proxies)

.PHONY: faults
faults: $(DEV) ## Inject faults under load and check that no acknowledged message is lost (ARGS="--sends 10000").
	@MINICHAT_TEST_SCALE=slow PYTHONPATH=tests $(BIN)/python -m faults $(ARGS)

.PHONY: screenshots
screenshots: $(DEV) browser fonts ## Take the pictures of the README anew.
	@PYTHONPATH=tests $(BIN)/python tests/screenshots.py $(ARGS)

.PHONY: search-figures
search-figures: $(DEV) ## Measure the search among a million messages on both databases (ARGS="--databases postgres").
	@$(BIN)/python bench/search.py $(ARGS)

.PHONY: check
check: lint types architecture test ## Run everything that CI runs.

.PHONY: lint
lint: $(DEV) $(WEB) ## Check for mistakes, the format and undeclared dependencies.
	@$(BIN)/ruff check --quiet --output-format concise .
	@$(BIN)/ruff format --quiet --check . || { echo "Run \`make format\` to format these files."; exit 1; }
	@$(BIN)/deptry --no-ansi src
	@$(BIOME) check --log-level=warn --error-on-warnings

.PHONY: format
format: $(DEV) $(WEB) ## Format the code and apply the linters' fixes.
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format .
	@$(BIOME) check --log-level=error --write

.PHONY: types
types: $(DEV) $(WEB) ## Check the types.
	@$(BIN)/mypy --no-error-summary
	@$(TSC) --project tsconfig.json
	@$(TSC) --project tests/web/tsconfig.json

.PHONY: architecture
architecture: $(DEV) ## Check the import contracts.
	@PYTHONPATH=. $(BIN)/lint-imports --no-logo

.PHONY: lock
lock: $(VENV)/bin/python ## Lock the newest versions that pyproject.toml allows.
	@$(PIP) uv
	@$(BIN)/uv pip compile $(LOCKING) pyproject.toml --output-file requirements.lock
	@$(BIN)/uv pip compile $(LOCKING) pyproject.toml --group dev --constraint requirements.lock --output-file requirements-dev.lock
LOCKING := --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url

.PHONY: clean
clean: ## Remove generated files and the demo, except instance/, which holds your data.
	@rm -rf $(VENV) tests/*/node_modules .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist src/*.egg-info
	@find src tests -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/bin/python:
	@echo "Creating the environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)

# The locked setuptools belongs to the developers' tools; this build takes any version that pyproject.toml allows.
$(RUN): $(VENV)/bin/python pyproject.toml requirements.lock
	@$(PIP) --require-hashes --requirement requirements.lock
	@$(PIP) --no-deps --editable .
	@$(BIN)/python -m compileall -q src
	@touch $@

$(DEV): $(RUN) requirements-dev.lock
	@$(PIP) --require-hashes --requirement requirements-dev.lock
	@touch $@
