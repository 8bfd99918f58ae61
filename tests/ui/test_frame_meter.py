import time

import pytest
from PySide6.QtWidgets import QWidget

from ui.frame_meter import FrameMeter


@pytest.fixture
def window(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    return window


@pytest.fixture
def meter(window):
    meter = FrameMeter(window)
    meter.start()
    yield meter
    meter.stop()


def test_first_paint_is_said_once(window, meter, qtbot):
    with qtbot.waitSignal(meter.first_painted):
        window.show()
    with qtbot.assertNotEmitted(meter.first_painted):
        window.repaint()


def test_updates_are_counted(window, meter, qtbot):
    with qtbot.waitExposed(window):
        window.show()
    before = meter.report().painted
    window.update()
    qtbot.waitUntil(lambda: meter.report().painted > before)


def test_blocked_thread_is_a_stall(meter, qtbot):
    time.sleep(0.08)  # what the meter is for
    qtbot.waitUntil(lambda: meter.report().stalls_over_50ms == 1)
    assert meter.report().longest_stall_ms >= 60
    meter.reset()
    assert meter.report().stalls_over_50ms == 0
