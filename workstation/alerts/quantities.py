"""What a typed rule can watch: each quantity with its unit, its subjects, and how it is read.

A quantity that the built-in rules watch is read and told by them. A new one is a line in
``QUANTITIES``. What the grammar names and has no data yet stands in ``NOT_YET``.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from workstation.alerts import words
from workstation.alerts.ladder import Rung
from workstation.alerts.rules import adl_rank, book_stale, distance, margin_ratio, venue_down
from workstation.alerts.rules.base import BOOK, Reading, Rule, Words
from workstation.alerts.situation import Extreme, Situation
from workstation.market.instrument import MarketKey, split_symbol
from workstation.risk.marks import coin_prices, fresh_by_coin
from workstation.risk.report import AccountReport, PositionReport
from workstation.units import HOUR_MS, SECOND_MS


class Unit(StrEnum):
    """How a threshold is typed."""

    PRICE = "a price such as 60000 or 62k"
    FRACTION = "a percentage such as 8% or a fraction such as 0.08"
    RATE = "a rate such as 0.05%/8h or 30%/yr"
    RANK = "a rank from 0 to 5"
    STATE = "nothing: say for how long, such as 'for 60s'"


Read = Callable[[Situation, str, bool], Iterable[Reading]]
Tell = Callable[[Situation, Reading, float, Rung], Words]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """``read`` takes the subject and whether a fall is waited for (of wicks the low counts then).

    ``again_after`` gives how far the value has to be back, from the threshold. A quantity
    ``of_coin`` has a coin as subject, others the book or a part of it. ``per`` is what one unit of
    a state's threshold is, in milliseconds.
    """

    name: str
    help: str
    unit: Unit
    read: Read
    tell: Tell
    again_after: Callable[[float], float]
    of_coin: bool = False
    of_figures: bool = False
    per_ms: int = SECOND_MS


def _by(rule: Rule) -> Read:
    """Return the readings of a built-in rule that belong to the subject."""

    def read(situation: Situation, subject: str, _: bool) -> Iterator[Reading]:
        for reading in rule.read(situation):
            if belongs(reading, subject):
                yield reading._replace(severity=None)

    return read


def belongs(reading: Reading, subject: str) -> bool:
    """Tell whether a reading is of the book, an account, a position, a venue, or a market."""
    row, name = reading.subject, subject.casefold()
    names = {BOOK, reading.venue.casefold()}
    if isinstance(row, AccountReport):
        names |= {"account", row.id.casefold()}
    elif isinstance(row, PositionReport):
        coin = split_symbol(row.symbol)[0]
        names |= {"position", row.account.casefold(), row.symbol.casefold(), coin.casefold()}
    else:
        names |= {"venue", "feed"}
    return name in names


# --- of a coin ------------------------------------------------------------------------------------


def _read_price(situation: Situation, coin: str, falls: bool) -> Iterator[Reading]:
    price = coin_prices(situation.snapshot).get(coin)
    worst = _wick(situation, coin, falls=falls)
    yield Reading(
        object=coin,
        value=price,
        subject=coin,
        venue=f"the price of {coin}",
        worst=worst.price if worst else None,
        extreme=worst,
    )


def _wick(situation: Situation, coin: str, *, falls: bool) -> Extreme | None:
    wicks = [w for key, w in situation.wicks.items() if split_symbol(key.symbol)[0] == coin]
    found = [end for wick in wicks if (end := wick.low if falls else wick.high) is not None]
    order = min if falls else max
    return order(found, key=lambda extreme: extreme.price, default=None)


def _tell_price(situation: Situation, reading: Reading, value: float, rung: Rung) -> Words:
    coin, extreme = reading.subject, reading.extreme
    at_wick = extreme is not None and value == reading.worst
    side = "below" if value < rung.threshold else "above"
    venues = {key.venue for key in fresh_by_coin(situation.snapshot).get(coin, ())}
    now = f", now {words.price(reading.value)}" if at_wick and reading.value else ""
    return Words(
        what=f"{coin} {'was' if at_wick else 'is'} at {words.price(value)}{now}: {side} "
        f"{words.price(rung.threshold)}.",
        price=value,
        source=extreme.source if at_wick and extreme else f"median mark of {_venues(len(venues))}",
    )


def _venues(count: int) -> str:
    return f"{count} venue{'' if count == 1 else 's'}"


def _read_funding(situation: Situation, coin: str, _: bool) -> Iterator[Reading]:
    rates = [
        fact.rate_8h
        for key in _perpetuals(situation, coin)
        if (fact := situation.snapshot.funding.get(key)) and not fact.is_stale(situation.now_ms)
    ]
    value = statistics.median(rates) if rates else None
    yield Reading(object=coin, value=value, subject=len(rates), venue=f"the funding of {coin}")


def _tell_funding(_: Situation, reading: Reading, value: float, rung: Rung) -> Words:
    return Words(
        what=f"Funding of {reading.object} is {words.rate(value)}, "
        f"{_side(value, rung)} {words.rate(rung.threshold)}.",
        source=f"median of {_markets(reading.subject)}",
    )


def _read_spread(situation: Situation, coin: str, _: bool) -> Iterator[Reading]:
    spreads = [
        ticker.spread_fraction
        for key in _perpetuals(situation, coin)
        if (ticker := situation.snapshot.tickers.get(key))
        and not ticker.is_stale(situation.now_ms)
        and ticker.spread_fraction is not None
    ]
    value = statistics.median(spreads) if spreads else None
    yield Reading(object=coin, value=value, subject=len(spreads), venue=f"the spread of {coin}")


def _tell_spread(_: Situation, reading: Reading, value: float, rung: Rung) -> Words:
    return Words(
        what=f"The spread of {reading.object} is {100 * value:.3g} % of the price, "
        f"{_side(value, rung)} {100 * rung.threshold:.3g} %.",
        source=f"median of {_markets(reading.subject)}",
    )


def _perpetuals(situation: Situation, coin: str) -> Iterable[MarketKey]:
    """Return the coin's perpetuals that have a fresh mark."""
    return fresh_by_coin(situation.snapshot).get(coin, {})


def _markets(count: int) -> str:
    return f"{count} market{'' if count == 1 else 's'}"


def _side(value: float, rung: Rung) -> str:
    return "below" if value < rung.threshold else "above"


# --- the table ------------------------------------------------------------------------------------


def _a_fifth(threshold: float) -> float:
    return 0.2 * abs(threshold)


QUANTITIES: Final = {  # what has to be back by default: context.md 6.3
    quantity.name: quantity
    for quantity in (
        Quantity(
            name="price",
            help="median mark of a coin's perpetuals, wicks included",
            unit=Unit.PRICE,
            read=_read_price,
            tell=_tell_price,
            again_after=lambda level: 0.005 * level,
            of_coin=True,
        ),
        Quantity(
            name="distance",
            help="how far the mark is from a liquidation price",
            unit=Unit.FRACTION,
            read=_by(distance.RULE),
            tell=distance.RULE.tell,
            again_after=lambda _: 0.02,
            of_figures=True,
        ),
        Quantity(
            name="margin_ratio",
            help="maintenance margin over margin balance; liquidation is at 1",
            unit=Unit.FRACTION,
            read=_by(margin_ratio.RULE),
            tell=margin_ratio.RULE.tell,
            again_after=lambda _: 0.05,
            of_figures=True,
        ),
        Quantity(
            name="funding",
            help="median running rate of a coin's perpetuals, for 8 hours",
            unit=Unit.RATE,
            read=_read_funding,
            tell=_tell_funding,
            again_after=_a_fifth,
            of_coin=True,
        ),
        Quantity(
            name="spread",
            help="median of (ask - bid) / middle of a coin's perpetuals",
            unit=Unit.FRACTION,
            read=_read_spread,
            tell=_tell_spread,
            again_after=_a_fifth,
            of_coin=True,
        ),
        Quantity(
            name="adl_rank",
            help="rank in the queue of auto-deleveraging, where the venue tells it",
            unit=Unit.RANK,
            read=_by(adl_rank.RULE),
            tell=adl_rank.RULE.tell,
            again_after=lambda _: 0.5,
            of_figures=True,
        ),
        Quantity(
            name="down",
            help="a venue says nothing new",
            unit=Unit.STATE,
            read=_by(venue_down.RULE),
            tell=venue_down.RULE.tell,
            again_after=lambda seconds: seconds,
        ),
        Quantity(
            name="stale",
            help="the book is old",
            unit=Unit.STATE,
            read=_by(book_stale.RULE),
            tell=book_stale.RULE.tell,
            again_after=lambda _: 0.0,
            per_ms=HOUR_MS,
        ),
    )
}
NOT_YET: Final = {  # in the grammar of context.md 6.2, without data to feed them
    "oi_change": "changes of open interest",
    "liquidations": "bursts of liquidations",
    "peg": "the pegs of stablecoins",
    "probability": "probabilities",
    "gauge": "gauges",
    "etf_flow": "ETF flows",
    "fear_greed": "the Fear & Greed index",
    "begins": "the flush detector",
    "ends": "the flush detector",
    "moves": "moves within a time",
}
