"""Numbers as exchanges send them (texts, nulls, zeros, NaN) turned into ours, or into ``None``.

A venue's zero price or zero open interest means "no data" far more often than zero, so nothing
below lets one through.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from workstation.market.facts import FloatArray
from workstation.units import HOUR_MS, UnixMs

Row = Mapping[str, Any]
"""One JSON object of an answer; what it holds is checked field by field."""

MAX_PRICE: Final = 1e9  # quote per base; beyond is a unit error or rubbish
MAX_AMOUNT: Final = 1e16  # coins or USD
MAX_FUNDING_RATE: Final = 0.25  # per interval; the widest cap of any venue (Kraken's clamp)
_EARLIEST_MS: Final = 1_230_940_800_000  # 2009-01-03: the first block
_LATEST_MS: Final = 4_102_444_800_000  # 2100-01-01


def finite(value: object) -> float | None:
    """Return a finite float, else ``None``; texts are read, booleans are not numbers."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def need(row: Row, name: str) -> float:
    """Return a number without which the row means nothing.

    Raises
    ------
    ValueError
        It is missing, no number, or negative.
    """
    number = finite(row.get(name))
    if number is None or number < 0:
        raise ValueError(f"{name} is {row.get(name)!r}")
    return number


def price(value: object) -> float | None:
    """Return a believable price: finite, positive, below ``MAX_PRICE``."""
    number = finite(value)
    return number if number is not None and 0 < number < MAX_PRICE else None


def amount(value: object) -> float | None:
    """Return a believable positive amount of coins, contracts or USD."""
    number = finite(value)
    return number if number is not None and 0 < number < MAX_AMOUNT else None


def funding_rate(value: object) -> float | None:
    """Return a believable funding rate, a fraction per interval."""
    number = finite(value)
    return number if number is not None and abs(number) <= MAX_FUNDING_RATE else None


def time_ms(value: object) -> UnixMs | None:
    """Return a believable moment in Unix milliseconds."""
    number = finite(value)
    if number is None or not _EARLIEST_MS <= number <= _LATEST_MS:
        return None
    return UnixMs(int(number))


def hours(value: object) -> float | None:
    """Return a funding interval in hours, from a number, or ccxt's ``8h`` or milliseconds."""
    text = str(value)
    number = finite(text.removesuffix("h"))
    if number is None:
        return None
    if number >= HOUR_MS:
        number /= HOUR_MS
    return number if 0 < number <= 24 else None


def rows(answer: object) -> list[Row]:
    """Return the JSON objects of an answer that is a list of them, or a single one."""
    items = answer if isinstance(answer, list) else [answer]
    return [item for item in items if isinstance(item, Mapping)]


def levels(raw: object) -> FloatArray:
    """Return book levels as (n, 2) price and quantity as sent.

    Accepts pairs and objects with ``px`` and ``sz``; a level that is not a number is left out.
    """
    pairs = [
        (level.get("px"), level.get("sz")) if isinstance(level, Mapping) else tuple(level)[:2]
        for level in (raw if isinstance(raw, list) else [])
        if isinstance(level, (Mapping, list, tuple))
    ]
    known = [
        (at, size)
        for pair in pairs
        if len(pair) == 2 and (at := price(pair[0])) and (size := amount(pair[1]))
    ]
    return np.array(known, dtype=np.float64).reshape(-1, 2)
