"""How the ways instead of the cheapest one are put into words: what each pays, needs and leaves."""

from __future__ import annotations

from typing import Final

from ui import format as fmt
from ui.names import coin_of
from workstation.risk.alternatives import Alternative, Means, leaves_more
from workstation.risk.frontier import Hedge
from workstation.risk.repair_report import AddCollateral, Reduce
from workstation.services.decision_service import Decision

_CENTS_BELOW_USD: Final = 10.0


def instead_text(other: Alternative) -> str:
    """Return ``Instead, cuts alone: pays $275.05, leaves $130,214``."""
    parts = []
    if other.outside_usd:
        parts.append(f"needs {fmt.usd(other.outside_usd)} from outside")
    if other.pays_usd:
        parts.append(f"pays {fmt.usd(other.pays_usd, decimals=2)}")
    own = f" with it, {fmt.usd(other.left_of_own_usd)} without" if other.outside_usd else ""
    parts.append(f"leaves {fmt.usd(other.left_usd)}{own}")
    lost = other.liquidated
    if lost:
        pools = "1 margin pool is" if lost == 1 else f"{lost} margin pools are"
        parts.append(f"but {pools} liquidated")
    return f"Instead, {other.means}: {', '.join(parts)}"


def detail_text(other: Alternative, decision: Decision) -> str:
    """Return what is done in it: ``cut 2.4 BTC long of binance-main (pays $170.40)``."""
    if other.means is Means.CUTS:
        return "; ".join(map(_cut, decision.repair.reduce))
    if other.means is Means.COLLATERAL:
        return "; ".join(map(_deposit, decision.repair.add_collateral))
    return _hedge(decision.hedge) if decision.hedge is not None else ""


def more_text(decision: Decision) -> str:
    """Say what leaves more than the cheapest way, and what more it pays; empty where nothing does.

    ``Cuts alone pay $199 more and leave $36,160 more``.
    """
    rescue = decision.rescue
    other = leaves_more(rescue, decision.alternatives)
    if other is None:
        return ""
    s = "" if other.means is Means.CUTS else "s"
    more = fmt.usd(other.left_of_own_usd - rescue.equity_rescued_usd)
    fresh = f", its {fmt.usd(other.outside_usd)} not counted" if other.outside_usd else ""
    name = f"{other.means[:1].upper()}{other.means[1:]}"
    return f"{name} pay{s} {_more_paid(other, decision)} and leave{s} {more} more{fresh}"


def _more_paid(other: Alternative, decision: Decision) -> str:
    extra = other.pays_usd - decision.rescue.cost_usd
    decimals = 2 if abs(extra) < _CENTS_BELOW_USD else 0
    return f"{fmt.usd(abs(extra), decimals=decimals)} {'less' if extra < 0 else 'more'}"


def _cut(cut: Reduce) -> str:
    what = f"{fmt.exact_number(cut.quantity)} {coin_of(cut.symbol)} {cut.side}"
    return f"cut {what} of {cut.account} (pays {fmt.usd(cut.pays_usd, decimals=2)})"


def _deposit(deposit: AddCollateral) -> str:
    where = f" ({coin_of(deposit.symbol)} {deposit.side} iso)" if deposit.symbol else ""
    decimals = 2 if deposit.asset.startswith("USD") else 8
    return f"{fmt.number(deposit.amount, decimals)} {deposit.asset} to {deposit.account}{where}"


def _hedge(hedge: Hedge) -> str:
    what = f"{fmt.exact_number(hedge.quantity)} {coin_of(hedge.symbol)} {hedge.side}"
    return f"open {what} at {hedge.account}, for what is liquidated first alone"
