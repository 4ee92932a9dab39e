# `make run` and `make test` need Python 3.11 or newer, make and git; everything else is installed into .venv.
PYTHON ?= python3
BIN := .venv/bin
.DEFAULT_GOAL := help

help:  ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: .venv/installed  ## Make .venv from the hash-pinned lock

.venv/installed: requirements-dev.lock pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing into .venv (about a minute) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

run: install  ## Start everything: database, cache, model and API
	@exec $(BIN)/onelast up

test: install  ## Run all tests
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder

unit: install  ## Run the tests that need no server
	$(BIN)/pytest tests/unit

check: install  ## Lint, type-check, check the import contracts, the migrations and the dependencies
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python scripts/check_migrations.py
	$(BIN)/python -m scripts.audit_dependencies

fix: install  ## Mend what the linter can mend
	$(BIN)/ruff check --fix .

bench: install  ## Measure speed and size beside a bare reference, and what has changed since the baseline
	$(BIN)/python -m bench

load: install  ## Bring ten thousand people online against real servers, and look whether they are served as they should be
	$(BIN)/python -m bench.load $(LOAD)

chaos: install  ## Kill, freeze and cut off real nodes while people talk, and look whether a word is lost
	$(BIN)/python -m tests.chaos $(CHAOS)

coherence: install  ## Read and write on real nodes while everything goes wrong, and look whether anybody sees what is too old
	$(BIN)/python -m tests.coherence $(COHERENCE)

soak: install  ## Keep two thousand people online for twenty minutes while processes are replaced, and look whether anything grows
	$(BIN)/python -m bench.soak $(SOAK)

drill: install  ## Lose a database under writes, restore it, and measure what that cost
	$(BIN)/python -m bench.drill

lock: install  ## Resolve the dependencies anew into both locks
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	  --extra embedded --extra edges pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	  --extra embedded --extra edges --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock

.PHONY: help install run test unit check fix bench load chaos coherence soak drill lock
