"""Where configuration, caches, logs and the packaged resources live; the only module that knows."""

from __future__ import annotations

import os
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

import platformdirs

_APP = "risk-workstation"
_HOME_VARIABLE = "RISK_WORKSTATION_HOME"  # one folder for everything: tests and portable installs


def _folder(kind: str, default: str) -> Path:
    home = os.environ.get(_HOME_VARIABLE)
    path = Path(home) / kind if home else Path(default)
    path.mkdir(parents=True, exist_ok=True)
    return path


def config_dir() -> Path:
    return _folder("config", platformdirs.user_config_dir(_APP, appauthor=False))


def cache_dir() -> Path:
    return _folder("cache", platformdirs.user_cache_dir(_APP, appauthor=False))


def data_dir() -> Path:
    return _folder("data", platformdirs.user_data_dir(_APP, appauthor=False))


def log_dir() -> Path:
    return _folder("log", platformdirs.user_log_dir(_APP, appauthor=False))


def default_settings_file() -> Path:
    return config_dir() / "settings.toml"


def resource(*parts: str) -> Traversable:
    """Return a packaged resource, such as ``resource("tiers", "binanceusdm.json")``."""
    return files("resources").joinpath(*parts)


def sample_path() -> Path:
    """Return the book that ships with the program."""
    return Path(str(resource("samples", "sample.toml")))
