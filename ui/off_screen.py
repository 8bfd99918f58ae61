"""Drawing without a display: on Linux, where none answers, Qt draws into memory."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from workstation.paths import resource

PLATFORM: Final = "offscreen"  # Qt's name of it
_DISPLAYS: Final = (("WAYLAND_DISPLAY", "wayland"), ("DISPLAY", "xcb"))


def fall_back() -> None:
    """Let Qt draw off-screen where no display answers, instead of ending the program.

    Qt's own screen in memory has 800 by 800 pixels; ours is one that a trader has.
    """
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return
    offered = [platform for variable, platform in _DISPLAYS if os.environ.get(variable)]
    screens = Path(str(resource("off_screen.json")))
    memory = f"{PLATFORM}:configfile={screens}" if screens.is_file() else PLATFORM
    os.environ["QT_QPA_PLATFORM"] = ";".join([*offered, memory])


def why() -> str:
    """Return why the window is drawn off-screen, a sentence."""
    display = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY")
    if not display or os.environ.get("QT_QPA_PLATFORM") == PLATFORM:
        return "There is no display."
    return (
        f"The display {display} cannot be opened: nothing answers there, or a system library that "
        "Qt needs is missing (on Debian and Ubuntu, `make qt-libraries` installs them)."
    )
