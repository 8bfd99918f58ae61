"""What every registered rule of the alerts keeps."""

from __future__ import annotations

import dataclasses

import pytest

from tests.workstation.alerts.looks import look, price_at
from workstation.alerts.facts import Severity
from workstation.alerts.ladder import Rung
from workstation.alerts.rules.base import Limits, Rule
from workstation.alerts.rules.registry import RULES
from workstation.alerts.watcher import Watcher
from workstation.market.facts import VenueState

every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)


def test_ids_are_unique():
    assert len({rule.id for rule in RULES}) == len(RULES)


@every_rule
def test_a_rule_says_in_a_sentence_what_it_watches(rule: Rule):
    assert len(rule.help.split()) >= 4


@every_rule
def test_the_rungs_lead_from_the_mildest_to_the_gravest(rule: Rule):
    thresholds = [rung.threshold for rung in rule.ladder.rungs]
    assert thresholds == sorted(thresholds, reverse=rule.ladder.falling)
    ranks = [rung.severity.rank for rung in rule.ladder.rungs]
    assert ranks == sorted(ranks)


@every_rule
def test_a_limit_of_the_settings_moves_the_threshold_and_nothing_else(rule: Rule):
    moved = rule.within(Limits(silence_s=5.0, book_age_h=2.0))
    if rule.limit is None:
        assert moved is rule
    else:
        assert moved.ladder.rungs[0].threshold in (5.0, 2.0)
        assert moved.ladder.rungs[0].severity == rule.ladder.rungs[0].severity


@every_rule
@pytest.mark.parametrize("price", [price_at(0.2), price_at(0.01), None])
def test_whatever_is_read_can_be_told(rule: Rule, price):
    # a rung that every value is beyond, so that all words are tried on a real report
    limitless = dataclasses.replace(
        rule.ladder,
        rungs=(Rung(0.9 if rule.ladder.falling else -1.0, Severity.CRITICAL),),
        for_ms=0,
    )
    watcher = Watcher([dataclasses.replace(rule, ladder=limitless, limit=None)])
    fires = watcher.look(look(price, state=VenueState.DOWN))
    for fire in fires:
        assert fire.rule == rule.id
        assert fire.what.endswith(".")
        assert fire.sentence == " ".join(fire.sentence.split())
        assert not {"None", "nan", "inf"} & set(fire.sentence.split())
    reads_figures = rule.of_figures and rule.id != "stop_missing"
    assert fires or (price is None and reads_figures) or rule.id == "cannot_watch"
