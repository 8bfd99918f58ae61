"""How long a price takes to another one at the pace of the last hour: a pace, never a forecast."""

from __future__ import annotations

import math
from typing import Final

_MINUTES_PER_HOUR: Final = 60.0


def minutes_at_pace(ratio: float, pace: float | None) -> float | None:
    """Return how long a coin takes to a multiple of its price at the pace of the last hour.

    Parameters
    ----------
    ratio : price to reach over price now
    pace : change of the price over the last hour, a fraction; ``None`` if it is not known

    Returns
    -------
    Minutes; ``math.inf`` when the price does not approach, ``None`` when that is not known.
    """
    if pace is None or not pace > -1 or not ratio > 0:
        return None
    way, per_hour = math.log(ratio), math.log1p(pace)
    if way == 0:
        return 0.0
    return way / per_hour * _MINUTES_PER_HOUR if way * per_hour > 0 else math.inf
