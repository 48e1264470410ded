# The verbs of the house. Each makes the virtual environment and installs what it needs, once.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LIGHT := $(VENV)/.installed
FULL := $(VENV)/.installed-full

# A run must not depend on the packages of whoever calls make.
unexport PYTHONPATH

.PHONY: demo test check bench train clean browser

# Shipped files to a release; then an analyst's sample, after which the same figures are much surer.
demo: $(LIGHT)
	$(BIN)/miroir run --quiet configs/demo.yaml
	$(BIN)/python -m data.samples.review_demo configs/demo.yaml
	$(BIN)/miroir run configs/demo.yaml
	@echo
	@echo "Voir le tableau de bord :     $(BIN)/miroir serve configs/demo.yaml"
	@echo "Relire des verbatims :        $(BIN)/miroir review configs/demo.yaml"
	@echo "Comparer les publications :   $(BIN)/miroir releases diff 0001 0002 -w configs/demo.yaml"
	@echo "Sur vos fichiers :            $(BIN)/miroir inspect FICHIER"

# Two files at a time: tests of a file share what they set up.
test: $(FULL)
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: $(FULL)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(FULL)
	$(BIN)/python -m bench

# Some five to eight hours on two cores (summed from its parts), and 16 GB: the linear model, the compact one twice
# (each with an order of its own, each taught by both: their blend is better than either), then how they are blended.
train: $(FULL)
	$(BIN)/miroir train
	$(BIN)/miroir finetune --output models/shipped/compact --workers 2 --scratch workspace/finetune --taught-with 1
	$(BIN)/miroir finetune --output models/shipped/compact-2 --workers 2 --scratch workspace/finetune --seed 1 --taught-with 0
	$(BIN)/miroir blend

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
