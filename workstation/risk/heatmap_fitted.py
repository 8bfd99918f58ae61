"""A book whose leverage mix is fitted every night to the liquidations seen until then.

Theory of operation
-------------------
How readily positions are closed (``churn``, ``fast_hazard``) cannot be told from the mix alone, so
several books are kept, one for each of ``CANDIDATES``, all with separate hats, and all record what
every bar took out of each hat. At midnight (UTC) the mix of each is fitted to the bars since
``WINDOW_DAYS`` (``heatmap_fit``), and the one with the best likelihood speaks until the next
midnight. A fit only ever looks back, so what is said at a bar is what was known then, and a longer
history repeats it exactly, fits that the user asked for included if their times are given. Until
enough was observed the prior speaks.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from workstation.market.facts import FloatArray
from workstation.risk.heatmap import (
    DEFAULT_MAINTENANCE_RATE,
    DEFAULT_PARAMETERS,
    Bridged,
    Grid,
    HeatmapBook,
    HeatmapParameters,
)
from workstation.risk.heatmap_band import PRIOR_FACTORS, by_hour, hourly_band
from workstation.risk.heatmap_bars import Bars, Observed, join_observed, join_pieces
from workstation.risk.heatmap_fit import (
    WINDOW_DAYS,
    Evidence,
    MixFit,
    draw_mixes,
    fit_mix,
    reported_share,
    reported_spread,
)
from workstation.risk.kernels.book import IntArray, Picture
from workstation.units import DAY_MS, HOUR_MS

# The grid on which churn and the fast hazard are fitted: [A], around what was found on real hours.
CANDIDATES: Final = tuple(
    (churn, hazard) for churn in (0.03, 0.1, 0.3, 0.6) for hazard in (1.0, 5.0, 30.0)
)
_TENTH: Final = 1.2816  # standard deviations to the 10 % and 90 % points
LEAST_DAYS: Final = 2.0  # [A] of observation before the first fit
LEAST_ORDERS: Final = 30  # [A] seen before the first fit


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Belief:
    """What a book believes between two midnights.

    ``draws`` is (64, 2, 13) shares, empty for the prior. ``factors`` is a side's 80 % band, low and
    high, of what is truly liquidated in an hour over what is expected.
    """

    since_ms: int
    shares: FloatArray
    parameters: HeatmapParameters
    reported_share: float
    fit: MixFit | None = None
    draws: FloatArray = field(default_factory=lambda: np.empty((0, 2, 13)))
    days: int = 0  # of observation it rests on
    factors: tuple[tuple[float, float], tuple[float, float]] = (PRIOR_FACTORS, PRIOR_FACTORS)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Taken:
    """Bars as they were taken in: what was published, what was expected just before, in coins."""

    bars: Bars
    observed: Observed
    expected: FloatArray  # (n, 2) truly liquidated, longs and shorts, given the bar's path
    reported_share: FloatArray  # (n,) as believed then

    def __getitem__(self, rows: slice) -> Taken:
        return Taken(
            bars=self.bars[rows],
            observed=self.observed[rows],
            expected=self.expected[rows],
            reported_share=self.reported_share[rows],
        )


@dataclass(slots=True, eq=False)
class _Candidate:
    book: HeatmapBook
    crossed: list[FloatArray] = field(default_factory=list)  # (n, 2, 13) a day


class FittedBook:
    """The book of one market with a fitted mix; see the module's text.

    Parameters
    ----------
    grid : as of ``HeatmapBook``
    venue : ccxt id, for the share of liquidations that it publishes
    parameters : the prior
    maintenance_rate : fraction, of the venue's first tier
    refits_ms : when fits were asked for besides those of midnight, each at the end of a bar
    seed : of the bootstrap's random numbers
    """

    def __init__(
        self,
        grid: Grid,
        venue: str,
        parameters: HeatmapParameters = DEFAULT_PARAMETERS,
        *,
        maintenance_rate: float = DEFAULT_MAINTENANCE_RATE,
        refits_ms: Sequence[int] = (),
        seed: int = 1,
    ) -> None:
        self.grid = grid
        self._refits_ms = sorted(refits_ms)
        self._venue, self._seed = venue, seed
        self._prior = parameters.shares(maintenance_rate)
        choices = [parameters] + [
            dataclasses.replace(parameters, churn=churn, fast_hazard=hazard)
            for churn, hazard in CANDIDATES
            if (churn, hazard) != (parameters.churn, parameters.fast_hazard)
        ]
        self._candidates = [
            _Candidate(
                HeatmapBook(grid, choice, maintenance_rate=maintenance_rate, separate_hats=True)
            )
            for choice in choices
        ]
        self._chosen = 0
        self._today: list[tuple[Taken, FloatArray]] = []  # and what the chosen one crossed
        self._log: list[Taken] = []  # a day each, as the candidates' crossings
        self._orders = np.empty((0, 2), np.int64)  # (n, 2) seconds and sides of what was seen
        self.beliefs: list[Belief] = [
            Belief(
                since_ms=0,
                shares=self._prior,
                parameters=parameters,
                reported_share=reported_share(venue, self._orders[:, 0], self._orders[:, 1]),
            )
        ]

    @property
    def book(self) -> HeatmapBook:
        """The book that speaks now."""
        return self._candidates[self._chosen].book

    @property
    def belief(self) -> Belief:
        return self.beliefs[-1]

    @property
    def open_interest_base(self) -> float | None:
        return self.book.open_interest_base

    @property
    def bridged(self) -> Bridged:
        return self.book.bridged

    def copy(self, spare: HeatmapBook | None = None) -> HeatmapBook:
        """Return the book that speaks now, to be advanced on trial with the mix of now."""
        return self.book.copy(spare)

    def advance(
        self,
        bars: Bars,
        observed: Observed,
        picture: Picture | None = None,
        *,
        row: IntArray | None = None,
        rows: tuple[int, int] = (0, 0),
    ) -> list[Taken]:
        """Take in bars and what was liquidated in them; refit at every midnight on the way.

        Parameters
        ----------
        observed : of the same bars
        picture, row, rows : as of ``HeatmapBook.advance``

        Returns
        -------
        The bars in pieces of at most a day, each with what was expected of it.
        """
        row = np.full(len(bars), -1) if row is None else row
        fits_ms = self._fits_before(bars)
        pieces = []
        cuts = [0, *(1 + np.flatnonzero(np.diff(fits_ms))), len(bars)]
        for begin, end in itertools.pairwise(cuts):
            if end > begin and self._is_due(int(fits_ms[begin])):
                self._refit(int(fits_ms[begin]))
            until = rows[1] if end == len(bars) else max(rows[0], min(int(row[end]), rows[1]))
            piece = slice(begin, end)
            whole = end - begin == len(bars)
            taken = self._take(
                bars if whole else bars[piece],
                observed if whole else observed[piece],
                picture,
                row[piece],
                (rows[0], until),
            )
            pieces.append(taken)
            rows = until, rows[1]
        if self._today and (now_ms := _ends_ms(self._today[-1][0].bars)) in self._refits_ms:
            self._refit(now_ms)  # it was asked for when this was the newest bar
        return pieces

    def refit(self) -> int | None:
        """Fit the mix now, to all that was taken in, and speak with it from the next bar on.

        Returns
        -------
        When, the end of the newest bar; ``None`` where too little was observed, or nothing new.
        """
        if not self._today:
            return None
        now_ms = _ends_ms(self._today[-1][0].bars)
        before = self.belief
        self._refit(now_ms)
        return now_ms if self.belief is not before else None

    def _fits_before(self, bars: Bars) -> IntArray:
        # the time of the last fit that every bar can know: a midnight, or one that was asked for
        ends_ms = bars.time_ms + bars.interval_ms
        midnight_ms = (ends_ms - 1) // DAY_MS * DAY_MS  # a bar that ends at midnight comes before
        asked_ms = np.array([0, *self._refits_ms], np.int64)
        fits_ms: IntArray = np.maximum(
            midnight_ms, asked_ms[np.searchsorted(self._refits_ms, ends_ms)]
        )
        return fits_ms

    def _is_due(self, fit_ms: int) -> bool:
        # whether bars before the fit wait for it
        return bool(self._today) and _ends_ms(self._today[-1][0].bars) <= fit_ms

    def _take(
        self,
        bars: Bars,
        observed: Observed,
        picture: Picture | None,
        row: IntArray,
        rows: tuple[int, int],
    ) -> Taken:
        crossed = np.zeros((len(bars), *self._prior.shape))
        self.book.advance(bars, picture, row=row, rows=rows, crossed=crossed)
        phi = self.book.parameters.liquidatable_fraction
        taken = Taken(
            bars=bars,
            observed=observed,
            expected=phi * np.einsum("sj,nsj->ns", self.belief.shares, crossed),
            reported_share=np.full(len(bars), self.belief.reported_share),
        )
        if len(bars):
            self._today.append((taken, crossed))
        return taken

    def _refit(self, now_ms: int) -> None:
        self._end_day()
        self._forget(now_ms - WINDOW_DAYS * DAY_MS)
        reported = reported_share(self._venue, self._orders[:, 0], self._orders[:, 1])
        exposure = reported * self.book.parameters.liquidatable_fraction
        evidences = self._evidences(now_ms, exposure)
        if not evidences:
            return
        fits = [
            fit_mix(evidence, self._prior, candidate.book.basis.weight)
            for evidence, candidate in zip(evidences, self._candidates, strict=True)
        ]
        for candidate, fit in zip(self._candidates, fits, strict=True):
            candidate.book.set_shares(fit.shares)
        self._chosen = int(np.argmax([fit.log_likelihood for fit in fits]))
        fit, evidence = fits[self._chosen], evidences[self._chosen]
        rng = np.random.default_rng([self._seed, now_ms // DAY_MS])
        belief = Belief(
            since_ms=now_ms,
            shares=fit.shares,
            parameters=self.book.parameters,
            reported_share=reported,
            fit=fit,
            draws=draw_mixes(evidence, self._prior, fit, rng),
            days=evidence.days,
            factors=self._factors(reported),
        )
        self.beliefs.append(belief)

    def _factors(self, reported: float) -> tuple[tuple[float, float], tuple[float, float]]:
        day = join_taken(self._log)
        known = ~np.isnan(day.observed.base[:, 0])
        hours = day.bars.time_ms[known] // HOUR_MS
        expected = by_hour(day.expected[known], hours)
        actual = by_hour(day.observed.base[known], hours) / reported
        spread = reported_spread(reported)
        long, short = (
            hourly_band(expected[:, side], actual[:, side], reported_spread=spread).factors
            for side in (0, 1)
        )
        return long, short

    def _end_day(self) -> None:
        # the other candidates catch up with the day that has ended
        day = join_taken([taken for taken, _ in self._today])
        self._log.append(day)
        self._orders = np.concatenate([self._orders, day.observed.orders])
        for index, candidate in enumerate(self._candidates):
            if index == self._chosen:
                crossed = np.concatenate([crossed for _, crossed in self._today])
            else:
                crossed = np.zeros((len(day.bars), *self._prior.shape))
                candidate.book.advance(day.bars, crossed=crossed)
            candidate.crossed.append(crossed)
        self._today = []

    def _forget(self, before_ms: int) -> None:
        old = sum(1 for day in self._log if day.bars.time_ms[-1] < before_ms)
        del self._log[:old]
        for candidate in self._candidates:
            del candidate.crossed[:old]

    def _evidences(self, now_ms: int, exposure: float) -> list[Evidence]:
        # one a candidate; none while too little was seen
        base = np.concatenate([day.observed.base for day in self._log])
        known = ~np.isnan(base[:, 0])
        observed_ms = known.sum() * self._log[-1].bars.interval_ms
        is_enough = observed_ms >= LEAST_DAYS * DAY_MS and len(self._orders) >= LEAST_ORDERS
        if not is_enough or not base[known].any(axis=0).all():
            return []
        times = np.concatenate([day.bars.time_ms for day in self._log])[known]
        return [
            Evidence(
                crossed=np.concatenate(candidate.crossed)[known],
                observed=base[known],
                age_days=(now_ms - 1 - times) / DAY_MS,  # the day that has just ended is day 0
                exposure=exposure,
            )
            for candidate in self._candidates
        ]


def join_taken(pieces: Sequence[Taken]) -> Taken:
    """Return consecutive pieces, at least one, as one."""
    return Taken(
        bars=join_pieces([piece.bars for piece in pieces]),
        observed=join_observed([piece.observed for piece in pieces]),
        expected=np.concatenate([piece.expected for piece in pieces]),
        reported_share=np.concatenate([piece.reported_share for piece in pieces]),
    )


def column_band(book: HeatmapBook, belief: Belief) -> FloatArray:
    """Return the (2, 2, bins) 10 % and 90 % bounds, a side, of what truly stands in each bin.

    The wider of two: the ensemble of mixes, as a lognormal of its mean and variance, and how far
    recent hours were off.
    """
    column = book.column()
    times = np.exp(_TENTH * _ensemble_spread(book, belief, column))
    low, high = np.array(belief.factors).T[:, :, np.newaxis]
    return np.stack([column * np.minimum(low, 1 / times), column * np.maximum(high, times)])


def _ensemble_spread(book: HeatmapBook, belief: Belief, column: FloatArray) -> FloatArray:
    # (2, bins) standard deviation of the logarithm of what stands there, over the ensemble
    if not len(belief.draws):
        return np.zeros_like(column)
    variance = np.maximum(0.0, book.variance(_covariance(belief)))  # rounding
    relative = np.divide(variance, column**2, out=np.zeros_like(column), where=column > 1e-100)
    spread: FloatArray = np.sqrt(np.log1p(relative))
    return spread


@functools.lru_cache(maxsize=32)
def _covariance(belief: Belief) -> FloatArray:
    # (2, 13, 13), of the shares of each side, over the ensemble
    return np.stack([np.cov(belief.draws[:, side], rowvar=False) for side in (0, 1)])


def _ends_ms(bars: Bars) -> int:
    return int(bars.time_ms[-1]) + bars.interval_ms
