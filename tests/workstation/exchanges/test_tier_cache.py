"""Tables on disk: what comes back, what is newer, and what a spoilt file costs."""

from __future__ import annotations

import dataclasses

import numpy as np
import orjson

from tests.workstation.risk.worlds import table
from workstation import paths
from workstation.exchanges.tiers.cache import TierCache
from workstation.market.instrument import MarketKey
from workstation.risk.tiers import TierBook, TierMode, TierUnit
from workstation.services import tier_shelf
from workstation.services.tier_shelf import TierShelf, newest_tiers

BTC, PEPE = MarketKey("bybit", "BTC/USDT:USDT"), MarketKey("bybit", "1000PEPE/USDT:USDT")


def live(rate=0.0033, day="2026-11-25", **more):
    made = table((0, 300_000, rate, 0), (300_000, None, 0.02, 300_000 * (0.02 - rate)), **more)
    return dataclasses.replace(made, label=f"live {day}", as_of=day, source="a venue")


def cache(options=None):
    return TierCache(paths.cache_dir(), "bybit", options or {})


def test_a_table_comes_back_as_it_was_with_the_time_it_was_read():
    given = live(unit=TierUnit.CONTRACTS, mode=TierMode.FLAT)
    cache().keep({BTC: given}, 1_000)
    ((key, (read_ms, found)),) = cache().load().items()
    assert (key, read_ms) == (BTC, 1_000)
    for field in dataclasses.fields(given):
        np.testing.assert_array_equal(getattr(found, field.name), getattr(given, field.name))


def test_tables_join_those_of_before_and_replace_their_own():
    cache().keep({BTC: live(), PEPE: live(0.01)}, 1_000)
    cache().keep({BTC: live(0.004)}, 2_000)
    found = cache().load()
    assert {key: read_ms for key, (read_ms, _) in found.items()} == {BTC: 2_000, PEPE: 1_000}
    assert found[BTC][1].rate[0] == 0.004


def test_a_test_net_keeps_its_tables_to_itself():
    cache({"urls": "test"}).keep({BTC: live()}, 1_000)
    assert cache().load() == {}
    assert TierShelf({}).newest().find(BTC).label.startswith("embedded")
    elsewhere = TierShelf({"bybit": {"ccxt": {"urls": "test"}}})
    assert elsewhere.newest().find(BTC).label == "live 2026-11-25"


def test_a_spoilt_entry_costs_that_entry(caplog):
    cache().keep({BTC: live(), PEPE: live()}, 1_000)
    rows = orjson.loads(cache().path.read_bytes())
    rows[0]["tiers"] = "rubbish"
    rows.append(["nothing"])
    cache().path.write_bytes(orjson.dumps(rows))
    assert set(cache().load()) == {PEPE}
    assert "is not used" in caplog.text


def test_a_file_that_is_no_json_costs_the_cache_and_no_more():
    cache().path.write_text("{half")
    assert cache().load() == {}
    assert TierShelf({}).newest() is TierBook.embedded()


def test_the_shelf_sees_a_table_that_comes_while_it_is_looked_at(monkeypatch):
    monkeypatch.setattr(tier_shelf, "LOOK_S", 0.0)
    shelf = TierShelf({})
    assert shelf.newest().find(PEPE) is None
    cache().keep({PEPE: live()}, 1_000)
    assert shelf.newest().find(PEPE).label == "live 2026-11-25"
    assert shelf.newest() is shelf.newest()  # read again only when a file has changed


def test_the_shelf_follows_settings_that_change_while_it_is_looked_at():
    shelf = TierShelf({})
    cache().keep({PEPE: live()}, 1_000)
    assert shelf.newest().find(PEPE) is not None
    shelf.follow({"bybit": {"ccxt": {"urls": "test"}}})  # a test net has tables of its own
    assert shelf.newest().find(PEPE) is None
    shelf.follow({})
    assert shelf.newest().find(PEPE) is not None


def test_a_table_from_before_the_shipped_one_does_not_replace_it():
    cache().keep({BTC: live(day="2020-01-01")}, 1_000)
    assert newest_tiers().find(BTC).label == "embedded 2025-11-01"
    cache().keep({BTC: live()}, 1_000)
    assert newest_tiers().find(BTC).label == "live 2026-11-25"
