"""What the book holds of each coin, and the book in one line of USD."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from workstation.risk.betas import STABLECOINS, beta_of
from workstation.risk.inputs import RiskInputs
from workstation.risk.legs import Leg
from workstation.risk.report import Exposure, Totals
from workstation.risk.standing import Standing


@dataclass(slots=True)
class _Held:
    long: float = 0.0
    short: float = 0.0
    spot: float = 0.0
    by_venue: dict[str, float] = field(default_factory=dict)

    def add(self, venue: str, base: float, *, spot: bool) -> None:
        if spot:
            self.spot += base
        elif base > 0:
            self.long += base
        else:
            self.short -= base
        self.by_venue[venue] = self.by_venue.get(venue, 0.0) + base


def exposures(standings: Iterable[Standing], inputs: RiskInputs) -> tuple[Exposure, ...]:
    """Return the delta of the book per coin, the largest in USD first.

    Contracts count with the coins that they gain a dollar a dollar on: ``q`` of a linear one,
    ``Q / mark`` of an inverse one. Spot is what is owned in the coin: balances, isolated margin and
    unrealised profit, so that a fully backed inverse short has no net exposure at any price.
    Dollar coins are no exposure while they only back something.
    """
    held: dict[str, _Held] = {}
    for standing in standings:
        if standing.counts:
            _add(held, standing, inputs)
    return _by_size(_exposure(coin, of_coin, inputs) for coin, of_coin in held.items())


def joined(parts: Iterable[Exposure]) -> tuple[Exposure, ...]:
    """Return the exposures of the parts of a book as those of the whole."""
    coins: dict[str, Exposure] = {}
    for part in parts:
        coins[part.coin] = _sum(coins[part.coin], part) if part.coin in coins else part
    return _by_size(coins.values())


def _sum(one: Exposure, other: Exposure) -> Exposure:
    sums = {
        name: getattr(one, name) + getattr(other, name)
        for name in ("long_base", "short_base", "spot_base", "net_base", "net_usd", "beta_usd")
        if getattr(one, name) is not None
    }
    venues = dict(one.by_venue)
    for venue, base in other.by_venue.items():
        venues[venue] = venues.get(venue, 0.0) + base
    return replace(one, **sums, by_venue=venues)


def _by_size(rows: Iterable[Exposure]) -> tuple[Exposure, ...]:
    return tuple(sorted(rows, key=lambda row: -abs(row.net_usd or 0.0)))


def _add(held: dict[str, _Held], standing: Standing, inputs: RiskInputs) -> None:
    pool, venue = standing.pool, standing.pool.account.venue
    for leg in pool.legs:
        held.setdefault(leg.coin, _Held()).add(venue, _coins(leg), spot=False)
        if leg.linear and leg.quote not in STABLECOINS:  # what it is bought with is owed
            paid = -leg.position.side.sign * leg.value
            held.setdefault(leg.quote, _Held()).add(venue, paid, spot=False)
    if pool.currency not in STABLECOINS and standing.balance is not None:
        held.setdefault(pool.currency, _Held()).add(venue, standing.balance, spot=True)
    for coin in pool.coins:
        price = inputs.coin_price(coin.coin)
        if coin.coin not in STABLECOINS and price:
            amount = coin.market_value / price
            held.setdefault(coin.coin, _Held()).add(venue, amount, spot=True)


def _coins(leg: Leg) -> float:
    size = leg.value if leg.coins is None else leg.coins
    return leg.position.side.sign * size


def _exposure(coin: str, held: _Held, inputs: RiskInputs) -> Exposure:
    net, price = held.long - held.short + held.spot, inputs.coin_price(coin)
    net_usd = None if price is None else net * price
    return Exposure(
        coin=coin,
        long_base=held.long,
        short_base=held.short,
        spot_base=held.spot,
        net_base=net,
        net_usd=net_usd,
        beta_usd=None if net_usd is None else net_usd * beta_of(coin, inputs.betas),
        by_venue=held.by_venue,
    )


def totals(standings: Iterable[Standing]) -> Totals:
    """Return the book in USD over the pools that have a value; the others are named."""
    equity = gross = net = 0.0
    left_out: dict[str, None] = {}
    for standing in standings:
        if standing.pool.unknown is not None or standing.value_usd is None:
            left_out[standing.pool.account.id] = None
            continue
        equity += standing.value_usd
        for leg in standing.pool.legs if standing.counts else ():
            notional = standing.notional_usd(leg) or 0.0
            gross += notional
            net += leg.position.side.sign * notional
    return in_all(equity, gross, net, tuple(left_out))


def in_all(equity: float, gross: float, net: float, left_out: tuple[str, ...]) -> Totals:
    """Return totals of equity and notionals in USD; no leverage without equity."""
    levered = equity > 0
    return Totals(
        equity_usd=equity,
        gross_notional_usd=gross,
        net_notional_usd=net,
        gross_leverage=gross / equity if levered else None,
        net_leverage=net / equity if levered else None,
        not_included=left_out,
    )
