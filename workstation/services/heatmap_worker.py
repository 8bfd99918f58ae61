"""The heatmap's thread, for a window that must be painted before numba is imported."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workstation.market.store import MarketStore
from workstation.risk.report import HeatmapColumns
from workstation.services.latest import LatestWorker
from workstation.services.map_choice import AS_KNOWN, MapChoice

if TYPE_CHECKING:
    from workstation.services.heatmap_request import HeatmapRequest
    from workstation.services.heatmap_service import HeatmapAnswer


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """``request`` is ``None`` in the first question: import what the others need."""

    epoch: int
    request: HeatmapRequest | None
    choice: MapChoice = AS_KNOWN
    refits: int = 0  # how often the user has asked for a fit so far


@dataclass(frozen=True, slots=True, eq=False)
class MapAnswer:
    """``columns`` is the whole map as it was known, ``drawn`` what the user chose to see of it."""

    epoch: int
    columns: HeatmapColumns | None
    drawn: HeatmapColumns | None
    choice: MapChoice


class HeatmapWorker:
    """Asks for the map and takes it; questions and answers of different epochs share nothing."""

    def __init__(self) -> None:
        self._ready = False
        self._refits = 0
        self._work = _Work()
        self._worker = LatestWorker[_Question, MapAnswer]("heatmap", self._work)

    def start(self) -> None:
        self._worker.start()
        self._worker.submit(_Question(0, None))

    def stop(self) -> None:
        self._worker.stop()

    def ask(
        self, epoch: int, store: MarketStore, coin: str, interval_s: int, choice: MapChoice
    ) -> None:
        """Ask for the map of what the store holds; without effect until the kernels are there."""
        if not self._ready:
            return
        from workstation.services.heatmap_request import heatmap_request

        request = heatmap_request(store, coin, interval_s)
        if request is not None:
            self._worker.submit(_Question(epoch, request, choice, self._refits))

    def refit(self) -> None:
        """Fit the leverage anew with the next question; a notice says what came of it."""
        self._refits += 1

    def take(self, epoch: int) -> MapAnswer | None:
        """Return the newest answer of this epoch once."""
        answer = self._worker.take()
        if answer is None:
            return None
        self._ready = True
        return answer if answer.epoch == epoch else None

    def take_notices(self) -> tuple[str, ...]:
        """Return what fits that were asked for have come to, each once."""
        said = self._work.notices
        return tuple(said.popleft() for _ in range(len(said)))

    def take_failure(self) -> str | None:
        return self._worker.take_failure()


class _Work:
    """On the worker's thread: imports, and begins anew with every epoch."""

    def __init__(self) -> None:
        self.notices: deque[str] = deque()  # filled here, emptied in the window's thread
        self._epoch = 0
        self._refits = 0
        self._answer: HeatmapAnswer | None = None

    def __call__(self, question: _Question) -> MapAnswer:
        from workstation import paths
        from workstation.services.heatmap_scores import ScoreFile
        from workstation.services.heatmap_service import HeatmapAnswer

        if self._answer is None or question.epoch != self._epoch:
            scores = ScoreFile(paths.cache_dir())
            self._epoch, self._answer = question.epoch, HeatmapAnswer(scores)
        if question.request is None:
            return MapAnswer(question.epoch, None, None, question.choice)
        columns = self._answer(question.request)
        if question.refits > self._refits:
            self._refits = question.refits
            self.notices.append(_refit(self._answer))
            columns = self._answer(question.request)
        drawn = self._answer.drawn(question.request, question.choice)
        if question.choice == AS_KNOWN:
            drawn = columns
        return MapAnswer(question.epoch, columns, drawn, question.choice)


def _refit(answer: HeatmapAnswer) -> str:
    began_s = time.monotonic()
    sentence = answer.refit()
    return f"{sentence} It took {time.monotonic() - began_s:.1f} s."
