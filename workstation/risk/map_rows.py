"""The map's rows as an answer holds them: final ones are shared between answers, never copied.

A row is a bar. Rows that later answers repeat unchanged are a read-only view of the table that the
map keeps; only the few that can still change are an answer's own. Who reads rows gets plain arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


@dataclass(frozen=True, slots=True, eq=False)
class MapRows:
    """``final`` (m, bins), then ``open`` (n - m, bins); reads like the (n, bins) array of both."""

    final: NDArray[np.float32]
    open: NDArray[np.float32]

    @classmethod
    def of(cls, table: NDArray[np.float32], final: int, open_: NDArray[np.float32]) -> MapRows:
        """Return the first ``final`` rows of a table that are never written again, and open ones.

        The table may be written beyond them.
        """
        shared = table[:final]
        shared.flags.writeable = False
        return cls(shared, open_)

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.final) + len(self.open), self.final.shape[1]

    @property
    def size(self) -> int:
        rows, bins = self.shape
        return rows * bins

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[np.float32]:
        """Return rows as an array; a copy where they are of both kinds."""
        rows, *rest = key if isinstance(key, tuple) else (key,)
        if isinstance(rows, (int, np.integer)):
            found = self._row(int(rows))
            return found[tuple(rest)] if rest else found
        if isinstance(rows, slice) and (rows.step is None or rows.step > 0):
            found = self._slice(*rows.indices(len(self)))
            return found[(slice(None), *rest)] if rest else found
        whole: NDArray[np.float32] = np.asarray(self)[key]
        return whole

    def _row(self, row: int) -> NDArray[np.float32]:
        row += len(self) if row < 0 else 0
        if not 0 <= row < len(self):
            raise IndexError(f"row {row} of {len(self)}")
        at: NDArray[np.float32] = (
            self.final[row] if row < len(self.final) else self.open[row - len(self.final)]
        )
        return at

    def _slice(self, first: int, end: int, step: int) -> NDArray[np.float32]:
        shared = len(self.final)
        if end <= shared:
            return self.final[first:end:step]
        if first >= shared:
            return self.open[first - shared : end - shared : step]
        into = (first - shared) % step  # where the step first lands among the open rows
        return np.concatenate([self.final[first::step], self.open[into : end - shared : step]])

    def __array__(
        self, dtype: DTypeLike | None = None, copy: bool | None = None
    ) -> NDArray[np.float32]:
        if copy is False:
            raise ValueError("rows of two tables cannot be one array without a copy")
        return np.concatenate([self.final, self.open]).astype(dtype or np.float32, copy=False)


RowArray = NDArray[np.float32] | MapRows
