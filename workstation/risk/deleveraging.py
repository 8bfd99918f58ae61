"""ADL what-if: a winning position is closed in part by the venue, in the middle of a move.

When a liquidated account's losses exceed its margin and the insurance fund, a venue closes winners
of the other side. A hedge is then gone when it is needed. Here it is an assumption: so much of the
winning positions of a coin, when the coin reaches a price; what is left is walked on unhedged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from workstation.market.instrument import split_symbol
from workstation.portfolio.model import Account, Order, OrderType, Portfolio
from workstation.risk.inputs import RiskInputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleveraging:
    """``share`` of each winning position of a coin is closed when the coin reaches ``price``.

    ``venue`` ``None`` means every venue.
    """

    coin: str
    price: float
    share: float
    venue: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ValueError(f"share was {self.share}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleveragingOrder(Order):
    """The venue's closing of a winner: at the mark, reducing only, without a fee [A]."""


def with_deleveraging(
    portfolio: Portfolio, inputs: RiskInputs, assumed: Sequence[Deleveraging], *, use_orders: bool
) -> Portfolio:
    """Return the book with the venue's closings among its orders.

    Without ``use_orders`` the book's own are left out.
    """
    accounts = tuple(
        replace(
            account,
            orders=(
                *(account.orders if use_orders else ()),
                *_closings(account, inputs, assumed),
            ),
        )
        for account in portfolio.accounts
    )
    return replace(portfolio, accounts=accounts)


def _closings(
    account: Account, inputs: RiskInputs, assumed: Sequence[Deleveraging]
) -> Iterator[DeleveragingOrder]:
    for item in assumed:
        start = inputs.coin_price(item.coin)
        if start is None or not item.share or item.venue not in (None, account.venue):
            continue
        for position in account.positions:
            used = inputs.mark(account.key(position.symbol), position)
            wins = position.side.sign * (item.price - start) > 0
            if split_symbol(position.symbol)[0] == item.coin and wins and used is not None:
                yield DeleveragingOrder(
                    symbol=position.symbol,
                    quantity=-item.share * position.quantity,
                    type=OrderType.LIMIT,
                    price=used.price * item.price / start,
                    reduce_only=True,
                )
