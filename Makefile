# What a fresh clone can do, with nothing but Python 3.11 or later, make and git. Paths are relative throughout, so that
# the checkout may lie in a folder with a space in its name.

PYTHON ?= python3
ARGS ?=
KEEP ?=

# Called as modules, never by their scripts: those break where the path has a space. The project itself is not
# installed: `-m` and pytest put the checkout on the path, so that no copy can go stale.
RUN := .venv/bin/python -m
READY := .venv/.installed

# Four at most: each process brings servers of its own. Work stealing, because tests that wait for timers take very
# different times; runs of neighbours stay together, so that a file's server starts only once or twice.
PYTEST := $(RUN) pytest --numprocesses=auto --maxprocesses=4 --dist=worksteal

# Zone rules come from the pinned tzdata, not from the machine's, which may be years older.
export PYTHONTZPATH :=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-all check lint types bench histories mails schemas lock clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1	/p' Makefile | expand -t 12

demo: $(READY) ## the whole thing on this machine (KEEP=1 keeps its state)
	$(RUN) demo $(if $(KEEP),--keep)

test: $(READY) ## everything but the slow tests (ARGS='-k name' goes to pytest, here and below)
	$(PYTEST) -m 'not slow' $(ARGS)

test-all: $(READY) ## all tests
	$(PYTEST) $(ARGS)

check: lint types test ## what every change must pass

lint: $(READY) ## ruff: rules, imports, format
	$(RUN) ruff check
	$(RUN) ruff format --check

types: $(READY) ## mypy, strict
	$(RUN) mypy

bench: $(READY) ## throughput and latency on this machine
	$(RUN) bench $(ARGS)

histories: $(READY) ## record anew the histories that the replay tests read
	$(RUN) tests.replay.record

mails: $(READY) ## play the demo and record anew the mails that its test compares
	$(RUN) tests.golden.record

schemas: $(READY) ## write the schemas and the table of commands anew
	$(RUN) docs.generate

lock: $(READY) ## write requirements.lock from pyproject.toml (ARGS=--upgrade takes newer versions)
	$(RUN) uv pip compile --quiet --no-cache --universal --python-version 3.11 --all-extras --group dev \
		--generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links --no-header \
		--output-file requirements.lock $(ARGS) pyproject.toml

clean: ## remove everything that these commands made
	rm -rf .venv .demo .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -prune -exec rm -rf {} +

# Made anew whenever the lock file is newer. Every file is checked against its hash, and pip resolves nothing.
$(READY): requirements.lock
	@for python in "$(PYTHON)" python3.13 python3.12 python3.11; do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
		python=; \
	done; \
	if [ -z "$$python" ]; then \
		echo "Entrevue needs Python 3.11 or later; neither $(PYTHON) nor python3.11 to 3.13 is one." >&2; \
		echo "Install it, or say where it is: make PYTHON=/path/to/python3 ..." >&2; \
		exit 1; \
	fi; \
	echo "making .venv with $$("$$python" --version)" && "$$python" -m venv --clear .venv
	$(RUN) pip install -qq --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	@touch $(READY)
