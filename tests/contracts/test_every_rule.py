"""What every registered rule of the alerts keeps."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.workstation.alerts.looks import KEY, LONG, VENUE, look, price_at
from tests.workstation.market.facts import DAY_MS, HOUR_MS, funding
from tests.workstation.risk import worlds
from workstation.alerts.facts import Severity
from workstation.alerts.grammar import parse
from workstation.alerts.ladder import Rung
from workstation.alerts.quantities import QUANTITIES, Unit
from workstation.alerts.rules import adl_rank, funding_now, funding_week
from workstation.alerts.rules.base import Limits, Rule
from workstation.alerts.rules.registry import RULES
from workstation.alerts.typed_rules import reading_of, rules_of
from workstation.alerts.watcher import Watcher
from workstation.market.facts import FundingHistory, VenueState

BEYOND = {
    Unit.PRICE: "> 1", Unit.FRACTION: "> 0.0001", Unit.RATE: "> 0.0001%/8h", Unit.RANK: "> 0.5",
    Unit.STATE: "for 1s",
}  # fmt: skip
UNTOLD = {"cannot_watch", "adl_rank", "funding_now", "funding_week"}  # this world has no news of it
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
    assert fires or (price is None and reads_figures) or rule.id in UNTOLD


@pytest.mark.parametrize("quantity", QUANTITIES.values(), ids=lambda quantity: quantity.name)
def test_every_quantity_can_be_typed_read_and_told(quantity):
    subject = "BTC" if quantity.of_coin else "book"
    text = f"critical {subject} {quantity.name} {BEYOND[quantity.unit]}"
    (rule,) = rules_of(parse(text))
    assert quantity.name in text
    assert reading_of(parse(text)).startswith("Critical when ")
    watcher = Watcher([rule])
    looks = [look(price_at(0.01), at_s, state=VenueState.DOWN) for at_s in (0.0, 20.0, 40.0)]
    fires = [fire for one in looks for fire in watcher.look(one)]
    assert len(fires) == (quantity.name not in ("funding", "spread", "adl_rank"))  # not known here
    for fire in fires:
        assert fire.rule == rule.id
        assert fire.what.endswith(".")
        assert subject in fire.title or fire.object in fire.title


def test_funding_and_ranks_are_told_where_they_are_known():
    hours = np.arange(21) * 8 * HOUR_MS + worlds.NOW_MS - 7 * DAY_MS + HOUR_MS
    watcher = Watcher([adl_rank.RULE, funding_now.RULE, funding_week.RULE])

    def seen(rank, running, settled):
        held = dataclasses.replace(LONG, adl_rank=rank)
        book = worlds.book(worlds.account(held, venue=VENUE, balances={}))
        week = FundingHistory(
            key=KEY, time_ms=hours, funding_rate=np.full(21, settled), interval_h=np.full(21, 8.0)
        )
        one = look(70_000.0, book=book, funding={KEY: funding(KEY, running)})
        return dataclasses.replace(one, funding={KEY: week})

    assert watcher.look(seen(1, 0.0, 0.0)) == ()
    told = {fire.rule: fire for fire in watcher.look(seen(4, 0.0006, 0.0004))}
    assert told["adl_rank"].value == 4.0
    # by hand: 0.06 % in 8 h of 70,000 is $126 a day; 0.04 % three times a day is 43.8 % a year
    assert "pays 0.06 % in 8 h of funding, above 0.05 % in 8 h. That is $126 a day." in (
        told["funding_now"].what
    )
    assert told["funding_week"].value == pytest.approx(0.0004 * 3 * 365)
    assert "43.8 % a year over 7 days, above 30 %. That is $84 a day." in told["funding_week"].what


def test_a_short_receives_what_a_long_pays_and_half_a_week_is_not_known():
    short = worlds.isolated(worlds.BTC, -1.0, 70_000.0, 10_000.0)
    (row,) = look(70_000.0, book=worlds.book(worlds.account(short, venue=VENUE))).report.positions
    assert funding_now.paid_by(row, 0.0006) == -0.0006
    times = np.arange(10) * 8 * HOUR_MS + worlds.NOW_MS - 80 * HOUR_MS
    half = FundingHistory(
        key=KEY, time_ms=times, funding_rate=np.full(10, 0.001), interval_h=np.full(10, 8.0)
    )
    assert funding_week.mean_yearly(half, worlds.NOW_MS) is None
    assert funding_week.mean_yearly(None, worlds.NOW_MS) is None
