"""The composition root of the window: builds, connects, starts, and stops in reverse order."""

from __future__ import annotations

import builtins
import logging
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_plain_import = builtins.__import__

from PySide6.QtWidgets import QApplication  # noqa: E402

# PySide6 replaces ``__import__`` by a hook that reads the source of every module imported after
# it, for ``from __feature__``, which nothing here uses. Measured on 6.11.2: half a second and a
# hundred megabytes with ccxt, numba and pandas; tests/benchmarks/test_start.py keeps the figure.
builtins.__import__ = _plain_import


from ui import notifications  # noqa: E402
from ui.bridge import Bridge  # noqa: E402
from ui.frame_meter import FrameMeter  # noqa: E402
from ui.main_window import MainWindow  # noqa: E402
from ui.terminal_report import TerminalReport  # noqa: E402
from ui.theme import make_theme  # noqa: E402
from workstation import paths, settings  # noqa: E402
from workstation.services import logs, session  # noqa: E402
from workstation.services.desk import Desk  # noqa: E402

log = logging.getLogger(__name__)
DEFAULT_AFTER_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowOptions:
    """The command line of the window; ``None`` leaves the settings' value."""

    started_s: float  # time.monotonic() when the program began
    portfolio: Path | None = None
    source: str | None = None
    venues: tuple[str, ...] | None = None
    settings: Path | None = None
    speed: float | None = None
    seed: int | None = None
    screenshot: Path | None = None
    state: Path | None = None
    after_s: float | None = None


def run(options: WindowOptions) -> int:
    """Open the window, or draw it off-screen where there is no display; return the exit code."""
    logs.set_up()
    off_screen = _use_off_screen_without_display()
    application = QApplication(sys.argv[:1])
    application.setApplicationName("Risk Workstation")
    notifications.install_excepthooks()
    program = Program(application, options)
    program.start(off_screen=off_screen)
    code = application.exec()
    program.stop()
    return code


class Program:
    """Everything that lives as long as the window does."""

    def __init__(self, application: QApplication, options: WindowOptions) -> None:
        self._application = application
        self._options = options
        path = options.settings or paths.default_settings_file()
        chosen, problems = settings.load(path)
        self._session = session.load()
        self._desk = Desk(_with_options(chosen, options, self._session), path)
        self._bridge = Bridge(self._desk)
        theme = make_theme(chosen.window.theme, colour_blind=chosen.window.colour_blind)
        self._window = MainWindow(self._bridge, self._desk.settings, theme)
        self._frames = FrameMeter(self._window)
        self._terminal = TerminalReport(self._desk, self._bridge)
        self._first_paint_ms: float | None = None
        self._first_data_ms: float | None = None
        for problem in problems:
            self._bridge.noticed.emit(f"Setting {problem}; its default is used.")

    def start(self, *, off_screen: bool) -> None:
        """Show the window first, then start what feeds it."""
        self._frames.first_painted.connect(self._note_first_paint)
        self._bridge.market_changed.connect(self._note_first_data)
        signal.signal(signal.SIGINT, self._quit_on_signal)
        signal.signal(signal.SIGTERM, self._quit_on_signal)
        self._window.show()
        self._open_first_book()
        self._desk.start()
        self._bridge.start()
        self._frames.start()
        if off_screen:
            sys.stderr.write(
                "No display was found: the window is drawn off-screen. Ctrl+C quits.\n"
            )
            self._terminal.start()
        self._plan_end()
