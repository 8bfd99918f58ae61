"""Numbers to text; the only place where a fraction becomes a percent.

A real minus sign, grouped thousands, and a dash for what is not known.
"""

from __future__ import annotations

import math
from typing import Final

from workstation.units import to_datetime

UNKNOWN: Final = "\N{EN DASH}"
_MINUS: Final = "\N{MINUS SIGN}"
_ABBREVIATE_FROM: Final = 100_000
_VENUES: Final = {
    "binanceusdm": "Binance",
    "binancecoinm": "Binance coin-M",
    "bybit": "Bybit",
    "okx": "OKX",
    "hyperliquid": "Hyperliquid",
    "deribit": "Deribit",
}
_STEPS: Final = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k"))


def _known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def venue_name(venue: str) -> str:
    """Return a venue's name as people write it, from its ccxt id."""
    return _VENUES.get(venue, venue.capitalize())


def with_venue_name(sentence: str) -> str:
    """Return a sentence that begins with a venue's ccxt id, with its name instead."""
    venue, space, rest = sentence.partition(" ")
    colon = ":" if venue.endswith(":") else ""
    return f"{venue_name(venue.removesuffix(':'))}{colon}{space}{rest}"


def number(value: float | None, decimals: int = 0, *, sign: bool = False) -> str:
    """Return ``64,212.40``; with ``sign`` a plus stands before what is positive."""
    if value is None or not _known(value):
        return UNKNOWN
    text = f"{value:+,.{decimals}f}" if sign else f"{value:,.{decimals}f}"
    if not text.strip("+-0.,"):
        text = text.lstrip("+-")  # nothing is left of it at this precision
    return text.replace("-", _MINUS)


def price(value: float | None, tick: float | None = None) -> str:
    """Return a price with as many decimals as its tick, or as its size suggests."""
    if value is None or not _known(value):
        return UNKNOWN
    if tick:
        decimals = max(0, -math.floor(math.log10(tick) + 1e-9))
    elif abs(value) >= 10_000:
        decimals = 0
    else:
        decimals = min(8, max(2, 4 - math.floor(math.log10(abs(value) or 1.0))))
    return number(value, decimals)


def exact_number(value: float) -> str:
    """Return a number to edit or to order, ``62,000`` or ``0.1234``: no digit lost, none idle."""
    text = f"{value:,.8f}"
    return text.rstrip("0").rstrip(".")


def quantity(value: float | None) -> str:
    """Return a size in coins with four significant digits after grouping."""
    if value is None or not _known(value):
        return UNKNOWN
    size = abs(value)
    decimals = 0 if size >= 1_000 or size == 0 else 2 if size >= 1 else 4 if size >= 0.01 else 8
    return number(value, decimals)


def usd(value: float | None, *, sign: bool = False, decimals: int = 0) -> str:
    """Return ``$225,752`` or ``−$5,755``, in full: for tables and cards below 100,000."""
    if value is None or not _known(value):
        return UNKNOWN
    text = number(abs(value), decimals)
    if not text.strip("0.,"):
        return f"${text}"
    prefix = _MINUS if value < 0 else "+" if sign else ""
    return f"{prefix}${text}"


def usd_short(value: float | None, *, sign: bool = False) -> str:
    """Return ``$1.12 B``: for cards and strips, abbreviated from 100,000."""
    if value is None or not _known(value) or abs(value) < _ABBREVIATE_FROM:
        return usd(value, sign=sign)
    prefix = _MINUS if value < 0 else "+" if sign else ""
    return f"{prefix}${abbreviated(abs(value))}"


def usd_range(low: float | None, high: float | None) -> str:
    """Return ``$0.30–1.10 B``: both ends in the unit of the higher one."""
    if low is None or high is None or not (_known(low) and _known(high)):
        return UNKNOWN
    if high < _ABBREVIATE_FROM:
        return f"${number(low)}\N{EN DASH}{number(high)}"
    return f"${_range(low, high)}"


def quantity_range(low: float | None, high: float | None) -> str:
    """Return ``1.20–3.40 k``: coins, both ends in the unit of the higher one."""
    if low is None or high is None or not (_known(low) and _known(high)):
        return UNKNOWN
    return _range(low, high)


def _range(low: float, high: float) -> str:
    steps = ((step, f" {letter}") for step, letter in _STEPS)
    step, letter = next((found for found in steps if high >= found[0] * 0.9995), (1.0, ""))
    decimals = 2 if high / step < 9.995 else 1 if high / step < 99.95 else 0
    return f"{number(low / step, decimals)}\N{EN DASH}{number(high / step, decimals)}{letter}"


def abbreviated(value: float | None) -> str:
    """Return ``318 k`` or ``1.12 B``: three significant digits."""
    if value is None or not _known(value):
        return UNKNOWN
    for step, letter in _STEPS:
        if abs(value) >= step * 0.9995:
            scaled = value / step
            decimals = 2 if abs(scaled) < 9.995 else 1 if abs(scaled) < 99.95 else 0
            return f"{number(scaled, decimals)} {letter}"
    return number(value)


def percent(fraction: float | None, decimals: int = 1, *, sign: bool = False) -> str:
    """Return ``−3.3 %`` for -0.033."""
    if fraction is None or not _known(fraction):
        return UNKNOWN
    return f"{number(fraction * 100, decimals, sign=sign)} %"


def whole_fives(low: float | None, high: float | None) -> str:
    """Return a range of probabilities in whole fives of a percent: ``10–25 %``."""
    if low is None or high is None or not (_known(low) and _known(high)):
        return UNKNOWN
    least, most = 5 * math.floor(20 * low + 1e-9), 5 * math.ceil(20 * high - 1e-9)
    return f"{least} %" if least == most else f"{least}\N{EN DASH}{most} %"


def funding(rate: float | None) -> str:
    """Return a funding rate as ``−0.0061 %``."""
    return percent(rate, 4, sign=True)


def utc_time(time_ms: int | None) -> str:
    """Return ``2026-02-05 21:14:08``, UTC."""
    return UNKNOWN if time_ms is None else to_datetime(time_ms).strftime("%Y-%m-%d %H:%M:%S")


def utc_day(time_ms: int | None) -> str:
    """Return ``2026-02-05``, the day in UTC."""
    return UNKNOWN if time_ms is None else to_datetime(time_ms).strftime("%Y-%m-%d")


def local_time(time_ms: int | None) -> str:
    """Return the same moment on the user's clock, for tooltips."""
    if time_ms is None:
        return UNKNOWN
    return to_datetime(time_ms).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def full_time(time_ms: int) -> str:
    """Return the moment in UTC and, where it differs, on the user's clock, for tooltips."""
    utc, local = f"{utc_time(time_ms)} UTC", local_time(time_ms)
    return utc if local == utc else f"{utc} ({local})"


def age(seconds: float | None) -> str:
    """Return ``14 s``, ``4 min``, ``3 h`` or ``2 d``."""
    if seconds is None or not _known(seconds):
        return UNKNOWN
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    if seconds < 36 * 3_600:
        return f"{seconds / 3_600:.0f} h"
    return f"{seconds / 86_400:.0f} d"


def hours_left(seconds: float | None) -> str:
    """Return ``2:14``, hours and minutes, for tables; ``0:00`` once it is over."""
    return UNKNOWN if seconds is None else countdown(seconds).rpartition(":")[0]


def countdown(seconds: float | None) -> str:
    """Return ``2:14:08``; ``0:00:00`` once it is over."""
    if seconds is None or not _known(seconds):
        return UNKNOWN
    whole = max(0, int(seconds))
    return f"{whole // 3_600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
