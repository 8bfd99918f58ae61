"""The liquidation price of an isolated position over time, as funding moves it: a frozen answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from workstation.market.facts import FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FundingPath:
    """What a rate that stays does to a liquidation price while the mark stands.

    ``price`` is not rounded to the tick, and NaN where no price liquidates the position;
    ``meets_in_days`` is when it has reached the mark, ``None`` if it never does.
    """

    rate_8h: float  # fraction of the value that a long pays in 8 hours
    is_running: bool  # the venue's present rate, not one that was chosen
    mark_price: float
    days: FloatArray  # (n,) from now on
    price: FloatArray  # (n,) quote per base
    drift_per_day: float | None
    meets_in_days: float | None


PathAt = Callable[[float | None], FundingPath | None]
"""Asks for the path at a rate per 8 h, or at the running one; ``None``: there is none."""


def no_path(_: float | None) -> None:
    """Answer for a position whose margin funding is not paid from alone, or is not known."""
