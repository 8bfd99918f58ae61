"""The live marks of the last minutes on disk, so that a command can use what the window knows."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from pathlib import Path

from workstation import paths
from workstation.market.facts import MarkPrice
from workstation.market.instrument import MarketKey
from workstation.units import UnixMs

log = logging.getLogger(__name__)


def _file() -> Path:
    return paths.cache_dir() / "marks.json"


def save(marks: Iterable[MarkPrice]) -> None:
    """Write the newest marks, if there are any; a failure costs only the cache and is logged."""
    rows = [[*fact.key, fact.mark_price, fact.as_of_ms] for fact in marks]
    if not rows:
        return
    try:
        waiting = _file().with_suffix(".part")
        waiting.write_text(json.dumps(rows), encoding="utf-8")
        waiting.replace(_file())
    except OSError as error:
        log.warning("the marks could not be cached: %s", error)


def load() -> dict[MarketKey, tuple[float, UnixMs]]:
    """Return price and time of every cached mark; an unreadable cache is an empty one."""
    try:
        rows = json.loads(_file().read_text(encoding="utf-8"))
        return {
            MarketKey(venue, symbol): (float(price), UnixMs(time_ms))
            for venue, symbol, price, time_ms in rows
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError) as error:
        log.warning("the cached marks could not be read: %s", error)
        return {}
