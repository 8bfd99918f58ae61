"""The risk engine as an answer to a question, on a worker's thread.

The engine itself keeps nothing. What one look at the market cannot know is kept here: the last good
mark of every market of the book, how low and how high the marks have been since the book was true,
and which positions were passed by the mark on the way. It belongs to one book at one market: an
account that is read again, another market, or a tape that is wound back begins anew. Where two
accounts hold one market, its marks count since the account that was read last.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Final

import numpy as np

from workstation.errors import RiskInputError
from workstation.market.catalogue import Catalogue
from workstation.market.consolidated import pace_per_hour
from workstation.market.facts import CandlePrice, Candles, FloatArray, FundingHistory
from workstation.market.feed import INTERVALS_S, FeedMode
from workstation.market.instrument import MarketKey, split_symbol
from workstation.market.overview import MarketOverview
from workstation.market.store import MarketSnapshot, MarketStore
from workstation.portfolio.model import Account, Portfolio
from workstation.risk.beta_estimates import BetaEstimate, default_estimate
from workstation.risk.compiled_book import Evaluator
from workstation.risk.inputs import MarkRange, RiskInputs
from workstation.risk.marks import (
    MarkMemory,
    candle_range,
    choose_marks,
    coin_prices,
    single_mark,
    wider,
)
from workstation.risk.report import (
    EquityCurve,
    RiskReport,
    ScenarioReport,
    Withdrawals,
)
from workstation.risk.scenario import Scenario, ladder, reference_price, walked
from workstation.risk.tiers import TierBook
from workstation.services.hourly_betas import HourlyBetas
from workstation.services.presumptions import Presumptions
from workstation.units import UnixMs

CURVE_POINTS: Final = 160  # at most: they stand at round prices
_BEYOND: Final = 0.9  # of the scenario's price
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
    """A book, the market, and the move.

    ``overview`` is of the watched coin, if known yet; ``move`` is ``None`` until there is a price
    to move from. ``candles`` are the mark candles at hand of the book's markets and of those that
    alert rules are about, ``histories`` the longest by coin, for betas. ``epoch`` changes with the
    source of the market. ``suspended`` are venues that let nothing out. ``paces`` are the last
    hour's changes of the book's coins, where they are known; ``funding`` is what was settled in its
    markets. A ``coarse`` request asks for the scenario alone, at the prices of the last whole
    answer.
    """

    epoch: int
    portfolio: Portfolio
    snapshot: MarketSnapshot
    catalogue: Catalogue
    overview: MarketOverview | None = None
    move: Move | None = None
    candles: Mapping[MarketKey, tuple[Candles, ...]] = field(default_factory=dict)
    histories: Mapping[str, Candles] = field(default_factory=dict)
    suspended: frozenset[str] = frozenset()
    paces: Mapping[str, float] = field(default_factory=dict)
    funding: Mapping[MarketKey, FundingHistory] = field(default_factory=dict)
    coarse: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskAnswer:
    """``scenario`` is ``None`` while the coin that moves has no price; it has no repair yet.

    ``inputs`` and ``terms`` are what it was worked out with, for whoever asks on.
    """

    epoch: int
    portfolio: Portfolio
    risk: RiskReport
    scenario: ScenarioReport | None
    inputs: RiskInputs
    terms: Scenario | None = None
    coarse: bool = False


Valued = Callable[[RiskReport, RiskInputs], None]


def _untold(_: RiskReport, __: RiskInputs) -> None:
    pass


def mark_candles(
    store: MarketStore, markets: frozenset[MarketKey]
) -> dict[MarketKey, tuple[Candles, ...]]:
    """Return the mark candles of some markets: a trade beyond the mark liquidates nobody."""
    found = {
        key: tuple(
            candles
            for interval_s in INTERVALS_S.values()
            if (candles := store.candles(key, interval_s, CandlePrice.MARK)) is not None
        )
        for key in markets
    }
    return {key: candles for key, candles in found.items() if candles}


def settled_funding(store: MarketStore, portfolio: Portfolio) -> dict[MarketKey, FundingHistory]:
    """Return the settled funding of the book's markets, where it is known."""
    found = {key: store.funding_history(key) for key in portfolio.markets}
    return {key: history for key, history in found.items() if history is not None}


def coin_paces(store: MarketStore, portfolio: Portfolio) -> dict[str, float]:
    """Return the last hour's change of every coin of the book for which it is known."""
    coins = {split_symbol(key.symbol)[0] for key in portfolio.markets}
    found = {coin: pace_per_hour(coin, store) for coin in sorted(coins)}
    return {coin: pace for coin, pace in found.items() if pace is not None}


class RiskWork:
    """Answers one request after another; for one thread.

    Parameters
    ----------
    tiers : gives the tables of tiers at hand, each time it is asked
    pause : called at each step, so that others may go first
    """

    def __init__(
        self,
        tiers: Callable[[], TierBook] = TierBook.embedded,
        pause: Callable[[], None] = lambda: None,
    ) -> None:
        self._tiers = tiers
        self._pause = pause
        self._evaluate = Evaluator()
        self._epoch = 0
        self._book: Portfolio | None = None
        self._now_ms = UnixMs(0)
        self._accounts: dict[str, Account] = {}
        self._since_ms: dict[MarketKey, UnixMs] = {}
        self._memory: MarkMemory = {}
        self._session: dict[MarketKey, MarkRange] = {}
        self._presumed = Presumptions()
        self._last: RiskAnswer | None = None
        self._betas = HourlyBetas()
        self._estimates: Mapping[str, BetaEstimate] = {}

    def __call__(self, request: RiskRequest, valued: Valued = _untold) -> RiskAnswer:
        """Return the state of the book, and what the move does to it.

        ``valued`` is told the state before the move is worked out, which takes longer.
        """
        last = self._last
        known = last is not None and (last.epoch, last.portfolio) == (
            request.epoch,
            request.portfolio,
        )
        self._last = (
            self._moved(request, last)
            if request.coarse and last and known
            else self._whole(request, valued)
        )
        return self._last

    def _whole(self, request: RiskRequest, valued: Valued) -> RiskAnswer:
        self._begin(request)
        self._estimates = self._betas(request.histories)
        betas = {coin: item.beta for coin, item in self._estimates.items()}
        inputs = replace(self._inputs(request), betas=betas)
        risk = self._evaluate(request.portfolio, inputs)
        self._presumed.look(risk, inputs)
        inputs = replace(inputs, presumed=self._presumed.known()).completed(request.portfolio)
        valued(risk, inputs)
        terms, scenario = _terms(request, inputs), None
        if terms is not None and request.move is not None:
            try:
                curve = _curve(request.portfolio, inputs, request.move.coin, terms)
                scenario = replace(self._walked(request, inputs, terms), ladder=curve)
            except RiskInputError as error:
                problem = f"The scenario is not known: {error.user_message}."
                risk = replace(risk, problems=(*risk.problems, problem))
        return RiskAnswer(
            epoch=request.epoch,
            portfolio=request.portfolio,
            risk=risk,
            scenario=scenario,
            inputs=inputs,
            terms=terms if scenario is not None else None,
        )

    def _moved(self, request: RiskRequest, last: RiskAnswer) -> RiskAnswer:
        """Return the last answer with another move; the curve does not change with it."""
        terms = _terms(request, last.inputs)
        if terms is None or last.scenario is None:
            return last
        scenario = self._walked(request, last.inputs, terms)
        if last.scenario.ladder is not None and last.scenario.ladder.coin in terms.moves:
            scenario = replace(scenario, ladder=last.scenario.ladder)
        return replace(last, scenario=scenario, terms=terms, coarse=True)

    def _walked(self, request: RiskRequest, inputs: RiskInputs, terms: Scenario) -> ScenarioReport:
        """Return what the move does, and where its betas came from."""
        scenario = walked(request.portfolio, inputs, terms)
        used = (self._estimates.get(coin) or default_estimate(coin) for coin in scenario.betas)
        return replace(scenario, beta_estimates=tuple(used))

    # --- what is kept between two requests ----------------------------------------------------

    def _begin(self, request: RiskRequest) -> None:
        """Forget what belongs to another book, another market, or a time that is still to come."""
        now_ms, book = request.snapshot.now_ms, request.portfolio
        rewound = request.snapshot.mode is not FeedMode.LIVE and now_ms < self._now_ms
        jumped = rewound or request.epoch != self._epoch
        if jumped:
            self._memory, self._session = {}, {}
        if jumped:
            self._accounts, self._since_ms = {}, {}
        if jumped or book is not self._book:
            self._take_book(book, now_ms)
        self._epoch, self._book, self._now_ms = request.epoch, book, now_ms

    def _take_book(self, book: Portfolio, now_ms: UnixMs) -> None:
        """Keep what was seen of the accounts and markets that were not read again."""
        # a book from after the tape's present counts from where it met the tape
        times = {
            account.id: min(account.as_of_ms or book.as_of_ms, now_ms) for account in book.accounts
        }
        since: dict[MarketKey, UnixMs] = {}
        for account in book.accounts:
            held = {position.symbol for position in account.positions}
            for symbol in held | {order.symbol for order in account.orders}:
                key = account.key(symbol)
                since[key] = max(since.get(key, UnixMs(0)), times[account.id])
        old, self._since_ms = self._since_ms, since
        self._session = {k: v for k, v in self._session.items() if since.get(k) == old.get(k)}
        kept = {a.id for a in book.accounts if self._accounts.get(a.id) is a}
        self._presumed.keep(kept)
        self._accounts = {account.id: account for account in book.accounts}

    def _inputs(self, request: RiskRequest) -> RiskInputs:
        snapshot, overview = request.snapshot, request.overview
        prices = coin_prices(snapshot)
        pace = dict(request.paces)
        if overview is not None and overview.mark_price is not None:
            prices[overview.coin] = overview.mark_price
            if overview.pace_per_hour_fraction is not None:
                pace[overview.coin] = overview.pace_per_hour_fraction
        markets = frozenset(self._since_ms)
        chosen = choose_marks(markets, snapshot, self._memory, prices)
        self._memory = chosen.memory
        self._widen(markets, snapshot)
        return RiskInputs(
            now_ms=snapshot.now_ms,
            marks=chosen.marks,
            coin_prices=prices,
            tiers=self._tiers(),
            catalogue=request.catalogue,
            funding={
                key: rate
                for key, rate in snapshot.funding.items()
                if key in markets and not rate.is_stale(snapshot.now_ms)
            },
            pace=pace,
            withdrawals=dict.fromkeys(request.suspended, Withdrawals.SUSPENDED),
            ranges=dict(self._ranges(request)),
            presumed=self._presumed.known(),
            silent=chosen.silent,
            remedy="its venue has not given one, nor does the portfolio",
            checkpoint=self._pause,
        )

    def _widen(self, markets: frozenset[MarketKey], snapshot: MarketSnapshot) -> None:
        for key in markets:
            mark = snapshot.marks.get(key)
            if mark is not None and mark.as_of_ms >= self._since_ms.get(key, UnixMs(0)):
                seen = single_mark(mark.mark_price, mark.as_of_ms)
                self._session[key] = wider(self._session.get(key, seen), seen)

    def _ranges(self, request: RiskRequest) -> Iterator[tuple[MarketKey, MarkRange]]:
        for key, since_ms in self._since_ms.items():
            session = self._session.get(key)
            bars = [candle_range(item, since_ms) for item in request.candles.get(key, ())]
            ranges = [seen for seen in (session, *bars) if seen is not None]
            if ranges:
                yield key, reduce(wider, ranges)


# --- the scenario ---------------------------------------------------------------------------------


def _terms(request: RiskRequest, inputs: RiskInputs) -> Scenario | None:
    """Return the scenario that is asked for; ``None`` while there is no price to move from."""
    move, book = request.move, request.portfolio
    if move is None or reference_price(move.coin, book, inputs) is None:
        return None
    return Scenario(
        moves={move.coin: move.price},
        use_betas=move.use_betas,
        over_h=move.over_h,
        buffer=move.buffer,
    )


def _curve(book: Portfolio, inputs: RiskInputs, coin: str, terms: Scenario) -> EquityCurve:
    start = reference_price(coin, book, inputs) or math.nan
    still = replace(terms, funding_rate_8h=0.0)  # then all prices lie on one path
    return ladder(book, inputs, coin, curve_prices(start, terms.moves.get(coin, start)), still)


def curve_prices(start: float, end: float) -> FloatArray:
    """Return the round prices at which the curve of equity stands, ascending.

    They reach around a price, and beyond the end of the scenario.
    """
    low = min(CURVE_FROM * start, _BEYOND * end)
    high = max(CURVE_TO * start, end / _BEYOND)
    step = _round_step((high - low) / CURVE_POINTS)
    first, last = max(math.ceil(low / step), 1), math.floor(high / step)
    return np.arange(first, last + 1, dtype=np.float64) * step


def _round_step(wanted: float) -> float:
    """Return 1, 2, 2.5 or 5 times a power of ten, the first that is not below what is wanted."""
    power = 10.0 ** math.floor(math.log10(wanted))
    return next(power * size for size in (1.0, 2.0, 2.5, 5.0, 10.0) if power * size >= wanted)
