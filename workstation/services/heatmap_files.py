"""The two Parquet files of a written heatmap: bins by bar, and one row a bar.

Bins of less than a millionth of open interest are not listed; what they hold counts as outside, so
that longs inside and outside, and shorts, each add up to open interest.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from workstation.market.facts import FloatArray
from workstation.risk.heatmap import Grid

LISTED_FROM: Final = 1e-6  # of open interest, a bin and side
_BATCH: Final = 128  # columns between two writes
_REPEATING: Final = ["time", "price_low", "price_high"]  # the other columns compress by bytes
_TIME: Final = pa.timestamp("ms", tz="UTC")
_BINS: Final = pa.schema(
    [("time", _TIME)]
    + [
        (name, pa.float64())
        for name in (
            "price_low",
            "price_high",
            "long_base",
            "short_base",
            "long_usd",
            "short_usd",
            "p10_usd",
            "p90_usd",
        )
    ]
)
_BARS: Final = pa.schema(
    [("time", _TIME)]
    + [
        (name, pa.float64())
        for name in ("open_interest_base", "long_outside_base", "short_outside_base")
    ]
)


class HeatmapFiles:
    """Writes columns as they come; both files appear, complete, when it is closed without error."""

    def __init__(self, out: Path, grid: Grid) -> None:
        edges = np.exp(grid.delta * (grid.first_bin + np.arange(grid.bins + 1)))
        self._low, self._high = edges[:-1], edges[1:]
        self._middle = np.sqrt(self._low * self._high)
        self._paths = out, out.with_name(f"{out.stem}-bars{out.suffix}")
        self._columns: list[FloatArray] = []
        self._bars: list[tuple[float, ...]] = []
        self.rows = 0

    def __enter__(self) -> Self:
        self._writers = [
            pq.ParquetWriter(
                _partial(path),
                schema,
                compression="zstd",
                use_dictionary=_REPEATING,
                use_byte_stream_split=[name for name in schema.names if name not in _REPEATING],
            )
            for path, schema in zip(self._paths, (_BINS, _BARS), strict=True)
        ]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._flush()
            for writer in self._writers:
                writer.close()
            if kind is None:
                for path in self._paths:
                    _partial(path).replace(path)
        finally:
            for path in self._paths:
                _partial(path).unlink(missing_ok=True)

    def add(
        self,
        end_ms: int,
        column: FloatArray,
        band: FloatArray,
        outside: FloatArray,
        open_interest: float,
    ) -> None:
        """Add the book at ``end_ms``.

        Parameters
        ----------
        column : (2, bins) coins, longs and shorts
        band : (2, 2, bins) coins: low and high bound, longs and shorts
        outside : (2,) coins
        open_interest : coins, of one side
        """
        listed = np.flatnonzero((column >= LISTED_FROM * open_interest).any(axis=0))
        unlisted = column.sum(axis=1) - column[:, listed].sum(axis=1)
        price, (longs, shorts) = self._middle[listed], column[:, listed]
        low, high = band[:, :, listed].sum(axis=1) * price
        self._columns.append(
            np.stack(
                [
                    np.full(len(listed), float(end_ms)),
                    self._low[listed],
                    self._high[listed],
                    longs,
                    shorts,
                    longs * price,
                    shorts * price,
                    low,
                    high,
                ]
            )
        )
        self._bars.append((end_ms, open_interest, *(outside + unlisted)))
        self.rows += 1
        if len(self._bars) >= _BATCH:
            self._flush()

    def _flush(self) -> None:
        if self._bars:
            self._writers[0].write_table(_table(np.concatenate(self._columns, axis=1), _BINS))
            self._writers[1].write_table(_table(np.array(self._bars).T, _BARS))
        self._columns, self._bars = [], []


def _table(columns: FloatArray, schema: pa.Schema) -> pa.Table:
    time_ms = pa.array(columns[0].astype(np.int64)).cast(_TIME)
    return pa.Table.from_arrays([time_ms, *map(pa.array, columns[1:])], schema=schema)


def _partial(path: Path) -> Path:
    return path.with_name(f"{path.name}.part")
