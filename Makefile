# SPDX-License-Identifier: Apache-2.0
# Needs Python 3.10 or later, with venv, and make; every target does the set-up that it needs. `make` lists them.
# Settings: PYTHON (makes .venv), ORACLE_PYTHON (3.11, makes .oracle), JOBS (test processes), ARGS (passed on).

PYTHON ?= python3
ORACLE_PYTHON ?= python3.11
JOBS ?= 2
ARGS ?=

VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
ORACLE := .oracle
ORACLE_READY := $(ORACLE)/.ready

# One thread for each test process: they do not fight for cores, and sums run in the same order on every machine.
PYTEST := OMP_NUM_THREADS=1 $(PY) -m pytest

# matplotlib's font cache stays in the checkout, so that no home directory is needed
export MPLCONFIGDIR := $(CURDIR)/$(VENV)/.matplotlib
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test lint oracle golden bench docs-tables check-tables fuzz clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY)  ## make .venv with the pinned packages (done by itself where needed)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "Python 3.10 or later is needed: make PYTHON=/path/to/python $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "setting up $(VENV): some minutes the first time"
	@test -x $(VENV)/bin/pip || $(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install --quiet --constraint constraints.txt --editable '.[dev,viz]'
	@touch $@

demo: $(READY)  ## train LeNet on MNIST, save it, reload it, test it; pictures go to demo/
	@$(PY) examples/train_lenet.py $(ARGS)

test: $(READY)  ## run the whole test suite (ARGS="-k name" for a part)
	@$(PYTEST) -n $(JOBS) $(ARGS)

lint: $(READY)  ## ruff and mypy
	@$(PY) -m ruff check .
	@$(PY) -m mypy

docs-tables: $(READY)  ## write the generated files: stubs, status tables
	@$(PY) tools/make_stubs.py
	@$(PY) tools/status_table.py

check-tables: $(READY)  ## fail when a generated file is not up to date
	@$(PY) tools/make_stubs.py --check
	@$(PY) tools/status_table.py --check

oracle: $(ORACLE_READY)  ## make .oracle with Apache MXNet 1.9.1 (Linux on x86-64), for golden and bench

$(ORACLE_READY):
	@echo "setting up $(ORACLE)"
	@test -x $(ORACLE)/bin/pip || $(ORACLE_PYTHON) -m venv $(ORACLE)
	@$(ORACLE)/bin/python -m pip install --quiet numpy==1.23.5 requests graphviz==0.8.4
	@$(ORACLE)/bin/python -m pip install --quiet --no-deps mxnet==1.9.1
	@touch $@

golden: $(ORACLE_READY)  ## record MXNet's answers for new and changed samples (FAMILY="reduce" for one file)
	@$(ORACLE)/bin/python tests/golden/record.py $(FAMILY) $(ARGS)

bench: $(READY) $(ORACLE_READY)  ## measure against MXNet 1.9.1 and plain PyTorch, in turn
	@set -e; for script in benchmarks/bench_*.py; do $(PY) $$script $(ARGS); done

fuzz: $(READY) $(ORACLE_READY)  ## thousands of fresh examples: property tests, then operators against MXNet (ARGS="Pooling")
	@$(PYTEST) -n $(JOBS) -p tools.fuzz_profile --hypothesis-profile=fuzz -m hypothesis --timeout=3600
	@OMP_NUM_THREADS=1 $(PY) tests/ops/fuzz/run.py $(ARGS)

clean:  ## remove what builds, tests and the demo leave behind; the environments stay
	@rm -rf build dist demo *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find mxnet tests tools examples benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
