"""Units: the types of scalar quantities, and the conversions made at the edges.

Inside arrays the suffix of a name is the unit (``_usd``, ``_base``, ``_ms``, ``_rate``);
these types guard scalars in public signatures.
"""

from __future__ import annotations

import datetime as dt
import time
from typing import Final, NewType

UnixMs = NewType("UnixMs", int)
"""Milliseconds since 1970-01-01 UTC."""

SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60 * SECOND_MS
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS
HOURS_PER_YEAR: Final = 8_760.0


def now_ms() -> UnixMs:
    """Return the wall clock."""
    return UnixMs(time.time_ns() // 1_000_000)


def to_datetime(time_ms: int) -> dt.datetime:
    """Return an aware UTC ``datetime``."""
    return dt.datetime.fromtimestamp(time_ms / 1_000, tz=dt.UTC)


def from_datetime(moment: dt.datetime) -> UnixMs:
    """Return Unix milliseconds; a naive ``datetime`` is read as UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return UnixMs(round(moment.timestamp() * 1_000))


def iso_utc(time_ms: int) -> str:
    """Return ``2026-02-05T21:14:08Z``."""
    return to_datetime(time_ms).strftime("%Y-%m-%dT%H:%M:%SZ")
