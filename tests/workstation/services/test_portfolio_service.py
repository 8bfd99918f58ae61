"""The service opens, watches, reloads and saves, and never makes its caller wait."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from tests.workstation.portfolio.books import CATALOGUE, account, json_file, position
from workstation.errors import PortfolioFileError
from workstation.market.instrument import Contract, Instrument, MarketKey
from workstation.portfolio.formats import registry
from workstation.portfolio.model import Portfolio
from workstation.services.portfolio_service import PortfolioService

T = TypeVar("T")
PATIENCE_S = 8.0


def eventually(take: Callable[[], T | None]) -> T:
    """Return what ``take`` gives as soon as it gives something."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if taken := take():
            return taken
        time.sleep(0.005)
    raise AssertionError("nothing came")


@pytest.fixture
def service() -> Iterator[PortfolioService]:
    service = PortfolioService(CATALOGUE)
    service.start()
    yield service
    service.stop()


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return json_file(tmp_path, account(position(quantity=1)))


def quantity(portfolio: Portfolio) -> float:
    return portfolio.accounts[0].positions[0].quantity


def text(size: float) -> str:
    return json.dumps({"accounts": [account(position(quantity=size))]})


def opened(service: PortfolioService, path: Path) -> Portfolio:
    service.open(path)
    return eventually(service.take)


def test_an_opened_file_can_be_taken_once(service, book):
    assert quantity(opened(service, book)) == 1
    assert service.take() is None


def test_a_change_on_disk_is_read(service, book):
    opened(service, book)
    book.write_text(text(2))
    assert quantity(eventually(service.take)) == 2


def test_an_editor_that_saves_by_rename_is_followed_twice(service, book):
    opened(service, book)
    for size in (2, 3):
        beside = book.with_name("book.json~")
        beside.write_text(text(size))
        beside.rename(book)
        assert quantity(eventually(service.take)) == size


def test_an_editor_that_moves_the_old_file_away_first_is_followed_without_a_refusal(service, book):
    opened(service, book)
    book.rename(book.with_name("book.json.bak"))
    book.write_text(text(2))
    assert quantity(eventually(service.take)) == 2
    assert service.take_refusal() is None


def test_a_bad_change_is_refused_and_the_repair_is_read(service, book):
    opened(service, book)
    book.write_text("{")
    refusal = eventually(service.take_refusal)
    assert (refusal.path, service.take()) == (str(book), None)
    book.write_text(text(3))
    assert quantity(eventually(service.take)) == 3


def test_a_deleted_file_keeps_the_book_and_says_so(service, book):
    opened(service, book)
    book.unlink()
    refusal = eventually(service.take_refusal)
    assert refusal.problems[0].expected == "does not exist, or was moved or deleted"
    assert service.take() is None
    book.write_text(text(4))
    assert quantity(eventually(service.take)) == 4


def test_a_refused_file_leaves_the_good_one_watched(service, book, tmp_path):
    opened(service, book)
    bad = tmp_path / "bad.json"
    bad.write_text("{")
    service.open(bad)
    eventually(service.take_refusal)
    book.write_text(text(5))
    assert quantity(eventually(service.take)) == 5


def test_a_good_book_takes_back_a_refusal_that_nobody_took(service, book, tmp_path):
    service.open(tmp_path / "missing.json")
    assert quantity(opened(service, book)) == 1
    assert service.take_refusal() is None


def test_reload_reads_an_unchanged_file_again(service, book):
    opened(service, book)
    service.reload()
    assert quantity(eventually(service.take)) == 1


def test_a_closed_file_is_followed_no_more(service, book, tmp_path):
    opened(service, book)
    service.close()
    book.write_text(text(2))
    other = tmp_path / "other"
    other.mkdir()
    assert quantity(opened(service, json_file(other, account(position(quantity=9))))) == 9
    service.reload()
    assert quantity(eventually(service.take)) == 9


def test_a_saved_book_is_opened_and_announced(service, book, tmp_path):
    portfolio = opened(service, book)
    copy = tmp_path / "copy.toml"
    service.save(portfolio, copy)
    saved = eventually(service.take)
    assert (saved.path, quantity(saved)) == (copy, 1)
    assert service.take_notices() == (f"{copy} was saved.",)


def test_an_exported_book_is_not_opened(service, book, tmp_path):
    portfolio = opened(service, book)
    copy = tmp_path / "copy.csv"
    service.save(portfolio, copy, open_it=False)
    eventually(service.take_notices)
    assert service.take() is None
    assert quantity(registry.read(copy, CATALOGUE)) == 1


def test_a_book_that_cannot_be_saved_is_announced(service, book, tmp_path):
    portfolio = opened(service, book)
    nowhere = tmp_path / "no such folder" / "copy.toml"
    service.save(portfolio, nowhere)
    (notice,) = eventually(service.take_notices)
    assert notice == (
        f"{nowhere} was not saved: file: could not be written: no such file or directory."
    )


def test_a_book_is_saved_even_when_the_program_ends_at_once(book, tmp_path):
    service = PortfolioService(CATALOGUE)
    service.start()
    service.save(registry.read(book, CATALOGUE), tmp_path / "last.toml")
    service.stop()
    assert quantity(registry.read(tmp_path / "last.toml", CATALOGUE)) == 1


def test_new_market_lists_give_a_refused_file_another_chance(service, tmp_path):
    new = json_file(tmp_path, account(position(symbol="NEWCOIN/USDT:USDT")))
    service.open(new)
    assert isinstance(eventually(service.take_refusal), PortfolioFileError)
    listed = Instrument(
        key=MarketKey("binanceusdm", "NEWCOIN/USDT:USDT"),
        contract=Contract.LINEAR,
        base="NEWCOIN",
        quote="USDT",
        settle="USDT",
        contract_size=1,
    )
    service.set_catalogue(CATALOGUE.with_instruments([listed]))
    assert eventually(service.take).accounts[0].positions[0].symbol == "NEWCOIN/USDT:USDT"


def test_opening_returns_at_once_however_large_the_file(service, tmp_path):
    path = json_file(
        tmp_path, *(account(position(), id=f"account {number}") for number in range(10_000))
    )
    begin = time.perf_counter()
    service.open(path)
    elapsed_s = time.perf_counter() - begin
    assert len(eventually(service.take).accounts) == 10_000
    assert elapsed_s < 0.02


def test_stopping_a_service_that_never_ran_is_fine():
    PortfolioService(CATALOGUE).stop()


def test_new_market_lists_do_not_repeat_a_refusal_that_was_told(service, tmp_path):
    service.open(tmp_path / "gone.toml")
    eventually(service.take_refusal)
    service.set_catalogue(CATALOGUE)
    service.set_catalogue(CATALOGUE)
    good = tmp_path / "good"
    good.mkdir()
    opened(service, json_file(good, account(position(quantity=1))))  # the jobs before are done
    assert service.take_refusal() is None


def test_a_reload_says_the_same_refusal_again(service, tmp_path):
    service.open(tmp_path / "gone.toml")
    eventually(service.take_refusal)
    service.reload()
    assert eventually(service.take_refusal)
