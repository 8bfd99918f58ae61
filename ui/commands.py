"""Every action of the window, declared once: menus, shortcuts, palette and their help follow.

Whoever can do something (``ui/actions``) offers ``commands()``: the commands as they stand now,
recent files and coins included. ``CommandBook`` asks again whenever a menu or the palette opens,
and when a key is pressed: an action is grey only in an open menu, for the key of a grey one would
be dead until the next menu opens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

MENUS: Final = ("File", "Market", "View", "Alerts", "Help")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One action.

    ``menu`` is a path such as ``View/Panels``; commands of one menu with different ``group`` are
    parted by a line. ``checked`` makes it a tick box; ``also`` is another name that the palette
    finds it by; ``lacking`` says in a sentence why it does not apply now and what to do; empty when
    it does.
    """

    id: str
    menu: str
    text: str
    help: str
    run: Callable[[], None] = field(repr=False)
    shortcut: str = ""
    group: int = 0
    checked: bool | None = None
    also: str = ""
    lacking: str = ""

    @property
    def enabled(self) -> bool:
        return not self.lacking


class CommandSource(Protocol):
    """Whoever can do something."""

    def commands(self) -> Sequence[Command]: ...


class CommandBook(QObject):
    """Keeps one ``QAction`` a command, in the menus of a window and among all windows' shortcuts.

    Signals
    -------
    refused : str, why a command that was asked for does not apply now
    """

    refused = Signal(str)

    def __init__(self, window: QMainWindow, sources: Sequence[CommandSource]) -> None:
        super().__init__(window)
        self._window = window
        self._sources = sources
        self._commands: dict[str, Command] = {}
        self._actions: dict[str, QAction] = {}
        self._menus = {name: window.menuBar().addMenu(f"&{name}") for name in MENUS}
        for menu in self._menus.values():
            menu.setToolTipsVisible(True)
            menu.aboutToShow.connect(self.grey_out)
            menu.aboutToHide.connect(self.arm)
        self.refresh()

    def commands(self) -> tuple[Command, ...]:
        """Return every command as it stands now, in menu order."""
        self.refresh()
        return tuple(self._commands.values())

    def run(self, command_id: str) -> None:
        """Do it if it applies now, or else say what is lacking.

        Raises
        ------
        KeyError
            There is no such command.
        """
        self.refresh()
        command = self._commands[command_id]
        if command.lacking:
            self.refused.emit(command.lacking)
        else:
            command.run()

    @Slot()
    def grey_out(self) -> None:
        """Bring an opening menu up to date, and grey what does not apply now."""
        self.refresh()
        for command in self._commands.values():
            self._actions[command.id].setEnabled(command.enabled)

    @Slot()
    def arm(self) -> None:
        """Let every key be heard again: whether its command applies is asked when it is pressed."""
        for action in self._actions.values():
            action.setEnabled(True)

    @Slot()
    def refresh(self) -> None:
        """Ask everybody what can be done now, and bring actions and menus up to date."""
        offered = [command for source in self._sources for command in source.commands()]
        offered.sort(key=lambda command: (MENUS.index(_top(command)), command.group))
        former, self._commands = self._commands, {command.id: command for command in offered}
        for gone in former.keys() - self._commands.keys():
            self._actions.pop(gone).deleteLater()
        for command in offered:
            self._update_action(command)
        if [(c.id, c.menu) for c in former.values()] != [(c.id, c.menu) for c in offered]:
            self._fill_menus(offered)

    def _update_action(self, command: Command) -> None:
        action = self._actions.get(command.id)
        if action is None:
            action = self._actions[command.id] = QAction(self._window)
            action.setObjectName(command.id)
            action.setShortcut(QKeySequence(command.shortcut))
            # a block that floats is a window too; a dialog over this one keeps its keys to itself
            action.setShortcutContext(Qt.ShortcutContext.ApplicationShortcut)
            action.setCheckable(command.checked is not None)
            action.triggered.connect(self._run_sender)
            self._window.addAction(action)
        action.setText(command.text.replace("&", "&&"))
        action.setToolTip(command.lacking or command.help)
        action.setChecked(bool(command.checked))

    def _fill_menus(self, offered: Sequence[Command]) -> None:
        for menu in self._menus.values():
            menu.clear()
        menus: dict[str, QMenu] = dict(self._menus)
        groups: dict[str, int] = {}
        for command in offered:
            menu = self._menu_of(command, menus, groups)
            _part(menu, groups, command.menu, command.group)
            menu.addAction(self._actions[command.id])

    def _menu_of(self, command: Command, menus: dict[str, QMenu], groups: dict[str, int]) -> QMenu:
        if command.menu not in menus:
            parent, _, name = command.menu.rpartition("/")
            _part(menus[parent], groups, parent, command.group)
            menus[command.menu] = menus[parent].addMenu(name)
            menus[command.menu].setToolTipsVisible(True)
        return menus[command.menu]

    @Slot()
    def _run_sender(self) -> None:
        sender = self.sender()
        if sender is not None and sender.objectName() in self._commands:
            self.run(sender.objectName())
            self.refresh()  # a tick that the command did not change goes back


def _top(command: Command) -> str:
    return command.menu.partition("/")[0]


def _part(menu: QMenu, groups: dict[str, int], path: str, group: int) -> None:
    if groups.setdefault(path, group) != group:
        menu.addSeparator()
        groups[path] = group
