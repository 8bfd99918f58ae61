"""What works on this machine and what does not, in words: ``risk-workstation doctor``."""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from workstation import __version__, paths
from workstation import settings as settings_file
from workstation.errors import ExchangeUnavailableError, WorkstationError
from workstation.services.key_store import KeyStore
from workstation.services.tier_shelf import newest_tiers
from workstation.settings import Settings

_LIBRARIES: Final = (
    "PySide6-Essentials",
    "PySide6-QtAds",
    "pyqtgraph",
    "numpy",
    "numba",
    "pandas",
    "ccxt",
)
_FOLDERS: Final[Mapping[str, Callable[[], Path]]] = {
    "settings folder": paths.config_dir,
    "cache folder": paths.cache_dir,
    "data folder": paths.data_dir,
    "log folder": paths.log_dir,
}
_PATIENCE_S: Final = 12.0  # for everything that one venue is asked; a first market list is large
_STEP: Final = "look whether the network is up and nothing on the way (a firewall) blocks it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at; ``ok`` is ``None`` where there is nothing to judge."""

    subject: str
    ok: bool | None
    says: str


def document(findings: Iterable[Finding]) -> dict[str, Any]:
    """Return the findings as JSON values."""
    return {"schema": 1, "findings": [asdict(finding) for finding in findings]}


def has_display() -> bool:
    """Tell whether a window can be shown: always, but on a Linux without a display server."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def examine(file: Path | None = None, venues: Iterable[str] | None = None) -> Iterator[Finding]:
    """Yield a finding for each subject; the exchanges come last, each is asked once.

    Parameters
    ----------
    file : settings file instead of the user's own
    venues : exchanges instead of the settings'
    """
    yield from examine_here()
    chosen, problems = _settings(file)
    for problem in problems:
        yield Finding(subject="settings", ok=False, says=problem)
    yield _keyring()
    names = tuple(chosen.market.venues if venues is None else venues)
    yield from asyncio.run(_ask_venues(names, chosen))


def examine_here() -> Iterator[Finding]:
    """Yield what can be told at once, without a network."""
    python = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    yield Finding(subject="risk-workstation", ok=None, says=__version__)
    yield Finding(subject="Python", ok=sys.version_info >= (3, 11), says=python)
    for name in _LIBRARIES:
        yield _library(name)
    shown = "found" if has_display() else "none: the window is drawn off-screen"
    yield Finding(subject="display", ok=has_display(), says=shown)
    for name, folder in _FOLDERS.items():
        yield _folder(name, folder)
    for venue, counts in sorted(newest_tiers().dates().items()):
        says = "; ".join(f"{count} markets, {label}" for label, count in sorted(counts.items()))
        yield Finding(subject=f"tiers of {venue}", ok=None, says=says)


def _library(name: str) -> Finding:
    try:
        return Finding(subject=name, ok=True, says=importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(subject=name, ok=False, says="missing: install the program again")


def _keyring() -> Finding:
    problem = KeyStore().problem()
    says = problem or "keys of exchanges are kept in it"
    return Finding(subject="keyring", ok=None if problem else True, says=says)


def _folder(name: str, find: Callable[[], Path]) -> Finding:
    try:
        folder = find()
        with tempfile.TemporaryFile(dir=folder):
            return Finding(subject=name, ok=True, says=f"{folder} can be written")
    except OSError as error:
        where = error.filename or "it"
        says = f"{where}: {error.strerror}; set RISK_WORKSTATION_HOME to a folder of your own"
        return Finding(subject=name, ok=False, says=says)


def _settings(file: Path | None) -> tuple[Settings, tuple[str, ...]]:
    try:
        chosen, problems = settings_file.load(file or paths.default_settings_file())
    except OSError as error:
        return Settings(), (f"cannot be read: {error.strerror}; the defaults are used",)
    missing = (f"{file} does not exist",) if file is not None and not file.exists() else ()
    return chosen, (*missing, *(problem.user_message for problem in problems))


async def _ask_venues(names: Iterable[str], settings: Settings) -> list[Finding]:
    return await asyncio.gather(*(_ask_venue(name, settings) for name in names))


async def _ask_venue(name: str, settings: Settings) -> Finding:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return Finding(subject=name, ok=True, says=await _markets(name, settings))
    except TimeoutError:
        says = f"did not answer within {_PATIENCE_S:.0f} s"
    except ExchangeUnavailableError as error:
        says = f"{error.user_message} ({_root(error)}); {_STEP}"
    except WorkstationError as error:
        says = error.user_message
    return Finding(subject=name, ok=False, says=says)


def _root(error: BaseException) -> str:
    """Return the text of what was at the bottom of an error: an address, a name not found."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error) or type(error).__name__


async def _markets(name: str, settings: Settings) -> str:
    from workstation.exchanges.registry import new_adapter  # imports ccxt: late

    options = settings.venues.get(name, {}).get("ccxt", {})
    adapter = new_adapter(name, options, settings.market.timeout_s)
    await adapter.open()
    try:
        started_s = time.monotonic()
        async with adapter.asking("load_markets"):
            await adapter.load_markets()
        took_s = time.monotonic() - started_s
    finally:
        await adapter.close()
    return f"gave its list of {len(adapter.instruments())} contracts in {took_s:.1f} s"
