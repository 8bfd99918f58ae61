"""The liquidation tape: forced orders as the venues publish them, newest first."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ui import format as fmt
from ui.models.rows import Column, RowsModel
from ui.models.rows_view import make_table
from ui.names import coin_of
from ui.panels.base import Panel, PanelContext
from ui.style import plain_label, tint
from workstation.market.facts import Liquidation
from workstation.market.feed import FeedUpdate

MAX_ROWS: Final = 500
_EMPTY: Final = (
    "No liquidation has been published since the start. Few venues publish them by polling; "
    "what is not published is not known, not zero."
)


COLUMNS: Final = (
    Column[Liquidation](
        heading="Market",
        help="Venue and coin",
        text=lambda row: f"{fmt.venue_name(row.key.venue)} {coin_of(row.key.symbol)}",
        value=lambda row: row.key,
        tip=lambda row: f"{row.key.symbol} at {fmt.local_time(row.time_ms)}",
        is_figure=False,
    ),
    Column[Liquidation](
        heading="Time (UTC)",
        help="The venue's time; local time in the tooltip of the first column",
        text=lambda row: fmt.utc_time(row.time_ms),
        value=lambda row: row.time_ms,
    ),
    Column[Liquidation](
        heading="Closed",
        help="Side of the position that was closed",
        text=lambda row: row.side.value,
        value=lambda row: row.side.value,
        token=lambda row: row.side.value,
    ),
    Column[Liquidation](
        heading="Coins",
        help="Quantity in coins, converted from the venue's unit",
        text=lambda row: fmt.quantity(row.quantity_base),
        value=lambda row: row.quantity_base,
    ),
    Column[Liquidation](
        heading="Price",
        help="As published: the fill's at some venues, the bankruptcy price at others",
        text=lambda row: fmt.price(row.price),
        value=lambda row: row.price,
    ),
    Column[Liquidation](
        heading="USD",
        help="Coins × price",
        text=lambda row: fmt.number(row.notional_usd),
        value=lambda row: row.notional_usd,
    ),
)


class TapePanel(Panel):
    """The newest forced orders; sums stand in the strip, as floors."""

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.model = RowsModel[Liquidation](COLUMNS, self.theme, key=lambda row: row)
        self._empty = plain_label(_EMPTY)
        self._empty.setWordWrap(True)
        tint(self._empty, self.theme, "dim")
        self._table = make_table(self.model)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.addWidget(self._table, 1)
        layout.addWidget(self._empty)
        self.bridge.market_changed.connect(self.show_update)
        self.bridge.source_changed.connect(self.show_source)
        self._show()

    @Slot(object)
    def show_update(self, update: FeedUpdate) -> None:
        if update.liquidations or update.restarted:
            self._show()

    @Slot(object)
    def show_source(self, _: object) -> None:
        self._show()

    def _show(self) -> None:
        rows = list(self.bridge.desk.store.liquidations)[: -MAX_ROWS - 1 : -1]
        self.model.replace_rows(rows)
        self._table.setVisible(bool(rows))
        self._empty.setVisible(not rows)
