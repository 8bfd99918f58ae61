"""What the rules look at: the newest report, the venues' health, and the wicks since the last look.

A wick is a low or a high of a mark candle that no mark of ours had shown. Candles that are seen for
the first time are a beginning, not news; bars that end long before they are seen are late news.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from workstation.market.facts import Candles, FundingHistory
from workstation.market.feed import FeedMode
from workstation.market.instrument import MarketKey
from workstation.market.store import MarketSnapshot
from workstation.portfolio.model import Portfolio
from workstation.risk.inputs import RiskInputs
from workstation.risk.report import RiskReport
from workstation.units import MINUTE_MS, UnixMs

LATE_MS: Final = 2 * MINUTE_MS
_BARS_KEPT: Final = 500  # of marks, until candles come


@dataclass(frozen=True, slots=True, kw_only=True)
class Extreme:
    """A price that was passed between two looks; ``late`` if that is long ago."""

    price: float
    time_ms: UnixMs
    source: str
    late: bool


@dataclass(frozen=True, slots=True)
class Wick:
    """The lowest and the highest price since the last look; ``None`` where no mark was passed."""

    low: Extreme | None = None
    high: Extreme | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is handed in. ``report`` is ``None`` while the engine has no answer for the book."""

    snapshot: MarketSnapshot
    book: Portfolio
    report: RiskReport | None
    inputs: RiskInputs | None = None
    candles: Mapping[MarketKey, Sequence[Candles]] = field(default_factory=dict)
    funding: Mapping[MarketKey, FundingHistory] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What a rule reads.

    ``silent_s`` and ``blind_s`` are seconds since a venue, or what is watched at a venue, was last
    known; zero while it is. ``blind`` names what is not known, by venue. ``funding`` is what was
    settled in the book's markets.
    """

    now_ms: UnixMs
    mode: FeedMode
    book: Portfolio
    report: RiskReport
    snapshot: MarketSnapshot
    inputs: RiskInputs | None = None
    funding: Mapping[MarketKey, FundingHistory] = field(default_factory=dict)
    wicks: Mapping[MarketKey, Wick] = field(default_factory=dict)
    silent_s: Mapping[str, float] = field(default_factory=dict)
    blind_s: Mapping[str, float] = field(default_factory=dict)
    blind: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class _Bars:
    """Low and high by open time, of one market: what has been seen of each bar."""

    candles: Candles
    seen: dict[int, tuple[float, float]]

    def note(self, price: float, time_ms: int) -> None:
        step = self.candles.interval_s * 1_000
        opened = time_ms // step * step
        low, high = self.seen.get(opened, (price, price))
        self.seen[opened] = (min(low, price), max(high, price))
        if len(self.seen) > _BARS_KEPT:
            del self.seen[min(self.seen)]


class WickFinder:
    """Remembers what marks and candles have shown; for one thread."""

    def __init__(self) -> None:
        self._bars: dict[MarketKey, _Bars] = {}

    def find(self, look: Look) -> dict[MarketKey, Wick]:
        """Return what candles show beyond everything that was seen before."""
        found = {}
        for key, series in look.candles.items():
            mark = look.snapshot.marks.get(key)
            bars = self._bars.get(key)
            if bars is not None and mark is not None:
                bars.note(mark.mark_price, mark.as_of_ms)
            finest = min(series, key=lambda candles: candles.interval_s, default=None)
            if finest is None or not len(finest) or (bars and bars.candles is finest):
                continue
            if bars is None or bars.candles.interval_s != finest.interval_s:
                self._bars[key] = _Bars(finest, _tail(finest))
                continue
            found[key] = _news(bars, finest, look.snapshot.now_ms)
            bars.candles = finest
            bars.seen = {t: ends for t, ends in bars.seen.items() if t > finest.time_ms[-1]}
            bars.seen |= _tail(finest)
        return found


def _tail(candles: Candles) -> dict[int, tuple[float, float]]:
    rows = zip(candles.time_ms[-3:], candles.low[-3:], candles.high[-3:], strict=True)
    return {int(time_ms): (float(low), float(high)) for time_ms, low, high in rows}


def _news(bars: _Bars, candles: Candles, now_ms: int) -> Wick:
    lows, highs = [], []
    for time_ms, low, high in _rows_since(candles, min(bars.seen)):
        seen = bars.seen.get(time_ms)
        source = f"{candles.interval_s // 60}m {candles.price} candle of {candles.key.venue}"
        end_ms = min(time_ms + candles.interval_s * 1_000, now_ms)
        late = now_ms - end_ms > LATE_MS
        when = UnixMs(time_ms if late else end_ms)
        if seen is None or low < seen[0]:
            lows.append(Extreme(price=low, time_ms=when, source=source, late=late))
        if seen is None or high > seen[1]:
            highs.append(Extreme(price=high, time_ms=when, source=source, late=late))
    return Wick(
        low=min(lows, key=lambda extreme: extreme.price, default=None),
        high=max(highs, key=lambda extreme: extreme.price, default=None),
    )


def _rows_since(candles: Candles, since_ms: int) -> Iterator[tuple[int, float, float]]:
    first = int(np.searchsorted(candles.time_ms, since_ms))
    for row in range(first, len(candles)):
        yield int(candles.time_ms[row]), float(candles.low[row]), float(candles.high[row])
