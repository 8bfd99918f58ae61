"""A position from the texts of a form."""

from __future__ import annotations

import pytest

from tests.workstation.portfolio.books import CATALOGUE
from workstation.errors import PortfolioFileError
from workstation.portfolio.formats import registry
from workstation.portfolio.formats.form import with_position
from workstation.units import UnixMs

NOW = UnixMs(1_770_000_000_000)
ROW = {
    "account": "main",
    "venue": "binanceusdm",
    "symbol": "BTC/USDT:USDT",
    "side": "long",
    "quantity": "2.4",
    "entry_price": "64,390",
    "leverage": "25",
    "margin_mode": "isolated",
}


def problems(book=None, balances=None, **changes: str) -> dict[str, str]:
    with pytest.raises(PortfolioFileError) as refused:
        with_position(book, ROW | changes, CATALOGUE, now_ms=NOW, balances=balances or {})
    return {problem.where: problem.expected for problem in refused.value.problems}


def test_a_first_position_makes_a_book_that_can_be_saved(tmp_path):
    book = with_position(None, ROW, CATALOGUE, now_ms=NOW, balances={"USDT": "25,000"})
    (held,) = book.accounts[0].positions
    assert (book.as_of_ms, held.entry_price, held.isolated_margin) == (NOW, 64_390, 6_181.44)
    assert book.accounts[0].balances == {"USDT": 25_000}
    registry.write(book, tmp_path / "book.toml")
    assert registry.read(tmp_path / "book.toml", CATALOGUE).accounts == book.accounts


def test_a_second_position_joins_its_account_and_leaves_the_rest(tmp_path):
    first = with_position(
        None, ROW, CATALOGUE, now_ms=UnixMs(1), balances={"USDT": "5", "BTC": "1"}
    )
    row = ROW | {"symbol": "ETH/USDT:USDT", "side": "short"}
    book = with_position(first, row, CATALOGUE, now_ms=NOW, balances={"USDT": "7"})
    (account,) = book.accounts
    assert account.positions[0] == first.accounts[0].positions[0]
    assert account.positions[1].quantity == -2.4
    assert account.balances == {"USDT": 7, "BTC": 1}
    assert book.as_of_ms == NOW


def test_a_new_account_stands_beside_the_old_one():
    first = with_position(None, ROW, CATALOGUE, now_ms=NOW)
    book = with_position(first, ROW | {"account": "second"}, CATALOGUE, now_ms=NOW)
    assert [account.id for account in book.accounts] == ["main", "second"]


def test_every_problem_names_its_entry_of_the_form():
    found = problems(
        account="", quantity="1,5", side="lnog", venue="binanceusmd", balances={"usdt": "x"}
    )
    assert set(found) == {"account", "quantity", "side", "venue", "usdt"}
    assert found["quantity"] == "expected a number greater than 0"


def test_what_is_left_empty_is_missing():
    assert problems(entry_price="", leverage=" ") == {
        "entry_price": "is missing; expected a number greater than 0",
        "leverage": "is missing; an isolated position needs leverage or isolated_margin",
    }


def test_an_account_stays_at_its_venue():
    first = with_position(None, ROW, CATALOGUE, now_ms=NOW)
    found = problems(first, venue="okx", symbol="ETH/USDT:USDT")
    assert found == {"venue": "the account 'main' is at binanceusdm"}


def test_a_second_one_way_position_on_a_symbol_is_refused():
    first = with_position(None, ROW, CATALOGUE, now_ms=NOW)
    assert set(problems(first)) == {"symbol"}


def test_a_name_that_is_no_entry_is_refused():
    assert problems(entry_prise="5") == {"entry_prise": "is not a known key"}
