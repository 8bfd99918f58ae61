"""Every panel, in the order of the default layout. A new panel is a file and a line here."""

from __future__ import annotations

from ui.panels.base import Area, PanelSpec
from ui.panels.log import LogPanel
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
        key="log",
        title="Log",
        factory=LogPanel,
        area=Area.BELOW_CHARTS,
        help="Notices, warnings and errors, newest last",
    ),
)
