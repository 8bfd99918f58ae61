"""What to do about a scenario, on a worker's thread of its own: it may take longer than a frame.

The scenario's answer is there at once; the repair, the rescue and what the copy of the book would
become follow, at the same prices.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from workstation.market.instrument import MarketKey
from workstation.portfolio.model import Portfolio
from workstation.risk.alternatives import Alternative, alternatives, is_the_same
from workstation.risk.engine import evaluate
from workstation.risk.frontier import Frontier, Hedge, frontier, smallest_hedge
from workstation.risk.inputs import MarkUsed, RiskInputs
from workstation.risk.pools import pools_of
from workstation.risk.repair import AccountPlan
from workstation.risk.repair_report import Repair
from workstation.risk.report import MarkSource, RiskReport, ScenarioReport
from workstation.risk.rescue import rescue
from workstation.risk.rescue_report import RescueReport
from workstation.risk.scenario import Scenario, prepared, repair_of, walked
from workstation.risk.transfers import Route, TransferTerms
from workstation.settings import TransferSettings

_BPS: Final = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionRequest:
    """A book, its scenario and the prices of one answer; ``copy`` is the what-if copy, if any.

    ``harder`` is the scenario's unfavourable end, if repairs are to hold there.
    """

    epoch: int
    portfolio: Portfolio
    inputs: RiskInputs
    terms: Scenario
    transfers: TransferTerms
    copy: Portfolio | None = None
    harder: Scenario | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """What the copy of the book is worth, and what the scenario does to it."""

    portfolio: Portfolio
    risk: RiskReport
    scenario: ScenarioReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """``frontier`` and ``hedge`` are of the pool that dies first, ``None`` where there is none.

    ``alternatives`` are the ways instead of the rescue, with what each costs and leaves.
    """

    epoch: int
    portfolio: Portfolio
    terms: Scenario
    endured: Scenario  # what repair and rescue hold for: the scenario, or its unfavourable end
    repair: Repair
    rescue: RescueReport
    frontier: Frontier | None
    hedge: Hedge | None
    what_if: WhatIf | None
    alternatives: tuple[Alternative, ...] = ()


def transfer_terms(settings: TransferSettings) -> TransferTerms:
    """Return the user's figures as a rescue wants them."""
    return TransferTerms(
        minutes=settings.minutes,
        fee_usd=settings.fee_usd,
        same_venue_minutes=settings.same_venue_minutes,
        routes=dict(_route(text, settings.fee_usd) for text in settings.routes),
        slippage_rate=settings.slippage_bps * _BPS,
    )


def _route(text: str, fee_usd: float) -> tuple[tuple[str, str], Route]:
    venues, _, terms = text.partition("=")
    origin, _, to = venues.partition(">")
    minutes, _, fee = terms.partition(":")
    return (origin, to), Route(float(minutes), float(fee) if fee else fee_usd, assumed=not fee)


def decide(request: DecisionRequest) -> Decision:
    """Return what to do, for one request."""
    book, inputs, terms = request.portfolio, request.inputs, request.terms
    endured = request.harder or terms
    slippage_rate = request.transfers.slippage_rate
    found = rescue(book, inputs, endured, request.transfers)
    repair = repair_of(book, inputs, endured, slippage_rate)
    between, hedge = _of_the_first(request, endured, found)
    instead = replace(repair, reduce=()) if is_the_same(found, repair.reduce) else repair
    return Decision(
        epoch=request.epoch,
        portfolio=book,
        terms=terms,
        endured=endured,
        repair=repair,
        rescue=found,
        frontier=between,
        hedge=hedge,
        what_if=None if request.copy is None else what_if(request.copy, inputs, terms),
        alternatives=alternatives(book, inputs, endured, instead, hedge, slippage_rate)
        if found.rows
        else (),
    )


def what_if(copy: Portfolio, inputs: RiskInputs, terms: Scenario) -> WhatIf:
    """Return what a copy of the book is and becomes, at the prices of the book."""
    inputs = _with_marks(copy, inputs)
    risk, scenario = evaluate(copy, inputs), walked(copy, inputs, terms)
    return WhatIf(portfolio=copy, risk=risk, scenario=scenario)


def _with_marks(copy: Portfolio, inputs: RiskInputs) -> RiskInputs:
    """Return inputs in which markets that only the copy has stand at their coin's price."""
    missing = {key for key in copy.markets if key not in inputs.marks} - inputs.silent
    marks = {key: mark for key in missing for mark in _estimated(key, inputs)}
    return replace(inputs, marks={**marks, **inputs.marks})


def _estimated(key: MarketKey, inputs: RiskInputs) -> Iterator[MarkUsed]:
    price = inputs.coin_prices.get(key.symbol.partition("/")[0])
    if price is not None:
        yield MarkUsed(price=price, source=MarkSource.ESTIMATED)


def _of_the_first(
    request: DecisionRequest, terms: Scenario, found: RescueReport
) -> tuple[Frontier | None, Hedge | None]:
    """Return the frontier and the hedge of the pool that dies first."""
    book, inputs, path = prepared(request.portfolio, request.inputs, terms)
    plan = AccountPlan(
        inputs, path, terms.buffer, terms.use_orders, book, request.transfers.slippage_rate
    )
    wanted = found.rows[0].pool if found.rows else ""
    for account in book.accounts:
        for pool in pools_of(account, inputs):
            if pool.name == wanted:
                coin = next(iter(terms.moves))
                return frontier(plan, account, pool), smallest_hedge(plan, account, pool, coin)
    return None, None
