"""How a scenario is put into words: what is liquidated first, whose orders fill, how likely."""

from __future__ import annotations

from typing import Final

from ui import format as fmt
from ui.names import coin_of
from workstation.risk.report import EventKind, ScenarioEvent, ScenarioReport

DEATHS: Final = (EventKind.PARTIAL, EventKind.LIQUIDATION)
MARKS_LEGEND: Final = "● liquidated  ○ an order of your own book fills"
_ORDERS: Final = {EventKind.STOP: "stop", EventKind.FILL: "limit order"}


def first_liquidated(report: ScenarioReport) -> str:
    """Return ``Liquidated first: binance-main · BTC long at 67,123; then 2 more``, or nothing."""
    deaths = [event for event in report.events if event.kind in DEATHS]
    if not deaths:
        return ""
    first = deaths[0]
    names = {(e.account, e.symbol, e.side) for e in deaths}
    more = f"; then {len(names) - 1} more" if len(names) > 1 else ""
    return f"Liquidated first: {_name(first)} at {_at(first)}{more}"


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


def order_note(report: ScenarioReport) -> str:
    """Say what an order that fills is, and whether it comes before anything is liquidated."""
    kinds = [event.kind for event in report.events]
    orders = [at for at, kind in enumerate(kinds) if kind in _ORDERS]
    deaths = [at for at, kind in enumerate(kinds) if kind in DEATHS]
    if not orders:
        return ""
    before = not deaths or orders[0] < deaths[0]
    when = "before anything is liquidated" if before else "on the way"
    return f"An order of your own book, no liquidation: it fills {when}."


def likely(report: ScenarioReport) -> str:
    """Return ``How likely 60,000 is: 0-5 % in 1 d · 10-20 % in 7 d``, a range of the models."""
    touch = report.touch.touches[0] if report.touch and report.touch.touches else None
    if touch is None:
        return ""
    ranges = " · ".join(
        f"{fmt.whole_fives(band.low, band.high)} in {band.horizon_days:g} d" for band in touch.bands
    )
    return f"How likely {fmt.price(touch.price)} is: {ranges}"


def _name(event: ScenarioEvent) -> str:
    return f"{event.account} · {coin_of(event.symbol)} {event.side}"


def _at(event: ScenarioEvent) -> str:
    """Return the price, and where the coin that moves stands then if it is another."""
    coin, price = next(iter(event.coin_price.items()), ("", None))
    if not coin or coin == coin_of(event.symbol):
        return fmt.price(event.price)
    return f"{fmt.price(event.price)} ({coin} {fmt.price(price)})"
