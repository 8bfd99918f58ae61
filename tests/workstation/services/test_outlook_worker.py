"""The models behind the scenario: asked again for another move, never answering for an old one."""

from __future__ import annotations

import dataclasses
import time

import pytest

from tests.workstation.market.facts import btc, mark, store_of
from tests.workstation.risk.test_outlook_model import FALL, MAP, WORLD, owner
from tests.workstation.services.test_outlook_service import hours
from workstation.risk.outlook import TOUCH_UNKNOWN
from workstation.risk.scenario import run
from workstation.services.courtesy import Courtesy
from workstation.services.outlook_worker import OutlookQuestion, OutlookWorker

PATIENCE_S = 30.0  # kernels may have to be compiled
KEY = btc("binanceusdm")
STORE = store_of(mark(KEY, 60_000.0), candles=(hours(800),))
PORTFOLIO = owner()


def question(scenario=FALL, **changes):
    asked = OutlookQuestion(
        epoch=1, portfolio=PORTFOLIO, inputs=WORLD, scenario=scenario, coin="BTC", cascade=True,
        implied_volatility=0.5,
    )  # fmt: skip
    return dataclasses.replace(asked, **changes)


@pytest.fixture
def worker():
    worker = OutlookWorker(Courtesy())
    worker.start()
    yield worker
    worker.stop()


def answered(worker, asked, columns=MAP, store=STORE, is_it=lambda report: True):
    """Look until the models have answered this question."""
    plain = run(PORTFOLIO, WORLD, asked.scenario)
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        report = worker.add_to(plain, asked, store, columns)
        assert worker.take_failure() is None
        if report is not plain and is_it(report):
            return report
        time.sleep(0.005)
    raise AssertionError("the models did not answer")


def test_the_scenario_comes_at_once_and_the_bands_when_they_are_ready(worker):
    plain = run(PORTFOLIO, WORLD, FALL)
    assert worker.add_to(plain, question(), STORE, MAP) is plain
    report = answered(worker, question())
    assert report.cascade.scenario_price == pytest.approx(54_500)
    assert report.touch.touches[0].price == 54_500
    assert report.events == plain.events


def test_an_answer_to_another_move_is_not_shown(worker):
    answered(worker, question())
    nearer = dataclasses.replace(FALL, moves={"BTC": 57_000.0})
    plain = run(PORTFOLIO, WORLD, nearer)
    assert worker.add_to(plain, question(nearer), STORE, MAP) is plain
    assert answered(worker, question(nearer)).touch.touches[0].price == 57_000
    for other in (question(nearer, epoch=2), question(nearer, portfolio=owner(), coin="ETH")):
        assert worker.add_to(plain, other, STORE, MAP) is plain


def test_without_the_switch_there_is_no_cascade_and_no_sentence(worker):
    report = answered(worker, question(cascade=False))
    assert report.cascade is None
    assert report.touch is not None
    assert report.problems == run(PORTFOLIO, WORLD, FALL).problems


def test_a_map_of_another_coin_is_not_used(worker):
    report = answered(worker, question(), dataclasses.replace(MAP, coin="ETH"))
    assert report.cascade is None
    assert any("map" in problem for problem in report.problems)


def test_the_same_move_is_asked_again_every_two_seconds_only(worker):
    answered(worker, question())
    asked = worker._asked
    newer = question(inputs=dataclasses.replace(WORLD, now_ms=WORLD.now_ms + 1))
    worker.add_to(run(PORTFOLIO, WORLD, FALL), newer, STORE, MAP)
    assert worker._asked is asked


def test_prices_that_were_still_being_loaded_are_asked_with_as_soon_as_they_are_there(worker):
    asked = question(implied_volatility=None)
    early = store_of(mark(KEY, 60_000.0), candles=(hours(20),))
    report = answered(worker, asked, store=early)
    assert report.touch is None
    assert TOUCH_UNKNOWN in report.problems
    worker._every.restart(PATIENCE_S)  # its turn would not come in this test
    report = answered(worker, asked, is_it=lambda report: report.touch)
    assert report.touch.touches[0].price == 54_500
