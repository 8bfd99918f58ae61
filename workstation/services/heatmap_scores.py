"""The scores of the live map, kept in the cache folder: one line a day, coin and interval."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from workstation.risk.heatmap_grade import Grades
from workstation.units import iso_utc

log = logging.getLogger(__name__)

FILE_NAME: Final = "heatmap-scores.jsonl"
_MOST_LINES: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreLine:
    """A score as it was written down."""

    day: str
    coin: str
    interval_s: int
    venue: str
    verdict: str
    hour_coverage: tuple[float, float]


class ScoreFile:
    """Appends scores and finds the newest; what cannot be read or written costs only the score."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME

    def append(self, line: ScoreLine, grades: Grades) -> None:
        """Write a score down, with every figure of its table."""
        row = orjson.dumps({"score": line, "table": grades.table})
        try:
            lines = [*self._lines(), row][-_MOST_LINES:]
            partial = self._path.with_suffix(".part")
            partial.write_bytes(b"\n".join(lines) + b"\n")
            partial.replace(self._path)
        except OSError as error:
            log.warning("The heatmap's score could not be kept in %s: %s", self._path, error)

    def newest(self, coin: str, interval_s: int) -> ScoreLine | None:
        """Return the last score of a coin's map at an interval."""
        for row in reversed(self._lines()):
            try:
                found = _line(orjson.loads(row)["score"])
            except (ValueError, KeyError, TypeError):
                continue
            if (found.coin, found.interval_s) == (coin, interval_s):
                return found
        return None

    def _lines(self) -> list[bytes]:
        try:
            return [row for row in self._path.read_bytes().split(b"\n") if row]
        except OSError:
            return []


def _line(score: Mapping[str, Any]) -> ScoreLine:
    long, short = score["hour_coverage"]
    return ScoreLine(**{**score, "hour_coverage": (float(long), float(short))})


def score_line(coin: str, interval_s: int, venue: str, end_ms: int, grades: Grades) -> ScoreLine:
    """Return the line that says how good a map was until a moment."""
    return ScoreLine(
        day=iso_utc(end_ms)[:10],
        coin=coin,
        interval_s=interval_s,
        venue=venue,
        verdict=grades.verdict(),
        hour_coverage=grades.hour_coverage,
    )
