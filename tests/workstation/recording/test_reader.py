from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from workstation.errors import RecordingError
from workstation.market.instrument import MarketKey, Side
from workstation.recording.reader import read_recording

KEY = MarketKey("binanceusdm", "BTC/USDT:USDT")


def table(rows: int, start: str = "2026-02-05", **columns) -> pd.DataFrame:
    times = pd.date_range(start, periods=rows, freq="15min", tz="UTC")
    return pd.DataFrame({"time": times, "venue": KEY.venue, "symbol": KEY.symbol, **columns})


def candles(rows: int, start: str = "2026-02-05") -> pd.DataFrame:
    return table(
        rows, start, interval_s=900, open=1.0, high=2.0, low=0.5, close=1.5, volume_base=3.0
    )


def test_an_absent_kind_is_unknown_and_not_zero(tmp_path: Path):
    candles(4).to_parquet(tmp_path / "candles.parquet")
    recording = read_recording(tmp_path)
    assert recording.open_interest == ()
    assert recording.funding == ()
    assert len(recording.candles[0]) == 4


def test_parts_are_read_as_one_table_and_merged_sources_once(tmp_path: Path):
    candles(4).to_parquet(tmp_path / "candles-0001.parquet")
    candles(4, "2026-02-05 01:00").to_parquet(tmp_path / "candles-0002.parquet")
    both = pd.concat([candles(4), candles(4, "2026-02-05 01:00")])
    both.to_parquet(tmp_path / "candles-0003.parquet")
    assert len(read_recording(tmp_path).candles[0]) == 8


def test_a_damaged_last_part_is_left_out_with_a_warning(tmp_path: Path):
    candles(4).to_parquet(tmp_path / "candles-0001.parquet")
    (tmp_path / "candles-0002.parquet").write_bytes(b"PAR1 half")
    recording = read_recording(tmp_path)
    assert len(recording.candles[0]) == 4
    assert "candles-0002.parquet" in recording.warnings[0]


def test_damage_before_the_last_part_is_refused(tmp_path: Path):
    (tmp_path / "candles-0001.parquet").write_bytes(b"PAR1 half")
    candles(4).to_parquet(tmp_path / "candles-0002.parquet")
    with pytest.raises(RecordingError, match=r"candles-0001\.parquet is damaged"):
        read_recording(tmp_path)


@pytest.mark.parametrize("freq", ["us", "ns", "ms"])
def test_every_precision_of_time_is_accepted(tmp_path: Path, freq: str):
    frame = candles(2)
    frame["time"] = frame["time"].astype(f"datetime64[{freq}, UTC]")
    frame.to_parquet(tmp_path / "candles.parquet")
    assert read_recording(tmp_path).candles[0].time_ms[0] == 1_770_249_600_000


def test_a_missing_column_is_named(tmp_path: Path):
    candles(2).drop(columns="close").to_parquet(tmp_path / "candles.parquet")
    with pytest.raises(RecordingError, match="lacks the column close"):
        read_recording(tmp_path)


def test_a_folder_without_anything_to_draw_is_refused(tmp_path: Path):
    with pytest.raises(RecordingError, match="nothing could be drawn"):
        read_recording(tmp_path)
    with pytest.raises(RecordingError, match="is not a folder"):
        read_recording(tmp_path / "nowhere")


def test_liquidations_keep_the_side_of_the_closed_position(tmp_path: Path):
    candles(2).to_parquet(tmp_path / "candles.parquet")
    table(1, side="long", quantity_base=2.0, price=60_000.0).to_parquet(
        tmp_path / "liquidations.parquet"
    )
    (row,) = read_recording(tmp_path).liquidations
    assert (row.side, row.notional_usd) == (Side.LONG, 120_000.0)


def test_mark_candles_stand_apart_from_last_price_candles(tmp_path: Path):
    both = pd.concat([candles(2).assign(price="last"), candles(2).assign(price="mark")])
    both.to_parquet(tmp_path / "candles.parquet")
    assert sorted(bars.price for bars in read_recording(tmp_path).candles) == ["last", "mark"]
