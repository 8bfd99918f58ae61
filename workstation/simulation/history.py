"""The saved state two minutes before the flush: built once for a seed, kept in the cache folder.

The history is the same market, advanced in coarser steps, so its accounts are those that live play
goes on with. A file of other parameters has another name; a damaged one is built again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from workstation.simulation import story
from workstation.simulation.generator import (
    COINS,
    LEVERAGE_WEIGHTS,
    LEVERAGES,
    LIFETIME_WEIGHTS,
    LIFETIMES_H,
    VENUES,
    markets_of,
)
from workstation.simulation.market import SimulatedCoin, SimulatedMarket, new_market
from workstation.simulation.state import CoinState, empty_state

log = logging.getLogger(__name__)

GENERATOR_VERSION: Final = 1  # of the kernels: raise it when they change what they compute
KEPT: Final = 3  # saved markets, of 40 MB each; the oldest go first


class Phase(NamedTuple):
    """A stretch of history and the step in which it is made."""

    name: str
    until_s: int
    step_s: int
    with_accounts: bool


PHASES: Final = (
    Phase("the years before", story.CROWD_START_S, 600, with_accounts=False),
    Phase("the months from the peak", story.unix_s("2026-01-24 00:00"), 60, with_accounts=True),
    Phase("the last days", story.unix_s("2026-02-05 00:00"), 10, with_accounts=True),
    Phase("the hours before the flush", story.PLAY_START_S, 1, with_accounts=True),
)


def load_or_build(
    seed: int,
    cache_dir: Path,
    progress: Callable[[str], None] = log.info,
    cancelled: Callable[[], bool] = lambda: False,
) -> SimulatedMarket | None:
    """Return the market two minutes before the flush, from the cache if it is there.

    ``progress`` gets a sentence for each phase that has to be built. ``None`` when ``cancelled``
    said so on the way.
    """
    path = cache_dir / f"simulated-market-{seed}-{_fingerprint()}.npz"
    market = _load(path)
    if market is None:
        market = _build(seed, progress, cancelled)
        if market is not None:
            _save(path, market)
    return market


def _build(
    seed: int, progress: Callable[[str], None], cancelled: Callable[[], bool]
) -> SimulatedMarket | None:
    began_s = time.monotonic()
    progress("The simulated market is built once: some seconds, more when kernels are compiled.")
    market = new_market(seed, story.YEARS_START_S)
    for phase in PHASES:
        progress(f"Building the simulated market: {phase.name}.")
        while market.time_s < phase.until_s:
            if cancelled():
                return None
            seconds = min(phase.until_s - market.time_s, 3_600 * phase.step_s)
            market.advance(seconds, step_s=phase.step_s, with_accounts=phase.with_accounts)
    progress(f"The simulated market is ready after {time.monotonic() - began_s:.1f} s.")
    return market


def _fingerprint() -> str:
    """Return a short text that changes with anything the history depends on."""
    tables = (COINS, VENUES, LEVERAGES, LEVERAGE_WEIGHTS, LIFETIMES_H, LIFETIME_WEIGHTS)
    made_from = repr((GENERATOR_VERSION, tables, story.STORY, PHASES))
    return hashlib.sha256(made_from.encode()).hexdigest()[:12]


def _save(path: Path, market: SimulatedMarket) -> None:
    arrays: dict[str, Any] = {}
    for item in market.coins:
        arrays |= {f"{item.coin.name}.{k}": v for k, v in item.state._asdict().items()}
        arrays[f"{item.coin.name}.rng"] = np.array(json.dumps(item.rng.bit_generator.state))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, arrays)
        _forget_old(path.parent)
    except OSError as error:
        log.warning("The simulated market could not be cached in %s: %s", path, error)


def _write(path: Path, arrays: dict[str, Any]) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            np.savez(stream, **arrays)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _forget_old(folder: Path) -> None:
    files = sorted(folder.glob("simulated-market-*.npz"), key=lambda file: file.stat().st_mtime)
    for file in files[:-KEPT]:
        file.unlink(missing_ok=True)


def _load(path: Path) -> SimulatedMarket | None:
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            return SimulatedMarket(tuple(_load_coin(index, arrays) for index in range(len(COINS))))
    except FileNotFoundError:
        return None
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        log.warning("%s is damaged and is built again: %s", path, error)
        return None


def _load_coin(index: int, arrays: Any) -> SimulatedCoin:
    coin = COINS[index]
    rows = markets_of(coin.name)
    expected = empty_state(len(rows))
    state = CoinState(*(arrays[f"{coin.name}.{field}"] for field in CoinState._fields))
    for have, want in zip(state, expected, strict=True):
        if have.shape != want.shape or have.dtype != want.dtype:
            raise ValueError(f"{coin.name}: {have.shape} {have.dtype} instead of {want.shape}")
    rng = np.random.default_rng()
    rng.bit_generator.state = json.loads(str(arrays[f"{coin.name}.rng"]))
    return SimulatedCoin(coin, rows, state, rng)
