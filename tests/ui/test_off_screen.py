"""Without a display the window is drawn into memory, as large as on a trader's screen."""

import os
import subprocess
import sys

import pytest

from ui import off_screen

ASK = (
    "from ui import off_screen; off_screen.fall_back(); "
    "from PySide6.QtGui import QGuiApplication as App; app = App([]); "
    "print(app.platformName(), *app.primaryScreen().size().toTuple())"
)
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux may lack a display")


def without_display():
    gone = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return {name: value for name, value in os.environ.items() if name not in gone}


def test_the_screen_in_memory_is_as_large_as_a_traders():
    said = subprocess.run(
        [sys.executable, "-c", ASK],
        env=without_display(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.split() == ["offscreen", "1920", "1080"]


def test_a_display_is_tried_first(monkeypatch):
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":77")
    off_screen.fall_back()
    assert os.environ["QT_QPA_PLATFORM"].split(";")[0] == "xcb"
    assert "The display :77 cannot be opened" in off_screen.why()


def test_what_the_user_chose_stands(monkeypatch):
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    off_screen.fall_back()
    assert os.environ["QT_QPA_PLATFORM"] == "offscreen"
    assert off_screen.why() == "There is no display."
