"""The panels in their docks: built, arranged, kept between two runs, dressed in another theme."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from ui.docks import Docks
from ui.layout_store import Layout
from ui.models.rows_view import RowsView
from ui.panels.base import Panel, PanelContext, PanelSpec

log = logging.getLogger(__name__)


class Workspace(QObject):
    """Every registered panel, each a block of the window; ``restore`` says where each stands."""

    def __init__(self, parent: QWidget, context: PanelContext, specs: Sequence[PanelSpec]) -> None:
        super().__init__(parent)
        self.specs = tuple(specs)
        self.docks = Docks(parent)
        self._panels: dict[str, Panel] = {}
        self._before_crash: str | None = None
        for spec in self.specs:
            self._panels[spec.key] = spec.factory(context)
            self.docks.add(spec, self._panels[spec.key])

    def panel(self, key: str) -> Panel:
        return self._panels[key]

    def table(self, key: str) -> RowsView | None:
        """Return the table of a panel, if it has one."""
        return self._panels[key].findChild(RowsView)

    def rebuild(self, context: PanelContext) -> None:
        """Build every panel anew in another theme; what was arranged in it stays."""
        for spec in self.specs:
            state = self._panels[spec.key].state()
            panel = self._panels[spec.key] = spec.factory(context)
            panel.restore(state)
            self.docks.replace(spec.key, panel)

    @property
    def in_crash_layout(self) -> bool:
        return self._before_crash is not None

    def toggle_crash_layout(self) -> None:
        """Keep only what matters in a crash; the second call brings everything back."""
        if self._before_crash is not None:
            self.docks.restore(self._before_crash)
            self._before_crash = None
        else:
            self._before_crash = self.docks.save()
            self.docks.show(spec.key for spec in self.specs if spec.in_crash_layout)

    def reset(self) -> None:
        """Put every block back to where it stands by default."""
        self._before_crash = None
        self.docks.set_default_layout()

    def dock_state(self) -> str:
        """Return the arrangement under the crash layout, if that is shown."""
        return self._before_crash or self.docks.save()

    def crash_state(self) -> str:
        """Return the crash layout to keep, if it is shown."""
        return self.docks.save() if self.in_crash_layout else ""

    def panel_states(self) -> dict[str, dict[str, object]]:
        return {key: panel.state() for key, panel in self._panels.items()}

    def drawn(self) -> dict[str, dict[str, object]]:
        """Return what every chart has drawn, by its panel's key."""
        drawn = {key: panel.drawn() for key, panel in self._panels.items()}
        return {key: figures for key, figures in drawn.items() if figures}

    def restore(self, layout: Layout) -> None:
        """Take back what can be understood of a layout; the rest has its default."""
        self._before_crash = None
        if layout.docks:
            self.docks.place_anyhow()
        if not layout.docks:
            self.docks.set_default_layout()
        elif not self.docks.restore(layout.docks):
            log.warning("The arrangement of the panels could not be read; the default is shown.")
            self.docks.set_default_layout()
        for key, state in layout.panels.items():
            if key in self._panels:
                self._panels[key].restore(state)
        if layout.docks and layout.crash and self.docks.restore(layout.crash):
            self._before_crash = layout.docks
