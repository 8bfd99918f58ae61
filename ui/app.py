"""The composition root of the window: builds, connects, starts, and stops in reverse order."""

from __future__ import annotations

import builtins
import contextlib
import dataclasses
import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

import orjson
import psutil

_plain_import = builtins.__import__

from PySide6.QtCore import (  # noqa: E402
    QMessageLogContext,
    QObject,
    QTimer,
    QtMsgType,
    Slot,
    qInstallMessageHandler,
)
from PySide6.QtWidgets import QApplication  # noqa: E402

# PySide6 replaces ``__import__`` by a hook that reads the source of every module imported after
# it, for ``from __feature__``, which nothing here uses. Measured on 6.11.2: half a second and a
# hundred megabytes with ccxt, numba and pandas; tests/benchmarks/test_start.py keeps the figure.
builtins.__import__ = _plain_import


from ui import format as text  # noqa: E402
from ui import notifications, off_screen  # noqa: E402
from ui.bridge import Bridge  # noqa: E402
from ui.garbage import WindowCollector  # noqa: E402
from ui.main_window import MainWindow  # noqa: E402
from ui.models.log_records import LogBook  # noqa: E402
from ui.terminal_report import TerminalReport  # noqa: E402
from ui.theme import make_theme  # noqa: E402
from workstation import paths, settings  # noqa: E402
from workstation.errors import (  # noqa: E402
    PortfolioFileError,
    UsageError,
    WorkstationError,
)
from workstation.market.catalogue import Catalogue  # noqa: E402
from workstation.market.feed import INTERVALS_S, FeedUpdate  # noqa: E402
from workstation.paths import sample_path  # noqa: E402
from workstation.portfolio.model import Portfolio  # noqa: E402
from workstation.services import doctor, logs, session  # noqa: E402
from workstation.services.desk import Desk  # noqa: E402
from workstation.services.desk_news import View  # noqa: E402
from workstation.services.session import Session  # noqa: E402
from workstation.services.sources import check_source  # noqa: E402
from workstation.services.state_document import state_document  # noqa: E402
from workstation.settings import MarketSettings, Settings  # noqa: E402

log = logging.getLogger(__name__)
DEFAULT_AFTER_S: Final = 10.0
# How long a worker that computes in Python may keep the window's thread waiting, each time that it
# gives the interpreter away (a paint does so at every call of Qt). Measured over 85 s of a live
# market, longest stall and stalls over 50 ms: 5 ms 241 and 48; 1 ms 166 and 35; 0.01 ms 61 and 3
# (30 and none since the workers pause while the window is at work: ``services/courtesy.py``).
_SWITCH_S: Final = 1e-5
_START_UP_MS: Final = 20_000  # from the first data on
_LATEST_START_MS: Final = 2_000  # a window that nobody sees (minimised, locked) is fed all the same
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


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

    @property
    def end_s(self) -> float | None:
        """When to save and quit; ``None`` when a person does."""
        if self.after_s is None and self.screenshot is None and self.state is None:
            return None
        return DEFAULT_AFTER_S if self.after_s is None else self.after_s

    def over(self, market: MarketSettings) -> MarketSettings:
        """Return market settings in which what was given on the command line stands."""
        given = {name: getattr(self, name) for name in ("source", "venues", "speed", "seed")}
        known = {name: value for name, value in given.items() if value is not None}
        return dataclasses.replace(market, **known)


def run(options: WindowOptions) -> NoReturn:
    """Open the window, or draw it off-screen where there is no display; end the process after it.

    Raises
    ------
    WorkstationError
        The command line asks for something that cannot be had; nothing was opened.
    """
    _check_targets(options)
    _check_wishes(options)
    logs.set_up()
    sys.setswitchinterval(_SWITCH_S)
    qInstallMessageHandler(_log_from_qt)
    off_screen.fall_back()
    application = QApplication(sys.argv[:1])
    application.setApplicationName("Risk Workstation")
    notifications.install_excepthooks()
    program = Program(application, options)
    with _quitting_on_signals(program):
        program.start()
        application.exec()
    program.stop()
    _end_at_once(program.exit_code)


class Program(QObject):
    """Everything that lives as long as the window does."""

    def __init__(self, application: QApplication, options: WindowOptions) -> None:
        super().__init__()
        self.exit_code = 0
        self._collector = WindowCollector()
        self._feeding = False
        self._application = application
        self._options = options
        self._last = session.load()
        self._file: Portfolio | None = None  # that was open when it was last remembered
        file = options.settings or paths.default_settings_file()
        chosen, problems = settings.load(file)
        self._desk = Desk(self._settings(chosen), file, chosen)
        self._bridge = Bridge(self._desk, self)
        self._bridge.portfolio_changed.connect(self._remember_book)  # before the menus look
        self._bridge.source_changed.connect(self._remember_source)
        self._bridge.view_changed.connect(self._remember_interval)
        self._bridge.source_changed.connect(self._settle_later)
        self._bridge.portfolio_refused.connect(self._tell_refusal)
        self._window = MainWindow(
            self._bridge,
            chosen,
            make_theme(chosen.window.theme, colour_blind=chosen.window.colour_blind),
            save_state=self.save_state,
            diagnostics=diagnostics,
            asks=self._asks(),
        )
        self._terminal = TerminalReport(self._desk, self)
        self._first_paint_ms: float | None = None
        self._first_data_ms: float | None = None
        for problem in problems:
            log.warning("Setting %s; its default is used.", problem)
            _tell(f"Setting {problem}; its default is used.")

    def start(self) -> None:
        """Show the window; what feeds it starts when it has been painted."""
        self._window.frames.first_painted.connect(self._note_first_paint)
        self._bridge.market_changed.connect(self._note_first_data)
        QTimer.singleShot(_LATEST_START_MS, self._start_feeding)
        self._window.show()
        if self._off_screen:
            _tell(f"{off_screen.why()} The window is drawn off-screen. Ctrl+C quits.")

    def quit(self) -> None:
        """Close the window, which ends the program."""
        self._window.close()
        self._application.quit()

    def stop(self) -> None:
        """Stop in reverse order; a thread that hangs is left to the end of the process."""
        self._terminal.stop()
        self._bridge.stop()
        self._desk.stop()
        self._collector.stop()

    # --- the start ----------------------------------------------------------------------------

    def _settings(self, chosen: Settings) -> Settings:
        market = self._options.over(chosen.market)
        if self._options.source is None and self._last.source:
            market = dataclasses.replace(market, source=self._last.source)
        if self._last.interval in INTERVALS_S and self._options.end_s is None:
            market = dataclasses.replace(market, interval=self._last.interval)
        return dataclasses.replace(chosen, market=market)

    def _asks(self) -> bool:
        """Tell whether a person is there who has not yet decided for the simulated market."""
        options, last = self._options, self._last
        decided = options.source is not None or last.portfolio not in ("", session.SAMPLE)
        return options.end_s is None and not decided and not self._off_screen

    @property
    def _off_screen(self) -> bool:
        return self._application.platformName() == off_screen.PLATFORM

    @Slot()
    def _note_first_paint(self) -> None:
        self._first_paint_ms = self._age_ms()
        self._start_feeding()

    @Slot()
    def _start_feeding(self) -> None:
        if self._feeding:
            return
        self._feeding = True
        book = self._first_book()
        if book is not None:
            self._desk.open_portfolio(book)
        self._desk.start()
        self._bridge.start()
        self._window.frames.start()
        if self._off_screen:
            self._terminal.start()
        end_s = self._options.end_s
        if end_s is not None:
            QTimer.singleShot(round(end_s * 1_000), self._save_and_quit)

    def _first_book(self) -> Path | None:
        chosen = self._desk.settings
        if self._options.portfolio is not None:
            return self._options.portfolio
        if chosen.window.portfolio:
            return Path(chosen.window.portfolio).expanduser()
        first_start = self._last == Session() and chosen.market.source == "simulated"
        if first_start or self._last.portfolio == session.SAMPLE:
            return sample_path()
        return Path(self._last.portfolio) if self._last.portfolio else None

    def _age_ms(self) -> float:
        return (time.monotonic() - self._options.started_s) * 1_000

    @Slot(object)
    def _note_first_data(self, update: FeedUpdate) -> None:
        if self._first_data_ms is None and update.facts:
            self._first_data_ms = self._age_ms()
            log.info(
                "first paint after %.0f ms, first data after %.0f ms",
                self._first_paint_ms,
                self._first_data_ms,
            )
            QTimer.singleShot(_START_UP_MS, self._end_start_up)

    @Slot()
    def _settle_later(self, *_: object) -> None:
        QTimer.singleShot(_START_UP_MS, self._collector.settle)

    @Slot()
    def _end_start_up(self) -> None:
        """Measure stalls anew: those of opening, back-filling and loading kernels are its own."""
        self._collector.settle()
        frames = self._window.frames
        log.info("longest stall of the start %.0f ms", frames.report().longest_stall_ms)
        frames.reset()

    # --- what the next start takes up ----------------------------------------------------------

    @Slot(object)
    def _remember_book(self, _: Portfolio | None) -> None:
        before, self._file = self._file, self._desk.from_file
        self._remember(self._last.followed(before, self._file))

    @Slot(object)
    def _remember_source(self, _: object) -> None:
        self._remember(dataclasses.replace(self._last, source=self._desk.source))

    @Slot(object)
    def _remember_interval(self, view: View) -> None:
        names = {seconds: name for name, seconds in INTERVALS_S.items()}
        interval = names.get(view.interval_s, "")
        if interval != self._desk.settings.market.interval or self._last.interval:
            self._remember(dataclasses.replace(self._last, interval=interval))

    def _remember(self, now: Session) -> None:
        if now != self._last and self._options.end_s is None:  # a script's choice is no habit
            self._last = now
            session.save(now)

    # --- pictures and states -------------------------------------------------------------------

    def save_state(self, path: Path) -> None:
        """Write every figure that is shown now as JSON."""
        self._bridge.draw_all()  # charts stand where the desk does
        frames = self._window.frames.report()
        document = state_document(
            self._desk,
            uptime_s=self._age_ms() / 1_000,
            startup={"first_paint_ms": self._first_paint_ms, "first_data_ms": self._first_data_ms},
            frames=dataclasses.asdict(frames),
            memory_mb=psutil.Process().memory_info().rss / 1e6,
            charts=self._window.workspace.drawn(),
            log_lines=_log_lines(self._window.log_book),
        )
        _write(path, orjson.dumps(document, option=orjson.OPT_INDENT_2))

    @Slot()
    def _save_and_quit(self) -> None:
        try:
            self._save()
        except OSError as error:
            self._fail(f"{error.filename} cannot be written: {error.strerror}.")
        finally:
            self.quit()

    def _save(self) -> None:
        picture, state = self._options.screenshot, self._options.state
        if state is not None:
            self.save_state(state)
        if picture is not None and not self._window.save_picture(picture):
            self._fail(f"{picture} cannot be written as a picture; end its name with .png.")

    @Slot(object)
    def _tell_refusal(self, error: PortfolioFileError) -> None:
        """Say on the terminal too why the book that was asked for there is not open."""
        if self._options.portfolio is None or str(self._options.portfolio) != error.path:
            return
        _tell(error.user_message)
        if self._options.end_s is not None:
            self.exit_code = 1

    def _fail(self, sentence: str) -> None:
        _tell(sentence)
        self.exit_code = 1


def _log_lines(book: LogBook) -> list[str]:
    lines, _ = book.since(0)
    return [f"{text.utc_time(line.time_ms)} {line.level_name} {line.text}" for line in lines]


def diagnostics() -> str:
    """Return what works here, as far as it can be told without a network."""
    words = {True: "ok", False: "NO", None: ""}
    lines = [f"{words[found.ok]}\t{found.subject}: {found.says}" for found in doctor.examine_here()]
    return "\n".join([*lines, "", "`risk-workstation doctor` also asks every exchange once."])


def _log_from_qt(kind: QtMsgType, _: QMessageLogContext, message: str) -> None:
    # what Qt warns of is for us, not for the user: its severest kinds alone are shown
    grave = kind in (QtMsgType.QtCriticalMsg, QtMsgType.QtFatalMsg)
    log.log(logging.ERROR if grave else logging.INFO, "Qt: %s", message)


def _end_at_once(exit_code: int) -> NoReturn:
    # All files are written. The interpreter's own end takes a second for taking everything apart,
    # and longer while a kernel still compiles.
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):  # its reader has gone away
            stream.flush()
    os._exit(exit_code)


@contextlib.contextmanager
def _quitting_on_signals(program: Program) -> Iterator[None]:
    # Python runs a handler when its own code runs next; the window's timers see to that
    def close(_: int, __: FrameType | None) -> None:
        QTimer.singleShot(0, program.quit)

    before = {number: signal.signal(number, close) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _check_targets(options: WindowOptions) -> None:
    for target in (options.screenshot, options.state):
        if target is not None and not target.absolute().parent.is_dir():
            raise WorkstationError(f"{target} cannot be written: there is no such folder.")


def _check_wishes(options: WindowOptions) -> None:
    """Refuse what the command line names and there is not, before a window opens."""
    if options.source is not None:
        check_source(options.source)
    known = Catalogue.embedded().venues
    unknown = [venue for venue in options.venues or () if venue not in known]
    if unknown:
        raise UsageError(
            f"--venues: {', '.join(unknown)} is no exchange that is known here; "
            "give ccxt's ids, such as binanceusdm,bybit."
        )


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, so that whoever waits for it can read it."""
    waiting = path.with_name(f"{path.name}.part")
    waiting.write_bytes(content)
    waiting.replace(path)


def _tell(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
