"""The heatmap of a recording: files, conservation, as known then, scores, and what is refused."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from tests.workstation.risk.test_heatmap_fitted import BAR_MS, a_history
from workstation.errors import RecordingError
from workstation.services import heatmap_files
from workstation.services.heatmap_report import document, write_heatmap

VENUE, SYMBOL = "binanceusdm", "BTC/USDT:USDT"
SIDES = np.array(["long", "short"])


def record(folder, history, *, venue=VENUE, end=None, with_feed=True, hole=None):
    """Write a recording of a generated history; more venues can be written into one folder."""
    bars, seen, _ = history
    bars, seen = bars[:end], seen[:end]
    keep = np.ones(len(bars), bool) if hole is None else ~np.isin(np.arange(len(bars)), hole)
    folder.mkdir(exist_ok=True)
    time = pd.to_datetime(bars.time_ms, unit="ms", utc=True)
    key = {"venue": venue, "symbol": SYMBOL}
    candles = pd.DataFrame(
        {
            "time": time, **key, "interval_s": BAR_MS // 1_000,
            "open": np.clip(2 * bars.middle - bars.close, bars.low, bars.high),
            "high": bars.high, "low": bars.low, "close": bars.close,
            "volume_base": bars.volume_base,
        }
    )  # fmt: skip
    append(folder / "candles.parquet", candles[keep])
    interest = pd.DataFrame(
        {
            "time": time + pd.Timedelta(milliseconds=BAR_MS), **key,
            "open_interest_base": bars.open_interest_base,
            "open_interest_usd": bars.open_interest_base * bars.close,
        }
    )  # fmt: skip
    append(folder / "open_interest.parquet", interest)
    if with_feed:
        bar, side = np.nonzero(np.nan_to_num(seen.base))
        price = np.where(side == 0, bars.low[bar], bars.high[bar])
        orders = pd.DataFrame(
            {
                "time": time[bar] + pd.Timedelta(minutes=7), **key, "side": SIDES[side],
                "quantity_base": seen.base[bar, side], "price": price,
            }
        )  # fmt: skip
        append(folder / "liquidations.parquet", orders)
    return folder


def append(path, frame):
    before = [pd.read_parquet(path)] if path.exists() else []
    pd.concat([*before, frame]).sort_values("time", kind="stable").to_parquet(path, index=False)


@pytest.fixture(scope="module")
def history():
    return a_history(15)


@pytest.fixture(scope="module")
def written(history, tmp_path_factory):
    folder = tmp_path_factory.mktemp("heatmap")
    summary = write_heatmap(record(folder / "tape", history), SYMBOL, folder / "map.parquet")
    return summary, *read(folder / "map.parquet")


def read(path):
    return pd.read_parquet(path), pd.read_parquet(path.with_name(f"{path.stem}-bars.parquet"))


def test_longs_and_shorts_inside_and_outside_are_open_interest(written):
    _, bins, bars = written
    inside = bins.groupby("time")[["long_base", "short_base"]].sum()
    bars = bars.set_index("time")
    for side in ("long", "short"):
        held = inside[f"{side}_base"].reindex(bars.index, fill_value=0.0)
        sums = held + bars[f"{side}_outside_base"]
        np.testing.assert_allclose(sums, bars["open_interest_base"], rtol=1e-9)
    assert written[0].conservation_error < 1e-12


def test_the_columns_are_those_of_the_specification(written, history):
    _, bins, bars = written
    assert list(bins.columns) == [
        "time", "price_low", "price_high", "long_base", "short_base", "long_usd", "short_usd",
        "p10_usd", "p90_usd",
    ]  # fmt: skip
    assert list(bars.columns) == [
        "time", "open_interest_base", "long_outside_base", "short_outside_base",
    ]  # fmt: skip
    k = 1_000 * np.log(bins["price_low"])
    np.testing.assert_allclose(k, k.round(), atol=1e-6)
    np.testing.assert_allclose(1_000 * np.log(bins["price_high"]), k.round() + 1)
    middle = np.sqrt(bins["price_low"] * bins["price_high"])
    np.testing.assert_allclose(bins["long_usd"], bins["long_base"] * middle)
    np.testing.assert_allclose(bins["short_usd"], bins["short_base"] * middle)
    total = bins["long_usd"] + bins["short_usd"]
    assert (bins["p10_usd"] <= total * (1 + 1e-12)).all()
    assert (bins["p10_usd"] < bins["p90_usd"]).all()
    ends = pd.to_datetime(history[0].time_ms + BAR_MS, unit="ms", utc=True)
    assert (bars["time"].to_numpy() == ends.to_numpy()).all()


def test_longs_lie_below_the_close_and_shorts_above(written, history):
    bins = written[1].tail(50_000)
    close = pd.Series(
        history[0].close, pd.to_datetime(history[0].time_ms + BAR_MS, unit="ms", utc=True)
    )
    at = bins["time"].map(close)
    assert (bins["price_low"][bins["long_base"] > 0] < at[bins["long_base"] > 0]).all()
    assert (bins["price_high"][bins["short_base"] > 0] > at[bins["short_base"] > 0]).all()


def test_a_longer_recording_gives_the_same_columns(written, history, tmp_path):
    early = record(tmp_path / "early", history, end=96 * 8 + 30)
    write_heatmap(early, SYMBOL, tmp_path / "early.parquet")
    bins, bars = read(tmp_path / "early.parquet")
    pd.testing.assert_frame_equal(bins, written[1][: len(bins)])
    pd.testing.assert_frame_equal(bars, written[2][: len(bars)])


def test_every_nth_bar_is_a_part_of_every_bar(written, history, tmp_path):
    write_heatmap(record(tmp_path / "tape", history), SYMBOL, tmp_path / "map.parquet", every=10)
    bins, bars = read(tmp_path / "map.parquet")
    pd.testing.assert_frame_equal(bars, written[2][9::10].reset_index(drop=True))
    fewer = written[1][written[1]["time"].isin(bars["time"])].reset_index(drop=True)
    pd.testing.assert_frame_equal(bins, fewer, rtol=1e-9)


def test_the_document_tells_mix_scores_and_rivals(written):
    told = json.loads(json.dumps(document(written[0], with_rivals=True), allow_nan=False))
    (venue,) = told["venues"]
    assert venue["mix"]["fitted"]
    assert len(venue["mix"]["long_share"]) == len(venue["mix"]["leverages"]) == 13
    scores = venue["scores"]
    assert scores["days"] == 5
    assert scores["verdict"].endswith("distance only, 5 days")
    assert [model["name"] for model in scores["models"]] == [
        "this map", "uniform", "distance only", "fixed weights", "constant per bin swept",
        "path only",
    ]  # fmt: skip
    own = scores["models"][0]
    assert own["skill"] > 0.5
    assert own["total_ratio"] == pytest.approx(1.0, abs=0.35)
    assert len(document(written[0], with_rivals=False)["venues"][0]["scores"]["models"]) == 1


def test_venues_add_up_and_one_can_be_picked(history, tmp_path):
    other = a_history(3, seed=2)
    both = record(tmp_path / "both", history, end=96 * 3)
    record(both, other, venue="bybit")
    write_heatmap(both, SYMBOL, tmp_path / "both.parquet", every=96)
    _, bars = read(tmp_path / "both.parquet")
    each = []
    for venue in (VENUE, "bybit"):
        write_heatmap(both, SYMBOL, tmp_path / f"{venue}.parquet", venue=venue, every=96)
        each.append(read(tmp_path / f"{venue}.parquet"))
    assert bars["open_interest_base"].tolist() == pytest.approx(
        (each[0][1]["open_interest_base"] + each[1][1]["open_interest_base"]).tolist()
    )
    assert read(tmp_path / "both.parquet")[0]["long_base"].sum() == pytest.approx(
        sum(one["long_base"].sum() for one, _ in each), rel=1e-3
    )


def test_without_liquidations_the_prior_is_written_and_no_score(history, tmp_path):
    tape = record(tmp_path / "tape", history, end=200, with_feed=False)
    summary = write_heatmap(tape, SYMBOL, tmp_path / "map.parquet")
    (venue,) = summary.venues
    assert venue.belief.fit is None
    assert venue.grades is None
    assert document(summary, with_rivals=True)["venues"][0]["scores"] is None


def test_missing_bars_and_glitches_are_counted(history, tmp_path):
    bars, seen, grid = history
    interest = bars.open_interest_base.copy()
    interest[50] *= 30
    bars = dataclasses.replace(bars, open_interest_base=interest)
    tape = record(tmp_path / "tape", (bars, seen, grid), end=200, hole=[100, 101, 102])
    (venue,) = write_heatmap(tape, SYMBOL, tmp_path / "map.parquet").venues
    assert venue.missing_bars == 3
    assert venue.glitches == 1


def test_what_a_recording_lacks_is_said_in_a_sentence(history, tmp_path):
    tape = record(tmp_path / "tape", history, end=100)
    out = tmp_path / "map.parquet"
    with pytest.raises(RecordingError, match=r"no candles of ETH/USDT:USDT; it has BTC/USDT:USDT"):
        write_heatmap(tape, "ETH/USDT:USDT", out)
    with pytest.raises(RecordingError, match="no candles of BTC/USDT:USDT at okx"):
        write_heatmap(tape, SYMBOL, out, venue="okx")
    (tape / "open_interest.parquet").unlink()
    with pytest.raises(RecordingError, match="no open interest"):
        write_heatmap(tape, SYMBOL, out)
    assert not out.exists()


def test_a_venue_without_open_interest_is_missing_by_name(history, tmp_path):
    tape = record(tmp_path / "tape", history, end=100)
    candles = pd.read_parquet(tape / "candles.parquet").assign(venue="okx")
    append(tape / "candles.parquet", candles)
    summary = write_heatmap(tape, SYMBOL, tmp_path / "map.parquet")
    assert summary.missing == ("okx",)
    assert [venue.venue for venue in summary.venues] == [VENUE]


def test_a_write_that_fails_leaves_no_half_file(history, tmp_path, monkeypatch):
    tape = record(tmp_path / "tape", history, end=100)

    def broken(*_arguments):
        raise OSError("no space left")

    monkeypatch.setattr(heatmap_files, "_table", broken)
    with pytest.raises(OSError, match="no space"):
        write_heatmap(tape, SYMBOL, tmp_path / "map.parquet")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tape"]
