"""The decision worker as the desk sees it: asked after every answer, at once when it changes."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from workstation.portfolio.model import Portfolio
from workstation.risk.adverse import adverse
from workstation.risk.scenario import Scenario
from workstation.risk.transfers import TransferTerms
from workstation.services.courtesy import Courtesy
from workstation.services.decision_service import Decision, DecisionRequest, decide
from workstation.services.every import Every
from workstation.services.latest import LatestWorker
from workstation.services.risk_service import RiskAnswer

DECISION_EVERY_S: Final = 2.0  # and at once when the question changes
_REST: Final = 10.0  # ... but of a large book less often: at most a tenth of the time goes into it
# What takes longer waits until the price rests: the interpreter runs one thread at a time,
# and what a hand moves comes first.
DRAG_BUDGET_S: Final = 0.1


class DecisionWorker:
    """Works out what to do about the newest answer, on a thread of its own."""

    def __init__(self, courtesy: Courtesy) -> None:
        self._worker = LatestWorker[DecisionRequest, Decision]("decision", self._decide, courtesy)
        self._every = Every(DECISION_EVERY_S)
        self._asked: tuple[Scenario, Scenario | None, Portfolio | None] | None = None

    def start(self) -> None:
        self._worker.start()

    def stop(self) -> None:
        self._worker.stop()

    def take_failure(self) -> str | None:
        """Return the newest failure once, as a sentence."""
        return self._worker.take_failure()

    def ask(
        self,
        answer: RiskAnswer,
        transfers: TransferTerms,
        copy: Portfolio | None,
        *,
        unfavourable: bool,
        dragged: bool = False,
    ) -> None:
        """Ask what to do about an answer, if the question is new or it is time again.

        While the price is dragged, only if that is quick.
        """
        terms = answer.terms
        if terms is None or answer.scenario is None:
            return
        if dragged and self._worker.took_s > DRAG_BUDGET_S:
            self._worker.give_up()
            self._asked = None
            return
        harder = None
        if unfavourable:
            estimates = answer.scenario.beta_estimates
            harder = adverse(answer.portfolio, answer.inputs, terms, estimates)
        question = (terms, harder, copy)
        if question != self._asked:
            self._every.at_once()
        if not self._every.due():
            return
        self._every.restart(max(DECISION_EVERY_S, _REST * self._worker.took_s))
        self._asked = question
        self._worker.submit(
            DecisionRequest(
                epoch=answer.epoch,
                portfolio=answer.portfolio,
                inputs=answer.inputs,
                terms=terms,
                transfers=transfers,
                copy=copy,
                harder=harder,
            )
        )

    def _decide(self, request: DecisionRequest) -> Decision:
        inputs = replace(request.inputs, checkpoint=self._worker.checkpoint)
        return decide(replace(request, inputs=inputs))

    def take(self, epoch: int, portfolio: Portfolio | None) -> Decision | None:
        """Return a new decision about this book at this market, ``None`` when there is none."""
        decision = self._worker.take()
        if decision is None or (decision.epoch, decision.portfolio) != (epoch, portfolio):
            return None
        return decision
