"""The map beside its rivals: one table of scores, out of sample.

The map and every rival are refitted at midnight to what was seen until then, and judged on what
they had said before. Scores begin after ``WARM_UP_SHARE`` of the history, at least after
``WARM_UP_DAYS``, so that each has had something to learn from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from workstation.market.facts import FloatArray
from workstation.risk.heatmap import Grid
from workstation.risk.heatmap_band import TAIL, by_hour, hourly_band
from workstation.risk.heatmap_bars import Bars
from workstation.risk.heatmap_rivals import (
    bins_swept,
    distance_only,
    fixed_weight,
    path_only,
    scaled_nightly,
)
from workstation.risk.heatmap_score import (
    Events,
    Located,
    Windows,
    deviance_skill,
    locate,
    log_correlation,
    make_windows,
    mean_and_error,
)
from workstation.risk.heatmap_scorecard import (
    DISTANCE,
    FIXED,
    PATH,
    PER_BIN,
    UNIFORM,
    Grade,
    Grades,
    Reliability,
)
from workstation.risk.kernels.book import LONG, SHORT, IntArray, PictureArray
from workstation.units import DAY_MS, HOUR_MS

WARM_UP_DAYS: Final = 10  # [A]
WARM_UP_SHARE: Final = 0.4  # [A] as in the study that this follows: 40 days of 90
_DAY_WINDOW_EVERY_H: Final = 4
NOMINAL: Final = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)  # bands whose reliability is looked at
_MOST_WINDOWS: Final = 2_000  # of one horizon, so that a long history fits into memory


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """When maps are frozen: windows of an hour and of a day. ``anchors`` are bars, ascending."""

    hour: Windows
    day: Windows
    anchors: IntArray
    from_bar: int  # scores begin here


def plan_grading(bars: Bars, grid: Grid) -> Plan | None:
    """Return when to freeze maps; ``None`` where the history is too short to be judged."""
    hour = max(1, HOUR_MS // bars.interval_ms)
    day = DAY_MS // bars.interval_ms
    span_ms = int(bars.time_ms[-1] - bars.time_ms[0])
    warm_up_ms = max(WARM_UP_DAYS * DAY_MS, WARM_UP_SHARE * span_ms)
    from_bar = int(np.searchsorted(bars.time_ms, bars.time_ms[0] + warm_up_ms))
    if len(bars) - from_bar <= 2 * day:
        return None
    every = _DAY_WINDOW_EVERY_H * hour
    by_day = make_windows(bars, grid, _thinned(every, len(bars)), day)
    hourly = make_windows(bars, grid, _thinned(hour, len(bars)), hour)
    anchors = np.union1d(by_day.anchor, hourly.anchor)
    return Plan(hour=hourly, day=by_day, anchors=anchors, from_bar=from_bar)


def _thinned(every: int, bars: int) -> int:
    return every * -(-bars // (every * _MOST_WINDOWS))


def grade(
    bars: Bars,
    grid: Grid,
    plan: Plan,
    events: Events,
    maps: Mapping[str, PictureArray],
    expected: FloatArray,
    actual: FloatArray,
    *,
    band_of: FloatArray | None = None,
    reported_spread: float = 0.0,
    seed: int = 1,
) -> Grades:
    """Score maps and rivals.

    Parameters
    ----------
    events : what was liquidated
    maps : by name, (m, 2, bins) at ``plan.anchors``; this map is the first
    expected : (n, 2) this map's coins a bar, given the bar's path
    actual : (n, 2) coins observed, in the same unit; NaN where nothing was observed
    band_of : (n, 2) what the band's residuals are made of, ``actual`` if not given
    reported_spread : of ``band_of``, as of ``hourly_band``
    """
    columns, swept = fixed_weight(bars, grid, plan.anchors)
    located: dict[str, Callable[[Windows], PictureArray]] = {
        UNIFORM: lambda windows: np.ones((len(windows), 2, grid.bins), np.float32),
        DISTANCE: lambda windows: distance_only(windows, events, grid.bins),
        FIXED: lambda windows: _at(columns, plan, windows),
    }
    hour_gain: dict[str, Located] = {}
    day_gain: dict[str, Located] = {}
    for windows, found in ((plan.hour, hour_gain), (plan.day, day_gain)):
        rows = windows.since(plan.from_bar)
        for name, frozen in maps.items():
            found[name] = locate(_at(frozen, plan, windows), windows, events, rows, _rng(seed))
        for name, make in located.items():
            found[name] = locate(make(windows), windows, events, rows, _rng(seed))
    seen = actual if band_of is None else band_of
    hours = _Hours(bars, plan, expected, actual, seen, reported_spread)
    own = next(iter(maps))
    amounts = {
        own: hours.expected,
        FIXED: scaled_nightly(by_hour(swept, hours.hour), hours.actual, hours.day),
        PER_BIN: scaled_nightly(
            by_hour(bins_swept(bars, grid), hours.hour), hours.actual, hours.day
        ),
        PATH: path_only(bars, grid, hours.hour, hours.actual, hours.day),
    }
    names = dict.fromkeys([*maps, *located, *amounts])
    rng = _rng(seed)
    table = tuple(
        Grade(
            name=name,
            **_location(name, own, hour_gain, day_gain, rng),
            **hours.amount(amounts.get(name)),
        )
        for name in names
    )
    return Grades(
        days=hours.days_judged(),
        table=table,
        hour_coverage=hours.coverage(1),
        day_coverage=hours.coverage(24),
        reliability=tuple(hours.reliability(nominal) for nominal in NOMINAL),
    )


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def _at(table: PictureArray, plan: Plan, windows: Windows) -> PictureArray:
    rows: PictureArray = table[np.searchsorted(plan.anchors, windows.anchor)]
    return rows


def _location(
    name: str,
    own: str,
    by_hour_: Mapping[str, Located],
    by_day: Mapping[str, Located],
    rng: np.random.Generator,
) -> dict[str, Any]:
    if name not in by_day:
        return {}
    hour, day, this = by_hour_[name], by_day[name], by_day[own]
    return {
        "hour_gain": mean_and_error(hour.gain, hour.volume, hour.day, rng),
        "day_gain": mean_and_error(day.gain, day.volume, day.day, rng),
        "day_lift": mean_and_error(day.lift, day.volume, day.day, rng),
        "behind": mean_and_error(this.gain - day.gain, day.volume, day.day, rng),
    }


class _Hours:
    # Hourly amounts; a bar longer than an hour counts as one.

    def __init__(
        self,
        bars: Bars,
        plan: Plan,
        expected: FloatArray,
        actual: FloatArray,
        band_of: FloatArray,
        reported_spread: float,
    ) -> None:
        self.hour: IntArray = bars.time_ms // max(HOUR_MS, bars.interval_ms)
        self.expected = by_hour(expected, self.hour)
        self.actual = by_hour(actual, self.hour)
        self._band_of = by_hour(band_of, self.hour)
        self._reported_spread = reported_spread
        starts = np.flatnonzero(np.diff(self.hour, prepend=self.hour[0] - 1))
        self.day: IntArray = bars.time_ms[starts] // DAY_MS
        judged = (starts >= plan.from_bar) & ~np.isnan(self.actual[:, LONG])
        self._judged = np.flatnonzero(judged)
        before = np.flatnonzero((starts < plan.from_bar) & ~np.isnan(self.actual[:, LONG]))
        self._mean = self.actual[before].mean(axis=0) if len(before) else np.full(2, np.nan)

    def days_judged(self) -> int:
        return len(np.unique(self.day[self._judged]))

    def amount(self, expected: FloatArray | None) -> dict[str, Any]:
        if expected is None or not len(self._judged):
            return {}
        y, said = self.actual[self._judged], np.nan_to_num(expected[self._judged])
        mean = np.broadcast_to(self._mean, y.shape)
        sides = (LONG, SHORT)
        return {
            "skill": deviance_skill(y, said, mean),
            "skill_by_side": _pair(
                deviance_skill(y[:, side], said[:, side], mean[:, side]) for side in sides
            ),
            "log_correlation": _pair(log_correlation(y[:, side], said[:, side]) for side in sides),
            "ratio": _pair(_ratio(said[:, side], y[:, side]) for side in sides),
            "total_ratio": _ratio(said, y),
        }

    def reliability(self, nominal: float) -> Reliability:
        long, short = self.coverage(1, (1.0 - nominal) / 2)
        return Reliability(nominal=nominal, long=long, short=short)

    def coverage(self, hours: int, tail: float = TAIL) -> tuple[float, float]:
        # of sums over so many hours, each looked at once
        judged = self._judged[hours - 1 :: hours]
        known = np.flatnonzero(~np.isnan(self._band_of[:, LONG] + self.actual[:, LONG]))
        shares = []
        for side in (LONG, SHORT):
            expected, actual, band_of = (
                _running_sum(amounts[known, side], hours)
                for amounts in (self.expected, self.actual, self._band_of)
            )
            band = hourly_band(
                expected, band_of, hours=hours, tail=tail, reported_spread=self._reported_spread
            )
            inside = (actual >= band.low) & (actual <= band.high)
            counted = np.isin(known, judged) & ((expected > 0) | (actual > 0))
            shares.append(float(inside[counted].mean()) if counted.any() else float("nan"))
        return shares[0], shares[1]


def _running_sum(values: FloatArray, count: int) -> FloatArray:
    sums: FloatArray = np.convolve(values, np.ones(count))[: len(values)]
    return sums


def _pair(values: Iterable[float]) -> tuple[float, float]:
    first, second = values
    return first, second


def _ratio(said: FloatArray, actual: FloatArray) -> float:
    return float(said.sum() / actual.sum()) if actual.sum() > 0 else float("nan")
