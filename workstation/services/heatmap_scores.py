"""The scores of the live map, kept in the cache folder: one line a day, coin and interval."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import orjson

from workstation.risk.heatmap_scorecard import Grade, Grades, MapScore, Reliability

log = logging.getLogger(__name__)

FILE_NAME: Final = "heatmap-scores.jsonl"
_MOST_LINES: Final = 2_000


class ScoreFile:
    """Appends scores and finds the newest; what cannot be read or written costs only the score."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME

    def append(self, score: MapScore) -> None:
        """Write a score down, with every figure of its table."""
        try:
            lines = [*self._lines(), orjson.dumps(score)][-_MOST_LINES:]
            partial = self._path.with_suffix(".part")
            partial.write_bytes(b"\n".join(lines) + b"\n")
            partial.replace(self._path)
        except OSError as error:
            log.warning("The heatmap's score could not be kept in %s: %s", self._path, error)

    def newest(self, coin: str, interval_s: int) -> MapScore | None:
        """Return the last score of a coin's map at an interval."""
        for row in reversed(self._lines()):
            try:
                found = _score(orjson.loads(row))
            except (ValueError, KeyError, TypeError, AttributeError):
                continue
            if (found.coin, found.interval_s) == (coin, interval_s):
                return found
        return None

    def _lines(self) -> list[bytes]:
        try:
            return [row for row in self._path.read_bytes().split(b"\n") if row]
        except OSError:
            return []


def _score(row: Mapping[str, Any]) -> MapScore:
    grades = dict(row["grades"])
    grades["table"] = tuple(Grade(**_figures(grade)) for grade in grades["table"])
    grades["reliability"] = tuple(Reliability(**_figures(each)) for each in grades["reliability"])
    read = Grades(**_figures(grades))
    for long, short in (read.hour_coverage, read.day_coverage):
        float(long + short)
    return MapScore(**{**row, "grades": read})


def _figures(row: Mapping[str, Any]) -> dict[str, Any]:
    # pairs are lists in the file, and what is not known is null
    return {name: _figure(value) for name, value in row.items()}


def _figure(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_figure(each) for each in value)
    return math.nan if value is None else value
