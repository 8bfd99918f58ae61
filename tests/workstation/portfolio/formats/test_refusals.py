# ruff: noqa: E501 (a sentence that a person reads stands here in one piece)
"""Every refusal and warning that a portfolio file can get, with its exact sentence."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest

from tests.workstation.portfolio.books import CATALOGUE, account, json_file, order, position
from workstation.errors import PortfolioFileError
from workstation.portfolio.formats import registry

AT = "accounts[0].positions[0]"


def sentences(path: Path) -> list[str]:
    with pytest.raises(PortfolioFileError) as refused:
        registry.read(path, CATALOGUE)
    return [problem.sentence() for problem in refused.value.problems]


def in_position(tmp_path: Path, **changes) -> list[str]:
    return sentences(json_file(tmp_path, account(position(**changes))))


def in_account(tmp_path: Path, **changes) -> list[str]:
    return sentences(json_file(tmp_path, account(position(), **changes)))


NOT_LISTED = (
    "is not in the market list of binanceusdm; "
    "give contract_size and maintenance_rate to use it all the same"
)
GREATER = "expected a number greater than 0"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"side": "lnog"}, f"{AT}.side: 'lnog': expected one of 'long', 'short'; did you mean 'long'?"),
        ({"side": "buy"}, f"{AT}.side: 'buy': expected one of 'long', 'short'"),
        ({"margin_mode": "isolatet", "leverage": 5},
         f"{AT}.margin_mode: 'isolatet': expected one of 'cross', 'isolated'; did you mean 'isolated'?"),
        ({"entry_prise": 1}, f"{AT}.entry_prise: 'entry_prise': is not a known key; did you mean 'entry_price'?"),
        ({"entry_price": None}, f"{AT}.entry_price: is missing; {GREATER}"),
        ({"entry_price": "64390"}, f"{AT}.entry_price: '64390': {GREATER}"),
        ({"entry_price": math.nan}, f"{AT}.entry_price: 'nan': {GREATER}"),
        ({"entry_price": math.inf}, f"{AT}.entry_price: 'inf': {GREATER}"),
        ({"entry_price": 0}, f"{AT}.entry_price: '0': {GREATER}"),
        ({"quantity": -2.4}, f"{AT}.quantity: '-2.4': {GREATER}"),
        ({"quantity": 0}, f"{AT}.quantity: '0': {GREATER}"),
        ({"quantity": True}, f"{AT}.quantity: 'true': {GREATER}"),
        ({"quantity": None}, f"{AT}.quantity: is missing; give quantity or contracts"),
        ({"contracts": 3}, f"{AT}.contracts: stands beside quantity; give one of the two"),
        ({"leverage": 0.5}, f"{AT}.leverage: '0.5': expected a number of at least 1"),
        ({"isolated_margin": 5}, f"{AT}.isolated_margin: '5': belongs to an isolated position; this one is cross"),
        ({"margin_mode": "isolated"},
         f"{AT}.leverage: is missing; an isolated position needs leverage or isolated_margin"),
        ({"maintenance_amount": 5}, f"{AT}.maintenance_rate: is missing; maintenance_amount is a part of it"),
        ({"maintenance_rate": 4}, f"{AT}.maintenance_rate: '4': expected a fraction between 0 and 1, such as 0.004"),
        ({"symbol": "BTC/UDST:USDT"}, f"{AT}.symbol: 'BTC/UDST:USDT': {NOT_LISTED}; did you mean 'BTC/USDT:USDT'?"),
        ({"symbol": "BTC/USDT"},
         f"{AT}.symbol: 'BTC/USDT': expected a contract such as BTC/USDT:USDT; did you mean 'BTC/USDT:USDT'?"),
        ({"symbol": "ETH/USD:BTC"},
         f"{AT}.symbol: 'ETH/USD:BTC': is a quanto contract, for which there is no rule here"),
    ],
)  # fmt: skip
def test_a_position_is_refused(changes, sentence, tmp_path):
    assert in_position(tmp_path, **changes) == [sentence]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"venue": "binanceusmd"},
         "accounts[0].venue: 'binanceusmd': expected a ccxt exchange id, or 'manual'; did you mean 'binanceusdm'?"),
        ({"id": None}, "accounts[0].id: is missing; expected a name in one line, without spaces at its ends"),
        ({"id": " x"}, "accounts[0].id: ' x': expected a name in one line, without spaces at its ends"),
        ({"position_mode": "hegde"},
         "accounts[0].position_mode: 'hegde': expected one of 'one-way', 'hedge'; did you mean 'hedge'?"),
        ({"collateral": "multi"},
         "accounts[0].collateral: 'multi': expected one of 'single-asset', 'multi-asset'; did you mean 'multi-asset'?"),
        ({"margin_system": "uta"},
         "accounts[0].margin_system: 'uta': expected one of 'standard', 'portfolio', 'unified-portfolio'"),
        ({"taker_fee": 5}, "accounts[0].taker_fee: '5': expected a fraction, such as 0.0005 for 0.05 %"),
        ({"balances": {"usdt": 5}},
         "accounts[0].balances.usdt: 'usdt': expected a coin in capitals, such as USDT; did you mean 'USDT'?"),
        ({"balances": {"USDT": math.nan}}, "accounts[0].balances.USDT: 'nan': expected a number"),
        ({"balances": 5}, "accounts[0].balances: '5': expected a table"),
        ({"haircuts": {"BTC": 5}},
         "accounts[0].haircuts.BTC: '5': expected a fraction from 0 to 1, such as 0.05"),
        ({"positions": {}}, "accounts[0].positions: expected a list of tables"),
        ({"orders": [5]}, "accounts[0].orders[0]: '5': expected a table"),
        ({"orders": [order(type="halt")]},
         "accounts[0].orders[0].type: 'halt': expected one of 'limit', 'stop', 'take-profit'"),
        ({"orders": [order(symbol="BTC/UDST:USDT")]},
         f"accounts[0].orders[0].symbol: 'BTC/UDST:USDT': {NOT_LISTED}; did you mean 'BTC/USDT:USDT'?"),
        ({"orders": [order(reduce_only=1)]}, "accounts[0].orders[0].reduce_only: '1': expected true or false"),
        ({"venue": "manual"}, f"{AT}.maintenance_rate: is missing; the venue 'manual' has no tables"),
    ],
)  # fmt: skip
def test_an_account_is_refused(changes, sentence, tmp_path):
    assert in_account(tmp_path, **changes) == [sentence]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"reporting_currency": "EUR"},
         "portfolio.reporting_currency: 'EUR': has no rate to USD here; expected one of 'USD', 'USDT', 'USDC'"),
        ({"as_of": "2026-02-05"},
         "portfolio.as_of: '2026-02-05': expected a time with its zone, such as 2026-02-05T21:10:00Z"),
        ({"as_of": 5}, "portfolio.as_of: '5': expected a time with its zone, such as 2026-02-05T21:10:00Z"),
        ({"as_of": "0001-01-01T00:00:00+14:00"},
         "portfolio.as_of: '0001-01-01T00:00:00+14:00': expected a time with its zone, such as 2026-02-05T21:10:00Z"),
        ({"name": "a\nb"}, "portfolio.name: 'a\ufffdb': expected a text in one line, without spaces at its ends"),
    ],
)  # fmt: skip
def test_the_head_is_refused(changes, sentence, tmp_path):
    assert sentences(json_file(tmp_path, account(position()), **changes)) == [sentence]


@pytest.mark.parametrize(
    ("venue", "symbol", "nearest"),
    [
        ("okx", "BTC/USTD:USDT", "BTC/USDT:USDT"),
        ("bybit", "BTTC/USDT:USDT", "BTC/USDT:USDT"),
        ("hyperliquid", "BTC/USDT:USDT", "BTC/USDC:USDC"),
        ("deribit", "BTC/USDT:USDT", "BTC/USDC:USDC"),
    ],
)
def test_an_incomplete_list_excuses_no_misspelt_symbol(venue, symbol, nearest, tmp_path):
    (sentence,) = sentences(json_file(tmp_path, account(position(symbol=symbol), venue=venue)))
    assert sentence.startswith(f"{AT}.symbol: '{symbol}': is not in the market list of {venue}; ")
    assert sentence.endswith(f"did you mean '{nearest}'?")


def test_two_accounts_of_one_id_are_refused(tmp_path):
    found = sentences(json_file(tmp_path, account(position()), account(position())))
    assert found == ["accounts[1].id: 'main': is the id of another account too"]


def test_two_one_way_positions_on_one_symbol_are_refused(tmp_path):
    book = account(position(), position(side="short"))
    assert sentences(json_file(tmp_path, book)) == [
        "accounts[0].positions[1].symbol: 'BTC/USDT:USDT': "
        "has a position already; two legs need position_mode 'hedge'"
    ]


def test_two_equal_legs_are_refused_in_hedge_mode(tmp_path):
    book = account(position(), position(), position_mode="hedge")
    assert sentences(json_file(tmp_path, book)) == [
        "accounts[0].positions[1].symbol: 'BTC/USDT:USDT': "
        "has a leg of this side and margin mode already"
    ]


def test_contracts_without_a_known_size_are_refused(tmp_path):
    book = account(position(quantity=None, contracts=3), venue="kucoinfutures")
    assert sentences(json_file(tmp_path, book)) == [
        f"{AT}.contracts: '3': need a contract_size, because the market's is not known; "
        "or give quantity"
    ]


def test_a_book_without_accounts_is_refused(tmp_path):
    assert sentences(json_file(tmp_path)) == ["accounts: expected at least one account"]


def test_all_problems_of_a_file_are_listed_at_once(tmp_path):
    path = json_file(
        tmp_path,
        account(position(side="lnog", quantity=-1, symbol="BTC/UDST:USDT"), venue="binanceusdm"),
        account(position(leverage=0.1), id="main", venue="nowhere-at-all"),
        nmae="x",
    )
    places = {sentence.split(":")[0] for sentence in sentences(path)}
    assert places == {
        "portfolio.nmae",
        f"{AT}.side",
        f"{AT}.quantity",
        f"{AT}.symbol",
        "accounts[1].id",
        "accounts[1].venue",
        "accounts[1].positions[0].leverage",
    }


def test_the_message_for_the_person_names_the_file_and_has_a_line_a_problem(tmp_path):
    path = json_file(tmp_path, account(position(side="x", quantity=0)))
    with pytest.raises(PortfolioFileError) as refused:
        registry.read(path, CATALOGUE)
    first, *others = refused.value.user_message.splitlines()
    assert first == f"{path} was not opened; nothing was changed."
    assert len(others) == 2


# --- the file itself ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("book.toml", b"", "file: is empty"),
        ("book.csv", b"\xef\xbb\xbf \n", "file: is empty"),
        ("book.toml", b"[portfolio]\nname = '\xff'", "line 2: is not UTF-8; save the file as UTF-8"),
        ("book.csv", "kind".encode("utf-16"), "line 1: is not UTF-8; save the file as UTF-8"),
        ("book.toml", b" " * 10_000_001, "file: '10.0 MB': is larger than 10 MB"),
        ("book.xlsx", b"PK", "file: '.xlsx': expected a name that ends in one of .toml, .json, .csv"),
        ("book.toml", b"a = \n", "line 1, column 5: is not TOML (Invalid value)"),
        ("book.toml", b"a = " + b"[" * 100_000, "file: is nested too deeply"),
        ("book.toml", b"a = " + b"1" * 5_000, "file: holds a number or a time that cannot be read"),
        ("book.json", b"{", "line 1, column 2: is not JSON (Expecting property name enclosed in double quotes)"),
        ("book.json", b"[" * 100_000, "file: is nested too deeply"),
        ("book.json", b'{"a": ' + b"1" * 5_000 + b"}", "file: holds a number that is too long"),
        ("book.json", b'{"a": 1, "a": 2}', "file: 'a': is a key that one table has twice"),
        ("book.json", b"[]", "file: expected a table with the keys of a portfolio"),
    ],
)  # fmt: skip
def test_a_file_is_refused(name, content, sentence, tmp_path):
    path = tmp_path / name
    path.write_bytes(content)
    assert sentences(path) == [sentence]


def test_a_folder_is_refused(tmp_path):
    (tmp_path / "book.toml").mkdir()
    assert sentences(tmp_path / "book.toml") == ["file: is a folder; expected a file"]


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "book.toml")
    assert sentences(tmp_path / "book.toml") == ["file: is not a regular file"]


def test_a_missing_file_is_refused(tmp_path):
    expected = ["file: does not exist, or was moved or deleted"]
    assert sentences(tmp_path / "book.toml") == expected


def test_a_file_that_vanishes_while_it_is_read_is_refused(tmp_path, monkeypatch):
    path = json_file(tmp_path, account(position()))
    monkeypatch.setattr(Path, "read_bytes", lambda self: (self.unlink(), b"{}")[1])
    assert sentences(path) == ["file: does not exist, or was moved or deleted"]


def test_a_file_that_is_written_while_it_is_read_is_refused(tmp_path, monkeypatch):
    path = json_file(tmp_path, account(position()))
    whole = path.read_bytes()

    def read_half(self: Path) -> bytes:
        self.write_text("something else")
        return whole[:20]

    monkeypatch.setattr(Path, "read_bytes", read_half)
    expected = ["file: was being written while it was read; save it again"]
    assert sentences(path) == expected


# --- accepted, with a warning ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("book", "warning"),
    [
        (account(position(mark_price=30_000)),
         "main BTC/USDT:USDT: the entry price 64,390 is more than half away from the mark price 30,000."),
        (account(position(), venue="phemex"),
         "main BTC/USDT:USDT: there is no market list of phemex to check it against."),
        (account(position(), haircuts={"BTC": 0.05}),
         "main: haircuts count only with collateral = 'multi-asset'."),
        (account(position(symbol="WIF/USDT:USDT"), venue="bybit"),
         "main WIF/USDT:USDT: is not in the embedded market list of bybit, which is not complete."),
    ],
)  # fmt: skip
def test_a_doubtful_book_is_accepted_with_a_warning(book, warning, tmp_path):
    assert registry.read(json_file(tmp_path, book), CATALOGUE).warnings == (warning,)


def test_a_plain_book_has_no_warning(tmp_path):
    path = json_file(tmp_path, account(position(mark_price=43_000)))
    assert registry.read(path, CATALOGUE).warnings == ()


def test_an_unlisted_symbol_with_size_and_rate_of_its_own_is_accepted(tmp_path):
    own = position(symbol="NEW/USDT:USDT", contract_size=1, maintenance_rate=0.05)
    resting = order(symbol="NEW/USDT:USDT")
    path = json_file(tmp_path, account(own, orders=[resting]))
    assert registry.read(path, CATALOGUE).accounts[0].positions[0].symbol == "NEW/USDT:USDT"


def test_a_negative_balance_is_a_debt_and_accepted(tmp_path):
    path = json_file(tmp_path, account(balances={"USDT": -500, "BTC": 0}))
    assert registry.read(path, CATALOGUE).accounts[0].balances == {"USDT": -500, "BTC": 0}


_BAD_TOML = """\
[portfolio]
name = "mine"

[[accounts]]
id = "main"
venue = "binancex"
balances = { USDT = 5 }

[[accounts.positions]]
symbol = "BTCUSDT"
side = "lng"
quantity = "x"
entry_price = 64390

[[accounts.positions]]
symbol = "ETH/USDT:USDT"
quantity = 4
entry_price = 3000

[[accounts]]
id = "second"
venue = "bybit"
note = '''
side = "nothing"
'''
"""


def test_every_problem_of_a_toml_file_is_listed_at_once_with_its_line(tmp_path):
    path = tmp_path / "book.toml"
    path.write_text(_BAD_TOML, encoding="utf-8")
    places = {sentence.split(": ")[0] for sentence in sentences(path)}
    assert places == {
        "line 6, accounts[0].venue",
        "line 10, accounts[0].positions[0].symbol",
        "line 11, accounts[0].positions[0].side",
        "line 12, accounts[0].positions[0].quantity",
        "line 15, accounts[0].positions[1].side",  # it is missing: the line of its table
        "line 23, accounts[1].note",
    }


def test_a_csv_file_without_the_column_kind_hides_nothing_else(tmp_path):
    path = tmp_path / "book.csv"
    path.write_text(
        "account,venue,symbol,side,quantity,entry_price\nmain,bybit,BTC/USDT:USDT,lng,-3,60000\n",
        encoding="utf-8",
    )
    found = sentences(path)
    assert found[0].startswith("line 1, column kind: is missing in the header; a position needs")
    assert "kind, account, venue, symbol, side, entry_price, quantity" in found[0]
    assert any("column side" in sentence for sentence in found)
    assert any("column quantity" in sentence for sentence in found)
