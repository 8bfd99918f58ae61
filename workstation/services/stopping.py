"""Stops many things at once, and waits no longer than it may."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping

log = logging.getLogger(__name__)


def stop_all(parts: Mapping[str, Callable[[], object]], within_s: float) -> bool:
    """Stop everything at once; what takes longer is left to the end of the process, and named.

    Returns
    -------
    Whether all have ended in time.
    """
    threads = [
        threading.Thread(target=stop, name=f"stopping-{name}", daemon=True)
        for name, stop in parts.items()
    ]
    for thread in threads:
        thread.start()
    end_s = time.monotonic() + within_s
    for thread in threads:
        thread.join(max(0.0, end_s - time.monotonic()))
        if thread.is_alive():
            log.warning("%s took too long and was left behind", thread.name)
    return not any(thread.is_alive() for thread in threads)
