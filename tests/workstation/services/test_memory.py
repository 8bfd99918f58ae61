"""Memory that was freed goes back to the system, where the C library can."""

import sys

import numpy as np
import psutil
import pytest

from workstation.services.memory import give_back


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's own")
def test_small_arrays_that_were_freed_go_back():
    process = psutil.Process()
    kept = [np.ones(2_000) for _ in range(8_000)]  # 128 MB in pieces too small for pages of theirs
    wall = [np.ones(2_000)]  # stands at the heap's end, so that nothing is trimmed by itself
    del kept
    before = process.memory_info().rss
    give_back()
    assert process.memory_info().rss <= before
    assert wall


def test_it_may_be_called_anywhere(monkeypatch):
    monkeypatch.setattr("workstation.services.memory._trim", lambda: None)
    give_back()
