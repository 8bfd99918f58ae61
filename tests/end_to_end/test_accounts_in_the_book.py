"""Live accounts in the book of a whole desk on the loopback: shown, compared, saved, and no key.

The keys go the whole way, from the desk's request through the real clients to the loopback; then
everything that was written anywhere is searched for them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest

from tests.end_to_end.account_desk import API_KEY, KEYED, SOURCES, venue_options
from tests.loopback.server import LoopbackExchange
from workstation.risk.report import LiquidationKind, Status, Withdrawals
from workstation.services import logs
from workstation.services.desk import Desk
from workstation.services.desk_news import DeskNews
from workstation.services.state_document import state_document
from workstation.settings import MarketSettings, Settings

PATIENCE_S = 60.0
COMPILES_S = 60.0  # on a machine that has never run the kernels
TALKATIVE = ("ccxt", "asyncio", "aiohttp", "keyring")


@pytest.fixture
def log_file(own_home) -> Iterator[Path]:
    """The program's own log, in which every library says all it can."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    path = logs.set_up()
    quiet = {name: logging.getLogger(name).level for name in TALKATIVE}
    for talks in (root, *map(logging.getLogger, TALKATIVE)):
        talks.setLevel(logging.DEBUG)
    assert path is not None
    yield path
    for name, kept in quiet.items():
        logging.getLogger(name).setLevel(kept)
    for handler in [h for h in root.handlers if h not in before]:
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.fixture
def desk(loopback: LoopbackExchange, memory_keyring, log_file, tmp_path) -> Iterator[Desk]:
    market = MarketSettings(
        source="live", venues=("binanceusdm", "bybit"), poll_interval_s=0.5, timeout_s=2.0
    )
    before = set(threading.enumerate())
    desk = Desk(Settings(market=market, venues=venue_options(loopback)), tmp_path / "s.toml")
    desk.start()
    yield desk
    desk.stop()
    for thread in set(threading.enumerate()) - before:  # kernels compile to their end
        thread.join(COMPILES_S)


def tick_until(desk: Desk, wanted: Callable[[DeskNews], object]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not wanted(desk.tick()):
        assert time.monotonic() < end, [state.problems() for state in desk.live]
        time.sleep(0.02)


def add_all(desk: Desk) -> None:
    for source in SOURCES:
        desk.add_account(source, None if source.address else API_KEY, keep=True)


def shown(desk: Desk) -> set[str]:
    return {row.account for row in desk.risk.positions} if desk.risk else set()


def test_accounts_are_shown_compared_and_saved_and_no_key_is_written(
    desk, loopback, memory_keyring, log_file, own_home, tmp_path
):
    loopback.world.states["bybit"].rate_factor = 2.0
    add_all(desk)
    tick_until(desk, lambda news: shown(desk) == {source.id for source in SOURCES})
    tick_until(desk, lambda news: any("my bybit" in text for text in desk.risk.problems))

    rows = {(row.account, row.symbol): row for row in desk.risk.positions}
    bitcoin = rows["my binanceusdm", "BTC/USDT:USDT"]
    assert bitcoin.liquidation is LiquidationKind.PRICE
    assert bitcoin.told.liquidation_price == pytest.approx(bitcoin.liquidation_price, rel=1e-6)
    assert bitcoin.stop_price == 63_000.0
    assert bitcoin.adl_rank == 2
    assert not bitcoin.told.apart
    bybit = rows["my bybit", "BTC/USDT:USDT"]
    assert "the maintenance tier, or the table of it, differs" in bybit.told.apart
    assert bybit.told.apart in desk.risk.problems
    pools = {row.id: row for row in desk.risk.accounts}
    assert pools["my bybit"].withdrawals is Withdrawals.SUSPENDED
    assert pools["my okx"].withdrawable == 12.5
    assert all(row.status is Status.OK for row in desk.risk.positions)

    copy = tmp_path / "saved.toml"
    desk.save_book(copy)
    tick_until(desk, lambda news: any("was saved" in text for text in news.notices))
    state = state_document(
        desk, uptime_s=1.0, startup={}, frames={}, memory_mb=1.0, charts={},
        log_lines=log_file.read_text().splitlines(),
    )  # fmt: skip
    assert "my okx" in copy.read_text()

    private = [request for request in loopback.requests if request.signed]
    assert {request.venue for request in private} == set(KEYED)
    assert {request.method for request in private} == {"GET"}
    assert not loopback.unknown_requests()

    desk.stop()
    written = [path for folder in (own_home, tmp_path) for path in folder.rglob("*")]
    texts = {path.name: path.read_bytes() for path in written if path.is_file()}
    assert {"accounts.json", "saved.toml", log_file.name} <= set(texts)
    assert b"api/v5/public/instruments" in texts[log_file.name] or b"fapi" in texts[log_file.name]
    texts["state"] = orjson.dumps(state, option=orjson.OPT_SERIALIZE_NUMPY)
    found = [
        name
        for name, content in texts.items()
        for secret in API_KEY.texts()
        if secret.encode() in content
    ]
    assert found == []
    assert len(memory_keyring.kept) == len(KEYED)  # there, and only there
