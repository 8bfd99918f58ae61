"""The one crossing from threads to Qt: a timer takes the desk's news and says it in signals."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from workstation.market.feed import FeedUpdate
from workstation.services.desk import Desk

DRAIN_MS: Final = 50


class Bridge(QObject):
    """Says what is new, in the window's thread; a burst of facts costs one round of signals.

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
    noticed = Signal(str)

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.desk = desk
        self._timer = QTimer(self)
        self._timer.setInterval(DRAIN_MS)
        self._timer.timeout.connect(self.drain)

    def start(self) -> None:
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    @Slot()
    def drain(self) -> None:
        """Take the desk's news and say each piece of it once."""
        news = self.desk.tick()
        if news.source is not None:
            self.source_changed.emit(news.source)
        if news.view is not None:
            self.view_changed.emit(news.view)
        if news.portfolio_changed or news.source is not None:
            self.portfolio_changed.emit(self.desk.portfolio)
        if news.refused is not None:
            self.portfolio_refused.emit(news.refused)
        if news.update is not None:
            self.market_changed.emit(news.update)
            if news.update.health:
                self.health_changed.emit(news.update.health)
        if news.overview is not None:
            self.overview_changed.emit(news.overview)
        if news.gauges is not None:
            self.gauges_changed.emit(news.gauges)
        if news.heatmap is not None:
            self.heatmap_changed.emit(news.heatmap)
        if news.sight is not None:
            self.sight_changed.emit(news.sight)
        if news.risk is not None:
            self.risk_changed.emit(news.risk)
        if news.scenario is not None:
            self.scenario_changed.emit(news.scenario)
        if news.copy_changed:
            self.copy_changed.emit(self.desk.copy)
        if news.decision is not None:
            self.decision_changed.emit(news.decision)
        if news.alerts.fired or news.alerts.changed:
            self.alerts_changed.emit(news.alerts)
        for notice in news.notices:
            self.noticed.emit(notice)

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
