"""Positions that the mark has passed since their account was read: they count as lost from then on.

What was passed stays passed when the price is back: the venue has liquidated it. Only the account
or the file, read again, knows better.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import Final

from workstation.market.instrument import MarketKey
from workstation.risk.inputs import MarkRange, PositionKey, Presumption, RiskInputs
from workstation.risk.report import MarkSource, PositionReport, RiskReport, Status
from workstation.units import UnixMs, iso_utc

_LIVE: Final = (MarkSource.VENUE, MarkSource.ESTIMATED)
_UNTIL: Final = "it counts as lost until the account or the file is read again."


class Presumptions:
    """Keeps what was passed, and how each position that is below maintenance last stood alive.

    A look reads no more than the status of what is alive: the rows of a large book are costly.
    """

    def __init__(self) -> None:
        self._lost: dict[PositionKey, Presumption] = {}
        self._alive: dict[PositionKey, PositionReport] = {}
        self._before: Sequence[PositionReport] = ()  # the rows of the last look
        self._kept: Container[str] | None = None  # whose rows still hold; ``None``: all

    def keep(self, accounts: Container[str]) -> None:
        """Forget the positions of every other account: it was read again, or is gone."""
        self._lost = {key: lost for key, lost in self._lost.items() if key.account in accounts}
        self._alive = {key: row for key, row in self._alive.items() if key.account in accounts}
        self._kept = accounts

    def known(self) -> dict[PositionKey, Presumption]:
        return dict(self._lost)

    def look(self, risk: RiskReport, inputs: RiskInputs) -> None:
        """Take in a report: what the mark passed between two looks, or stands beyond now."""
        for place, row in enumerate(risk.positions):
            if row.status is Status.OK:
                continue
            key = _key(row)
            if key not in self._lost and (lost := self._found(place, row, inputs)) is not None:
                self._lost[key] = lost
        self._before, self._kept = risk.positions, None

    def _found(self, place: int, row: PositionReport, inputs: RiskInputs) -> Presumption | None:
        if row.status is Status.PRESUMED_LIQUIDATED:
            return _between(row, inputs.ranges.get(MarketKey(row.venue, row.symbol)))
        alive = self._last_alive(place, row) if row.status is Status.BELOW_MAINTENANCE else None
        return None if alive is None else _beyond(row, alive, inputs.now_ms)

    def _last_alive(self, place: int, row: PositionReport) -> PositionReport | None:
        """Return a position's row when it was last seen alive; it keeps its place in a book."""
        key, held = _key(row), self._kept is None or row.account in self._kept
        before = self._before[place] if held and place < len(self._before) else None
        if before is not None and before.status is Status.OK and _key(before) == key:
            self._alive[key] = before
        return self._alive.get(key)


def _key(row: PositionReport) -> PositionKey:
    return PositionKey(row.account, row.symbol, row.side)


def _between(row: PositionReport, seen: MarkRange | None) -> Presumption:
    """Return what is known of a position whose price lies in the range of the marks since."""
    for end, mark, time_ms in _passed(row, seen):
        when = f"{iso_utc(time_ms)} ({seen.source})" if seen else iso_utc(time_ms)
        return Presumption(sentence=_said(row, mark, when, end), price=end)
    return Presumption(
        sentence=f"{_where(row)}: its margin backed a position that the mark has passed; {_UNTIL}",
        price=row.mark_price,
    )


def _passed(row: PositionReport, seen: MarkRange | None) -> Iterator[tuple[float, float, UnixMs]]:
    """Yield each price that was passed, the mark furthest beyond it, and when that stood."""
    mark = row.mark_price
    for end in (row.liquidation_price, row.liquidation_price_other):
        if seen is None or mark is None or end is None:
            continue
        if seen.low <= end < mark:
            yield end, seen.low, seen.low_ms
        elif mark < end <= seen.high:
            yield end, seen.high, seen.high_ms


def _beyond(row: PositionReport, before: PositionReport, now_ms: UnixMs) -> Presumption | None:
    """Return what is known of a position whose venue's mark has gone past the price it had alive.

    One that is below maintenance for another reason (other tiers, another leg) may be alive still;
    so may one that was last seen alive at a mark of the file.
    """
    end, then, mark = before.liquidation_price, before.mark_price, row.mark_price
    if row.mark_source is not MarkSource.VENUE or before.mark_source not in _LIVE:
        return None
    if end is None or then is None or mark is None or (end - then) * (end - mark) > 0:
        return None
    when = f"{iso_utc(now_ms)} (marks of this session)"
    return Presumption(sentence=_said(row, mark, when, end), price=end)


def _where(row: PositionReport) -> str:
    return f"{row.account} {row.symbol} {row.side}"


def _said(row: PositionReport, mark: float, when: str, end: float) -> str:
    return (
        f"{_where(row)}: the mark stood at {mark:,.10g} at {when}, "
        f"beyond its liquidation price of {end:,.10g}; {_UNTIL}"
    )
