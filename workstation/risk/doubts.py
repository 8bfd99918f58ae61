"""What is computed and yet doubtful of a book at the present marks, one sentence each.

A portfolio file is checked when it is read (``portfolio.formats``); what needs a mark or the
venue's tiers is checked here, whenever the risk is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from workstation.market.facts import FloatArray
from workstation.market.instrument import MarketKey
from workstation.portfolio.model import Account
from workstation.portfolio.plausibility import FAR_FROM_MARK, far_from_mark
from workstation.risk.betas import STABLECOINS
from workstation.risk.inputs import RiskInputs
from workstation.risk.kernels.margin_arrays import BoolArray
from workstation.risk.legs import Leg
from workstation.risk.order_margin import lifted_tier
from workstation.risk.pools import Pool
from workstation.risk.tiers import TierUnit


def doubts(account: Account, leg: Leg, inputs: RiskInputs) -> Iterator[str]:
    """Say what of a position is accepted and yet doubtful."""
    if doubt := _too_much_leverage(account.venue, leg, inputs):
        yield doubt
    if doubt := lifted_tier(account, leg):
        yield doubt
    if doubt := far_from_mark(leg.position.entry_price, leg.mark):
        yield doubt


class DoubtfulLegs:
    """Tells of which legs of a compiled book ``doubts`` has something to say."""

    def __init__(self, pools: Sequence[Pool], inputs: RiskInputs) -> None:
        held = [(pool.account.venue, leg) for pool in pools for leg in pool.legs]
        self._entry = np.array([leg.position.entry_price for _, leg in held])
        self._leverage = _column(leg.position.leverage for _, leg in held)
        self._contracts = _column(leg.contracts for _, leg in held)
        self._listed = _column(_listed_most(venue, leg, inputs)[0] for venue, leg in held)
        tables = {id(leg.table): leg.table for _, leg in held}
        own: dict[int, list[int]] = {name: [] for name in tables}
        for k, (_, leg) in enumerate(held):
            own[id(leg.table)].append(k)
        self._limits = [
            (table, np.array(own[name]))
            for name, table in tables.items()
            if not np.isnan(table.max_leverage).all()
        ]

    def __call__(self, value: FloatArray, mark: FloatArray) -> BoolArray:
        """Return the answer at (legs,) values and marks, (legs,)."""
        most = self._listed.copy()
        for table, own in self._limits:
            size = value[own] if table.unit is TierUnit.VALUE else self._contracts[own]
            told = table.max_leverage[table.rows(size)]
            most[own] = np.where(np.isnan(told), most[own], told)
        doubtful: BoolArray = self._leverage > most
        return doubtful | (np.abs(self._entry / mark - 1) > FAR_FROM_MARK)


def _column(values: Iterable[float | None]) -> FloatArray:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def at_par(pools: Iterable[Pool], inputs: RiskInputs) -> Iterator[str]:
    """Name the dollars that back something and are taken at par."""
    assumed = {coin for pool in pools for coin in pool.assets if _at_par(coin, inputs)}
    for coin in sorted(assumed):
        yield f"{coin}: counted as 1 USD, because no price is known."


def _at_par(coin: str, inputs: RiskInputs) -> bool:
    return coin in STABLECOINS and coin != "USD" and coin not in inputs.coin_prices


def _too_much_leverage(venue: str, leg: Leg, inputs: RiskInputs) -> str | None:
    """Say that a venue gives no such leverage for this size, as far as its limit is known."""
    leverage = leg.position.leverage
    if leverage is None:
        return None
    most, source = _most_leverage(leg)
    if most is None:
        most, source = _listed_most(venue, leg, inputs)
    if most is None or leverage <= most:
        return None
    return (
        f"its leverage of {leverage:,.10g} is above the {most:,.10g} that {venue} allows for this "
        f"size ({source})."
    )


def _listed_most(venue: str, leg: Leg, inputs: RiskInputs) -> tuple[float | None, str]:
    """Return the contract's own maximum, for any size, and who says so."""
    listed = inputs.listing(MarketKey(venue, leg.position.symbol), leg.position)
    return (listed.max_leverage, listed.source) if listed else (None, "")


def _most_leverage(leg: Leg) -> tuple[float | None, str]:
    """Return the maximum leverage of the position's tier, and which table says so."""
    if leg.tiers is None or (size := leg.size(1.0)) is None:
        return None, ""
    most = float(leg.tiers.max_leverage[leg.tiers.row(size)])
    return (None if math.isnan(most) else most), leg.tiers.label
