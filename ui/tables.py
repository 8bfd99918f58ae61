"""Reports as tables on a terminal, for people; the same figures as the JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.console import Console
from rich.table import Table

from ui import format as text
from ui.scenario_texts import outcome
from ui.stress_texts import (
    break_even_text,
    from_text,
    move_text,
    sigmas_text,
    stressed_pool,
    to_text,
)
from workstation.risk.betas import STABLECOINS
from workstation.risk.liquidation import DRIVER
from workstation.risk.outlook import BreakEven, CascadeReport, ReverseStress, TouchReport
from workstation.risk.report import (
    EquityCurve,
    LiquidationKind,
    PositionReport,
    RiskReport,
    ScenarioReport,
)
from workstation.services.doctor import Finding

_LEAST_COLUMNS: Final = 130
_VERDICTS: Final = {True: "ok", False: "NO", None: ""}


def print_risk(report: RiskReport) -> None:
    """Print totals, accounts, positions, exposures and problems."""
    console = new_console()
    totals = report.totals
    console.print(
        f"{report.portfolio or 'Portfolio'} · {text.utc_time(report.as_of_ms)} UTC · "
        f"equity {text.usd(totals.equity_usd, decimals=2)} · "
        f"gross {_times(totals.gross_leverage)} · net {_times(totals.net_leverage)}"
    )
    if totals.not_included:
        console.print(f"Not included: {', '.join(totals.not_included)}.")
    console.print(_accounts(report))
    console.print(_positions(report))
    console.print(_exposures(report))
    _print_problems(console, report.problems)


def _accounts(report: RiskReport) -> Table:
    figures = ("Balance", "Maintenance", "Ratio", "Liquidated at", "Status")
    table = _table("Accounts", ("Account", "Pool"), figures)
    for account in report.accounts:
        coin = account.liquidation_coin or ""
        table.add_row(
            account.id,
            account.currency,
            _money(account.margin_balance, account.currency),
            _money(account.maintenance_margin, account.currency),
            text.percent(account.margin_ratio),
            f"{coin} {text.price(account.liquidation_coin_price)}".strip(),
            account.status.value,
        )
    return table


def _positions(report: RiskReport) -> Table:
    figures = (
        "Size", "Entry", "Mark", "from", "Liquidation", "Distance", "Ratio", "PnL", "", "Status",
    )  # fmt: skip
    table = _table("Positions", ("Account", "Position"), figures)
    for position in report.positions:
        table.add_row(
            position.account,
            f"{position.symbol} {position.side}",
            text.quantity(position.quantity),
            text.price(position.entry_price),
            text.price(position.mark_price),
            position.mark_source or "",
            _liquidation(position),
            text.percent(position.distance, sign=True),
            text.percent(position.margin_ratio),
            _money(position.unrealized_pnl, position.currency),
            position.currency,
            position.status.value,
        )
    return table


def _exposures(report: RiskReport) -> Table:
    figures = ("Long", "Short", "Spot", "Net", "Net USD", "As BTC moves")
    table = _table("Exposure", ("Coin",), figures)
    for row in report.exposures:
        coins = (row.long_base, row.short_base, row.spot_base, row.net_base)
        dollars = (row.net_usd, row.beta_usd)
        table.add_row(row.coin, *map(text.quantity, coins), *map(text.usd, dollars))
    return table


def print_scenario(report: ScenarioReport) -> None:
    """Print what the move does, what happens on the way, the ladder and the repair."""
    console = new_console()
    moves = ", ".join(f"{coin} to {text.price(price)}" for coin, price in report.moves.items())
    console.print(
        f"{moves or 'No move'} · equity {text.usd(report.equity_before_usd, decimals=2)} to "
        f"{text.usd(report.equity_after_usd, decimals=2)} · "
        f"P&L {text.usd(report.pnl_usd, sign=True, decimals=2)}",
    )
    if report.moves and DRIVER not in report.moves:
        console.print(f"{DRIVER} does not move, so the other coins stay still: betas are to it.")
    console.print(_outcomes(report))
    if report.events:
        console.print(_events(report))
    if report.ladder is not None:
        console.print(_ladder(report.ladder))
    if report.cascade is not None:
        _print_cascade(console, report.cascade)
    if report.touch is not None:
        _print_touch(console, report.touch)
    if report.reverse_stress:
        console.print(_stresses(report.reverse_stress))
    if report.break_even:
        console.print(_break_evens(report.break_even))
    for deposit in report.repair.add_collateral:
        where = deposit.symbol or "its wallet"
        console.print(f"Add {deposit.amount:,} {deposit.asset} to {deposit.account}, {where}.")
    for cut in report.repair.reduce:
        console.print(
            f"or cut {cut.quantity:,} of {cut.symbol} {cut.side} at {cut.account} "
            f"(pays {text.usd(cut.pays_usd, decimals=2)} in fee and slippage)."
        )
    _print_problems(console, report.problems)


def _print_cascade(console: Console, cascade: CascadeReport) -> None:
    console.print(_bands(cascade))
    console.print(
        f"The gain of selling is {cascade.gain_hours:.2f} over hours and "
        f"{cascade.gain_seconds:.2f} over seconds; from 1 on it feeds itself.",
        soft_wrap=True,
    )
    for cliff in cascade.cliffs:
        console.print(
            f"Pushed to {text.price(cliff.price)}, one more dollar of selling carries the price on "
            f"to {text.price(cliff.lands_at)}.",
            soft_wrap=True,
        )
    if cascade.own_effect_fraction:
        moved = text.percent(cascade.own_effect_fraction, 3)
        console.print(f"Your own liquidations move the price by {moved}.", soft_wrap=True)
    for assumption in cascade.assumptions:
        console.print(f"  {assumption}", soft_wrap=True)


def _bands(cascade: CascadeReport) -> Table:
    title = f"Cascade model ({cascade.coin}), {cascade.paths:,} paths"
    table = _table(title, ("",), ("5 %", "50 %", "95 %"))
    rows = (
        ("Lowest price" if cascade.scenario_price < cascade.start_price else "Highest price",
         cascade.price, text.price),
        ("Beyond the scenario", cascade.overshoot_fraction, text.percent),
        ("Forced orders", cascade.forced_usd, text.usd),
        ("Open interest left", cascade.open_interest_base, text.quantity),
    )  # fmt: skip
    for label, band, written in rows:
        table.add_row(label, written(band.p5), written(band.p50), written(band.p95))
    for death in cascade.deaths:
        share = text.percent(death.share)
        table.add_row(f"{death.account} {death.symbol} {death.side} is liquidated", "", share, "")
    return table


def _print_touch(console: Console, touch: TouchReport) -> None:
    table = _table("Touched within, by the range of models", ("Price", "Whose"), ())
    for days in (band.horizon_days for band in touch.touches[0].bands):
        table.add_column(f"{days} d", justify="right", no_wrap=True)
    for row in touch.touches:
        ranges = [text.whole_fives(band.low, band.high) for band in row.bands]
        table.add_row(text.price(row.price), row.what, *ranges)
    console.print(table)
    for assumption in touch.assumptions:
        console.print(f"  {assumption}", soft_wrap=True)


def _stresses(rows: Iterable[ReverseStress]) -> Table:
    figures = ("From", "To", "Move", "Daily sigmas")
    table = _table(
        "What liquidates each margin pool, by one move", ("Margin pool", "Move of"), figures
    )
    for row in rows:
        table.add_row(
            stressed_pool(row),
            move_text(row),
            from_text(row),
            to_text(row),
            text.percent(row.move_fraction, sign=True),
            sigmas_text(row),
        )
    return table


def _break_evens(rows: Iterable[BreakEven]) -> Table:
    figures = ("At", "Move", "Daily sigmas", "Profit now", "Fees", "Funding")
    table = _table("Where each margin pool breaks even", ("Margin pool",), figures)
    for row in rows:
        table.add_row(
            stressed_pool(row),
            break_even_text(row),
            text.percent(row.move_fraction, 2, sign=True),
            sigmas_text(row),
            text.usd(row.profit_usd, sign=True),
            text.usd(row.fees_usd, decimals=2),
            text.usd(row.funding_usd, decimals=2),
        )
    return table


def print_findings(findings: Iterable[Finding]) -> None:
    """Print what was found, each as soon as it is known."""
    console = new_console()
    for finding in findings:
        console.print(
            f"{_VERDICTS[finding.ok]:4} {finding.subject:<24} {finding.says}", soft_wrap=True
        )


def _outcomes(report: ScenarioReport) -> Table:
    table = _table("Then", ("Account", "Position"), ("P&L", "Ratio", "State"))
    for position in report.positions:
        table.add_row(
            position.account,
            f"{position.symbol} {position.side}",
            text.usd(position.pnl_usd, sign=True, decimals=2),
            text.percent(position.margin_ratio),
            outcome(position),
        )
    return table


def _events(report: ScenarioReport) -> Table:
    labels = ("Step", "Account", "Position", "What")
    table = _table("On the way", labels, ("Price", "Loss", "Equity after"))
    for event in report.events:
        table.add_row(
            str(event.step),
            event.account,
            f"{event.symbol} {event.side}",
            event.kind.value,
            text.price(event.price),
            text.usd(event.loss_usd, decimals=2),
            text.usd(event.equity_after_usd, decimals=2),
        )
    return table


def _ladder(curve: EquityCurve) -> Table:
    table = _table(f"Ladder ({curve.coin})", (), ("Price", "Equity", "P&L", "Liquidated"))
    columns = (curve.price, curve.equity_usd, curve.pnl_usd, curve.liquidated)
    for price, equity, pnl, dead in zip(*columns, strict=True):
        table.add_row(
            text.price(float(price)),
            text.usd(float(equity), decimals=2),
            text.usd(float(pnl), sign=True, decimals=2),
            f"{int(dead)}",
        )
    return table


def new_console() -> Console:
    """Return a console for plain text."""
    # text of the file is data: no markup; a narrow terminal wraps lines, no figure is cut
    console = Console(markup=False, highlight=False)
    console.width = max(console.width, _LEAST_COLUMNS)
    return console


def _table(title: str, labels: Iterable[str], figures: Iterable[str]) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for label in labels:
        table.add_column(label)
    for figure in figures:
        table.add_column(figure, justify="right", no_wrap=True)
    return table


def _money(value: float | None, currency: str) -> str:
    """Return an amount of a pool's coin: cents of a dollar coin, finer ones of another."""
    return text.number(value, 2 if currency in STABLECOINS else 6)


def _times(value: float | None) -> str:
    known = text.number(value, 1)
    return known if value is None else f"{known}\N{MULTIPLICATION SIGN}"


def _liquidation(position: PositionReport) -> str:
    if position.liquidation is LiquidationKind.PRICE:
        return text.price(position.liquidation_price)
    return position.liquidation.value


def _print_problems(console: Console, problems: Iterable[str]) -> None:
    for problem in problems:
        console.print(f"! {problem}", soft_wrap=True)
