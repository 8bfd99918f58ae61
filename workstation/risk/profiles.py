"""How each venue margins: data, not code. A venue is one entry here and its cases in the tests.

The formulas behind the entries, with their sources, are in the table of each field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from workstation.portfolio.model import MANUAL_VENUE


class MaintenancePrice(StrEnum):
    """At which price maintenance is valued while a liquidation price is sought."""

    TRIAL = "trial"  # it moves with the price that is tried
    MARK = "mark"  # of a cross pool frozen at the present mark; an isolated position's moves


class FeeInMaintenance(StrEnum):
    """Which fee a venue adds to maintenance margin."""

    NONE = "none"
    RATE = "rate"  # taker fee x value: moves with the price
    BANKRUPTCY = "bankruptcy"  # of closing at the bankruptcy price from entry: a constant


class Others(StrEnum):
    """What the other positions of a pool do while one price is tried."""

    FROZEN = "frozen"
    COMMON_SHOCK = "common_shock"


class OrderMargin(StrEnum):
    """Which initial margin resting orders take; see ``order_margin``."""

    UNKNOWN = "unknown"
    LARGER_SIDE = "larger_side"  # of the position with all bids, and with all asks


class Rounding(StrEnum):
    """How a venue prints a liquidation price, where the tick is known."""

    NONE = "none"
    TICK_SAFE = "tick_safe"  # to the tick, towards earlier liquidation
    PLUS_SIDE_TICK = "plus_side_tick"  # isolated only: the exact root, one tick towards the mark


class Reduction(StrEnum):
    """What a venue takes of a pool that has come to its maintenance margin."""

    WHOLE = "whole"  # everything at once
    TIER_STEP = "tier_step"  # of a position in a high tier what exceeds a lower one
    SHARES = "shares"  # equal parts of large positions, one after the other


@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidationRules:
    """How a venue closes what is liquidated; ``source`` grades what is secondary text.

    What is cut is taken to fill at the mark and pays the taker fee and ``fee_rate`` on its value
    (``None``: the venue charges one, of a size that is not known here, and none is counted). When
    the rest goes whole, what is left of its margin is lost. ``backstop`` is the share of
    maintenance margin at which the venue takes the position itself, 0 at the bankruptcy price.
    """

    source: str
    reduction: Reduction = Reduction.WHOLE
    tiers_down: int = 1  # tier step: how far, and so the lowest tier that is cut is one above
    whole_below_first_tier: bool = False  # no cut once equity is below the first tier's rate
    parts: int = 1  # shares: into how many equal ones a position is cut
    cut_parts: int = 0  # shares: how many of them go one by one, before the rest goes whole
    above_usd: float = 0.0  # shares: smaller positions go whole
    fee_rate: float | None = 0.0
    coin_fee_rates: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    backstop: float = 0.0
    boundary: str = "the insurance fund takes the shortfall, then auto-deleveraging"

    def fee_of(self, coin: str) -> float:
        """Return the liquidation fee of a contract on ``coin``, a fraction of what is closed."""
        return self.coin_fee_rates.get(coin, self.fee_rate or 0.0)


_WHOLE: Final = LiquidationRules(source="no rule of partial liquidation is known here")

# Secondary text: a mirror of the venue's page and its help of 2020; the clearance fee is a
# percentage of each symbol's own, which neither gives.
_BINANCE_LIQUIDATION: Final = LiquidationRules(
    reduction=Reduction.TIER_STEP,
    fee_rate=None,
    boundary="the insurance fund takes it over, then auto-deleveraging by leverage times profit",
    source="secondary text: docs.traderwagon.com, Liquidation Protocol; Binance FAQ 360033525271",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueProfile:
    """One venue's rules. ``taker_fee`` is the base tier's fraction, ``None`` where not known.

    ``haircuts`` are fractions of collateral value in multi-asset accounts; a coin that is missing
    there has no known haircut.
    """

    name: str
    taker_fee: float | None
    source: str
    maintenance_price: MaintenancePrice = MaintenancePrice.TRIAL
    fee: FeeInMaintenance = FeeInMaintenance.NONE
    others: Others = Others.FROZEN
    rounding: Rounding = Rounding.NONE
    haircuts: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    unknown_haircut: float | None = None  # of a coin without an entry; None: not known
    orders: OrderMargin = OrderMargin.UNKNOWN
    orders_pick_tier: bool = False  # a position's tier is that of its value and its orders'
    nets_maturities: bool = False  # long and short contracts of a coin need the larger margin only
    liquidation: LiquidationRules = _WHOLE


# Multi-Assets mode page of 2021; live numbers differ, so the tooltip names the year.
_BINANCE_HAIRCUTS: Final = {
    "USDT": 0.0001, "USDC": 0.0001, "BTC": 0.05, "ETH": 0.05, "BNB": 0.05,
    "XRP": 0.10, "ADA": 0.10, "DOT": 0.10, "SOL": 0.10,
}  # fmt: skip

PROFILES: Final[dict[str, VenueProfile]] = {
    "binanceusdm": VenueProfile(
        name="Binance USD-M",
        taker_fee=0.0005,
        haircuts=_BINANCE_HAIRCUTS,
        source="Binance FAQ b3c689c1f50a44cabb3a84e663b81d93; haircuts of 2021",
        orders=OrderMargin.LARGER_SIDE,
        liquidation=_BINANCE_LIQUIDATION,
    ),
    "binancecoinm": VenueProfile(
        name="Binance COIN-M",
        taker_fee=0.0005,
        source="Binance FAQ ceccfcfb4e3a45e3b48b0b1bb1a8ae46",
        orders=OrderMargin.LARGER_SIDE,
        liquidation=_BINANCE_LIQUIDATION,
    ),
    "bybit": VenueProfile(
        name="Bybit",
        taker_fee=0.00055,
        fee=FeeInMaintenance.BANKRUPTCY,
        rounding=Rounding.TICK_SAFE,
        haircuts={"USDT": 0.0, "USDC": 0.0},
        orders_pick_tier=True,
        source="Bybit help centre, The New Margin Calculation (2025-09-18)",
        liquidation=LiquidationRules(
            reduction=Reduction.TIER_STEP,
            boundary="the insurance pool takes it over, then auto-deleveraging",
            source="Bybit help centre, Trading Rules: Liquidation Process (UTA)",
        ),
    ),
    "okx": VenueProfile(
        name="OKX",
        taker_fee=0.0005,
        fee=FeeInMaintenance.RATE,
        rounding=Rounding.PLUS_SIDE_TICK,
        source="captures of 2022-2025; okx help 360053909272",
        liquidation=LiquidationRules(
            reduction=Reduction.TIER_STEP,
            tiers_down=2,
            whole_below_first_tier=True,
            source="secondary text of OKX's rules of forced partial liquidation",
        ),
    ),
    "hyperliquid": VenueProfile(
        name="Hyperliquid",
        taker_fee=0.00045,
        source="Hyperliquid documentation, trading/liquidations (2026-08-22)",
        liquidation=LiquidationRules(
            reduction=Reduction.SHARES,
            parts=5,
            cut_parts=1,
            above_usd=100_000.0,
            backstop=2 / 3,
            boundary="the liquidator vault takes the position and its margin",
            source="Hyperliquid documentation, trading/liquidations (2026-08-22)",
        ),
    ),
    "deribit": VenueProfile(
        name="Deribit",
        taker_fee=0.0005,
        others=Others.COMMON_SHOCK,
        source="support.deribit.com 25944826427293",
        # Round by round in small steps; their size is a trader's word (12.5 %), not the venue's.
        liquidation=LiquidationRules(
            reduction=Reduction.SHARES,
            parts=8,
            cut_parts=7,
            fee_rate=None,
            coin_fee_rates={"BTC": 0.0075, "ETH": 0.009},
            source="support.deribit.com 25944769313309, fees 25944826427293 (11 January 2022); "
            "the size of a round is secondary text",
        ),
    ),
    "gate": VenueProfile(
        name="Gate",
        taker_fee=0.0005,
        fee=FeeInMaintenance.RATE,
        source="Gate's maintenance margin as ccxt states it",
    ),
    "bitget": VenueProfile(
        name="Bitget",
        taker_fee=0.0006,
        fee=FeeInMaintenance.RATE,
        maintenance_price=MaintenancePrice.MARK,
        source="capture of 2023-11",
    ),
    "krakenfutures": VenueProfile(
        name="Kraken Futures",
        taker_fee=0.0005,
        source="support.kraken.com 360022835671, 4844463246100",
        nets_maturities=True,
        liquidation=LiquidationRules(
            boundary="it is assigned to other traders, then unwound against them",
            source="support.kraken.com 360022835671 (equity protection process)",
        ),
    ),
    MANUAL_VENUE: VenueProfile(
        name="Manual",
        taker_fee=None,
        unknown_haircut=0.0,
        source="the portfolio file",
        liquidation=LiquidationRules(
            boundary="no rule is known", source="the portfolio file's rules of a manual venue"
        ),
    ),
}


def profile_of(venue: str) -> VenueProfile:
    """Return a venue's rules; a venue without an entry has those of a manual one."""
    return PROFILES.get(venue, PROFILES[MANUAL_VENUE])
