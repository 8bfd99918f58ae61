"""Every panel, in the order of the default layout. A new panel is a file and a line here."""

from __future__ import annotations

from ui.panels.base import Area, PanelSpec
from ui.panels.funding import FundingPanel
from ui.panels.log import LogPanel
from ui.panels.open_interest import OpenInterestPanel
from ui.panels.price import PricePanel
from ui.panels.strip import StripPanel

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
        stretch=8,
    ),
    PanelSpec(
        key="funding",
        title="Funding",
        factory=FundingPanel,
        area=Area.CHARTS,
        help="Funding per 8 h by venue, and its mean weighted by open interest",
        stretch=2,
    ),
    PanelSpec(
        key="open_interest",
        title="Open interest",
        factory=OpenInterestPanel,
        area=Area.CHARTS,
        help="Open interest in coins, the venues upon one another",
        stretch=2,
    ),
    PanelSpec(
        key="log",
        title="Log",
        factory=LogPanel,
        area=Area.BELOW_CHARTS,
        help="Notices, warnings and errors, newest last",
    ),
)
