"""What the map says of a place and of a way, against sums by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from workstation.market.instrument import MarketKey, Side
from workstation.risk.heatmap_reading import (
    Way,
    band_of_row,
    band_width,
    bin_at,
    cell_of,
    coin_values,
    cumulative,
    row_at,
)
from workstation.risk.known_levels import KnownLevels
from workstation.risk.report import HeatmapColumns

DELTA, FIRST = 0.01, 460  # bins of 1 % from 99.48 on
PHI = 0.8


def edge(k):
    return float(np.exp(DELTA * (FIRST + k)))


def middle(k):
    return float(np.exp(DELTA * (FIRST + k + 0.5)))


def columns(**changes):
    """Two bars of ten bins: longs of k coins in bins 0 to 4, shorts of 10 in bins 6 to 9."""
    long = np.array([0, 1, 2, 3, 4, 0, 0, 0, 0, 0], np.float32)
    short = np.array([0, 0, 0, 0, 0, 0, 10, 10, 10, 10], np.float32)
    fields = {
        "coin": "BTC",
        "interval_s": 60,
        "time_ms": np.array([0, 60_000]),
        "first_bin": FIRST,
        "delta": DELTA,
        "long_base": np.stack([long, long]),
        "short_base": np.stack([short, short]),
        "open_interest_base": np.array([100.0, 100.0]),
        "liquidatable_fraction": PHI,
        "band_base": np.stack([[long / 2, short / 2], [long * 3, short * 3]]),
        "spread": (np.stack([np.full((2, 10), 0.25), np.full((2, 10), 4.0)]).astype(np.float32),),
        "spread_from": (0,),
    }
    return HeatmapColumns(**(fields | changes))


def test_a_way_down_meets_the_longs_between_and_shares_the_bins_at_its_ends():
    side, met = Way(columns()).before(edge(2), edge(4.5))
    assert side is Side.LONG
    by_hand = [(2, 2.0), (3, 3.0), (4, 4.0 * 0.5)]
    assert met.usd == pytest.approx(sum(PHI * coins * middle(k) for k, coins in by_hand))
    assert met.base == pytest.approx(PHI * 7.0)
    assert met.low_usd == pytest.approx(met.usd / 2)
    assert met.high_usd == pytest.approx(met.usd * 3)


def test_a_way_up_meets_shorts_only():
    side, met = Way(columns()).before(edge(20), edge(2))
    assert side is Side.SHORT
    assert met.base == pytest.approx(PHI * 40.0)


def test_a_way_to_the_mark_itself_meets_nothing():
    _, met = Way(columns()).before(edge(3), edge(3))
    assert met.usd == 0.0


def test_where_a_band_is_not_known_on_the_way_it_is_not_told():
    band = columns().band_base.copy()
    band[1, 0, 3] = np.nan
    way = Way(columns(band_base=band))
    assert way.before(edge(3.9), edge(2))[1].low_usd is not None  # shorts: none of its bins
    assert way.before(edge(2), edge(3))[1].high_usd == pytest.approx(PHI * 2 * middle(2) * 3)
    assert way.before(edge(2), edge(3.01))[1].high_usd is None


def test_a_way_from_beyond_the_map_meets_what_the_map_holds():
    way = Way(columns())
    assert way.before(edge(-5), edge(40))[1].base == pytest.approx(PHI * 10.0)
    assert way.before(edge(-5), edge(-2))[1].usd == way.before(edge(30), edge(20))[1].usd == 0.0


def test_without_a_band_there_is_none():
    bare = columns(band_base=None, spread=(), spread_from=())
    _, met = Way(bare).before(edge(2), edge(4))
    assert met.low_usd is met.high_usd is None
    assert cell_of(bare, 0, 2, 3).long.low_usd is None


def test_a_cell_of_an_earlier_bar_has_the_band_that_was_noted_then():
    cell = cell_of(columns(), 0, 2, 4)
    assert not cell.is_newest
    assert (cell.low, cell.high) == pytest.approx((edge(2), edge(4)))
    assert cell.long.usd == pytest.approx(PHI * (2 * middle(2) + 3 * middle(3)))
    assert cell.long.low_usd == pytest.approx(cell.long.usd / 4)
    assert cell.long.high_usd == pytest.approx(cell.long.usd * 4)
    assert cell.short.usd == 0.0
    assert cell.by_leverage == ()


def test_a_cell_is_told_by_leverage_as_noted_last():
    newest, noted = np.zeros((2, 5, 10), np.float32)
    newest[:, 2] = 1.0, 0.0, 2.0, 0.0, 5.0
    noted[:, 2] = 3.0, 1.0, 0.0, 0.0, 0.0
    told = columns(by_leverage_base=newest, by_leverage_noted=(noted,))
    cell = cell_of(told, 1, 2, 3)
    assert cell.is_newest
    assert cell.leverage_ms == cell.time_ms
    assert cell.by_leverage == pytest.approx((1 / 8, 0, 2 / 8, 0, 5 / 8))
    assert cell_of(told, 1, 7, 8).by_leverage == ()  # nothing stands there
    earlier = cell_of(told, 0, 2, 4)
    assert earlier.by_leverage == (0.75, 0.25, 0.0, 0.0, 0.0)
    assert earlier.leverage_ms == 0
    assert cell_of(columns(), 0, 2, 4).leverage_ms is None


def test_known_positions_of_a_cell_are_of_now_and_of_its_bins_alone():
    by_bin = np.zeros((2, 10))
    by_bin[0, [2, 3]], by_bin[1, 3] = 5.0, 1.0
    levels = KnownLevels(
        key=MarketKey("hyperliquid", "BTC/USDC:USDC"),
        holders="3 public addresses",
        as_of_ms=0,
        is_stale=False,
        by_bin=by_bin,
        elsewhere=np.zeros(2),
        coverage=(0.25, 0.1),
    )
    told = columns(known=(levels,))
    (known,) = cell_of(told, 0, 3, 5).known
    assert (known.venue, known.coverage) == ("hyperliquid", (0.25, 0.1))
    assert known.long_usd == pytest.approx(5 * middle(3))  # all of it, not the part that is sold
    assert known.short_usd == pytest.approx(middle(3))
    assert cell_of(told, 0, 3, 5).long == cell_of(columns(), 0, 3, 5).long  # never summed


def test_the_width_of_the_band_is_that_of_the_whole():
    # half and threefold of every bin
    assert band_width(columns()) == pytest.approx(6.0)
    assert band_width(columns(band_base=None)) is None
    assert band_width(columns(band_base=np.zeros((2, 2, 10), np.float32))) is None


def test_an_unknown_band_is_not_shown_as_a_number():
    unknown = np.full((2, 2, 10), np.nan, np.float32)
    told = columns(spread=(unknown,))
    assert cell_of(told, 0, 2, 4).long.low_usd is None
    assert cell_of(told, 0, 5, 6).long.low_usd == 0.0  # nothing stands there, that much is known


def test_a_later_note_holds_from_its_column_on():
    first, second = (np.full((2, 2, 10), factor, np.float32) for factor in (2.0, 5.0))
    told = columns(
        time_ms=60_000 * np.arange(4),
        **{name: np.ones((4, 10), np.float32) for name in ("long_base", "short_base")},
        spread=(first, second),
        spread_from=(0, 2),
        band_base=None,
    )
    assert [band_of_row(told, row)[0, 0, 0] for row in range(4)] == [2.0, 2.0, 5.0, 5.0]


def test_what_is_met_on_the_way_grows_away_from_the_mark():
    down, up = cumulative(columns(), edge(5), coin_values(columns()))
    assert down[5] == 0.0
    assert down[0] == pytest.approx(PHI * sum(k * middle(k) for k in range(5)))
    assert down[3] == pytest.approx(PHI * sum(k * middle(k) for k in (3, 4)))
    assert up[6] == 0.0
    assert up[10] == pytest.approx(PHI * 10 * sum(middle(k) for k in range(6, 10)))


def test_places_outside_the_map_are_none():
    told = columns()
    assert (row_at(told, 59_999.0), row_at(told, 60_000.0)) == (0, 1)
    assert row_at(told, -1.0) is row_at(told, 120_000.0) is None
    assert bin_at(told, middle(3)) == 3
    assert bin_at(told, edge(-1)) is bin_at(told, edge(11)) is bin_at(told, 0.0) is None


def test_an_empty_map_meets_nothing():
    empty = dataclasses.replace(
        columns(), time_ms=np.empty(0, np.int64), long_base=np.empty((0, 10), np.float32)
    )
    assert Way(empty).before(edge(2), edge(4))[1].usd == 0.0
