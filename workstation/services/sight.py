"""How much of the book is seen, and what was last known of the rest.

The engine calls a pool unknown as soon as one of its marks is (``status`` says so, and so does the
JSON). Whoever shows the book to a person must not let that look like calm: a book without its worst
pool is a better book. So the last report in which every mark was known is kept here. While no mark
of the book is of now the book is *blind*, and that report is what is shown, as of then. While only
some marks are missing the new report is shown, and *lost* is what was liquidated next of the part
that is missing, if it was nearer than what is seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from workstation.market.facts import VenueHealth, VenueState
from workstation.risk.inputs import PositionKey
from workstation.risk.report import (
    MarkSource,
    NextLiquidation,
    PositionReport,
    RiskReport,
    ScenarioReport,
)
from workstation.units import UnixMs

OF_NOW: Final = frozenset({MarkSource.VENUE, MarkSource.ESTIMATED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """How much of the book is seen at ``now_ms``.

    ``blind_since_ms`` is when a mark of the book was last of now, ``None`` while one is;
    ``lost_since_ms`` is when the part that is missing was last seen.
    """

    now_ms: UnixMs
    blind_since_ms: UnixMs | None = None
    lost: NextLiquidation | None = None
    lost_since_ms: UnixMs | None = None
    some_venue_answers: bool = True

    @property
    def blind(self) -> bool:
        return self.blind_since_ms is not None


SEEN: Final = Sight(now_ms=UnixMs(0))


def answers(health: Iterable[VenueHealth]) -> bool:
    """Tell whether any venue does."""
    return any(venue.state is VenueState.LIVE for venue in health)


class LastSeen:
    """Keeps the last answers about a book that was seen; for one book at one market.

    ``risk`` and ``scenario`` are the newest ones of which every mark was known that ever was.
    """

    def __init__(self) -> None:
        self.risk: RiskReport | None = None
        self.scenario: ScenarioReport | None = None
        self._seen_ms: UnixMs | None = None

    def look(
        self, risk: RiskReport, scenario: ScenarioReport | None, *, some_venue_answers: bool
    ) -> Sight:
        """Take in the newest answer, and return how much of the book it sees."""
        sees = any(row.mark_source in OF_NOW for row in risk.positions)
        missing = self._missing(risk)
        if self.risk is not None and missing and not sees:
            return Sight(
                now_ms=risk.as_of_ms,
                blind_since_ms=self._seen_ms,
                some_venue_answers=some_venue_answers,
            )
        if sees:
            self._seen_ms = risk.as_of_ms
        if sees and not missing:
            self.risk, self.scenario = risk, scenario
        lost = self._lost(risk, missing)
        return Sight(
            now_ms=risk.as_of_ms,
            lost=lost,
            lost_since_ms=self.risk.as_of_ms if lost and self.risk else None,
            some_venue_answers=some_venue_answers,
        )

    def _missing(self, risk: RiskReport) -> set[PositionKey]:
        """Return the positions whose mark was known and is not now."""
        known = self.risk.positions if self.risk else ()
        had = {_key(row) for row in known if row.mark_price is not None}
        return had & {_key(row) for row in risk.positions if row.mark_price is None}

    def _lost(self, risk: RiskReport, missing: set[PositionKey]) -> NextLiquidation | None:
        """Return what was next of the pools that are unknown now, unless something seen is nearer.

        A pool is unknown whole, so what was next may itself still have a mark.
        """
        was = self.risk.next_liquidation if self.risk and missing else None
        if was is None:
            return None
        key, now = PositionKey(was.account, was.symbol, was.side), risk.next_liquidation
        priced = {_key(row) for row in risk.positions if row.liquidation_price is not None}
        held = {_key(row) for row in risk.positions}
        if key in priced or key not in held:
            return None
        return was if now is None or abs(was.distance) < abs(now.distance) else None


def _key(row: PositionReport) -> PositionKey:
    return PositionKey(row.account, row.symbol, row.side)
