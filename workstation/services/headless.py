"""The engine without a window: a portfolio file, the marks at hand, one answer.

A mark comes from the caller's options, else from the file, else from the cache that the window
keeps, if it is young enough. The engine takes the price of a coin from the mark of its largest
position; for a coin without positions it is a mark given for one of the coin's markets, else the
median of the cached ones.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np

from workstation.errors import RiskInputError, UsageError
from workstation.market.catalogue import Catalogue
from workstation.market.facts import FloatArray, MarkPrice
from workstation.market.instrument import MarketKey, split_symbol
from workstation.market.store import MarketStore
from workstation.portfolio.formats import registry
from workstation.portfolio.model import Portfolio, Position
from workstation.risk import engine, scenario
from workstation.risk.betas import STABLECOINS
from workstation.risk.inputs import MarkUsed, RiskInputs
from workstation.risk.repair import with_slippage
from workstation.risk.report import (
    LiquidationKind,
    MarkSource,
    PositionOutcome,
    RiskReport,
    ScenarioReport,
)
from workstation.risk.scenario import Scenario
from workstation.risk.scenario_library import LibraryScenario, scenario_of
from workstation.risk.transfers import TransferTerms
from workstation.services import mark_cache
from workstation.services.decision_service import Decision, DecisionRequest, decide
from workstation.services.risk_service import curve_prices
from workstation.services.tier_shelf import newest_tiers
from workstation.units import UnixMs, now_ms

DRIVER: Final = "BTC"  # the coin that moves the others by their betas
FAR_MARK: Final = 0.02  # [A] of a price, from which a recording is of another moment


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkOption:
    """A mark price that the caller gives; without ``venue`` for the symbol at every venue."""

    symbol: str
    price: float
    venue: str | None = None

    def covers(self, key: MarketKey) -> bool:
        return key.symbol == self.symbol and self.venue in (None, key.venue)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Where a coin goes: to a price, or by a fraction of where it is."""

    coin: str
    price: float | None = None
    fraction: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ladder:
    """Prices of one coin, each to be reached from the mark; (n,) quote per coin."""

    coin: str
    prices: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """A portfolio file and where its marks come from."""

    path: Path
    marks: Sequence[MarkOption] = ()
    max_mark_age_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """What the models may look at: a recording's end, and a yearly volatility, a fraction.

    ``past``: where nothing of now is known, the volatility of past years stands in, and says so.
    """

    cascade: bool = False
    recording: Path | None = None
    implied_volatility: float | None = None
    past: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A scenario as it is asked for; ``terms`` holds everything but its moves.

    ``entry`` is of the library; ``moves`` beat its own. ``models`` is what the cascade and the
    touch probability are asked with, ``None`` to leave both out. ``slippage_rate`` prices the
    cuts of a repair, whose size rests on their fees alone.
    """

    moves: Sequence[Move] = ()
    ladder: Ladder | None = None
    terms: Scenario = field(default_factory=lambda: Scenario(moves={}))
    entry: LibraryScenario | None = None
    models: Models | None = None
    slippage_rate: float = TransferTerms().slippage_rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a move does, and how the book stood before it."""

    before: RiskReport
    after: ScenarioReport

    def liquidates(self) -> bool:
        """Tell whether something is liquidated on the way, or whether that cannot be told."""
        after = self.after
        return (
            any(event.kind.liquidates for event in after.events)
            or any(row.status is PositionOutcome.UNKNOWN for row in after.positions)
            or any(row.liquidation is LiquidationKind.UNKNOWN for row in self.before.positions)
            or (after.ladder is not None and bool(np.any(after.ladder.liquidated > 0)))
        )


def risk_now(book: Book) -> RiskReport:
    """Return the margin state of a book.

    Raises
    ------
    PortfolioFileError
        The file is refused.
    RiskInputError
        A position has no mark price.
    UsageError
        A mark is given for a market that has nothing to do with the book.
    """
    return engine.evaluate(*_read(book))


def ask(book: Book, question: Question) -> Answer:
    """Return what a scenario does to a book; raises what ``risk_now`` raises."""
    portfolio, inputs = _read(book)
    terms = _terms(question, portfolio, inputs)
    report = scenario.run(portfolio, inputs, terms)
    report = replace(report, repair=with_slippage(report.repair, question.slippage_rate))
    if question.models is not None:
        report = _with_outlook(report, portfolio, inputs, terms, question.models)
    if question.ladder is not None:
        coin = _coin(question.ladder.coin, portfolio)
        _start_price(coin, portfolio, inputs)
        curve = scenario.ladder(portfolio, inputs, coin, question.ladder.prices, terms)
        report = replace(report, ladder=curve)
    return Answer(before=engine.evaluate(portfolio, inputs), after=report)


def advise(book: Book, question: Question, transfers: TransferTerms) -> tuple[Answer, Decision]:
    """Return what a scenario does to a book, with a curve, and what to do about it.

    The pace of the last hour is not known without a market: the scenario's own speed stands in.
    Raises what ``risk_now`` raises.
    """
    portfolio, inputs = _read(book)
    terms = _terms(question, portfolio, inputs)
    coin = next(iter(terms.moves))
    start = _start_price(coin, portfolio, inputs)
    if terms.over_h > 0:
        per_hour = (terms.moves[coin] / start) ** (1 / terms.over_h) - 1
        inputs = replace(inputs, pace={coin: per_hour})
    still = replace(terms, funding_rate_8h=0.0)  # then all prices lie on one path
    curve = scenario.ladder(portfolio, inputs, coin, curve_prices(start, terms.moves[coin]), still)
    after = replace(scenario.run(portfolio, inputs, terms), ladder=curve)
    if question.models is not None:
        after = _with_outlook(after, portfolio, inputs, terms, question.models)
    request = DecisionRequest(
        epoch=0, portfolio=portfolio, inputs=inputs, terms=terms, transfers=transfers
    )
    return Answer(before=engine.evaluate(portfolio, inputs), after=after), decide(request)


def _terms(question: Question, portfolio: Portfolio, inputs: RiskInputs) -> Scenario:
    """Return the scenario that is asked for, its moves as prices of coins of the book."""
    moves = {move.coin: move for move in (_named(move, portfolio) for move in question.moves)}
    terms = replace(
        question.terms,
        moves={coin: _end_price(move, portfolio, inputs) for coin, move in moves.items()},
    )
    if question.entry is None:
        return terms
    written = scenario_of(question.entry, portfolio, inputs)
    return replace(
        terms,
        moves={**written.moves, **terms.moves},
        course=written.course,
        deleveraging=written.deleveraging,
        haircuts=written.haircuts,
    )


def _with_outlook(
    report: ScenarioReport,
    portfolio: Portfolio,
    inputs: RiskInputs,
    terms: Scenario,
    models: Models,
) -> ScenarioReport:
    """Return the report with what the models say, or why they say nothing."""
    from workstation.risk.outlook_model import OutlookMarket, outlook
    from workstation.risk.touch import USUAL_BITCOIN
    from workstation.services.outlook_service import SEED, outlook_market
    from workstation.services.recorded_market import recorded_market

    coin = DRIVER if DRIVER in terms.moves else next(iter(terms.moves), DRIVER)
    problems: list[str] = []
    if models.recording is None:
        usual = USUAL_BITCOIN if models.past and coin == DRIVER else {}
        market = OutlookMarket(coin=coin, implied_volatility=models.implied_volatility, usual=usual)
    else:
        store, columns = recorded_market(models.recording, coin)
        market = outlook_market(
            store, coin, columns, models.implied_volatility, others=portfolio.coins
        )
        problems = [*_recorded_elsewhere(store, coin, inputs.completed(portfolio))]
    found = outlook(
        portfolio,
        inputs,
        terms,
        market,
        np.random.default_rng(SEED),
        with_cascade=models.cascade,
    )
    return replace(
        report,
        cascade=found.cascade,
        touch=found.touch,
        reverse_stress=found.reverse_stress,
        break_even=found.break_even,
        problems=(*report.problems, *problems, *found.problems),
    )


def _recorded_elsewhere(store: MarketStore, coin: str, inputs: RiskInputs) -> Iterator[str]:
    """Say that a recording's end is another moment than the book's marks."""
    start = inputs.coin_price(coin)
    for key in store.markets_of(coin):
        recorded = store.newest(MarkPrice, key)
        if start and recorded and abs(recorded.mark_price / start - 1) > FAR_MARK:
            yield (
                f"The recording ends with {coin} at {recorded.mark_price:,.10g}, and the book's "
                f"mark is {start:,.10g}: the models' map is of another moment."
            )
            return


def _read(book: Book) -> tuple[Portfolio, RiskInputs]:
    catalogue = Catalogue.embedded()
    portfolio = registry.read(book.path, catalogue)
    return portfolio, risk_inputs(portfolio, catalogue, book, now_ms())


def risk_inputs(
    portfolio: Portfolio, catalogue: Catalogue, book: Book, at_ms: UnixMs
) -> RiskInputs:
    """Return what the engine needs to know, without any venue; raises what ``risk_now`` raises."""
    for option in book.marks:
        _check_option(option, portfolio)
    cached = {
        key: MarkUsed(price=price, source=MarkSource.CACHE, age_s=max(0, at_ms - as_of) / 1_000)
        for key, (price, as_of) in mark_cache.load().items()
    }
    young = {key: mark for key, mark in cached.items() if _age_s(mark) <= book.max_mark_age_s}
    given = {
        key: MarkUsed(price=option.price, source=MarkSource.OPTION)
        for key in portfolio.markets
        for option in book.marks
        if option.covers(key)
    }
    inputs = RiskInputs(
        now_ms=at_ms,
        marks=young | given,
        coin_prices=_other_prices(portfolio, young, book.marks),
        tiers=newest_tiers(),
        catalogue=catalogue,
    )
    _check_marks(portfolio, inputs, cached)
    return inputs


# --- marks ----------------------------------------------------------------------------------------


def _check_option(option: MarkOption, portfolio: Portfolio) -> None:
    coin = _base(option.symbol)
    if any(option.covers(key) for key in portfolio.markets) or coin in _coins(portfolio):
        return
    symbols = ", ".join(sorted({key.symbol for key in portfolio.markets}))
    raise UsageError(f"--mark: the book has no market {option.symbol}; it has {symbols}")


def _check_marks(
    portfolio: Portfolio, inputs: RiskInputs, cached: Mapping[MarketKey, MarkUsed]
) -> None:
    missing = [key for key, position in _held(portfolio) if inputs.mark(key, position) is None]
    if not missing:
        return
    names = ", ".join(f"{key.symbol} at {key.venue}" for key in dict.fromkeys(missing))
    old = [_age_s(cached[key]) for key in missing if key in cached]
    aged = f", or --max-mark-age {max(old):.0f} to use the window's last ones" if old else ""
    raise RiskInputError(
        names,
        f"no mark price is known; give one with --mark {missing[0].symbol}=PRICE, "
        f"or as mark_price of the position in the file{aged}",
    )


def _held(portfolio: Portfolio) -> Iterator[tuple[MarketKey, Position]]:
    for account in portfolio.accounts:
        for position in account.positions:
            yield account.key(position.symbol), position


def _age_s(mark: MarkUsed) -> float:
    return mark.age_s or 0.0


# --- prices of coins ------------------------------------------------------------------------------


def _coins(portfolio: Portfolio) -> set[str]:
    held = {coin for account in portfolio.accounts for coin in account.balances}
    traded = {_base(key.symbol) for key in portfolio.markets}
    return held | traded | {DRIVER}


def _other_prices(
    portfolio: Portfolio, cached: Mapping[MarketKey, MarkUsed], options: Iterable[MarkOption]
) -> dict[str, float]:
    """Return USD per coin of coins in which the book has no position."""
    known: dict[str, list[float]] = {}
    for key, mark in cached.items():
        known.setdefault(_base(key.symbol), []).append(mark.price)
    prices = {coin: statistics.median(found) for coin, found in known.items()}
    prices |= {_base(option.symbol): option.price for option in options}
    held = {_base(key.symbol) for key, _ in _held(portfolio)}
    return {coin: price for coin, price in prices.items() if coin not in held}


def _base(symbol: str) -> str:
    return split_symbol(symbol)[0]


# --- moves ----------------------------------------------------------------------------------------


def _named(move: Move, portfolio: Portfolio) -> Move:
    return replace(move, coin=_coin(move.coin, portfolio))


def _coin(name: str, portfolio: Portfolio) -> str:
    """Return the coin of the book that is meant, whatever its case."""
    coins = sorted(_coins(portfolio) - STABLECOINS | ({name} & STABLECOINS))
    if name in coins:
        return name
    folded = {coin.casefold(): coin for coin in coins}
    if name.casefold() in folded:
        return folded[name.casefold()]
    raise UsageError(f"{name} is no coin of this book; it has {', '.join(coins)}")


def _end_price(move: Move, portfolio: Portfolio, inputs: RiskInputs) -> float:
    start = _start_price(move.coin, portfolio, inputs)
    if move.fraction is not None:
        return start * (1 + move.fraction)
    assert move.price is not None  # one of the two is given
    return move.price


def _start_price(coin: str, portfolio: Portfolio, inputs: RiskInputs) -> float:
    start = scenario.reference_price(coin, portfolio, inputs)
    if start is None:
        raise RiskInputError(
            coin,
            "no price is known from which it could move; give one with "
            f"--mark {coin}/USDT:USDT=PRICE",
        )
    return start
