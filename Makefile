# `make` alone lists the targets.
VENV ?= .venv
PYTHON ?= python3
PIP_FLAGS ?=
BIN := $(VENV)/bin
# The folder itself goes on the path, so that a plain folder `splits/` of a workspace never stands for our package.
EDITABLE := --config-settings editable_mode=compat
CORE := $(VENV)/.core
DEV := $(VENV)/.dev

.PHONY: help demo test test-slow test-all lint types fmt docs clean

help: ## List the targets.
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(CORE): pyproject.toml constraints.txt
	@echo "Building the environment in $(VENV) (once, a minute or two) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet $(PIP_FLAGS) -c constraints.txt $(EDITABLE) -e .
	@touch $@

$(DEV): $(CORE)
	@echo "Adding the tools for tests ..."
	@$(BIN)/python -m pip install --quiet $(PIP_FLAGS) -c constraints.txt $(EDITABLE) -e '.[dev]'
	@touch $@

demo: $(CORE) ## From nothing to a dataset and a leaderboard, in demo/.
	@$(BIN)/python -m examples.demo demo

test: lint ## The whole check of a two-core machine: lint, types, imports, tests.
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist worksteal

test-slow: $(DEV) ## The tests that take minutes.
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist worksteal -m slow

test-all: lint ## All tests, those that take minutes, a browser, a GPU or the network among them.
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist worksteal -m "slow or not slow"

lint: $(DEV) ## ruff, mypy, import contracts, unused dependencies, docs up to date.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/deptry . --ignore DEP002
	@$(BIN)/python docs/reference.py --check

fmt: $(DEV) ## Format the code.
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: $(DEV) ## Write the reference pages anew from the code.
	@$(BIN)/python docs/reference.py

clean: ## Remove the demo and caches; the environment stays.
	rm -rf demo build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
