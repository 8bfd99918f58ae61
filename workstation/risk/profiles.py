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


class Rounding(StrEnum):
    """How a venue prints a liquidation price, where the tick is known."""

    NONE = "none"
    TICK_SAFE = "tick_safe"  # to the tick, towards earlier liquidation
    PLUS_SIDE_TICK = "plus_side_tick"  # isolated only: the exact root, one tick towards the mark


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
    ),
    "binancecoinm": VenueProfile(
        name="Binance COIN-M",
        taker_fee=0.0005,
        source="Binance FAQ ceccfcfb4e3a45e3b48b0b1bb1a8ae46",
    ),
    "bybit": VenueProfile(
        name="Bybit",
        taker_fee=0.00055,
        fee=FeeInMaintenance.BANKRUPTCY,
        rounding=Rounding.TICK_SAFE,
        haircuts={"USDT": 0.0, "USDC": 0.0},
        source="Bybit help centre, The New Margin Calculation (2025-09-18)",
    ),
    "okx": VenueProfile(
        name="OKX",
        taker_fee=0.0005,
        fee=FeeInMaintenance.RATE,
        rounding=Rounding.PLUS_SIDE_TICK,
        source="captures of 2022-2025; okx help 360053909272",
    ),
    "hyperliquid": VenueProfile(
        name="Hyperliquid",
        taker_fee=0.00045,
        source="Hyperliquid documentation, trading/liquidations (2026-08-22)",
    ),
    "deribit": VenueProfile(
        name="Deribit",
        taker_fee=0.0005,
        others=Others.COMMON_SHOCK,
        source="support.deribit.com 25944826427293",
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
    ),
    MANUAL_VENUE: VenueProfile(
        name="Manual",
        taker_fee=None,
        unknown_haircut=0.0,
        source="the portfolio file",
    ),
}


def profile_of(venue: str) -> VenueProfile:
    """Return a venue's rules; a venue without an entry has those of a manual one."""
    return PROFILES.get(venue, PROFILES[MANUAL_VENUE])
