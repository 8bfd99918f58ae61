"""What a venue told last time, on disk: it is there at once, while the venue is asked anew."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

log = logging.getLogger(__name__)


class VenueCache:
    """One file a kind, venue and set of options, so that a test net never answers for the real one.

    Parameters
    ----------
    folder : where it stands
    kind : the first word of its name: "markets", "tiers"
    venue, options : whose answers, and what the client was made with
    """

    def __init__(self, folder: Path, kind: str, venue: str, options: Mapping[str, Any]) -> None:
        text = orjson.dumps(options, option=orjson.OPT_SORT_KEYS, default=str)
        digest = hashlib.sha256(text).hexdigest()[:8]
        self.path = folder / f"{kind}-{venue}-{digest}.json"

    def load(self) -> Sequence[Mapping[str, Any]]:
        """Return the rows of the last time; none if there are none, or they are unreadable."""
        try:
            found = orjson.loads(self.path.read_bytes())
        except FileNotFoundError:
            return []
        except (OSError, orjson.JSONDecodeError) as error:
            log.warning("%s is not used: %s", self.path, error)
            return []
        return found if isinstance(found, list) else []

    def save(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Replace the file in one step."""
        temporary = self.path.with_suffix(".new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(orjson.dumps(list(rows), default=str))
            temporary.replace(self.path)
        except OSError as error:
            log.warning("%s is not kept: %s", self.path, error)
