"""What can be wrong with an exchange, and how an answer is spoiled by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any, Final

Json = Any
RETRY_AFTER_S: Final = 3


class Fault(StrEnum):
    """One thing wrong; a venue has at most one at a time."""

    TOO_MANY_REQUESTS = auto()
    BANNED = auto()
    INTERNAL_ERROR = auto()
    BAD_GATEWAY = auto()
    UNAVAILABLE = auto()
    UNAVAILABLE_JSON = auto()
    HTML = auto()
    TRUNCATED = auto()
    NULLS = auto()
    NANS = auto()
    ZEROS = auto()
    WRONG_TYPES = auto()
    EMPTY_LISTS = auto()
    HANG = auto()
    DROP = auto()
    RESET = auto()
    STALE = auto()
    FROZEN_PRICES = auto()
    FROZEN_CLOCK = auto()
    SKEWED_CLOCK = auto()
    CANDLE_GAPS = auto()
    DUPLICATED_CANDLES = auto()
    DISORDERED_CANDLES = auto()


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP status with the venue's own words, or a gateway's page."""

    status: int
    in_venue_words: bool
    retry_after_s: int | None = None


REFUSALS: Final = {
    Fault.TOO_MANY_REQUESTS: Refusal(429, in_venue_words=True, retry_after_s=RETRY_AFTER_S),
    Fault.BANNED: Refusal(418, in_venue_words=True, retry_after_s=2 * RETRY_AFTER_S),
    Fault.INTERNAL_ERROR: Refusal(500, in_venue_words=True),
    Fault.BAD_GATEWAY: Refusal(502, in_venue_words=False),
    Fault.UNAVAILABLE: Refusal(503, in_venue_words=False),
    Fault.UNAVAILABLE_JSON: Refusal(503, in_venue_words=True),
    Fault.HTML: Refusal(200, in_venue_words=False),
}
PAGE: Final = "<!DOCTYPE html><html><head><title>Just a moment</title></head><body></body></html>"


def _nan(figure: Json) -> Json:
    if isinstance(figure, int):
        return figure  # a bare NaN is no JSON: it would spoil the whole answer, not the figure
    return "NaN" if isinstance(figure, str) else float("nan")


def _zero(figure: Json) -> Json:
    return "0" if isinstance(figure, str) else 0


FIGURES: Final[dict[Fault, Callable[[Json], Json]]] = {
    Fault.NULLS: lambda _: None,
    Fault.NANS: _nan,
    Fault.ZEROS: _zero,
    Fault.WRONG_TYPES: lambda figure: {"value": [figure]},
}
_ENVELOPE: Final = {"retCode", "code", "time", "ts", "E", "T", "usIn", "usOut", "usDiff"}
_TIME_FROM: Final = 1e12  # figures from here on are times in milliseconds


def spoil(fault: Fault | None, answer: Json) -> Json:
    """Return an answer with its figures, or its lists, spoiled; times and envelopes stay."""
    if fault is Fault.EMPTY_LISTS:
        return _without_lists(answer)
    if fault in FIGURES:
        return _with_figures(FIGURES[fault], answer)
    return answer


def _without_lists(node: Json) -> Json:
    if isinstance(node, list):
        return []
    if isinstance(node, dict):
        return {key: _without_lists(value) for key, value in node.items()}
    return node


def _with_figures(change: Callable[[Json], Json], node: Json) -> Json:
    if isinstance(node, list):
        return [_with_figures(change, value) for value in node]
    if isinstance(node, dict):
        return {
            key: value if key in _ENVELOPE else _with_figures(change, value)
            for key, value in node.items()
        }
    return change(node) if _is_figure(node) else node


def _is_figure(leaf: Json) -> bool:
    if isinstance(leaf, bool) or not isinstance(leaf, (int, float, str)):
        return False
    try:
        return abs(float(leaf)) < _TIME_FROM
    except ValueError:
        return False
