"""The heatmap's thread, for a window that must be painted before numba is imported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from workstation.market.store import MarketStore
from workstation.risk.report import HeatmapColumns
from workstation.services.latest import LatestWorker

if TYPE_CHECKING:
    from workstation.services.heatmap_service import HeatmapAnswer, HeatmapRequest


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """``request`` is ``None`` in the first question: import what the others need."""

    epoch: int
    request: HeatmapRequest | None


@dataclass(frozen=True, slots=True, eq=False)
class _Answer:
    epoch: int
    columns: HeatmapColumns | None


class HeatmapWorker:
    """Asks for the map and takes it; questions and answers of different epochs share nothing."""

    def __init__(self) -> None:
        self._ready = False
        self._worker = LatestWorker[_Question, _Answer]("heatmap", _Work())

    def start(self) -> None:
        self._worker.start()
        self._worker.submit(_Question(0, None))

    def stop(self) -> None:
        self._worker.stop()

    def ask(self, epoch: int, store: MarketStore, coin: str, interval_s: int) -> None:
        """Ask for the map of what the store holds; without effect until the kernels are there."""
        if not self._ready:
            return
        from workstation.services.heatmap_service import heatmap_request

        request = heatmap_request(store, coin, interval_s)
        if request is not None:
            self._worker.submit(_Question(epoch, request))

    def take(self, epoch: int) -> HeatmapColumns | None:
        """Return the newest map of this epoch once."""
        answer = self._worker.take()
        if answer is None:
            return None
        self._ready = True
        return answer.columns if answer.epoch == epoch else None

    def take_failure(self) -> str | None:
        return self._worker.take_failure()


class _Work:
    """On the worker's thread: imports, and begins anew with every epoch."""

    def __init__(self) -> None:
        self._epoch = 0
        self._answer: HeatmapAnswer | None = None

    def __call__(self, question: _Question) -> _Answer:
        from workstation import paths
        from workstation.services.heatmap_scores import ScoreFile
        from workstation.services.heatmap_service import HeatmapAnswer

        if self._answer is None or question.epoch != self._epoch:
            scores = ScoreFile(paths.cache_dir())
            self._epoch, self._answer = question.epoch, HeatmapAnswer(scores)
        columns = None if question.request is None else self._answer(question.request)
        return _Answer(question.epoch, columns)
