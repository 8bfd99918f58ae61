"""Turns typed rules into rules: what is watched, from where on, and how it is said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial

from workstation.alerts.facts import Severity
from workstation.alerts.grammar import parse
from workstation.alerts.ladder import Ladder, Rung
from workstation.alerts.quantities import QUANTITIES, Quantity
from workstation.alerts.rules.base import Reading, Rule, Words
from workstation.alerts.situation import Situation
from workstation.alerts.typed import Op, TypedRule
from workstation.errors import AlertRuleError


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


def rules_of(typed: TypedRule) -> tuple[Rule, ...]:
    """Return the one rule; a crossing makes two, one for each way."""
    if typed.op is not Op.CROSSES:
        return (_rule(typed, typed.condition, falling=typed.op is Op.BELOW, lasts=True),)
    return (
        _rule(typed, f"{typed.condition} downwards", falling=True, lasts=False),
        _rule(typed, f"{typed.condition} upwards", falling=False, lasts=False),
    )


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
