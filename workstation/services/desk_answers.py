"""What the workers answer about the desk's book: risk, scenario, decision, and how much is seen.

Answers carry the epoch and the book of their question; one that is of another market, another book
or a time that is still to come is not taken.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Final

from workstation.alerts.typed_rules import coins_of
from workstation.market.instrument import MarketKey
from workstation.portfolio.model import Portfolio
from workstation.risk.next_deposit import with_rescue
from workstation.risk.report import RiskReport, ScenarioReport
from workstation.risk.scenario import with_repair
from workstation.services.courtesy import Courtesy
from workstation.services.decision_service import Decision, transfer_terms
from workstation.services.decision_worker import DecisionWorker
from workstation.services.desk_book import DeskBook
from workstation.services.desk_market import DeskMarket
from workstation.services.desk_news import View
from workstation.services.every import Every
from workstation.services.hourly_betas import coin_histories
from workstation.services.latest import LatestWorker
from workstation.services.outlook_worker import OutlookQuestion, OutlookWorker
from workstation.services.risk_service import (
    Move,
    RiskAnswer,
    RiskRequest,
    coin_paces,
    mark_candles,
    settled_funding,
)
from workstation.services.sight import SEEN, LastSeen, Sight, answers
from workstation.settings import Settings

REST_S: Final = 0.15  # a dragged price that has not moved for so long is answered whole
WHOLE_EVERY_S: Final = 1.0  # while it is dragged: the book is watched all the same
RISK_EVERY_S: Final = 0.5  # what the user changes is answered at once


class DeskAnswers:
    """Asks the workers about ``book`` at ``market`` and keeps their newest answers.

    Parameters
    ----------
    work : what answers a risk request, on the worker's thread
    courtesy : lets the window go before the longer answers
    maps, decides : whether the models, and repair and rescue, are asked
    """

    def __init__(
        self,
        market: DeskMarket,
        book: DeskBook,
        settings: Settings,
        work: Callable[[RiskRequest], RiskAnswer],
        courtesy: Courtesy,
        *,
        maps: bool,
        decides: bool,
    ) -> None:
        self.settings = settings
        self.risk: RiskReport | None = None
        self.scenario: ScenarioReport | None = None
        self.decision: Decision | None = None
        self.sight = SEEN  # while it is blind, risk and scenario are those of when it was not
        self.newest: RiskAnswer | None = None
        self._market, self._book = market, book
        self._maps, self._decides = maps, decides
        self._risk_worker = LatestWorker[RiskRequest, RiskAnswer]("risk", work)
        self._decision_worker = DecisionWorker(courtesy)
        self._outlook_worker = OutlookWorker(courtesy)
        self._risk_every = Every(RISK_EVERY_S)
        self._whole_every = Every(WHOLE_EVERY_S)
        self._asked: RiskRequest | None = None  # the newest whole question about the book
        self._moved_s = 0.0  # when the price was last dragged, of ``time.monotonic``
        self._last_seen = LastSeen()
        self._unseen: tuple[RiskReport, ScenarioReport | None] | None = None  # while blind

    @property
    def known_now(self) -> tuple[RiskReport | None, ScenarioReport | None]:
        """What the engine says of now: while blind that is less than what is shown."""
        return self._unseen or (self.risk, self.scenario)

    def start(self) -> None:
        self._risk_worker.start()
        if self._decides:
            self._decision_worker.start()
        if self._maps:
            self._outlook_worker.start()

    def stops(self) -> dict[str, Callable[[], object]]:
        """Return what stops each part, by its name."""
        return {
            "risk": self._risk_worker.stop,
            "decision": self._decision_worker.stop,
            "outlook": self._outlook_worker.stop,
        }

    def take_failures(self) -> list[str | None]:
        workers = (self._risk_worker, self._decision_worker, self._outlook_worker)
        return [worker.take_failure() for worker in workers]

    def forget(self) -> None:
        """Know nothing of the book any more: it is another one, or the market is, or the time."""
        self.risk = self.newest = self._asked = None
        self.forget_scenario()
        self._last_seen, self._unseen, self.sight = LastSeen(), None, SEEN

    def forget_scenario(self) -> None:
        """Know nothing of the scenario any more: another coin moves."""
        self.scenario = self.decision = None

    # --- risk ---------------------------------------------------------------------------------

    def at_once(self) -> None:
        """Ask at the next tick: the question has changed."""
        self._risk_every.at_once()

    def note_drag(self) -> None:
        """Note that the scenario's price is on the move."""
        self._moved_s = time.monotonic()

    @property
    def dragging(self) -> bool:
        """Whether the scenario's price is on the move; what takes long waits until it rests."""
        return time.monotonic() - self._moved_s < REST_S

    def ask(self, view: View, *, move_known: bool, coarse: bool) -> bool:
        """Ask about the book if there is one and it is time; return whether it was asked.

        Without ``move_known`` the view's price is none to move to yet. ``coarse``, in a drag, asks
        the last question again, of another price.
        """
        portfolio = self._book.portfolio
        if portfolio is None or not self._market.store.now_ms or not self._risk_every.due():
            return False
        move = self._move(view) if move_known else None
        self._risk_worker.submit(self._request(portfolio, move, coarse=coarse))
        return True

    def _request(self, portfolio: Portfolio, move: Move | None, *, coarse: bool) -> RiskRequest:
        asked, epoch = self._asked, self._market.epoch
        known = asked is not None and asked.portfolio is portfolio and asked.epoch == epoch
        if asked is not None and known and coarse and not self._whole_every.due():
            self._risk_every.within(REST_S)
            return dataclasses.replace(asked, move=move, coarse=True)
        self._whole_every.restart()
        self._asked = self._whole_request(portfolio, move)
        return self._asked

    def _move(self, view: View) -> Move:
        return Move(
            coin=view.coin,
            price=view.scenario_price,
            over_h=view.over_h,
            use_betas=view.use_betas,
            buffer=self.settings.risk.buffer,
        )

    def _whole_request(self, portfolio: Portfolio, move: Move | None) -> RiskRequest:
        store = self._market.store
        return RiskRequest(
            epoch=self._market.epoch,
            portfolio=portfolio,
            snapshot=store.snapshot(),
            catalogue=self._market.catalogue,
            overview=self._market.overview,
            move=move,
            candles=mark_candles(store, portfolio.markets | self._markets_of_rules()),
            suspended=frozenset(self.settings.transfers.suspended),
            histories=coin_histories(store, portfolio),
            paces=coin_paces(store, portfolio),
            funding=settled_funding(store, portfolio),
        )

    def _markets_of_rules(self) -> frozenset[MarketKey]:
        """Return the markets of the coins that typed rules are about."""
        coins = coins_of(self.settings.alerts.rules)
        return frozenset(key for coin in coins for key in self._market.store.markets_of(coin))

    def take_risk(
        self, view: View
    ) -> tuple[RiskReport | None, ScenarioReport | None, Sight | None]:
        """Take up the newest answer; return what it brought, ``None`` for what it did not."""
        answer = self._risk_worker.take()
        if answer is None or answer.epoch != self._market.epoch:
            return None, None, None
        later = answer.risk.as_of_ms > self._market.store.now_ms  # asked before a tape went back
        if later or not self._book.is_of(answer.portfolio):
            return None, None, None
        was_blind, scenario = self.sight.blind, _of_view(view, answer.scenario)
        seen = answers(self._market.store.health.values())
        self.sight = self._last_seen.look(answer.risk, scenario, some_venue_answers=seen)
        if self.sight.blind:
            self._unseen = answer.risk, scenario
            if was_blind:
                return None, None, self.sight
            self.risk = self._last_seen.risk
            self.scenario = _of_view(view, self._last_seen.scenario)
        else:
            self.newest, self.risk, self._unseen = answer, answer.risk, None
            self.scenario = None if scenario is None else self._with_outlook(view, scenario, answer)
        self._attach_repair()
        if not self.sight.blind:
            self.ask_for_decision(view)
        dragged = answer.coarse and not self.sight.blind  # a drag leaves the rest
        return (None if dragged else self.risk), self.scenario, self.sight

    def _with_outlook(
        self, view: View, scenario: ScenarioReport, answer: RiskAnswer
    ) -> ScenarioReport:
        """Return the scenario with what the models last said of the same move."""
        if answer.terms is None:
            return scenario
        question = OutlookQuestion(
            epoch=self._market.epoch,
            portfolio=answer.portfolio,
            inputs=answer.inputs,
            scenario=answer.terms,
            coin=view.coin,
            cascade=self.settings.risk.cascade,
            implied_volatility=self.settings.risk.implied_volatility or None,
        )
        market = self._market
        return self._outlook_worker.add_to(
            scenario, question, market.store, market.heatmap, dragged=self.dragging
        )

    # --- decision -----------------------------------------------------------------------------

    def ask_for_decision(self, view: View) -> None:
        """Ask what to do about the newest answer."""
        if self._decides and self.newest is not None:
            transfers, copy = transfer_terms(self.settings.transfers), self._book.copy
            worker, harder = self._decision_worker, view.unfavourable
            worker.ask(self.newest, transfers, copy, unfavourable=harder, dragged=self.dragging)

    def take_decision(self) -> Decision | None:
        decision = self._decision_worker.take(self._market.epoch, self._book.portfolio)
        if decision is not None:
            self.decision = decision
            self._attach_repair()
        return decision

    def _attach_repair(self) -> None:
        """Show the newest repair with the scenario, if it is the same one's."""
        answer, decision = self.newest, self.decision
        if answer is None or decision is None or answer.terms != decision.terms:
            return
        if self.scenario is not None and self.risk is not None:
            self.scenario = with_repair(self.scenario, decision.repair)
            endured = decision.endured.moves
            self.risk = with_rescue(self.risk, decision.repair.add_collateral, endured)


def _of_view(view: View, scenario: ScenarioReport | None) -> ScenarioReport | None:
    """Return a scenario if the coin that moves in it is the watched one."""
    return scenario if scenario is not None and view.coin in scenario.moves else None
