"""The liquidation heatmap: a book of open interest that adds up, bar by bar.

Theory of operation
-------------------
For one market and each side the book says at which price how much of the open interest would be
liquidated. It is kept in coins, on bins of ``delta`` in ln(price) with absolute numbers (bin ``k``
begins at ``exp(delta k)``), so nothing is ever re-binned. What has no liquidation price inside the
grid (hedged, 1x, deep cross margin, opened before the history began) is kept *outside* the bins.
Longs in the bins plus longs outside are exactly the open interest, and so are the shorts: there is
no "long share" of open interest.

Each bar does three things to each side. *Cross*: longs above the bar's low and shorts below its
high are taken out; a fraction ``liquidatable_fraction`` of them was liquidated, the rest lives on
outside. *Close*: whatever open interest lost beyond that, and a churn in proportion to volume,
leaves by two hazards, a fast one and a slow one, in O(1) through a multiplier a side and age.
*Deposit*: what is then missing to the open interest was opened in this bar, by longs and shorts
alike, at the prices where volume traded, and is spread over distances by the leverage mix
(``heatmap_basis``). The colour of a candle plays no part.

Columns are the book after a bar, with what was known then; a later bar never changes them.

What it does not do well: bars are of last prices, whose wicks can exceed those of the mark that
decides; at bars of an hour and more high leverage opens and dies inside one bar, of which only half
of what was within reach is believed; cross margin has no price of its own and stays outside; hidden
stops sell before liquidations; the bin of a bar's extreme is emptied whole. The mix here is a
prior, right in shape rather than size: ``heatmap_fitted`` fits it to a venue's liquidations.

Inputs are one-sided open interest in coins; conversion of venues' units happens at the edge.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from workstation.market.facts import FloatArray
from workstation.risk.heatmap_bars import Bars
from workstation.risk.heatmap_basis import NODE_LEVERAGES, lognormal_mix, make_basis
from workstation.risk.kernels.bars import ACCEPTED
from workstation.risk.kernels.book import (
    GLITCHES,
    MISSING,
    Basis,
    BookState,
    IntArray,
    Picture,
    PictureArray,
    add_column,
    add_groups,
    add_layers,
    add_variance,
    mirror,
)
from workstation.risk.kernels.flow import Flows, Terms, take_in

DEFAULT_MAINTENANCE_RATE: Final = 0.004  # Binance's first tier of BTCUSDT


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatmapParameters:
    """The default prior.

    Sources: [A] is an assumption; [HL] the leverage of isolated positions on Hyperliquid by
    notional (min66633, liquidation-cascade-research, one unreviewed estimate); [B] fits on Binance
    BTCUSDT hours of June to August 2024; [G] fits on generated markets with a known book.

    ``priced_share`` (h) of what is opened has a liquidation price inside the grid.
    ``liquidatable_fraction`` (phi) of what price reaches is sold by the venue. ``churn`` (eta) is
    opening and closing at once, in coins a traded coin. ``fast_share`` of what is opened is closed
    ``fast_hazard`` times as readily as the rest.
    """

    delta: float = 0.001  # [A] 10 bp; 5 to 20 bp look alike
    median_leverage: float = 8.3  # [HL] p50
    leverage_spread: float = 1.25  # [HL] sd of ln(leverage); p75 18.5, p90 48
    priced_share: float = 0.15  # [B] .14 to .15; plausible .05 to .5
    liquidatable_fraction: float = 0.8  # [A] 0.5 to 1
    churn: float = 0.1  # [G]
    fast_share: float = 0.6  # [G]
    fast_hazard: float = 30.0  # [G]
    glitch_factor: float = 1.5  # [A] a jump of open interest held back until it is read twice

    def shares(self, maintenance_rate: float) -> FloatArray:
        """Return pi, the (2, 13) share of open interest a side and hat."""
        mix = lognormal_mix(self.median_leverage, self.leverage_spread, maintenance_rate)
        shares: FloatArray = np.stack([mix, mix]) * self.priced_share
        return shares

    def flows(self) -> Flows:
        """Return what the kernel needs of them."""
        return Flows(self.churn, self.fast_share, self.fast_hazard, self.liquidatable_fraction)


DEFAULT_PARAMETERS: Final = HeatmapParameters()
_REACH: Final = -math.log1p(-1.0 / NODE_LEVERAGES[0])  # in ln(price), of the lowest leverage
_SPARE_BINS: Final = 2  # at each end of a grid
_NOTHING: Final = np.zeros((0, 2, 0))  # where nobody asks for what was crossed


@dataclass(frozen=True, slots=True)
class Grid:
    """Bins ``first_bin`` to ``first_bin + bins - 1`` of width ``delta`` in ln(price)."""

    first_bin: int
    bins: int
    delta: float

    @classmethod
    def around(cls, low: float, high: float, delta: float, margin: float = 0.1) -> Grid:
        """Return a grid that holds every liquidation of entries between two prices.

        ``margin`` is the room, in ln(price), that price may move beyond them.
        """
        reach = _REACH + margin
        first = math.floor((math.log(low) - reach) / delta) - _SPARE_BINS
        last = math.floor((math.log(high) + reach) / delta) + _SPARE_BINS
        return cls(first, last - first + 1, delta)

    def holds(self, low: float, high: float) -> bool:
        """Tell whether entries between two prices have all their liquidations on the grid."""
        first, last = self.first_bin + _SPARE_BINS, self.first_bin + self.bins - 1 - _SPARE_BINS
        return (
            first <= math.floor((math.log(low) - _REACH) / self.delta)
            and math.floor((math.log(high) + _REACH) / self.delta) <= last
        )

    def index(self, price: FloatArray) -> IntArray:
        """Return the (n,) bins of prices, counted from the first."""
        index: IntArray = np.floor(np.log(price) / self.delta).astype(np.int64) - self.first_bin
        return index


def blank_picture(rows: int, grid: Grid) -> Picture:
    """Return a picture of ``rows`` columns to which books add theirs.

    Its memory is taken whole: ``np.zeros`` would take it page by page, as columns come.
    """
    long, short = (np.full((rows, grid.bins), 0.0, np.float32) for _ in range(2))
    return Picture(long, short, np.zeros(rows))


@dataclass(frozen=True, slots=True)
class Bridged:
    """How often a book had to help itself."""

    glitches: int  # readings of open interest that were not believed
    missing_bars: int


class HeatmapBook:
    """The book of one market; see the module's text.

    Parameters
    ----------
    grid : must hold every liquidation of every entry; a bar beyond it is refused
    maintenance_rate : fraction, of the venue's first tier
    separate_hats : keep the thirteen hats apart (what a fit needs), not their mixture
    """

    def __init__(
        self,
        grid: Grid,
        parameters: HeatmapParameters = DEFAULT_PARAMETERS,
        *,
        maintenance_rate: float = DEFAULT_MAINTENANCE_RATE,
        separate_hats: bool = False,
    ) -> None:
        self.grid = grid
        self.parameters = parameters
        shares = self.parameters.shares(maintenance_rate)
        self.basis: Basis = make_basis(
            shares, maintenance_rate, grid.delta, separate_hats=separate_hats
        )
        self.last_ms: int | None = None
        layers = self.basis.weight.shape[1]
        self._state = BookState(
            mass=np.zeros((2, 2, layers, grid.bins)),
            outside=np.zeros((2, 2)),
            multiplier=np.ones((2, 2)),
            running=np.zeros((2, 2, layers)),
            extent=np.tile(np.array([grid.bins, 0]), (2, layers, 1)),
            held=np.full(2, np.nan),
            counts=np.zeros(3, np.int64),
        )

    def copy(self, spare: HeatmapBook | None = None) -> HeatmapBook:
        """Return a book that can be advanced on trial, over bars that are not finished.

        ``spare`` is an earlier copy, of this book or one like it, that is not needed any more: its
        memory is used again.
        """
        if spare is None:
            twin = copy.copy(self)
            twin._state = copy.deepcopy(self._state)
            return twin
        state = spare._state
        mirror(self._state, state)
        vars(spare).update(vars(self), _state=state)
        return spare

    @property
    def bridged(self) -> Bridged:
        """How often the book had to help itself so far."""
        counts = self._state.counts
        return Bridged(int(counts[GLITCHES]), int(counts[MISSING]))

    @property
    def open_interest_base(self) -> float | None:
        """The last open interest that was believed: what longs and shorts each add up to."""
        accepted = float(self._state.held[ACCEPTED])
        return None if math.isnan(accepted) else accepted

    @property
    def outside_base(self) -> FloatArray:
        """(2,) longs and shorts that no price inside the grid liquidates."""
        outside: FloatArray = self._state.outside.sum(axis=1)
        return outside

    @property
    def priced_base(self) -> FloatArray:
        """(2,) longs and shorts in the bins, from the running sums."""
        priced: FloatArray = np.einsum("sj,saj->s", self.basis.weight, self._state.running)
        return priced

    def column(self) -> FloatArray:
        """Return the (2, bins) longs and shorts in coins as they stand now."""
        column = np.zeros((2, self.grid.bins))
        add_column(self._state, self.basis.weight, column)
        return column

    def layers(self) -> FloatArray:
        """Return the (2, layers, bins) book by hat, or by the one mixture of them."""
        layers = np.zeros((*self.basis.weight.shape, self.grid.bins))
        add_layers(self._state, self.basis.weight, layers)
        return layers

    def add_groups(self, group: IntArray, total: PictureArray) -> None:
        """Add what all layers hold of both sides to the (groups, bins) total, each to its group."""
        add_groups(self._state, self.basis.weight, group, total)

    def variance(self, covariance: FloatArray) -> FloatArray:
        """Return the (2, bins) variance, in coins squared, of what stands there.

        Parameters
        ----------
        covariance : (2, layers, layers) of the shares of each side
        """
        variance = np.zeros((2, self.grid.bins))
        add_variance(self._state, covariance, variance)
        return variance

    def set_shares(self, shares: FloatArray) -> None:
        """Believe another leverage mix from now on, of the whole book.

        What thereby gains or loses a price comes from outside or goes there, so open interest
        stays what it is. Needs separate hats.

        Parameters
        ----------
        shares : (2, 13) share of open interest a side and hat, each side summing to at most one
        """
        state = self._state
        before = np.einsum("sj,saj->sa", self.basis.weight, state.running)
        after = np.einsum("sj,saj->sa", shares, state.running)
        total = before + state.outside
        outside = total - after
        # more than there is can only be asked for where nearly everything is priced
        excess = np.where(outside < 0, total / np.maximum(after, 1e-300), 1.0)
        state.multiplier[...] *= excess
        state.running[...] *= excess[:, :, np.newaxis]
        state.outside[...] = np.maximum(outside, 0.0)
        self.basis = self.basis._replace(weight=shares)

    def advance(
        self,
        bars: Bars,
        picture: Picture | None = None,
        *,
        row: IntArray | None = None,
        rows: tuple[int, int] = (0, 0),
        crossed: FloatArray | None = None,
    ) -> None:
        """Take in bars that follow those taken in before.

        Parameters
        ----------
        bars : those before the first reading of open interest are skipped
        picture : columns are added to its rows
        row : (n,) the picture's row of each bar; negative ones lie before the picture
        rows : first and one past the last row to write; rows without a bar repeat the book
        crossed : (n, 2, layers) output: unit mass that each bar took out of each layer, in coins
            at share one; rows of skipped bars stay as they are

        Raises
        ------
        ValueError
            A bar lies outside the grid, or not after the last one.
        """
        row = np.full(len(bars), -1) if row is None else row
        if self.open_interest_base is None:
            known = np.flatnonzero(bars.open_interest_base > 0)
            if not len(known):
                return
            bars, row = bars[known[0] :], row[known[0] :]
            crossed = None if crossed is None else crossed[known[0] :]
            rows = max(rows[0], int(row[0])), rows[1]
        self._take_in(bars, picture, row, rows, _NOTHING if crossed is None else crossed)

    def _take_in(
        self,
        bars: Bars,
        picture: Picture | None,
        row: IntArray,
        rows: tuple[int, int],
        crossed: FloatArray,
    ) -> None:
        if len(bars) and not self.grid.holds(float(bars.low.min()), float(bars.high.max())):
            raise ValueError(f"prices {bars.low.min()} to {bars.high.max()} leave {self.grid}")
        before_ms = self.last_ms
        if before_ms is None:
            before_ms = int(bars.time_ms[0]) - bars.interval_ms
        follows = take_in(
            self._state,
            self.basis,
            bars.columns(),
            before_ms,
            self._terms(bars.interval_ms),
            self.parameters.flows(),
            row,
            picture or blank_picture(0, self.grid),
            *rows,
            crossed,
        )
        if not follows:
            raise ValueError(f"bars from {bars.time_ms[0]} do not follow {before_ms}")
        if len(bars):
            self.last_ms = int(bars.time_ms[-1])

    def _terms(self, interval_ms: int) -> Terms:
        grid = self.grid
        return Terms(grid.delta, grid.first_bin, interval_ms, self.parameters.glitch_factor)
