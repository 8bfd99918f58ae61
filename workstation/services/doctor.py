"""What works on this machine and what does not, in words: ``risk-workstation doctor``."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from workstation import __version__, paths
from workstation.settings import Settings

_LIBRARIES = (
    "PySide6-Essentials",
    "PySide6-QtAds",
    "pyqtgraph",
    "numpy",
    "numba",
    "pandas",
    "ccxt",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at; ``ok`` is ``None`` where there is nothing to judge."""

    subject: str
    ok: bool | None
    says: str


def has_display() -> bool:
    """Tell whether a window can be shown: always, but on a Linux without a display server."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield a finding for each subject; the venues come last, since each is asked once."""
    python = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    yield Finding(subject="risk-workstation", ok=None, says=__version__)
    yield Finding(subject="Python", ok=sys.version_info >= (3, 11), says=python)
    for name in _LIBRARIES:
        yield _library(name)
    shown = "found" if has_display() else "none: the window is drawn off-screen"
    yield Finding(subject="display", ok=has_display(), says=shown)
    for folder in (paths.config_dir(), paths.cache_dir(), paths.log_dir()):
        writable = os.access(folder, os.W_OK)
        says = "writable" if writable else "cannot be written; set RISK_WORKSTATION_HOME"
        yield Finding(subject=str(folder), ok=writable, says=says)
    yield from _tier_tables()
    yield from _venues(settings)


def _library(name: str) -> Finding:
    try:
        return Finding(subject=name, ok=True, says=importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(subject=name, ok=False, says="missing: install the program again")
