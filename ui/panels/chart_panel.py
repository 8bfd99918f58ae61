"""What the panels with a chart have in common: header, group, watermark, sleep while hidden."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ui.charts.axes import ValueText
from ui.charts.chart import Chart, Extent
from ui.charts.header import HeaderText
from ui.panels.base import Panel, PanelContext
from ui.theme import SPACING
from workstation.market.feed import FeedMode, FeedUpdate
from workstation.services.desk_news import View


class ChartPanel(Panel):
    """A header line above a chart of the context's group.

    Subclasses implement ``refresh``, which reads the store and shows what is new there; it is
    called after every update of the market while the panel is visible, in a turn of its own, and
    when it becomes so.
    """

    def __init__(
        self,
        context: PanelContext,
        *,
        text: ValueText,
        with_time: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(context, parent)
        self.group = context.charts
        self._shown: tuple[str, int] | None = None  # the coin and interval that are drawn
        self.chart = Chart(self.group, self.theme, text=text, fit=self.fit, with_time=with_time)
        self.header = HeaderText(self.theme)
        self.tool_row = QHBoxLayout()
        self.tool_row.setContentsMargins(SPACING, 2, SPACING, 2)
        self.tool_row.setSpacing(SPACING)
        self.tool_row.addWidget(self.header, 1)
        self.rows = QVBoxLayout(self)
        self.rows.setContentsMargins(0, 0, 0, 0)
        self.rows.setSpacing(0)
        self.rows.addLayout(self.tool_row)
        self.rows.addWidget(self.chart, 1)
        self.setFocusProxy(self.chart)
        self.chart.set_mode(self.bridge.desk.store.mode)
        self.bridge.market_changed.connect(self._take_update)
        self.bridge.view_changed.connect(self._take_view)
        self.bridge.source_changed.connect(self._take_source)
        self.group.cursor_moved.connect(self._take_cursor)

    def fit(self, start_ms: float, end_ms: float) -> Extent | None:
        """Return the lowest and highest value to show between two times."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Show what the store holds now."""
        raise NotImplementedError

    def clear(self) -> None:
        """Forget everything drawn: time jumped, or another source was opened."""

    def show_header(self) -> None:
        """Show the values at the crosshair, or else now."""

    @Slot(object)
    def _take_update(self, update: FeedUpdate) -> None:
        if update.restarted:
            self._begin_anew()
        elif self.isVisible():
            self.bridge.later(self, self._show_now)

    @Slot(object)
    def _take_view(self, view: View) -> None:
        if self.isVisible() and (view.coin, view.interval_s) != self._shown:
            self._show_now()

    @Slot(object)
    def _take_source(self, mode: FeedMode) -> None:
        self.chart.set_mode(mode)
        self._begin_anew()

    def _begin_anew(self) -> None:
        self.clear()
        self.group.follow()
        if self.isVisible():
            self._show_now()

    @Slot()
    def _take_cursor(self) -> None:
        if self.isVisible():
            self.show_header()

    def _show_now(self) -> None:
        store, view = self.bridge.desk.store, self.bridge.desk.view
        self._shown = view.coin, view.interval_s
        if store.now_ms:
            self.group.show_bars(view.interval_s, store.now_ms)
            self.group.set_edge(store.now_ms)
        self.refresh()
        self.chart.follow_group()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_now()
