"""How a position's figures came about, in words with their numbers: the tooltip of a row."""

from __future__ import annotations

from workstation.risk.inputs import MarkUsed, RiskInputs
from workstation.risk.liquidation import LiquidationPrices
from workstation.risk.pools import Leg
from workstation.risk.profiles import FeeInMaintenance, Others, Rounding
from workstation.risk.report import LiquidationKind
from workstation.risk.standing import Standing
from workstation.risk.tiers import TierMode

_OTHERS = {
    Others.FROZEN: "everything else in the pool stands still",
    Others.COMMON_SHOCK: "everything in the pool moves by one ratio",
}
_FEES = {
    FeeInMaintenance.NONE: "no fee",
    FeeInMaintenance.RATE: "the taker fee on the value",
    FeeInMaintenance.BANKRUPTCY: "the fee of closing at the bankruptcy price",
}


def explain(standing: Standing, leg: Leg, found: LiquidationPrices, inputs: RiskInputs) -> str:
    """Return formula, inputs and tier row with their figures, one line each."""
    pool = standing.pool
    missing = pool.unknown or pool.unknown_margin
    lines = [
        "Liquidated where margin balance = maintenance margin.",
        f"Wallet {_number(standing.wallet)} {pool.currency}, "
        f"unrealised profit {_number(leg.profit_now)} of this position.",
        f"Mark {_number(leg.mark)}, {_mark_words(leg.mark_used)}.",
        f"Entry {_number(leg.position.entry_price)}.",
        missing or _tier_words(leg),
        f"{pool.profile.name}: {_OTHERS[pool.profile.others]}; "
        f"maintenance includes {_FEES[pool.profile.fee]}.",
        _rounding_words(standing, leg, found, inputs),
        f"Rules: {pool.profile.source}.",
    ]
    return "\n".join(line for line in lines if line)


def _number(value: float | None) -> str:
    return "not known" if value is None else f"{value:,.10g}".replace("-", "\N{MINUS SIGN}")


def _mark_words(used: MarkUsed) -> str:
    age = "" if used.age_s is None else f", {used.age_s:.0f} s old"
    return f"{used.source.value}{age}"


def _tier_words(leg: Leg) -> str:
    tiers = leg.table
    if tiers.mode is TierMode.LINEAR_IN_SIZE:
        return (
            f"Maintenance rate {tiers.rate[0]:.4%} + {tiers.slope:.4%} a coin "
            f"({tiers.label}: {tiers.source})."
        )
    rate, amount = leg.rate_and_amount(1.0)
    row = tiers.row(leg.size(1.0) or 0.0) + 1
    less = f" less {_number(amount)}" if amount else ""
    return (
        f"Tier {row} of {len(tiers.rate)} now: {rate:.4%} of the value{less} "
        f"({tiers.label}: {tiers.source})."
    )


def _rounding_words(
    standing: Standing, leg: Leg, found: LiquidationPrices, inputs: RiskInputs
) -> str:
    pool = standing.pool
    if found.kind is LiquidationKind.NONE:
        return "No price liquidates it."
    if pool.profile.rounding is Rounding.NONE:
        return ""
    instrument = inputs.listing(pool.account.key(leg.position.symbol), leg.position)
    tick = instrument.tick if instrument else None
    return "Not rounded: the tick is not known." if tick is None else f"Tick {_number(tick)}."
