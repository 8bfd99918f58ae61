"""Without a display: a line on the terminal every ten seconds, so that nobody looks at nothing."""

from __future__ import annotations

import sys
from typing import Final

from PySide6.QtCore import QObject, QTimer, Slot

from ui import format as text
from workstation.market.facts import VenueState
from workstation.services.desk import Desk

EVERY_MS: Final = 10_000


class TerminalReport(QObject):
    """Prints price, equity, nearest liquidation and feed health."""

    def __init__(self, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        self._timer = QTimer(self)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self.print_line)

    def start(self) -> None:
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    @Slot()
    def print_line(self) -> None:
        sys.stderr.write(report_line(self._desk) + "\n")


def report_line(desk: Desk) -> str:
    """Return ``21:14:08 BTC 64,212 · equity $225,752 · next ... · 4 of 5 venues live``."""
    overview, risk = desk.overview, desk.risk
    parts = [f"{text.utc_time(desk.store.now_ms)} UTC {desk.store.mode}"]
    if overview:
        parts.append(f"{overview.coin} {text.price(overview.mark_price)}")
    if risk:
        parts.append(f"equity {text.usd(risk.totals.equity_usd)}")
        nearest = risk.next_liquidation
        parts.append(
            f"next liquidation {nearest.account} {nearest.symbol} {nearest.side} at "
            f"{text.price(nearest.price)} ({text.percent(nearest.distance)})"
            if nearest
            else "no liquidation price"
        )
    health = desk.store.health.values()
    live = sum(venue.state is VenueState.LIVE for venue in health)
    parts.append(f"{live} of {len(health)} venues live")
    parts += [f"{venue.venue}: {venue.error}" for venue in health if venue.error]
    return " · ".join(parts)
