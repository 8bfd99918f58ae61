from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workstation.market.facts import Candles
from workstation.market.instrument import MarketKey
from workstation.market.series import aggregate_candles, merge_candles

KEY = MarketKey("okx", "BTC/USDT:USDT")


def candles(times: list[int], closes: list[float] | None = None, interval_s: int = 60) -> Candles:
    values = np.array(closes if closes is not None else times, dtype=np.float64)
    return Candles(
        key=KEY,
        interval_s=interval_s,
        time_ms=np.array(times, dtype=np.int64) * 60_000,
        open=values,
        high=values + 1,
        low=values - 1,
        close=values,
        volume_base=np.ones(len(values)),
    )


rows = st.lists(st.integers(0, 40), max_size=20, unique=True).map(sorted)


@given(known=rows, new=rows)
def test_merging_keeps_every_row_once_and_the_later_one_wins(known: list[int], new: list[int]):
    merged = merge_candles(candles(known), candles(new, [time + 0.5 for time in new]))
    want = {time: float(time) for time in known} | {time: time + 0.5 for time in new}
    assert (
        dict(zip((merged.time_ms // 60_000).tolist(), merged.close.tolist(), strict=True)) == want
    )
    assert bool(np.all(np.diff(merged.time_ms) > 0))


def test_a_hole_stays_a_hole():
    merged = merge_candles(candles([1, 2, 5]), candles([6, 9]))
    assert merged.gaps() == 2
    assert len(merged) == 5


def test_aggregation_by_hand():
    bars = aggregate_candles(candles([0, 1, 2, 5, 6], [10, 30, 20, 40, 15]), 300)
    assert (bars.time_ms // 60_000).tolist() == [0, 5]
    assert bars.open.tolist() == [10.0, 40.0]
    assert bars.high.tolist() == [31.0, 41.0]
    assert bars.low.tolist() == [9.0, 14.0]
    assert bars.close.tolist() == [20.0, 15.0]
    assert bars.volume_base.tolist() == [3.0, 2.0]


def test_aggregation_needs_a_multiple():
    with pytest.raises(ValueError, match="do not make"):
        aggregate_candles(candles([0, 1]), 90)


def test_unsorted_or_doubled_rows_are_refused_when_built():
    with pytest.raises(ValueError, match="not sorted and unique"):
        candles([2, 1])
    with pytest.raises(ValueError, match="not sorted and unique"):
        candles([1, 1])
