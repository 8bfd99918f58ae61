"""How funding moves an isolated position's liquidation price, and when it meets the mark."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any, Final

from PySide6.QtCore import QSignalBlocker, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ui import format as fmt
from ui.charts.drift_chart import DriftChart
from ui.names import position_name
from ui.panels.base import Panel, PanelContext
from ui.style import plain_label, tint
from ui.theme import figure_font
from workstation.portfolio.model import MarginMode
from workstation.risk.funding_path import FundingPath
from workstation.risk.report import PositionReport, Status
from workstation.units import DAY_MS

_NONE: Final = (
    "Funding is paid out of an isolated position's own margin; the book holds no such position "
    "whose margin is known."
)
_NO_BOOK: Final = (
    "Open a portfolio file (Ctrl+O) to see where funding takes its liquidation prices."
)
_WIDEST_PERCENT: Final = 4.0  # per 8 h; the widest cap of the venues is far below
_STEP_PERCENT: Final = 0.005
_ANEW_S: Final = 10.0  # a line over days need not follow every price
Key = tuple[str, str, str]


def _key(row: PositionReport) -> Key:
    return row.account, row.symbol, row.side.value


def _name(row: PositionReport) -> str:
    name = position_name(row.symbol, row.side, row.leverage)
    return f"{name} · {fmt.venue_name(row.venue)} · {row.account}"


def words_of(path: FundingPath, now_ms: int) -> str:
    """Say how far a rate moves the price, and on which day it meets the mark."""
    rate = f"{'Running' if path.is_running else 'Chosen'} rate {fmt.funding(path.rate_8h)} per 8 h"
    if path.meets_in_days == 0.0:
        return f"{rate} · already below maintenance margin"
    drift = path.drift_per_day
    moves = "" if drift is None else f" · moves it {fmt.number(drift, 2, sign=True)} a day"
    if path.meets_in_days is None:
        return f"{rate}{moves} · away from the mark, which it never meets"
    day = fmt.utc_day(now_ms + int(path.meets_in_days * DAY_MS))
    return (
        f"{rate}{moves} · meets the mark, if that stands still, in "
        f"{fmt.number(path.meets_in_days, 1)} days, on {day}"
    )


class FundingDriftPanel(Panel):
    """A position, a rate, and the line that they give."""

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._rows: dict[Key, PositionReport] = {}
        self._rate_8h: float | None = None  # None: the running one
        self._drawn_s = -math.inf  # by the monotonic clock
        self.positions = QComboBox()
        self.positions.setToolTip("The isolated position whose liquidation price is drawn")
        self.positions.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.rate = self._rate_box()
        self.running = QToolButton()
        self.running.setText("Running rate")
        self.running.setToolTip("Follow the venue's present rate again")
        self.words = plain_label()
        self.words.setWordWrap(True)
        self.words.setMinimumHeight(2 * self.words.fontMetrics().lineSpacing())
        self._empty = plain_label(_NONE)
        self._empty.setWordWrap(True)
        tint(self._empty, self.theme, "dim")
        self.chart = DriftChart(self.theme)
        self._lay_out()
        self.positions.activated.connect(self._show_path)
        self.rate.valueChanged.connect(self._choose_rate)
        self.running.clicked.connect(self.follow_running)
        self.bridge.risk_changed.connect(self.show_report)
        self.bridge.portfolio_changed.connect(self.show_book)

    def _rate_box(self) -> QDoubleSpinBox:
        box = QDoubleSpinBox()
        box.setRange(-_WIDEST_PERCENT, _WIDEST_PERCENT)
        box.setDecimals(4)
        box.setSingleStep(_STEP_PERCENT)
        box.setSuffix(" % per 8 h")
        box.setFont(figure_font())
        box.setKeyboardTracking(False)
        box.setToolTip("A rate to try; longs pay if it is positive")
        return box

    def _lay_out(self) -> None:
        self._tools = QWidget()
        row = QHBoxLayout(self._tools)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.positions, 1)
        row.addWidget(QLabel("at"))
        row.addWidget(self.rate)
        row.addWidget(self.running)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.setSpacing(4)
        for widget in (self._empty, self._tools, self.words):
            layout.addWidget(widget)
        layout.addWidget(self.chart, 1)
        self._reveal(drawn=False)

    def _reveal(self, *, drawn: bool) -> None:
        self._empty.setText(_NONE if self.bridge.desk.portfolio is not None else _NO_BOOK)
        self._empty.setVisible(not drawn)
        for widget in (self._tools, self.words, self.chart):
            widget.setVisible(drawn)

    # --- showing --------------------------------------------------------------------------------

    @Slot(object)
    def show_book(self, _: object) -> None:
        """Draw another book at once, and the first answer about it as well."""
        self._drawn_s = -math.inf
        self.show_report(None)
        self._drawn_s = -math.inf

    @Slot(object)
    def show_report(self, _: object) -> None:
        """List the positions of the newest report and draw the chosen one's line now and then."""
        if not self.isVisible():
            return
        risk = self.bridge.desk.risk
        rows = risk.positions if risk is not None else ()
        drawable = [
            row
            for row in rows
            if row.margin_mode is MarginMode.ISOLATED
            and row.maintenance_margin is not None
            and row.status is not Status.PRESUMED_LIQUIDATED
        ]
        found = {_key(row): row for row in drawable}
        changed = found.keys() != self._rows.keys()
        if changed:
            chosen = self.positions.currentData()
            self.positions.clear()
            for key, row in found.items():
                self.positions.addItem(_name(row), key)
            if chosen in found:
                self.positions.setCurrentIndex(list(found).index(chosen))
        self._rows = found
        self._reveal(drawn=bool(found))
        if changed or time.monotonic() - self._drawn_s >= _ANEW_S:
            self._show_path()

    @Slot()
    def _show_path(self) -> None:
        self._drawn_s = time.monotonic()
        row, risk = self._rows.get(self.positions.currentData()), self.bridge.desk.risk
        if row is None or risk is None:
            return
        running = row.funding_path(None)
        path = running if self._rate_8h is None else row.funding_path(self._rate_8h)
        if path is not None and self._rate_8h is None:
            with QSignalBlocker(self.rate):
                self.rate.setValue(path.rate_8h * 100)
        self.running.setEnabled(self._rate_8h is not None and running is not None)
        untold = "No rate of this market is running here; choose one."
        self.words.setText(untold if path is None else words_of(path, risk.as_of_ms))
        self.chart.show_path(path, risk.as_of_ms, None if path is running else running)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.show_report(None)

    # --- asking ---------------------------------------------------------------------------------

    @Slot(float)
    def _choose_rate(self, percent: float) -> None:
        self._rate_8h = percent / 100
        self._show_path()

    @Slot()
    def follow_running(self) -> None:
        self._rate_8h = None
        self._show_path()

    # --- kept -----------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        return {"rate_8h": self._rate_8h}

    def restore(self, state: Mapping[str, Any]) -> None:
        rate = state.get("rate_8h")
        if isinstance(rate, float) and abs(rate) <= _WIDEST_PERCENT / 100:
            with QSignalBlocker(self.rate):
                self.rate.setValue(rate * 100)
            self._rate_8h = rate
