"""The leverage basis of the heatmap: where a position opened at a price is liquidated.

Thirteen hat functions over the distance ``d`` from entry to liquidation, linear in ``ln d`` and a
partition of unity, so that a mixture of them is a continuous density and not five lines. The nodes
stand at effective leverages; ``d = 1 / leverage - maintenance rate``. A long opened in bin ``e`` is
liquidated ``-ln(1 - d) / delta`` bins below it, a short ``ln(1 + d) / delta`` bins above.
``[A]`` marks an assumption without a source.
"""

from __future__ import annotations

import functools
import math
from typing import Final

import numpy as np

from workstation.market.facts import FloatArray
from workstation.risk.kernels.book import LONG, SHORT, Basis, IntArray

# effective leverages, about sqrt(2) apart; venues offer up to 125, seldom 150
NODE_LEVERAGES: Final = (2, 2.8, 4, 5.6, 8, 11, 16, 22, 32, 45, 64, 90, 130)
SMALLEST_DISTANCE: Final = 0.0025  # [A] nearer than that, fees and spread decide
_STEPS: Final = 20_000  # of the quadrature over ln(leverage)


def node_distances(maintenance_rate: float) -> FloatArray:
    """Return the (13,) distances of the nodes, descending; the last may share the smallest."""
    distances = 1.0 / np.array(NODE_LEVERAGES) - maintenance_rate
    clipped: FloatArray = np.maximum(distances, SMALLEST_DISTANCE)
    return clipped


@functools.lru_cache(maxsize=64)
def lognormal_mix(
    median_leverage: float, leverage_spread: float, maintenance_rate: float
) -> FloatArray:
    """Return the (13,) shares of the hats, summing to one, if ln(leverage) is normal.

    The density is cut off at the first and last node.
    """
    lowest, highest = math.log(NODE_LEVERAGES[0]), math.log(NODE_LEVERAGES[-1])
    log_leverage = np.linspace(lowest, highest, _STEPS)
    density = np.exp(-0.5 * ((log_leverage - math.log(median_leverage)) / leverage_spread) ** 2)
    distance = np.maximum(np.exp(-log_leverage) - maintenance_rate, SMALLEST_DISTANCE)
    place = _place_among_nodes(np.log(distance), maintenance_rate)
    below = np.minimum(place.astype(np.int64), len(NODE_LEVERAGES) - 2)
    upper = place - below
    shares = np.bincount(below, density * (1 - upper), len(NODE_LEVERAGES))
    shares += np.bincount(below + 1, density * upper, len(NODE_LEVERAGES))
    mix: FloatArray = shares / shares.sum()
    return mix


def _place_among_nodes(log_distance: FloatArray, maintenance_rate: float) -> FloatArray:
    # 0 at the first node, 12 at the last, linear in ln d between them
    nodes = np.log(node_distances(maintenance_rate))
    distinct = np.append(np.flatnonzero(np.diff(nodes) < 0), len(nodes) - 1)
    distinct = distinct[: np.argmax(nodes[distinct] == nodes[-1]) + 1]
    place: FloatArray = np.interp(-log_distance, -nodes[distinct], distinct.astype(np.float64))
    return place


def make_basis(
    shares: FloatArray, maintenance_rate: float, delta: float, *, separate_hats: bool = False
) -> Basis:
    """Return the kernels of both sides.

    Parameters
    ----------
    shares : (2, 13) share of open interest a side and hat, each side summing to at most one
    maintenance_rate : fraction, of the venue's first tier
    delta : width of a bin in ln(price)
    separate_hats : keep a layer a hat (what a fit needs); else one layer holds their mixture, which
        gives the same book at a thirteenth of the cost

    Raises
    ------
    ValueError
        A share is negative, or a side's sum exceeds one.
    """
    if np.any(shares < 0) or np.any(shares.sum(axis=1) > 1):
        raise ValueError(f"shares of open interest were {shares}")
    hats = np.stack([_hat_kernels(side, maintenance_rate, delta) for side in (LONG, SHORT)])
    if separate_hats:
        return Basis(shares, hats, _spans(hats))
    priced = shares.sum(axis=1, keepdims=True)
    mix = np.divide(
        shares, priced, out=np.full_like(shares, 1 / len(NODE_LEVERAGES)), where=priced > 0
    )
    mixture = np.einsum("sj,sjo->so", mix, hats)[:, np.newaxis, :]
    return Basis(priced, mixture, _spans(mixture))


@functools.lru_cache(maxsize=64)
def _hat_kernels(side: int, maintenance_rate: float, delta: float) -> FloatArray:
    # (13, offsets); offset o covers |ln(liquidation / entry)| / delta in o +- 1/2
    reach = math.ceil(-math.log1p(-1.0 / NODE_LEVERAGES[0]) / delta) + 1
    edges = np.maximum(np.arange(reach + 2) - 0.5, 0.0) * delta
    distance = -np.expm1(-edges) if side == LONG else np.expm1(edges)
    with np.errstate(divide="ignore"):
        log_distance = np.log(distance)
    nodes = np.log(node_distances(maintenance_rate))
    kernels = np.empty((len(nodes), reach + 1))
    for hat, peak in enumerate(nodes):
        nearest, farthest = nodes[min(hat + 1, len(nodes) - 1)], nodes[max(hat - 1, 0)]
        kernels[hat] = np.diff(_hat_cdf(log_distance, nearest, peak, farthest))
    kernels /= kernels.sum(axis=1, keepdims=True)
    return kernels[:, ::-1] if side == LONG else kernels


def _hat_cdf(x: FloatArray, left: float, peak: float, right: float) -> FloatArray:
    # of the triangle over left <= peak <= right; a hat without width is a step
    if left == right:
        step: FloatArray = (x >= peak).astype(np.float64)
        return step
    width = right - left
    rising = np.clip(x, left, peak) - left
    falling = right - np.clip(x, peak, right)
    area = rising**2 / (peak - left) if peak > left else np.zeros_like(x)
    if right > peak:
        area = area + (right - peak) - falling**2 / (right - peak)
    cdf: FloatArray = area / width
    return cdf


def _spans(kernels: FloatArray) -> IntArray:
    # (side, layer, 2): the offsets between which a kernel is not zero
    taken = kernels > 0
    first = np.argmax(taken, axis=2)
    end = kernels.shape[2] - np.argmax(taken[:, :, ::-1], axis=2)
    spans: IntArray = np.stack([first, end], axis=2).astype(np.int64)
    return spans
