"""What would help: the engine's own repair of a move to the distance that is to be restored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from workstation.alerts import words
from workstation.alerts.situation import Situation
from workstation.errors import RiskInputError
from workstation.market.instrument import split_symbol
from workstation.portfolio.model import MarginMode
from workstation.risk.repair_report import Reduce, Repair
from workstation.risk.report import PositionReport
from workstation.risk.scenario import Scenario, reference_price, run


def restoring(situation: Situation, row: PositionReport, distance: float) -> str:
    """Return the sentence that says how the position gets that far from liquidation again.

    Everything else stays where it is, as the liquidation price has it; orders are left out. Empty
    where the engine knows no repair.
    """
    book, inputs = situation.book, situation.inputs
    if inputs is None or row.liquidation_price is None or row.mark_price is None:
        return ""
    coin = split_symbol(row.symbol)[0]
    start = reference_price(coin, book, inputs)
    if start is None:
        return ""
    falls = row.liquidation_price < row.mark_price
    end = start * (1 - distance if falls else 1 + distance)
    accounts = tuple(account for account in book.accounts if account.id == row.account)
    move = Scenario(moves={coin: end}, use_betas=False, funding_rate_8h=0.0, use_orders=False)
    try:
        repair = run(replace(book, accounts=accounts), inputs, move).repair
    except RiskInputError:
        return ""
    steps = " or ".join(_steps(repair, row))
    return f"{steps[0].upper()}{steps[1:]} to restore {words.percent(distance)}." if steps else ""


def _steps(repair: Repair, row: PositionReport) -> Iterator[str]:
    symbol = row.symbol if row.margin_mode is MarginMode.ISOLATED else None
    deposits = [step for step in repair.add_collateral if step.symbol == symbol]
    if deposits:
        yield f"add {deposits[0].amount:,.10g} {deposits[0].asset}"
    cuts = [step for step in repair.reduce if symbol in (None, step.symbol)]
    if cuts:
        yield " and ".join(_cut(step, row) for step in cuts)


def _cut(step: Reduce, row: PositionReport) -> str:
    what = f"{step.symbol} {step.side}"
    is_whole = (step.symbol, step.side, step.quantity) == (row.symbol, row.side, row.quantity)
    return f"close {what}" if is_whole else f"cut {step.quantity:,.10g} of {what}"
