"""What the loopback's user holds at a venue, and what the venue's own arithmetic makes of it.

The arithmetic is the plain formula of one position in one tier, written down here once more so that
it does not share the engine's code. ``VenueState.rate_factor`` makes a venue charge another
maintenance rate than its table says.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.loopback.world import Listing, View
from workstation.risk.tiers import TierBook

KEY = "loopback-public-part"
SECRET = "loopback-secret-part"
PASSPHRASE = "loopback-passphrase"
STOP_FRACTION = 0.9  # of the start price: where the stop of every long stands


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """One long position; ``size`` is coins (linear) or USD (inverse), ``wallet`` the other coin."""

    listing: Listing
    size: float
    wallet: float
    leverage: float = 10.0
    fee: float = 0.0  # moves with the value
    fee_fixed: float = 0.0

    @property
    def entry(self) -> float:
        return self.listing.coin.price

    @property
    def contracts(self) -> float:
        return self.size / self.listing.contract_size

    @property
    def stop(self) -> float:
        return round(self.entry * STOP_FRACTION, 1)

    def rate(self, view: View) -> float:
        """Return the rate of the tier that holds the position, fee excluded."""
        table = TierBook.embedded().find(self.listing.key)
        assert table is not None
        return float(table.rate[0]) * view.state.rate_factor

    def value(self, price: float) -> float:
        return self.size / price if self.listing.inverse else self.size * price

    def profit(self, view: View) -> float:
        mark = view.truth(self.listing).mark_price
        gained = self.value(mark) - self.value(self.entry)
        return -gained if self.listing.inverse else gained

    def mark(self, view: View) -> float:
        return view.truth(self.listing).mark_price

    def initial(self, view: View) -> float:
        return self.value(self.mark(view)) / self.leverage + self.fee_fixed

    def maintenance(self, view: View, *, fee: bool = True) -> float:
        rate = self.rate(view) + (self.fee if fee else 0.0)
        return self.value(self.mark(view)) * rate + (self.fee_fixed if fee else 0.0)

    def balance(self, view: View) -> float:
        return self.wallet + self.profit(view)

    def liquidation(self, view: View) -> float:
        """Solve wallet + profit = maintenance for the price."""
        rate, wallet = self.rate(view) + self.fee, self.wallet - self.fee_fixed
        if self.listing.inverse:
            return self.size * (1 + rate) / (wallet + self.size / self.entry)
        return (self.size * self.entry - wallet) / (self.size * (1 - rate))


def bitcoin(view: View, *, inverse: bool = False) -> Listing:
    return next(
        item for item in view.listings if item.coin.name == "BTC" and item.inverse == inverse
    )


def ether(view: View) -> Listing:
    return next(item for item in view.listings if item.coin.name == "ETH")
