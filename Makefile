# nomapaas on this machine. `make demo` starts it and puts an app on the air; `make test` proves it.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LANES := --numprocesses=3 --dist=loadscope

# Whatever else the environment says: without its compiled modules every command would start anew from their sources.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test campaign lint databases bench venv

help:  ## say what there is
	@sed -n 's/^\([a-z]*\):.*## /  make \1 - /p' $(MAKEFILE_LIST)

demo: venv  ## install what is missing, start the platform, push the example app
	@$(BIN)/nomapaas up
	@$(BIN)/python -m cli.platform.demo

test: venv  ## all tests, on an instance of their own beside a live one
	@$(BIN)/python -m pytest $(LANES)

campaign: venv  ## hostile input by the hundred thousand, parts frozen one by one; a table of what became of it
	@NOMAPAAS_CAMPAIGN=long $(BIN)/python -m pytest tests/campaign tests/e2e/test_hostile.py tests/e2e/test_hostile_build.py \
		tests/e2e/faults/test_frozen_parts.py tests/e2e/faults/test_upkeep.py

lint: venv  ## ruff, mypy, import directions
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

databases: venv  ## the control plane's tests on SQLite and on PostgreSQL, and the whole platform on PostgreSQL
	@$(BIN)/python -m pytest $(LANES) --state=sqlite tests/unit/control
	@$(BIN)/python -m pytest $(LANES) --state=postgresql tests/unit/control tests/contract tests/e2e

bench: venv  ## all measurements, or one: make bench ROW=name
	@$(BIN)/python -m bench $(ROW)

venv: $(VENV)/.installed  ## the virtual environment, with what nomapaas and its tests need

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "nomapaas needs Python >= 3.11; run make with PYTHON=/path/to/python3.11." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "Installing python3-venv..." >&2; apt-get update -q && apt-get install -q -y --no-install-recommends python3-venv; } \
		|| { echo "Python has no venv module; run: sudo apt-get install python3-venv" >&2; exit 1; }
	@echo "Making the virtual environment..." >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --editable '.[postgresql]' --group dev
	@touch $@
