# The verbs of the house. Each makes the virtual environment and installs what it needs, once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LIGHT := $(VENV)/.installed
FULL := $(VENV)/.installed-full

# A run must not depend on the packages of whoever calls make.
unexport PYTHONPATH

.PHONY: demo test check bench train clean browser

demo: $(LIGHT)  ## Two shipped files to a published release
	$(BIN)/miroir run configs/demo.yaml

test: $(FULL)
	$(BIN)/python -m pytest

check: $(FULL)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(FULL)
	$(BIN)/python -m bench

train: $(FULL)
	$(BIN)/miroir train

clean:
	rm -rf $(VENV) workspace .mypy_cache .ruff_cache .pytest_cache .hypothesis .prefect

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "Miroir needs Python 3.11 to 3.13; give one with: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(LIGHT): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(FULL): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[train,dev]'
	@touch $@ $(LIGHT)
