"""A desk that does nothing, so that a panel can be driven with one frozen report."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from ui.bridge import Bridge
from ui.panels.base import PanelContext
from ui.theme import DARK
from workstation.exchanges.accounts.base import AccountSource
from workstation.exchanges.api_key import ApiKey
from workstation.market.catalogue import Catalogue
from workstation.market.feed import FeedMode
from workstation.market.store import MarketStore
from workstation.services.alert_service import AlertService
from workstation.services.courtesy import Courtesy
from workstation.services.desk_news import DeskNews, View
from workstation.services.key_check import KeyCheck
from workstation.services.live_accounts import LiveAccount
from workstation.services.sight import SEEN
from workstation.settings import Settings


class StubDesk:
    """Keeps what it was asked for in ``requests``: (method, argument)."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.catalogue = Catalogue.embedded()
        self.view = View(coin="BTC", interval_s=900, scenario_price=60_000.0)
        self.store = MarketStore(FeedMode.SIMULATED)
        self.portfolio = self.overview = self.gauges = self.risk = self.scenario = self.heatmap = (
            None
        )
        self.decision = self.copy = self.drawn_map = None
        self.sight, self.dragging = SEEN, False
        self.courtesy = Courtesy()
        self.tape = None
        self.alerts = AlertService(self.settings)
        self.live: tuple[LiveAccount, ...] = ()
        self.check: Future[KeyCheck] = Future()  # what ``check_key`` answers with
        self.news = DeskNews()
        self.requests: list[tuple[str, Any]] = []

    @property
    def from_file(self) -> Any:
        return self.portfolio

    def tick(self, *, ask: bool = True) -> DeskNews:
        news, self.news = self.news, DeskNews()
        return news

    def ask(self) -> None:
        pass

    def set_view(self, view: View) -> None:
        self.view = view
        self.requests.append(("set_view", view))

    def refit_map(self) -> None:
        self.requests.append(("refit_map", None))

    def open_source(self, source: str) -> None:
        self.requests.append(("open_source", source))

    def open_portfolio(self, path: Path) -> None:
        self.requests.append(("open_portfolio", path))

    def reload_portfolio(self) -> None:
        self.requests.append(("reload_portfolio", None))

    def close_portfolio(self) -> None:
        self.requests.append(("close_portfolio", None))

    def save_portfolio(self, portfolio: Any, path: Path) -> None:
        self.requests.append(("save_portfolio", (portfolio, path)))

    def set_copy(self, copy: Any) -> None:
        self.copy = copy
        self.requests.append(("set_copy", copy))

    def export_alerts(self, path: Path) -> None:
        self.requests.append(("export_alerts", path))

    def save_copy(self, path: Path) -> None:
        self.requests.append(("save_copy", path))

    def read_address(self, address: str) -> None:
        self.requests.append(("read_address", address))

    def check_key(self, source: AccountSource, key: ApiKey | None) -> Future[KeyCheck]:
        self.requests.append(("check_key", (source, key)))
        return self.check

    def add_account(self, source: AccountSource, key: ApiKey | None, *, keep: bool) -> None:
        self.requests.append(("add_account", (source, key, keep)))

    def remove_account(self, account: str) -> None:
        self.requests.append(("remove_account", account))

    def save_book(self, path: Path) -> None:
        self.requests.append(("save_book", path))

    def apply_settings(self, settings: Settings) -> None:
        self.settings = settings
        self.requests.append(("apply_settings", settings))


@pytest.fixture
def desk() -> StubDesk:
    return StubDesk()


@pytest.fixture
def bridge(qapp, desk) -> Bridge:
    return Bridge(desk)


@pytest.fixture
def context(bridge) -> PanelContext:
    return PanelContext(bridge=bridge, theme=DARK)
