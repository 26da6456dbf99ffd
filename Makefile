# make demo   simulate an AMS file, tag it, draw the plots, say where they are
# make test   install what the tests need, run them all
# make lint   formatting, lint and types
# make triton install a Triton server for the tests of remote inference (Linux, x86_64)
# make bench  install what the benchmark compares with, run it side by side
# make wheel  build the wheel and try it from an empty folder, without torch

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check install --quiet --constraint constraints.txt
EVENTS ?= 50000
DEMO ?= demo

.PHONY: demo test triton lint bench wheel clean

demo: $(VENV)/base
	mkdir -p $(DEMO)
	$(BIN)/rootml simulate ams -n $(EVENTS) --energy 200:2000 --seed 7 -o $(DEMO)/ams.root --overwrite
	$(BIN)/rootml-tag $(DEMO)/ams.root $(DEMO)/ams_tagged.root --overwrite

test: $(VENV)/test
	$(BIN)/python -m pytest -n logical

triton: $(VENV)/triton

lint: $(VENV)/test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(VENV)/bench/made
	$(BIN)/python benchmarks/ways --plot ways.png

wheel: $(VENV)/test
	$(BIN)/python tests/wheel_trial.py --constraint constraints.txt

$(VENV)/base: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade pip
	$(PIP) --editable .
	touch $@

$(VENV)/test: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade pip
	$(PIP) torch
	$(PIP) --editable ".[coffea,hdf5,http,lightgbm,openvino,pythia,sklearn,torch,triton,tune,xrootd]" --group test --group lint
	touch $@ $(VENV)/base

$(VENV)/triton: | $(VENV)/test
	$(PIP) --no-deps --target $@ nvidia-pytriton

# weaver-core, and coffea.ml_tools with all of tritonclient; it sees the packages of $(VENV) too.
$(VENV)/bench/made: | $(VENV)/test
	$(PYTHON) -m venv $(@D)
	$(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))" > $$(echo $(@D)/lib/python*/site-packages)/base.pth
	$(@D)/bin/pip --disable-pip-version-check install --quiet --constraint constraints.txt weaver-core "tritonclient[http]"
	touch $@

clean:
	rm -rf $(VENV) $(DEMO) dist build
