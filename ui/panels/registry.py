"""Every panel, in the order of the default layout. A new panel is a file and a line here."""

from __future__ import annotations

from ui.panels.accounts import AccountsPanel
from ui.panels.alerts import AlertsPanel
from ui.panels.base import Area, PanelSpec
from ui.panels.comparison import ComparisonPanel
from ui.panels.exposure import ExposurePanel
from ui.panels.funding import FundingPanel
from ui.panels.funding_drift import FundingDriftPanel
from ui.panels.gauges import GaugesPanel
from ui.panels.ladder import LadderPanel
from ui.panels.log import LogPanel
from ui.panels.next_liquidation import NextLiquidationPanel
from ui.panels.open_interest import OpenInterestPanel
from ui.panels.positions import PositionsPanel
from ui.panels.price import PricePanel
from ui.panels.rescue import RescuePanel
from ui.panels.reverse_stress import ReverseStressPanel
from ui.panels.scenario import ScenarioPanel
from ui.panels.strip import StripPanel
from ui.panels.tape import TapePanel
from ui.panels.waterfall import WaterfallPanel
from ui.panels.what_if import WhatIfPanel

PANELS: tuple[PanelSpec, ...] = (
    PanelSpec(
        key="strip",
        title="Market strip",
        factory=StripPanel,
        area=Area.STRIP,
        help="The coin consolidated over the venues, the market's mode, and the book's age",
    ),
    PanelSpec(
        key="price",
        title="Price",
        factory=PricePanel,
        area=Area.CHARTS,
        help="Candles over the liquidation map, own liquidation prices, the scenario, the ladder",
        in_crash_layout=True,
        stretch=17,
    ),
    PanelSpec(
        key="funding",
        title="Funding",
        factory=FundingPanel,
        area=Area.CHARTS,
        help="Funding per 8 h by venue, and its mean weighted by open interest",
        stretch=5,
    ),
    PanelSpec(
        key="open_interest",
        title="Open interest",
        factory=OpenInterestPanel,
        area=Area.CHARTS,
        help="Open interest in coins, the venues upon one another",
        stretch=5,
    ),
    PanelSpec(
        key="accounts",
        title="Accounts",
        factory=AccountsPanel,
        area=Area.BELOW_CHARTS,
        keeps_size=True,
        scrolls=True,
        help="A row a margin pool: equity, free collateral, ratio, and where it is liquidated",
        in_crash_layout=True,
        stretch=6,
    ),
    PanelSpec(
        key="rescue",
        title="Rescue",
        factory=RescuePanel,
        area=Area.BELOW_CHARTS,
        help="What is liquidated next, and the cheapest move that still arrives in time",
    ),
    PanelSpec(
        key="waterfall",
        title="Waterfall",
        factory=WaterfallPanel,
        area=Area.BELOW_CHARTS,
        help="What happens on the way to the scenario, in order, and what is left",
    ),
    PanelSpec(
        key="ladder",
        title="Ladder",
        factory=LadderPanel,
        area=Area.BELOW_CHARTS,
        help="Equity at a row of prices, each reached from the mark",
    ),
    PanelSpec(
        key="reverse_stress",
        title="Reverse stress",
        factory=ReverseStressPanel,
        area=Area.BELOW_CHARTS,
        help="The one move that liquidates each margin pool, ranked, and where each breaks even",
    ),
    PanelSpec(
        key="comparison",
        title="Comparison",
        factory=ComparisonPanel,
        area=Area.BELOW_CHARTS,
        help="Two scenarios side by side",
    ),
    PanelSpec(
        key="what_if",
        title="What-if",
        factory=WhatIfPanel,
        area=Area.BELOW_CHARTS,
        help="A copy of the book to change at will; nothing of it is ever ordered",
    ),
    PanelSpec(
        key="exposure",
        title="Exposure by coin",
        factory=ExposurePanel,
        area=Area.BELOW_CHARTS,
        scrolls=True,
        help="Long, short, spot and net of every coin, in coins and in USD",
    ),
    PanelSpec(
        key="funding_drift",
        title="Funding drift",
        factory=FundingDriftPanel,
        area=Area.BELOW_CHARTS,
        scrolls=True,
        help="An isolated position's liquidation price over time, as funding moves it to the mark",
    ),
    PanelSpec(
        key="gauges",
        title="Gauges",
        factory=GaugesPanel,
        area=Area.BELOW_CHARTS,
        scrolls=True,
        help="Funding, open interest, volatility, basis, spread, depth: and how unusual each is",
    ),
    PanelSpec(
        key="tape",
        title="Liquidation tape",
        factory=TapePanel,
        area=Area.BELOW_CHARTS,
        scrolls=True,
        help="Liquidations as the exchanges publish them, newest first",
    ),
    PanelSpec(
        key="alerts",
        title="Alerts",
        factory=AlertsPanel,
        area=Area.BELOW_CHARTS,
        help="What has fired, how it was delivered, what holds now, and what was held back",
    ),
    PanelSpec(
        key="log",
        title="Log",
        factory=LogPanel,
        area=Area.BELOW_CHARTS,
        scrolls=True,
        help="Notices, warnings and errors, newest last",
    ),
    PanelSpec(
        key="next_liquidation",
        title="Next liquidation",
        factory=NextLiquidationPanel,
        area=Area.RISK,
        help="What is liquidated next, how soon at this pace, what it costs, what helps",
        in_crash_layout=True,
        keeps_size=True,
        stretch=2,
    ),
    PanelSpec(
        key="scenario",
        title="Scenario",
        factory=ScenarioPanel,
        area=Area.RISK,
        scrolls=True,
        help="What a move does to the whole book, and the cheapest way to survive it",
        stretch=10,
    ),
    PanelSpec(
        key="positions",
        title="Positions",
        factory=PositionsPanel,
        area=Area.RISK,
        scrolls=True,
        help="Every position, the nearest liquidation first, and what the scenario does to it",
        in_crash_layout=True,
        stretch=4,
    ),
)
