"""A map's scores beside its rivals', and what they come to in words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

THIS: Final = "this map"
UNIFORM: Final = "uniform"
DISTANCE: Final = "distance only"
FIXED: Final = "fixed weights"
PER_BIN: Final = "constant per bin swept"
PATH: Final = "path only"
_LOCATED: Final = (UNIFORM, FIXED)  # besides distance only, which the verdict begins with
_MEASURED: Final = (PER_BIN, PATH, FIXED)  # the rivals of the amounts
_UNKNOWN: Final = (math.nan, math.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grade:
    """One model's scores, each with its standard error where it has one; NaN where it has none."""

    name: str
    hour_gain: tuple[float, float] = _UNKNOWN  # nats over an even spread, within an hour
    day_gain: tuple[float, float] = _UNKNOWN
    day_lift: tuple[float, float] = _UNKNOWN
    behind: tuple[float, float] = _UNKNOWN  # day gain of this map less its own
    skill: float = math.nan  # of both sides' hourly amounts
    skill_by_side: tuple[float, float] = _UNKNOWN
    log_correlation: tuple[float, float] = _UNKNOWN
    ratio: tuple[float, float] = _UNKNOWN  # predicted over observed
    total_ratio: float = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """How often hourly amounts fell into a band that should hold them ``nominal`` of the time."""

    nominal: float
    long: float
    short: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Grades:
    """``hour_coverage`` and ``day_coverage``: shares of amounts inside the 80 % band, by side."""

    days: int
    table: tuple[Grade, ...]  # this map first
    hour_coverage: tuple[float, float]
    day_coverage: tuple[float, float]
    reliability: tuple[Reliability, ...] = ()  # of bands of several widths, hour by hour

    @property
    def own(self) -> Grade:
        return self.table[0]

    def verdict(self) -> str:
        """Return the score of its places in words; every baseline that is better is named.

        A difference within two standard errors is none.
        """
        rivals = {grade.name: grade for grade in self.table}
        lead, error = rivals[DISTANCE].behind
        if not lead > 2 * error:
            word = "worse than" if lead < -2 * error else "no better than"
        else:
            word = "better than"
        behind = [name for name in _LOCATED if name in rivals and _is_lost(rivals[name].behind)]
        return ", ".join(
            (f"{word} distance only", *(f"worse than {name}" for name in behind), _days(self.days))
        )

    def better_at_amounts(self) -> tuple[str, ...]:
        """Return the rivals whose hourly amounts explain more; none where amounts have no score."""
        skills = {grade.name: grade.skill for grade in self.table}
        return tuple(name for name in _MEASURED if skills.get(name, math.nan) > self.own.skill)


@dataclass(frozen=True, slots=True, kw_only=True)
class MapScore:
    """How good a live map was until the end of a day, at the venue that it was held against."""

    day: str
    coin: str
    interval_s: int
    venue: str
    grades: Grades

    def title(self) -> str:
        """Return the score in words, short enough for a panel's title."""
        better = self.grades.better_at_amounts()
        amounts = f"; amounts worse than {' and '.join(better)}" if better else ""
        return self.grades.verdict() + amounts


def _is_lost(lead: tuple[float, float]) -> bool:
    return lead[0] < -2 * lead[1]


def _days(days: int) -> str:
    return f"{days} days" if days != 1 else "1 day"
