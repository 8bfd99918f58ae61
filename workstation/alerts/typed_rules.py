"""Turns typed rules into rules: what is watched, from where on, and how it is said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache, partial
from typing import Final

from workstation.alerts import words
from workstation.alerts.facts import Severity
from workstation.alerts.grammar import parse
from workstation.alerts.ladder import COOLDOWN_MS, Ladder, Rung
from workstation.alerts.quantities import QUANTITIES, Quantity, Unit
from workstation.alerts.rules.base import Reading, Rule, Words
from workstation.alerts.situation import Situation
from workstation.alerts.typed import EVER_MS, Op, TypedRule
from workstation.errors import AlertRuleError
from workstation.units import SECOND_MS


def read_rules(texts: Iterable[str]) -> tuple[tuple[Rule, ...], tuple[str, ...]]:
    """Return the rules that can be used, and a sentence for every text that cannot."""
    rules: dict[str, Rule] = {}
    problems = []
    for text in texts:
        try:
            found = rules_of(parse(text))
        except AlertRuleError as error:
            problems.append(f"The alert rule '{text}' is not used: {error.user_message}")
            continue
        if any(rule.id in rules for rule in found):
            problems.append(f"The alert rule '{text}' is not used: its condition stands twice.")
            continue
        rules |= {rule.id: rule for rule in found}
    return tuple(rules.values()), tuple(problems)


_SHOW: Final[dict[Unit, Callable[[float], str]]] = {
    Unit.PRICE: words.price,
    Unit.FRACTION: words.percent,
    Unit.RATE: words.rate,
    Unit.RANK: "{:g}".format,
    Unit.STATE: "{:g}".format,
}


@lru_cache(maxsize=8)
def coins_of(texts: tuple[str, ...]) -> frozenset[str]:
    """Return the coins whose markets the rules are about; what cannot be read has none."""
    coins = set()
    for text in texts:
        with suppress(AlertRuleError):
            typed = parse(text)
            if QUANTITIES[typed.quantity].of_coin:
                coins.add(typed.subject.upper())
    return frozenset(coins)


def rules_of(typed: TypedRule) -> tuple[Rule, ...]:
    """Return the one rule; a crossing makes two, one for each way."""
    if typed.op is not Op.CROSSES:
        return (_rule(typed, typed.condition, falling=typed.op is Op.BELOW, lasts=True),)
    return (
        _rule(typed, f"{typed.condition} downwards", falling=True, lasts=False),
        _rule(typed, f"{typed.condition} upwards", falling=False, lasts=False),
    )


def reading_of(typed: TypedRule) -> str:
    """Return how a typed rule is understood, in a sentence."""
    show, unit = _SHOW[QUANTITIES[typed.quantity].unit], QUANTITIES[typed.quantity].unit
    if unit is Unit.STATE:
        seconds = typed.value * QUANTITIES[typed.quantity].per_ms / SECOND_MS
        when = f"{typed.subject} has been {typed.quantity} for {words.duration(seconds)}"
    else:
        comparison = {Op.BELOW: "is below", Op.ABOVE: "is above", Op.CROSSES: "crosses"}[typed.op]
        of = "" if typed.quantity == "price" else f"{typed.quantity.replace('_', ' ')} of "
        when = f"{of}{typed.subject} {comparison} {show(typed.value)}"
    stays = f" for {words.duration(typed.for_ms / SECOND_MS)}" if typed.for_ms else ""
    back = f"it was back by {show(typed.again_after)} and " if unit is not Unit.STATE else ""
    cooldown_ms = typed.cooldown_ms
    if cooldown_ms is None:
        cooldown_ms = COOLDOWN_MS[typed.severity]
    again = f"again after {back}{words.duration(cooldown_ms / SECOND_MS)} have passed"
    if cooldown_ms == EVER_MS:
        again = "once until the program starts anew"
    return f"{typed.severity.capitalize()} when {when}{stays}; {again}."


def _rule(typed: TypedRule, name: str, *, falling: bool, lasts: bool) -> Rule:
    quantity = QUANTITIES[typed.quantity]
    subject = typed.subject.upper() if quantity.of_coin else typed.subject
    return Rule(
        id=name,
        help=typed.text,
        ladder=Ladder(
            rungs=(Rung(typed.value, typed.severity),),
            falling=falling,
            again_after=typed.again_after,
            for_ms=typed.for_ms,
            cooldown_ms=typed.cooldown_ms,
            tells_at_start=lasts,
        ),
        read=partial(_read, typed, quantity, subject, falling),
        tell=partial(_tell, typed, quantity),
        of_figures=quantity.of_figures,
        watched=quantity.of_coin and typed.severity is Severity.CRITICAL,
        lasts=lasts,
        via=typed.via,
        quiet_ok=typed.quiet_ok,
    )


def _read(
    typed: TypedRule, quantity: Quantity, subject: str, falls: bool, situation: Situation
) -> Iterator[Reading]:
    if typed.until_ms is None or situation.now_ms < typed.until_ms:
        yield from quantity.read(situation, subject, falls)


def _tell(
    typed: TypedRule,
    quantity: Quantity,
    situation: Situation,
    reading: Reading,
    value: float,
    rung: Rung,
) -> Words:
    told = quantity.tell(situation, reading, value, rung)
    return replace(told, what=f"{told.what} Note: {typed.note}.") if typed.note else told
