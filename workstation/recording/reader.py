"""Read a recording: a folder of Parquet files, one a kind of fact.

A kind may be one file (``marks.parquet``) or parts (``marks-0001.parquet``, ...), which are read as
one table. An absent file means that the kind is unknown. Parts that were merged while their
sources still lie there give exact duplicates; those are dropped. A damaged last part is left out
with a warning; damage elsewhere is an error, since it would be a hole in the middle of the tape.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from workstation.errors import RecordingError
from workstation.market.facts import (
    CandlePrice,
    Candles,
    FloatArray,
    FundingHistory,
    Liquidation,
    OpenInterestHistory,
    OrderBook,
    TimeArray,
)
from workstation.market.instrument import MarketKey, Side, split_symbol
from workstation.units import HOUR_MS, UnixMs

REQUIRED_COLUMNS: Final[dict[str, tuple[str, ...]]] = {
    "candles": ("interval_s", "open", "high", "low", "close", "volume_base"),
    "marks": ("mark_price", "index_price"),
    "funding": ("funding_rate", "interval_h", "settled"),
    "open_interest": ("open_interest_base", "open_interest_usd"),
    "liquidations": ("side", "quantity_base", "price"),
    "long_short": ("long_short_ratio",),
    "books": ("side", "price", "quantity_base"),
}
_EVERY_FILE: Final = ("time", "venue", "symbol")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MarkSeries:
    """Mark and index price of one market, sorted by time; NaN where the index is unknown."""

    key: MarketKey
    time_ms: TimeArray
    mark_price: FloatArray
    index_price: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FundingSeries:
    """Funding of one market as it was recorded: settled rows and running ones, sorted by time."""

    key: MarketKey
    time_ms: TimeArray
    funding_rate: FloatArray
    interval_h: FloatArray
    settled: np.ndarray[tuple[int], np.dtype[np.bool_]]

    def history(self) -> FundingHistory:
        """Return the settled rows."""
        rows = self.settled
        return FundingHistory(
            key=self.key,
            time_ms=self.time_ms[rows],
            funding_rate=self.funding_rate[rows],
            interval_h=self.interval_h[rows],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """All that a folder holds. ``warnings`` are sentences about what was set aside."""

    folder: Path
    candles: tuple[Candles, ...]
    marks: tuple[MarkSeries, ...]
    funding: tuple[FundingSeries, ...]
    open_interest: tuple[OpenInterestHistory, ...]
    liquidations: tuple[Liquidation, ...]
    books: tuple[OrderBook, ...]
    warnings: tuple[str, ...] = ()

    def venues(self) -> tuple[str, ...]:
        """Return the venues on the tape, in the order of their first appearance."""
        keys = [
            *(bars.key for bars in self.candles),
            *(marks.key for marks in self.marks),
            *(interest.key for interest in self.open_interest),
            *(funding.key for funding in self.funding),
        ]
        return tuple(dict.fromkeys(key.venue for key in keys))

    def first_ms(self) -> dict[tuple[str, str], int]:
        """Return when funding and open interest of each coin begin, by kind and coin."""
        starts = [
            *(("funding", series.key, series.time_ms[0]) for series in self.funding),
            *(("open_interest", series.key, series.time_ms[0]) for series in self.open_interest),
        ]
        first: dict[tuple[str, str], int] = {}
        for kind, key, start in starts:
            coin = split_symbol(key.symbol)[0]
            first[kind, coin] = min(int(start), first.get((kind, coin), int(start)))
        return first

    def span_ms(self) -> tuple[int, int]:
        """Return the first and the last moment of the tape (of a candle: its end)."""
        starts: list[int] = []
        ends: list[int] = []
        for bars in self.candles:
            starts.append(int(bars.time_ms[0]))
            ends.append(int(bars.time_ms[-1]) + bars.interval_s * 1_000)
        for times in (
            *(marks.time_ms for marks in self.marks),
            *(funding.time_ms for funding in self.funding),
            *(interest.time_ms for interest in self.open_interest),
        ):
            starts.append(int(times[0]))
            ends.append(int(times[-1]))
        return min(starts), max(ends)


def read_recording(folder: Path) -> Recording:
    """Read a recording folder.

    Raises
    ------
    RecordingError
        The folder is none, holds nothing playable, or a file in it lacks a column or is damaged.
    """
    if not folder.is_dir():
        raise RecordingError(f"{folder} is not a folder; choose the folder of a recording")
    warnings: list[str] = []
    tables = {kind: _read_kind(folder, kind, warnings) for kind in REQUIRED_COLUMNS}
    recording = Recording(
        folder=folder,
        candles=tuple(_candles(tables["candles"])),
        marks=tuple(_marks(tables["marks"])),
        funding=tuple(_funding(tables["funding"])),
        open_interest=tuple(_open_interest(tables["open_interest"])),
        liquidations=tuple(_liquidations(tables["liquidations"])),
        books=tuple(_books(tables["books"])),
        warnings=tuple(warnings),
    )
    if not (recording.candles or recording.marks or recording.open_interest):
        raise RecordingError(
            f"{folder} holds no candles, marks or open interest: nothing could be drawn; "
            "a recording has candles.parquet, marks.parquet or open_interest.parquet"
        )
    return recording


def part_files(folder: Path, kind: str) -> list[Path]:
    """Return the files of one kind in the order in which they were written."""
    pattern = re.compile(rf"{kind}(-\d+)?\.parquet")
    return sorted(path for path in folder.iterdir() if pattern.fullmatch(path.name))


def _read_kind(folder: Path, kind: str, warnings: list[str]) -> pd.DataFrame:
    paths = part_files(folder, kind)
    frames: list[pd.DataFrame] = []
    for path in paths:
        try:
            frames.append(pq.read_table(path).to_pandas())
        except (pa.ArrowInvalid, OSError) as error:
            if path is not paths[-1]:
                raise RecordingError(
                    f"{path} is damaged ({error}); restore it or move it away"
                ) from error
            warnings.append(f"{path.name} is damaged and was left out: the tape ends before it")
    columns = (*_EVERY_FILE, *REQUIRED_COLUMNS[kind])
    if not frames:
        return pd.DataFrame(columns=["time_ms", *columns[1:]])
    table = pd.concat(frames, ignore_index=True)
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise RecordingError(f"{folder / kind}.parquet lacks the column {', '.join(missing)}")
    times = pd.to_datetime(table.pop("time"), utc=True)
    table.insert(0, "time_ms", times.astype("datetime64[ms, UTC]").astype("int64"))
    return table.drop_duplicates().sort_values("time_ms", kind="stable", ignore_index=True)


def _markets(table: pd.DataFrame) -> Iterator[tuple[MarketKey, pd.DataFrame]]:
    for (venue, symbol), rows in table.groupby(["venue", "symbol"], sort=False, observed=True):
        yield MarketKey(str(venue), str(symbol)), rows


def _column(rows: pd.DataFrame, name: str) -> FloatArray:
    return rows[name].to_numpy(dtype=np.float64, na_value=np.nan)


def _times(rows: pd.DataFrame) -> TimeArray:
    return rows["time_ms"].to_numpy(dtype=np.int64)


def _candles(table: pd.DataFrame) -> Iterator[Candles]:
    if "price" not in table.columns:
        table = table.assign(price=CandlePrice.LAST.value)
    table = table.fillna({"price": CandlePrice.LAST.value})
    for key, market in _markets(table):
        for (interval, price), rows in market.groupby(["interval_s", "price"], sort=False):
            unique = rows.drop_duplicates("time_ms", keep="last")
            opened, high, low, close, volume = (
                _column(unique, name) for name in ("open", "high", "low", "close", "volume_base")
            )
            yield Candles(
                key=key,
                interval_s=int(str(interval)),
                price=CandlePrice(str(price)),
                time_ms=_times(unique),
                open=opened,
                high=high,
                low=low,
                close=close,
                volume_base=volume,
            )


def _marks(table: pd.DataFrame) -> Iterator[MarkSeries]:
    for key, rows in _markets(table):
        unique = rows.drop_duplicates("time_ms", keep="last")
        yield MarkSeries(
            key=key,
            time_ms=_times(unique),
            mark_price=_column(unique, "mark_price"),
            index_price=_column(unique, "index_price"),
        )


def _funding(table: pd.DataFrame) -> Iterator[FundingSeries]:
    for key, rows in _markets(table):
        unique = rows.drop_duplicates(["time_ms", "settled"], keep="last")
        yield FundingSeries(
            key=key,
            time_ms=_times(unique),
            funding_rate=_column(unique, "funding_rate"),
            interval_h=_column(unique, "interval_h"),
            settled=unique["settled"].to_numpy(dtype=np.bool_),
        )


def _open_interest(table: pd.DataFrame) -> Iterator[OpenInterestHistory]:
    for key, rows in _markets(table):
        unique = rows.drop_duplicates("time_ms", keep="last")
        yield OpenInterestHistory(
            key=key,
            time_ms=_times(unique),
            open_interest_base=_column(unique, "open_interest_base"),
            open_interest_usd=_column(unique, "open_interest_usd"),
        )


def _liquidations(table: pd.DataFrame) -> Iterator[Liquidation]:
    for row in table.to_dict("records"):
        yield Liquidation(
            key=MarketKey(row["venue"], row["symbol"]),
            time_ms=UnixMs(row["time_ms"]),
            side=Side(row["side"]),
            quantity_base=row["quantity_base"],
            price=row["price"],
        )


def _books(table: pd.DataFrame) -> Iterator[OrderBook]:
    for key, market in _markets(table):
        for moment, rows in market.groupby("time_ms"):
            levels = rows[["price", "quantity_base"]]
            bids = levels[rows["side"] == "bid"].sort_values("price", ascending=False)
            asks = levels[rows["side"] == "ask"].sort_values("price")
            yield OrderBook(
                key=key,
                as_of_ms=UnixMs(int(str(moment))),
                fresh_for_ms=HOUR_MS,
                bids=bids.to_numpy(dtype=np.float64),
                asks=asks.to_numpy(dtype=np.float64),
            )
