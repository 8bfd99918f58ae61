"""The View menu: panels, layouts, the crash layout and the theme."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from PySide6.QtCore import QObject, QPoint, Qt, Slot
from PySide6.QtWidgets import QInputDialog, QMainWindow

from ui import layout_store
from ui.commands import Command
from ui.layout_store import Layout
from ui.notifications import Notifier
from ui.workspace import Workspace
from workstation.settings import Settings, WindowSettings

_RESCUE_PX: Final = 285  # the words of the panel, and six steps


class Arrangeable(Protocol):
    """What the View menu needs of the window."""

    @property
    def settings(self) -> Settings: ...

    @property
    def notifier(self) -> Notifier: ...

    def layout_now(self) -> Layout: ...

    def restore_layout(self, layout: Layout) -> None: ...

    def apply_settings(self, settings: Settings) -> None: ...


class ViewActions(QObject):
    """Shows and hides, saves and loads, and changes the colours."""

    def __init__(self, window: QMainWindow, arrangeable: Arrangeable, workspace: Workspace) -> None:
        super().__init__(window)
        self._window = window
        self._arrangeable = arrangeable
        self._workspace = workspace

    def commands(self) -> Sequence[Command]:
        return (*self._panels(), *self._layouts(), *self._saved(), *self._themes())

    def _panels(self) -> tuple[Command, ...]:
        docks = self._workspace.docks
        shown = tuple(
            Command(
                id=f"view.panel.{spec.key}", menu="View/Panels", text=spec.title, help=spec.help,
                checked=docks.is_shown(spec.key), run=self._toggler(spec.key),
            )
            for spec in self._workspace.specs
        )  # fmt: skip
        focused = tuple(
            Command(
                id=f"view.go.{spec.key}", menu="View/Go to", text=f"Go to {spec.title}",
                shortcut=f"Alt+{number}" if number < 10 else "",
                help=f"Show it, in front, with the keyboard: {spec.help}",
                also=spec.title, run=self._raiser(spec.key),
            )
            for number, spec in enumerate(self._workspace.specs, start=1)
        )  # fmt: skip
        floated = tuple(
            Command(
                id=f"view.float.{spec.key}", menu="View/In its own window",
                text=f"{spec.title} in its own window", checked=docks.is_floating(spec.key),
                help="Take this block out of the window, or put it back where it was",
                run=self._floater(spec.key),
            )
            for spec in self._workspace.specs
        )  # fmt: skip
        columns = tuple(
            Command(
                id=f"view.columns.{spec.key}", menu="View/Columns",
                text=f"Columns of {spec.title}…",
                help="Choose which columns are shown; otherwise as many as fit",
                run=self._chooser(spec.key),
            )
            for spec in self._workspace.specs if self._workspace.table(spec.key) is not None
        )  # fmt: skip
        return shown + focused + floated + columns

    def _layouts(self) -> tuple[Command, ...]:
        return (
            Command(
                id="view.rescue", menu="View", text="Rescue", shortcut="F9", group=1,
                help="What is liquidated next, and the cheapest move that still arrives in time, "
                "with the room that the charts can spare; again: they have it back",
                run=lambda: self._workspace.docks.raise_with_room("rescue", _RESCUE_PX),
            ),
            Command(
                id="view.arrange", menu="View", text="Arrange panels", shortcut="F11", group=1,
                help="Give every panel a title bar, by which it is moved, floated and closed",
                checked=self._workspace.docks.arranging, run=self.toggle_arranging,
            ),
            Command(
                id="view.crash", menu="View", text="Crash layout", shortcut="F12", group=1,
                help="Keep only next liquidation, accounts, positions and price; again: all back",
                checked=self._workspace.in_crash_layout,
                run=self._workspace.toggle_crash_layout,
            ),
            Command(
                id="view.reset", menu="View", text="Reset layout", shortcut="Ctrl+Shift+0",
                group=1, help="Put every panel back to where it stood at the first start",
                run=self._workspace.reset,
            ),
            Command(
                id="view.save_layout", menu="View", text="Save layout as…", group=2,
                help="Keep this arrangement under a name", run=self.choose_name,
            ),
        )  # fmt: skip

    def _saved(self) -> tuple[Command, ...]:
        names = layout_store.names()
        loads = tuple(
            Command(
                id=f"view.layout.{name}", menu="View/Layouts", text=name, group=2,
                help=f"Arrange the window as in “{name}”", run=self._loader(name),
            )
            for name in names
        )  # fmt: skip
        removals = tuple(
            Command(
                id=f"view.remove_layout.{name}", menu="View/Delete layout",
                text=f"Delete layout {name}", group=2, help=f"Forget the layout “{name}”",
                run=self._remover(name),
            )
            for name in names
        )  # fmt: skip
        return loads + removals

    def _themes(self) -> tuple[Command, ...]:
        window = self._arrangeable.settings.window
        themes = tuple(
            Command(
                id=f"view.theme.{name}", menu="View/Theme", text=f"{name.capitalize()} theme",
                group=3, help=f"Draw everything in the {name} colours",
                checked=name == window.theme,
                run=self._applier(dataclasses.replace(window, theme=name)),
            )
            for name in ("dark", "light")
        )  # fmt: skip
        blind = Command(
            id="view.colour_blind", menu="View/Theme", text="Blue and orange for up and down",
            group=3, help="For eyes that do not tell red from green",
            checked=window.colour_blind,
            run=self._applier(
                dataclasses.replace(window, colour_blind=not window.colour_blind)
            ),
        )  # fmt: skip
        return (*themes, blind)

    def toggle_arranging(self) -> None:
        self._workspace.docks.set_arranging(not self._workspace.docks.arranging)

    def choose_name(self) -> None:
        dialog = QInputDialog(self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle("Save layout")
        dialog.setLabelText("Name of this layout")
        dialog.textValueSelected.connect(self.save_layout)
        dialog.open()

    @Slot(str)
    def save_layout(self, name: str) -> None:
        known_as = layout_store.fit_name(name)
        if not known_as:
            self._arrangeable.notifier.note("A layout needs a name of letters or digits.")
            return
        layout_store.save(name, self._arrangeable.layout_now())
        self._arrangeable.notifier.note(f"View > Layouts > {known_as} brings this layout back.")

    def _toggler(self, key: str) -> Callable[[], None]:
        docks = self._workspace.docks
        return lambda: docks.set_shown(key, shown=not docks.is_shown(key))

    def _raiser(self, key: str) -> Callable[[], None]:
        return lambda: self._workspace.docks.raise_(key)

    def _chooser(self, key: str) -> Callable[[], None]:
        def choose() -> None:
            self._workspace.docks.raise_(key)
            table = self._workspace.table(key)
            if table is not None:
                table.open_chooser(QPoint(0, table.horizontalHeader().height()))

        return choose

    def _floater(self, key: str) -> Callable[[], None]:
        docks = self._workspace.docks
        return lambda: docks.set_floating(key, floating=not docks.is_floating(key))

    def _loader(self, name: str) -> Callable[[], None]:
        return lambda: self._arrangeable.restore_layout(layout_store.load(name))

    def _remover(self, name: str) -> Callable[[], None]:
        return lambda: layout_store.remove(name)

    def _applier(self, window: WindowSettings) -> Callable[[], None]:
        settings = dataclasses.replace(self._arrangeable.settings, window=window)
        return lambda: self._arrangeable.apply_settings(settings)
