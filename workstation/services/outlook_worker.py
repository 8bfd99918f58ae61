"""The models' thread: what may come of the scenario, later than the walk of the book itself.

Like the heatmap's, it imports numba on its own thread, and only once there is something to ask.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from workstation.market.store import MarketStore
from workstation.portfolio.model import Portfolio
from workstation.risk.inputs import RiskInputs
from workstation.risk.outlook import Outlook
from workstation.risk.report import HeatmapColumns, ScenarioReport
from workstation.risk.scenario import Scenario
from workstation.services.courtesy import Courtesy
from workstation.services.every import Every
from workstation.services.latest import LatestWorker

if TYPE_CHECKING:
    from workstation.risk.outlook_model import OutlookMarket

EVERY_S: Final = 10.0  # the models take a quarter of a second, and hours to change their mind
_DRAG_BUDGET_S: Final = 0.1  # what takes longer is asked once the price rests


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlookQuestion:
    """A move of a coin against a book; ``cascade`` asks the cascade model too."""

    epoch: int
    portfolio: Portfolio
    inputs: RiskInputs
    scenario: Scenario
    coin: str
    cascade: bool
    implied_volatility: float | None = None

    def same_move(self, other: OutlookQuestion) -> bool:
        """Tell whether an answer to this question is one to the other, at a newer market."""
        return (self.epoch, self.portfolio, self.scenario, self.coin, self.cascade) == (
            other.epoch,
            other.portfolio,
            other.scenario,
            other.coin,
            other.cascade,
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Work:
    """``question`` is ``None`` in the first: import what the others need."""

    question: OutlookQuestion | None
    market: OutlookMarket | None


@dataclass(frozen=True, slots=True, eq=False)
class _Answer:
    question: OutlookQuestion | None
    outlook: Outlook | None


class OutlookWorker:
    """Asks the models and keeps their newest answer; see the module's text."""

    def __init__(self, courtesy: Courtesy) -> None:
        self._importing = self._ready = False
        self._newest: _Answer | None = None
        self._asked: OutlookQuestion | None = None
        self._reached_back = False  # the prices that it was asked with
        self._every = Every(EVERY_S)
        self._worker = LatestWorker[_Work, _Answer]("outlook", self._answer, courtesy)

    def start(self) -> None:
        self._worker.start()

    def stop(self) -> None:
        self._worker.stop()

    def take_failure(self) -> str | None:
        return self._worker.take_failure()

    def add_to(
        self,
        scenario: ScenarioReport,
        question: OutlookQuestion,
        store: MarketStore,
        columns: HeatmapColumns | None,
        *,
        dragged: bool = False,
    ) -> ScenarioReport:
        """Return the scenario with what the models last said of the same move, and ask them anew.

        Another move is asked about at once, the same one every ten seconds, and at once when the
        prices that it lacked have been loaded; while it is dragged, only if that is quick.
        """
        answer = self._worker.take()
        if answer is not None:
            self._ready, self._newest = True, answer
        if dragged and self._worker.took_s > _DRAG_BUDGET_S:
            self._worker.give_up()
            self._asked = None
        else:
            self._ask(question, store, columns)
        known = self._newest
        if known is None or known.question is None or known.outlook is None:
            return scenario
        if not known.question.same_move(question):
            return scenario
        return replace(
            scenario,
            cascade=known.outlook.cascade,
            touch=known.outlook.touch,
            reverse_stress=known.outlook.reverse_stress,
            break_even=known.outlook.break_even,
            problems=(*scenario.problems, *known.outlook.problems),
        )

    def _ask(
        self, question: OutlookQuestion, store: MarketStore, columns: HeatmapColumns | None
    ) -> None:
        if not self._importing:
            self._importing = True
            self._worker.submit(_Work(None, None))
        if self._asked is None or not self._asked.same_move(question):
            self._every.at_once()
        if not self._ready:
            return
        from workstation.services.outlook_service import outlook_market, reaches_back

        if not self._reached_back and reaches_back(store, question.coin):
            self._every.at_once()
        if not self._every.due():
            return
        self._asked, self._reached_back = question, reaches_back(store, question.coin)
        mine = columns if columns is not None and columns.coin == question.coin else None
        market = outlook_market(
            store,
            question.coin,
            mine,
            question.implied_volatility,
            others=question.portfolio.coins,
        )
        self._worker.submit(_Work(question, market))

    def _answer(self, work: _Work) -> _Answer:
        return _answer(work, self._worker.checkpoint)


def _answer(work: _Work, checkpoint: Callable[[], None]) -> _Answer:
    import numpy as np

    from workstation.risk.outlook_model import outlook
    from workstation.services.outlook_service import SEED

    question = work.question
    if question is None or work.market is None:
        return _Answer(None, None)
    found = outlook(
        question.portfolio,
        replace(question.inputs, checkpoint=checkpoint),
        question.scenario,
        work.market,
        np.random.default_rng(SEED),
        with_cascade=question.cascade,
    )
    return _Answer(question, found)
