"""Positions that the mark has passed since their account was read: they count as lost from then on.

What was passed stays passed when the price is back: the venue has liquidated it. Only the account
or the file, read again, knows better.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Final, NamedTuple

from workstation.market.instrument import MarketKey
from workstation.risk.inputs import MarkRange, PositionKey, Presumption, RiskInputs
from workstation.risk.report import MarkSource, PositionReport, RiskReport, Status
from workstation.units import UnixMs, iso_utc

_UNTIL: Final = "it counts as lost until the account or the file is read again."


class _Seen(NamedTuple):
    """A position when it was last seen alive."""

    price: float | None  # its liquidation price
    mark: float | None


class Presumptions:
    """Keeps what was passed, and how each position stood while it was alive."""

    def __init__(self) -> None:
        self._lost: dict[PositionKey, Presumption] = {}
        self._alive: dict[PositionKey, _Seen] = {}

    def keep(self, accounts: Container[str]) -> None:
        """Forget the positions of every other account: it was read again, or is gone."""
        self._lost = {key: lost for key, lost in self._lost.items() if key.account in accounts}
        self._alive = {key: seen for key, seen in self._alive.items() if key.account in accounts}

    def known(self) -> dict[PositionKey, Presumption]:
        return dict(self._lost)

    def look(self, risk: RiskReport, inputs: RiskInputs) -> None:
        """Take in a report: what the mark passed between two looks, or stands beyond now."""
        doubtful = {
            row.account
            for row in risk.positions
            if row.status is Status.BELOW_MAINTENANCE and row.mark_source is not MarkSource.VENUE
        }
        for row in risk.positions:
            key = PositionKey(row.account, row.symbol, row.side)
            before = self._alive.get(key)
            if key in self._lost:
                continue
            if row.status is Status.OK:
                self._alive[key] = _Seen(row.liquidation_price, row.mark_price)
            elif row.status is Status.PRESUMED_LIQUIDATED:
                seen = inputs.ranges.get(MarketKey(row.venue, row.symbol))
                self._lost[key] = _between(row, seen)
            elif row.status is Status.BELOW_MAINTENANCE and before and row.account not in doubtful:
                self._lost[key] = _beyond(row, before, inputs.now_ms)


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


def _beyond(row: PositionReport, before: _Seen, now_ms: UnixMs) -> Presumption:
    """Return what is known of a position that was alive, and is below maintenance at the mark."""
    when = f"{iso_utc(now_ms)} (marks of this session)"
    end, mark = before.price, row.mark_price
    if end is not None and mark is not None and _lies_between(end, before.mark, mark):
        return Presumption(sentence=_said(row, mark, when, end), price=end)
    sentence = f"{_where(row)}: its pool fell below maintenance at {when}; {_UNTIL}"
    return Presumption(sentence=sentence, price=mark)


def _lies_between(end: float, then: float | None, now: float) -> bool:
    return then is not None and (end - then) * (end - now) <= 0


def _where(row: PositionReport) -> str:
    return f"{row.account} {row.symbol} {row.side}"


def _said(row: PositionReport, mark: float, when: str, end: float) -> str:
    return (
        f"{_where(row)}: the mark stood at {mark:,.10g} at {when}, "
        f"beyond its liquidation price of {end:,.10g}; {_UNTIL}"
    )
