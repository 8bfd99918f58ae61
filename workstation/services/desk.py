"""The desk: feed, store, book and risk in one place, without a window.

The desk belongs to one thread. Its owner calls ``tick`` as often as it likes to look (the window
twenty times a second, a command when it needs to) and gets what is new since the last time. Every
request method returns at once; the work is done by the feed's thread and by the workers.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from workstation.errors import PortfolioFileError
from workstation.market.feed import Feed, FeedMode, FeedUpdate, Tape
from workstation.market.overview import MarketOverview
from workstation.market.store import MarketStore
from workstation.portfolio.model import Portfolio
from workstation.risk.report import HeatmapColumns, RiskReport, ScenarioReport
from workstation.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the user looks at: the coin and interval of the charts, and the scenario.

    ``over_h`` is how long the scenario's move takes; ``use_betas`` moves the other coins along.
    """

    coin: str
    interval_s: int
    scenario_price: float
    over_h: float = 6.0
    use_betas: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskNews:
    """What is new since the last tick; ``None`` and empty mean nothing new of that kind."""

    update: FeedUpdate | None = None
    source: FeedMode | None = None
    view: View | None = None
    portfolio_changed: bool = False
    refused: PortfolioFileError | None = None
    overview: MarketOverview | None = None
    risk: RiskReport | None = None
    scenario: ScenarioReport | None = None
    heatmap: HeatmapColumns | None = None
    notices: tuple[str, ...] = ()


class Desk:
    """See the module's text; the newest of everything stands in the public attributes."""

    settings: Settings
    view: View
    store: MarketStore
    feed: Feed
    portfolio: Portfolio | None
    overview: MarketOverview | None
    risk: RiskReport | None
    scenario: ScenarioReport | None
    heatmap: HeatmapColumns | None

    @property
    def tape(self) -> Tape | None:
        """The controls of a replayed or simulated market; ``None`` when the market is live."""
        raise NotImplementedError

    def start(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError

    def tick(self) -> DeskNews:
        """Take in what is fresh, hand work to the workers, say what is new."""
        raise NotImplementedError

    def set_view(self, view: View) -> None:
        raise NotImplementedError

    def open_source(self, source: str) -> None:
        """Switch to ``live``, ``simulated`` or ``replay:FOLDER``."""
        raise NotImplementedError

    def open_portfolio(self, path: Path) -> None:
        raise NotImplementedError

    def reload_portfolio(self) -> None:
        raise NotImplementedError

    def close_portfolio(self) -> None:
        raise NotImplementedError

    def save_portfolio(self, portfolio: Portfolio, path: Path) -> None:
        """Write a portfolio file and open it."""
        raise NotImplementedError

    def read_address(self, address: str) -> None:
        """Open a public Hyperliquid address as a book, without any key."""
        raise NotImplementedError

    def apply_settings(self, settings: Settings) -> None:
        """Keep new settings and write them to their file."""
        raise NotImplementedError
