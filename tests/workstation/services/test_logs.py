"""The log file of the process."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from workstation import paths
from workstation.services import logs


@pytest.fixture(autouse=True)
def own_root():
    """Give the root logger back as it was."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in [found for found in root.handlers if found not in handlers]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def test_what_is_reported_stands_in_the_file():
    path = logs.set_up()
    logging.getLogger("workstation.somewhere").info("a %s of interest", "thing")
    assert path is not None
    assert "INFO MainThread workstation.somewhere: a thing of interest" in path.read_text()


def test_the_chatter_of_libraries_stays_out():
    path = logs.set_up()
    logging.getLogger("ccxt.base.exchange").info("a request")
    logging.getLogger("numba").warning("a worry")
    assert path is not None
    assert "a request" not in path.read_text()
    assert "a worry" in path.read_text()


def test_without_a_folder_to_write_to_the_program_goes_on(monkeypatch, tmp_path: Path, capsys):
    monkeypatch.setattr(paths, "log_dir", lambda: tmp_path / "missing")
    assert logs.set_up() is None
    logging.getLogger("workstation.somewhere").warning("nobody reads this")
    assert capsys.readouterr().err == ""
