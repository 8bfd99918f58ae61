"""The status bar: a dot a venue and what is wrong with it, the newest notice, and the clocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QPointF, Qt, QTimer, Slot
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QStatusBar, QWidget

from ui import format as fmt
from ui.bridge import Bridge
from ui.frame_meter import FrameMeter
from ui.style import ElidedLabel, plain_label, tint
from ui.tape_controls import TapeControls
from ui.theme import MIN_FONT_PX, Theme, figure_font
from workstation.market.facts import VenueHealth, VenueState
from workstation.market.feed import FeedMode
from workstation.units import now_ms

_BEAT_MS: Final = 1_000
_NOTICE_MS: Final = 12_000
_NOTICE_SHARE: Final = 10  # of the window: what a notice gets at least, venues or no venues
_DOT_PX: Final = 8
_VENUE_GAP_PX: Final = 30  # dot and spaces of a venue
_BETWEEN_PX: Final = 6  # what Qt leaves between two parts of the bar
_TIGHT_PX: Final = 900  # below it the tape's clock has no date
_ROOMY_PX: Final = 1_700  # of the window, from which venues that do well show more than a name
_TOKENS: Final = {
    VenueState.EXPECTED: "faint",
    VenueState.LIVE: "live",
    VenueState.STALE: "warn",
    VenueState.BACKING_OFF: "warn",
    VenueState.DOWN: "alarm",
}


def venue_words(
    health: VenueHealth, mode: FeedMode, at_ms: int, *, brief: bool = False, terse: bool = False
) -> str:
    """Return the few words beside a venue's dot: latency, or what is wrong and what comes next.

    ``brief`` leaves a venue that does well with its name alone, for narrow windows. ``terse`` says
    of one that does not only what is wrong and when it is tried again, where many are in trouble.
    """
    name = fmt.venue_name(health.venue)
    if health.state is VenueState.LIVE:
        if brief:
            return name
        if mode is not FeedMode.LIVE:
            return f"{name} {mode.lower()}"
        return name if health.latency_ms is None else f"{name} {health.latency_ms:.0f} ms"
    if health.state is VenueState.EXPECTED:
        return f"{name} connecting"
    if terse:
        wait = "" if health.next_try_ms is None else f" · retry {_wait(health, at_ms)}"
        wrong = {VenueState.STALE: _age_words(health, at_ms), VenueState.BACKING_OFF: "waits"}
        return f"{name} {wrong.get(health.state, 'down')}{wait}"
    words = {
        VenueState.STALE: f"{_age_words(health, at_ms)}",
        VenueState.BACKING_OFF: f"waits, {_age_words(health, at_ms)}",
        VenueState.DOWN: f"down, {_age_words(health, at_ms)}",
    }[health.state]
    return f"{name} {words}{_next_try(health, at_ms)}"


def venue_sentence(health: VenueHealth, mode: FeedMode, at_ms: int) -> str:
    """Return everything known about a venue's health, for its tooltip."""
    lines = [venue_words(health, mode, at_ms)]
    if health.error:
        lines.append(health.error)
    if health.last_success_ms is not None:
        lines.append(f"Last good answer {fmt.utc_time(health.last_success_ms)} UTC.")
    if health.state is not VenueState.LIVE and health.last_success_ms is not None:
        lines.append("Its last good values are kept and marked stale.")
    if health.not_available:
        lines.append(f"Never given by this venue: {', '.join(health.not_available)}.")
    return "\n".join(lines)


def _age_words(health: VenueHealth, at_ms: int) -> str:
    if health.last_success_ms is None:
        return "no answer yet"
    return f"{fmt.age(max(0, at_ms - health.last_success_ms) / 1_000)} old"


def _next_try(health: VenueHealth, at_ms: int) -> str:
    if health.next_try_ms is None:
        return ""
    return f" — next try in {_wait(health, at_ms)}"


def _wait(health: VenueHealth, at_ms: int) -> str:
    return fmt.age(max(0, (health.next_try_ms or at_ms) - at_ms) / 1_000)


class _Dot(QWidget):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._token = "faint"
        self.setFixedSize(_DOT_PX, _DOT_PX)

    def show_token(self, token: str) -> None:
        if token != self._token:
            self._token = token
            self.update()

    def paintEvent(self, _: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._theme.colour(self._token))
        middle = _DOT_PX / 2
        painter.drawEllipse(QPointF(middle, middle), middle - 1, middle - 1)
        painter.end()


class _VenueView(QWidget):
    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._dot = _Dot(theme)
        self._words = _status_label(theme)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 10, 0)
        layout.setSpacing(6)
        layout.addWidget(self._dot)
        layout.addWidget(self._words)

    def show_words(self, *, on: bool) -> None:
        """Show the words beside the dot, or the dot alone."""
        self._words.setVisible(on)

    def show_health(
        self, health: VenueHealth, mode: FeedMode, at_ms: int, *, brief: bool, terse: bool
    ) -> None:
        played = mode is not FeedMode.LIVE and health.state is VenueState.LIVE
        token = "long" if played else _TOKENS[health.state]
        self._dot.show_token(token)
        self._words.setText(venue_words(health, mode, at_ms, brief=brief, terse=terse))
        tint(self._words, self._theme, "dim" if token in ("live", "long", "faint") else token)
        self.setToolTip(venue_sentence(health, mode, at_ms))


class StatusBar(QStatusBar):
    """Venues on the left; notice, tape, frame rate and clocks on the right."""

    def __init__(self, bridge: Bridge, frames: FrameMeter, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._frames = frames
        self._theme = theme
        self._painted = 0
        self._venues: dict[str, _VenueView] = {}
        self.setSizeGripEnabled(False)
        self._row = QWidget()
        self._row_layout = QHBoxLayout(self._row)
        self._row_layout.setContentsMargins(10, 0, 0, 0)
        self._row_layout.setSpacing(4)
        self._row_layout.setAlignment(Qt.AlignmentFlag.AlignLeft)
        self._notice = ElidedLabel()
        _dress(self._notice, theme)
        self._failing = _status_label(theme)
        self._failing.hide()
        # the venues take what they need, the notice the rest; no text keeps the window from
        # becoming narrow
        self._row.setMinimumWidth(1)
        self._row.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        for widget, share in ((self._row, 0), (self._failing, 0), (self._notice, 1)):
            self.addWidget(widget, share)
        self._notice.hide()
        self.tape_controls = TapeControls(bridge)
        self.addPermanentWidget(self.tape_controls)
        self._rate, self._tape_clock, self._clock = (_figure_label(theme) for _ in range(3))
        self._rate.setToolTip("Pictures painted in the last second; only changes are painted.")
        self._tape_clock.setToolTip("The time of the replayed or simulated market, UTC.")
        for label in (self._tape_clock, self._rate, self._clock):
            self.addPermanentWidget(label)
        self._forget = QTimer(self)
        self._forget.setSingleShot(True)
        self._forget.setInterval(_NOTICE_MS)
        self._forget.timeout.connect(self._clear_notice)
        self._beat = QTimer(self)
        self._beat.setInterval(_BEAT_MS)
        self._beat.timeout.connect(self.show_time)
        self._beat.start()
        bridge.health_changed.connect(self.show_health)
        bridge.source_changed.connect(self.forget_venues)
        self.show_time()

    def set_theme(self, theme: Theme) -> None:
        """Take on another theme's colours."""
        self._theme = theme
        for label in (self._rate, self._tape_clock, self._clock, self._notice):
            tint(label, theme, "dim")
        self.forget_venues()
        self.show_time()

    def stop(self) -> None:
        self._beat.stop()
        self._forget.stop()

    @Slot(str)
    def show_notice(self, text: str) -> None:
        """Show a sentence for a while; the log panel keeps it."""
        self._notice.setText(text)
        self._notice.setToolTip(text)
        wanted = self._notice.fontMetrics().horizontalAdvance(text) + 8
        self._notice.setMinimumWidth(min(wanted, self.width() // _NOTICE_SHARE))
        self._notice.show()
        self.show_health(tuple(self._bridge.desk.store.health.values()))
        tint(self._notice, self._theme, "text")
        self._forget.start()

    @Slot(object)
    def show_health(self, changed: Sequence[VenueHealth]) -> None:
        store = self._bridge.desk.store
        brief = self.width() < _ROOMY_PX or not self._notice.isHidden()  # it needs the room
        terse = not self._have_room(brief=brief)
        dots = terse and not self._have_room(brief=True, terse=True)  # tooltips have the words
        for health in changed:
            if health.venue not in self._venues:
                self._venues[health.venue] = _VenueView(self._theme)
                self._row_layout.addWidget(self._venues[health.venue])
            view = self._venues[health.venue]
            view.show_health(health, store.mode, store.now_ms, brief=brief, terse=terse)
        for view in self._venues.values():
            view.show_words(on=not dots)

    def _have_room(self, *, brief: bool, terse: bool = False) -> bool:
        """Tell whether such words of all venues have room beside what else is shown."""
        store, metrics = self._bridge.desk.store, self._notice.fontMetrics()
        words = (
            venue_words(health, store.mode, store.now_ms, brief=brief, terse=terse)
            for health in store.health.values()
        )
        wanted = sum(metrics.horizontalAdvance(text) + _VENUE_GAP_PX for text in words)
        others = (self.tape_controls, self._tape_clock, self._rate, self._clock, self._failing)
        taken = sum(part.sizeHint().width() + _BETWEEN_PX for part in others if not part.isHidden())
        notice = 0 if self._notice.isHidden() else self._notice.minimumWidth()
        return wanted <= self.width() - taken - notice

    @Slot()
    def forget_venues(self, *_: object) -> None:
        """Drop the dots of a market that was left."""
        for view in self._venues.values():
            view.setParent(None)
            view.deleteLater()
        self._venues.clear()

    @Slot()
    def show_time(self) -> None:
        """Bring ages, countdowns, clocks and the frame rate up to date, once a second."""
        store = self._bridge.desk.store
        self._show_failing()
        self.show_health(tuple(store.health.values()))
        painted = self._frames.report().painted
        self._rate.setText(f"{max(0, painted - self._painted):3d} fps")
        self._painted = painted
        live = store.mode is FeedMode.LIVE
        self._tape_clock.setVisible(not live and store.now_ms > 0)
        narrow, tape = self.width() < _ROOMY_PX, fmt.utc_time(store.now_ms)
        tight = self.width() < _TIGHT_PX
        self._tape_clock.setText(f"tape {tape.partition(' ')[2] if tight else tape}")
        wall = now_ms()
        clock = fmt.utc_time(wall)
        clock = f"{clock.partition(' ')[2] if narrow else clock} UTC"
        self._clock.setText(clock if live else f"now {clock}")
        self._rate.setVisible(not narrow)
        self._clock.setVisible(live or not tight)  # the tape's own clock counts there
        self._clock.setToolTip(fmt.full_time(wall))
        self.tape_controls.show_tape()

    def _show_failing(self) -> None:
        """Name the live accounts that cannot be read, for as long as they cannot."""
        failing = [state for state in self._bridge.desk.live if state.failure is not None]
        names = ", ".join(state.source.id for state in failing)
        self._failing.setText(f"Not read: {names}")
        lines = [problem for state in failing for problem in state.problems()]
        self._failing.setToolTip("\n".join(lines))
        self._failing.setVisible(bool(failing))
        tint(self._failing, self._theme, "warn")

    @Slot()
    def _clear_notice(self) -> None:
        self._notice.hide()


def _status_label(theme: Theme) -> QLabel:
    label = ElidedLabel(asks=True)
    _dress(label, theme)
    return label


def _dress(label: QLabel, theme: Theme) -> None:
    font = label.font()
    font.setPixelSize(MIN_FONT_PX)
    label.setFont(font)
    tint(label, theme, "dim")


def _figure_label(theme: Theme) -> QLabel:
    label = plain_label()
    _dress(label, theme)
    label.setFont(figure_font(MIN_FONT_PX))
    label.setContentsMargins(6, 0, 6, 0)
    return label
