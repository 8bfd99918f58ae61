"""Labelled prices across a chart: own liquidations and the scenario."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen

from ui import format as fmt
from ui.charts.map_levels import MapUnit, waiting_text
from ui.charts.pixels import Layer, PixelMap
from ui.charts.plotting import ViewBox
from ui.theme import MIN_FONT_PX, Theme
from ui.trust import Trust, cross_rows, muted, trust_of
from ui.urgency import distance_token
from workstation.market.instrument import split_symbol
from workstation.portfolio.model import MarginMode
from workstation.risk.heatmap_reading import Way
from workstation.risk.report import (
    AccountReport,
    PositionReport,
    RiskReport,
    Status,
)

LABEL_PX: Final = 18
LABEL_LEFT_PX: Final = 10
OUTSIDE: Final = 2  # lines named at the upper and the lower edge, the nearest ones


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLine:
    """One price, its text, the theme token of its colour and how its line is drawn."""

    price: float
    text: str
    token: str
    style: Qt.PenStyle = field(default=Qt.PenStyle.DotLine)


def own_lines(
    report: RiskReport,
    coin: str,
    *,
    blind: bool = False,
    met: Callable[[float], str] = lambda _: "",
) -> tuple[PriceLine, ...]:
    """Return where positions in a coin and pools that hang on it are liquidated.

    A line whose marks are not of now is dim; ``blind``: none of the book is. ``met`` says what
    is liquidated on the way to a price.

    A cross position dies with its pool, so the pool's line stands for it wherever the pool has a
    price in this coin.
    """
    pools = {
        (account.id, account.currency): account
        for account in report.accounts
        if account.liquidation_coin == coin and account.liquidation_coin_price is not None
    }
    lines = [
        _pool_line(account, trust_of(cross_rows(report, account), blind=blind), met)
        for account in pools.values()
    ]
    for position in report.positions:
        has_pool = position.margin_mode is MarginMode.CROSS and (
            (position.account, position.currency) in pools
            or (position.account, "USD") in pools  # one pool for all in a multi-asset account
        )
        if split_symbol(position.symbol)[0] == coin and not has_pool:
            lines += _position_lines(position, trust_of((position,), blind=blind), met)
    return tuple(sorted(lines, key=lambda line: -line.price))


def met_text(
    way: Way | None, mark: float | None, price: float, unit: MapUnit = MapUnit.USD, coin: str = ""
) -> str:
    """Return `` · $0.2–0.5 B of longs before it``; empty without a map, or where nothing waits."""
    if way is None or mark is None:
        return ""
    side, waiting = way.before(price, mark)
    if not waiting.usd > 0:
        return ""
    return f" · {waiting_text(waiting, unit, coin)} of {side.value}s before it"


def scenario_line(price: float, met: str = "") -> PriceLine:
    text = f"Scenario {fmt.price(price)}{met}"
    return PriceLine(price=price, text=text, token="accent", style=Qt.PenStyle.DashLine)


_VERBS: Final = {Status.PRESUMED_LIQUIDATED: "presumably liquidated at"}


def _pool_line(account: AccountReport, trust: Trust, met: Callable[[float], str]) -> PriceLine:
    price = account.liquidation_coin_price or 0.0
    token = distance_token(account.liquidation_coin_distance, account.status)
    return PriceLine(
        price=price,
        text=f"{account.id} account {_fate(account.status, price, met)}",
        token=muted(token or "text", trust),
    )


def _position_lines(
    position: PositionReport, trust: Trust, met: Callable[[float], str]
) -> list[PriceLine]:
    price = position.liquidation_price
    if price is None:
        return []
    coin = split_symbol(position.symbol)[0]
    name = f"{fmt.venue_name(position.venue)} {coin} {position.side.value}"
    token = muted(distance_token(position.distance, position.status) or "text", trust)
    fate = _fate(position.status, price, met)
    return [PriceLine(price=price, text=f"{name} {fate}", token=token)]


def _fate(status: Status, price: float, met: Callable[[float], str]) -> str:
    """Say at which price it dies; one that is past it has only the mark, which is no price."""
    if status is Status.BELOW_MAINTENANCE:
        return "already past liquidation"
    before = "" if status in _VERBS else met(price)
    return f"{_VERBS.get(status, 'liquidates')} {fmt.price(price)}{before}"


class PriceLinesItem(Layer):
    """Lines with labels that do not cover each other; prices outside are named at the edge."""

    def __init__(self, view: ViewBox, theme: Theme) -> None:
        super().__init__(view, z=10)
        self._theme = theme
        self.lines: Sequence[PriceLine] = ()

    def draw(self, painter: QPainter, pixels: PixelMap) -> None:
        font = painter.font()
        font.setPixelSize(MIN_FONT_PX + 1)
        painter.setFont(font)
        inside = [line for line in self.lines if pixels.low <= line.price <= pixels.high]
        for line in inside:
            painter.setPen(QPen(self._theme.colour(line.token), 1, line.style))
            y = round(pixels.y_of(line.price)) + 0.5
            painter.drawLine(QLineF(0, y, pixels.width, y))
        above = [line for line in self.lines if line.price > pixels.high]
        below = [line for line in self.lines if line.price < pixels.low]
        above = sorted(above, key=lambda line: -line.price)[-OUTSIDE:]
        below = sorted(below, key=lambda line: -line.price)[:OUTSIDE]
        shown = [*above, *sorted(inside, key=lambda line: -line.price), *below]
        wanted = [pixels.y_of(line.price) - LABEL_PX for line in shown]
        for line, top in zip(shown, spread(wanted, LABEL_PX, pixels.height), strict=True):
            arrow = "\N{UPWARDS ARROW} " if line in above else ""
            arrow = "\N{DOWNWARDS ARROW} " if line in below else arrow
            self._draw_label(painter, line, arrow + line.text, top)

    def _draw_label(self, painter: QPainter, line: PriceLine, text: str, top: float) -> None:
        width = QFontMetricsF(painter.font()).horizontalAdvance(text) + 8
        place = QRectF(LABEL_LEFT_PX - 4, top + 1, width, LABEL_PX - 2)
        painter.fillRect(place, self._theme.colour("background", 0.72))
        painter.setPen(self._theme.colour(line.token))
        painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)


def spread(tops: Sequence[float], size: float, height: float) -> list[float]:
    """Move labels (from the top down) as little as needed so that none covers another.

    What does not fit into the height is pushed out at the top.
    """
    placed: list[float] = []
    for top in tops:
        least = placed[-1] + size if placed else 0.0
        placed.append(max(top, least))
    most = height - size
    for index in range(len(placed) - 1, -1, -1):
        placed[index] = min(placed[index], most)
        most = placed[index] - size
    return placed
