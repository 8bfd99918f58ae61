"""CSV: one row a position, a balance or an order; the header names the columns in any order.

A row's own keys are its position's, order's or balance's; keys of its account and of the portfolio
may stand in any row and must not contradict each other. The header's delimiter, comma or
semicolon, decides how numbers are spelt (see ``cells``).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pydantic import BaseModel

from workstation.portfolio.formats.base import (
    THE_KEY,
    Draft,
    KeyPath,
    Problem,
    Table,
    TextProblemError,
)
from workstation.portfolio.formats.cells import (
    COMMA,
    SEMICOLON,
    Spelling,
    kind_of,
    text_of,
    value_of,
)
from workstation.portfolio.formats.schema import (
    AccountTable,
    OrderTable,
    PortfolioTable,
    PositionTable,
    expectation,
)

_LISTS: Final = {"position": "positions", "order": "orders"}
_AMOUNTS: Final = {"quantity": "balances", "haircut": "haircuts"}  # columns of a balance row
_NESTED: Final = frozenset({*_LISTS.values(), *_AMOUNTS.values()})


def _kinds(table: type[BaseModel]) -> dict[str, type]:
    return {key: kind_of(field) for key, field in table.model_fields.items()}


_PORTFOLIO_FIELDS: Final = _kinds(PortfolioTable)
_ACCOUNT_FIELDS: Final = {  # a row says "account" for the account's id
    "account" if key == "id" else key: kind
    for key, kind in _kinds(AccountTable).items()
    if key not in _NESTED
}
_ROW_FIELDS: Final[Mapping[str, Mapping[str, type]]] = {
    "position": _kinds(PositionTable),
    "balance": {"symbol": str, **dict.fromkeys(_AMOUNTS, float)},
    "order": _kinds(OrderTable),
}
COLUMNS: Final = tuple(
    dict.fromkeys(
        ["kind", *_ACCOUNT_FIELDS]
        + [column for fields in _ROW_FIELDS.values() for column in fields]
        + [*_PORTFOLIO_FIELDS]
    )
)
_NEEDED: Final = "a position needs the columns kind, account, venue, {}, quantity".format(
    ", ".join(key for key, field in PositionTable.model_fields.items() if field.is_required())
)
_RISKY: Final = tuple("=+-@")  # a spreadsheet takes a cell that begins with these for a formula


class CsvFormat:
    """The CSV spelling of the portfolio document."""

    name = "CSV"
    suffix = ".csv"

    def parse(self, text: str) -> Draft:
        rows = list(_rows(text))
        if not rows:
            raise TextProblemError("line 1", "", "expected a header that names the columns")
        return _Assembly(*rows[0]).add(rows[1:])

    def spell(self, document: Table) -> str:
        rows = list(_spelt_rows(document))
        used = [column for column in COLUMNS if any(column in row for row in rows)]
        lines = [used, *([row.get(column, "") for column in used] for row in rows)]
        return "".join(",".join(map(_quoted, line)) + "\n" for line in lines)


# --- reading --------------------------------------------------------------------------------------

_Row = tuple[int, Spelling, list[str]]


def _rows(text: str) -> Iterator[_Row]:
    """Yield line number, spelling and cells of every row that is not blank."""
    header = next((line for line in text.splitlines() if line.strip(" ,;")), "")
    spelling = SEMICOLON if header.count(";") > header.count(",") else COMMA
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=spelling.delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield line, spelling, [cell.strip() for cell in cells]
            line = reader.line_num + 1
    except csv.Error:
        expected = "cannot be taken apart; a quote is not closed, or stands inside a cell"
        raise TextProblemError(f"line {line}", "", expected) from None


class _Assembly:
    """Puts the rows together to a document, and remembers where each value stood."""

    def __init__(self, line: int, spelling: Spelling, columns: list[str]) -> None:
        self._spelling = spelling
        self._columns = columns
        self._document: Table = {}
        self._accounts: dict[str, tuple[int, Table]] = {}
        self._places: dict[KeyPath, tuple[int, str]] = {}
        self._written: dict[KeyPath, str] = {}
        self._problems: list[Problem] = []
        self._check_header(line)

    def add(self, rows: Iterable[_Row]) -> Draft:
        """Take the rows below the header."""
        for line, _, cells in rows:
            if len(cells) != len(self._columns):
                expected = f"has {len(cells)} cells; the header names {len(self._columns)} columns"
                self._complain(line, "", "", expected)
                continue
            row = {column: cell for column, cell in zip(self._columns, cells, strict=True) if cell}
            self._add_row(line, row)
        self._document["accounts"] = [account for _, account in self._accounts.values()]
        return Draft(self._document, self._where, tuple(self._problems), self._written)

    def _check_header(self, line: int) -> None:
        for column in ("kind", "account"):
            if column not in self._columns:
                self._complain(line, column, "", f"is missing in the header; {_NEEDED}")
        for number, column in enumerate(self._columns):
            if column not in COLUMNS:
                self._complain(line, column, column, "is not a known column", COLUMNS)
            elif column in self._columns[:number]:
                self._complain(line, column, column, "names a second column")

    def _add_row(self, line: int, row: Mapping[str, str]) -> None:
        # without a column, which the header's problem says, the rows are read as most would be
        kind = row.get("kind", "" if "kind" in self._columns else "position")
        identity = row.get("account", "" if "account" in self._columns else "account")
        if kind not in _ROW_FIELDS:
            listed = ", ".join(f"'{name}'" for name in _ROW_FIELDS)
            self._complain(line, "kind", kind, f"expected one of {listed}", tuple(_ROW_FIELDS))
            return
        if not identity:
            self._complain(line, "account", "", "is missing; expected the account's id")
            return
        number, account = self._accounts.setdefault(identity, (len(self._accounts), {}))
        path: KeyPath = ("accounts", number)
        self._places.setdefault(path, (line, "account"))
        own = _ROW_FIELDS[kind]
        for column, cell in row.items():
            if column in _PORTFOLIO_FIELDS:
                head = self._document.setdefault("portfolio", {})
                self._settle(head, ("portfolio", column), _PORTFOLIO_FIELDS[column], line, cell)
            elif column in _ACCOUNT_FIELDS:
                key = "id" if column == "account" else column
                self._settle(account, (*path, key), _ACCOUNT_FIELDS[column], line, cell)
            elif column in COLUMNS and column != "kind" and column not in own:
                self._complain(line, column, cell, f"does not belong in a row of kind '{kind}'")
        values = {column: cell for column, cell in row.items() if column in own}
        if kind == "balance":
            self._add_balance(account, path, line, values)
        else:
            self._add_entry(account, (*path, _LISTS[kind]), own, line, values)

    def _add_entry(
        self,
        account: Table,
        path: KeyPath,
        fields: Mapping[str, type],
        line: int,
        row: Mapping[str, str],
    ) -> None:
        entries: Any = account.setdefault(str(path[-1]), [])
        entry: Table = {}
        path = (*path, len(entries))
        self._places[path] = (line, "")
        for column, cell in row.items():
            self._put(entry, (*path, column), fields[column], (line, column), cell)
        entries.append(entry)

    def _add_balance(
        self, account: Table, path: KeyPath, line: int, row: Mapping[str, str]
    ) -> None:
        coin = row.get("symbol")
        if coin is None:
            self._complain(line, "symbol", "", "is missing; expected a coin, such as USDT")
            return
        if "quantity" not in row and "haircut" not in row:
            self._complain(line, "quantity", "", "is missing; expected a number")
        for column, key in _AMOUNTS.items():
            table: Any = account.setdefault(key, {})
            if column in row and coin in table:
                first, _ = self._places[*path, key, coin]
                self._complain(line, "symbol", coin, f"has a row in line {first} already")
            elif column in row:
                self._places[*path, key, coin, THE_KEY] = (line, "symbol")
                self._put(table, (*path, key, coin), float, (line, column), row[column])

    def _settle(self, table: Any, path: KeyPath, kind: type, line: int, cell: str) -> None:
        """Keep a value that many rows may state, as long as they state the same one."""
        column = "account" if path[-1] == "id" else str(path[-1])
        if path not in self._places:
            self._put(table, path, kind, (line, column), cell)
            return
        first, _ = self._places[path]
        stated = table.get(path[-1])
        if stated is not None and self._value(cell, kind) != stated:
            says = text_of(stated, self._spelling)
            self._complain(line, column, cell, f"contradicts line {first}, which says '{says}'")

    def _put(
        self, table: Table, path: KeyPath, kind: type, place: tuple[int, str], cell: str
    ) -> None:
        self._places[path], self._written[path] = place, cell
        try:
            table[str(path[-1])] = value_of(cell, kind, self._spelling)
        except ValueError:
            expected = expectation(path)
            phrase = expected.phrase if expected else "expected a number"
            hint = "" if kind is bool else f", spelt like 1234{self._spelling.decimal}5"
            self._problems.append(Problem(path, cell, f"{phrase}{hint}"))

    def _value(self, cell: str, kind: type) -> object:
        try:
            return value_of(cell, kind, self._spelling)
        except ValueError:
            return None

    def _complain(
        self, line: int, column: str, cell: str, expected: str, choices: Iterable[str] = ()
    ) -> None:
        path = ("line", line, column)
        self._places[path] = (line, column)
        self._problems.append(Problem(path, cell, expected, choices))

    def _where(self, path: KeyPath) -> str:
        for length in range(len(path), 0, -1):
            if path[:length] in self._places:
                line, column = self._places[path[:length]]
                column = column if length == len(path) else str(path[-1])
                return f"line {line}, column {column}" if column else f"line {line}"
        return "file"


# --- writing --------------------------------------------------------------------------------------


def _spelt_rows(document: Any) -> Iterator[dict[str, str]]:
    head = document["portfolio"]
    for account in document["accounts"]:
        rows = list(_account_rows(account))
        if not rows:
            raise TextProblemError(
                "file", account["id"], "has no balance, position or order; CSV has no row for it"
            )
        once = {
            key: value for key, value in account.items() if key not in _NESTED | {"id", "venue"}
        }
        rows[0] = {**rows[0], **once, **head}
        head = {}
        for row in rows:
            full = {"account": account["id"], "venue": account["venue"], **row}
            yield {column: text_of(value, COMMA) for column, value in full.items()}


def _account_rows(account: Any) -> Iterator[Table]:
    amounts = {column: account.get(key, {}) for column, key in _AMOUNTS.items()}
    for coin in dict.fromkeys(coin for table in amounts.values() for coin in table):
        found = {column: table[coin] for column, table in amounts.items() if coin in table}
        yield {"kind": "balance", "symbol": coin, **found}
    for kind, key in _LISTS.items():
        yield from ({"kind": kind, **entry} for entry in account.get(key, []))


def _quoted(cell: str) -> str:
    if cell.startswith(_RISKY) or any(letter in cell for letter in ',;"\r\n'):
        return '"' + cell.replace('"', '""') + '"'
    return cell
