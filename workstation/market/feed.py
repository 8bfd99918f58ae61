"""The one small service through which everything above meets the market.

A feed runs on its own (in a thread today, in a process tomorrow), accepts a ``Watch`` and hands
out frozen facts. It never calls back: whoever wants news takes what is fresh. Live venues, a
replayed recording and the simulated market are feeds; nothing above knows which one it has, except
for the words LIVE, REPLAY and SIMULATED that must be shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol, runtime_checkable

from workstation.market.facts import (
    Candles,
    Fact,
    FundingHistory,
    Liquidation,
    OpenInterestHistory,
    VenueHealth,
)
from workstation.market.instrument import Instrument, MarketKey
from workstation.units import UnixMs

INTERVALS_S: Final = {"1m": 60, "5m": 300, "15m": 900, "1h": 3_600, "4h": 14_400, "1d": 86_400}


class FeedMode(StrEnum):
    """Where the facts come from; anything but LIVE is labelled wherever it is shown."""

    LIVE = "LIVE"
    REPLAY = "REPLAY"
    SIMULATED = "SIMULATED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What the user looks at: the coin on the charts, the candle interval, the book's markets.

    ``coins`` are others whose price is wanted.
    """

    coin: str = "BTC"
    interval_s: int = 900
    markets: frozenset[MarketKey] = frozenset()
    coins: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class TapeState:
    """Where a tape stands: replay and simulation have one, the live market has none.

    ``start_ms`` and ``end_ms`` bound what can be sought; equal where nothing can. ``first_ms`` is
    when a recording's facts of a kind ("funding", "open_interest") and a coin begin: what is not
    in it is not on the tape. ``None``: a tape that has everything.
    """

    speed: float
    paused: bool
    start_ms: UnixMs
    end_ms: UnixMs
    first_ms: Mapping[tuple[str, str], int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedUpdate:
    """What came since the last time: only what is new, newest value per market and kind.

    ``restarted`` says that time jumped (a seek, a loop): all that was known before is void.
    """

    mode: FeedMode
    now_ms: UnixMs
    facts: tuple[Fact, ...] = ()
    candles: tuple[Candles, ...] = ()
    funding: tuple[FundingHistory, ...] = ()
    open_interest: tuple[OpenInterestHistory, ...] = ()
    liquidations: tuple[Liquidation, ...] = ()
    instruments: tuple[Instrument, ...] = ()
    health: tuple[VenueHealth, ...] = field(default=())
    tape: TapeState | None = None
    restarted: bool = False
    notices: tuple[str, ...] = ()  # sentences for the log panel


class Feed(Protocol):
    """A source of market facts.

    ``start`` returns at once; ``stop`` returns when every thread and socket of the feed is gone,
    within two seconds even while a venue hangs. ``take_fresh`` never blocks.
    """

    @property
    def mode(self) -> FeedMode: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def watch(self, watch: Watch) -> None: ...

    def take_fresh(self) -> FeedUpdate: ...


@runtime_checkable
class Tape(Protocol):
    """The controls of a feed whose time we own."""

    def set_paused(self, paused: bool) -> None: ...

    def set_speed(self, speed: float) -> None: ...

    def seek(self, time_ms: UnixMs) -> None: ...

    def step(self) -> None:
        """Advance a paused tape by one candle of the watched interval."""
