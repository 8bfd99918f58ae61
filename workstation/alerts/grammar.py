"""Reads a typed rule.

::

    rule     := [severity] subject quantity op value ["for" duration] {option}
              | [severity] subject state ["for" duration] {option}
    severity := info | warn | critical
    subject  := COIN | book | account | position | venue | the name of one of them
    op       := < | > | crosses
    option   := "again after" margin | "cooldown" duration | "once" | "until" YYYY-MM-DD
              | "quiet ok" | "via" channel{,channel} | "note" text to the end

No expression language. What cannot be read is an error that points at a word and proposes another.
"""

from __future__ import annotations

import datetime as dt
import difflib
import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, NoReturn

from workstation.alerts.facts import CHANNELS, Severity
from workstation.alerts.quantities import NOT_YET, QUANTITIES, Quantity, Unit
from workstation.alerts.rules.base import BOOK
from workstation.alerts.typed import EVER_MS, Op, TypedRule
from workstation.errors import AlertRuleError
from workstation.units import DAY_MS, HOUR_MS, HOURS_PER_YEAR, MINUTE_MS, SECOND_MS, from_datetime

PARTS: Final = (BOOK, "account", "position", "venue")
OPTIONS: Final = ("again", "cooldown", "once", "until", "quiet", "via", "note")
_WORD: Final = re.compile(r"[<>]|[^\s<>(]+(?:\([^)]*\))?|\S")
_NUMBER: Final = re.compile(r"([-+]?\d[\d,]*(?:\.\d+)?)(k?)(%?)(?:/(8h|h|d|day|yr|year))?")
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(s|min|m|h|d)")
_COIN: Final = re.compile(r"[A-Za-z0-9]{2,20}")
_SPAN_MS: Final = {"s": SECOND_MS, "m": MINUTE_MS, "min": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}
_RATE_HOURS: Final = {
    "8h": 8.0, "h": 1.0, "d": 24.0, "day": 24.0, "yr": HOURS_PER_YEAR, "year": HOURS_PER_YEAR,
}  # fmt: skip
_LEAST_DOWN_S: Final = 60.0
_LEAST_STALE_H: Final = 1.0
_SENTENCE: Final = "write SUBJECT QUANTITY < VALUE, such as 'BTC price < 60000'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What there is to watch, for proposals; empty where that is not known."""

    coins: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()  # of accounts, venues and markets


def parse(text: str, known: Known | None = None) -> TypedRule:
    """Return the rule that a text says.

    Raises
    ------
    AlertRuleError
        It cannot be read; the error points at a word of the text.
    """
    return _Reader(text, known or Known()).rule()


class _Reader:
    """Takes one word after another."""

    def __init__(self, text: str, known: Known) -> None:
        self._text = text
        self._known = known
        self._words = list(_WORD.finditer(text))
        self._at = 0

    def rule(self) -> TypedRule:
        severity = self._severity()
        first = self._at
        subject, quantity = self._subject(), self._quantity()
        op, value = self._comparison(quantity)
        condition = " ".join(word.group() for word in self._words[first : self._at])
        for_ms = self._duration() if self._take("for") else None
        if quantity.unit is Unit.STATE:
            least = _LEAST_STALE_H if quantity.per_ms == HOUR_MS else _LEAST_DOWN_S
            value = least if for_ms is None else for_ms / quantity.per_ms
            for_ms = None
        found: dict[str, Any] = {"again_after": quantity.again_after(value)}
        while self._at < len(self._words):
            found |= self._option(quantity, value)
        return TypedRule(
            text=" ".join(self._text.split()),
            condition=condition,
            severity=severity,
            subject=subject,
            quantity=quantity.name,
            op=op,
            value=value,
            for_ms=for_ms or 0,
            **found,
        )

    # --- words --------------------------------------------------------------------------------

    def _peek(self) -> str:
        return self._words[self._at].group() if self._at < len(self._words) else ""

    def _next(self, wanted: str) -> str:
        word = self._peek()
        if not word:
            self._fail(f"{wanted} is missing at the end")
        self._at += 1
        return word

    def _take(self, word: str) -> bool:
        found = self._peek().casefold() == word
        self._at += found
        return found

    def _fail(self, reason: str, *, back: int = 0) -> NoReturn:
        """Point at the word that comes, or one that has been taken; at the end at nothing."""
        at = self._at - back
        if 0 <= at < len(self._words):
            start, end = self._words[at].span()
        else:
            start = end = len(self._text)
        raise AlertRuleError(self._text, start, end, reason)

    def _refuse(self, word: str, what: str, choices: Collection[str]) -> NoReturn:
        """Refuse the word that was just taken; propose the nearest."""
        near = difflib.get_close_matches(word.casefold(), sorted(choices), n=1, cutoff=0.5)
        some = ", ".join(sorted(choices)) if len(choices) <= 12 else ""
        hint = f"; did you mean '{near[0]}'?" if near else f"; there is {some}" if some else ""
        self._fail(f"'{word}' is no {what}{hint}", back=1)

    # --- the condition ------------------------------------------------------------------------

    def _severity(self) -> Severity:
        word = self._peek().casefold()
        if word not in set(Severity):
            return Severity.WARN
        self._at += 1
        return Severity(word)

    def _subject(self) -> str:
        if not self._words:
            self._fail(f"nothing to watch: {_SENTENCE}")
        word = self._next("what to watch")
        name = word.casefold()
        if name == "flush" or name.partition("(")[0] in NOT_YET:
            self._not_yet("begins" if name == "flush" else name.partition("(")[0])
        if name in QUANTITIES:
            self._fail(f"'{word}' of what? {_SENTENCE}", back=1)
        return word

    def _quantity(self) -> Quantity:
        word = self._next("what to watch of it")
        name = word.casefold().partition("(")[0]
        if name in NOT_YET:
            self._not_yet(name)
        if name not in QUANTITIES or "(" in word:
            self._refuse(word, "quantity", QUANTITIES)
        quantity = QUANTITIES[name]
        self._check_subject(quantity)
        return quantity

    def _check_subject(self, quantity: Quantity) -> None:
        """Point at the subject where the quantity has none of its kind."""
        self._at -= 1
        word = self._words[self._at - 1].group()
        if quantity.of_coin:
            coins = self._known.coins
            if word.casefold() in PARTS or not _COIN.fullmatch(word):
                self._refuse(word, f"coin, and only a coin has a {quantity.name}", coins or {"BTC"})
            if coins and word.upper() not in coins:
                self._refuse(word, "coin that is known", {coin.casefold() for coin in coins})
        elif quantity.name == "stale" and word.casefold() != BOOK:
            self._refuse(word, "part of what can be stale here", {BOOK})
        elif self._known.names:
            names = {*PARTS, "feed", *(name.casefold() for name in self._known.names)}
            names |= {coin.casefold() for coin in self._known.coins}
            if word.casefold() not in names:
                self._refuse(word, "account, position, venue or coin that is known", names)
        self._at += 1

    def _not_yet(self, name: str) -> NoReturn:
        self._fail(f"{NOT_YET[name]} are not available yet: nothing feeds them here", back=1)

    def _comparison(self, quantity: Quantity) -> tuple[Op, float]:
        if quantity.unit is Unit.STATE:
            return Op.ABOVE, math.nan
        word = self._next("'<', '>' or 'crosses'")
        if word.casefold() == "moves":
            self._not_yet("moves")
        if word.casefold() not in set(Op):
            self._refuse(word, "comparison", set(Op))
        op = Op(word.casefold())
        if op is Op.CROSSES and quantity.unit is not Unit.PRICE:
            self._fail(f"only a price crosses; write '{quantity.name} >' or '<'", back=1)
        return op, self._value(quantity.unit)

    def _value(self, unit: Unit) -> float:
        word = self._next(unit.value)
        found = _NUMBER.fullmatch(word.casefold())
        if found is None:
            self._fail(f"'{word}' cannot be read: it has to be {unit.value}", back=1)
        digits, thousand, percent, per = found.groups()
        value = float(digits.replace(",", "")) * (1_000 if thousand else 1)
        is_rate = unit is Unit.RATE
        wrong = (
            (percent and unit in (Unit.PRICE, Unit.RANK))
            or (thousand and unit is not Unit.PRICE)
            or bool(per) != is_rate
            or (not is_rate and value <= 0)
            or (unit is Unit.FRACTION and not percent and value > 1)
        )
        if wrong or not math.isfinite(value):
            self._fail(f"'{word}' does not fit: it has to be {unit.value}", back=1)
        value = value / 100 if percent else value
        return value * 8.0 / _RATE_HOURS[per] if per else value

    def _duration(self) -> int:
        word = self._next("a duration such as 60s, 15m, 16h or 2d")
        found = _DURATION.fullmatch(word.casefold())
        if found is None:
            self._fail(f"'{word}' is no duration; write 60s, 15m, 16h or 2d", back=1)
        return round(float(found.group(1)) * _SPAN_MS[found.group(2)])

    # --- options ------------------------------------------------------------------------------

    def _option(self, quantity: Quantity, threshold: float) -> dict[str, Any]:
        word = self._next("an option")
        if word.casefold() not in OPTIONS:
            self._refuse(word, "option", OPTIONS)
        match word.casefold():
            case "again":
                return {"again_after": self._again_after(quantity, threshold)}
            case "cooldown":
                return {"cooldown_ms": self._duration()}
            case "once":
                return {"cooldown_ms": EVER_MS}
            case "until":
                return {"until_ms": self._date()}
            case "quiet":
                if not self._take("ok"):
                    self._fail("after 'quiet' comes 'ok'")
                return {"quiet_ok": True}
            case "via":
                return {"via": self._channels()}
        return {"note": self._rest()}

    def _again_after(self, quantity: Quantity, threshold: float) -> float:
        if not self._take("after"):
            self._fail("after 'again' comes 'after' and how far it has to be back")
        if quantity.unit is Unit.STATE:
            self._fail("a state is over or it is not: leave 'again after' out", back=1)
        if quantity.unit is Unit.PRICE and self._peek().endswith("%"):
            return self._value(Unit.FRACTION) * threshold
        return abs(self._value(quantity.unit))

    def _date(self) -> int:
        """Return the end of a day, UTC."""
        word = self._next("a day such as 2026-12-31")
        try:
            day = dt.datetime.strptime(word, "%Y-%m-%d").replace(tzinfo=dt.UTC)
            return from_datetime(day + dt.timedelta(days=1))
        except (ValueError, OverflowError):
            self._fail(f"'{word}' is no day; write 2026-12-31", back=1)

    def _channels(self) -> frozenset[str]:
        names = set()
        for name in self._next(f"a channel ({', '.join(sorted(CHANNELS))})").split(","):
            if name.casefold() not in CHANNELS:
                self._refuse(name, "channel", CHANNELS)
            names.add(name.casefold())
        return frozenset(names)

    def _rest(self) -> str:
        start = self._words[self._at - 1].end()
        self._at = len(self._words)
        note = " ".join(self._text[start:].split())
        return note or self._fail("the note has no text")
