"""The fixtures of whoever talks to the loopback: one exchange for all, made whole for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.loopback.server import LoopbackExchange


@pytest.fixture(scope="session")
def loopback_server() -> Iterator[LoopbackExchange]:
    with LoopbackExchange() as exchange:
        yield exchange


@pytest.fixture
def loopback(loopback_server: LoopbackExchange) -> LoopbackExchange:
    loopback_server.reset()
    return loopback_server
