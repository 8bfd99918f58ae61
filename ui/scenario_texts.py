"""How a scenario is put into words: what is liquidated first, whose orders fill, how likely."""

from __future__ import annotations

from typing import Final

from ui import format as fmt
from ui.names import coin_of
from workstation.portfolio.model import MarginMode
from workstation.risk.outlook import TOUCH_UNKNOWN
from workstation.risk.report import (
    EventKind,
    PositionOutcome,
    RiskReport,
    ScenarioEvent,
    ScenarioPosition,
    ScenarioReport,
    Status,
)

MARKS_LEGEND: Final = "● liquidated  ○ an order of your own book fills"
_NEEDS: Final = "needs 30 days of hourly prices or a volatility of your own"
_ORDERS: Final = {EventKind.STOP: "stop", EventKind.FILL: "limit order"}


def first_liquidated(report: ScenarioReport, before: RiskReport | None = None) -> str:
    """Return ``Liquidated first: binance-main · BTC long at 67,123; then 2 more``, or nothing.

    A price that is not the one ``before`` the move has the funding of the way, and says so.
    """
    deaths = [event for event in report.events if event.kind.liquidates]
    if not deaths:
        return ""
    first = deaths[0]
    names = {(e.account, e.symbol, e.side) for e in deaths}
    more = f"; then {len(names) - 1} more" if len(names) > 1 else ""
    paid = " with funding" if has_funding(first, report, before) else ""
    return f"Liquidated first: {_name(first)} at {_at(first)}{paid}{more}"


def lost_already(before: RiskReport | None) -> str:
    """Return ``1 counts as lost already``: what is not on the way any more; or nothing."""
    rows = before.positions if before is not None else ()
    count = sum(row.status is Status.PRESUMED_LIQUIDATED for row in rows)
    return f"{count} {'counts' if count == 1 else 'count'} as lost already" if count else ""


def has_funding(first: ScenarioEvent, report: ScenarioReport, before: RiskReport | None) -> bool:
    """Tell whether funding of the way moves an isolated position's price from the one it has now.

    Its margin is its own, so nothing else moves it; of a cross position much else does.
    """
    key = first.account, first.symbol, first.side
    rows = before.positions if before is not None else ()
    row = next((row for row in rows if (row.account, row.symbol, row.side) == key), None)
    if row is None or (first.account, first.symbol) not in report.funded:
        return False
    apart = fmt.price(row.liquidation_price) != fmt.price(first.price)
    return row.margin_mode is MarginMode.ISOLATED and row.liquidation_price is not None and apart


def first_death(report: ScenarioReport) -> ScenarioEvent | None:
    """Return what the venues liquidate first on the way."""
    return next((event for event in report.events if event.kind.liquidates), None)


def funding_note(report: ScenarioReport, before: RiskReport | None) -> str:
    """Say why the first price on the way is another than the one now; empty where it is not."""
    first = first_death(report)
    if first is None or not has_funding(first, report, before):
        return ""
    return (
        "With the funding of the way paid out of its margin; the next liquidation at the top and "
        "the tables are without it."
    )


def orders_filled(report: ScenarioReport) -> str:
    """Return ``Your stop fills at 1,959.02 (BTC 67,187): hyperliquid-eth · ETH long``, or nothing.

    Orders of the book are no liquidations, and stand apart from them.
    """
    fills = [event for event in report.events if event.kind in _ORDERS]
    if not fills:
        return ""
    first = fills[0]
    more = f"; then {len(fills) - 1} more" if len(fills) > 1 else ""
    return f"Your {_ORDERS[first.kind]} fills at {_at(first)}: {_name(first)}{more}"


def is_closed_by_order(row: ScenarioPosition) -> bool:
    """Tell whether orders of the book closed a position whole: then no margin ratio is left."""
    return row.status is PositionOutcome.REDUCED and row.margin_ratio is None


def outcome(row: ScenarioPosition) -> str:
    """Return in a word what has become of a position; the specification's has none for closed."""
    return "closed" if is_closed_by_order(row) else row.status.value


def order_note(report: ScenarioReport) -> str:
    """Say what an order that fills is, and whether it comes before anything is liquidated."""
    kinds = [event.kind for event in report.events]
    orders = [at for at, kind in enumerate(kinds) if kind in _ORDERS]
    deaths = [at for at, kind in enumerate(kinds) if kind.liquidates]
    if not orders:
        return ""
    before = not deaths or orders[0] < deaths[0]
    when = "before anything is liquidated" if before else "on the way"
    betas = ", with the betas assumed" if report.betas else ""
    return f"An order of your own book, no liquidation: it fills {when}{betas}."


def likely(report: ScenarioReport) -> str:
    """Return ``How likely 60,000 is: 0-5 % in 1 d · 10-20 % in 7 d``, a range of the models."""
    touch = report.touch.touches[0] if report.touch and report.touch.touches else None
    if touch is None:
        return _not_known(report)
    ranges = " · ".join(
        f"{fmt.whole_fives(band.low, band.high)} in {band.horizon_days:g} d" for band in touch.bands
    )
    return f"How likely {fmt.price(touch.price)} is: {ranges}"


def _not_known(report: ScenarioReport) -> str:
    """Say that it is not known, and why, once the models have said so."""
    if TOUCH_UNKNOWN not in report.problems:
        return ""
    price = fmt.price(next(iter(report.moves.values()), None))
    return f"How likely {price} is: not known yet ({_NEEDS})"


def _name(event: ScenarioEvent) -> str:
    return f"{event.account} · {coin_of(event.symbol)} {event.side}"


def _at(event: ScenarioEvent) -> str:
    """Return the price, and where the coin that moves stands then if it is another."""
    coin, price = next(iter(event.coin_price.items()), ("", None))
    if not coin or coin == coin_of(event.symbol):
        return fmt.price(event.price)
    return f"{fmt.price(event.price)} ({coin} {fmt.price(price)})"
