"""The parameters of the simulated market: how the crowd trades, and which venues it trades on.

"Section" is the generator of the literature that the model follows: Poisson arrivals of accounts
with a leverage menu, stops, take-profits, top-ups and lifetimes, hedgers beside them, and a price
that forced orders push. Its figures were chosen there so that liquidations come to 1.6-2.1 % of
open interest a day and 5-10 % on the worst day. ``[A]`` marks an assumption of ours without an
outside source.

``Generator`` is a ``NamedTuple`` and not a dataclass because the compiled kernels take it as is.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from workstation.market.instrument import Contract, MarketKey, contract_of


class Generator(NamedTuple):
    """How one coin's crowd and price behave; quantities are coins, rates fractions."""

    # Price. Volatility is per square root of an hour, at multiplier 1: 1.7 % a day.
    volatility_per_sqrt_h: float = 0.0035  # BTCUSDT, January 2026: 0.4 % an hour
    volatility_reversion_h: float = 6.0  # [A]
    volatility_spread: float = 0.35  # [A] standard deviation of its logarithm
    volatility_memory_s: float = 600.0  # [A] how long a large move keeps the market nervous
    surprise_cap: float = 400.0  # [A] standardised squares: one jump is no regime
    volatility_floor: float = 0.3
    volatility_cap: float = 12.0
    jumps_per_day: float = 0.45
    jump_mean: float = -0.004
    jump_deviation: float = 0.012
    campaigns_per_day: float = 1.0  # [A] large orders worked over an hour or so
    campaign_deviation: float = 0.010  # [A]
    campaign_s: float = 3_600.0  # [A]

    # What forced orders do to the price.
    depth_base: float = 15_000.0  # coins that move the price by 1 % in a calm market
    depth_collapse: float = 0.4  # depth divides by 1 + 0.4 (v - 1)
    reverting_share: float = 0.7  # of the push comes back
    refill_s: float = 240.0  # the book refills by 20.7 % a minute
    stretch: float = 0.02  # the further it is stretched, the faster it comes back
    stretch_cap: float = 0.04  # beyond it the insurance fund takes over: no market sale
    execution_usd_per_s: float = 20e6  # of the venues' liquidation engines
    mark_share: float = 0.7  # of the stretch that the mark price follows [A]
    index_share: float = 0.5  # of the stretch that the index follows [A]

    # Accounts. Arrivals are those of the whole coin.
    arrivals_per_minute: float = 4.0  # [A] a tenth of real life, accounts ten times as large
    size_base: float = 7.0  # [A] coins at 10x, times a Pareto variable
    size_tail: float = 1.6
    size_cap_base: float = 900.0  # [A]
    size_by_leverage: float = 0.6  # size falls with (10 / leverage) ** this
    lifetime_by_leverage: float = 0.4
    maintenance_rate: float = 0.004  # first tier of most venues
    stop_share: float = 0.40
    stop_nearest: float = 0.15  # of the distance to the liquidation price
    stop_furthest: float = 0.90
    target_share: float = 0.50
    target_nearest: float = 0.3  # [A] of the same distance, on the other side
    target_furthest: float = 1.2  # [A]
    top_up_share: float = 0.30  # of the accounts that touch their liquidation price
    top_up_distance: float = 0.60  # the liquidation price moves away by this much of its distance
    top_ups: int = 2
    partial_from_usd: float = 1e6  # larger positions are closed by halves
    partial_relief: float = 0.15  # [A] of its distance, by which the rest then lies further away
    short_leverage: float = 0.85
    long_bias: float = 0.25  # log odds of an arrival being long
    momentum_bias: float = 1.0
    momentum_scale: float = 0.004
    momentum_s: float = 1_800.0  # [A]
    skew_bias: float = 0.4
    skew_s: float = 86_400.0  # [A]

    # Hedgers and market makers: the other side of every account, and each other's.
    hedged_base: float = 185_000.0  # coins, about 60 % of open interest
    hedged_by_basis: float = 0.16  # [A] carry trades grow with the premium and unwind with it
    hedged_reversion_s: float = 14_400.0  # [A]
    hedged_noise: float = 0.01  # [A] standard deviation, reverting like the rest

    # Premium of the perpetual over the index, and funding from it.
    premium_by_crowd: float = 0.0038  # [A] premium if every account were long
    own_crowd_weight: float = 0.3  # [A] the rest is the crowd of all venues: arbitrage binds them
    premium_reversion_s: float = 900.0  # [A]
    capital_noise: float = 0.000_25  # [A] of the arbitrage capital, standard deviation, all venues
    capital_noise_s: float = 43_200.0  # [A]
    premium_noise: float = 0.000_12  # [A] standard deviation per venue, times volatility
    premium_noise_s: float = 90.0  # [A]
    premium_memory_s: float = 3_600.0  # [A] the venues average the premium over the window
    interest_rate_8h: float = 0.0001
    interest_band: float = 0.0005  # clamp(interest - premium, -0.05 %, 0.05 %)
    funding_cap_8h: float = 0.003  # [A] venues differ: 0.3 % to 2 %

    # Trading.
    volume_per_day_base: float = 600_000.0  # all perpetuals here, a calm day
    spread_rate: float = 0.000_02  # [A] at multiplier 1


LEVERAGES: Final = (3.0, 5.0, 10.0, 20.0, 25.0, 50.0, 75.0, 100.0, 125.0)
LEVERAGE_WEIGHTS: Final = (0.05, 0.13, 0.22, 0.22, 0.10, 0.14, 0.05, 0.07, 0.02)
LIFETIMES_H: Final = (0.5, 8.0, 96.0, 600.0)
LIFETIME_WEIGHTS: Final = (0.45, 0.30, 0.18, 0.07)

BTC: Final = Generator()


def _alt(btc_price_ratio: float, size: float, volatility: float) -> Generator:
    """Return the crowd of a smaller coin: ``size`` of BTC's dollars, half as many accounts."""
    coins = btc_price_ratio * size
    return BTC._replace(
        volatility_per_sqrt_h=volatility,
        volatility_reversion_h=12.0,
        jumps_per_day=0.3,
        jump_mean=0.0,
        campaigns_per_day=0.5,
        campaign_deviation=0.008,
        depth_base=BTC.depth_base * coins,
        execution_usd_per_s=BTC.execution_usd_per_s * size,
        arrivals_per_minute=BTC.arrivals_per_minute / 2,
        size_base=2 * BTC.size_base * coins,
        size_cap_base=2 * BTC.size_cap_base * coins,
        hedged_base=BTC.hedged_base * coins,
        volume_per_day_base=BTC.volume_per_day_base * coins,
    )


class Coin(NamedTuple):
    """One simulated coin; ``price`` is what it costs when BTC costs ``BTC_PRICE``.

    ``beta`` multiplies BTC's logarithmic return; a coin's own noise comes on top and reverts.
    """

    name: str
    price: float
    beta: float
    generator: Generator


BTC_PRICE: Final = 71_000.0
COINS: Final = (
    Coin("BTC", BTC_PRICE, 1.0, BTC),
    Coin("ETH", 2_100.0, 1.25, _alt(BTC_PRICE / 2_100.0, 0.55, 0.0018)),  # betas: defaults of the
    Coin("SOL", 91.0, 1.35, _alt(BTC_PRICE / 91.0, 0.15, 0.0026)),  # propagation model
)


class SimulatedVenue(NamedTuple):
    """One venue: its share of the crowd, funding interval, and what it publishes.

    ``published`` is the rule of its liquidation feed: ``all``, the ``largest`` or the ``first`` of
    a second and symbol, or ``none``.
    """

    name: str
    share: float
    funding_interval_h: int
    published: str
    latency_ms: float
    symbols: tuple[str, ...]


_LINEAR: Final = ("BTC/USDT:USDT", "ETH/USDT:USDT", "SOL/USDT:USDT")
VENUES: Final = (  # shares [A]; feed rules as the venues document them
    SimulatedVenue("binanceusdm", 0.38, 8, "largest", 34.0, _LINEAR),
    SimulatedVenue("bybit", 0.24, 8, "all", 41.0, (*_LINEAR, "BTC/USD:BTC")),
    SimulatedVenue("okx", 0.18, 8, "first", 48.0, (*_LINEAR, "BTC/USD:BTC")),
    SimulatedVenue(
        "hyperliquid", 0.13, 1, "none", 62.0, ("BTC/USDC:USDC", "ETH/USDC:USDC", "SOL/USDC:USDC")
    ),
    SimulatedVenue("deribit", 0.07, 8, "all", 55.0, ("BTC/USD:BTC", "ETH/USD:ETH")),
)
INVERSE_SHARE: Final = 0.2  # [A] of a venue that also has the linear contract


class SimulatedMarketRow(NamedTuple):
    """One contract of one coin, with its share of the coin's crowd."""

    key: MarketKey
    venue: SimulatedVenue
    share: float
    is_inverse: bool


def markets_of(coin: str) -> tuple[SimulatedMarketRow, ...]:
    """Return the contracts of a coin; their shares sum to one."""
    rows = []
    for venue in VENUES:
        symbols = [s for s in venue.symbols if s.partition("/")[0] == coin]
        for symbol in symbols:
            inverse = contract_of(symbol) is Contract.INVERSE
            part = INVERSE_SHARE if inverse else 1 - INVERSE_SHARE
            share = venue.share * (part if len(symbols) > 1 else 1.0)
            rows.append(SimulatedMarketRow(MarketKey(venue.name, symbol), venue, share, inverse))
    total = sum(row.share for row in rows)
    return tuple(row._replace(share=row.share / total) for row in rows)
