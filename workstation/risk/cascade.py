"""The cascade: what liquidations add to a move, as a model with bands.

Theory of operation
-------------------
Longs (for a fall; shorts for a rise) of the liquidation map are sold when the mark reaches them,
and selling moves the price on. It does so on two time scales, and both are answered.

*Hours.* Digested selling follows a square-root law, matched to the order book at its start:
``J(Q) = Y sigma (sqrt(Q/V + q0) - sqrt(q0))`` with ``J'(0) = 0.01 / depth``. The price ends at the
least fixed point of ``x = push + J(Q(x))``; its gain ``J' rho`` is small on most days.

*Seconds.* Before the book refills, selling walks it, and depth itself collapses with the speed of
the fall. There the gain can exceed 1 for seconds to minutes. The dynamic model plays the push in
steps of 1 to 5 s: a queue of forced orders sold at a limited pace, a lasting and a passing impact,
and a limit beyond which insurance funds and auto-deleveraging close the rest at bankruptcy prices
without selling it. Without that limit the model has no stop.

The push is exogenous: it reaches the scenario price in the given time, with noise pinned to both
ends that never passes it, and then holds for an hour. What lies beyond it is the cascade's own.

What it does not do well: parameters are weakly known and drawn from wide laws, so the 95th
percentile is a stress figure; the map's size is uncertain by a factor of three; large positions of
the crowd are closed in two parts (``slices``), where venues may take more, and how many are large
is known of one venue on one day; feedback through other coins is left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from workstation.market.facts import FloatArray
from workstation.market.instrument import Side
from workstation.risk.cascade_parameters import DEFAULT_PARAMETERS, CascadeParameters
from workstation.risk.kernels.cascade import (
    Draws,
    Impact,
    Outcomes,
    Push,
    fixed_point,
    sell_one_by_one,
    simulate,
)
from workstation.risk.outlook import Band, CascadeReport, Cliff, PositionDeath

PATHS: Final = 1_000
SETTLE_S: Final = 3_600.0  # [A] after the push: many times what the book needs to refill
_NEAR: Final = 0.01  # ln(price) over which the gain in seconds looks at the map: depth is of 1 %
_SLOW_STEP_S, _FAST_STEP_S = 5.0, 1.0
_STEPS_OF_A_PUSH: Final = 720


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeMarket:
    """One coin's market before the push; quantities are coins of the venues in the map.

    ``depth_base`` stands within 1 % of the price on the side that is sold into.
    """

    coin: str
    price: float
    volatility_daily: float
    volume_24h_base: float
    depth_base: float
    capacity_base_s: float
    open_interest_base: float
    assumptions: tuple[str, ...] = ()

    def impact(self, parameters: CascadeParameters) -> Impact:
        """Return the impact of digested selling at the default parameters."""
        depth = self.depth_base / parameters.collapse.default
        scale = parameters.impact.default * self.volatility_daily
        return impact_law(scale, self.volume_24h_base, depth)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ForcedBook:
    """What is sold by force on the way, by distance from the price.

    ``cumulative_base[k]`` coins stand between the price and ``exp(-k delta)`` (a fall) or
    ``exp(k delta)`` (a rise) of it.
    """

    delta: float
    cumulative_base: FloatArray
    falls: bool

    @property
    def sign(self) -> float:
        return -1.0 if self.falls else 1.0

    @property
    def total_base(self) -> float:
        return float(self.cumulative_base[-1])

    def density(self, start: float, end: float) -> float:
        """Return coins a unit of ln(price), between two distances."""
        at = np.array([start, end]) / self.delta
        standing = np.interp(at, np.arange(len(self.cumulative_base)), self.cumulative_base)
        return float(standing[1] - standing[0]) / (end - start)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPosition:
    """A position of the user's: at which log distance of the moving coin its pool dies.

    ``quantity_base`` are the coins that are then sold in this coin's market; 0 in another's.
    """

    account: str
    symbol: str
    side: Side
    distance: float
    quantity_base: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Digested:
    """The fixed point of the hours: log distances, and what they mean."""

    distance: float
    gain: float

    @property
    def amplification(self) -> float:
        """What one more unit of push becomes; infinite from a gain of 1 on."""
        return 1.0 / (1.0 - self.gain) if self.gain < 1.0 else math.inf


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PushedMove:
    """The exogenous move: how far, how long, and on which way.

    ``distance`` is unsigned in ln(price). ``course`` are shares of it at equal times, the last of
    them 1; empty is a straight line. Without ``noise`` the way has none.
    """

    distance: float
    over_s: float
    course: tuple[float, ...] = ()
    noise: float = 1.0

    def steps(self) -> Push:
        """Return the push in steps short enough for its speed."""
        step_s = min(_SLOW_STEP_S, max(_FAST_STEP_S, self.over_s / _STEPS_OF_A_PUSH))
        count = max(1, round(self.over_s / step_s))
        clock = np.arange(1, count + 1) / count
        course = np.array([0.0, *(self.course or (1.0,))])
        path = self.distance * np.interp(clock, np.linspace(0, 1, len(course)), course)
        return Push(path, step_s, count + round(SETTLE_S / step_s), self.noise)


def impact_law(scale: float, volume_base: float, depth_base: float) -> Impact:
    """Return the square-root law that begins with the slope of the book, 1 % a ``depth_base``."""
    return Impact(scale, volume_base, (scale * depth_base / (2 * 0.01 * volume_base)) ** 2)


def digest(book: ForcedBook, impact: Impact, push: float) -> Digested:
    """Return where hours of digestion leave the price after a push of a log distance."""
    distance = fixed_point(book.cumulative_base, book.delta, impact, push)
    return Digested(distance=distance, gain=_gain(book, impact, distance))


def _gain(book: ForcedBook, impact: Impact, distance: float) -> float:
    """Return J'(Q) rho at a distance: coins released by one coin sold."""
    bins = len(book.cumulative_base) - 1
    k = int(distance / book.delta)
    if k >= bins:
        return 0.0
    inside = distance / book.delta - k
    below, above = (float(coins) for coins in book.cumulative_base[k : k + 2])
    sold = below + inside * (above - below)
    slope = impact.scale / (2 * impact.volume * math.sqrt(sold / impact.volume + impact.seed))
    return slope * (above - below) / book.delta


def cliffs(book: ForcedBook, impact: Impact) -> tuple[tuple[float, float], ...]:
    """Return pushes from which one more dollar jumps past a cluster, and where it lands.

    The least fixed point jumps where ``x - J(Q(x))`` has a maximum above all that came before;
    it is convex inside a bin, so that can only be at an edge.

    Returns
    -------
    (distance before, distance after) pairs, in ln(price) from the start.
    """
    edges = book.delta * np.arange(len(book.cumulative_base))
    roots = np.sqrt(book.cumulative_base / impact.volume + impact.seed)
    needed = edges - impact.scale * (roots - math.sqrt(impact.seed))
    highest = np.maximum.accumulate(needed)
    tops = np.flatnonzero((needed[:-1] >= highest[:-1]) & (np.diff(needed) < 0))
    found = []
    for top in tops:
        beyond = np.flatnonzero(needed[top + 1 :] > needed[top])
        landed = top + 1 + beyond[0] if len(beyond) else len(edges) - 1
        found.append((float(edges[top]), float(edges[landed])))
    return tuple(found)


def run_cascade(
    book: ForcedBook,
    market: CascadeMarket,
    move: PushedMove,
    own: Sequence[OwnPosition],
    rng: np.random.Generator,
    *,
    parameters: CascadeParameters = DEFAULT_PARAMETERS,
    paths: int = PATHS,
) -> CascadeReport:
    """Return what liquidations add to a move, over paths with parameters drawn from their laws."""
    draws = draw_markets(book, market, parameters, paths, rng)
    ordered = sorted(own, key=lambda position: position.distance)
    distances = np.array([position.distance for position in ordered])
    out = simulate(
        book.cumulative_base,
        book.delta,
        market.price,
        book.sign,
        draws,
        move.steps(),
        distances,
        rng,
    )
    impact = market.impact(parameters)
    digested = digest(book, impact, move.distance)
    in_seconds = _gains_in_seconds(book, draws, out, move)
    end_price = market.price * math.exp(book.sign * move.distance)
    price = market.price * np.exp(book.sign * out.lowest)
    amplified = digested.amplification
    return CascadeReport(
        coin=market.coin,
        start_price=market.price,
        scenario_price=end_price,
        over_h=move.over_s / 3_600,
        price=Band.of(price),
        overshoot_fraction=Band.of(np.abs(price / end_price - 1)),
        forced_usd=Band.of(out.sold_usd),
        open_interest_base=Band.of(_open_interest_left(market, parameters, out, rng)),
        taken_usd=Band.of(out.taken_base * price),
        busiest_minute_usd=Band.of(out.busiest_base * price),
        gain_hours=_gain_in_hours(book, draws, move),
        gain_seconds=float(np.median(in_seconds)),
        runaway_share=float(np.mean(in_seconds > 1)),
        digested_price=market.price * math.exp(book.sign * digested.distance),
        amplification=amplified if math.isfinite(amplified) else None,
        cliffs=tuple(_priced_cliffs(book, market, impact)),
        deaths=tuple(_deaths(ordered, out, market, book)),
        own_effect_fraction=_own_effect(book, impact, move.distance, ordered),
        paths=paths,
        assumptions=market.assumptions,
    )


def draw_markets(
    book: ForcedBook,
    market: CascadeMarket,
    parameters: CascadeParameters,
    count: int,
    rng: np.random.Generator,
) -> Draws:
    """Return one market a path; the map never holds more than the open interest."""
    drawn = {
        item.name: getattr(parameters, item.name).draw(count, rng) for item in fields(parameters)
    }
    most = market.open_interest_base / book.total_base if book.total_base > 0 else math.inf
    return Draws(
        impact=drawn["impact"],
        volatility_daily=market.volatility_daily * drawn["volatility"],
        volume_base=market.volume_24h_base * drawn["volume"],
        depth_base=market.depth_base * drawn["depth"],
        collapse=drawn["collapse"],
        most_collapse=drawn["most_collapse"],
        refill_s=drawn["refill_s"],
        mark_share=drawn["mark_share"],
        bankruptcy_gap=drawn["bankruptcy_gap"],
        capacity_base_s=market.capacity_base_s * drawn["capacity"],
        book_scale=np.minimum(drawn["book"], most),
    )


def _gain_in_hours(book: ForcedBook, draws: Draws, move: PushedMove) -> float:
    """Return the median gain of the digested fixed point over the draws."""
    scales = draws.impact * draws.volatility_daily
    laws = map(impact_law, scales, draws.volume_base, draws.depth_base / draws.collapse)
    # a map twice as large is one of the same size in a market of half the volume
    gains = [
        digest(book, law._replace(volume=law.volume / size), move.distance).gain
        for law, size in zip(laws, draws.book_scale, strict=True)
    ]
    return float(np.median(gains))


def _gains_in_seconds(
    book: ForcedBook, draws: Draws, out: Outcomes, move: PushedMove
) -> FloatArray:
    """Return 0.01 W rho / depth of each path, with its thinnest book and the map at the end."""
    end = max(move.distance, _NEAR)
    density = draws.book_scale * book.density(end - _NEAR, end)
    gains: FloatArray = 0.01 * out.thinnest * density / draws.depth_base
    return gains


def _open_interest_left(
    market: CascadeMarket,
    parameters: CascadeParameters,
    out: Outcomes,
    rng: np.random.Generator,
) -> FloatArray:
    """Return coins of open interest after the paths; longs and shorts fall alike.

    A sale closes a contract only where the buyer closes one too; the rest of what leaves does so
    of its own accord, in proportion to the move.
    """
    count = len(out.lowest)
    at_loss = parameters.closes_at_loss.draw(count, rng)
    freely = parameters.closes_freely.draw(count, rng)
    voluntary = freely * market.open_interest_base * out.lowest
    left = market.open_interest_base - at_loss * out.sold_base - out.taken_base - voluntary
    return np.maximum(left, 0.0)


def _priced_cliffs(book: ForcedBook, market: CascadeMarket, impact: Impact) -> Iterator[Cliff]:
    for before, after in cliffs(book, impact):
        yield Cliff(
            price=market.price * math.exp(book.sign * before),
            lands_at=market.price * math.exp(book.sign * after),
        )


def _deaths(
    ordered: Sequence[OwnPosition], out: Outcomes, market: CascadeMarket, book: ForcedBook
) -> Iterator[PositionDeath]:
    for position, times in zip(ordered, out.died_s.T, strict=True):
        died = times[np.isfinite(times)]
        yield PositionDeath(
            account=position.account,
            symbol=position.symbol,
            side=position.side,
            coin_price=market.price * math.exp(book.sign * position.distance),
            share=len(died) / len(times),
            minutes=float(np.median(died)) / 60 if len(died) else None,
        )


def _own_effect(book: ForcedBook, impact: Impact, push: float, own: Sequence[OwnPosition]) -> float:
    """Return by how much the price ends further because of the user's own liquidations."""
    edges = np.asarray(book.delta * np.arange(1, len(book.cumulative_base)), np.float64)
    masses = np.diff(book.cumulative_base)
    distance = np.array([*edges, *(position.distance for position in own)])
    mass = np.array([*masses, *(position.quantity_base for position in own)])
    order = np.argsort(distance, kind="stable")
    alone, _ = sell_one_by_one(edges, masses, impact, push)
    together, _ = sell_one_by_one(distance[order], mass[order], impact, push)
    return abs(math.expm1(book.sign * (together - alone)))
