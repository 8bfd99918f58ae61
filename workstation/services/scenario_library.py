"""The library of scenarios: those that come with the program, and the user's own.

A scenario is a TOML file. The user's lie in ``scenarios`` beside their settings; one with a shipped
name takes its place. A file that cannot be read costs that file, and a sentence says so::

    title = "Below $60k"
    about = "What the workstation was built for."
    source = "An assumption: no more than a look below the price."
    over_h = 6

    [moves]          # a price, or a fraction as on the command line; "*" is every other coin
    BTC = 59900
    ETH = "-20%"

    [betas]          # optional
    SOL = 1.5

    [haircuts]       # optional: collateral counts for less from the start
    BTC = 0.2

    [[adl]]          # optional: winning positions of a coin are closed in part by the venue
    coin = "BTC"
    at = "-10%"
    share = 0.5

``funding_rate_8h``, ``use_betas`` and ``course`` (prices of bitcoin at equal times) are optional.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

from workstation import paths
from workstation.errors import ScenarioFileError, UsageError
from workstation.risk.scenario_library import AssumedAdl, End, LibraryScenario

SHIPPED: Final = (
    "below-60k",
    "mid-50s",
    "ten-minutes",
    "2020-03-12",
    "2021-05-19",
    "2022-11-09",
    "2024-08-05",
    "2025-10-10",
    "2025-10-10-adl",
    "2026-02-05",
    "usdt-depeg",
    "usde-depeg",
    "haircuts-raised",
    "deribit-down",
    "deribit-up",
    "deribit-tail-down",
    "deribit-tail-up",
    "okx-spot-shock-down",
    "okx-spot-shock-up",
    "okx-extreme-down",
    "okx-extreme-up",
)
_SUFFIX: Final = ".toml"
_REQUIRED: Final = ("title", "source", "moves", "over_h")
_KNOWN: Final = frozenset(
    (*_REQUIRED, "about", "betas", "use_betas", "funding_rate_8h", "course", "haircuts", "adl")
)


def own_folder() -> Path:
    """Return where the user's scenarios lie; it may not be there."""
    return paths.config_dir() / "scenarios"


def library() -> tuple[tuple[LibraryScenario, ...], tuple[ScenarioFileError, ...]]:
    """Return every scenario, the shipped ones first, and what could not be read."""
    found = {name: read(_shipped(name)) for name in SHIPPED}
    problems = []
    for path in sorted(own_folder().glob(f"*{_SUFFIX}")):
        try:
            found[path.stem] = read(path)
        except ScenarioFileError as error:
            problems.append(error)
    return tuple(found.values()), tuple(problems)


def named(name: str) -> LibraryScenario:
    """Return one scenario.

    Raises
    ------
    UsageError
        There is none of this name.
    ScenarioFileError
        Its file cannot be read.
    """
    own = own_folder() / f"{name}{_SUFFIX}"
    if own.parent == own_folder() and own.is_file():
        return read(own)
    if name in SHIPPED:
        return read(_shipped(name))
    there = ", ".join((*SHIPPED, *(path.stem for path in sorted(own_folder().glob("*.toml")))))
    raise UsageError(f"--scenario {name}: there is no such scenario; there are {there}")


def read(path: Path | Traversable) -> LibraryScenario:
    """Read a scenario file.

    Raises
    ------
    ScenarioFileError
        It is no TOML, or a field of it is missing, unknown or out of range.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        return _scenario(path.name.removesuffix(_SUFFIX), document)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScenarioFileError(str(path), f"it could not be read: {error}") from error
    except (TypeError, ValueError) as error:
        raise ScenarioFileError(str(path), str(error)) from error


def _shipped(name: str) -> Traversable:
    return paths.resource("scenarios", f"{name}{_SUFFIX}")


def _scenario(name: str, document: Mapping[str, Any]) -> LibraryScenario:
    missing = [key for key in _REQUIRED if key not in document]
    if missing:
        raise ValueError(f"'{missing[0]}' is missing")
    unknown = sorted(set(document) - _KNOWN)
    if unknown:
        raise ValueError(f"'{unknown[0]}' is not known here; there are {', '.join(sorted(_KNOWN))}")
    rate = document.get("funding_rate_8h")
    return LibraryScenario(
        name=name,
        title=_text(document, "title"),
        about=_text(document, "about") if "about" in document else "",
        source=_text(document, "source"),
        ends={coin: _end(coin, end) for coin, end in _table(document, "moves").items()},
        over_h=_at_least(0.0, "over_h", document["over_h"]),
        course=tuple(_course(document.get("course", []))),
        betas={coin: _number(coin, beta) for coin, beta in _table(document, "betas").items()},
        use_betas=_flag(document.get("use_betas", True)),
        funding_rate_8h=None if rate is None else _number("funding_rate_8h", rate),
        haircuts={
            coin: _share(coin, haircut) for coin, haircut in _table(document, "haircuts").items()
        },
        adl=tuple(_adl(item) for item in document.get("adl", [])),
    )


def _text(document: Mapping[str, Any], key: str) -> str:
    text = document[key]
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"'{key}' must be a text, was {text!r}")
    return text


def _table(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    table = document.get(key, {})
    if not isinstance(table, dict):
        raise TypeError(f"'{key}' must be a table, was {table!r}")
    return table


def _end(coin: str, written: Any) -> End:
    if not isinstance(written, str):
        return End(price=_number(coin, written))
    if not written.endswith("%"):
        raise ValueError(f'{coin}: write a price as a number, a fraction as "-7%"; was {written!r}')
    return End(fraction=_number(coin, float(written[:-1]) / 100))


def _course(written: Iterable[Any]) -> Iterable[float]:
    prices = [_number("course", price) for price in written]
    if len(prices) == 1 or any(price <= 0 for price in prices):
        raise ValueError("'course' must be two or more prices above zero")
    if prices and prices[0] == prices[-1]:
        raise ValueError("'course' must end elsewhere than it starts")
    return prices


def _adl(item: Mapping[str, Any]) -> AssumedAdl:
    unknown = sorted(set(item) - {"coin", "at", "share", "venue"})
    if unknown or not {"coin", "at", "share"} <= set(item):
        raise ValueError("an [[adl]] has 'coin', 'at', 'share' and, if it is of one, 'venue'")
    return AssumedAdl(
        coin=str(item["coin"]),
        at=_end("at", item["at"]),
        share=_share("share", item["share"]),
        venue=None if "venue" not in item else str(item["venue"]),
    )


def _number(key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"'{key}' must be a number, was {value!r}")
    return float(value)


def _at_least(least: float, key: str, value: Any) -> float:
    number = _number(key, value)
    if number < least:
        raise ValueError(f"'{key}' must be at least {least:g}, was {number:g}")
    return number


def _share(key: str, value: Any) -> float:
    share = _at_least(0.0, key, value)
    if share > 1:
        raise ValueError(f"'{key}' must be at most 1, was {share:g}")
    return share


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"'use_betas' must be true or false, was {value!r}")
    return value
