"""Markets of the last start, on disk: a venue is polled at once, while its list is asked anew."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

log = logging.getLogger(__name__)


class MarketCache:
    """One file a venue and set of options, so that a test net never answers for the real one."""

    def __init__(self, folder: Path, venue: str, options: Mapping[str, Any]) -> None:
        text = orjson.dumps(options, option=orjson.OPT_SORT_KEYS, default=str)
        digest = hashlib.sha256(text).hexdigest()[:8]
        self._path = folder / f"markets-{venue}-{digest}.json"

    def load(self) -> Sequence[Mapping[str, Any]]:
        """Return the markets of the last start; none if there are none, or they are unreadable."""
        try:
            found = orjson.loads(self._path.read_bytes())
        except FileNotFoundError:
            return []
        except (OSError, orjson.JSONDecodeError) as error:
            log.warning("%s is not used: %s", self._path, error)
            return []
        return found if isinstance(found, list) else []

    def save(self, markets: Sequence[Mapping[str, Any]]) -> None:
        """Replace the file in one step."""
        temporary = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(orjson.dumps(list(markets), default=str))
            temporary.replace(self._path)
        except OSError as error:
            log.warning("markets are not kept in %s: %s", self._path, error)
