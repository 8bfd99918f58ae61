"""Docks: every panel a block that moves, floats, hides and comes back where it was.

The only module that imports the dock library (QtAds 5.1.1), which has no types: everything above
speaks of panels by their key. A block that stands alone shows no title bar, so that the window
looks composed; while the user arranges (``set_arranging``) every block shows its bar and can be
dragged, floated and closed by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import PySide6QtAds as ads  # noqa: N813 - its own abbreviation
from PySide6.QtCore import QByteArray, QCoreApplication, QObject, QPoint, Qt, Signal, Slot
from PySide6.QtWidgets import QWidget

from ui.panels.base import Area, Panel, PanelSpec

_LEFT_SHARE: Final = 0.6  # of the width: charts; the rest is the risk column
_STRIP_HEIGHT: Final = 44
_TITLE_HEIGHT: Final = 28
_LEAST_CHART: Final = 70
_LEAST_HIGHEST: Final = 232  # of the price: its two rows of tools, and a chart of 180
_UNBOUNDED: Final = 16_777_215  # Qt's QWIDGETSIZE_MAX
_HIDE_SINGLE_TITLE: Final = ads.CDockAreaWidget.eDockAreaFlag.HideSingleWidgetTitleBar
_FLAGS: Final = {
    "DockAreaHasCloseButton": True,
    "DockAreaCloseButtonClosesTab": True,
    "DockAreaHasUndockButton": True,
    "DockAreaHasTabsMenuButton": True,
    "DockAreaDynamicTabsMenuButtonVisibility": True,  # there when not all tabs are in sight
    "AllTabsHaveCloseButton": False,
    "ActiveTabHasCloseButton": False,
    "OpaqueSplitterResize": True,
    "FocusHighlighting": False,
    "XmlCompressionEnabled": False,
    "EqualSplitOnInsertion": False,
    "DisableTabTextEliding": True,
    "FloatingContainerHasWidgetIcon": False,
    "DisableStylesheet": True,  # ours comes from ui/style.py
}


class Docks(QObject):
    """The blocks of one window.

    Signals
    -------
    arranged : nothing; a block was shown, hidden, moved or floated
    """

    arranged = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        for name, on in _FLAGS.items():
            ads.CDockManager.setConfigFlag(ads.CDockManager.eConfigFlag[name], on)
        # else the first block that floats makes every widget of the window a native one: menus
        # opened from it lose their window, and the program can crash when the window is deleted
        QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_DontCreateNativeWidgetSiblings)
        self._manager: Any = ads.CDockManager(parent)
        self._docks: dict[str, Any] = {}
        self._specs: dict[str, PanelSpec] = {}
        self._arranging = False
        self._home = ""  # the newest arrangement in which nothing floated
        self._lent: tuple[str, list[int]] | None = None  # a block with room, the heights before
        self._manager.dockAreaCreated.connect(self._dress)

    @property
    def widget(self) -> QWidget:
        widget: QWidget = self._manager
        return widget

    def add(self, spec: PanelSpec, panel: QWidget) -> None:
        """Take a panel in; it stands nowhere until a layout is set."""
        dock = ads.CDockWidget(self._manager, spec.title)
        dock.setObjectName(spec.key)
        dock.setTabToolTip(spec.help)
        self._docks[spec.key] = dock
        self._specs[spec.key] = spec
        if spec.keeps_size:
            modes = ads.CDockWidget.eMinimumSizeHintMode
            dock.setMinimumSizeHintMode(modes.MinimumSizeHintFromContentMinimumSize)
        self.replace(spec.key, panel)
        dock.viewToggled.connect(self._say_arranged)
        dock.topLevelChanged.connect(self._say_arranged)
        if spec.area is Area.STRIP or spec.keeps_size:
            dock.topLevelChanged.connect(self._pin)

    def replace(self, key: str, panel: QWidget) -> None:
        """Put another widget into a block; the former one is deleted."""
        dock = self._docks[key]
        former = dock.takeWidget() if dock.widget() is not None else None
        modes = ads.CDockWidget.eInsertMode
        scrolls = self._specs[key].scrolls
        dock.setWidget(panel, modes.AutoScrollArea if scrolls else modes.ForceNoScrollArea)
        if isinstance(panel, Panel):
            panel.height_changed.connect(self._pin)
        if former is not None:
            former.deleteLater()

    def set_default_layout(self) -> None:
        """Put every block where it belongs and show it."""
        self._lent = None
        for dock in self._docks.values():
            if dock.dockAreaWidget() is not None:
                self._manager.removeDockWidget(dock)
        by_area = {area: self._of_area(area) for area in Area}
        self._place_columns(by_area)
        for key in by_area[Area.STRIP]:
            self._manager.addDockWidget(ads.TopDockWidgetArea, self._docks[key])
        for dock in self._docks.values():
            if dock.isClosed():
                dock.toggleView(True)
        for key in by_area[Area.BELOW_CHARTS][:1]:
            self._docks[key].setAsCurrentTab()
        self.set_arranging(self._arranging)
        self._size(by_area)
        self._remember_home()

    def place_anyhow(self) -> None:
        """Put every block somewhere, for a saved layout: the library restores only what stands."""
        area: Any = None
        for dock in self._docks.values():
            if dock.dockAreaWidget() is not None:
                continue
            if area is None:
                area = self._manager.addDockWidget(ads.LeftDockWidgetArea, dock)
            else:
                self._manager.addDockWidgetTabToArea(dock, area)

    def show(self, keys: Iterable[str]) -> None:
        """Show these blocks and hide all others; lent room is given back."""
        self._take_back()
        wanted = set(keys)
        for key, dock in self._docks.items():
            dock.toggleView(key in wanted)

    def set_shown(self, key: str, *, shown: bool) -> None:
        self._docks[key].toggleView(shown)

    def is_shown(self, key: str) -> bool:
        return not self._docks[key].isClosed()

    def raise_(self, key: str) -> None:
        """Show a block, bring its tab to the front, and give it the keyboard."""
        dock = self._docks[key]
        dock.toggleView(True)
        dock.setAsCurrentTab()
        dock.window().raise_()
        dock.window().activateWindow()  # it may float behind the others
        dock.widget().setFocus(Qt.FocusReason.ShortcutFocusReason)

    def raise_with_room(self, key: str, height: int) -> None:
        """Bring a block to the front with a height, up to half of its column; again: give it back.

        What stands above and below it gives the room, each by its share of what it can spare.
        """
        was_in_front = self._docks[key].isCurrentTab()
        self.raise_(key)
        if self._lent is not None:
            if was_in_front:
                self._take_back()
            return
        area = self._docks[key].dockAreaWidget()
        now = self._manager.splitterSizes(area)
        if len(now) > 1:
            self._lent = key, now
            self._swap_heights(key, _with_room(now, _place_of(area), height))

    def _take_back(self) -> None:
        if self._lent is not None:
            self._swap_heights(*self._lent)
            self._lent = None

    def _swap_heights(self, key: str, heights: list[int]) -> list[int]:
        """Give the blocks of a column these heights; return those that they had."""
        area = self._docks[key].dockAreaWidget()
        now: list[int] = self._manager.splitterSizes(area)
        if len(heights) == len(now):
            self._manager.setSplitterSizes(area, heights)
        return now

    def set_floating(self, key: str, *, floating: bool) -> None:
        """Take a block out into a window of its own, or put it back where it was."""
        if not floating:
            self._bring_home(key)
            return
        self._remember_home()
        dock = self._docks[key]
        dock.toggleView(True)
        place = dock.mapToGlobal(QPoint(0, 0))
        dock.setFloating()
        dock.floatingDockContainer().move(place)  # the library puts it where the mouse is

    def is_floating(self, key: str) -> bool:
        return bool(self._docks[key].isInFloatingContainer())

    @property
    def arranging(self) -> bool:
        return self._arranging

    def set_arranging(self, on: bool) -> None:
        """Show every block's title bar, by which it is dragged, or only those of tabs."""
        self._arranging = on
        self._remember_home()
        for area in self._manager.openedDockAreas():
            self._dress(area)
        self._pin()

    def save(self) -> str:
        """Return where every block stands, as the library's XML; lent room is given back in it."""
        heights = self._swap_heights(*self._lent) if self._lent else []
        state = bytes(self._manager.saveState().data()).decode()
        if self._lent:
            self._swap_heights(self._lent[0], heights)
        return state

    def restore(self, state: str) -> bool:
        """Take a saved layout; blocks that it does not know yet come up where they belong.

        Returns
        -------
        Whether the layout could be read; if not, nothing has changed.
        """
        readable = state.startswith("<?xml")  # the library decompresses what does not, and warns
        if not (readable and self._manager.restoreState(QByteArray(state.encode()))):
            return False
        self._lent = None
        for key in self._docks:
            if f'Name="{key}"' not in state:
                self._join(key)
        self.set_arranging(self._arranging)
        return True

    def _join(self, key: str) -> None:
        # a new block stands with those of its area: as one more tab, or below the last of them
        dock, area = self._docks[key], self._specs[key].area
        there = [k for k in self._of_area(area) if k != key and self.is_shown(k)]
        there = [k for k in there if not self.is_floating(k)]
        beside = self._docks[there[-1]].dockAreaWidget() if there else None
        if beside is not None and area is Area.BELOW_CHARTS:
            current = beside.currentIndex()
            self._manager.addDockWidgetTabToArea(dock, beside)
            beside.setCurrentIndex(current)
        elif beside is not None:
            self._manager.addDockWidget(ads.BottomDockWidgetArea, dock, beside)
        else:
            side = ads.RightDockWidgetArea if area is Area.RISK else ads.BottomDockWidgetArea
            self._manager.addDockWidget(side, dock)
        dock.toggleView(True)

    def close(self) -> None:
        """Close every floating block; the window calls this when it closes."""
        self._manager.hideManagerAndFloatingWidgets()

    def _remember_home(self) -> None:
        if not any(map(self.is_floating, self._docks)):
            self._home = self.save()

    def _bring_home(self, key: str) -> None:
        # the library does not know where a floating block came from: the last arrangement without
        # floating blocks is restored, and what else floats or is hidden now is so again
        floating = [other for other in self._docks if other != key and self.is_floating(other)]
        hidden = [other for other in self._docks if other != key and not self.is_shown(other)]
        self.restore(self._home)
        for other in hidden:
            self.set_shown(other, shown=False)
        for other in floating:
            self._docks[other].setFloating()

    def _of_area(self, area: Area) -> list[str]:
        return [key for key, spec in self._specs.items() if spec.area is area]

    def _place_columns(self, by_area: dict[Area, list[str]]) -> None:
        above: Any = None
        for key in by_area[Area.CHARTS]:
            above = self._stack(key, above)
        tabs: Any = None
        for key in by_area[Area.BELOW_CHARTS]:
            dock = self._docks[key]
            if tabs is None:
                tabs = self._stack(key, above)
            else:
                self._manager.addDockWidgetTabToArea(dock, tabs)
        above = None
        for key in by_area[Area.RISK]:
            if above is None:
                above = self._manager.addDockWidget(ads.RightDockWidgetArea, self._docks[key])
            else:
                above = self._stack(key, above)

    def _stack(self, key: str, above: Any) -> Any:
        dock = self._docks[key]
        if above is None:
            return self._manager.addDockWidget(ads.LeftDockWidgetArea, dock)
        return self._manager.addDockWidget(ads.BottomDockWidgetArea, dock, above)

    def _size(self, by_area: dict[Area, list[str]]) -> None:
        left = by_area[Area.CHARTS] or by_area[Area.BELOW_CHARTS]
        below = by_area[Area.BELOW_CHARTS][:1]
        self._split(by_area[Area.CHARTS] + below)
        self._split(by_area[Area.RISK])
        sides = [keys[0] for keys in (left, by_area[Area.RISK]) if keys]
        if len(sides) == 2:
            self._split_columns(*sides)
        self._pin()

    def _split(self, keys: Sequence[str]) -> None:
        if len(keys) > 1:
            shares = [100 * self._specs[key].stretch for key in keys]
            self._manager.setSplitterSizes(self._docks[keys[0]].dockAreaWidget(), shares)

    def _split_columns(self, left: str, right: str) -> None:
        # the columns' splitter is the one that holds both: the parent of a stack's own, if any
        column = self._docks[left].dockAreaWidget().parentSplitter()
        other = self._docks[right].dockAreaWidget().parentSplitter()
        both = column if column is other else column.parentWidget()
        share = round(1_000 * _LEFT_SHARE)
        both.setSizes([share, 1_000 - share])

    @Slot()
    def _pin(self, *_: object) -> None:
        # some have nothing to show in more height; only beside a tab they take what the tab has
        bar = _TITLE_HEIGHT if self._arranging else 0
        for key, spec in self._specs.items():
            area = self._docks[key].dockAreaWidget()
            strip = spec.area is Area.STRIP
            if area is not None and (strip or spec.keeps_size):
                alone = area.dockWidgetsCount() == 1
                most = _STRIP_HEIGHT if strip else self._docks[key].widget().maximumHeight()
                area.setMaximumHeight(min(most + bar, _UNBOUNDED) if alone else _UNBOUNDED)

    @Slot(object)
    def _dress(self, area: Any) -> None:
        area.setDockAreaFlag(_HIDE_SINGLE_TITLE, not self._arranging)
        area.updateTitleBarVisibility()

    @Slot()
    def _say_arranged(self, *_: object) -> None:
        self.arranged.emit()


def _place_of(area: Any) -> int:
    place: int = area.parentSplitter().indexOf(area)
    return place


def _with_room(sizes: Sequence[int], place: int, height: int) -> list[int]:
    """Return the sizes of a column in which one is at least so high, if the others can spare it.

    They shrink by their shares of what they have above the least that each needs.
    """
    others = [at for at in range(len(sizes)) if at != place]
    highest = max(others, key=lambda at: sizes[at])
    least = [min(size, _LEAST_CHART) for size in sizes]
    least[highest] = min(sizes[highest], _LEAST_HIGHEST)
    spare = sum(sizes[at] - least[at] for at in others)
    taken = max(0, min(height, sum(sizes) // 2, sizes[place] + spare) - sizes[place])
    left = 1 - taken / max(1, spare)
    found = [low + round((size - low) * left) for size, low in zip(sizes, least, strict=True)]
    found[place] = sizes[place] + taken
    found[highest] -= sum(found) - sum(sizes)
    return found
