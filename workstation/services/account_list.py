"""Which accounts are read, kept between two starts: names, venues and public addresses, no keys."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from workstation import paths
from workstation.exchanges.accounts.base import AccountSource

log = logging.getLogger(__name__)


def _file() -> Path:
    return paths.config_dir() / "accounts.json"


def load() -> tuple[AccountSource, ...]:
    """Read the list; an unreadable one is empty, and logged."""
    try:
        rows = json.loads(_file().read_text(encoding="utf-8"))
        return tuple(
            AccountSource(id=str(row["id"]), venue=str(row["venue"]), address=str(row["address"]))
            for row in rows
        )
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("the list of accounts could not be read: %s", error)
        return ()


def save(sources: Iterable[AccountSource]) -> None:
    """Write the list; a failure costs only the next start's convenience and is logged."""
    rows = [asdict(source) for source in sources]
    try:
        _file().write_text(json.dumps(rows, indent=1), encoding="utf-8")
    except OSError as error:
        log.warning("the list of accounts could not be saved: %s", error)
