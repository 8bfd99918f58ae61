"""Which steps of a rescue have to wait for an earlier one: an order frees what a transfer takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from workstation.risk.rescue_report import Action, RescueRow, Step


def in_order(
    rows: Iterable[RescueRow],
    spare_at_start: Callable[[str, str], float],
    fee: Callable[[Step], float],
) -> tuple[RescueRow, ...]:
    """Return the rows with every transfer that has to wait marked by the step that it waits for.

    Parameters
    ----------
    spare_at_start : what an account can give of an asset before anything is done
    fee : of a transfer, in its asset
    """
    steps = _Order(spare_at_start, fee)
    return tuple(replace(row, steps=tuple(steps.of(row))) for row in rows)


class _Order:
    # Counts the steps over all rows, from 1, and what has been taken of whom.

    def __init__(
        self, spare_at_start: Callable[[str, str], float], fee: Callable[[Step], float]
    ) -> None:
        self._spare_at_start, self._fee = spare_at_start, fee
        self._number = 0
        self._taken: dict[tuple[str, str], float] = {}
        self._freed: dict[str, int] = {}  # by account: the last step that added to its wallet

    def of(self, row: RescueRow) -> Iterator[Step]:
        for step in row.steps:
            self._number += 1
            yield self._marked(step)
            if step.action is Action.CUT or not row.isolated:
                self._freed[step.account] = self._number

    def _marked(self, step: Step) -> Step:
        if step.action is not Action.TRANSFER:
            return step
        key = step.origin, step.asset
        taken = self._taken.get(key, 0.0) + step.amount + self._fee(step)
        self._taken[key] = taken
        if step.origin in self._freed and taken > self._spare_at_start(*key):
            return replace(step, waits_for=self._freed[step.origin])
        return step
