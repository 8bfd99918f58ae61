"""A book without writing a file: one more position, from the texts of a form."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from workstation.errors import PortfolioFileError
from workstation.market.catalogue import Catalogue
from workstation.portfolio.formats.base import Draft, KeyPath, Problem, Table, key_path
from workstation.portfolio.formats.build import to_document, to_portfolio
from workstation.portfolio.formats.cells import COMMA, kind_of, value_of
from workstation.portfolio.formats.checks import validate
from workstation.portfolio.formats.schema import AccountTable, PositionTable, expectation
from workstation.portfolio.model import Portfolio
from workstation.units import UnixMs

ACCOUNT_KEYS: Final = ("venue", "position_mode", "collateral", "taker_fee", "margin_system")
POSITION_KEYS: Final = tuple(PositionTable.model_fields)
FORM: Final = "The form"  # stands where a file's problems name the file
_NO_BALANCES: Final[Mapping[str, str]] = MappingProxyType({})


def with_position(
    portfolio: Portfolio | None,
    row: Mapping[str, str],
    catalogue: Catalogue,
    *,
    now_ms: UnixMs,
    balances: Mapping[str, str] = _NO_BALANCES,
) -> Portfolio:
    """Return the book with one more position, true as of ``now_ms``.

    Parameters
    ----------
    portfolio : the book so far, ``None`` for a new one
    row : texts by name: ``account`` (the id; a new one makes an account), any of ``ACCOUNT_KEYS``
        and ``POSITION_KEYS``; an empty text is not given. Numbers are spelt 1234.5 or 1,234.5.
    balances : texts of the account's wallet by coin, in place of what it had of these coins

    Raises
    ------
    PortfolioFileError
        The form is refused; ``where`` of each problem is the name in ``row``, or the coin.
    """
    document: Any = to_document(portfolio) if portfolio else {"portfolio": {}, "accounts": []}
    document["portfolio"].pop("as_of", None)
    form = _Form(document["accounts"], row.get("account", "").strip())
    for name, text in row.items():
        if text.strip() and name != "account":
            form.fill(name, text.strip())
    for coin, text in balances.items():
        form.set_balance(coin, text.strip())
    checked = validate(Draft(document, form.where, tuple(form.problems)), catalogue)
    if isinstance(checked, tuple):
        raise PortfolioFileError(FORM, checked)
    path = portfolio.path if portfolio else None
    return to_portfolio(checked, catalogue, written_ms=now_ms, path=path)


class _Form:
    """The account and the position that the form fills, and what was wrong with its texts."""

    def __init__(self, accounts: list[Any], identity: str) -> None:
        self.problems: list[Problem] = []
        ids = [account["id"] for account in accounts]
        if identity not in ids:
            ids.append(identity)
            accounts.append({"id": identity})
        self._path: KeyPath = ("accounts", ids.index(identity))
        self._account: Any = accounts[ids.index(identity)]
        positions = self._account.setdefault("positions", [])
        self._position_path: KeyPath = (*self._path, "positions", len(positions))
        self._position: Table = {}
        positions.append(self._position)

    def fill(self, name: str, text: str) -> None:
        """Put a text where its name belongs."""
        if name not in ACCOUNT_KEYS:
            field = PositionTable.model_fields.get(name)
            kind = kind_of(field) if field else str
            self._put(self._position, (*self._position_path, name), kind, text)
        elif name == "venue" and self._account.get("venue", text) != text:
            expected = f"the account '{self._account['id']}' is at {self._account['venue']}"
            self.problems.append(Problem((*self._path, "venue"), text, expected))
        else:
            kind = kind_of(AccountTable.model_fields[name])
            self._put(self._account, (*self._path, name), kind, text)

    def set_balance(self, coin: str, text: str) -> None:
        balances = self._account.setdefault("balances", {})
        self._put(balances, (*self._path, "balances", coin), float, text)

    def where(self, path: KeyPath) -> str:
        """Name the entry of the form, or the key path of what was in the book before."""
        if path == (*self._path, "id"):
            return "account"
        in_position = path[:4] == self._position_path and len(path) > len(self._position_path)
        in_account = path[:2] == self._path and path[2:3] not in {(), ("positions",), ("orders",)}
        return str(path[-1]) if in_position or in_account else key_path(path)

    def _put(self, table: Table, path: KeyPath, kind: type, text: str) -> None:
        try:
            table[str(path[-1])] = value_of(text, kind, COMMA)
        except ValueError:
            expected = expectation(path)
            phrase = expected.phrase if expected else "expected a number"
            self.problems.append(Problem(path, text, phrase))
