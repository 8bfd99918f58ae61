"""What an alert is: how grave, about what, by which figure, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from workstation.alerts.words import duration
from workstation.market.feed import FeedMode
from workstation.units import UnixMs, iso_utc


class Severity(StrEnum):
    """How urgent; a critical one breaks through every budget."""

    INFO = "info"
    WARN = "warn"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return _RANKS[self]


_RANKS = {Severity.INFO: 0, Severity.WARN: 1, Severity.CRITICAL: 2}


CHANNELS: Final = frozenset({"banner", "sound", "tray", "push"})  # the list has every alert


@dataclass(frozen=True, slots=True, kw_only=True)
class Fire:
    """One rule has fired about one object.

    ``value`` and ``threshold`` are in the rule's unit (fractions, seconds, hours); ``price`` is the
    mark that did it. ``what`` says what happened; ``exposure``, ``todo`` and ``balance`` say what
    is at stake, what helps, and what stands in the account: the last leaves this machine only where
    a setting allows it. ``before_start``: it was so when it was first looked at. ``late``: found in
    candles that came afterwards. ``repeats_held`` counts crossings that were not told since the
    last fire of this rung. ``via`` are the channels beside the list; ``quiet_ok``: quiet hours hold
    it back even if it is critical.
    """

    rule: str
    object: str
    severity: Severity
    value: float
    threshold: float
    time_ms: UnixMs
    mode: FeedMode
    what: str
    price: float | None = None
    source: str = ""
    age_s: float | None = None
    exposure: str = ""
    todo: str = ""
    balance: str = ""
    before_start: bool = False
    late: bool = False
    repeats_held: int = 0
    via: frozenset[str] = CHANNELS
    quiet_ok: bool = False
    number: int = 0  # in the list of this run, once it stands there

    @property
    def title(self) -> str:
        """A few words: what a phone shows first."""
        rule = self.rule.replace("_", " ")
        name = "" if rule.startswith(self.object) else f"{self.object}: "
        return f"{self._prefix}{name}{rule}"

    @property
    def sentence(self) -> str:
        """The whole message, without balances."""
        return self.text(with_balance=False)

    def text(self, *, with_balance: bool) -> str:
        """Return the message: what, exposure, what to do, source and age."""
        lead = "True since before start: " if self.before_start else ""
        lead = f"Late, {iso_utc(self.time_ms)}: " if self.late else lead
        parts = [f"{self._prefix}{lead}{self.what}", self.exposure]
        parts += [self.balance] if with_balance else []
        parts += [self.todo, self._provenance()]
        return " ".join(part for part in parts if part)

    @property
    def _prefix(self) -> str:
        return "" if self.mode is FeedMode.LIVE else f"{self.mode}: "

    def _provenance(self) -> str:
        if not self.source:
            return ""
        age = f", {duration(self.age_s)} old" if self.age_s is not None else ""
        return f"[{self.source}{age}]"
