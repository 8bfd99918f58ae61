"""How the user wants the liquidation map drawn; what the engine knows of it stays whole."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MapChoice:
    """``off`` are venues, by ccxt id, whose book is left out.

    ``with_todays_fit`` draws the columns that the newest fit would have given, instead of those
    that were known then.
    """

    off: frozenset[str] = frozenset()
    with_todays_fit: bool = False

    def with_venue(self, venue: str, *, on: bool) -> MapChoice:
        """Return the choice with a venue switched on or off."""
        off = self.off - {venue} if on else self.off | {venue}
        return MapChoice(off=off, with_todays_fit=self.with_todays_fit)


AS_KNOWN: MapChoice = MapChoice()  # every venue, as it was known: what is scored
