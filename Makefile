# MotionFit. `make demo` shows it, `make test` checks it; both install what they need first.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
PYTHON ?= python3
export PYTHON

BIN := .venv/bin
STAMP := .venv/.setup-stamp
XVFB := xvfb-run -a -s "-screen 0 1280x1024x24 +extension GLX"
# One torch thread in each test process: two processes on two cores, and the same numbers everywhere.
ONE_THREAD := OMP_NUM_THREADS=1
WORKERS ?= 2

.NOTPARALLEL:
.PHONY: help setup demo test lint types contracts wheel unit format clean system-packages

help:
	@echo "make setup   make .venv with everything (installs system packages when root)"
	@echo "make demo    fit the demo clip and show it"
	@echo "make test    all checks and tests, as CI runs them"
	@echo "make lint | types | contracts | wheel | unit   one part of make test"
	@echo "make format  let ruff put the code in shape"
	@echo "make clean   remove .venv and caches"

setup: system-packages $(STAMP)

system-packages:
	@.ci/system-packages

$(STAMP): pyproject.toml .ci/python-environment | system-packages
	@.ci/python-environment

demo: setup
	@$(BIN)/motionfit demo

test: lint types contracts wheel unit

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy
	$(BIN)/pyright

contracts: setup
	$(BIN)/lint-imports

wheel: setup
	@.ci/check-wheel

unit: setup
	@$(ONE_THREAD) $(BIN)/python -m pytest tests/core tests/architecture -n $(WORKERS) --dist loadfile
	@# Windows one after the other: of two on one screen only one is active, and shortcuts go to that one.
	@$(ONE_THREAD) QT_QPA_PLATFORM=xcb LIBGL_ALWAYS_SOFTWARE=1 $(XVFB) $(BIN)/python -m pytest tests/app

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
