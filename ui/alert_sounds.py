"""Three sounds by urgency, made here and played by what the system has.

The part of Qt that plays files does not come with the Qt that this program uses, so the file goes
to the system's own player; where there is none, the system's beep has to do.
"""

from __future__ import annotations

import logging
import shutil
import sys
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from PySide6.QtCore import QProcess
from PySide6.QtWidgets import QApplication

from workstation import paths
from workstation.alerts.facts import Severity

log = logging.getLogger(__name__)
_RATE: Final = 22_050  # samples a second
_FADE_S: Final = 0.01  # so that no tone begins or ends with a crack
_PLAYERS: Final = ("pw-play", "paplay", "aplay", "afplay")


class Tone(NamedTuple):
    """A frequency and how long it sounds; 0 Hz is silence."""

    hertz: float
    seconds: float


TONES: Final[dict[Severity, tuple[Tone, ...]]] = {
    Severity.INFO: (Tone(660.0, 0.12),),
    Severity.WARN: (Tone(660.0, 0.14), Tone(0.0, 0.05), Tone(880.0, 0.2)),
    Severity.CRITICAL: (Tone(988.0, 0.16), Tone(0.0, 0.05), Tone(740.0, 0.16), Tone(0.0, 0.05)) * 3,
}


def sound_file(severity: Severity, volume: float) -> Path:
    """Return the sound of an urgency as a file, made at its first use; raises ``OSError``."""
    path = paths.cache_dir() / f"alert-{severity}-{round(volume * 100)}.wav"
    if not path.exists():
        waiting = path.with_suffix(".part")
        with waiting.open("wb") as stream, wave.open(stream, "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(_RATE)
            out.writeframes(_samples(TONES[severity], volume))
        waiting.replace(path)
    return path


def play(severity: Severity, volume: float) -> None:
    """Play the sound of an urgency; returns at once. 0 is silence."""
    if volume <= 0:
        return
    try:
        file = sound_file(severity, volume)
    except OSError as error:
        log.warning("the sound of an alert could not be made: %s", error)
        QApplication.beep()
        return
    if not _play_file(str(file)):
        QApplication.beep()


def says_how(volume: float) -> str:
    """Return a sentence on what a sound of this volume is played by here."""
    if volume <= 0:
        return "The volume is 0 (Settings > Alerts): nothing is heard."
    if sys.platform == "win32":
        return "The sound of a critical alert, played by Windows."
    player = _player()
    if player is None:
        return (
            f"No player of sounds is installed ({', '.join(_PLAYERS)}): the system beeps instead."
        )
    return f"The sound of a critical alert, played by {Path(player).name}."


def _player() -> str | None:
    return next((found for name in _PLAYERS if (found := shutil.which(name))), None)


def _play_file(file: str) -> bool:
    """Return whether something plays it."""
    if sys.platform == "win32":
        import winsound

        winsound.PlaySound(file, winsound.SND_FILENAME | winsound.SND_ASYNC)
        return True
    player = _player()
    if player is None:
        return False
    started: tuple[bool, int] | bool = QProcess.startDetached(player, [file])
    return bool(started[0] if isinstance(started, tuple) else started)


def _samples(tones: Sequence[Tone], volume: float) -> bytes:
    parts = []
    for tone in tones:
        at_s = np.arange(round(tone.seconds * _RATE)) / _RATE
        fade = np.clip(np.minimum(at_s, tone.seconds - at_s) / _FADE_S, 0.0, 1.0)
        parts.append(fade * np.sin(2 * np.pi * tone.hertz * at_s))
    return (32_767 * volume * np.concatenate(parts)).astype("<i2").tobytes()
