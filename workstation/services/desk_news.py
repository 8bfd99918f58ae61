"""What the desk says at a tick, and what the user looks at."""

from __future__ import annotations

from dataclasses import dataclass, field

from workstation.errors import PortfolioFileError
from workstation.market.feed import FeedMode, FeedUpdate
from workstation.market.overview import MarketOverview
from workstation.risk.indicators import Gauges
from workstation.risk.report import HeatmapColumns, RiskReport, ScenarioReport
from workstation.services.alert_service import AlertNews
from workstation.services.decision_service import Decision
from workstation.services.map_choice import AS_KNOWN, MapChoice
from workstation.services.sight import Sight


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What the user looks at: the coin and interval of the charts, and the scenario.

    ``over_h`` is how long the scenario's move takes; ``use_betas`` moves the other coins along;
    ``unfavourable`` makes repairs hold at the scenario's unfavourable end; ``map`` is how the
    liquidation map is drawn, ``known_positions`` whether those known one by one are marked on it,
    ``map_in_coins`` whether its amounts are coins instead of USD.
    """

    coin: str
    interval_s: int
    scenario_price: float
    over_h: float = 6.0
    use_betas: bool = True
    unfavourable: bool = False
    map: MapChoice = AS_KNOWN
    known_positions: bool = True
    map_in_coins: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskNews:
    """What is new since the last tick; ``None`` and empty mean nothing new of that kind."""

    update: FeedUpdate | None = None
    source: FeedMode | None = None
    view: View | None = None
    portfolio_changed: bool = False
    refused: PortfolioFileError | None = None
    overview: MarketOverview | None = None
    gauges: Gauges | None = None
    risk: RiskReport | None = None
    scenario: ScenarioReport | None = None
    decision: Decision | None = None
    copy_changed: bool = False
    sight: Sight | None = None
    heatmap: HeatmapColumns | None = None
    alerts: AlertNews = field(default_factory=AlertNews)
    notices: tuple[str, ...] = ()
