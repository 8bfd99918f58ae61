"""What every panel is: a widget that shows frozen facts and keeps a state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from ui.bridge import Bridge
from ui.charts.chart_group import ChartGroup
from ui.models.log_records import LogBook
from ui.models.rows_view import RowsView
from ui.theme import Theme


@dataclass(frozen=True, slots=True)
class PanelContext:
    """What a panel is built with; it connects itself to the bridge in its constructor."""

    bridge: Bridge
    theme: Theme
    log_book: LogBook = field(default_factory=LogBook)
    charts: ChartGroup = field(default_factory=ChartGroup)  # the one time axis of all charts


class Panel(QWidget):
    """The base of every panel; ``state`` and ``restore`` keep what the user arranged in it.

    Signals
    -------
    height_changed : one that keeps its size keeps another one from now on
    """

    height_changed = Signal()

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self.bridge = context.bridge
        self.theme = context.theme
        self._missed: dict[Callable[[], None], None] = {}

    def when_seen(self, show: Callable[[], None]) -> None:
        """Call it now; if a tab or a closed block hides the panel, once it is shown instead."""
        if self.isVisible() or not self.window().isVisible():
            show()
        else:
            self._missed[show] = None

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        missed, self._missed = self._missed, {}
        for show in missed:
            show()

    def state(self) -> dict[str, Any]:
        """Return what the layout file keeps of this panel: JSON values only."""
        tables = self.findChildren(RowsView)
        kept: dict[str, list[Any]] = {
            "columns": [None if t.chosen is None else sorted(t.chosen) for t in tables],
            "sorted": [t.sorting and list(t.sorting) for t in tables],
        }
        return {key: values for key, values in kept.items() if any(v is not None for v in values)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take back a state; an unreadable field costs that field."""
        tables = self.findChildren(RowsView)
        for table, columns in zip(tables, _each(state.get("columns"), tables), strict=True):
            named = isinstance(columns, list)
            table.choose([name for name in columns if isinstance(name, str)] if named else None)
        for table, by in zip(tables, _each(state.get("sorted"), tables), strict=True):
            match by:
                case [str(heading), bool(descends)]:
                    table.sort_by(heading, descends=descends)
                case _:
                    table.sort_by("")

    def drawn(self) -> dict[str, Any]:
        """Return what the state document says of what is drawn here; empty for most panels."""
        return {}


def _each(values: object, tables: Sequence[RowsView]) -> list[Any]:
    """Return what a state has for each table, ``None`` where it has nothing."""
    known = values if isinstance(values, list) else []
    return [*known, *(None for _ in tables)][: len(tables)]


class Area(StrEnum):
    """Where a panel stands in the default layout."""

    STRIP = "strip"
    CHARTS = "charts"  # left, stacked on one time axis
    BELOW_CHARTS = "below_charts"  # left, tabs
    RISK = "risk"  # right, stacked


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelSpec:
    """One registered panel; ``in_crash_layout`` says whether the crash layout keeps it.

    One that ``scrolls`` may be smaller than what it shows; one that ``keeps_size`` is made neither
    lower nor higher than its own minimum and maximum.
    """

    key: str
    title: str
    factory: Callable[[PanelContext], Panel]
    area: Area
    help: str  # a sentence: what it shows
    in_crash_layout: bool = False
    scrolls: bool = False
    keeps_size: bool = False
    stretch: int = 1  # its share of the area's height
