"""Logging of the whole process: a rotating file, set up once by the program's entry."""

from __future__ import annotations

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from workstation import paths

_FORMAT: Final = "%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"
_MAX_BYTES: Final = 2_000_000
_KEPT_FILES: Final = 3
# Libraries that report every request or decision at INFO; their warnings stay.
_TALKATIVE: Final = ("ccxt", "asyncio", "numba", "watchfiles", "aiohttp")


def set_up() -> Path | None:
    """Log INFO and above to the log folder.

    Returns
    -------
    The file; ``None`` where none can be written. The program runs without one.
    """
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    try:
        path = paths.log_dir() / "risk-workstation.log"
        handler = RotatingFileHandler(
            path, maxBytes=_MAX_BYTES, backupCount=_KEPT_FILES, encoding="utf-8"
        )
    except OSError as error:
        root.addHandler(logging.NullHandler())  # else every record would go to the terminal
        root.warning("there is no log file: %s", error)
        return None
    handler.setFormatter(logging.Formatter(_FORMAT))
    root.addHandler(handler)
    return path
