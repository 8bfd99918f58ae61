"""Named colours, spacing and fonts; the only place with a colour in it."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import Final

from PySide6.QtGui import QColor, QFont, QFontDatabase

SPACING: Final = 8  # px between blocks; half of it inside
MIN_FONT_PX: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """Colour tokens as ``#rrggbb``; each has one use, given beside it."""

    name: str
    background: str  # the window, charts
    panel: str  # docks
    raised: str  # cards
    line: str  # separators of one pixel
    text: str  # values
    dim: str  # labels
    faint: str  # disabled
    up: str  # sign of a change or a profit
    down: str
    long: str  # sides of the book
    short: str
    accent: str  # the scenario, and nothing else
    what_if: str  # the what-if copy of the book, and nothing else
    warn: str  # stale; a distance under 8 %
    alarm: str  # a distance under 4 %, below maintenance
    live: str  # a venue that answers; never while simulated or replayed
    candle_up: str  # hollow
    candle_down: str  # grey
    venues: tuple[str, ...]  # one a venue, in the order of the settings
    map_stops: tuple[str, ...]  # background to brightest, perceptually even

    def colour(self, token: str, alpha: float = 1.0) -> QColor:
        """Return a token as a ``QColor``, not to be changed; ``alpha`` from 0 to 1."""
        return _colour(getattr(self, token), alpha)

    def venue_colour(self, index: int) -> QColor:
        return _colour(self.venues[index % len(self.venues)])


@functools.lru_cache(maxsize=256)
def _colour(name: str, alpha: float = 1.0) -> QColor:
    # made once: charts ask for a colour at every line they draw
    colour = QColor(name)
    colour.setAlphaF(alpha)
    return colour


DARK: Final = Theme(
    name="dark",
    background="#0e1116",
    panel="#151a21",
    raised="#1b212a",
    line="#262e39",
    text="#d7dee8",
    dim="#8794a5",
    faint="#5b6776",
    up="#2fbf8f",
    down="#f0616d",
    long="#58a6ff",
    short="#c792ea",
    accent="#f5b942",
    what_if="#4fd6e0",
    warn="#ffa657",
    alarm="#ff4d5e",
    live="#2fbf8f",
    candle_up="#d7dee8",
    candle_down="#8d97a5",
    venues=("#4678c8", "#6fb3c9", "#8b6fc9", "#3fae93", "#8f98a3", "#c98a5b", "#5b9bf0"),
    map_stops=("#0e1116", "#0f2338", "#12395e", "#1a5a8c", "#2f86b8", "#74b6d3", "#bfd9e6"),
)
LIGHT: Final = Theme(
    name="light",
    background="#ffffff",
    panel="#f5f7fa",
    raised="#ffffff",
    line="#d5dbe3",
    text="#1b2430",
    dim="#566273",
    faint="#98a3b1",
    up="#0c7d58",
    down="#c8313f",
    long="#1f6fd1",
    short="#8a3fc0",
    accent="#b07a00",
    what_if="#0a7d88",
    warn="#b85c00",
    alarm="#d3122a",
    live="#0f8a62",
    candle_up="#1b2430",
    candle_down="#6b7685",
    venues=("#3465b5", "#4a9ab3", "#7856b8", "#2a937a", "#7c8590", "#b0703f", "#4a87d9"),
    map_stops=("#ffffff", "#e3eef6", "#bcd8ea", "#8bbbdb", "#5596c4", "#2f6ea3", "#1b4a77"),
)
# up blue, down orange: the sky blue, blue and vermilion of Okabe and Ito (Color Universal Design,
# 2008), made lighter or darker until text in them has the contrast that WCAG 2.2 asks for (4.5)
_COLOUR_BLIND: Final = {"dark": ("#56b4e9", "#e8702a"), "light": ("#0067a3", "#a84300")}


def make_theme(name: str, *, colour_blind: bool = False) -> Theme:
    """Return the named theme; an unknown name gives the dark one."""
    theme = LIGHT if name == LIGHT.name else DARK
    if not colour_blind:
        return theme
    up, down = _COLOUR_BLIND[theme.name]
    return replace(theme, up=up, down=down)


def figure_font(pixel_size: int = 13) -> QFont:
    """Return the monospaced face for figures, with tabular digits."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPixelSize(max(MIN_FONT_PX, pixel_size))
    return font
