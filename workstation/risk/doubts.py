"""What is computed and yet doubtful of a book at the present marks, one sentence each.

A portfolio file is checked when it is read (``portfolio.formats``); what needs a mark or the
venue's tiers is checked here, whenever the risk is.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from workstation.market.instrument import MarketKey
from workstation.portfolio.plausibility import far_from_mark
from workstation.risk.betas import STABLECOINS
from workstation.risk.inputs import RiskInputs
from workstation.risk.pools import Leg
from workstation.risk.standing import Standing


def doubts(standings: Iterable[Standing], inputs: RiskInputs) -> Iterator[str]:
    """Say what of the positions is accepted and yet doubtful, account and symbol first.

    The last sentence names the dollars that are taken at par.
    """
    assumed: set[str] = set()
    for standing in standings:
        account = standing.pool.account
        for leg in standing.pool.legs:
            where = f"{account.id} {leg.position.symbol}"
            if doubt := _too_much_leverage(account.venue, leg, inputs):
                yield f"{where}: {doubt}"
            if doubt := far_from_mark(leg.position.entry_price, leg.mark):
                yield f"{where}: {doubt}"
        assumed |= {coin for coin in standing.pool.assets if _at_par(coin, inputs)}
    if assumed:
        yield f"{', '.join(sorted(assumed))}: counted as 1 USD, because no price is known."


def _at_par(coin: str, inputs: RiskInputs) -> bool:
    return coin in STABLECOINS and coin != "USD" and coin not in inputs.coin_prices


def _too_much_leverage(venue: str, leg: Leg, inputs: RiskInputs) -> str | None:
    """Say that a venue gives no such leverage for this size, as far as its limit is known."""
    leverage = leg.position.leverage
    if leverage is None:
        return None
    most, source = _most_leverage(leg)
    listed = inputs.listing(MarketKey(venue, leg.position.symbol), leg.position)
    if most is None and listed is not None:
        most, source = listed.max_leverage, listed.source
    if most is None or leverage <= most:
        return None
    return (
        f"its leverage of {leverage:,.10g} is above the {most:,.10g} that {venue} allows for this "
        f"size ({source})."
    )


def _most_leverage(leg: Leg) -> tuple[float | None, str]:
    """Return the maximum leverage of the position's tier, and which table says so."""
    if leg.tiers is None or (size := leg.size(1.0)) is None:
        return None, ""
    most = float(leg.tiers.max_leverage[leg.tiers.row(size)])
    return (None if math.isnan(most) else most), leg.tiers.label
