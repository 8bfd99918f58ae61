"""Where the scenario goes: the price as a field and a slider, how long it takes, how hard it is."""

from __future__ import annotations

import dataclasses
import math
from typing import Final

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from ui import format as fmt
from ui.names import others_text
from ui.panels.base import PanelContext
from ui.price_entry import PriceBox
from ui.style import ElidedLabel, caption_font, plain_label, tint
from ui.theme import figure_font
from workstation.market.overview import MarketOverview
from workstation.risk.adverse import OVERSHOOT_SOURCE
from workstation.services.desk_news import View

_SLIDER_STEPS: Final = 1_000
_RANGE: Final = (0.5, 1.3)  # of the mark: what the slider reaches
_DURATIONS_H: Final = {"10 min": 1 / 6, "1 h": 1.0, "6 h": 6.0, "24 h": 24.0, "7 d": 168.0}
_WIDE_PX: Final = 760  # from here on there is room for a remark beside the move
_ROOMY_PX: Final = 560  # ... and for the words around it
_LEAST_PX: Final = 230  # of a width at which nothing is cut yet
_ONE_LINE_PX: Final = 440  # below it the duration stands on a line of its own
_BETA_HELP: Final = (
    "Other coins move with BTC by their betas, in logarithms.\nAssumed where no hourly returns are "
    "at hand: ETH 1.25, SOL 1.35, BNB 1.15, XRP 1.4, DOGE 1.5, others 1.6, from the day and week "
    "of 5 and 6 February 2026"
)
_PRICE_HELP: Final = (
    "The price that the scenario ends at; also a line on the chart. Write 62,000, 62k, or -10% for "
    "a move from the mark"
)
_DURATION_HELP: Final = (
    "How long the move takes: funding is paid meanwhile.\n"
    "Assumed: 6 h, as long as the last 11 % to the low of 6 February 2026 took"
)
_HARDER_HELP: Final = (
    "The way out holds at the unfavourable end: beyond the price, and with every beta at that end "
    "of its band that hurts.\nAssumed: " + OVERSHOOT_SOURCE
)


class ScenarioEntry(QWidget):
    """Field, slider, duration and overshoot: one with the line on the chart."""

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge, self._theme = context.bridge, context.theme
        self._mark: float | None = None
        self._mark_coin = ""
        self._view = self._bridge.desk.view
        self._build()
        self.show_view(self._view)
        self._bridge.source_changed.connect(self.forget_mark)
        self._bridge.view_changed.connect(self.show_view)
        self._bridge.overview_changed.connect(self.show_overview)

    @Slot(object)
    def show_view(self, view: View) -> None:
        """Follow the scenario wherever it was changed."""
        self._view = view
        with QSignalBlocker(self.price), QSignalBlocker(self._slider):
            self.price.setValue(view.scenario_price)
            self._slider.setValue(self._to_step(view.scenario_price))
        with QSignalBlocker(self._harder):
            self._harder.setChecked(view.unfavourable)
        with QSignalBlocker(self._duration):
            nearest = min(_DURATIONS_H, key=lambda name: abs(_DURATIONS_H[name] - view.over_h))
            self._duration.setCurrentText(nearest)
        self._show_move()

    @Slot(object)
    def show_overview(self, overview: MarketOverview) -> None:
        """Centre the slider's range on the mark, but not while the user holds it."""
        if overview.mark_price is None and overview.coin == self._mark_coin:
            return  # the last known one stays; the strip says how old it is
        self._mark, self._mark_coin = overview.mark_price, overview.coin
        self.price.mark = overview.mark_price
        self._show_move()
        if not self._slider.isSliderDown():
            with QSignalBlocker(self._slider):
                self._slider.setValue(self._to_step(self._view.scenario_price))

    @Slot(object)
    def forget_mark(self, _: object = None) -> None:
        """Measure no move from a mark of another market."""
        self._mark, self._mark_coin = None, ""
        self.price.mark = None
        self._show_move()

    @Slot(int)
    def choose_step(self, step: int) -> None:
        """Take the slider's place as the scenario price."""
        if self._mark is not None:
            low, high = (math.log(self._mark * share) for share in _RANGE)
            price = math.exp(low + (high - low) * step / _SLIDER_STEPS)
            self.choose_price(_rounded(price))

    @Slot(float)
    def choose_price(self, price: float) -> None:
        if price > 0 and price != self._view.scenario_price:
            view = dataclasses.replace(self._view, scenario_price=price)
            self._bridge.desk.set_view(view)
            self.show_view(view)

    @Slot(str)
    def choose_duration(self, name: str) -> None:
        view = dataclasses.replace(self._view, over_h=_DURATIONS_H[name])
        self._bridge.desk.set_view(view)

    @Slot(bool)
    def choose_end(self, unfavourable: bool) -> None:
        """Let the way out hold at the scenario's unfavourable end, or at the scenario itself."""
        view = dataclasses.replace(self._view, unfavourable=unfavourable)
        self._bridge.desk.set_view(view)

    @Slot(str)
    def show_refusal(self, sentence: str) -> None:
        """Say at the field what is wrong with what was written; empty when nothing is."""
        self._refusal.setText(sentence)
        self._refusal.setVisible(bool(sentence))

    @Slot()
    def hand_on_keyboard(self) -> None:
        """Give the keyboard to the slider once a price is entered: a field holds Ctrl+Right."""
        if not self._refusal.text():
            self._slider.setFocus(Qt.FocusReason.OtherFocusReason)
            self.price.lineEdit().deselect()

    def _to_step(self, price: float) -> int:
        if self._mark is None or price <= 0:
            return self._slider.value()
        low, high = (math.log(self._mark * share) for share in _RANGE)
        return round((math.log(price) - low) / (high - low) * _SLIDER_STEPS)

    def _show_move(self) -> None:
        move = self._view.scenario_price / self._mark - 1 if self._mark else None
        words = fmt.percent(move, sign=True)
        others = others_text(self._view.coin, use_betas=self._view.use_betas)
        wide, roomy = self.width() >= _WIDE_PX, self.width() >= _ROOMY_PX
        self._caption.setText(
            f"Scenario: {self._view.coin} to" if roomy else f"{self._view.coin} to"
        )
        self.distance.setText(f"({words}) · {others}" if wide else f"({words})")
        self._within.setVisible(roomy)
        self.distance.setToolTip(f"Move from the consolidated mark; {others}\n{_BETA_HELP}")

    def minimumSizeHint(self) -> QSize:
        return QSize(_LEAST_PX, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        one_line = self.width() >= _ONE_LINE_PX
        ways = QBoxLayout.Direction
        self._lines.setDirection(ways.LeftToRight if one_line else ways.TopToBottom)
        self._show_move()

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        self._refusal = plain_label()
        self._refusal.setWordWrap(True)
        self._refusal.hide()
        tint(self._refusal, self._theme, "alarm")
        self._lines = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._lines.addLayout(self._make_price(), 1)
        self._lines.addLayout(self._make_terms())
        layout.addLayout(self._lines)
        layout.addWidget(self._refusal)
        layout.addWidget(self._make_slider())

    def _make_price(self) -> QHBoxLayout:
        self._caption = plain_label()
        self._caption.setFont(caption_font())
        tint(self._caption, self._theme, "dim")
        self.price = PriceBox()
        self.price.setFont(figure_font(14))
        self.price.setToolTip(_PRICE_HELP)
        self.price.valueChanged.connect(self.choose_price)
        self.price.refused.connect(self.show_refusal)
        self.price.lineEdit().returnPressed.connect(self.hand_on_keyboard)
        self.distance = ElidedLabel()
        self.distance.setFont(figure_font())
        tint(self.distance, self._theme, "dim")
        line = QHBoxLayout()
        line.addWidget(self._caption)
        line.addWidget(self.price)
        line.addWidget(self.distance, 1)
        return line

    def _make_terms(self) -> QHBoxLayout:
        self._within = plain_label("within")
        tint(self._within, self._theme, "dim")
        self._duration = QComboBox()
        self._duration.addItems(list(_DURATIONS_H))
        self._duration.setToolTip(_DURATION_HELP)
        self._duration.currentTextChanged.connect(self.choose_duration)
        self._harder = QCheckBox("with overshoot")
        self._harder.setToolTip(_HARDER_HELP)
        self._harder.toggled.connect(self.choose_end)
        line = QHBoxLayout()
        for widget in (self._within, self._duration, self._harder):
            line.addWidget(widget)
        return line

    def _make_slider(self) -> QSlider:
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, _SLIDER_STEPS)
        self._slider.setPageStep(_SLIDER_STEPS // 50)
        self._slider.setToolTip("The scenario price, from half the mark to 1.3 times the mark")
        self._slider.setProperty("role", "scenario")
        self._slider.valueChanged.connect(self.choose_step)
        return self._slider


def _rounded(price: float) -> float:
    """Return a price that is pleasant to read: four significant digits."""
    digits = 3 - math.floor(math.log10(price))
    return round(price, digits)
