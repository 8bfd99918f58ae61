"""The controls of a market whose time we own: pause, step, speed, and where on the tape."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QPoint, QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QProxyStyle,
    QSizePolicy,
    QSlider,
    QStyle,
    QToolButton,
    QToolTip,
    QWidget,
)

from ui import format as fmt
from ui.bridge import Bridge
from workstation.market.feed import FeedMode, TapeState
from workstation.market.store import MarketStore
from workstation.units import UnixMs

ENDED: Final = "The recording ends here: drag the slider back to play on."
_RUN_TIP: Final = "Stop the market's clock, or let it run on (Ctrl+Space)"
_STEP_TIP: Final = "Advance the paused tape by one candle (Ctrl+Right)"
SPEEDS: Final = (1.0, 10.0, 60.0, 300.0, 1_000.0)
_STEPS: Final = 1_000  # of the slider, over the whole tape
_AIM_ABOVE_PX: Final = -60  # a tooltip stands below and beside its point


def has_ended(store: MarketStore) -> bool:
    """Tell whether a recording stands at its end, where it can only be sought.

    The simulated market goes on for ever: the end of its tape is now.
    """
    state = store.tape
    return store.mode is FeedMode.REPLAY and state is not None and store.now_ms >= state.end_ms


class _JumpToClick(QProxyStyle):
    """A click beside the handle takes it there, as on every player's time line."""

    def styleHint(self, hint: QStyle.StyleHint, *rest: Any) -> int:  # noqa: N802 (Qt's name)
        if hint == QStyle.StyleHint.SH_Slider_AbsoluteSetButtons:
            return Qt.MouseButton.LeftButton.value
        return super().styleHint(hint, *rest)


class TapeControls(QWidget):
    """Hidden while the market is live; the slider only where the tape can be sought."""

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._pause = QToolButton()
        self._pause.setText("Pause")
        self._pause.setFixedWidth(self._pause.sizeHint().width())  # nothing jumps
        self._pause.clicked.connect(self.toggle_pause)
        self._step = QToolButton()
        self._step.setText("Step")
        self._step.clicked.connect(self.step)
        self._speed = QComboBox()
        self._speed.setToolTip("How many times faster than real time the tape runs")
        for speed in SPEEDS:
            self._speed.addItem(f"{speed:,.0f}×", speed)
        self._speed.activated.connect(self._choose_speed)
        self._slider = self._make_slider()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 1, 4, 1)
        layout.setSpacing(4)
        for widget in (self._pause, self._step, self._speed, self._slider):
            layout.addWidget(widget)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self.show_tape()

    def _make_slider(self) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        style = _JumpToClick()
        style.setParent(slider)
        slider.setStyle(style)
        slider.setRange(0, _STEPS)
        slider.setPageStep(_STEPS // 50)
        slider.setTracking(False)  # seek where a drag begins and where it ends
        slider.setFixedWidth(160)
        slider.valueChanged.connect(self._seek)
        slider.sliderMoved.connect(self._show_aim)
        return slider

    @Slot()
    def show_tape(self) -> None:
        """Show how the tape stands now."""
        state = self._bridge.desk.store.tape
        self.setVisible(self._bridge.desk.tape is not None and state is not None)
        if state is None:
            return
        self._pause.setText("Run" if state.paused else "Pause")
        ended = has_ended(self._bridge.desk.store)
        for button, tip in ((self._pause, _RUN_TIP), (self._step, _STEP_TIP)):
            button.setToolTip(ENDED if ended else tip)
        self._pause.setEnabled(not ended)
        self._step.setEnabled(state.paused and not ended)
        self._show_speed(state.speed)
        length = state.end_ms - state.start_ms
        self._slider.setVisible(length > 0)
        if length > 0 and not self._slider.isSliderDown():
            done = (self._bridge.desk.store.now_ms - state.start_ms) / length
            with QSignalBlocker(self._slider):
                self._slider.setValue(round(_STEPS * done))
            ends = f"{fmt.utc_time(state.start_ms)} to {fmt.utc_time(state.end_ms)} UTC"
            self._slider.setToolTip(f"{ends}; drag, click or press an arrow key to seek")

    @Slot()
    def toggle_pause(self) -> None:
        tape, state = self._bridge.desk.tape, self._bridge.desk.store.tape
        if tape is not None and state is not None:
            tape.set_paused(not state.paused)

    @Slot()
    def step(self) -> None:
        if (tape := self._bridge.desk.tape) is not None:
            tape.step()

    def _show_speed(self, speed: float) -> None:
        if self._speed.view().isVisible():
            return  # the user is choosing
        index = self._speed.findData(speed)
        if index < 0:
            self._speed.addItem(f"{speed:,g}×", speed)
            index = self._speed.count() - 1
        self._speed.setCurrentIndex(index)

    @Slot(int)
    def _choose_speed(self, index: int) -> None:
        if (tape := self._bridge.desk.tape) is not None:
            tape.set_speed(self._speed.itemData(index))

    @Slot(int)
    def _seek(self, step: int) -> None:
        tape, state = self._bridge.desk.tape, self._bridge.desk.store.tape
        if tape is not None and state is not None:
            tape.seek(_time_at(step, state))

    @Slot(int)
    def _show_aim(self, step: int) -> None:
        """Say above the handle that is dragged which time it would seek."""
        state, slider = self._bridge.desk.store.tape, self._slider
        if state is not None:
            place = QPoint(slider.width() * step // _STEPS, _AIM_ABOVE_PX)
            text = f"{fmt.utc_time(_time_at(step, state))} UTC"
            QToolTip.showText(slider.mapToGlobal(place), text, slider)


def _time_at(step: int, state: TapeState) -> UnixMs:
    share = step / _STEPS
    return UnixMs(round(state.start_ms + share * (state.end_ms - state.start_ms)))
