from __future__ import annotations

from tests.workstation.market.facts import btc, mark
from workstation import paths
from workstation.services import mark_cache

BINANCE, OKX = btc("binanceusdm"), btc("okx")


def test_what_was_saved_is_loaded_with_its_time():
    mark_cache.save([mark(BINANCE, 70_000.5, as_of_ms=7), mark(OKX, 70_001.0, as_of_ms=8)])
    assert mark_cache.load() == {BINANCE: (70_000.5, 7), OKX: (70_001.0, 8)}


def test_no_marks_leave_the_last_ones_alone():
    mark_cache.save([mark(BINANCE, 70_000.5)])
    mark_cache.save([])
    assert BINANCE in mark_cache.load()


def test_without_a_cache_nothing_is_known():
    assert mark_cache.load() == {}


def test_an_unreadable_cache_is_an_empty_one():
    (paths.cache_dir() / "marks.json").write_text('[["okx", 1]]', encoding="utf-8")
    assert mark_cache.load() == {}


def test_a_cache_that_cannot_be_written_is_logged_and_no_more(caplog):
    (paths.cache_dir() / "marks.part").mkdir()
    mark_cache.save([mark(BINANCE, 70_000.0)])
    assert "could not be cached" in caplog.text
