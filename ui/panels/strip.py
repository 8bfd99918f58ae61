"""The top strip: one coin consolidated over the live venues, and where the figures come from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QFont, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from ui import format as fmt
from ui.panels.base import Panel, PanelContext
from ui.style import caption_font, plain_label, tint
from ui.theme import Theme, figure_font
from ui.trust import WAITING
from workstation.market.facts import VenueState
from workstation.market.feed import FeedMode, FeedUpdate, TapeState
from workstation.market.overview import MarketOverview, OpenInterestChange
from workstation.portfolio.age import has_age
from workstation.portfolio.model import Portfolio
from workstation.services.sight import answers
from workstation.units import HOUR_MS, SECOND_MS, to_datetime

_VALUE_PX: Final = 15
_EXTRA_PX: Final = 13
_GAP: Final = 26
_PIECE_GAP: Final = 7
_NO_ANSWER: Final = "· no venue answers"


class Piece(NamedTuple):
    """A run of text in one colour token."""

    text: str
    token: str = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure of the strip: caption, value, an aside that gives way first, and its meaning."""

    caption: str
    value: tuple[Piece, ...]
    aside: str = ""
    help: str


class _FigureView(QWidget):
    """Caption above value; keeps the width it once needed, so that nothing beside it jumps."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._caption = plain_label()
        self._caption.setFont(caption_font())
        tint(self._caption, theme, "dim")
        self._line = QHBoxLayout()
        self._line.setSpacing(_PIECE_GAP)
        self._pieces: list[QLabel] = []
        self._aside = plain_label()
        self._aside.setFont(figure_font(_EXTRA_PX))
        tint(self._aside, theme, "dim")
        self._line.addWidget(self._aside)
        self._line.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        layout.addWidget(self._caption)
        layout.addLayout(self._line)

    def show_figure(self, figure: Figure, *, stale: bool) -> None:
        self._caption.setText(figure.caption)
        self._aside.setText(figure.aside)
        while len(self._pieces) < len(figure.value):
            self._add_piece()
        for label, piece in zip(self._pieces, figure.value, strict=False):
            label.setText(piece.text)
            label.setMinimumWidth(max(label.minimumWidth(), label.sizeHint().width()))
            tint(label, self._theme, "faint" if stale else piece.token)
        self.setToolTip(figure.help)

    def set_aside_shown(self, shown: bool) -> None:
        self._aside.setVisible(shown)

    def width_needed(self, *, with_aside: bool) -> int:
        """Return the width of what is shown now; hints of a layout would be those of before."""
        labels = [*self._pieces, self._aside] if with_aside else self._pieces
        widths = [max(label.minimumWidth(), label.sizeHint().width()) for label in labels]
        line = sum(widths) + _PIECE_GAP * max(0, len(widths) - 1)
        return max(self._caption.sizeHint().width(), line)

    def _add_piece(self) -> None:
        label = plain_label()
        font = figure_font(_VALUE_PX)
        font.setWeight(QFont.Weight.DemiBold)
        label.setFont(font)
        self._line.insertWidget(len(self._pieces), label)
        label.show()
        self._pieces.append(label)


def figures(overview: MarketOverview) -> tuple[Figure, ...]:
    """Return the strip's figures in order; the words name coin and venues."""
    return (
        _mark(overview),
        _drawdown(overview),
        _funding(overview),
        _open_interest(overview),
        _liquidations(overview),
    )


def venues_text(overview: MarketOverview) -> str:
    """Return ``4 of 5 venues``."""
    return f"{len(overview.venues_live)} of {len(overview.venues_expected)} venues"


def _mark(overview: MarketOverview) -> Figure:
    change = overview.change_24h_fraction
    return Figure(
        caption=f"{overview.coin} mark · {venues_text(overview)}",
        value=(
            Piece(fmt.price(overview.mark_price)),
            Piece(f"{fmt.percent(change, sign=True)} 24h", _sign(change)),
        ),
        help="Mark price: the venues' marks, weighted by their open interest, outliers left out; "
        "change against the price of 24 hours ago.",
    )


def _drawdown(overview: MarketOverview) -> Figure:
    fraction = overview.from_peak_fraction
    return Figure(
        caption=f"From peak {fmt.price(overview.peak_price)}",
        value=(Piece(fmt.percent(fraction), _sign(fraction)),),
        help=f"{overview.coin} drawdown: mark / highest price in the history at hand − 1.",
    )


def _funding(overview: MarketOverview) -> Figure:
    return Figure(
        caption=f"Funding {overview.coin} 8h · yearly",
        value=(
            Piece(
                f"{fmt.funding(overview.funding_rate_8h)} · "
                f"{fmt.percent(overview.funding_rate_yearly)}"
            ),
        ),
        help="Running funding rates brought to 8 hours, weighted by open interest; a year is "
        "1,095 of them, not compounded. Longs pay when it is positive.",
    )


def _open_interest(overview: MarketOverview) -> Figure:
    change = overview.open_interest_change
    coins = fmt.abbreviated(overview.open_interest_base)
    usd = fmt.usd_short(overview.open_interest_usd)
    in_usd = fmt.percent(change.usd_fraction, sign=True) if change else fmt.UNKNOWN
    in_coins = fmt.percent(change.base_fraction, sign=True) if change else fmt.UNKNOWN
    return Figure(
        caption=f"Open interest {overview.coin} {_period(change)}",
        value=(Piece(f"{in_coins} coins · {coins}"),),
        aside=f"({usd}, {in_usd})",
        help="One-sided open interest: every contract counted once. The change in coins stands "
        "first, because most of a change in USD is the price.",
    )


def _liquidations(overview: MarketOverview) -> Figure:
    sides = overview.long_liquidations_24h_usd, overview.short_liquidations_24h_usd
    floors = [fmt.UNKNOWN if usd is None else f"≥ {fmt.usd_short(usd)}" for usd in sides]
    return Figure(
        caption=f"Liquidated {overview.coin} 24h, long / short",
        value=(Piece(" / ".join(floors)),),
        help="Forced orders of the last 24 hours as the venues published them. Venues throttle "
        "these feeds, so each sum is a floor.",
    )


def _period(change: OpenInterestChange | None) -> str:
    return f"{change.hours:.0f}h" if change else "24h"


def _sign(value: float | None) -> str:
    return "text" if not value else "up" if value > 0 else "down"


class StripPanel(Panel):
    """Figures on the left; the market's mode and the book's file and age on the right."""

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._now_ms = 0
        self._known: MarketOverview | None = None
        self._known_figures = False
        self._tape: TapeState | None = None
        self._mode = self.bridge.desk.store.mode
        self._views = [_FigureView(self.theme) for _ in range(5)]
        self._build()
        desk = self.bridge.desk
        self.show_portfolio(desk.portfolio)
        self.show_mode(self._mode)
        if desk.overview is not None:
            self.show_overview(desk.overview)
        self.bridge.overview_changed.connect(self.show_overview)
        self.bridge.portfolio_changed.connect(self.show_portfolio)
        self.bridge.source_changed.connect(self.show_mode)
        self.bridge.market_changed.connect(self.show_time)

    @Slot(object)
    def show_overview(self, overview: MarketOverview) -> None:
        """Show the consolidated figures; without a live venue the last ones, dimmed.

        Those of later than a tape shows now are not known there: dashes stand for them.
        """
        last = self._known
        known = last is not None and last.coin == overview.coin
        shown = overview
        if last is not None and known and overview.mark_price is None:
            shown = last if last.now_ms <= overview.now_ms else overview
        self._known = shown
        stale = overview.mark_price is None
        self._known_figures = shown.mark_price is not None or (known and self._known_figures)
        self._waiting.setVisible(not self._known_figures)
        age = self._age_text(overview)
        if shown is not overview:
            seconds = fmt.age((overview.now_ms - shown.now_ms) / SECOND_MS)
            age += f"\nShown is what was known {seconds} ago."
        for view, figure in zip(self._views, figures(shown), strict=True):
            text = f"{figure.help}\n{age}"
            view.show_figure(
                Figure(caption=figure.caption, value=figure.value, aside=figure.aside, help=text),
                stale=stale,
            )
        self._fit()

    @Slot(object)
    def show_portfolio(self, portfolio: Portfolio | None) -> None:
        self._portfolio = portfolio
        self._show_book()

    @Slot(object)
    def show_mode(self, mode: FeedMode) -> None:
        """Show where prices come from; figures of another market are void."""
        self._mode, self._known = mode, None
        self._known_figures = False
        for view in self._views:
            view.hide()
        self._waiting.show()
        self._show_badge()

    @Slot(object)
    def show_time(self, update: FeedUpdate) -> None:
        """Follow the feed's clock once a second, and the tape's speed."""
        self._mode = update.mode
        if update.tape != self._tape:
            self._tape = update.tape
            self._show_badge()
        if abs(update.now_ms - self._now_ms) < 1_000:
            return
        self._now_ms = update.now_ms
        self._portfolio = self.bridge.desk.portfolio or self._portfolio  # accounts are read anew
        self._show_badge()
        self._show_book()

    def _build(self) -> None:
        self._brand = plain_label("Risk Workstation")
        font = self._brand.font()
        font.setPixelSize(14)
        font.setWeight(QFont.Weight.DemiBold)
        self._brand.setFont(font)
        self._rule = QFrame()
        self._rule.setProperty("role", "rule")
        self._rule.setFixedSize(1, 20)
        self._waiting = plain_label(WAITING)
        tint(self._waiting, self.theme, "dim")
        self._badge, self._book = self._make_badge(), self._make_badge()
        self.setMinimumWidth(1)  # figures give way, not the window
        self._line = QHBoxLayout(self)
        self._line.setContentsMargins(14, 2, 10, 2)
        self._line.setSpacing(_GAP)
        for widget in (self._brand, self._rule, self._waiting, *self._views):
            self._line.addWidget(widget)
        self._line.addStretch(1)
        badges = QHBoxLayout()
        badges.setSpacing(10)
        badges.addWidget(self._badge)
        badges.addWidget(self._book)
        self._line.addLayout(badges)

    def _make_badge(self) -> QLabel:
        badge = plain_label()
        badge.setProperty("role", "badge")
        badge.setFont(figure_font(12))
        badge.setAlignment(Qt.AlignmentFlag.AlignCenter)
        badge.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        return badge

    def _show_badge(self) -> None:
        tape = self.bridge.desk.store.tape
        words: list[str] = [self._mode]
        if self._mode is FeedMode.REPLAY and self._now_ms:
            words.append(f"{to_datetime(self._now_ms):%Y-%m-%d}")
        if tape is not None:
            words.append("paused" if tape.paused else f"{tape.speed:g}×")
        live = self._mode is FeedMode.LIVE
        answered = answers(self.bridge.desk.store.health.values())
        if live and not answered:
            words.append(_NO_ANSWER)
        self._badge.setText(" ".join(words))
        token = "live" if answered else "warn"
        tint(self._badge, self.theme, token if live else "long")
        self._badge.setToolTip(_MODE_HELP[self._mode])

    def _show_book(self) -> None:
        book = self._portfolio
        if book is None:
            self._book.setText("no book open")
            self._book.setToolTip("Open a portfolio file, or add a position (File menu).")
            tint(self._book, self.theme, "dim")
            return
        name = book.path.name if book.path is not None else book.name or "book"
        if not has_age(book, self._mode):
            self._book.setText(f"{name} · demo")
            self._book.setToolTip(f"{book.path}\n{_SAMPLE_HELP}")
            tint(self._book, self.theme, "dim")
            return
        age_s = (self._now_ms - book.as_of_ms) / 1_000
        known = self._now_ms > 0 and age_s >= 0
        age = f"{fmt.age(age_s)} old" if known else f"of {fmt.utc_time(book.as_of_ms)[:10]}"
        old = known and age_s * 1_000 > self.bridge.desk.settings.risk.book_age_warning_h * HOUR_MS
        self._book.setText(f"{name} · {age}")
        where = book.path or "Not from a file"
        self._book.setToolTip(
            f"{where}\nTrue at {fmt.full_time(book.as_of_ms)}; older than it says, it is only a "
            "guess."
        )
        tint(self._book, self.theme, "warn" if old else "dim")

    def _age_text(self, overview: MarketOverview) -> str:
        health = self.bridge.desk.store.health
        ages = [
            (overview.now_ms - one.last_success_ms) / 1_000
            for one in health.values()
            if one.last_success_ms is not None and one.state is VenueState.LIVE
        ]
        live = ", ".join(map(fmt.venue_name, overview.venues_live)) or "no venue is live"
        missing = [v for v in overview.venues_expected if v not in overview.venues_live]
        lines = [f"From {live}."]
        if missing:
            lines.append(f"Missing: {', '.join(map(fmt.venue_name, missing))}.")
        lines += [f"Left out: {text}" for text in overview.outliers]
        if ages:
            lines.append(f"Oldest answer {fmt.age(max(0.0, *ages, 0.0))} old.")
        return "\n".join(lines)

    def _fit(self) -> None:
        # what matters least gives way first: the name of the program, the figure in USD, then
        # whole figures from the right
        most = len(self._views)
        ways = [(True, True, most), (False, True, most)]
        ways += [(False, False, count) for count in range(most, 0, -1)]
        for brand, aside, count in ways:
            if self._width_needed(brand=brand, aside=aside, count=count) <= self.width():
                break
        self._brand.setVisible(brand)
        self._rule.setVisible(brand)
        for at, view in enumerate(self._views):
            view.set_aside_shown(aside)
            view.setVisible(self._known_figures and at < count)

    def _width_needed(self, *, brand: bool, aside: bool, count: int) -> int:
        fixed: list[QWidget] = [self._badge, self._book]
        fixed += [self._brand, self._rule] if brand else []
        widths = [widget.sizeHint().width() for widget in fixed]
        widths += [view.width_needed(with_aside=aside) for view in self._views[:count]]
        margins = self._line.contentsMargins()
        return sum(widths) + _GAP * len(widths) + margins.left() + margins.right()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()


_SAMPLE_HELP: Final = (
    "The sample book belongs to the simulated market: it has no age there. A book of your own "
    "shows here how long ago it was true."
)
_MODE_HELP: Final = {
    FeedMode.LIVE: "Prices of the exchanges, as they come.",
    FeedMode.REPLAY: "A recording is played back: nothing here is of now.",
    FeedMode.SIMULATED: "An invented market, for trying things: no price here is real.",
}
