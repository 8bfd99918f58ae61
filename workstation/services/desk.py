"""The desk: feed, store, book and risk in one place, without a window.

The desk belongs to one thread. Its owner calls ``tick`` as often as it likes to look (the window
twenty times a second, a command when it needs to) and gets what is new since the last time. Every
request method returns at once; the work is done by the feed's thread and by the workers.
"""

from __future__ import annotations

from dataclasses import dataclass

from workstation.errors import PortfolioFileError
from workstation.market.feed import FeedMode, FeedUpdate
from workstation.market.overview import MarketOverview
from workstation.risk.report import HeatmapColumns, RiskReport, ScenarioReport


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
