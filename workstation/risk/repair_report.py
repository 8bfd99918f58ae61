"""What a repair answers: deposits, or cuts instead of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from workstation.market.instrument import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCollateral:
    """The smallest deposit; ``symbol`` ``None`` means the account's wallet.

    ``side`` tells two isolated legs of one symbol apart.
    """

    account: str
    symbol: str | None
    asset: str
    amount: float
    side: Side | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduce:
    """The smallest cut of one position.

    ``cost_usd`` is the taker fee at the mark; ``slippage_usd`` is what crossing the spread costs
    beside it. ``value_usd`` is the face of what is cut, at its mark.
    """

    account: str
    symbol: str
    side: Side
    quantity: float
    cost_usd: float
    slippage_usd: float = 0.0
    value_usd: float = 0.0

    @property
    def pays_usd(self) -> float:
        """Fee and slippage: what is gone in any case."""
        return self.cost_usd + self.slippage_usd


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """Two alternatives, each of which alone keeps everything alive."""

    add_collateral: tuple[AddCollateral, ...] = ()
    reduce: tuple[Reduce, ...] = ()


NO_REPAIR: Final = Repair()
