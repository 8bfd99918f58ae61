"""What the engine answers: the frozen reports that the window shows and the command line prints.

Field names and meanings are those of the command line's JSON (``risk --json``,
``scenario --json``), so a figure has one name everywhere. Money without a unit in its name is in
the row's ``currency``. ``None`` is "not known" or "no such value"; where that could be read two
ways another field says why.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from workstation.market.facts import FloatArray, TimeArray
from workstation.market.instrument import Contract, Side
from workstation.portfolio.model import MarginMode, VenueFigures
from workstation.risk.beta_estimates import BetaEstimate
from workstation.risk.funding_path import PathAt, no_path
from workstation.risk.heatmap_scorecard import MapScore
from workstation.risk.known_levels import KnownLevels
from workstation.risk.map_rows import RowArray
from workstation.risk.outlook import BreakEven, CascadeReport, ReverseStress, TouchReport
from workstation.risk.repair_report import NO_REPAIR, Repair
from workstation.units import UnixMs


class Status(StrEnum):
    """How a pool or a position stands now."""

    OK = "ok"
    BELOW_MAINTENANCE = "below_maintenance"
    LIQUIDATED = "liquidated"  # printed by scenarios only
    PRESUMED_LIQUIDATED = "presumed_liquidated"
    UNKNOWN = "unknown"


class LiquidationKind(StrEnum):
    """Whether a liquidation price exists: ``NONE`` means that no price liquidates it."""

    PRICE = "price"
    NONE = "none"
    UNKNOWN = "unknown"


class MarkSource(StrEnum):
    """Where a mark price came from; ``ESTIMATED``: last good mark times the live venues' move."""

    VENUE = "venue"
    ESTIMATED = "estimated"
    OPTION = "option"
    FILE = "file"
    CACHE = "cache"


class Withdrawals(StrEnum):
    """Whether a venue lets collateral out."""

    OPEN = "open"
    SUSPENDED = "suspended"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReport:
    """One margin pool: an account and its settlement coin. Money is in ``currency``.

    ``liquidation_coin_price`` is the price of ``liquidation_coin`` (BTC, or the pool's main coin)
    at which the pool is liquidated when everything moves by its beta.
    """

    id: str
    venue: str
    currency: str
    wallet_balance: float | None
    unrealized_pnl: float | None
    margin_balance: float | None
    initial_margin: float | None
    maintenance_margin: float | None
    margin_ratio: float | None
    free_collateral: float | None
    withdrawable: float | None
    withdrawals: Withdrawals
    funding_24h_usd: float | None
    liquidation_coin: str | None
    liquidation_coin_price: float | None
    liquidation_coin_distance: float | None
    status: Status
    order_margin: float | None = 0.0  # of the initial margin, what resting orders take
    told: VenueFigures | None = None  # what the venue says itself, where the account was read
    read_ms: UnixMs | None = None  # when it was read; None where that is the book's time


class Figure(StrEnum):
    """What of a position can be explained."""

    POSITION = "position"
    SIZE = "size"
    ENTRY = "entry"
    PROFIT = "unrealized_pnl"
    INITIAL = "initial_margin"
    MAINTENANCE = "maintenance_margin"
    RATIO = "margin_ratio"
    LIQUIDATION = "liquidation_price"
    COMMON_SHOCK = "liquidation_price_common_shock"
    BANKRUPTCY = "bankruptcy_price"
    DISTANCE = "distance"
    FUNDING = "next_funding_usd"


def _unexplained(_: Figure) -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionReport:
    """One position. ``quantity`` is positive, ``side`` carries the direction.

    ``liquidation_drift_per_day`` is how far funding at the running rate moves the liquidation price
    of an isolated position in a day, while the mark stands; ``days_to_liquidation_by_funding`` when
    it has reached the mark, ``None`` if it never does. ``explain`` gives any figure's formula,
    inputs, tier row and source in words, ``funding_path`` the price over time at a rate.
    ``doubts`` are sentences about what of the position is accepted and yet looks like a slip.
    """

    account: str
    venue: str
    symbol: str
    side: Side
    contract: Contract
    quantity: float
    notional_usd: float | None
    entry_price: float
    mark_price: float | None
    leverage: float | None
    margin_mode: MarginMode
    currency: str
    unrealized_pnl: float | None
    initial_margin: float | None
    maintenance_margin: float | None
    margin_ratio: float | None
    liquidation: LiquidationKind
    liquidation_price: float | None
    liquidation_price_other: float | None
    liquidation_price_common_shock: float | None
    bankruptcy_price: float | None
    distance: float | None
    tier_source: str | None
    mark_source: MarkSource | None
    mark_age_s: float | None
    next_funding_usd: float | None
    next_funding_ms: UnixMs | None
    stop_price: float | None
    adl_rank: int | None
    status: Status
    liquidation_drift_per_day: float | None = None
    days_to_liquidation_by_funding: float | None = None
    explain: Callable[[Figure], str] = field(default=_unexplained, repr=False, compare=False)
    funding_path: PathAt = field(default=no_path, repr=False, compare=False)
    told: VenueFigures | None = None  # what the venue says itself, where the account was read
    doubts: tuple[str, ...] = ()

    @property
    def pool_balance(self) -> float | None:
        """Margin balance of the pool of an isolated position, which has it for itself.

        ``None`` where it is not known, or not positive; read back from ratio = maintenance margin
        / margin balance.
        """
        if self.margin_mode is not MarginMode.ISOLATED or self.maintenance_margin is None:
            return None
        return self.maintenance_margin / self.margin_ratio if self.margin_ratio else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """What the book holds of one coin, inverse collateral and spot included."""

    coin: str
    long_base: float
    short_base: float
    spot_base: float
    net_base: float
    net_usd: float | None
    beta_usd: float | None
    by_venue: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """The book in USD; pools without a rule are named, not counted."""

    equity_usd: float | None
    gross_notional_usd: float | None
    net_notional_usd: float | None
    gross_leverage: float | None
    net_leverage: float | None
    not_included: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NextLiquidation:
    """What of the user's own is liquidated next, and what would help.

    ``minutes_at_pace`` extrapolates the last hour's move towards the price: a pace, no forecast;
    infinite when the price does not approach, ``None`` when the coin's pace is not known.
    ``rescue_amount`` of ``rescue_asset`` moves the liquidation price beyond the scenario, which
    ``rescue_until`` gives: the prices by coin up to which it is kept.
    """

    account: str
    venue: str
    symbol: str
    side: Side
    margin_mode: MarginMode
    leverage: float | None
    price: float
    distance: float
    minutes_at_pace: float | None
    loss_of_doing_nothing_usd: float | None
    stop_price: float | None
    rescue_amount: float | None
    rescue_asset: str | None
    rescue_until: Mapping[str, float] = field(default_factory=dict)
    past: bool = False  # below maintenance: ``price`` is the mark then


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskReport:
    """The engine's one frozen answer about the present."""

    as_of_ms: UnixMs
    portfolio: str
    accounts: tuple[AccountReport, ...]
    positions: tuple[PositionReport, ...]
    exposures: tuple[Exposure, ...]
    totals: Totals
    next_liquidation: NextLiquidation | None = None
    book_as_of_ms: UnixMs | None = None
    problems: tuple[str, ...] = ()


class EventKind(StrEnum):
    """What happens on the way of a scenario."""

    PARTIAL = "partial"
    LIQUIDATION = "liquidation"
    ADL = "adl"
    STOP = "stop"
    FILL = "fill"

    @property
    def liquidates(self) -> bool:
        """Whether the venue takes something for want of margin, a part or the whole."""
        return self in (EventKind.PARTIAL, EventKind.LIQUIDATION)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioEvent:
    """One thing that happens on the way, in path order; ``coin_price`` is the driving coin's."""

    step: int
    account: str
    symbol: str
    side: Side
    kind: EventKind
    price: float
    coin_price: Mapping[str, float]
    quantity: float
    loss_usd: float
    account_equity_after_usd: float
    equity_after_usd: float


class PositionOutcome(StrEnum):
    """What has become of a position at the end of a scenario."""

    OPEN = "open"
    REDUCED = "reduced"
    LIQUIDATED = "liquidated"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioPosition:
    """One position (or the spot balance ``symbol`` of an account) at the end of a scenario."""

    account: str
    symbol: str
    side: Side
    status: PositionOutcome
    pnl_usd: float | None
    margin_ratio: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioBalance:
    """A wallet balance whose value changes with the move."""

    account: str
    venue: str
    asset: str
    quantity: float
    pnl_usd: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EquityCurve:
    """Equity of all accounts over prices of one coin: the ladder and the curve of the panel.

    Arrays of one length, by ascending price; ``liquidated`` counts positions.
    """

    coin: str
    price: FloatArray
    equity_usd: FloatArray
    pnl_usd: FloatArray
    liquidated: FloatArray
    maintenance_margin_usd: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioPrice:
    """The price of one market at the end of the scenario."""

    venue: str
    symbol: str
    price: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioReport:
    """The engine's answer about a move.

    ``cascade``, ``touch``, ``reverse_stress`` and ``break_even`` come later than the rest, if at
    all. ``funded`` are the (account, symbol) for which funding flows on the way.
    """

    moves: Mapping[str, float]
    betas: Mapping[str, float]
    prices: tuple[ScenarioPrice, ...]
    equity_before_usd: float | None
    equity_after_usd: float | None
    pnl_usd: float | None
    events: tuple[ScenarioEvent, ...]
    positions: tuple[ScenarioPosition, ...]
    balances: tuple[ScenarioBalance, ...] = ()
    ladder: EquityCurve | None = None
    repair: Repair = NO_REPAIR
    beta_estimates: tuple[BetaEstimate, ...] = ()
    cascade: CascadeReport | None = None
    touch: TouchReport | None = None
    reverse_stress: tuple[ReverseStress, ...] = ()
    break_even: tuple[BreakEven, ...] = ()
    problems: tuple[str, ...] = ()
    funded: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HeatmapColumns:
    """The book estimate as a picture: rows are price bins, columns are bars, newest last.

    ``long_base[i, k]`` is what bin ``k`` held after bar ``i``, in coins, as it was known then.
    Bin ``k`` spans ``exp(delta (first_bin + k))`` to ``exp(delta (first_bin + k + 1))``.
    """

    coin: str
    interval_s: int
    time_ms: TimeArray  # (n,) open times of the bars
    first_bin: int
    delta: float
    long_base: RowArray  # (n, bins)
    short_base: RowArray  # (n, bins)
    open_interest_base: FloatArray  # (n,)
    liquidatable_fraction: float  # phi: share of a crossed bin that is sold by the venue
    venues: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()  # venues without open interest, by name
    notes: tuple[str, ...] = field(default=())
    final: int = 0  # leading columns that later answers repeat unchanged
    # (2, 2, bins) coins: the 80 % band, low and high, of what truly stands there after the last
    # bar, longs and shorts; None where nobody made one
    band_base: NDArray[np.float32] | None = None
    # (2, 2, bins) each: low and high end of earlier bars' bands over what stands there, as known
    # then; the jth holds from column ``spread_from[j]`` to the next; NaN on a side without a book
    spread: tuple[NDArray[np.float32], ...] = ()
    spread_from: tuple[int, ...] = ()
    # (5, bins) coins after the last bar, longs and shorts together, by the leverage below, between
    # and above ``heatmap_reading.LEVERAGE_BANDS``; and what was noted of earlier bars along with
    # ``spread``, as known then
    by_leverage_base: NDArray[np.float32] | None = None
    by_leverage_noted: tuple[NDArray[np.float32], ...] = ()
    mix: tuple[str, ...] = ()  # by venue: fitted to what, or the prior
    fitted: tuple[str, ...] = ()  # venues whose leverage is fitted; the others' is assumed
    score: MapScore | None = None  # of the columns as they were known; None: not graded yet
    off: tuple[str, ...] = ()  # venues that the user switched off
    with_todays_fit: bool = False  # columns as the newest fit would have had them: never scored
    known: tuple[KnownLevels, ...] = ()  # positions known one by one: a part of the above, not more

    def edges(self) -> FloatArray:
        """Return the (bins + 1,) prices that bound the bins."""
        return _edges(self.first_bin, self.long_base.shape[1], self.delta)


@functools.lru_cache(maxsize=4)
def _edges(first_bin: int, bins: int, delta: float) -> FloatArray:
    edges: FloatArray = np.exp(delta * np.arange(first_bin, first_bin + bins + 1))
    edges.flags.writeable = False
    return edges
