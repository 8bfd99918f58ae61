"""Pictures as inline SVG, for pages that need nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final, NamedTuple

WIDTH: Final = 760
HEIGHT: Final = 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 84, 16, 26, 30
_MARK_PX: Final = 4


class Flag(NamedTuple):
    """A vertical line with a word above it; ``kind`` is its class in the style sheet."""

    at: float
    text: str
    kind: str


class Dot(NamedTuple):
    """A mark on a curve with a text that appears under the pointer."""

    x: float
    y: float
    text: str
    kind: str


class Tick(NamedTuple):
    """A place on an axis and its label."""

    at: float
    text: str


class Bar(NamedTuple):
    """A bar between two values; ``above`` is written over it."""

    label: str
    start: float
    end: float
    kind: str
    above: str = ""


class _Scale:
    """From values to pixels."""

    def __init__(self, low: float, high: float, first_px: float, last_px: float) -> None:
        self._low, self._first = low, first_px
        self._per_value = (last_px - first_px) / ((high - low) or 1.0)

    def __call__(self, value: float) -> float:
        return self._first + (value - self._low) * self._per_value


def curve(
    title: str,
    xs: Sequence[float],
    ys: Sequence[float],
    x_ticks: Sequence[Tick],
    y_ticks: Sequence[Tick],
    flags: Sequence[Flag] = (),
    dots: Sequence[Dot] = (),
) -> str:
    """Return a curve over two axes, with vertical flags and marked points."""
    low, high = min(0.0, *ys), max(0.0, *ys)
    across = _Scale(xs[0], xs[-1], _LEFT, WIDTH - _RIGHT)
    up = _Scale(low, high, HEIGHT - _BOTTOM, _TOP)
    points = " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in zip(xs, ys, strict=True))
    parts = [
        *(_level(tick, up(tick.at)) for tick in y_ticks),
        *(_label(tick.text, across(tick.at), HEIGHT - 10, "middle") for tick in x_ticks),
        *(_flag(flag, across(flag.at)) for flag in flags if xs[0] <= flag.at <= xs[-1]),
        f'<polyline class="curve" points="{points}"/>',
        *(_dot(dot, across(dot.x), up(dot.y)) for dot in dots),
    ]
    return _picture(title, parts)


def bars(title: str, items: Sequence[Bar], y_ticks: Sequence[Tick]) -> str:
    """Return bars side by side, each from one value to another."""
    ends = [edge for bar in items for edge in (bar.start, bar.end)]
    up = _Scale(min(0.0, *ends), max(0.0, *ends), HEIGHT - _BOTTOM, _TOP)
    place = (WIDTH - _LEFT - _RIGHT) / max(1, len(items))
    parts = [_level(tick, up(tick.at)) for tick in y_ticks]
    for at, bar in enumerate(items):
        left, top = _LEFT + (at + 0.1) * place, up(max(bar.start, bar.end))
        height = max(1.0, up(min(bar.start, bar.end)) - top)
        parts += [
            f'<rect class="{escape(bar.kind)}" x="{left:.1f}" y="{top:.1f}" '
            f'width="{0.8 * place:.1f}" height="{height:.1f}"/>',
            _label(bar.label, left + 0.4 * place, HEIGHT - 10, "middle"),
            _label(bar.above, left + 0.4 * place, top - 5, "middle"),
        ]
    return _picture(title, parts)


def _picture(title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )


def _level(tick: Tick, y: float) -> str:
    line = f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
    return line + _label(tick.text, _LEFT - 8, y + 4, "end")


def _flag(flag: Flag, x: float) -> str:
    line = (
        f'<line class="{escape(flag.kind)}" x1="{x:.1f}" x2="{x:.1f}" '
        f'y1="{_TOP}" y2="{HEIGHT - _BOTTOM}"/>'
    )
    return line + _label(flag.text, x, _TOP - 8, "middle")


def _dot(dot: Dot, x: float, y: float) -> str:
    return (
        f'<circle class="{escape(dot.kind)}" cx="{x:.1f}" cy="{y:.1f}" r="{_MARK_PX}">'
        f"<title>{escape(dot.text)}</title></circle>"
    )


def _label(text: str, x: float, y: float, anchor: str) -> str:
    if not text:
        return ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
