"""How likely a price is touched: closed form, simulation, and the range of the models.

The default model is filtered historical simulation: hourly returns of the last year divided by
their own GARCH volatility are drawn anew and scaled by today's, so fat tails and calm or nervous
markets both count. Beside it stand a geometric Brownian motion whose variance is half the last ten
days' and half the last year's, and, where the user gives one, one at a market-implied volatility.
The band is the range of the models. Their skill is small: see ``RELIABILITY``.

No drift is used: the trailing one predicts nothing. Prices are marks, which liquidate; a stop on
the last price can be met earlier.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from workstation.market.facts import FloatArray
from workstation.risk.kernels.touch import BETWEEN_BARS, extremes, filter_variance
from workstation.risk.outlook import Touch, TouchBand, TouchReport

HORIZONS_DAYS: Final = (1, 7, 30)
PATHS: Final = 10_000  # a standard error of 0.3 points at a probability of 10 %
HOURS_A_DAY: Final = 24
DAYS_A_YEAR: Final = 365.0
HALF_LIFE_DAYS: Final = 10.0  # of the volatility of the present
LEAST_RETURNS: Final = 30 * HOURS_A_DAY  # [A] fewer residuals hold no tail
_ALPHA, _BETA = 0.02, 0.975  # of hourly GARCH; the long run is the year's variance

FILTERED: Final = "filtered history"
GBM: Final = "GBM"
IMPLIED: Final = "market-implied"
# Binance BTCUSDT mark, hourly, January 2021 to November 2025: yearly volatility with a half-life of
# ten days, its median and the tenth and ninetieth percentile. The first is the default.
USUAL_BITCOIN: Final = MappingProxyType({"usual": 0.52, "calm": 0.34, "wild": 0.78})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """How a model did: predicted and observed frequencies by thirds of the predictions."""

    model: str
    event: str
    predicted: tuple[float, ...]
    observed: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """Brier skill against the base rate: 0 is no better than it, 1 is perfect."""

    model: str
    event: str
    skill: float


MEASURED_ON: Final = (
    "BTCUSDT hourly marks of Binance 2021 to 2025, a start every 72 h; "
    "base rates .44, .18, .48, .18"
)
_EVENTS: Final = ("-5 % in 7 d", "-10 % in 7 d", "-10 % in 30 d", "-20 % in 30 d")
RELIABILITY: Final = (
    Reliability(
        model=FILTERED,
        event="-10 % in 7 d",
        predicted=(0.08, 0.16, 0.30),
        observed=(0.07, 0.11, 0.35),
    ),
    Reliability(
        model="GBM, last 10 days",
        event="-10 % in 7 d, highest third",
        predicted=(0.34,),
        observed=(0.22,),  # .21 to .23, the same for -20 % in 30 d
    ),
)
SKILL: Final = tuple(
    Skill(model=model, event=event, skill=skill)
    for model, skills in (
        (FILTERED, (0.082, 0.051, 0.179, 0.141)),
        ("GBM, last 10 days", (0.070, 0.030, 0.179, 0.050)),
        ("GBM, last year", (0.023, 0.030, 0.153, 0.152)),
        ("GBM, both", (0.056, 0.048, 0.178, 0.124)),
    )
    for event, skill in zip(_EVENTS, skills, strict=True)
)


def touch_probability(
    distance: float, years: float, volatility: float, drift: float = 0.0
) -> float:
    """Return the probability that a geometric Brownian motion touches a level.

    ``N((a - nu T)/(sigma sqrt T)) + exp(2 nu a/sigma^2) N((a + nu T)/(sigma sqrt T))`` for a level
    below, mirrored for one above; ``nu = drift - sigma^2 / 2``.

    Parameters
    ----------
    distance : ln(level / price)
    years, volatility : the horizon, and the volatility of a year, a fraction
    """
    if not distance:
        return 1.0
    if years <= 0 or volatility <= 0:
        return 0.0
    side = 1.0 if distance < 0 else -1.0
    a, nu = side * distance, side * (drift - volatility**2 / 2)
    spread = volatility * math.sqrt(years)
    straight = _normal((a - nu * years) / spread)
    mirrored = math.exp(2 * nu * a / volatility**2) * _normal((a + nu * years) / spread)
    return min(1.0, straight + mirrored)


def _normal(z: float) -> float:
    return math.erfc(-z / math.sqrt(2)) / 2


def monitored_at_bars(distance: float, volatility: float, bar_years: float) -> float:
    """Return the level that is touched as often without pause as ``distance`` at bars' ends.

    Broadie, Glasserman and Kou 1997: it lies .5826 sigmas of a bar further away.
    """
    shift = BETWEEN_BARS * volatility * math.sqrt(bar_years)
    return distance + math.copysign(shift, distance)


def simulated_touch(
    distance: float,
    years: float,
    volatility: float,
    rng: np.random.Generator,
    *,
    paths: int = 100_000,
    steps: int = 64,
) -> tuple[float, float]:
    """Return the probability of the closed form by simulation, and its standard error.

    Between two steps a Brownian bridge stays on this side of the level with probability
    ``1 - exp(-2 (x_i - a)(x_{i+1} - a) / (sigma^2 dt))``.
    """
    step = volatility * math.sqrt(years / steps)
    left = np.full(paths, abs(distance))  # to the level; it is touched at zero
    survival = np.ones(paths)
    towards = math.copysign(1.0, distance)
    for _ in range(steps):
        moved = left - towards * (step * rng.standard_normal(paths) - step**2 / 2)
        stays = -np.expm1(-2 * left * moved / step**2)
        survival *= np.where((left > 0) & (moved > 0), stays, 0.0)
        left = moved
    touched = 1 - survival
    return float(touched.mean()), float(touched.std() / math.sqrt(paths))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReturnHistory:
    """Hourly log returns of a coin's mark, oldest first, without holes filled in."""

    coin: str
    returns: FloatArray

    @property
    def days(self) -> float:
        return len(self.returns) / HOURS_A_DAY

    def year(self) -> FloatArray:
        return self.returns[-round(DAYS_A_YEAR) * HOURS_A_DAY :]

    @property
    def is_enough(self) -> bool:
        """Whether it is long enough, and the price moved at all."""
        return len(self.returns) >= LEAST_RETURNS and bool(np.any(self.year()))

    def recent_variance(self) -> float:
        """Return the variance of an hour, with the weights of the last ten days."""
        return ewma_variance(self.returns, HALF_LIFE_DAYS * HOURS_A_DAY)

    def blended_volatility(self) -> float:
        """Return the yearly volatility: half of the variance is the present's, half the year's."""
        hourly = (self.recent_variance() + float(np.mean(self.year() ** 2))) / 2
        return math.sqrt(hourly * HOURS_A_DAY * DAYS_A_YEAR)

    def daily_volatility(self) -> float:
        return math.sqrt(self.recent_variance() * HOURS_A_DAY)


def ewma_variance(returns: FloatArray, half_life: float) -> float:
    """Return the mean of squares, weighted by ``0.5 ** (age / half_life)``."""
    weights = 0.5 ** (np.arange(len(returns))[::-1] / half_life)
    return float(np.average(returns**2, weights=weights))


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """A price that may be touched; ``what`` says whose it is."""

    what: str
    price: float


def touch_report(
    coin: str,
    price: float,
    levels: Sequence[Level],
    history: ReturnHistory | None,
    rng: np.random.Generator,
    *,
    implied_volatility: float | None = None,
    usual: Mapping[str, float] | None = None,
    paths: int = PATHS,
) -> TouchReport | None:
    """Return the probabilities of levels for 1, 7 and 30 days; ``None`` where no model applies.

    Parameters
    ----------
    price : the coin's mark now
    history : fewer than 30 days of it are not used
    implied_volatility : of a year, a fraction, as the user gives it
    usual : yearly volatilities of the past, by name, for where nothing of now is known
    """
    usable = history if history is not None and history.is_enough else None
    if usable is None and implied_volatility is None and not usual:
        return None
    walks = None if usable is None else _Walks.of(usable, rng, paths)
    volatilities = {}
    if usable is not None:
        volatilities[GBM] = usable.blended_volatility()
    if implied_volatility is not None:
        volatilities[IMPLIED] = implied_volatility
    rests_on_past = not volatilities
    if rests_on_past:
        volatilities = dict(usual or {})
    touches = tuple(
        Touch(
            coin=coin,
            price=level.price,
            what=level.what,
            bands=tuple(_bands(math.log(level.price / price), walks, volatilities)),
        )
        for level in levels
    )
    assumptions = (
        [_past(volatilities)] if rests_on_past else _assumptions(usable, implied_volatility)
    )
    return TouchReport(touches=touches, assumptions=tuple(assumptions), rests_on_past=rests_on_past)


@dataclass(frozen=True, slots=True)
class _Walks:
    # How low and how high each simulated path has been by each horizon.
    low: FloatArray
    high: FloatArray

    @classmethod
    def of(cls, history: ReturnHistory, rng: np.random.Generator, paths: int) -> _Walks:
        year = history.year()
        long_run = float(np.mean(year**2))
        variance = filter_variance(year, long_run, _ALPHA, _BETA)
        residuals = year / np.sqrt(variance[:-1])
        ends = HOURS_A_DAY * np.array(HORIZONS_DAYS)
        residuals -= residuals.mean()  # no drift
        return cls(*extremes(residuals, variance[-1], long_run, _ALPHA, _BETA, ends, paths, rng))

    def share(self, distance: float, horizon: int) -> float:
        reached = self.low[horizon] <= distance if distance < 0 else self.high[horizon] >= distance
        return float(reached.mean())


def _bands(
    distance: float, walks: _Walks | None, volatilities: Mapping[str, float]
) -> Iterable[TouchBand]:
    for k, days in enumerate(HORIZONS_DAYS):
        models = {} if walks is None else {FILTERED: walks.share(distance, k)}
        for name, volatility in volatilities.items():
            models[name] = touch_probability(distance, days / DAYS_A_YEAR, volatility)
        yield TouchBand(
            horizon_days=days,
            low=min(models.values()),
            mid=next(iter(models.values())),
            high=max(models.values()),
            models=models,
        )


def _past(usual: Mapping[str, float]) -> str:
    low, high = min(usual.values()), max(usual.values())
    return (
        f"No prices are at hand: volatility is assumed to be as it was from 2021 to 2025, on four "
        f"days of five between {low:.0%} and {high:.0%} a year."
    )


def _assumptions(history: ReturnHistory | None, implied: float | None) -> Iterable[str]:
    if history is None:
        yield "Without 30 days of hourly prices only the volatility that was given is used."
    elif history.days < DAYS_A_YEAR:
        yield f"The history is {history.days:.0f} days long, not a year: its tails are short."
    if implied is not None:
        yield f"A market-implied volatility of {implied:.0%} a year was given."
