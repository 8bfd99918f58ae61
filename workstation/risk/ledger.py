"""Whose money is whose on the way of a scenario: positions, wallets, and what moves between them.

Every movement is noted in USD at the price of its moment, so the profits of positions and the
changes of wallets add up to the change of the whole book, whatever happens on the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from workstation.risk.inputs import PositionKey

Purse = tuple[str, str]  # account id, asset


@dataclass(slots=True)
class Ledger:
    """``start`` is what a position holds in USD at the start: its profit, its isolated margin."""

    start: dict[PositionKey, float]
    _lost: dict[PositionKey, float] = field(default_factory=dict)  # what events have told of
    _moved: dict[PositionKey, float] = field(default_factory=dict)
    _wallets: dict[Purse, float] = field(default_factory=dict)

    def move(self, key: PositionKey, asset: str, usd: float) -> None:
        """Note that a position paid ``usd`` into a wallet (negative: took from it)."""
        self._moved[key] = self._moved.get(key, 0.0) + usd
        purse = (key.account, asset)
        self._wallets[purse] = self._wallets.get(purse, 0.0) + usd

    def close(self, key: PositionKey, fraction: float, received_usd: float) -> float:
        """Note that a part of a position was closed for ``received_usd``; return what it lost.

        The part's loss is its share of what was at stake, less what it brought: from the start,
        with what was forfeited and paid. Call it before the money is moved.
        """
        loss = fraction * self.at_stake(key) - received_usd
        self._lost[key] = self._lost.get(key, 0.0) + loss
        return loss

    def at_stake(self, key: PositionKey) -> float:
        """Return what a position would lose from now on if it brought nothing more."""
        return self.owed(key) - self._lost.get(key, 0.0)

    def owed(self, key: PositionKey) -> float:
        """Return what a position would have lost if it held nothing now."""
        return self.start.get(key, 0.0) - self._moved.get(key, 0.0)

    def position_pnl(self, held_usd: Mapping[PositionKey, float]) -> dict[PositionKey, float]:
        """Return the profit of every position, given what it holds at the end."""
        keys = dict.fromkeys([*self.start, *self._moved, *held_usd])
        return {key: held_usd.get(key, 0.0) - self.owed(key) for key in keys}

    def wallet_pnl(self, purses: Iterable[tuple[Purse, float]]) -> dict[Purse, float]:
        """Return the change of wallets by their prices, given their change of value in USD."""
        return {purse: change - self._wallets.get(purse, 0.0) for purse, change in purses}
