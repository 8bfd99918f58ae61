"""The exogenous path: where the price goes for reasons that are not liquidations.

About nine tenths of a fall such as that of February 2026 are exogenous (12,000 simulated paths
accepted against its reported liquidations: endogenous share 1 / 11 / 28 % at p10 / p50 / p90), so a
market that is to tell that story needs one. The path is a table of turning points: rounded prices
of the public record up to 5 February, then a flush with the low at 00:15 UTC, then a recovery.
Between them the price is free: it follows the line's slope, wanders with its own noise and with
what forced orders do to it, and is pulled back with the time constant of the leg. After the last
point only a weak pull towards its price is left, so the market goes on.

Until ``CROWD_START_S`` there are no accounts, only a price: it gives the daily candles their years.
"""

from __future__ import annotations

import datetime as dt
from typing import Final, NamedTuple

import numpy as np

from workstation.market.facts import FloatArray, TimeArray
from workstation.units import SECOND_MS, from_datetime


class TurningPoint(NamedTuple):
    """The leg that ends here: price in USD, time constant of the pull, and the crowd's state.

    ``volatility`` multiplies the noise; ``mood`` is added to the log odds that an arriving account
    is long: a crowd that buys the dip has a high one, a crowd in flight a negative one.
    """

    when: str  # UTC
    price: float
    pull_h: float = 48.0
    volatility: float = 1.0
    mood: float = 0.0


YEARS: Final = 120.0  # pull of the years before the crowd, in hours

STORY: Final = (
    TurningPoint("2023-05-01 00:00", 28_500, YEARS),
    TurningPoint("2023-06-15 00:00", 25_500, YEARS),
    TurningPoint("2023-07-13 00:00", 31_000, YEARS),
    TurningPoint("2023-09-11 00:00", 25_500, YEARS),
    TurningPoint("2023-10-24 00:00", 34_000, YEARS),
    TurningPoint("2023-12-08 00:00", 44_000, YEARS),
    TurningPoint("2024-01-23 00:00", 39_500, YEARS),
    TurningPoint("2024-03-13 00:00", 73_000, YEARS),
    TurningPoint("2024-05-01 00:00", 57_500, YEARS),
    TurningPoint("2024-06-06 00:00", 71_000, YEARS),
    TurningPoint("2024-08-05 06:00", 50_000, YEARS),
    TurningPoint("2024-08-24 00:00", 64_000, YEARS),
    TurningPoint("2024-09-06 00:00", 53_500, YEARS),
    TurningPoint("2024-11-04 00:00", 68_000, YEARS),
    TurningPoint("2024-12-17 00:00", 107_000, YEARS),
    TurningPoint("2025-01-13 00:00", 91_500, YEARS),
    TurningPoint("2025-01-20 00:00", 107_000, YEARS),
    TurningPoint("2025-02-28 00:00", 80_000, YEARS),
    TurningPoint("2025-03-24 00:00", 88_000, YEARS),
    TurningPoint("2025-04-08 00:00", 76_000, YEARS),
    TurningPoint("2025-05-22 00:00", 111_000, YEARS),
    TurningPoint("2025-06-22 00:00", 99_500, YEARS),
    TurningPoint("2025-07-14 00:00", 117_500),
    TurningPoint("2025-08-02 00:00", 110_500),
    TurningPoint("2025-08-14 00:00", 118_000),
    TurningPoint("2025-09-01 00:00", 106_500),
    TurningPoint("2025-09-18 00:00", 115_500),
    TurningPoint("2025-09-25 12:00", 109_500, mood=0.3),
    TurningPoint("2025-10-03 00:00", 121_000, 12, mood=0.6),
    TurningPoint("2025-10-06 19:00", 125_200, 3, mood=0.8),  # the peak: 126,208.5 in the record
    TurningPoint("2025-10-09 12:00", 121_500, 6, mood=0.8),
    TurningPoint("2025-10-10 20:00", 116_500, 12, 1.2, mood=0.6),
    TurningPoint("2025-10-10 21:20", 104_000, 4, 3.0, -1.0),
    TurningPoint("2025-10-11 04:00", 112_000, 12, 1.8, -0.4),
    TurningPoint("2025-10-13 18:00", 115_500, 24),
    TurningPoint("2025-10-17 10:00", 104_500, 24, 1.2),
    TurningPoint("2025-10-27 12:00", 113_500, 24),
    TurningPoint("2025-11-04 20:00", 100_500, 24),
    TurningPoint("2025-11-10 12:00", 106_000),
    TurningPoint("2025-11-14 12:00", 95_500),
    TurningPoint("2025-11-21 12:00", 81_500, 24, 1.4, -0.4),
    TurningPoint("2025-11-28 12:00", 91_500),
    TurningPoint("2025-12-01 14:00", 84_500, 24),
    TurningPoint("2025-12-09 16:00", 93_500),
    TurningPoint("2025-12-18 16:00", 85_500),
    TurningPoint("2025-12-31 00:00", 88_000),
    TurningPoint("2026-01-05 18:00", 93_500, mood=0.3),
    TurningPoint("2026-01-14 20:00", 97_000, 24, mood=0.7),
    TurningPoint("2026-01-20 20:00", 89_500, mood=0.6),
    TurningPoint("2026-01-25 18:00", 87_000, mood=0.5),
    TurningPoint("2026-01-28 12:00", 89_500, 24, mood=0.9),
    TurningPoint("2026-01-29 16:00", 84_500, 12, 1.3, mood=0.9),
    TurningPoint("2026-01-31 18:00", 77_500, 12, 1.5, mood=0.9),
    TurningPoint("2026-02-03 00:00", 79_000, 12, 1.2, mood=1.2),
    TurningPoint("2026-02-04 00:00", 75_500, 8, 1.2, mood=1.2),
    TurningPoint("2026-02-04 17:00", 72_800, 6, 1.5, mood=1.8),
    TurningPoint("2026-02-05 02:00", 73_400, 4, 1.5, mood=2.4),
    TurningPoint("2026-02-05 12:00", 70_900, 4, 1.8, mood=2.4),
    TurningPoint("2026-02-05 18:00", 71_200, 1.5, 1.8, mood=2.4),  # here the flush begins
    TurningPoint("2026-02-05 18:12", 69_900, 0.5, 4.2, 0.4),
    TurningPoint("2026-02-05 18:40", 69_100, 1, 4.2, -0.3),
    TurningPoint("2026-02-05 19:10", 70_200, 2, 4.0, -0.6),
    TurningPoint("2026-02-05 20:30", 66_300, 2, 4.6, -1.4),
    TurningPoint("2026-02-05 21:10", 67_000, 1.5, 4.2, -1.3),
    TurningPoint("2026-02-05 22:20", 64_000, 1, 4.8, -1.8),
    TurningPoint("2026-02-05 22:50", 65_000, 1, 4.6, -1.7),
    TurningPoint("2026-02-05 23:35", 62_300, 1, 4.8, -2.2),
    TurningPoint("2026-02-06 00:15", 59_800, 0.3, 4.8, -2.6),  # the low: 59,800 in the record
    TurningPoint("2026-02-06 00:35", 62_300, 0.5, 5.0, -2.4),
    TurningPoint("2026-02-06 01:30", 64_500, 3, 4.6, -2.0),
    TurningPoint("2026-02-06 03:00", 63_900, 4, 3.6, -1.8),
    TurningPoint("2026-02-06 05:00", 65_800, 6, 3.2, -1.5),
    TurningPoint("2026-02-06 11:00", 65_900, 12, 2.6, -1.1),
    TurningPoint("2026-02-06 17:00", 70_000, 12, 2.4, -0.8),
    TurningPoint("2026-02-07 08:00", 68_200, 24, 2.0, -0.4),
    TurningPoint("2026-02-08 12:00", 70_300, 48, 1.6, -0.2),
    TurningPoint("2026-02-10 00:00", 69_000, 480, 1.2),
)


def unix_s(when: str) -> int:
    """Return the Unix time of ``YYYY-MM-DD HH:MM`` in UTC."""
    return from_datetime(dt.datetime.fromisoformat(when)) // SECOND_MS


YEARS_START_S: Final = unix_s("2023-05-03 00:00")
CROWD_START_S: Final = unix_s("2025-09-15 00:00")
FLUSH_START_S: Final = unix_s("2026-02-05 18:00")
PLAY_START_S: Final = FLUSH_START_S - 120


class Drive(NamedTuple):
    """What drives a coin from outside, one row a step."""

    anchor: FloatArray  # logarithm of the price that pulls
    pull_per_s: FloatArray
    volatility: FloatArray
    mood: FloatArray


_TIMES: Final = np.array([unix_s(point.when) for point in STORY], dtype=np.int64)
_LOG_PRICES: Final = np.log([point.price for point in STORY])


def drive(time_s: TimeArray) -> Drive:
    """Return BTC's drive at given times: the line through the turning points, the leg's state."""
    leg = np.minimum(np.searchsorted(_TIMES, time_s), len(STORY) - 1)
    return Drive(
        anchor=np.interp(time_s, _TIMES, _LOG_PRICES),
        pull_per_s=np.array([1 / (3_600 * point.pull_h) for point in STORY])[leg],
        volatility=np.array([point.volatility for point in STORY])[leg],
        mood=np.array([point.mood for point in STORY])[leg],
    )
