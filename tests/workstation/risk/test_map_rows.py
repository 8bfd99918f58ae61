"""Rows of two tables read like the one array of both, and final ones are never copied."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workstation.risk.map_rows import MapRows

TABLE = np.arange(15 * 4, dtype=np.float32).reshape(15, 4)


def rows(final=9, count=12):
    return MapRows.of(TABLE.copy(), final, TABLE[final:count].copy())


any_end = st.none() | st.integers(-20, 20)


@given(
    final=st.integers(0, 12),
    first=any_end,
    end=any_end,
    step=st.sampled_from([None, 1, 2, 3, 7, -1, -2]),
)
def test_slices_are_those_of_one_array(final, first, end, step):
    cut = slice(first, end, step)
    np.testing.assert_array_equal(rows(final)[cut], TABLE[:12][cut])
    np.testing.assert_array_equal(rows(final)[cut, 1:3], TABLE[:12][cut, 1:3])


@pytest.mark.parametrize("at", [0, 8, 9, 11, -1, -4, np.int64(5)])
def test_a_row_and_a_cell_are_those_of_one_array(at):
    np.testing.assert_array_equal(rows()[at], TABLE[:12][at])
    assert rows()[at, 2] == TABLE[:12][at, 2]


def test_several_rows_at_once_are_those_of_one_array():
    np.testing.assert_array_equal(rows()[[2, 10]], TABLE[[2, 10]])
    np.testing.assert_array_equal(rows()[[2, 10], 1:3], TABLE[[2, 10], 1:3])


def test_a_row_beyond_the_last_is_refused():
    with pytest.raises(IndexError, match="row 12 of 12"):
        rows()[12]


def test_shape_size_and_whole_are_those_of_one_array():
    assert rows().shape == (12, 4)
    assert rows().size == 48
    assert len(rows()) == 12
    np.testing.assert_array_equal(np.asarray(rows()), TABLE[:12])
    assert np.asarray(rows(), np.float64).dtype == np.float64


def test_final_rows_are_the_table_s_own_and_read_only():
    table = TABLE.copy()
    held = MapRows.of(table, 9, table[9:12].copy())
    assert np.shares_memory(held[2:9], table)
    with pytest.raises(ValueError, match="read-only"):
        held[2:9][0, 0] = 1.0
    table[9:] = -1.0  # the map grows on
    np.testing.assert_array_equal(held[:], TABLE[:12])
