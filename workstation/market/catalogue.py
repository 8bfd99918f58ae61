"""Which venues and contracts are known: the embedded lists, and live ones laid over them.

The embedded lists (``resources/markets/<venue>.json``) hold only what has a source, each row with
its own and the day of it; they age, so a list that a venue gave is preferred row by row. Most of
them are not complete: there a symbol that is missing may exist all the same, if its coin is known
somewhere and the venue has contracts of its form. A venue without a list has nothing to check a
symbol against: what the user writes is taken.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import orjson

from workstation import paths
from workstation.market.instrument import Contract, Instrument, MarketKey, contract_of, split_symbol

_VENUES_FILE: Final = "venues.json"
_FOLDER: Final = "markets"
_CLOSE_ENOUGH: Final = 0.6  # difflib's own default: below it a suggestion only puzzles
_LONGEST_WORD: Final = 100  # characters: the comparison is quadratic

VenueList = Mapping[str, Instrument]


class _Row(NamedTuple):
    """A row of a list's file, in the order of its ``columns``."""

    symbol: str
    contract_size: float
    tick: float | None
    lot: float | None
    max_leverage: float | None
    source: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Known venues, and per venue the known contracts by symbol; immutable, so threads share it."""

    venues: frozenset[str]
    lists: Mapping[str, VenueList]
    complete: frozenset[str]  # venues whose list has every contract
    coins: frozenset[str]  # bases of all lists

    @classmethod
    def embedded(cls) -> Catalogue:
        """Return the lists that ship with the program (read once)."""
        return _embedded()

    def with_instruments(
        self, instruments: Iterable[Instrument], *, complete: bool = False
    ) -> Catalogue:
        """Return a catalogue in which these rows replace the older ones of their symbols.

        ``complete`` says that these are all contracts of their venues, as a venue itself lists
        them: what its list lacks then does not exist.
        """
        fresh: dict[str, dict[str, Instrument]] = {}
        for instrument in instruments:
            fresh.setdefault(instrument.key.venue, {})[instrument.key.symbol] = instrument
        merged = {venue: {**self.lists.get(venue, {}), **rows} for venue, rows in fresh.items()}
        known_whole = self.complete | merged.keys() if complete else self.complete
        return _catalogue(self.venues | merged.keys(), {**self.lists, **merged}, known_whole)

    def has_list(self, venue: str) -> bool:
        return venue in self.lists

    def find(self, key: MarketKey) -> Instrument | None:
        """Return the contract, ``None`` where the list lacks it or the venue has no list."""
        return self.lists.get(key.venue, {}).get(key.symbol)

    def may_exist(self, key: MarketKey) -> bool:
        """Tell whether a contract that its venue's list lacks may be real nevertheless.

        Raises
        ------
        ValueError
            The symbol is not that of a derivative.
        """
        base, *form = split_symbol(key.symbol)
        if key.venue in self.complete or base not in self.coins:
            return False
        rows = self.lists.get(key.venue, {}).values()
        inverse = contract_of(key.symbol) is Contract.INVERSE
        return any(
            row.quote == form[0] if inverse else [row.quote, row.settle] == form
            for row in rows
            if (row.contract is Contract.INVERSE) == inverse
        )

    def symbols(self, venue: str) -> tuple[str, ...]:
        """Return the known symbols of a venue, sorted; empty where it has no list."""
        return tuple(sorted(self.lists.get(venue, {})))

    def nearest_symbol(self, key: MarketKey) -> str | None:
        """Return the known symbol that looks most like this one, if any is near."""
        return nearest(key.symbol, self.lists.get(key.venue, {}))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the word of ``known`` that looks most like ``word``, case aside, if any is near."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    folded = word[:_LONGEST_WORD].casefold()
    begun = [candidate for candidate in by_folded if folded and candidate.startswith(folded)]
    found = difflib.get_close_matches(folded, begun or by_folded, n=1, cutoff=_CLOSE_ENOUGH)
    return by_folded[found[0]] if found else None


@cache
def _embedded() -> Catalogue:
    documents = {
        file.name: orjson.loads(file.read_bytes())
        for file in paths.resource(_FOLDER).iterdir()
        if file.name.endswith(".json")
    }
    venues = frozenset(documents.pop(_VENUES_FILE)["venues"])
    lists = {item["venue"]: _venue_list(item) for item in documents.values()}
    complete = {item["venue"] for item in documents.values() if item["complete"]}
    return _catalogue(venues, lists, frozenset(complete))


def _catalogue(
    venues: frozenset[str], lists: Mapping[str, VenueList], complete: frozenset[str]
) -> Catalogue:
    coins = frozenset(row.base for rows in lists.values() for row in rows.values())
    return Catalogue(venues, MappingProxyType(dict(lists)), complete, coins)


def _venue_list(document: Mapping[str, Any]) -> VenueList:
    venue = document["venue"]
    sources = {
        name: f"embedded {source['date']}: {source['text']}"
        for name, source in document["sources"].items()
    }
    rows = (_instrument(venue, _Row(*row), sources) for row in document["markets"])
    return MappingProxyType({row.key.symbol: row for row in rows})


def _instrument(venue: str, row: _Row, sources: Mapping[str, str]) -> Instrument:
    base, quote, settle = split_symbol(row.symbol)
    return Instrument(
        key=MarketKey(venue, row.symbol),
        contract=contract_of(row.symbol),
        base=base,
        quote=quote,
        settle=settle,
        contract_size=row.contract_size,
        tick=row.tick,
        lot=row.lot,
        max_leverage=row.max_leverage,
        source=sources[row.source],
    )
