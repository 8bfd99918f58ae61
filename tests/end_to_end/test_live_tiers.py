"""Tiers through the real ccxt clients: what the venues of the loopback tell reaches the risk."""

from __future__ import annotations

import numpy as np
import pytest

from tests.end_to_end.account_desk import API_KEY, EVERY_S, Follower, venue_options
from tests.end_to_end.observer import BITCOIN, HURRY, Observer
from tests.loopback.server import LoopbackExchange, ccxt_options
from tests.loopback.world import TIERS
from workstation import paths
from workstation.exchanges.accounts.base import AccountSource
from workstation.exchanges.tiers import refresh
from workstation.market.feed import Watch
from workstation.market.instrument import MarketKey
from workstation.risk.tiers import TierBook, TierUnit
from workstation.services import tier_shelf
from workstation.services.live_accounts import LiveAccounts
from workstation.services.tier_shelf import TierShelf

VENUES = ("binanceusdm", "bybit", "okx", "hyperliquid")
INVERSE = MarketKey("bybit", "BTC/USD:BTC")
CAPS = [cap for cap, _, _ in TIERS]
RATES = [rate for _, rate, _ in TIERS]
LEVERAGES = np.array([leverage for _, _, leverage in TIERS])


@pytest.fixture
def soon(monkeypatch):
    monkeypatch.setattr(refresh, "FIRST_S", 0.1)
    monkeypatch.setattr(refresh, "PAUSE_S", 0.01)
    monkeypatch.setattr(tier_shelf, "LOOK_S", 0.0)


def test_the_tiers_of_the_venues_are_read_converted_and_kept(loopback: LoopbackExchange, soon):
    options = {venue: {"ccxt": ccxt_options(venue, loopback.url) | HURRY} for venue in VENUES}
    shelf = TierShelf(options)
    wanted = {key for venue, key in BITCOIN.items() if venue in VENUES[1:]} | {INVERSE}
    watch = Watch(markets=frozenset({INVERSE}))

    def all_live() -> bool:
        book = shelf.newest()
        found = (book.find(key) for key in wanted)
        return all(table is not None and table.label.startswith("live 20") for table in found)

    with Observer(loopback, paths.cache_dir(), VENUES, watch) as observer:
        assert observer.wait_for(all_live, 15.0)

    book, world = shelf.newest(), loopback.world
    linear = book.find(BITCOIN["bybit"])
    assert linear.cap.tolist() == pytest.approx(CAPS)
    assert linear.rate.tolist() == pytest.approx(RATES)
    assert linear.amount[1] == pytest.approx(1_000_000 * (0.01 - 0.004))
    assert book.find(INVERSE).cap.tolist() == pytest.approx([cap / 70_000.0 for cap in CAPS])
    contracts = book.find(BITCOIN["okx"])
    assert contracts.unit is TierUnit.CONTRACTS
    size = world.listing(BITCOIN["okx"]).contract_size
    np.testing.assert_allclose(contracts.cap * size * 70_000.0, CAPS, rtol=1e-3)
    np.testing.assert_allclose(book.find(BITCOIN["hyperliquid"]).rate, 1 / (2 * LEVERAGES))
    # Binance shows its brackets only to a key; without one what ships with the program stands
    shipped = TierBook.embedded().find(BITCOIN["binanceusdm"])
    assert book.find(BITCOIN["binanceusdm"]) is shipped
    assert not loopback.unknown_requests()


def test_binances_brackets_are_read_by_an_accounts_key_and_kept(loopback, soon, memory_keyring):
    keys = {venue: BITCOIN[venue] for venue in ("binanceusdm", "binancecoinm")}
    options = venue_options(loopback)
    follower, shelf = Follower(LiveAccounts(options, 1.0, every_s=EVERY_S)), TierShelf(options)
    try:
        for venue in keys:
            source = AccountSource(id=f"my {venue}", venue=venue)
            follower.service.add(source, API_KEY, keep=False)

        def all_live() -> bool:
            return all(shelf.newest().find(key).label.startswith("live") for key in keys.values())

        assert follower.wait_for(all_live)
        for key in keys.values():
            found, shipped = shelf.newest().find(key), TierBook.embedded().find(key)
            assert "leverageBracket" in found.source
            np.testing.assert_allclose(found.rate, shipped.rate)
            np.testing.assert_allclose(found.amount, shipped.amount)
        asked = [r for r in loopback.requests if r.path.endswith("leverageBracket")]
        assert {(r.venue, r.method, r.signed) for r in asked} == {
            (venue, "GET", True) for venue in keys
        }
        assert follower.wait_for(lambda: len(loopback.requests) > len(asked) + 20)
        again = [r for r in loopback.requests if r.path.endswith("leverageBracket")]
        assert len(again) == len(asked)  # twice a day, not with every reading
        assert not loopback.unknown_requests()
    finally:
        follower.service.stop()
