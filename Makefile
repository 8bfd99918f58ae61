# `make run` and `make test` set up everything they need on a fresh machine.
# On Windows use the commands of README.md instead.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
ARGS ?=

.PHONY: run test lint types contracts bench clean

run: $(STAMP)
	@$(BIN)/risk-workstation warm-up
	@$(BIN)/risk-workstation $(ARGS)

# The kernels are compiled first, so that no test's clock pays for it.
test: $(STAMP) lint types contracts
	@RISK_WORKSTATION_HOME=$(VENV)/home $(BIN)/risk-workstation warm-up
	$(BIN)/python -m pytest

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

contracts: $(STAMP)
	$(BIN)/lint-imports

bench: $(STAMP)
	$(BIN)/python -m pytest tests/benchmarks --benchmark-only -o addopts="--strict-markers"

# The shared libraries that Qt's wheels expect from the system, by their Debian names.
QT_LIBRARIES := libegl1 libgl1 libdbus-1-3 libfontconfig1 libxkbcommon-x11-0 libxcb-cursor0 \
	libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-render-util0 libxcb-shape0 libxcb-xinerama0
SUDO := $(shell [ "$$(id -u)" = 0 ] || command -v sudo)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Risk Workstation needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@$(BIN)/python -c 'import PySide6.QtWidgets, PySide6QtAds' 2>/dev/null || $(MAKE) --no-print-directory qt-libraries
	@touch $(STAMP)

.PHONY: qt-libraries
qt-libraries:
	@command -v apt-get >/dev/null || { echo "Qt's system libraries are missing: install the packages that provide libEGL and libxkbcommon."; exit 1; }
	$(SUDO) apt-get update -qq
	$(SUDO) apt-get install -y -qq --no-install-recommends $(QT_LIBRARIES)

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache
