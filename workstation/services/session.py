"""What the next start takes up again: the source and the book last used, and the recent files."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from workstation import paths
from workstation.portfolio.model import Portfolio

log = logging.getLogger(__name__)
MAX_RECENT: Final = 10
SAMPLE: Final = "sample"  # the book that ships with the program, in place of a path


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """The last session; empty texts at the first start."""

    source: str = ""
    portfolio: str = ""
    interval: str = ""  # of the charts
    recent: tuple[str, ...] = ()

    def opened(self, portfolio: Path) -> Session:
        """Return the session with this book as the last and the first of the recent ones."""
        name = str(portfolio)
        others = [path for path in self.recent if path != name]
        return replace(self, portfolio=name, recent=(name, *others)[:MAX_RECENT])

    def followed(self, before: Portfolio | None, now: Portfolio | None) -> Session:
        """Return the session after the open file changed; one that was closed is the last no more.

        A file that is not open yet, or was refused, stays the last.
        """
        if now is None:
            return self if before is None else replace(self, portfolio="")
        if now.path == paths.sample_path():
            return replace(self, portfolio=SAMPLE)
        return self if now.path is None else self.opened(now.path.absolute())


def _file() -> Path:
    return paths.config_dir() / "session.json"


def load() -> Session:
    """Read the last session; an unreadable file is a first start."""
    try:
        document = json.loads(_file().read_text(encoding="utf-8"))
        return Session(
            source=str(document.get("source", "")),
            portfolio=str(document.get("portfolio", "")),
            interval=str(document.get("interval", "")),
            recent=tuple(str(path) for path in document.get("recent", ())),
        )
    except FileNotFoundError:
        return Session()
    except (OSError, ValueError, AttributeError, TypeError) as error:
        log.warning("the last session could not be read: %s", error)
        return Session()


def save(session: Session) -> None:
    """Write the session; a failure costs only the convenience and is logged."""
    try:
        _file().write_text(json.dumps(asdict(session)), encoding="utf-8")
    except OSError as error:
        log.warning("the session could not be saved: %s", error)
