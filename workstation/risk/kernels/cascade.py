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
    n, steps, step_s = len(draws.impact), push.steps, push.step_s
    out = Outcomes(
        np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n), np.zeros(n),
        np.zeros(n), np.zeros(n), np.zeros(n), np.ones(n), np.full((n, len(own)), np.nan),
    )  # fmt: skip
    pace_steps = max(1, round(PACE_S / step_s))
    minute_steps = max(1, round(60.0 / step_s))
    pushing = len(push.path)
    furthest = push.path.max() if pushing else 0.0
    recent = np.zeros(pace_steps)
    minute = np.zeros(minute_steps)
    for i in range(n):
        recent[:] = 0.0
        minute[:] = 0.0
        scale = draws.book_scale[i]
        volume, capacity = draws.volume_base[i], draws.capacity_base_s[i] * step_s
        impact = draws.impact[i] * draws.volatility_daily[i]
        noise = push.noise * draws.volatility_daily[i] * math.sqrt(step_s / _DAY_S)
        per_sigma = 1.0 / (draws.volatility_daily[i] * math.sqrt(PACE_S / _DAY_S))
        calm = math.exp(-step_s / draws.refill_s[i])
        permanent = transient = queue = sold = sold_usd = taken = wander = 0.0
        seen = reached = lowest = x = in_minute = 0.0
        thinnest, dead = draws.collapse[i], 0
        for t in range(steps):
            if t < pushing - 1:
                left = float(pushing - t)
                step = noise * math.sqrt((left - 1.0) / left)
                wander += -wander / left + step * rng.standard_normal()
                pushed = min(push.path[t] + wander, furthest)
            else:
                pushed = push.path[pushing - 1] if pushing else 0.0
            sell = min(queue, capacity)
            lasting = 0.0
            if sell > _NO_FLOW:
                speed = abs(x - recent[t % pace_steps]) * per_sigma
                collapse = draws.collapse[i]
                if speed > _QUIET_SPEED:
                    grown = math.exp(min(50.0, _COLLAPSE * (speed - _QUIET_SPEED)))
                    collapse *= min(draws.most_collapse[i], grown)
                    thinnest = max(thinnest, collapse)
                queue -= sell
                before, after = sold / volume, (sold + sell) / volume
                lasting = impact * (
                    math.sqrt(after + _SQUARE_ROOT_SEED) - math.sqrt(before + _SQUARE_ROOT_SEED)
                )
                sold += sell
                permanent += lasting
                shape = 1.0
                if transient > 0.01:
                    shape = (transient / 0.01) ** _BOOK_SHAPE
                walked = sell * 0.01 * collapse / (draws.depth_base[i] * (1 + _BOOK_SHAPE) * shape)
                walked = max(0.0, walked - lasting)
            else:
                walked = sell = 0.0
            if transient > _NO_FLOW:
                if transient > 1e-3:
                    faster = (transient / _FAST_REFILL) ** 2
                    transient *= math.exp(-step_s / draws.refill_s[i] * (1.0 + faster))
                else:
                    transient *= calm
            transient += walked
            recent[t % pace_steps] = x
            x = pushed + permanent + transient
            if sell > 0.0:
                sold_usd += sell * price * math.exp(sign * x)
            in_minute += sell - minute[t % minute_steps]
            minute[t % minute_steps] = sell
            out.busiest_base[i] = max(out.busiest_base[i], in_minute)
            lowest = max(lowest, x)
            mark = pushed + permanent + draws.mark_share[i] * transient
            if mark > seen:
                seen = mark
                now_reached = scale * _standing(cumulative, delta, seen)
                queue += now_reached - reached
                reached = now_reached
                while dead < len(own) and own[dead] <= seen:
                    out.died_s[i, dead] = (t + 1) * step_s
                    dead += 1
            if transient > draws.bankruptcy_gap[i]:
                taken += queue
                queue = 0.0
        out.lowest[i], out.end[i], out.mark[i] = lowest, x, seen
        out.reached_base[i], out.sold_base[i], out.sold_usd[i] = reached, sold, sold_usd
        out.taken_base[i], out.waiting_base[i], out.thinnest[i] = taken, queue, thinnest
    return out
