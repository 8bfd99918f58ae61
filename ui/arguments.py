"""Texts of the command line to values; what cannot be read is refused with an example."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Final

import numpy as np

from workstation.errors import UsageError
from workstation.market.instrument import split_symbol
from workstation.services.headless import DRIVER, Ladder, MarkOption, Move

MAX_RUNGS: Final = 10_000
_HOURS: Final = {"s": 1 / 3_600, "m": 1 / 60, "min": 1 / 60, "h": 1.0, "d": 24.0}
_DURATION: Final = re.compile(r"\s*([0-9.]+)\s*([a-z]+)\s*")


def marks(texts: Iterable[str]) -> tuple[MarkOption, ...]:
    """Read ``BTC/USDT:USDT=64000`` or ``okx:BTC/USDT:USDT=64000``."""
    return tuple(_mark(text) for text in texts)


def _mark(text: str) -> MarkOption:
    name, price = _pair("--mark", text, "BTC/USDT:USDT=64000")
    head, colon, rest = name.partition(":")
    venue, symbol = (head, rest) if colon and "/" not in head else (None, name)
    try:
        split_symbol(symbol)
    except ValueError as error:
        raise UsageError(f"--mark {text}: {error}") from None
    return MarkOption(symbol=symbol, price=_positive("--mark", price), venue=venue)


def betas(texts: Iterable[str]) -> dict[str, float]:
    """Read ``ETH=1.3``."""
    pairs = (_pair("--beta", text, "ETH=1.3") for text in texts)
    return {coin: _number("--beta", value) for coin, value in pairs}


def moves(texts: Iterable[str]) -> tuple[Move, ...]:
    """Read ``BTC=60000`` or ``BTC=-7%``."""
    return tuple(_move(text) for text in texts)


def _move(text: str) -> Move:
    coin, target = _pair("--move", text, "BTC=60000 or BTC=-7%")
    if not target.endswith("%"):
        return Move(coin=coin, price=_positive("--move", target))
    fraction = _number("--move", target[:-1]) / 100
    if fraction <= -1:
        raise UsageError(f"--move {text}: a price cannot fall by 100 % or more")
    return Move(coin=coin, fraction=fraction)


def hours(text: str) -> float:
    """Read ``6h``, ``90min`` or ``2d``."""
    found = _DURATION.fullmatch(text.lower())
    if found is None or found[2] not in _HOURS:
        raise UsageError(f"--over {text}: give a number and a unit, such as 6h, 90min or 2d")
    return _number("--over", found[1]) * _HOURS[found[2]]


def ladder(text: str) -> Ladder:
    """Read ``55000:75000:2500``, both ends included, or ``ETH:1500:2500:100``."""
    parts = text.split(":")
    if len(parts) == 3:
        parts = [DRIVER, *parts]
    if len(parts) != 4:
        raise UsageError(f"--ladder {text}: give FROM:TO:STEP, such as 55000:75000:2500")
    start, end, step = (_positive("--ladder", part) for part in parts[1:])
    rungs = math.floor(abs(end - start) / step * (1 + 1e-9)) + 1
    if rungs > MAX_RUNGS:
        raise UsageError(f"--ladder {text}: that are {rungs:,} prices; at most {MAX_RUNGS:,} fit")
    prices = start + math.copysign(step, end - start) * np.arange(rungs)
    return Ladder(coin=parts[0].strip(), prices=np.sort(prices))


def _pair(option: str, text: str, example: str) -> tuple[str, str]:
    name, _, value = text.rpartition("=")
    if not (name and value):
        raise UsageError(f"{option} {text}: write it as {option} {example}")
    return name.strip(), value.strip()


def _number(option: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"{option}: '{text}' is not a number (write 60000.5, without commas)")
    return value


def _positive(option: str, text: str) -> float:
    value = _number(option, text)
    if value <= 0:
        raise UsageError(f"{option}: '{text}' must be greater than zero")
    return value
