"""The card beside the cursor: what the liquidation map says of the place under it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen

from ui import format as fmt
from ui.charts.pixels import Layer, PixelMap
from ui.charts.plotting import ViewBox
from ui.theme import MIN_FONT_PX, Theme, figure_font
from workstation.risk.heatmap_reading import LEVERAGE_BANDS, Cell, Known, Waiting

LINE_PX: Final = 18
GAP_PX: Final = 16  # between cursor and card
_MARGIN_PX: Final = 8


def likely_text(waiting: Waiting, coin: str = "") -> str:
    """Return ``likely $0.30–1.10 B, estimate $600 M``; without a band only the estimate."""
    coins = f" ({fmt.quantity(waiting.base)} {coin})" if coin else ""
    estimate = f"{fmt.usd_short(waiting.usd)}{coins}"
    if waiting.low_usd is None or waiting.high_usd is None:
        return f"estimate {estimate}, band not known"
    return f"likely {fmt.usd_range(waiting.low_usd, waiting.high_usd)}, estimate {estimate}"


def leverage_text(shares: tuple[float, ...]) -> str:
    """Return ``to 5× 12 %, to 10× 30 %, ... above 50× 4 %``."""
    names = [f"to {each:g}×" for each in LEVERAGE_BANDS] + [f"above {LEVERAGE_BANDS[-1]:g}×"]
    return ", ".join(
        f"{name} {fmt.percent(share, 0)}" for name, share in zip(names, shares, strict=True)
    )


def known_text(known: Sequence[Known]) -> str:
    """Return ``Exact now at Hyperliquid: $1.20 M known long here, coverage 4.1 % long``.

    Of several markets what is known is added up, and coverage is from the least to the most of
    them. It is of the sides that are told; of both where nothing is known here.
    """
    usd = {
        "long": sum(market.long_usd for market in known),
        "short": sum(market.short_usd for market in known),
    }
    here = {side: amount for side, amount in usd.items() if amount > 0}
    amounts = " and ".join(f"{fmt.usd_short(amount)} {side}" for side, amount in here.items())
    words = f"{amounts} known here" if here else "nothing known here"
    names = dict.fromkeys(fmt.venue_name(market.venue) for market in known)
    where = next(iter(names)) if len(names) == 1 else f"{len(names)} venues"
    late = " (old readings)" if any(market.is_stale for market in known) else ""
    return f"Exact now at {where}: {words}, {_coverage_text(known, here or usd)}{late}"


def _coverage_text(known: Sequence[Known], sides: Iterable[str]) -> str:
    shares = [market.coverage for market in known if market.coverage is not None]
    if len(shares) < len(known):
        return "coverage not known"
    ends = {
        side: dict.fromkeys(fmt.percent(end(each)) for end in (min, max))
        for side, each in zip(("long", "short"), zip(*shares, strict=True), strict=True)
    }
    return "coverage " + " and ".join(f"{' to '.join(ends[side])} {side}" for side in sides)


def card_lines(
    cell: Cell, coin: str, mark: float | None, *, exact: bool = True
) -> Iterator[tuple[str, str]]:
    """Yield the lines of a card and the token of each one's colour.

    ``exact`` tells what is known position by position as well, below the estimate.
    """
    distance = ""
    if mark:
        middle = (cell.low * cell.high) ** 0.5
        distance = f"   {fmt.percent(middle / mark - 1, sign=True)} from the mark now"
    yield f"{fmt.price(cell.low)} to {fmt.price(cell.high)}{distance}", "text"
    for token, name, waiting in (("long", "Longs ", cell.long), ("short", "Shorts", cell.short)):
        if waiting.usd > 0:
            yield f"{name} {likely_text(waiting, coin)}", token
    if not cell.is_newest:
        yield _known_when(cell), "dim"
    if cell.long.usd + cell.short.usd > 0:
        yield _leverage_line(cell), "dim"
    if exact and cell.known:
        yield known_text(cell.known), "text"


def _known_when(cell: Cell) -> str:
    words = f"As known after {fmt.utc_time(cell.time_ms)[:-3]}"
    if cell.leverage_ms is None or cell.leverage_ms == cell.time_ms:
        return words
    return f"{words}, its leverage as noted after {fmt.utc_time(cell.leverage_ms)[:-3]}"


def _leverage_line(cell: Cell) -> str:
    if cell.by_leverage:
        return f"Leverage {leverage_text(cell.by_leverage)}"
    noted = cell.leverage_ms is not None
    return f"Leverage not known{': nothing stood here when it was noted' if noted else ''}"


class MapCard(Layer):
    """A few lines on a ground of their own, beside the cursor and inside the view."""

    def __init__(self, view: ViewBox, theme: Theme) -> None:
        super().__init__(view, z=35)
        self._theme = theme
        self._font = figure_font(MIN_FONT_PX)
        self._place: tuple[float, float] | None = None  # time and price
        self.lines: tuple[tuple[str, str], ...] = ()

    def show_lines(self, lines: tuple[tuple[str, str], ...], time_ms: float, price: float) -> None:
        """Show lines beside a place."""
        self.lines, self._place = lines, (time_ms, price)

    def hide_lines(self) -> None:
        self.lines, self._place = (), None

    def draw(self, painter: QPainter, pixels: PixelMap) -> None:
        if not self.lines or self._place is None:
            return
        painter.setFont(self._font)
        metrics = QFontMetricsF(self._font)
        width = max(metrics.horizontalAdvance(text) for text, _ in self.lines) + 2 * _MARGIN_PX
        height = len(self.lines) * LINE_PX + _MARGIN_PX
        at = QPointF(pixels.x_of(self._place[0]), pixels.y_of(self._place[1]))
        card = card_place(at, width, height, pixels)
        painter.fillRect(card, self._theme.colour("raised", 0.94))
        painter.setPen(QPen(self._theme.colour("line"), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(card)
        for row, (text, token) in enumerate(self.lines):
            place = card.adjusted(_MARGIN_PX, _MARGIN_PX / 2 + row * LINE_PX, 0, 0)
            place.setHeight(LINE_PX)
            painter.setPen(self._theme.colour(token))
            align = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
            painter.drawText(place, align, text)


def card_place(at: QPointF, width: float, height: float, pixels: PixelMap) -> QRectF:
    """Return where a card stands: right below the cursor, else on the side that has room."""
    left, top = at.x() + GAP_PX, at.y() + GAP_PX
    if left + width > pixels.width:
        left = at.x() - GAP_PX - width
    if top + height > pixels.height:
        top = at.y() - GAP_PX - height
    left = min(max(left, 0.0), max(0.0, pixels.width - width - 1))
    top = min(max(top, 0.0), max(0.0, pixels.height - height - 1))
    return QRectF(round(left) + 0.5, round(top) + 0.5, round(width), round(height))
