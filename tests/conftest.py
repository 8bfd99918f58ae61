"""What every test gets: a home of its own, and a check that it leaves nothing running."""

from __future__ import annotations

import gc
import os
import threading
import time
from pathlib import Path
from typing import Any

import hypothesis
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# A run that decides whether a change lands draws the same examples every time; others roam. No
# example has a deadline: a busy machine is not a mistake of the program.
hypothesis.settings.register_profile("roaming", deadline=None)
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "roaming")

_LIBRARY_THREADS = ("asyncio_", "ThreadPoolExecutor", "pydevd", "QDBusConnection")
_GRACE_S = 2.0


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Any:
    """Collect a window's garbage here, as the program does: ``ui/garbage.py`` says why."""
    if "qapp" not in getattr(item, "fixturenames", ()):
        return (yield)
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()  # so that the next walk is short
        gc.enable()


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep settings, caches and logs of a test away from the user's."""
    home = tmp_path / "home"
    monkeypatch.setenv("RISK_WORKSTATION_HOME", str(home))
    return home


@pytest.fixture(autouse=True)
def no_thread_outlives_its_test():
    before = set(threading.enumerate())
    yield
    end = time.monotonic() + _GRACE_S
    while leaked := _started_since(before):
        if time.monotonic() > end:
            pytest.fail(f"threads outlived the test: {', '.join(t.name for t in leaked)}")
        time.sleep(0.01)


def _started_since(before: set[threading.Thread]) -> list[threading.Thread]:
    return [
        thread
        for thread in threading.enumerate()
        if thread not in before
        and thread.is_alive()
        and not thread.name.startswith(_LIBRARY_THREADS)
    ]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The recorded market data beside the project; a test that needs it is skipped without it."""
    root = os.environ.get("RISK_WORKSTATION_SHARED", Path(__file__).parents[2] / "shared")
    folder = Path(root) / "data"
    if not folder.is_dir():
        pytest.skip("the recorded market data is not here (RISK_WORKSTATION_SHARED)")
    return folder
