"""Forced selling and what it does to the price: see ``workstation.risk.cascade`` for the theory.

Compiled by numba, cached on disk, run without the interpreter lock. Distances are unsigned
logarithms from today's price in the direction of the push; quantities are coins.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import numpy as np
from numba import njit

from workstation.market.facts import FloatArray

PACE_S: Final = 300.0  # over which the speed of a fall is measured
_DAY_S: Final = 86_400.0
_QUIET_SPEED: Final = 2.0  # sigmas in five minutes below which depth does not collapse
_COLLAPSE: Final = 0.075  # of ln(depth) a sigma: medians 1.23 to 6.1 over 636 events
_BOOK_SHAPE: Final = 0.16  # depth grows with distance ** 1.16
_SQUARE_ROOT_SEED: Final = 1e-7  # of the day's volume: keeps the first sale's impact finite
_FAST_REFILL: Final = 0.02  # a displacement at which the book refills at twice its rate
_SMALL: Final = 1e-3  # a displacement whose refill is not faster than usual
_NO_FLOW: Final = 1e-12


class Impact(NamedTuple):
    """The depth-matched square-root law: what ``sold`` coins move the price by for hours."""

    scale: float  # Y sigma_d
    volume: float  # coins a day
    seed: float  # q0

    # J'(0) = 0.01 / depth, and J tends to scale sqrt(sold / volume)


class Draws(NamedTuple):
    """One market a path; every field is (n,). Sources in ``CascadeParameters``."""

    impact: FloatArray
    volatility_daily: FloatArray
    volume_base: FloatArray
    depth_base: FloatArray
    collapse: FloatArray
    most_collapse: FloatArray
    refill_s: FloatArray
    mark_share: FloatArray
    bankruptcy_gap: FloatArray
    capacity_base_s: FloatArray
    book_scale: FloatArray


class Push(NamedTuple):
    """The exogenous move, one value a step of ``step_s`` from the first step on; then it holds.

    Its noise is pinned to both ends and never passes the largest value of ``path``.
    """

    path: FloatArray  # (steps,) log distance
    step_s: float
    steps: int  # of the whole simulation, the time after the push included
    noise: float  # of the day's volatility


class Outcomes(NamedTuple):
    """What came of each path; every field but ``died_s`` is (n,)."""

    lowest: FloatArray  # furthest log distance of the perpetual's price
    end: FloatArray  # log distance at the end
    mark: FloatArray  # furthest log distance of the mark
    reached_base: FloatArray  # what the mark reached
    sold_base: FloatArray  # ... of it was sold to the market
    sold_usd: FloatArray
    taken_base: FloatArray  # ... was closed by insurance fund or ADL at bankruptcy prices
    waiting_base: FloatArray  # ... still waits at the end
    busiest_base: FloatArray  # sold in the busiest minute
    thinnest: FloatArray  # the largest factor by which depth collapsed
    died_s: FloatArray  # (n, own): when the mark passed each own position; NaN: it did not


@njit(cache=True, nogil=True)
def impact_of(impact: Impact, sold: float) -> float:
    """Return the lasting log displacement by ``sold`` coins."""
    root = math.sqrt(sold / impact.volume + impact.seed)
    displacement: float = impact.scale * (root - math.sqrt(impact.seed))
    return displacement


@njit(cache=True, nogil=True)
def _standing(cumulative: FloatArray, delta: float, distance: float) -> float:
    # coins between the price and a distance
    place = distance / delta
    k = int(place)
    if k >= len(cumulative) - 1:
        return float(cumulative[-1])
    share = place - k
    standing: float = cumulative[k] * (1.0 - share) + cumulative[k + 1] * share
    return standing


@njit(cache=True, nogil=True)
def fixed_point(cumulative: FloatArray, delta: float, impact: Impact, shock: float) -> float:
    """Return the least ``x`` with ``x = shock + J(Q(x))``.

    ``x - J(Q(x))`` is convex inside a bin and below the shock where it begins, so the first bin
    at whose far edge it is not holds exactly one root, the larger one of a quadratic.

    Parameters
    ----------
    cumulative : (bins + 1,) coins that stand between the price and the edges of bins
    delta : width of a bin in ln(price)
    shock : log distance of the push
    """
    if _standing(cumulative, delta, shock) == 0.0:
        return shock  # nobody dies by the push alone
    bins = len(cumulative) - 1
    first = min(int(shock / delta), bins)
    for k in range(first, bins):
        if delta * (k + 1) - impact_of(impact, cumulative[k + 1]) >= shock:
            slope = (cumulative[k + 1] - cumulative[k]) / delta
            start = cumulative[k] - slope * delta * k
            centre = shock - impact.scale * math.sqrt(impact.seed)
            b = impact.scale**2 * slope / impact.volume
            c = impact.scale**2 * (start / impact.volume + impact.seed)
            root = centre + b / 2 + math.sqrt(max(0.0, b * b / 4 + b * centre + c))
            inside: float = min(max(root, shock, delta * k), delta * (k + 1))
            return inside
    beyond: float = shock + impact_of(impact, cumulative[bins])
    return beyond


@njit(cache=True, nogil=True)
def sell_one_by_one(
    distance: FloatArray, quantity: FloatArray, impact: Impact, shock: float
) -> tuple[float, float]:
    """Return where the price ends and the coins sold when positions die one after the other.

    Parameters
    ----------
    distance : (n,) log distances at which the positions die, ascending
    quantity : (n,) coins
    """
    sold, reached = 0.0, shock
    for i in range(len(distance)):
        if distance[i] > reached:
            break
        sold += quantity[i]
        reached = shock + impact_of(impact, sold)
    return reached, sold


@njit(cache=True, nogil=True)
def _collapsed(speed: float, usual: float, most: float) -> float:
    # the factor by which depth is thinner, at a speed in sigmas of five minutes
    if speed <= _QUIET_SPEED:
        return usual
    collapse: float = usual * min(most, math.exp(min(50.0, _COLLAPSE * (speed - _QUIET_SPEED))))
    return collapse


@njit(cache=True, nogil=True)
def _lasting(scale: float, volume: float, sold: float, sell: float) -> float:
    # what a sale adds to the displacement that stays for hours
    before, after = sold / volume + _SQUARE_ROOT_SEED, (sold + sell) / volume + _SQUARE_ROOT_SEED
    displacement: float = scale * (math.sqrt(after) - math.sqrt(before))
    return displacement


@njit(cache=True, nogil=True)
def _walked(sell: float, depth: float, transient: float) -> float:
    # how far a sale walks the book that stands beyond the displacement of the moment
    shape = (transient / 0.01) ** _BOOK_SHAPE if transient > 0.01 else 1.0
    displacement: float = sell * 0.01 / (depth * (1.0 + _BOOK_SHAPE) * shape)
    return displacement


@njit(cache=True, nogil=True)
def _refilled(transient: float, steps_a_refill: float, calm: float) -> float:
    # a displacement after one step; a large one draws more liquidity
    if transient < _SMALL:
        return transient * calm
    faster = (transient / _FAST_REFILL) ** 2
    left: float = transient * math.exp(-steps_a_refill * (1.0 + faster))
    return left


@njit(cache=True, nogil=True)
def simulate(
    cumulative: FloatArray,
    delta: float,
    price: float,
    sign: float,
    draws: Draws,
    push: Push,
    own: FloatArray,
    rng: np.random.Generator,
) -> Outcomes:
    """Play the push against the book, one path a draw.

    Parameters
    ----------
    cumulative : (bins + 1,) coins between the price and the edges of bins of width ``delta``
    price : USD per coin at the start; ``sign`` -1 for a fall, 1 for a rise
    own : (k,) log distances at which own positions die, ascending
    """
    n = len(draws.impact)
    out = Outcomes(
        np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n),
        np.zeros(n), np.zeros(n), np.zeros(n), np.ones(n), np.full((n, len(own)), np.nan),
    )  # fmt: skip
    recent = np.zeros(max(1, round(PACE_S / push.step_s)))
    minute = np.zeros(max(1, round(60.0 / push.step_s)))
    for i in range(n):
        recent[:] = 0.0
        minute[:] = 0.0
        _play(cumulative, delta, price, sign, draws, push, own, rng, i, recent, minute, out)
    return out


@njit(cache=True, nogil=True)
def _play(
    cumulative: FloatArray,
    delta: float,
    price: float,
    sign: float,
    draws: Draws,
    push: Push,
    own: FloatArray,
    rng: np.random.Generator,
    i: int,
    recent: FloatArray,
    minute: FloatArray,
    out: Outcomes,
) -> None:
    # Path ``i`` of ``simulate``; ``recent`` and ``minute`` are rings of prices and of sales.
    step_s, pushing, furthest = push.step_s, len(push.path), push.path.max()
    sigma, volume = draws.volatility_daily[i], draws.volume_base[i]
    capacity, scale = draws.capacity_base_s[i] * step_s, draws.impact[i] * sigma
    noise = push.noise * sigma * math.sqrt(step_s / _DAY_S)
    per_sigma = 1.0 / (sigma * math.sqrt(PACE_S / _DAY_S))
    steps_a_refill = step_s / draws.refill_s[i]
    calm = math.exp(-steps_a_refill)
    permanent = transient = queue = wander = x = in_minute = seen = 0.0
    dead = 0
    out.thinnest[i] = draws.collapse[i]
    for t in range(push.steps):
        pushed = furthest
        if t < pushing - 1:
            left = float(pushing - t)
            wander += noise * math.sqrt((left - 1.0) / left) * rng.standard_normal() - wander / left
            pushed = min(push.path[t] + wander, furthest)
        # what waits is sold, and the book gives way and refills
        sell, standing = min(queue, capacity), transient
        if standing > _NO_FLOW:
            transient = _refilled(standing, steps_a_refill, calm)
        if sell > _NO_FLOW:
            speed = abs(x - recent[t % len(recent)]) * per_sigma
            collapse = _collapsed(speed, draws.collapse[i], draws.most_collapse[i])
            out.thinnest[i] = max(out.thinnest[i], collapse)
            lasting = _lasting(scale, volume, out.sold_base[i], sell)
            walked = _walked(sell, draws.depth_base[i] / collapse, standing)
            permanent += lasting
            transient += max(0.0, walked - lasting)
            queue -= sell
            out.sold_base[i] += sell
        else:
            sell = 0.0
        recent[t % len(recent)] = x
        x = pushed + permanent + transient
        out.sold_usd[i] += sell * price * math.exp(sign * x) if sell > 0.0 else 0.0
        in_minute += sell - minute[t % len(minute)]
        minute[t % len(minute)] = sell
        out.busiest_base[i] = max(out.busiest_base[i], in_minute)
        out.lowest[i] = max(out.lowest[i], x)
        # what the mark reaches for the first time joins the queue
        mark = pushed + permanent + draws.mark_share[i] * transient
        if mark > seen:
            seen = mark
            reached = draws.book_scale[i] * _standing(cumulative, delta, seen)
            queue += reached - out.reached_base[i]
            out.reached_base[i] = reached
            while dead < len(own) and own[dead] <= seen:
                out.died_s[i, dead] = (t + 1) * step_s
                dead += 1
        if transient > draws.bankruptcy_gap[i]:
            out.taken_base[i] += queue
            queue = 0.0
    out.end[i], out.mark[i], out.waiting_base[i] = x, seen, queue
