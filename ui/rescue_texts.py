"""How a rescue is put into words: in the panels and in the report."""

from __future__ import annotations

import math
from typing import Final

from ui import format as fmt
from ui.names import coin_of
from workstation.risk.frontier import Frontier
from workstation.risk.rescue_report import Action, RescueReport, RescueRow, Step
from workstation.risk.transfers import SourceKind

RESCUE_HELP: Final = (
    "Checked: the book with all of this done was walked to the scenario once more, and nothing "
    "died.\nA position that is saved goes on losing down to the scenario; one that is liquidated "
    "has lost its margin and no more. So the equity there may be lower with a rescue."
)


def pool_text(row: RescueRow) -> str:
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
        return "saved by the above" if row.spared else "nothing at hand saves it"
    if step.action is Action.CUT:
        return f"cut {fmt.number(step.amount, 3)} {coin_of(step.symbol or '')} {step.side}"
    decimals = 2 if step.asset.startswith("USD") else 8
    return f"{fmt.number(step.amount, decimals, sign=True)} {step.asset}"


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
    """Return when it is there."""
    if step is None:
        return ""
    return "at once" if step.arrives_min == 0 else f"{fmt.number(step.arrives_min)} min"


def headline(report: RescueReport) -> str:
    """Return the whole rescue in a sentence or two."""
    coin, price = next(iter(report.scenario.moves.items()))
    where = f"{coin} {fmt.price(price)}"
    if not report.rows:
        return f"Nothing is liquidated on the way to {where}."
    count = len(report.rows)
    pools = "1 pool dies" if count == 1 else f"{count} pools die"
    first = f"{pools} on the way to {where}."
    if not report.alive:
        return f"{first} What is at hand does not save all of them."
    return (
        f"{first} All of this costs {fmt.usd(report.cost_usd, decimals=2)} and keeps everything "
        f"alive. Equity then: {fmt.usd(report.equity_rescued_usd)}; doing nothing: "
        f"{fmt.usd(report.equity_doing_nothing_usd)}."
    )


def frontier_text(found: Frontier) -> str:
    """Return ``cut 0 % and add 17,084 USDT · cut 25 % ...``: between deposit and cut."""
    points = [
        f"cut {fmt.percent(float(share), 0)} and add {fmt.number(float(deposit))}"
        for share, deposit in zip(found.share, found.deposit, strict=True)
    ]
    shown = points[:: max(1, (len(points) - 1) // 4)]
    return f"Between deposit and cut, in {found.asset}: {' · '.join(shown)}"
