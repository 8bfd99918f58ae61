"""Settings: declared once, as frozen dataclasses; the file, the dialog and the help come from here.

A field's metadata holds ``help`` (a sentence), its ``label`` where the name is none, ``range``
(inclusive) or ``choices``, ``unit``, the ``pattern`` of a text or of each in a list, and whether it
is edited in an ``own_dialog``.
Unknown or unreadable fields cost that field: its default is used and one warning is returned.
Keys of exchanges never stand here.
"""

from __future__ import annotations

import dataclasses
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from workstation.errors import SettingsError


def _setting(
    default: Any,
    help_text: str,
    *,
    label: str = "",
    range_: tuple[float, float] | None = None,
    choices: tuple[Any, ...] | None = None,
    unit: str = "",
    pattern: str = "",
    zero: str = "",
    own_dialog: bool = False,
) -> Any:
    metadata = {
        "help": help_text, "label": label, "range": range_, "choices": choices, "unit": unit,
        "pattern": pattern, "zero": zero, "own_dialog": own_dialog,
    }  # fmt: skip
    return field(default=default, metadata=metadata)


_TIME = r"([01]\d|2[0-3]):[0-5]\d"


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSettings:
    """Market data."""

    source: str = _setting("simulated", "live, simulated, or replay:FOLDER")
    venues: tuple[str, ...] = _setting(
        ("binanceusdm", "bybit", "okx", "hyperliquid", "deribit"),
        "Exchanges to read, by ccxt id",
        label="Exchanges",
    )
    coin: str = _setting("BTC", "Coin on the charts")
    interval: str = _setting(
        "15m", "Length of a candle", choices=("1m", "5m", "15m", "1h", "4h", "1d")
    )
    poll_interval_s: float = _setting(
        2.0, "Time between two polls of a venue", range_=(0.5, 60.0), unit="s"
    )
    held_poll_interval_s: float = _setting(
        1.0,
        "Time between two polls of the prices of a venue where you hold something, if that is less",
        range_=(0.5, 60.0),
        unit="s",
        label="Poll interval of your venues",
    )
    timeout_s: float = _setting(
        8.0, "How long an exchange may take to answer", range_=(1.0, 30.0), unit="s"
    )
    known_addresses: tuple[str, ...] = _setting(
        (),
        "Public Hyperliquid addresses whose positions stand in the map as they are",
        pattern=r"0x[0-9a-fA-F]{40}",
    )
    speed: float = _setting(
        60.0, "Speed of the simulated market and of a replay", range_=(0.1, 10_000.0), unit="x"
    )
    seed: int = _setting(20260205, "Seed of the simulated market", range_=(0, 2**31 - 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskSettings:
    """Risk figures."""

    scenario_price: float = _setting(
        60_000.0, "Price of the scenario when the program starts", range_=(0.0, 1e9), unit="USD"
    )
    buffer: float = _setting(
        0.10,
        "Share of maintenance margin to keep after a repair",
        range_=(0.0, 1.0),
        label="Buffer after a repair",
    )
    book_age_warning_h: float = _setting(
        1.0,
        "Age of the book from which it is called old",
        range_=(0.0, 8_760.0),
        unit="h",
        label="Old book from",
    )
    cascade: bool = _setting(
        default=False,
        help_text="Add the cascade model's band to the scenario",
        label="Cascade model",
    )
    implied_volatility: float = _setting(
        0.0,
        "Yearly volatility for the touch probability (0: not given; hourly prices say it)",
        range_=(0.0, 10.0),
        zero="not given",
    )
    max_mark_age_s: float = _setting(
        60.0,
        "Oldest cached mark that the command line uses",
        range_=(1.0, 86_400.0),
        unit="s",
        label="Oldest cached mark",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferSettings:
    """Moving collateral: what a rescue reckons with. The defaults are assumed; enter your own."""

    minutes: float = _setting(
        20.0,
        "Until collateral from another venue is there, where no route says otherwise (assumed)",
        range_=(0.0, 10_080.0),
        unit="min",
        label="Time from another venue",
    )
    fee_usd: float = _setting(
        2.0,
        "Fee of a withdrawal, where no route says otherwise (assumed)",
        range_=(0.0, 10_000.0),
        unit="USD",
        label="Withdrawal fee",
    )
    same_venue_minutes: float = _setting(
        1.0,
        "Between two accounts at one venue (assumed)",
        range_=(0.0, 1_440.0),
        unit="min",
        label="Time within a venue",
    )
    routes: tuple[str, ...] = _setting(
        (),
        "FROM>TO=MINUTES:USD, by ccxt id, * for any venue: bybit>binanceusdm=8:1, deribit>*=45:12",
        pattern=r"[\w*]+>[\w*]+=\d+(\.\d+)?(:\d+(\.\d+)?)?",
    )
    suspended: tuple[str, ...] = _setting(
        (),
        "Venues that let nothing out now, by ccxt id; nothing is asked of them",
        pattern=r"\w+",
        label="Suspended venues",
    )
    slippage_bps: float = _setting(
        5.0,
        "Slippage of a market order that cuts (assumed; a scenario's stops have the same)",
        range_=(0.0, 1_000.0),
        unit="bp",
        label="Slippage",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowSettings:
    """The window."""

    theme: str = _setting("dark", "Colours", choices=("dark", "light"))
    colour_blind: bool = _setting(
        default=False,
        help_text="Blue and orange for up and down instead of green and red",
        label="Blue and orange",
    )
    show_heatmap: bool = _setting(
        default=True,
        help_text="Draw the liquidation map under the candles",
        label="Liquidation map",
    )
    portfolio: str = _setting(
        "", "Portfolio file to open at the start (empty: the last one)", label="Portfolio file"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSettings:
    """Alerts. Push addresses are secrets and stand in the keyring, not here."""

    on: bool = _setting(
        default=True, help_text="Watch the book and say when a rule fires", label="Alerts"
    )
    silence_s: float = _setting(
        60.0,
        "How long a venue may be silent, or a position not known, before it is an alert",
        range_=(1.0, 3_600.0),
        unit="s",
        label="Longest silence",
    )
    sound: bool = _setting(default=True, help_text="A sound by urgency; live markets only")
    volume: float = _setting(0.6, "Loudness of the sounds", range_=(0.0, 1.0))
    tray: bool = _setting(
        default=True,
        help_text="A message beside the clock, where there is one",
        label="Tray message",
    )
    push: bool = _setting(
        default=False,
        help_text="Send alerts of live markets to the push addresses (Alerts menu)",
        label="Push to the phone",
    )
    push_from: str = _setting(
        "warn", "The mildest alerts that are pushed", choices=("info", "warn", "critical")
    )
    push_balances: bool = _setting(
        default=False,
        help_text="Name margin balances in pushed messages",
        label="Balances in pushes",
    )
    rules: tuple[str, ...] = _setting(
        (), "Your own rules, such as: warn BTC price < 60000 (Alerts menu)", own_dialog=True
    )
    off: tuple[str, ...] = _setting(
        (), "Built-in rules that are switched off, by name", pattern=r"\w+", own_dialog=True
    )
    quiet: tuple[str, ...] = _setting(
        (),
        "RULE=FROM-TO in local time, * for every rule: *=22:00-07:00, distance=never. What fires "
        "then is neither heard nor pushed, but follows in one message; critical ones break through",
        pattern=rf"(\*|\w+)=({_TIME}-{_TIME}|never)",
        label="Quiet hours",
    )
    quiet_critical: bool = _setting(
        default=False,
        help_text="Quiet hours hold back critical alerts as well",
        label="Quiet for critical ones",
    )
    still_watching: str = _setting(
        "",
        "When to push once a day that the watch goes on, local time such as 08:00 (empty: never)",
        pattern=rf"({_TIME})?",
        label="Daily “still watching”",
    )
    dead_man_every_s: float = _setting(
        60.0,
        "How often the watch command pings its dead-man URL",
        range_=(1.0, 3_600.0),
        unit="s",
        label="Dead-man ping every",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set. ``venues`` maps a venue to its own options (``ccxt``: dict)."""

    market: MarketSettings = MarketSettings()
    risk: RiskSettings = RiskSettings()
    transfers: TransferSettings = TransferSettings()
    window: WindowSettings = WindowSettings()
    alerts: AlertSettings = AlertSettings()
    venues: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


PAGES = ("market", "risk", "transfers", "window", "alerts")


def load(path: Path) -> tuple[Settings, tuple[SettingsError, ...]]:
    """Read a settings file; a missing file gives the defaults.

    Returns
    -------
    The settings, and one error for every field (or the file) that could not be used.
    """
    if not path.exists():
        return Settings(), ()
    try:
        document = tomlkit.parse(path.read_text(encoding="utf-8")).unwrap()
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        reason = f"{path} could not be read ({error}); the defaults are used"
        return Settings(), (SettingsError("file", reason),)
    problems: list[SettingsError] = []
    pages = {
        name: _read_page(name, getattr(Settings(), name), document.pop(name, {}), problems)
        for name in PAGES
    }
    venues = document.pop("venues", {})
    if not isinstance(venues, dict) or not all(isinstance(v, dict) for v in venues.values()):
        problems.append(SettingsError("venues", "must be tables such as [venues.okx.ccxt]"))
        venues = {}
    problems += [SettingsError(name, "is not a known section") for name in document]
    return Settings(**pages, venues=venues), tuple(problems)


def save(path: Path, settings: Settings) -> None:
    """Write what differs from the defaults, keeping the file's comments and unknown keys."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    try:
        document = tomlkit.parse(text)
    except TOMLKitError:
        document = tomlkit.document()
    for name in PAGES:
        page, default = getattr(settings, name), getattr(Settings(), name)
        section = document.setdefault(name, tomlkit.table())
        for item in dataclasses.fields(page):
            value = getattr(page, item.name)
            if value != getattr(default, item.name):
                section[item.name] = list(value) if isinstance(value, tuple) else value
            else:
                section.pop(item.name, None)
        if not section:
            document.pop(name)
    _replace_file(path, tomlkit.dumps(document))


def check(page: str, item: dataclasses.Field[Any], value: Any) -> Any:
    """Return ``value`` in the field's type.

    Raises
    ------
    SettingsError
        It has another type, lies outside the range or is none of the choices.
    """
    name = f"{page}.{item.name}"
    default = item.default
    if isinstance(default, tuple):
        if not (isinstance(value, (list, tuple)) and all(isinstance(v, str) for v in value)):
            raise SettingsError(name, "must be a list of texts")
        pattern = item.metadata["pattern"]
        wrong = next((v for v in value if pattern and not re.fullmatch(pattern, v)), None)
        if wrong is not None:
            raise SettingsError(name, f"has an entry that cannot be read: {wrong!r}")
        return tuple(value)
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not type(default):
        raise SettingsError(name, f"must be of type {type(default).__name__}, was {value!r}")
    pattern = item.metadata["pattern"]
    if pattern and not re.fullmatch(pattern, str(value)):
        raise SettingsError(name, f"cannot be read: {value!r}")
    limits, choices = item.metadata["range"], item.metadata["choices"]
    if limits and not limits[0] <= value <= limits[1]:
        raise SettingsError(name, f"must lie between {limits[0]} and {limits[1]}, was {value}")
    if choices and value not in choices:
        raise SettingsError(name, f"must be one of {', '.join(map(str, choices))}, was {value!r}")
    return value


def _read_page(name: str, page: Any, section: Any, problems: list[SettingsError]) -> Any:
    if not isinstance(section, dict):
        problems.append(SettingsError(name, "must be a table"))
        return page
    known = {item.name: item for item in dataclasses.fields(page)}
    values: dict[str, Any] = {}
    for key, raw in section.items():
        if key not in known:
            problems.append(SettingsError(f"{name}.{key}", "is not a known setting"))
            continue
        try:
            values[key] = check(name, known[key], raw)
        except SettingsError as error:
            problems.append(error)
    return dataclasses.replace(page, **values)


def _replace_file(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
    Path(temporary).replace(path)
