import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QComboBox, QMainWindow, QSlider, QToolButton, QToolTip

from ui import format as fmt
from ui.actions.market import MarketActions
from ui.tape_controls import ENDED, TapeControls
from workstation.market.feed import FeedMode, FeedUpdate, TapeState
from workstation.units import UnixMs

START, END = UnixMs(1_770_000_000_000), UnixMs(1_770_100_000_000)
HALF = UnixMs((START + END) // 2)


class Tape:
    """Keeps what it was told."""

    def __init__(self):
        self.told = []

    def set_paused(self, paused):
        self.told.append(("paused", paused))

    def set_speed(self, speed):
        self.told.append(("speed", speed))

    def seek(self, time_ms):
        self.told.append(("seek", time_ms))

    def step(self):
        self.told.append(("step",))


@pytest.fixture
def controls(qtbot, bridge, desk):
    controls = TapeControls(bridge)
    qtbot.addWidget(controls)
    return controls


def play(desk, controls, now=HALF, mode=FeedMode.REPLAY, **fields):
    state = {"speed": 60.0, "paused": False, "start_ms": START, "end_ms": END} | fields
    desk.tape = Tape()
    desk.store.apply(FeedUpdate(mode=mode, now_ms=now, tape=TapeState(**state)))
    controls.show_tape()


def test_live_market_has_no_controls(controls):
    assert controls.isHidden()


def test_tape_shows_speed_and_place(controls, desk):
    play(desk, controls)
    assert not controls.isHidden()
    assert controls.findChild(QComboBox).currentText() == "60×"
    assert controls.findChild(QSlider).value() == 500


def test_unusual_speed_is_shown_too(controls, desk):
    play(desk, controls, speed=25.0)
    assert controls.findChild(QComboBox).currentText() == "25×"


def test_tape_that_cannot_be_sought_has_no_slider(controls, desk):
    play(desk, controls, end_ms=START)
    assert controls.findChild(QSlider).isHidden()


def test_controls_tell_the_tape(controls, desk):
    play(desk, controls)
    controls.toggle_pause()
    controls.step()
    controls.findChild(QComboBox).activated.emit(0)
    controls.findChild(QSlider).setValue(250)
    assert desk.tape.told == [
        ("paused", True),
        ("step",),
        ("speed", 1.0),
        ("seek", START + (END - START) // 4),
    ]


def buttons(controls):
    return {button.text(): button for button in controls.findChildren(QToolButton)}


def test_at_the_end_of_a_recording_nothing_runs_and_the_controls_and_keys_say_why(
    controls, desk, bridge, qtbot
):
    window = QMainWindow()
    qtbot.addWidget(window)
    market = MarketActions(window, bridge, controls)

    def lacking():
        commands = {command.id: command for command in market.commands()}
        return [commands[name].lacking for name in ("market.pause", "market.step")]

    play(desk, controls, paused=True, now=END)
    assert [buttons(controls)[name].isEnabled() for name in ("Run", "Step")] == [False, False]
    assert {button.toolTip() for button in buttons(controls).values()} == {ENDED}
    assert lacking() == [ENDED, ENDED]
    play(desk, controls, paused=True, now=UnixMs(END - 1))
    assert [buttons(controls)[name].isEnabled() for name in ("Run", "Step")] == [True, True]
    assert ENDED not in {button.toolTip() for button in buttons(controls).values()}
    assert lacking() == ["", ""]


def test_the_simulated_market_has_no_end_but_now(controls, desk):
    play(desk, controls, mode=FeedMode.SIMULATED, paused=True, now=END)
    assert buttons(controls)["Run"].isEnabled()
    assert buttons(controls)["Step"].isEnabled()


def sought(desk):
    return [(what[1] - START) / (END - START) for what in desk.tape.told if what[0] == "seek"]


def test_a_click_on_the_line_and_an_arrow_key_seek_there(qtbot, controls, desk):
    play(desk, controls)
    controls.show()
    slider = controls.findChild(QSlider)
    qtbot.mouseClick(
        slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() // 4, slider.height() // 2)
    )
    assert sought(desk) == [pytest.approx(0.25, abs=0.04)]
    controls.show_tape()
    qtbot.keyClick(slider, Qt.Key.Key_PageUp)
    assert sought(desk)[1:] == [pytest.approx(0.52)]


def test_a_drag_seeks_where_it_begins_and_ends_and_the_clock_not_at_all(qtbot, controls, desk):
    play(desk, controls)
    controls.show()
    slider = controls.findChild(QSlider)
    y = slider.height() // 2
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() // 2, y))
    for x in range(slider.width() // 2, slider.width() - 20, 5):
        qtbot.mouseMove(slider, QPoint(x, y))
        controls.show_tape()
    assert sought(desk) == [pytest.approx(0.5, abs=0.04)]
    aim_ms = START + (END - START) * slider.sliderPosition() // 1_000
    assert QToolTip.text() == f"{fmt.utc_time(aim_ms)} UTC"
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() - 20, y))
    assert sought(desk)[1:] == [pytest.approx(1 - 20 / slider.width(), abs=0.06)]
