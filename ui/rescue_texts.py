"""How the cheapest way out is put into words: in the panels and in the report.

A *margin pool* is what stands or falls together: an isolated position, or all cross positions of an
account with its wallet. Money is *moved* (it stays the user's, and is at risk where it goes) or
*paid* (fees and slippage: it is gone); positions are *cut*.
"""

from __future__ import annotations

import math
from typing import Final

from ui import format as fmt
from ui.names import coin_of
from workstation.risk.frontier import Frontier
from workstation.risk.rescue_report import (
    Action,
    Drained,
    NextAfter,
    RescueReport,
    RescueRow,
    Step,
)
from workstation.risk.transfers import SourceKind

POOL_HELP: Final = (
    "A margin pool is what stands or falls together: an isolated position (iso), or all cross "
    "positions of an account with its wallet (cross)."
)
MONEY_HELP: Final = (
    "Moved: collateral that stays yours and may be lost where it goes. Cut: face value of the "
    "positions, at their marks. Paid: fees and slippage. \N{ALMOST EQUAL TO}: the time of a "
    "transfer that is assumed; set your own in the settings, page Transfers.\n"
    "Checked: the book with all of this done was walked to the scenario once more, and nothing was "
    "liquidated."
)
RESCUE_HELP: Final = f"{POOL_HELP}\n{MONEY_HELP}"
_WHOLE_FROM: Final = 1_000.0  # USD: a warning has no use for cents
_JUST_BEYOND: Final = 0.005  # of the scenario's price: an ordinary hour moves more
_WHY_LESS: Final = (
    "What is kept open goes on losing on the way; what is liquidated has lost its margin and no "
    "more. It pays only if the price comes to where the first of them is liquidated, and turns."
)


def pool_text(row: RescueRow | NextAfter) -> str:
    """Return ``binance-main · BTC long iso``."""
    mode = "iso" if row.isolated else "cross"
    return f"{row.account} · {coin_of(row.symbol)} {row.side} {mode}"


def time_left(row: RescueRow) -> str:
    """Return how long it takes at the pace of the last hour."""
    if row.minutes_left is None:
        return "pace not known"
    return "not near" if math.isinf(row.minutes_left) else fmt.age(row.minutes_left * 60)


def step_text(row: RescueRow, step: Step | None) -> str:
    """Return ``+4,988.16 USDT`` or ``cut 0.995 BTC``."""
    if step is None:
        return "saved by the steps above" if row.spared else "nothing at hand saves it"
    if step.action is Action.CUT:
        return f"cut {fmt.exact_number(step.amount)} {coin_of(step.symbol or '')} {step.side}"
    return f"{_amount(step.amount, step.asset, sign=True)} {step.asset}"


def step_sentence(row: RescueRow, step: Step | None) -> str:
    """Return ``move 10,001.36 USDT from bybit-cross · Bybit (≈ 20 min, paid $2.00)``."""
    if step is None:
        return step_text(row, None)
    when = f"({when_text(step)}, paid {fmt.usd(step.cost_usd, decimals=2)})"
    if step.action is Action.CUT:
        what = f"{fmt.exact_number(step.amount)} {coin_of(step.symbol or '')} {step.side}"
        return f"cut {what} by a market order {when}"
    what = f"{_amount(step.amount, step.asset)} {step.asset}"
    own = step.kind is SourceKind.OWN_WALLET
    return f"move {what} from {'its own wallet' if own else origin_text(step)} {when}"


def _amount(amount: float, asset: str, *, sign: bool = False) -> str:
    return fmt.number(amount, 2 if asset.startswith("USD") else 8, sign=sign)


def origin_text(step: Step | None) -> str:
    """Return where the money comes from."""
    if step is None:
        return ""
    if step.action is Action.CUT:
        return "market order"
    if step.kind is SourceKind.OWN_WALLET:
        return "own wallet"
    return f"{step.origin} · {fmt.venue_name(step.origin_venue)}"


def arrival_text(step: Step | None) -> str:
    """Return when it is there, ``≈ 20 min`` where that is assumed."""
    if step is None:
        return ""
    if step.arrives_min == 0:
        return "at once"
    return f"{'≈ ' if step.assumed else ''}{fmt.number(step.arrives_min)} min"


def when_text(step: Step | None) -> str:
    """Return ``≈ 20 min after step 1``: when it is there, and what has to be done before."""
    after = step.waits_for if step is not None else None
    return arrival_text(step) if after is None else f"{arrival_text(step)} after step {after}"


def paid_text(report: RescueReport, decimals: int = 2) -> str:
    """Return ``pays $76.47 · moves $19,127 · cuts $72,465``; nothing that is not done."""
    parts = [f"pays {fmt.usd(report.cost_usd, decimals=decimals)}"]
    if report.moved_usd:
        parts.append(f"moves {fmt.usd(report.moved_usd)}")
    if report.closed_usd:
        parts.append(f"cuts {fmt.usd(report.closed_usd)}")
    return " · ".join(parts)


def headline(report: RescueReport) -> str:
    """Return the whole way out in a few sentences, and what it leaves."""
    return " ".join(filter(None, (way_out(report), equity_text(report))))


def short_headline(report: RescueReport) -> str:
    """Return ``Cheapest way out at BTC 60,000: pays $76.47 · moves $19,127 · cuts $72,465``."""
    where = _where(report)
    if not report.rows:
        return f"Nothing is liquidated on the way to {where}."
    if not report.alive:
        return f"No way out at {where}: what is at hand does not save all of them"
    return f"Cheapest way out at {where}: {paid_text(report)}"


def warning_lines(report: RescueReport, more: str = "") -> list[str]:
    """Return what speaks against a way out, a line each; ``more``: what would leave more."""
    return [*filter(None, (less_text(report), more)), *map(drained_text, report.drained)]


def way_out(report: RescueReport) -> str:
    """Return what is liquidated, and what it takes that nothing is."""
    return f"{doomed(report)} {what_to_do(report)}".strip()


def doomed(report: RescueReport) -> str:
    """Say how many margin pools are liquidated if nothing is done."""
    where, count = _where(report), len(report.rows)
    if not count:
        return f"Nothing is liquidated on the way to {where}."
    pools = "1 margin pool is" if count == 1 else f"{count} margin pools are"
    return f"If nothing is done, {pools} liquidated on the way to {where}."


def what_to_do(report: RescueReport) -> str:
    """Return what the cheapest way out takes; empty where nothing is to be done."""
    if not report.rows:
        return ""
    if not report.alive:
        return "What is at hand does not save all of them."
    steps = sum(len(row.steps) for row in report.rows)
    count = "1 step" if steps == 1 else f"{steps} steps"
    return (
        f"The cheapest way out takes {count}, after which nothing is liquidated: it {_paid(report)}"
    )


def _paid(report: RescueReport) -> str:
    """Return what is paid, moved and cut, in a sentence."""
    parts = [f"pays {fmt.usd(report.cost_usd, decimals=2)} in fees and slippage"]
    if report.moved_usd:
        parts.append(f"moves {fmt.usd(report.moved_usd)} of collateral, which is then at risk too")
    if report.closed_usd:
        parts.append(f"cuts {fmt.usd(report.closed_usd)} of positions")
    *most, last = parts
    return f"{', '.join(most)}{', and ' if most else ''}{last}."


def equity_text(report: RescueReport) -> str:
    """Say what is left at the scenario with the way out and without; empty if nothing is done."""
    if not any(row.steps for row in report.rows):
        return ""
    where, less = _where(report), report.sacrifice_usd
    repaired = fmt.usd(report.equity_rescued_usd)
    nothing = fmt.usd(report.equity_doing_nothing_usd)
    if less:
        return (
            f"But it leaves LESS at {where} than doing nothing: {repaired} instead of {nothing} "
            f"({fmt.usd(-less)}). {_WHY_LESS}"
        )
    return f"Left at {where}: {repaired}; doing nothing: {nothing}."


def less_text(report: RescueReport) -> str:
    """Return the warning in a line, with both figures; empty where the way out leaves more."""
    if not report.sacrifice_usd or not any(row.steps for row in report.rows):
        return ""
    repaired = fmt.usd(report.equity_rescued_usd)
    nothing = fmt.usd(report.equity_doing_nothing_usd)
    return f"Leaves less than doing nothing: {repaired}, not {nothing}"


def drained_text(drained: Drained) -> str:
    """Say whose liquidation comes nearer by what it gives, from where to where.

    ``Takes 10,001 USDT from bybit-cross, whose liquidation moves from BTC 59,167 up to 59,971``.
    """
    before, now = drained.coin_price_before, drained.coin_price
    if before is None:
        moved = f"which is then liquidated at {drained.coin} {fmt.price(now)}"
    else:
        way = "up" if now > before else "down"
        moved = (
            f"whose liquidation moves from {drained.coin} {fmt.price(before)} {way} to "
            f"{fmt.price(now)}"
        )
    return f"Takes {_taken(drained)}, {moved}{_beyond(drained)}"


def short_drained_text(drained: Drained) -> str:
    """Return the same for a line of a panel, without the price before."""
    now = f"{drained.coin} {fmt.price(drained.coin_price)}"
    return f"Takes {_taken(drained)}: its liquidation moves to {now}{_beyond(drained)}"


def _beyond(drained: Drained) -> str:
    return ", just beyond the scenario" if drained.beyond < _JUST_BEYOND else ""


def _taken(drained: Drained) -> str:
    """Return ``10,001 USDT from bybit-cross``."""
    whole = drained.amount >= _WHOLE_FROM and drained.asset.startswith("USD")
    figure = fmt.number(drained.amount) if whole else _amount(drained.amount, drained.asset)
    return f"{figure} {drained.asset} from {drained.account}"


def next_text(report: RescueReport) -> str:
    """Say what is liquidated next beyond the scenario; empty if nothing near is."""
    after = report.next_after
    if after is None or not report.alive:
        return ""
    return (
        f"It holds to {_where(report)}. If the move goes on, {pool_text(after)} is liquidated "
        f"next, at {after.coin} {fmt.price(after.coin_price)}."
    )


def _where(report: RescueReport) -> str:
    coin, price = next(iter(report.scenario.moves.items()))
    return f"{coin} {fmt.price(price)}"


def frontier_text(found: Frontier) -> str:
    """Return ``cut 0 % and add 17,084 USDT · cut 25 % ...``: between deposit and cut."""
    points = [
        f"cut {fmt.percent(float(share), 0)} and add {fmt.number(float(deposit))}"
        for share, deposit in zip(found.share, found.deposit, strict=True)
    ]
    shown = points[:: max(1, (len(points) - 1) // 4)]
    return f"Between deposit and cut, in {found.asset}: {' · '.join(shown)}"
