"""A recorded market, as small as the map and the models need it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.workstation.recording.test_reader import table


@pytest.fixture
def recording(tmp_path):
    """40 days of quarters of one market, with open interest that grows."""
    count = 40 * 96
    closes = 70_000 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.002, count)))
    table(
        count, interval_s=900, open=closes, high=closes * 1.001, low=closes * 0.999, close=closes,
        volume_base=500.0,
    ).to_parquet(tmp_path / "candles.parquet")  # fmt: skip
    base = 80_000 + 10 * np.arange(count)
    table(count, open_interest_base=base, open_interest_usd=base * closes).to_parquet(
        tmp_path / "open_interest.parquet"
    )
    table(count, mark_price=closes, index_price=np.nan).to_parquet(tmp_path / "marks.parquet")
    return tmp_path
