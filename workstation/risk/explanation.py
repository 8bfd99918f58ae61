"""How a position's figures came about, in words with their numbers: the tooltips of a row.

Each figure has a function that writes its formula and inputs; every text ends with the tier's row,
its table and date, and the venue's rules with their source. Texts are made when they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from workstation.portfolio.model import Position
from workstation.risk.inputs import MarkUsed, RiskInputs
from workstation.risk.legs import Leg
from workstation.risk.liquidation import LiquidationPrices
from workstation.risk.profiles import (
    FeeInMaintenance,
    LiquidationRules,
    Others,
    Reduction,
    Rounding,
)
from workstation.risk.report import Figure, LiquidationKind
from workstation.risk.standing import Standing
from workstation.risk.tiers import TierMode

_OTHERS: Final = {
    Others.FROZEN: "everything else in the pool stands still",
    Others.COMMON_SHOCK: "everything in the pool moves by one ratio",
}
_FEES: Final = {
    FeeInMaintenance.NONE: "no fee",
    FeeInMaintenance.RATE: "the taker fee on the value",
    FeeInMaintenance.BANKRUPTCY: "the fee of closing at the bankruptcy price",
}
_REDUCTIONS: Final = {
    Reduction.WHOLE: "it is closed whole",
    Reduction.TIER_STEP: "a high tier is cut down to a lower one first",
    Reduction.SHARES: "it is cut in parts first",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What the figures of one row were made of; ``leg`` is ``None`` without a mark."""

    standing: Standing
    position: Position
    leg: Leg | None
    found: LiquidationPrices
    inputs: RiskInputs

    def __call__(self, figure: Figure) -> str:
        """Return formula, inputs, tier row and source of a figure, one line each."""
        if self.leg is None:
            return self.standing.pool.unknown or "Its mark is not known."
        lines = list(_WRITERS[figure](self, self.leg))
        lines += [line for line in _closing(self, self.leg) if line not in lines]
        return "\n".join(lines)

    @property
    def missing(self) -> str | None:
        """Why the pool has no value, or no maintenance margin."""
        return self.standing.pool.unknown or self.standing.pool.unknown_margin


_Writer = Callable[[Explanation, Leg], Iterator[str]]


def _size(of: Explanation, leg: Leg) -> Iterator[str]:
    quantity, mark = _number(abs(leg.position.quantity)), _number(leg.mark)
    unit = of.standing.pool.currency
    if leg.linear:
        yield f"Notional = quantity x mark = {quantity} x {mark} = {_number(leg.value)} {unit}."
    else:
        yield f"Value = USD face / mark = {quantity} / {mark} = {_number(leg.value)} {unit}."
    yield _mark_line(leg.mark_used)
    yield "Quantity: from the portfolio."


def _entry(of: Explanation, leg: Leg) -> Iterator[str]:
    yield f"Average entry price {_number(leg.position.entry_price)}: from the portfolio."
    yield from _profit(of, leg)


def _profit(of: Explanation, leg: Leg) -> Iterator[str]:
    size, side = _number(abs(leg.position.quantity)), leg.position.side.sign
    entry, mark = _number(leg.position.entry_price), _number(leg.mark)
    moved = f"({mark} \N{MINUS SIGN} {entry})"
    if not leg.linear:
        moved = f"(1 / {entry} \N{MINUS SIGN} 1 / {mark})"
    sign = "\N{MINUS SIGN}" if side < 0 else ""
    profit = f"{_number(leg.profit_now)} {of.standing.pool.currency}"
    yield f"Unrealised profit = {sign}{size} x {moved} = {profit}."
    yield _mark_line(leg.mark_used)


def _initial(of: Explanation, leg: Leg) -> Iterator[str]:
    initial, leverage = leg.initial(), leg.position.leverage
    value, unit = _number(leg.value), of.standing.pool.currency
    if leg.tiers is not None and leg.tiers.initial is not None:
        rate, slope = leg.tiers.initial
        yield (
            f"Initial margin = value x ({rate:.4%} + {slope:.4%} a coin) = {_number(initial)} "
            f"{unit}, value {value} ({leg.tiers.label}: {leg.tiers.source})."
        )
    elif leverage:
        words, fee = ("", "")
        if leg.fee_fixed:
            words, fee = (" + fee of closing", f" + {_number(leg.fee_fixed)}")
        yield (
            f"Initial margin = value / leverage{words} = {value} / {_number(leverage)}{fee} "
            f"= {_number(initial)} {unit}."
        )
    else:
        yield "Not known: the portfolio gives no leverage."
    yield _mark_line(leg.mark_used)


def _maintenance(of: Explanation, leg: Leg) -> Iterator[str]:
    if of.missing:
        yield of.missing
        return
    yield f"Maintenance margin now: {_number(leg.maintenance_now)} {of.standing.pool.currency}."
    yield _tier_words(leg, 1.0, "now")
    yield f"{of.standing.pool.profile.name}: it includes {_FEES[of.standing.pool.profile.fee]}."
    yield _mark_line(leg.mark_used)


def _ratio(of: Explanation, leg: Leg) -> Iterator[str]:
    standing = of.standing
    if standing.ratio is None:
        yield of.missing or "Not known: the margin balance is not positive."
    else:
        yield (
            "Ratio = maintenance margin / margin balance of the pool = "
            f"{_number(standing.maintenance)} / {_number(standing.balance)} = "
            f"{standing.ratio:.2%}; liquidation at 100%."
        )
    yield from _balance(of, leg)


def _balance(of: Explanation, leg: Leg) -> Iterator[str]:
    standing = of.standing
    yield (
        f"Wallet {_number(standing.wallet)} {standing.pool.currency}, "
        f"unrealised profit {_number(leg.profit_now)} of this position."
    )
    yield from (
        f"Collateral {coin.coin}: {_number(coin.market_value)} USD, of which "
        f"{coin.weight:.2%} counts."
        for coin in standing.pool.coins
    )


def _liquidation(of: Explanation, leg: Leg) -> Iterator[str]:
    pool, found = of.standing.pool, of.found
    yield "Liquidated where margin balance = maintenance margin."
    yield from _balance(of, leg)
    yield f"Mark {_number(leg.mark)}, {_mark_words(leg.mark_used)}."
    yield f"Entry {_number(leg.position.entry_price)}."
    yield of.missing or _tier_words(leg, 1.0, "now")
    if found.first is not None and not of.missing:
        factor = found.first / leg.mark if leg.linear else leg.mark / found.first
        yield _tier_words(leg, 1.0 if pool.maintenance_stands else factor, "at that price")
    if found.other is not None:
        yield f"The other end of the safe interval: {_number(found.other)}."
    yield (
        f"{pool.profile.name}: {_OTHERS[pool.profile.others]}; "
        f"maintenance includes {_FEES[pool.profile.fee]}."
    )
    yield from _rounding_words(of, leg)
    rules = pool.profile.liquidation
    yield f"Then {_REDUCTIONS[rules.reduction]}, {_fee_words(rules, leg)} ({rules.source})."


def _common_shock(of: Explanation, leg: Leg) -> Iterator[str]:
    shock = of.standing.shock
    yield "The price at which its pool is liquidated when everything moves with its beta."
    if shock is not None and shock.price is not None:
        rates = ", ".join(f"{coin} {rate:.3g}" for coin, rate in shock.path.rates.items() if rate)
        yield f"{shock.coin} {_number(shock.start)} to {_number(shock.price)}; betas {rates}."
    else:
        yield of.missing or "No such move liquidates it."
    yield from _balance(of, leg)


def _bankruptcy(of: Explanation, leg: Leg) -> Iterator[str]:
    rules = of.standing.pool.profile.liquidation
    price = of.found.bankruptcy
    yield "Bankruptcy price: margin balance = 0, everything else in the pool stands still."
    yield "No price makes it zero." if price is None else f"At {_number(price)}."
    yield from _balance(of, leg)
    yield from _boundary(of, rules.backstop, rules.boundary)
    yield f"Source: {rules.source}."


def _boundary(of: Explanation, backstop: float, boundary: str) -> Iterator[str]:
    if backstop and of.standing.maintenance is not None:
        below = _number(backstop * of.standing.maintenance)
        yield f"Once the margin balance is below {below} ({backstop:.0%} of maintenance margin)"
        yield f"{boundary}."
    else:
        yield f"Beyond it {boundary}."


def _distance(of: Explanation, leg: Leg) -> Iterator[str]:
    first = of.found.first
    if first is not None:
        mark = _number(leg.mark)
        yield (
            f"Distance = liquidation price / mark \N{MINUS SIGN} 1 = {_number(first)} / {mark} "
            f"\N{MINUS SIGN} 1 = {first / leg.mark - 1:+.2%}.".replace("-", "\N{MINUS SIGN}")
        )
    yield from _liquidation(of, leg)


def _funding(of: Explanation, leg: Leg) -> Iterator[str]:
    key = of.standing.pool.account.key(leg.position.symbol)
    rate = of.inputs.funding.get(key)
    if rate is None:
        yield "Not known: no running rate of this market is at hand."
        return
    paid, notional = of.standing.funding_usd(leg, of.inputs), of.standing.notional_usd(leg)
    sign = "\N{MINUS SIGN}" if leg.position.side.sign > 0 else ""
    yield (
        f"Next funding = {sign}rate x notional = {sign}{rate.funding_rate:.4%} x "
        f"{_number(notional)} = {_number(paid)} USD."
    )
    yield f"Rate: {key.venue}'s running one, every {rate.interval_h:g} h; longs pay if positive."
    yield _mark_line(leg.mark_used)


def _position(of: Explanation, leg: Leg) -> Iterator[str]:
    yield f"{leg.position.symbol} at {of.standing.pool.profile.name}: {of.standing.status}."
    yield from _profit(of, leg)
    yield from _maintenance(of, leg)


_WRITERS: Final[Mapping[Figure, _Writer]] = {
    Figure.POSITION: _position,
    Figure.SIZE: _size,
    Figure.ENTRY: _entry,
    Figure.PROFIT: _profit,
    Figure.INITIAL: _initial,
    Figure.MAINTENANCE: _maintenance,
    Figure.RATIO: _ratio,
    Figure.LIQUIDATION: _liquidation,
    Figure.COMMON_SHOCK: _common_shock,
    Figure.BANKRUPTCY: _bankruptcy,
    Figure.DISTANCE: _distance,
    Figure.FUNDING: _funding,
}


def _fee_words(rules: LiquidationRules, leg: Leg) -> str:
    if rules.fee_rate is None and leg.coin not in rules.coin_fee_rates:
        return "for a fee that is not known here and not counted"
    fee = rules.fee_of(leg.coin)
    return f"for a fee of {fee:.2%} of what is closed" if fee else "without a fee of its own"


def _closing(of: Explanation, leg: Leg) -> Iterator[str]:
    yield of.missing or _tier_words(leg, 1.0, "now")
    yield f"Rules: {of.standing.pool.profile.source}."


def _number(value: float | None) -> str:
    return "not known" if value is None else f"{value:,.10g}".replace("-", "\N{MINUS SIGN}")


def _mark_line(used: MarkUsed) -> str:
    return f"Mark {_number(used.price)}, {_mark_words(used)}."


def _mark_words(used: MarkUsed) -> str:
    age = "" if used.age_s is None else f", {used.age_s:.0f} s old"
    return f"{used.source.value}{age}"


def _tier_words(leg: Leg, factor: float, when: str) -> str:
    """Return the tier row that holds when the value has scaled by ``factor``."""
    tiers = leg.table
    if tiers.mode is TierMode.LINEAR_IN_SIZE:
        return (
            f"Maintenance rate {tiers.rate[0]:.4%} + {tiers.slope:.4%} a coin "
            f"({tiers.label}: {tiers.source})."
        )
    rate, amount = leg.rate_and_amount(factor)
    row = tiers.row(leg.size(factor) or 0.0) + 1
    less = f" less {_number(amount)}" if amount else ""
    return (
        f"Tier {row} of {len(tiers.rate)} {when}: {rate:.4%} of the value{less} "
        f"({tiers.label}: {tiers.source})."
    )


def _rounding_words(of: Explanation, leg: Leg) -> Iterator[str]:
    pool = of.standing.pool
    if of.found.kind is LiquidationKind.NONE:
        yield "No price liquidates it."
    elif pool.profile.rounding is not Rounding.NONE:
        instrument = of.inputs.listing(pool.account.key(leg.position.symbol), leg.position)
        tick = instrument.tick if instrument else None
        yield "Not rounded: the tick is not known." if tick is None else f"Tick {_number(tick)}."
