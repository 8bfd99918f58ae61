"""The risk engine as an answer to a question, on a worker's thread.

The engine itself keeps nothing. What has to be remembered between two questions is kept here: the
last good mark of every market of the book, and which positions the mark has passed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from workstation.market.catalogue import Catalogue
from workstation.market.instrument import Instrument, MarketKey
from workstation.market.overview import MarketOverview
from workstation.market.store import MarketSnapshot
from workstation.portfolio.model import Portfolio
from workstation.risk.engine import evaluate
from workstation.risk.inputs import PositionKey, RiskInputs
from workstation.risk.marks import MarkMemory, coin_prices
from workstation.risk.report import RiskReport, ScenarioReport, Status
from workstation.risk.scenario import Scenario, ladder, run, with_rescue
from workstation.risk.tiers import TierBook
from workstation.units import UnixMs, iso_utc

CURVE_POINTS: Final = 160
CURVE_FROM, CURVE_TO = 0.6, 1.25  # of the coin's price: 126k to 60k was 0.48 in four months


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """The scenario that the user looks at: one coin's end price, how long it takes, betas."""

    coin: str
    price: float
    over_h: float
    use_betas: bool
    buffer: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskRequest:
    """A book, the market, and the move; ``overview`` is of the watched coin, if known yet."""

    portfolio: Portfolio
    snapshot: MarketSnapshot
    overview: MarketOverview | None
    move: Move


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskAnswer:
    """``scenario`` is ``None`` while the coin that moves has no price."""

    portfolio: Portfolio
    risk: RiskReport
    scenario: ScenarioReport | None


class RiskWork:
    """Answers one request after another; for one thread."""

    def __init__(self) -> None:
        self._memory = MarkMemory()
        self._portfolio: Portfolio | None = None
        self._presumed: dict[PositionKey, str] = {}
        self._newest_ms = UnixMs(0)
        self._listed: Mapping[MarketKey, Instrument] = {}
        self._catalogue = Catalogue.embedded()

    def __call__(self, request: RiskRequest) -> RiskAnswer:
        self._begin(request)
        inputs = self._inputs(request)
        risk = evaluate(request.portfolio, inputs)
        self._latch(risk)
        inputs = replace(inputs, presumed=dict(self._presumed))
        scenario = self._scenario(request, inputs)
        if scenario is not None:
            risk = with_rescue(risk, scenario)
        return RiskAnswer(portfolio=request.portfolio, risk=risk, scenario=scenario)

    def _begin(self, request: RiskRequest) -> None:
        """Forget what belongs to another book, or to a time that has not come yet."""
        rewound = request.snapshot.now_ms < self._newest_ms
        self._newest_ms = request.snapshot.now_ms
        if rewound:
            self._memory = MarkMemory()
        if rewound or request.portfolio is not self._portfolio:
            self._portfolio = request.portfolio
            self._presumed.clear()
            self._memory.forget_ranges()
        if request.snapshot.instruments != self._listed:
            self._listed = request.snapshot.instruments
            self._catalogue = Catalogue.embedded().with_instruments(self._listed.values())

    def _inputs(self, request: RiskRequest) -> RiskInputs:
        snapshot, overview = request.snapshot, request.overview
        prices = coin_prices(snapshot)
        pace: dict[str, float] = {}
        if overview is not None and overview.mark_price is not None:
            prices[overview.coin] = overview.mark_price
            if overview.pace_per_hour_fraction is not None:
                pace[overview.coin] = overview.pace_per_hour_fraction
        marks, silent = self._memory.take(request.portfolio.markets(), snapshot, prices)
        return RiskInputs(
            now_ms=snapshot.now_ms,
            marks=marks,
            coin_prices=prices,
            tiers=TierBook.embedded(),
            catalogue=self._catalogue,
            funding=snapshot.funding,
            pace=pace,
            ranges=self._memory.ranges,
            presumed=dict(self._presumed),
            silent=silent,
        )

    def _latch(self, risk: RiskReport) -> None:
        for row in risk.positions:
            key = PositionKey(row.account, row.symbol, row.side)
            if row.status is Status.PRESUMED_LIQUIDATED and key not in self._presumed:
                self._presumed[key] = (
                    f"{row.account} {row.symbol}: at {iso_utc(risk.as_of_ms)} the mark of "
                    f"{row.venue} had passed its liquidation price; it counts as lost until the "
                    "account or the file is read again."
                )

    def _scenario(self, request: RiskRequest, inputs: RiskInputs) -> ScenarioReport | None:
        move = request.move
        start = inputs.coin_prices.get(move.coin)
        if start is None:
            return None
        scenario = Scenario(
            moves={move.coin: move.price},
            use_betas=move.use_betas,
            over_h=move.over_h,
            buffer=move.buffer,
        )
        prices = np.linspace(CURVE_FROM, CURVE_TO, CURVE_POINTS) * start
        still = replace(scenario, funding_rate_8h=0.0)
        curve = ladder(request.portfolio, inputs, move.coin, prices, still)
        return replace(run(request.portfolio, inputs, scenario), ladder=curve)
