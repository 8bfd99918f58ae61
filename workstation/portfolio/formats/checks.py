"""What is wrong with a document: its shape, by the schema, and its sense, by the rules beside it.

Both look at the document as it was written, so one pass lists everything: a misspelt side does not
hide the unknown symbol next to it. Nothing of the validating library's own texts gets out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from workstation.errors import FileProblem
from workstation.market.catalogue import Catalogue, nearest
from workstation.market.instrument import MarketKey, split_symbol
from workstation.portfolio.formats.base import THE_KEY, Draft, KeyPath, Problem, Table, key_path
from workstation.portfolio.formats.schema import (
    COIN,
    PortfolioDocument,
    PositionTable,
    expectation,
    table_at,
)
from workstation.portfolio.model import MANUAL_VENUE, Collateral, MarginMode, PositionMode
from workstation.portfolio.plausibility import far_from_mark

MAX_SUGGESTIONS: Final = 100  # a file with more problems has another one than spelling
MAX_QUOTED: Final = 80  # characters of the offending text that a sentence repeats
_DOLLARS: Final = frozenset({"USD", "USDT", "USDC"})


def validate(draft: Draft, catalogue: Catalogue) -> PortfolioDocument | tuple[FileProblem, ...]:
    """Return the document in its types, or everything that is wrong with it."""
    document, shape = _shaped(draft.document)
    problems = [*draft.problems, *shape, *_sense_problems(draft.document, catalogue)]
    if document is None or problems:
        return tuple(_in_words(problems, draft))
    return document


def shape_problems(document: Table) -> tuple[FileProblem, ...]:
    """Return what the schema alone finds wrong with a document that is to be written."""
    _, problems = _shaped(document)
    return tuple(_in_words(problems, Draft(document, key_path)))


def _in_words(problems: Iterable[Problem], draft: Draft) -> Iterator[FileProblem]:
    # One problem a place: the first says most (a bad number is not "missing" as well).
    by_path: dict[KeyPath, Problem] = {}
    for problem in problems:
        by_path.setdefault(problem.path, problem)
    for number, problem in enumerate(by_path.values()):
        near = nearest(problem.offending, problem.choices) if number < MAX_SUGGESTIONS else None
        yield FileProblem(
            where=_quoted(draft.where(problem.path)),
            offending=_quoted(draft.written.get(problem.path, problem.offending)),
            expected=problem.expected,
            suggestion=near,
        )


def _quoted(text: str) -> str:
    shown = "".join(letter if letter.isprintable() else "\ufffd" for letter in text[:MAX_QUOTED])
    return shown if len(text) <= MAX_QUOTED else f"{shown}…"


# --- shape ----------------------------------------------------------------------------------------


def _shaped(document: Table) -> tuple[PortfolioDocument | None, list[Problem]]:
    try:
        return PortfolioDocument.model_validate(document), []
    except ValidationError as error:
        return None, [_shape_problem(item) for item in error.errors(include_url=False)]


def _shape_problem(error: ErrorDetails) -> Problem:
    path, kind, value = error["loc"], error["type"], error["input"]
    if path[-1:] == (THE_KEY,):
        return Problem(path, str(value), COIN.phrase, (str(value).upper(),))
    if kind == "extra_forbidden":
        table = table_at(path[:-1])
        known = tuple(table.model_fields) if table else ()
        return Problem(path, str(path[-1]), "is not a known key", known)
    expected = expectation(path)
    if kind == "missing":
        phrase = expected.phrase if expected else "expected a table"
        return Problem(path, "", f"is missing; {phrase}")
    if isinstance(value, (dict, list)) or expected is None:
        phrase = expected.phrase if expected else _container(path)
        return Problem(path, "" if isinstance(value, (dict, list)) else _spelt(value), phrase)
    return Problem(path, _spelt(value), expected.phrase, expected.choices)


def _container(path: KeyPath) -> str:
    many = path[-1:] in {("accounts",), ("positions",), ("orders",)}
    return "expected a list of tables" if many else "expected a table"


def _spelt(value: object) -> str:
    """Return a value as the file spells it."""
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else str(value)


# --- sense ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Place:
    """A symbol's surroundings: where it stands, at which venue, against which list."""

    path: KeyPath
    venue: str | None
    catalogue: Catalogue


def _sense_problems(document: Table, catalogue: Catalogue) -> Iterator[Problem]:
    ids: dict[str, int] = {}
    for number, account in enumerate(_tables(document.get("accounts"))):
        path = ("accounts", number)
        identity, venue = _text(account, "id"), _text(account, "venue")
        if identity is not None and ids.setdefault(identity, number) != number:
            yield Problem((*path, "id"), identity, "is the id of another account too")
        if venue is not None and not _is_venue(venue, catalogue):
            expected = f"expected a ccxt exchange id, or '{MANUAL_VENUE}'"
            yield Problem((*path, "venue"), venue, expected, (*catalogue.venues, MANUAL_VENUE))
            venue = None  # nothing to check its symbols against
        yield from _position_problems(account, _Place(path, venue, catalogue))
        yield from _order_problems(account, _Place(path, venue, catalogue))


def _is_venue(venue: str, catalogue: Catalogue) -> bool:
    return venue == MANUAL_VENUE or venue in catalogue.venues


def _position_problems(account: Table, place: _Place) -> Iterator[Problem]:
    one_way = account.get("position_mode", PositionMode.ONE_WAY) == PositionMode.ONE_WAY
    taken: set[str] = set()
    for number, position in enumerate(_tables(account.get("positions"))):
        here = _Place((*place.path, "positions", number), place.venue, place.catalogue)
        yield from _symbol_problems(position, here, listed=_needs_no_list(position))
        yield from _size_problems(position, here)
        yield from _margin_problems(position, here)
        symbol, mode = _text(position, "symbol"), position.get("margin_mode", MarginMode.CROSS)
        leg = repr(symbol if one_way else (symbol, position.get("side"), mode))
        if symbol is not None and leg in taken:
            yield Problem((*here.path, "symbol"), symbol, _duplicate(one_way=one_way))
        taken.add(leg)


def _duplicate(*, one_way: bool) -> str:
    if one_way:
        return "has a position already; two legs need position_mode 'hedge'"
    return "has a leg of this side and margin mode already"


def _order_problems(account: Table, place: _Place) -> Iterator[Problem]:
    unlisted = {
        _text(position, "symbol")
        for position in _tables(account.get("positions"))
        if _needs_no_list(position)
    }
    for number, order in enumerate(_tables(account.get("orders"))):
        here = _Place((*place.path, "orders", number), place.venue, place.catalogue)
        yield from _symbol_problems(order, here, listed=_text(order, "symbol") in unlisted)


def _needs_no_list(position: Table) -> bool:
    return _given(position, "contract_size") and _given(position, "maintenance_rate")


def _symbol_problems(table: Table, place: _Place, *, listed: bool) -> Iterator[Problem]:
    symbol = _text(table, "symbol")
    if not symbol:
        return
    path = (*place.path, "symbol")
    known = place.catalogue.lists.get(place.venue or "", {})
    try:
        base, quote, settle = split_symbol(symbol)
    except ValueError:
        yield Problem(path, symbol, "expected a contract such as BTC/USDT:USDT", known)
        return
    if settle not in {base, quote, *_DOLLARS}:
        yield Problem(path, symbol, "is a quanto contract, for which there is no rule here")
    elif place.venue is None or not known or listed:
        return
    elif not _may_be(MarketKey(place.venue, symbol), place.catalogue):
        yield Problem(path, symbol, _not_listed(place.venue), known)


def _may_be(key: MarketKey, catalogue: Catalogue) -> bool:
    return catalogue.find(key) is not None or catalogue.may_exist(key)


def _not_listed(venue: str) -> str:
    return (
        f"is not in the market list of {venue}; "
        "give contract_size and maintenance_rate to use it all the same"
    )


def _size_problems(position: Table, place: _Place) -> Iterator[Problem]:
    quantity, contracts = _given(position, "quantity"), _given(position, "contracts")
    if quantity and contracts:
        yield Problem((*place.path, "contracts"), "", "stands beside quantity; give one of the two")
    if not quantity and not contracts:
        yield Problem((*place.path, "quantity"), "", "is missing; give quantity or contracts")
    symbol = _text(position, "symbol")
    if not contracts or symbol is None or place.venue in {None, MANUAL_VENUE}:
        return
    assert place.venue is not None
    found = place.catalogue.find(MarketKey(place.venue, symbol))
    if found is None and not _given(position, "contract_size"):
        expected = "need a contract_size, because the market's is not known; or give quantity"
        yield Problem((*place.path, "contracts"), _spelt(position["contracts"]), expected)


def _margin_problems(position: Table, place: _Place) -> Iterator[Problem]:
    isolated = position.get("margin_mode") == MarginMode.ISOLATED
    has_margin = _given(position, "isolated_margin")
    if isolated and not has_margin and not _given(position, "leverage"):
        expected = "is missing; an isolated position needs leverage or isolated_margin"
        yield Problem((*place.path, "leverage"), "", expected)
    if has_margin and position.get("margin_mode", MarginMode.CROSS) == MarginMode.CROSS:
        expected = "belongs to an isolated position; this one is cross"
        offending = _spelt(position["isolated_margin"])
        yield Problem((*place.path, "isolated_margin"), offending, expected)
    if not _given(position, "maintenance_rate"):
        if place.venue == MANUAL_VENUE:
            expected = f"is missing; the venue '{MANUAL_VENUE}' has no tables"
            yield Problem((*place.path, "maintenance_rate"), "", expected)
        elif _given(position, "maintenance_amount"):
            expected = "is missing; maintenance_amount is a part of it"
            yield Problem((*place.path, "maintenance_rate"), "", expected)


def _tables(value: object) -> list[Table]:
    """Return the tables of a list; what is none of them counts as an empty one, in its place."""
    if not isinstance(value, list):
        return []
    return [item if isinstance(item, dict) else {} for item in value]


def _text(table: Mapping[str, object], key: str) -> str | None:
    value = table.get(key)
    return value if isinstance(value, str) else None


def _given(table: Mapping[str, object], key: str) -> bool:
    return table.get(key) is not None


# --- accepted, with a warning ---------------------------------------------------------------------


def warnings(document: PortfolioDocument, catalogue: Catalogue) -> Iterator[str]:
    """Say what is accepted and yet doubtful, one sentence each, account and symbol first."""
    for account in document.accounts:
        if account.haircuts and account.collateral is not Collateral.MULTI_ASSET:
            yield f"{account.id}: haircuts count only with collateral = 'multi-asset'."
        for position in account.positions:
            subject = f"{account.id} {position.symbol}"
            if doubt := _unchecked(position, account.venue, catalogue):
                yield f"{subject}: {doubt}"
            mark = position.mark_price
            if mark is not None and (doubt := far_from_mark(position.entry_price, mark)):
                yield f"{subject}: {doubt}"


def _unchecked(position: PositionTable, venue: str, catalogue: Catalogue) -> str | None:
    """Say why a symbol was taken as it is written, ``None`` where it was found or needs no list."""
    if venue == MANUAL_VENUE or (position.contract_size and position.maintenance_rate):
        return None
    if not catalogue.has_list(venue):
        return f"there is no market list of {venue} to check it against."
    if catalogue.find(MarketKey(venue, position.symbol)) is None:
        return f"is not in the embedded market list of {venue}, which is not complete."
    return None
