"""A margin pool as arrays: what of it is the same on every path."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from workstation.market.facts import FloatArray
from workstation.risk.kernels.way_arrays import IntArray, LegRow, TierArrays
from workstation.risk.legs import Leg
from workstation.risk.tiers import file_tier

_COLUMNS: Final = len(LegRow._fields)
_NO_TIERS: Final = file_tier(0.0, 0.0)  # of a leg that has a value, but no known maintenance margin


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PoolArrays:
    """The legs of a pool and their tiers, in the pool's currency; see ``way_arrays``.

    ``log_kinks`` are the logarithms of the factors at which tiers change, an array a leg; empty
    where no leg has any.
    """

    columns: tuple[FloatArray, ...]  # (legs,) each: those of ``LegRow``
    first_row: IntArray  # (legs + 1,)
    tiers: TierArrays
    log_kinks: tuple[FloatArray, ...]

    @classmethod
    def of(cls, legs: Sequence[Leg]) -> PoolArrays:
        tables = [leg.tiers or _NO_TIERS for leg in legs]
        first_row = np.zeros(len(legs) + 1, np.int64)
        np.cumsum([len(table.floor) for table in tables], out=first_row[1:])
        columns = np.array([leg.row for leg in legs], np.float64).reshape(len(legs), _COLUMNS).T
        log_kinks = tuple(leg.log_kinks for leg in legs)
        return cls(
            columns=tuple(columns.copy()),  # each of them contiguous
            first_row=first_row,
            tiers=TierArrays(
                floor=joined([table.floor for table in tables]),
                rate=joined([table.rate for table in tables]),
                amount=joined([table.amount for table in tables]),
            ),
            log_kinks=log_kinks if any(map(len, log_kinks)) else (),
        )


def floats(values: Iterable[float]) -> FloatArray:
    return np.fromiter(values, np.float64)


def joined(parts: Sequence[FloatArray]) -> FloatArray:
    return np.concatenate(parts) if parts else np.zeros(0)
