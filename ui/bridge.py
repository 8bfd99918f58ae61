"""The one crossing from threads to Qt: a timer takes the desk's news and says it in signals."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal, SignalInstance, Slot
from shiboken6 import Shiboken

from workstation.market.feed import FeedUpdate
from workstation.services.desk import Desk
from workstation.services.desk_news import DeskNews

DRAIN_MS: Final = 50
DRAG_MS: Final = 40  # while a price is dragged: a hand sees when an answer comes late
SLICE_S: Final = 0.008  # of saying what is new, before the window may paint and hear the mouse

Piece = tuple[SignalInstance, tuple[object, ...]]  # a signal and what it is emitted with


class Bridge(QObject):
    """Says what is new, in the window's thread; a burst of facts costs one round of signals.

    A round that takes long is said in slices, in its order, with the window's own events between.
    What is slow to draw is drawn after it, each drawing in a turn of its own: see ``later``.

    Panels connect to the signals in their constructors, read history from ``desk.store``, and ask
    for things by calling the desk's request methods (they return at once).

    Signals
    -------
    market_changed : FeedUpdate, after the store has taken it in
    health_changed : tuple of VenueHealth, when any changed
    overview_changed : MarketOverview, consolidated figures of the watched coin
    gauges_changed : Gauges, the gauges of the watched coin
    view_changed : View, what the user looks at (coin, interval, scenario)
    portfolio_changed : Portfolio, or None when it was closed
    portfolio_refused : PortfolioFileError; the last good portfolio stays
    risk_changed : RiskReport
    scenario_changed : ScenarioReport
    decision_changed : Decision, what to do about the scenario
    copy_changed : Portfolio, the what-if copy, or None when it was taken away
    heatmap_changed : HeatmapColumns
    alerts_changed : AlertNews, when something fired or was delivered
    sight_changed : Sight, after each answer of the engine: what of the book is seen
    source_changed : FeedMode, after another source was opened; everything drawn is void, and
        portfolio_changed is said after it, for what was known of the book is void as well
    command_requested : str, the id of a command that a panel asks the window to run
    book_changed : nothing; once a round in which any of sight, risk, scenario, copy or decision
        changed, after their own signals: for who shows several of them together
    noticed : str, a sentence for the log panel and the status bar
    """

    market_changed = Signal(object)
    health_changed = Signal(object)
    overview_changed = Signal(object)
    gauges_changed = Signal(object)
    view_changed = Signal(object)
    portfolio_changed = Signal(object)
    portfolio_refused = Signal(object)
    risk_changed = Signal(object)
    scenario_changed = Signal(object)
    decision_changed = Signal(object)
    copy_changed = Signal(object)
    heatmap_changed = Signal(object)
    alerts_changed = Signal(object)
    sight_changed = Signal(object)
    source_changed = Signal(object)
    command_requested = Signal(str)
    book_changed = Signal()
    noticed = Signal(str)

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.desk = desk
        self._timer = QTimer(self)
        self._timer.setInterval(DRAIN_MS)
        self._timer.timeout.connect(self._begin)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(1)
        self._rest.timeout.connect(self._turn)
        self._drawn = QTimer(self)  # a timer's turn comes after what is drawn
        self._drawn.setSingleShot(True)
        self._drawn.timeout.connect(self.ask)
        self._unsaid: deque[Piece] = deque()
        self._undrawn: dict[Callable[[], None], QObject] = {}  # with their owners, in order

    def start(self) -> None:
        self._timer.start()

    def stop(self) -> None:
        self.desk.courtesy.idle()
        self._timer.stop()
        self._rest.stop()
        self._drawn.stop()
        self._undrawn.clear()

    def later(self, owner: QObject, draw: Callable[[], None]) -> None:
        """Call ``draw`` once, in a turn of its own: what it changes is painted before the next.

        It is forgotten if ``owner`` is deleted before.
        """
        self._undrawn[draw] = owner
        if not self._rest.isActive():
            self._rest.start()

    @Slot()
    def drain(self) -> None:
        """Take the desk's news, say each piece of it once and draw it, all in this turn."""
        self._unsaid.extend(self._pieces())
        while self._unsaid:
            self._say_next()
        self.draw_all()
        self.ask()

    def draw_all(self) -> None:
        """Draw in this turn what waits for turns of its own."""
        while self._undrawn:
            self._draw_next()
        if not self._unsaid:
            self._rest.stop()

    @Slot()
    def _begin(self) -> None:
        if not self._rest.isActive():  # a round that still goes on has its next turn
            self._turn()

    @Slot()
    def _turn(self) -> None:
        """Say what is new for a slice of time, or draw one thing; the rest in turns after this."""
        self.desk.courtesy.busy()
        try:
            if self._undrawn and not self._unsaid:
                self._draw_next()
            else:
                self._say_slice()
        finally:  # a drawing that fails costs itself
            (self._rest if self._unsaid or self._undrawn else self._drawn).start()
        wanted_ms = DRAG_MS if self.desk.dragging else DRAIN_MS
        if self._timer.interval() != wanted_ms:
            self._timer.setInterval(wanted_ms)

    @Slot()
    def ask(self) -> None:
        """Hand out work once what was new has been drawn: the two would only delay each other."""
        self.desk.ask()
        self.desk.courtesy.idle()

    def _say_slice(self) -> None:
        ends_s = time.perf_counter() + SLICE_S
        if not self._unsaid:
            self._unsaid.extend(self._pieces())
        while self._unsaid and time.perf_counter() < ends_s:
            if self._say_next() == self.book_changed:
                break  # tables: painted with more, a hand on a slider would feel it

    def _draw_next(self) -> None:
        draw = next(iter(self._undrawn))
        if Shiboken.isValid(self._undrawn.pop(draw)):
            draw()

    def _say_next(self) -> SignalInstance:
        signal, said = self._unsaid.popleft()
        signal.emit(*said)
        return signal

    def _pieces(self) -> Iterator[Piece]:
        """Take the desk's news in the order in which it is said."""
        news = self.desk.tick(ask=False)
        if news.source is not None:
            yield self.source_changed, (news.source,)
        if news.view is not None:
            yield self.view_changed, (news.view,)
        if news.portfolio_changed or news.source is not None:
            yield self.portfolio_changed, (self.desk.portfolio,)
        if news.refused is not None:
            yield self.portfolio_refused, (news.refused,)
        if news.update is not None:
            yield self.market_changed, (news.update,)
            if news.update.health:
                yield self.health_changed, (news.update.health,)
        for signal, found in (
            (self.overview_changed, news.overview),
            (self.gauges_changed, news.gauges),
            (self.heatmap_changed, news.heatmap),
        ):
            if found is not None:
                yield signal, (found,)
        yield from self._pieces_of_the_book(news)
        if news.alerts.fired or news.alerts.changed:
            yield self.alerts_changed, (news.alerts,)
        for notice in news.notices:
            yield self.noticed, (notice,)

    def _pieces_of_the_book(self, news: DeskNews) -> Iterator[Piece]:
        of_the_book = [
            (signal, (found,))
            for signal, found, changed in (
                (self.sight_changed, news.sight, news.sight is not None),
                (self.risk_changed, news.risk, news.risk is not None),
                (self.scenario_changed, news.scenario, news.scenario is not None),
                (self.copy_changed, self.desk.copy, news.copy_changed),
                (self.decision_changed, news.decision, news.decision is not None),
            )
            if changed
        ]
        yield from of_the_book
        if of_the_book:
            yield self.book_changed, ()

    def repeat(self) -> None:
        """Say again the newest of everything that is known, for panels that were built anew."""
        desk = self.desk
        self.view_changed.emit(desk.view)
        self.portfolio_changed.emit(desk.portfolio)
        store = desk.store
        self.market_changed.emit(FeedUpdate(mode=store.mode, now_ms=store.now_ms, tape=store.tape))
        for signal, newest in (
            (self.overview_changed, desk.overview),
            (self.gauges_changed, desk.gauges),
            (self.heatmap_changed, desk.heatmap),
            (self.sight_changed, desk.sight),
            (self.risk_changed, desk.risk),
            (self.scenario_changed, desk.scenario),
            (self.copy_changed, desk.copy),
            (self.decision_changed, desk.decision),
        ):
            if newest is not None:
                signal.emit(newest)
        self.book_changed.emit()
