"""Gauges: how the market of the watched coin reads, and how unusual that is."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from ui import format as fmt
from ui.gauges.gauge import WIDTH_PX, Gauge
from ui.panels.base import Panel, PanelContext
from ui.style import plain_label, tint
from workstation.market.feed import FeedUpdate
from workstation.risk.indicators import INDICATORS, Gauges
from workstation.units import SECOND_MS

_GAP_PX: Final = 18
_STALE_S: Final = 3.0  # three readings
_EMPTY: Final = (
    "Waiting for the first prices. If none come, look at the venues in the status bar, or choose "
    "another source (Market menu)."
)


class GaugesPanel(Panel):
    """One gauge an indicator, in as many columns as there is room for."""

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._gauges: Gauges | None = None
        self._now_ms = 0
        self._note = plain_label(_EMPTY)
        self._note.setWordWrap(True)
        tint(self._note, self.theme, "dim")
        self.gauges = tuple(Gauge(indicator, self.theme) for indicator in INDICATORS)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(_GAP_PX)
        self._grid.setVerticalSpacing(12)
        self._columns = 0
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(10)
        layout.addLayout(self._grid)
        layout.addWidget(self._note)
        layout.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._arrange()
        self.bridge.gauges_changed.connect(self.show_gauges)
        self.bridge.market_changed.connect(self.show_time)
        self.bridge.view_changed.connect(self.show_view)
        self.bridge.source_changed.connect(self.show_source)
        self.show_view(None)

    @Slot(object)
    def show_gauges(self, gauges: Gauges) -> None:
        """Show every reading, and of which coin they are."""
        self._gauges, self._now_ms = gauges, gauges.as_of_ms
        self.when_seen(self._show)

    @Slot(object)
    def show_time(self, update: FeedUpdate) -> None:
        """Let ages grow; what is no longer read anew is dimmed."""
        self._now_ms = update.now_ms
        self.when_seen(self._show_ages)

    @Slot(object)
    def show_view(self, _: object) -> None:
        """Forget the readings of another coin."""
        gauges = self.bridge.desk.gauges
        if gauges is None:
            self._forget()
        elif gauges is not self._gauges:
            self.show_gauges(gauges)

    @Slot(object)
    def show_source(self, _: object) -> None:
        self._forget()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _forget(self) -> None:
        self._gauges = None
        self.when_seen(self._show)

    def _show(self) -> None:
        gauges = self._gauges
        if gauges is None:
            for gauge in self.gauges:
                gauge.show_reading(None, None)
            self._note.setText(_EMPTY)
            return
        for gauge, (_, reading) in zip(self.gauges, gauges.readings, strict=True):
            gauge.show_reading(reading, 0.0)
        self._note.setText(
            f"{gauges.coin} at {fmt.utc_time(gauges.as_of_ms)} UTC. A band says how a reading is "
            "called, and its tooltip what such readings were followed by; none is a forecast."
        )

    def _show_ages(self) -> None:
        if self._gauges is None:
            return
        tape = self.bridge.desk.store.tape
        speed = tape.speed if tape is not None else 1.0
        age_s = max(0.0, (self._now_ms - self._gauges.as_of_ms) / SECOND_MS)
        for gauge in self.gauges:
            gauge.show_age(age_s)
            gauge.set_stale(stale=age_s > _STALE_S * max(1.0, speed))

    def _arrange(self) -> None:
        columns = max(1, min(len(self.gauges), (self.width() + _GAP_PX) // (WIDTH_PX + _GAP_PX)))
        if columns == self._columns:
            return
        self._columns = columns
        for index, gauge in enumerate(self.gauges):
            self._grid.addWidget(gauge, index // columns, index % columns)
        for column in range(len(self.gauges)):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
