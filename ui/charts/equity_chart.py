"""Equity of all accounts over the price of one coin: steps are liquidations."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple, TypeVar

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from ui import format as fmt
from ui.charts.plotting import polyline
from ui.charts.ticks import nice_step, value_ticks
from ui.names import EVENT_WORDS, coin_of
from ui.theme import MIN_FONT_PX, Theme, figure_font
from workstation.market.facts import FloatArray
from workstation.risk.report import EquityCurve, EventKind, ScenarioEvent

_LEFT, _TOP, _RIGHT, _BOTTOM = 62, 18, 12, 18
_LEAST_PX: Final = 84  # the axes, and room for the marks between them
_TICK_PX: Final = (80, 22)  # least distance of two ticks, across and up
_MARK_PX: Final = 3.5
_HOLLOW_WORDS: Final = {
    EventKind.STOP: "your {}stop fills",
    EventKind.FILL: "your {}order fills",
    EventKind.ADL: f"{{}}{EVENT_WORDS[EventKind.ADL]}",
}
_LEAST_SPAN: Final = 0.12  # of the price now, without the margins
_MARGIN: Final = 0.6  # of that span, on both sides
_SNAP: Final = 0.05  # of the price now: the ends keep to such steps, so a drag shifts little
Place = TypeVar("Place", float, FloatArray)


class Frame(NamedTuple):
    """Prices at the left and right, equity in USD at the bottom and top."""

    first: float
    last: float
    low: float
    high: float


class EquityChart(QWidget):
    """A curve with "now" and the scenario marked; its axes have units."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._curve: EquityCurve | None = None
        self._scenario: float | None = None
        self._events: list[ScenarioEvent] = []
        self._now: float | None = None
        self._words = ""  # said while there is no curve
        self._frame: Frame | None = None  # what is drawn; a place is asked for thousands of times
        self.setMinimumHeight(_LEAST_PX)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_curve(
        self, curve: EquityCurve, scenario_price: float, events: Sequence[ScenarioEvent] = ()
    ) -> None:
        """Draw a curve, the scenario, and where something happens on the way to it."""
        self._curve, self._scenario = curve, scenario_price
        on_curve = [event for event in events if curve.coin in event.coin_price]
        self._events = on_curve
        self._show_anew()

    def show_now(self, price: float | None) -> None:
        if price != self._now:
            self._now = price
            self._show_anew()

    def clear(self) -> None:
        self._curve = None
        self._show_anew()

    def say(self, words: str) -> None:
        """Say what a missing curve waits for, or what to do; a curve takes the place of it."""
        if words != self._words:
            self._words = words
            self.update()

    def said(self) -> str:
        """Return what stands in the place of the curve; empty where there is one."""
        return self._words if self._curve is None else ""

    def _show_anew(self) -> None:
        self._frame = None
        self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(figure_font(MIN_FONT_PX))
        if self._curve is None or not len(self._curve.price):
            painter.setPen(self._theme.colour("dim"))
            how = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect(), int(how), self._words)
            return
        self._draw_axes(painter)
        self._draw_line(painter, self._now, "now", "dim", Qt.PenStyle.DashLine)
        self._draw_line(
            painter, self._scenario, fmt.price(self._scenario), "accent", Qt.PenStyle.SolidLine
        )
        self._draw_legend(painter, self._curve)
        self._draw_curve(painter, self._curve)
        self._draw_events(painter, self._curve)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        curve = self._curve
        if curve is None or not len(curve.price):
            return
        share = (event.position().x() - _LEFT) / self._plot().width()
        price = self.frame.first + share * (self.frame.last - self.frame.first)
        row = int(np.clip(np.searchsorted(curve.price, price), 0, len(curve.price) - 1))
        QToolTip.showText(
            event.globalPosition().toPoint(),
            f"{curve.coin} {fmt.price(float(curve.price[row]))}: equity "
            f"{fmt.usd(float(curve.equity_usd[row]))}, P&L "
            f"{fmt.usd(float(curve.pnl_usd[row]), sign=True)}, "
            f"{int(curve.liquidated[row])} liquidated" + self._events_near(event.position().x()),
            self,
        )

    def _plot(self) -> QRectF:
        return QRectF(_LEFT, _TOP, self.width() - _LEFT - _RIGHT, self.height() - _TOP - _BOTTOM)

    @property
    def frame(self) -> Frame:
        """The axes of the curve that is shown."""
        if self._frame is None:
            assert self._curve is not None
            ends = self._range()
            self._frame = Frame(*ends, *self._extent(self._curve, ends))
        return self._frame

    def _range(self) -> tuple[float, float]:
        """Return the prices at both ends: now, the scenario and what happens stand well inside."""
        assert self._curve is not None
        first, last = float(self._curve.price[0]), float(self._curve.price[-1])
        events = (event.coin_price[self._curve.coin] for event in self._events)
        shown = [price for price in (self._now, self._scenario, *events) if price is not None]
        if self._now is None or not shown:
            return first, last
        margin = _MARGIN * max(max(shown) - min(shown), _LEAST_SPAN * self._now)
        step = nice_step(_SNAP * self._now)
        low = math.floor((min(shown) - margin) / step) * step
        high = math.ceil((max(shown) + margin) / step) * step
        return (max(first, low), min(last, high)) if low < last and high > first else (first, last)

    def _extent(self, curve: EquityCurve, ends: tuple[float, float]) -> tuple[float, float]:
        """Return the equity at the bottom and the top: zero is always in sight."""
        inside = (curve.price >= ends[0]) & (curve.price <= ends[1])
        equity = [*curve.equity_usd[inside], *np.interp(ends, curve.price, curve.equity_usd)]
        low, high = float(np.nanmin(equity)), float(np.nanmax(equity))
        low, high = min(low, 0.0), max(high, 0.0)
        return low, high + 0.05 * (high - low) + 1e-9

    def _x(self, price: Place) -> Place:
        frame, plot = self.frame, self._plot()
        return plot.left() + (price - frame.first) / (frame.last - frame.first) * plot.width()

    def _y(self, equity: Place) -> Place:
        frame, plot = self.frame, self._plot()
        return plot.bottom() - (equity - frame.low) / (frame.high - frame.low) * plot.height()

    def _draw_axes(self, painter: QPainter) -> None:
        frame, plot, dim = self.frame, self._plot(), self._theme.colour("dim")
        for value in value_ticks(frame.low, frame.high, int(plot.height()) // _TICK_PX[1]):
            y = round(self._y(value)) + 0.5
            painter.setPen(self._theme.colour("line"))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(dim)
            place = QRectF(0, y - 9, _LEFT - 6, 18)
            side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(place, int(side), f"${fmt.abbreviated(value)}")
        for price in value_ticks(frame.first, frame.last, int(plot.width()) // _TICK_PX[0]):
            words = fmt.price(price)
            half = painter.fontMetrics().horizontalAdvance(words) / 2 + 1
            # a label at an end stands inside, and beside the one of the other axis
            middle = min(max(self._x(price), plot.left() + half - 4), self.width() - half)
            place = QRectF(middle - half, plot.bottom() + 2, 2 * half, _BOTTOM - 2)
            painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), words)

    def _draw_line(
        self,
        painter: QPainter,
        price: float | None,
        words: str,
        token: str,
        style: Qt.PenStyle,
    ) -> None:
        plot = self._plot()
        if price is None or not plot.left() <= self._x(price) <= plot.right():
            return
        x = round(self._x(price)) + 0.5
        painter.setPen(QPen(self._theme.colour(token), 1, style))
        painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()))
        is_now = token == "dim"
        # the two labels stand on either side of their lines, so they never meet
        place = QRectF(x + 4, 2, 90, 18) if is_now else QRectF(x - 94, 2, 90, 18)
        side = Qt.AlignmentFlag.AlignLeft if is_now else Qt.AlignmentFlag.AlignRight
        painter.drawText(place, int(side | Qt.AlignmentFlag.AlignVCenter), words)

    def _draw_curve(self, painter: QPainter, curve: EquityCurve) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.colour("text"), 1.6))
        painter.setClipRect(self._plot())
        painter.drawPath(polyline(self._x(curve.price), self._y(curve.equity_usd)))
        painter.setClipping(False)

    def _draw_events(self, painter: QPainter, curve: EquityCurve) -> None:
        """Mark what happens on the curve: a full mark for a liquidation, a hollow one else."""
        prices = np.array([event.coin_price[curve.coin] for event in self._events])
        x, y = self._x(prices), self._y(np.interp(prices, curve.price, curve.equity_usd))
        places = list(zip(self._events, x.tolist(), y.tolist(), strict=True))
        for full in (True, False):  # rings last, so that no full mark hides one
            self._choose_mark(painter, full=full)
            for event, left, top in places:
                if event.kind.liquidates is full:
                    painter.drawEllipse(QPointF(left, top), _MARK_PX, _MARK_PX)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _choose_mark(self, painter: QPainter, *, full: bool) -> None:
        colour = self._theme.colour("alarm" if full else "dim")
        painter.setPen(QPen(colour, 1.4))
        painter.setBrush(colour if full else Qt.BrushStyle.NoBrush)

    def _draw_legend(self, painter: QPainter, curve: EquityCurve) -> None:
        """Say what the marks are, in the upper corner that the curve leaves free."""
        metrics, gap, plot = painter.fontMetrics(), 4 * _MARK_PX, self._plot()
        for words in (self.legend(names=True), self.legend(), self.legend(prices=False)):
            width = sum(metrics.horizontalAdvance(text) + 1.5 * gap for _, text in words)
            if width <= plot.width():
                break
        else:
            return
        ends = np.interp((self.frame.first, self.frame.last), curve.price, curve.equity_usd)
        x = plot.left() if ends[1] >= ends[0] else plot.right() - width
        y = plot.top() + 9
        painter.fillRect(QRectF(x, y - 8, width, 16), self._theme.colour("panel", 0.8))
        for full, text in words:
            self._choose_mark(painter, full=full)
            painter.drawEllipse(QPointF(x + gap / 2, y), _MARK_PX, _MARK_PX)
            painter.setPen(self._theme.colour("dim"))
            place = QRectF(x + gap, y - 9, metrics.horizontalAdvance(text) + 2, 18)
            painter.drawText(place, int(Qt.AlignmentFlag.AlignVCenter), text)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            x += metrics.horizontalAdvance(text) + 1.5 * gap

    def legend(self, *, prices: bool = True, names: bool = False) -> list[tuple[bool, str]]:
        """Return what the full and the hollow marks are, and at which price the first of each is.

        Liquidations have theirs above the curve. A coin that is not the curve's is named, its
        account too with ``names``.
        """
        full = [(True, "liquidated")] if any(e.kind.liquidates for e in self._events) else []
        first = {event.kind: event for event in reversed(self._events)}
        hollow = [
            (False, self._told(words, first[kind], prices=prices, names=names))
            for kind, words in _HOLLOW_WORDS.items()
            if kind in first
        ]
        return full + hollow

    def _told(self, words: str, event: ScenarioEvent, *, prices: bool, names: bool) -> str:
        coin = coin_of(event.symbol)
        text = words.format("" if self._curve and coin == self._curve.coin else f"{coin} ")
        at = f" at {fmt.price(event.price)}" if prices else ""
        return f"{text}{at}{f' ({event.account})' if names else ''}"

    def _events_near(self, x: float) -> str:
        """Return a line for each event under the pointer."""
        curve = self._curve
        near = [
            event
            for event in self._events
            if curve is not None and abs(self._x(event.coin_price[curve.coin]) - x) < 2 * _MARK_PX
        ]
        return "".join(
            f"\n{event.step}. {event.account} {event.symbol} {event.side}: "
            f"{EVENT_WORDS[event.kind]}, loss {fmt.usd(event.loss_usd)}"
            for event in sorted(near, key=lambda event: event.step)
        )
