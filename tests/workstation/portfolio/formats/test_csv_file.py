# ruff: noqa: E501 (a sentence that a person reads stands here in one piece)
"""CSV as spreadsheets write it, and as they must not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workstation.portfolio.books import CATALOGUE
from workstation.errors import PortfolioFileError
from workstation.portfolio.formats import registry
from workstation.portfolio.formats.cells import COMMA, SEMICOLON
from workstation.portfolio.model import Account, Portfolio, Position
from workstation.units import UnixMs

# The example of the specification, word for word.
EXAMPLE = """\
kind,account,venue,symbol,side,quantity,contracts,entry_price,leverage,margin_mode,isolated_margin,mark_price
balance,binance-main,binanceusdm,USDT,,25000,,,,,,
position,binance-main,binanceusdm,BTC/USDT:USDT,long,2.4,,64390,25,isolated,,64212
"""


def read(tmp_path: Path, text: str | bytes) -> Portfolio:
    path = tmp_path / "book.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return registry.read(path, CATALOGUE)


def sentences(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(PortfolioFileError) as refused:
        read(tmp_path, text)
    return [problem.sentence() for problem in refused.value.problems]


def test_the_example_of_the_specification_is_read(tmp_path):
    (account,) = read(tmp_path, EXAMPLE).accounts
    assert account.balances == {"USDT": 25_000}
    assert account.positions[0].isolated_margin == pytest.approx(6_181.44)


def test_a_semicolon_file_has_decimal_commas_and_grouping_points(tmp_path):
    book = read(
        tmp_path,
        b"\xef\xbb\xbfkind;account;venue;symbol;side;quantity;entry_price\r\n\r\n"
        b'position;a;okx;"BTC/USDT:USDT";long;2,4;64.390,5\r\n;;;;;;\r\nbalance;a;;USDT;;25.000;\r\n',
    )
    (account,) = book.accounts
    assert (account.positions[0].quantity, account.positions[0].entry_price) == (2.4, 64_390.5)
    assert account.balances == {"USDT": 25_000}


@pytest.mark.parametrize(
    ("text", "number"),
    [("2.4", 2.4), ("25,000", 25_000), ("1,234,567.5", 1_234_567.5), ("-5", -5), ("1e-07", 1e-7),
     (".5", 0.5), ("5.", 5), ("+3", 3), ("0.390", 0.39)],
)  # fmt: skip
def test_a_number_of_a_comma_file(text, number):
    assert COMMA.number(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [("2,4", 2.4), ("25.000", 25_000), ("1.234.567,5", 1_234_567.5), ("64390", 64_390)],
)
def test_a_number_of_a_semicolon_file(text, number):
    assert SEMICOLON.number(text) == number


@pytest.mark.parametrize(
    "text",
    ["1,5", "1,50", "1,5000", "12,34,567", "0,390", "1 000", "1_000", "1,000,00", "$5", "5%", "nan",
     "inf", "0x10", "", "--5", "1e", "\u0661", "5-"],
)  # fmt: skip
def test_what_is_no_number_in_a_comma_file_is_not_guessed(text):
    with pytest.raises(ValueError, match=r".*"):
        COMMA.number(text)


@pytest.mark.parametrize("text", ["2.4", "0.390", "1,234.5", "64.39", "1.2345"])
def test_what_is_no_number_in_a_semicolon_file_is_not_guessed(text):
    with pytest.raises(ValueError, match=r".*"):
        SEMICOLON.number(text)


HEAD = "kind,account,venue,symbol,side,quantity,entry_price\n"
ROW = "position,a,okx,BTC/USDT:USDT,long,2.4,64390\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (HEAD + 'position,a,okx,BTC/USDT:USDT,long,"1,5",64390\n',
         "line 2, column quantity: '1,5': expected a number greater than 0, spelt like 1234.5"),
        (HEAD.replace(",", ";") + "position;a;okx;BTC/USDT:USDT;long;2.4;64390\n",
         "line 2, column quantity: '2.4': expected a number greater than 0, spelt like 1234,5"),
        (HEAD + ROW.replace("2.4", "-2.4"), "line 2, column quantity: '-2.4': expected a number greater than 0"),
        (HEAD + ROW.replace("2.4", "1e999"), "line 2, column quantity: '1e999': expected a number greater than 0"),
        (HEAD + ROW.replace("2.4", ""), "line 2, column quantity: is missing; give quantity or contracts"),
        (HEAD.replace("side", "sied") + ROW, "line 1, column sied: 'sied': is not a known column; did you mean 'side'?"),
        (HEAD.replace("side", "venue") + ROW, "line 1, column venue: 'venue': names a second column"),
        (HEAD + ROW.replace("position", "postion"),
         "line 2, column kind: 'postion': expected one of 'position', 'balance', 'order'; did you mean 'position'?"),
        (HEAD + ROW.replace(",a,", ",,"), "line 2, column account: is missing; expected the account's id"),
        (HEAD + ROW + "balance,a,bybit,USDT,,5,\n",
         "line 3, column venue: 'bybit': contradicts line 2, which says 'okx'"),
        (HEAD + ROW + "balance,a,,USDT,,5,7\n",
         "line 3, column entry_price: '7': does not belong in a row of kind 'balance'"),
        (HEAD + ROW + "balance,a,,,,5,\n", "line 3, column symbol: is missing; expected a coin, such as USDT"),
        (HEAD + ROW + "balance,a,,USDT,,,\n", "line 3, column quantity: is missing; expected a number"),
        (HEAD + ROW + "balance,a,,USDT,,5,\nbalance,a,,USDT,,6,\n",
         "line 4, column symbol: 'USDT': has a row in line 3 already"),
        (HEAD + ROW + "balance,a,,usdt,,5,\n",
         "line 3, column symbol: 'usdt': expected a coin in capitals, such as USDT; did you mean 'USDT'?"),
        (HEAD + ROW + "balance,a\n", "line 3: has 2 cells; the header names 7 columns"),
        (HEAD + 'position,"a\n', "line 2: cannot be taken apart; a quote is not closed, or stands inside a cell"),
        (HEAD, "file: expected at least one account"),
        (HEAD + ROW + ROW, "line 3, column symbol: 'BTC/USDT:USDT': has a position already; "
         "two legs need position_mode 'hedge'"),
    ],
)  # fmt: skip
def test_a_row_is_refused(text, sentence, tmp_path):
    assert sentence in sentences(tmp_path, text)


def test_account_keys_may_stand_in_any_row_and_be_repeated(tmp_path):
    book = read(
        tmp_path,
        "kind,account,venue,symbol,quantity,haircut,collateral,taker_fee,name\n"
        "balance,a,,USDT,5,,,,\n"
        "balance,a,bybit,BTC,1,0.05,multi-asset,0.0005,\n"
        "balance,a,bybit,ETH,2,,multi-asset,5e-4,My book\n",
    )
    (account,) = book.accounts
    assert (account.venue, account.taker_fee, book.name) == ("bybit", 0.0005, "My book")
    assert account.haircuts == {"BTC": 0.05}


def test_columns_stand_in_any_order(tmp_path):
    book = read(tmp_path, "symbol,quantity,venue,account,kind\nUSDT,5,okx,a,balance\n")
    assert book.accounts[0].balances == {"USDT": 5}


def test_a_quoted_cell_may_hold_the_delimiter_a_quote_and_spaces_around(tmp_path):
    book = read(tmp_path, 'kind,account,venue,symbol,quantity\nbalance," a, ""b"" ",okx,USDT,5\n')
    assert book.accounts[0].id == 'a, "b"'


@pytest.mark.parametrize("risky", ["=1+1", "+cmd", "-book", "@SUM(A1)"])
def test_a_cell_that_a_spreadsheet_would_run_is_written_quoted_and_read_unharmed(risky, tmp_path):
    path = tmp_path / "book.csv"
    book = Portfolio(
        name=risky,
        as_of_ms=UnixMs(0),
        accounts=(Account(id=risky, venue="okx", balances={"USDT": -500.0}),),
    )
    registry.write(book, path)
    assert f'"{risky}"' in path.read_text()
    assert '"-500"' in path.read_text()
    read_back = registry.read(path, CATALOGUE)
    assert (read_back.name, read_back.accounts[0].id) == (risky, risky)
    assert read_back.accounts[0].balances == {"USDT": -500}


def test_an_account_without_a_row_cannot_be_said_in_csv(tmp_path):
    book = Portfolio(as_of_ms=UnixMs(0), accounts=(Account(id="empty", venue="okx"),))
    with pytest.raises(PortfolioFileError) as refused:
        registry.write(book, tmp_path / "book.csv")
    assert refused.value.problems[0].sentence() == (
        "file: 'empty': has no balance, position or order; CSV has no row for it"
    )


def test_a_negative_amount_survives_the_quotes(tmp_path):
    path = tmp_path / "book.csv"
    held = Position(symbol="BTC/USDT:USDT", quantity=-1e-7, entry_price=1e22)
    registry.write(
        Portfolio(as_of_ms=UnixMs(1), accounts=(Account(id="a", venue="okx", positions=(held,)),)),
        path,
    )
    assert registry.read(path, CATALOGUE).accounts[0].positions == (held,)
