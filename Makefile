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
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

contracts: $(STAMP)
	$(BIN)/lint-imports

bench: $(STAMP)
	$(BIN)/python -m pytest tests/benchmarks --benchmark-only -o addopts="--strict-markers"

# The shared libraries that Qt's wheels expect from the system: a probe for them, and their Debian
# names. Without those of the second line the window opens off-screen only.
QT_PROBE := import ctypes, PySide6.QtWidgets, PySide6QtAds; \
	[ctypes.CDLL(f"lib{name}") for name in "xcb-cursor.so.0 xcb-icccm.so.4 xcb-image.so.0 \
	xcb-keysyms.so.1 xcb-render-util.so.0 xcb-shape.so.0 xkbcommon-x11.so.0".split()]
QT_LIBRARIES := libegl1 libgl1 libdbus-1-3 libfontconfig1 libxkbcommon-x11-0 libxcb-cursor0 \
	libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-render-util0 libxcb-shape0 libxcb-xinerama0
SUDO := $(shell [ "$$(id -u)" = 0 ] || command -v sudo)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Risk Workstation needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@$(BIN)/python -c '$(QT_PROBE)' 2>/dev/null || $(MAKE) --no-print-directory qt-libraries
	@touch $(STAMP)

.PHONY: qt-libraries
qt-libraries:
	@if command -v apt-get >/dev/null; then \
		$(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq --no-install-recommends $(QT_LIBRARIES) || true; \
	else \
		echo "Some of Qt's system libraries are missing: install what your system calls $(QT_LIBRARIES)."; \
	fi
	@$(BIN)/python -c 'import PySide6.QtWidgets, PySide6QtAds'

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache
