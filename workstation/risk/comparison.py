"""The venue's own figures beside ours: whether they are the same, and else which input differs.

A liquidation price is compared at the venue's own inputs: the account as one answer of the venue
told it, its marks and its balances. What is left apart is then a matter of rules or tables, not of
moments. A single reading may catch the venue between two of its own updates, so only what is apart
in two successive readings counts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from workstation.market.instrument import Contract, split_symbol
from workstation.portfolio.model import (
    Account,
    Collateral,
    MarginMode,
    Portfolio,
    Position,
    VenueFigures,
)
from workstation.risk.betas import STABLECOINS
from workstation.risk.engine import evaluate
from workstation.risk.inputs import PositionKey, RiskInputs
from workstation.risk.profiles import FeeInMaintenance, profile_of
from workstation.risk.report import (
    AccountReport,
    LiquidationKind,
    PositionReport,
    Status,
)

CROSS_TOLERANCE: Final = 0.001  # of the venue's price
INPUT_TOLERANCE: Final = 0.001  # of a margin or a balance
PNL_TOLERANCE: Final = 0.0001  # of the position's value
SAME_PRICE: Final = 1e-9
FAR_UP, FAR_DOWN = 2.0, 0.1  # of the mark: beyond, venues print "none" as they please


class Input(StrEnum):
    """What a liquidation price is made of; ``RULE`` is left when no input differs."""

    MARK = "mark price"
    ENTRY = "entry price"
    FEE = "fee"
    TIER = "maintenance tier"
    MAINTENANCE = "maintenance margin of the pool"
    BALANCE = "margin balance"
    RULE = "rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A position whose liquidation price the venue puts elsewhere; NaN is "no such price"."""

    key: PositionKey
    ours: float
    venues: float
    differs: Input
    sentence: str


def compare_with_venue(account: Account, inputs: RiskInputs) -> tuple[Difference, ...]:
    """Return the positions whose liquidation price is apart from what the venue says.

    Parameters
    ----------
    account : with the venue's figures, marks and balances of one answer
    inputs : without live marks, so that the venue's own are used
    """
    book = Portfolio(accounts=(account,), as_of_ms=inputs.now_ms)
    report = evaluate(book, inputs)
    pools = {row.currency: row for row in report.accounts}
    found = (
        _difference(account, position, row, pools, inputs)
        for position, row in zip(account.positions, report.positions, strict=True)
    )
    return tuple(difference for difference in found if difference is not None)


def lasting(before: Sequence[Difference], now: Sequence[Difference]) -> tuple[Difference, ...]:
    """Return what is apart now and was so in the reading before."""
    known = {difference.key for difference in before}
    return tuple(difference for difference in now if difference.key in known)


def with_verdicts(account: Account, differences: Sequence[Difference]) -> Account:
    """Return the account with a sentence beside every figure that is apart."""
    sentences = {difference.key: difference.sentence for difference in differences}

    def judged(position: Position) -> Position:
        key = PositionKey(account.id, position.symbol, position.side)
        if position.figures is None or key not in sentences:
            return position
        return replace(position, figures=replace(position.figures, apart=sentences[key]))

    return replace(account, positions=tuple(judged(position) for position in account.positions))


# --- one position ---------------------------------------------------------------------------------


def _difference(
    account: Account,
    position: Position,
    row: PositionReport,
    pools: Mapping[str, AccountReport],
    inputs: RiskInputs,
) -> Difference | None:
    figures, mark = position.figures, row.mark_price
    if figures is None or figures.liquidation_price is None or mark is None:
        return None
    if row.status is not Status.OK or row.liquidation is LiquidationKind.UNKNOWN:
        return None
    ours = math.nan if row.liquidation_price is None else row.liquidation_price
    theirs = figures.liquidation_price
    if not _apart(ours, theirs, mark, _tolerance(account, position, inputs)):
        return None
    differs, reason = _reason(account, position, row, figures, pools)
    share = "" if math.isnan(ours + theirs) else f" ({abs(ours / theirs - 1):.2%} apart)"
    where = f"{account.id} {position.symbol} {position.side}"
    sentence = (
        f"{where}: {profile_of(account.venue).name} liquidates it at {_price(theirs)}, "
        f"this program says {_price(ours)}{share}: {reason}."
    )
    key = PositionKey(account.id, position.symbol, position.side)
    return Difference(key=key, ours=ours, venues=theirs, differs=differs, sentence=sentence)


def _tolerance(account: Account, position: Position, inputs: RiskInputs) -> float | None:
    """Return one tick for an isolated position; ``None`` for a share of the price."""
    if position.margin_mode is MarginMode.CROSS:
        return None
    listed = inputs.catalogue.find(account.key(position.symbol))
    return listed.tick if listed else None


def _apart(ours: float, theirs: float, mark: float, tick: float | None) -> bool:
    if math.isnan(ours) or math.isnan(theirs):
        known = theirs if math.isnan(ours) else ours
        return not math.isnan(known) and FAR_DOWN < known / mark < FAR_UP
    allowed = CROSS_TOLERANCE * theirs if tick is None else tick
    return abs(ours - theirs) > allowed * (1 + 1e-6)


def _reason(
    account: Account,
    position: Position,
    row: PositionReport,
    figures: VenueFigures,
    pools: Mapping[str, AccountReport],
) -> tuple[Input, str]:
    """Return the first input that differs, and the words for it."""
    for differs, theirs, ours in _inputs(account, position, row, figures, pools):
        what = "tier, or the table of it," if differs is Input.TIER else ""
        noun = f"maintenance {what}" if what else differs.value
        source = f" by {row.tier_source}" if differs is Input.TIER and row.tier_source else ""
        return differs, (
            f"the {noun} differs, {_number(theirs)} there and {_number(ours)} here{source}"
        )
    return Input.RULE, "no input that it tells differs, so its rule is another one"


def _inputs(
    account: Account,
    position: Position,
    row: PositionReport,
    figures: VenueFigures,
    pools: Mapping[str, AccountReport],
) -> Iterator[tuple[Input, float, float]]:
    """Yield what differs, the nearest to the position first: what, theirs, ours."""
    mark = row.mark_price or math.nan
    size = abs(position.quantity)
    value = size * mark if position.contract is Contract.LINEAR else size / mark
    if _differ(figures.mark_price, mark, SAME_PRICE * mark):
        yield Input.MARK, figures.mark_price or math.nan, mark
    if _differ(figures.unrealized_pnl, row.unrealized_pnl, PNL_TOLERANCE * value):
        yield Input.ENTRY, _entry_of(position, figures, mark), position.entry_price
    theirs, ours = figures.maintenance_margin, row.maintenance_margin
    if theirs is not None and ours is not None and not _near(theirs, ours):
        profile = profile_of(account.venue)
        fee = account.taker_fee if account.taker_fee is not None else profile.taker_fee or 0.0
        is_fee = any(_near(theirs, ours + sign * fee * value) for sign in (-1, 1))
        stands_in_both = (
            profile.fee is FeeInMaintenance.BANKRUPTCY
            and position.margin_mode is MarginMode.ISOLATED
            and abs(theirs - ours) <= 2 * fee * value
        )
        if not stands_in_both:
            yield (Input.FEE if is_fee else Input.TIER), theirs, ours
    if position.margin_mode is MarginMode.ISOLATED:
        return
    pool = pools.get(_pool_currency(account, position))
    told = account.figures.get(pool.currency) if pool else None
    if pool is None or told is None:
        return
    for name, differs in (
        ("margin_balance", Input.BALANCE),
        ("maintenance_margin", Input.MAINTENANCE),
    ):
        there, here = getattr(told, name), getattr(pool, name)
        if there is not None and here is not None and not _near(there, here):
            yield differs, there, here


def _pool_currency(account: Account, position: Position) -> str:
    settle = split_symbol(position.symbol)[2]
    in_dollars = account.collateral is Collateral.MULTI_ASSET and settle in STABLECOINS
    return "USD" if in_dollars else settle


def _entry_of(position: Position, figures: VenueFigures, mark: float) -> float:
    """Return the entry price behind the venue's unrealised profit."""
    profit = (figures.unrealized_pnl or 0.0) / position.quantity
    linear = position.contract is Contract.LINEAR
    return mark - profit if linear else 1.0 / (profit + 1.0 / mark)


def _differ(theirs: float | None, ours: float | None, allowed: float) -> bool:
    return theirs is not None and ours is not None and abs(theirs - ours) > allowed


def _near(theirs: float, ours: float) -> bool:
    return math.isclose(theirs, ours, rel_tol=INPUT_TOLERANCE, abs_tol=1e-12)


def _price(value: float) -> str:
    return "no price" if math.isnan(value) else f"{value:,.10g}"


def _number(value: float) -> str:
    return f"{value:,.8g}"
