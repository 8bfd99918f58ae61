"""One move of one coin, asked of the two models: the cascade, and touch probabilities."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from workstation.portfolio.model import Portfolio
from workstation.risk.break_even import break_even
from workstation.risk.cascade import OwnPosition, PushedMove, run_cascade
from workstation.risk.cascade_inputs import (
    MarketFacts,
    cascade_market,
    forced_book,
    own_positions,
)
from workstation.risk.cascade_parameters import parameters_for
from workstation.risk.inputs import RiskInputs
from workstation.risk.outlook import TOUCH_UNKNOWN, CascadeReport, Outlook, TouchReport
from workstation.risk.path import MarketPath
from workstation.risk.report import HeatmapColumns
from workstation.risk.reverse_stress import reverse_stress
from workstation.risk.scenario import Scenario, deleveraged, prepared
from workstation.risk.slices import SLICES_NOTE, in_slices, venue_weights
from workstation.risk.touch import (
    DAYS_A_YEAR,
    Level,
    ReturnHistory,
    touch_report,
)

DEFAULT_OVER_H: Final = 6.0  # how long a move takes where the scenario does not say
SCENARIO: Final = "scenario"
_LEAST_MOVE: Final = 1e-6  # ln(price)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OutlookMarket:
    """What is at hand of one coin's market; ``None`` is not known.

    ``volatilities`` are those of other coins, a day, where their returns are at hand. ``usual`` are
    yearly ones of the past, for where nothing of now is known.
    """

    coin: str
    columns: HeatmapColumns | None = None
    facts: MarketFacts = field(default_factory=MarketFacts)
    history: ReturnHistory | None = None
    implied_volatility: float | None = None
    volatilities: Mapping[str, float] = field(default_factory=dict)
    usual: Mapping[str, float] = field(default_factory=dict)

    @property
    def mapped(self) -> HeatmapColumns | None:
        """The map, if its newest column is of a known open interest."""
        columns = self.columns
        if columns is None or not len(columns.time_ms) or not columns.open_interest_base[-1] > 0:
            return None
        return columns


def outlook(
    portfolio: Portfolio,
    inputs: RiskInputs,
    scenario: Scenario,
    market: OutlookMarket,
    rng: np.random.Generator,
    *,
    with_cascade: bool = True,
) -> Outlook:
    """Return what may come of a scenario's move of the market's coin.

    Raises
    ------
    RiskInputError
        A coin that moves has no price to start from.
    """
    living, inputs, path = prepared(portfolio, inputs, scenario)
    start, end = inputs.coin_price(market.coin), scenario.moves.get(market.coin)
    if start is None or end is None:
        problem = f"The models are of {market.coin}, which this scenario does not move."
        return Outlook(cascade=None, touch=None, problems=(problem,))
    living, scenario = deleveraged(living, inputs, scenario)
    rate = path.rate(market.coin)
    own = _own(living, inputs, path, market.coin, use_orders=scenario.use_orders)
    other = _own(living, inputs, _turned(path), market.coin, use_orders=scenario.use_orders)
    touch = touch_report(
        market.coin,
        start,
        [
            Level(what=SCENARIO, price=end),
            *_levels(own, start, math.copysign(1.0, rate)),
            *_levels(other, start, -math.copysign(1.0, rate)),
        ],
        market.history,
        rng,
        implied_volatility=market.implied_volatility,
        usual=market.usual,
    )
    cascade = None
    if with_cascade and market.mapped is not None and abs(rate) > _LEAST_MOVE:
        cascade = _cascade(scenario, market.mapped, market, start, rate, own, rng)
    problems = _problems(market, touch, with_cascade=with_cascade)
    daily, implied = market.facts.volatility_daily, market.implied_volatility
    if daily is None and implied is not None:
        daily = implied / math.sqrt(DAYS_A_YEAR)
    volatility = {**market.volatilities} | ({} if daily is None else {market.coin: daily})
    return Outlook(
        cascade=cascade,
        touch=touch,
        reverse_stress=reverse_stress(living, inputs, volatility),
        break_even=break_even(living, inputs, path, volatility),
        problems=tuple(problems),
    )


def _cascade(
    scenario: Scenario,
    columns: HeatmapColumns,
    market: OutlookMarket,
    start: float,
    log_return: float,
    own: Sequence[OwnPosition],
    rng: np.random.Generator,
) -> CascadeReport:
    falls = log_return < 0
    over_h = scenario.over_h or DEFAULT_OVER_H
    state = cascade_market(columns, market.facts, start, falls=falls)
    state = replace(state, assumptions=(*state.assumptions, SLICES_NOTE))
    if not scenario.over_h:
        note = f"The move is taken to last {DEFAULT_OVER_H:g} hours: its speed matters most."
        state = replace(state, assumptions=(*state.assumptions, note))
    return run_cascade(
        in_slices(
            forced_book(columns, start, falls=falls),
            venue_weights(columns.venues, market.facts.open_interest_base),
        ),
        state,
        PushedMove(distance=abs(log_return), over_s=3_600 * over_h, course=scenario.course),
        own,
        rng,
        parameters=parameters_for(market.coin),
    )


def _own(
    portfolio: Portfolio, inputs: RiskInputs, path: MarketPath, coin: str, *, use_orders: bool
) -> tuple[OwnPosition, ...]:
    return tuple(own_positions(portfolio, inputs, path, coin, use_orders=use_orders))


def _turned(path: MarketPath) -> MarketPath:
    """Return the way in the other direction: a book can die on both sides of the mark."""
    return replace(path, rates={name: -rate for name, rate in path.rates.items()})


def _levels(own: Sequence[OwnPosition], start: float, sign: float) -> Iterator[Level]:
    for position in own:
        yield Level(
            what=f"{position.account} {position.symbol} {position.side}",
            price=start * math.exp(sign * position.distance),
        )


def _problems(
    market: OutlookMarket, touch: TouchReport | None, *, with_cascade: bool
) -> Iterator[str]:
    if with_cascade and market.mapped is None:
        yield (
            "The cascade model is not known: it needs a liquidation map, and there is none "
            "without a recorded or a live market's open interest."
        )
    if touch is None:
        yield TOUCH_UNKNOWN
