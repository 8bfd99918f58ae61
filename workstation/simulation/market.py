"""The simulated market: every coin's state, advanced together, and questions about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from workstation.market.facts import FloatArray
from workstation.simulation import story
from workstation.simulation.generator import BTC_PRICE, COINS, Coin, SimulatedMarketRow, markets_of
from workstation.simulation.kernels import advance
from workstation.simulation.state import CoinState, empty_state
from workstation.simulation.story import Drive

_CHUNK: Final = 3_600  # steps a kernel call: bounds memory, and how long a stop has to wait
_ALT_PULL_PER_S: Final = 1 / (120 * 3_600.0)  # [A] a coin's own moves fade in five days
_ALT_MOOD: Final = 0.7  # [A] the crowd of other coins leans less


@dataclass(slots=True)
class SimulatedCoin:
    """One coin: what it is, its markets, its state, and its own random numbers."""

    coin: Coin
    markets: tuple[SimulatedMarketRow, ...]
    state: CoinState
    rng: np.random.Generator


class SimulatedMarket:
    """All coins on one clock. The first is BTC; the others follow its index by their betas."""

    def __init__(self, coins: tuple[SimulatedCoin, ...]) -> None:
        self.coins = coins

    @property
    def time_s(self) -> int:
        return int(self.coins[0].state.core["time_s"][0])

    def coin(self, name: str) -> SimulatedCoin:
        """Return a coin by its name; ``KeyError`` if it is not simulated."""
        return {item.coin.name: item for item in self.coins}[name]

    def advance(self, seconds: int, *, step_s: int = 1, with_accounts: bool = True) -> None:
        """Let time pass; ``seconds`` is rounded down to whole steps."""
        left = seconds // step_s
        while left > 0:
            steps = min(left, _CHUNK)
            self._advance(steps, step_s, with_accounts)
            left -= steps

    def _advance(self, steps: int, step_s: int, with_accounts: bool) -> None:
        times = self.time_s + step_s * np.arange(1, steps + 1, dtype=np.int64)
        lead = story.drive(times)
        path = np.empty((2, steps))
        for item in self.coins:
            drive = lead if item is self.coins[0] else _follow(item.coin, lead, path)
            own = path if item is self.coins[0] else np.empty_like(path)
            advance(item.state, drive, step_s, with_accounts, item.coin.generator, item.rng, own)


def _follow(coin: Coin, lead: Drive, btc: FloatArray) -> Drive:
    """Return the drive of a coin that follows BTC's index by its beta."""
    return Drive(
        anchor=np.log(coin.price) + coin.beta * (btc[0] - np.log(BTC_PRICE)),
        pull_per_s=np.full(len(lead.anchor), _ALT_PULL_PER_S),
        volatility=np.sqrt(btc[1]),
        mood=_ALT_MOOD * lead.mood,
    )


def new_market(seed: int, start_s: int) -> SimulatedMarket:
    """Return a market without accounts at the beginning of its time."""
    seeds = np.random.SeedSequence(seed).spawn(len(COINS))
    btc = story.drive(np.array([start_s]))
    coins = []
    for coin, own_seed in zip(COINS, seeds, strict=True):
        anchor = np.log(coin.price) + coin.beta * (btc.anchor[0] - np.log(BTC_PRICE))
        coins.append(_new_coin(coin, start_s, anchor, np.random.default_rng(own_seed)))
    return SimulatedMarket(tuple(coins))


def _new_coin(coin: Coin, start_s: int, anchor: float, rng: np.random.Generator) -> SimulatedCoin:
    rows = markets_of(coin.name)
    state = empty_state(len(rows))
    core, markets = state.core, state.markets
    core["time_s"] = start_s
    core["log_price"] = core["anchor"] = core["trend"] = anchor
    core["nervousness"] = core["volatility"] = 1.0
    markets["share"] = [row.share for row in rows]
    markets["inverse"] = [row.is_inverse for row in rows]
    markets["funding_interval_s"] = [3_600 * row.venue.funding_interval_h for row in rows]
    for name in ("last_price", "previous_price", "mark_price", "index_price"):
        markets[name] = np.exp(anchor)
    face = np.where(markets["inverse"], np.exp(anchor), 1.0)
    hedged = coin.generator.hedged_base * markets["share"] * face
    markets["maker_long"] = markets["maker_short"] = hedged
    return SimulatedCoin(coin, rows, state, rng)
