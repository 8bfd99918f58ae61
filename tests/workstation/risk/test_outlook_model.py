"""One move asked of both models: what is answered, what is not, and the sentence that says why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.workstation.risk.test_cascade_inputs import columns_of
from tests.workstation.risk.test_touch import gaussian_history
from tests.workstation.risk.worlds import BTC, ETH, account, book, cross, isolated, world
from workstation.risk.document import scenario_document
from workstation.risk.outlook import Band
from workstation.risk.outlook_model import OutlookMarket, outlook
from workstation.risk.scenario import Scenario, run

WORLD = world(prices={"BTC": 60_000.0, "ETH": 2_000.0})
FALL = Scenario(moves={"BTC": 54_500.0}, funding_rate_8h=0.0)
BINS = 400
FIRST_BIN = round(np.log(60_000.0) / 0.001) - BINS + 1
MAP = columns_of(np.full(BINS, 20.0), first_bin=FIRST_BIN, interest=60_000.0)


def owner():
    """A long that dies at 54,271, just beyond the move, and a short that dies above."""
    return book(
        account(isolated(BTC, 1.0, 60_000.0, 6_000.0), name="long"),
        account(isolated(BTC, -1.0, 60_000.0, 6_000.0), name="short"),
    )


def asked(market, scenario=FALL, portfolio=None, **how):
    return outlook(portfolio or owner(), WORLD, scenario, market, np.random.default_rng(1), **how)


def test_with_everything_at_hand_both_models_answer():
    found = asked(OutlookMarket(coin="BTC", columns=MAP, history=gaussian_history()))
    assert found.problems == ()
    assert found.cascade.scenario_price == pytest.approx(54_500)
    assert found.cascade.price.p95 <= 54_500 * (1 + 1e-9)
    (death,) = found.cascade.deaths
    assert death.account == "long"
    assert 0 < death.share < 1
    scenario, below, above = found.touch.touches
    assert (scenario.what, scenario.price) == ("scenario", 54_500)
    assert below.price == pytest.approx(54_000 / 0.995)
    assert above.price == pytest.approx(66_000 / 1.005)


def test_without_a_map_and_a_history_it_says_what_is_missing():
    found = asked(OutlookMarket(coin="BTC"))
    assert found.cascade is found.touch is None
    assert [problem.split(" is not known")[0] for problem in found.problems] == [
        "The cascade model", "The touch probability"]  # fmt: skip


def test_a_map_without_open_interest_is_none():
    unknown = replace(MAP, open_interest_base=np.zeros(1))
    found = asked(OutlookMarket(coin="BTC", columns=unknown, implied_volatility=0.5))
    assert found.cascade is None
    assert "liquidation map" in found.problems[0]


def test_the_cascade_can_be_left_out():
    market = OutlookMarket(coin="BTC", columns=MAP, implied_volatility=0.5)
    found = asked(market, with_cascade=False)
    assert found.cascade is None
    assert found.touch is not None
    assert found.problems == ()


def test_a_scenario_of_another_coin_is_not_of_this_market():
    scenario = Scenario(moves={"ETH": 1_500.0})
    portfolio = book(account(cross(ETH, 1.0, 2_000.0), balances={"USDT": 1_000.0}))
    found = asked(OutlookMarket(coin="BTC", columns=MAP), scenario, portfolio)
    assert found.cascade is None
    assert "does not move" in found.problems[0]


def test_without_a_duration_six_hours_are_assumed_and_said():
    found = asked(OutlookMarket(coin="BTC", columns=MAP, implied_volatility=0.5))
    assert found.cascade.over_h == 6.0
    assert any("6 hours" in note for note in found.cascade.assumptions)
    timed = Scenario(moves={"BTC": 54_500.0}, over_h=1.0, funding_rate_8h=0.0)
    found = asked(OutlookMarket(coin="BTC", columns=MAP, implied_volatility=0.5), timed)
    assert found.cascade.over_h == 1.0
    assert not any("hours:" in note for note in found.cascade.assumptions)


def test_a_move_to_where_the_price_stands_has_no_cascade():
    still = Scenario(moves={"BTC": 60_000.0}, funding_rate_8h=0.0)
    found = asked(OutlookMarket(coin="BTC", columns=MAP, implied_volatility=0.5), still)
    assert found.cascade is None
    assert found.touch.touches[0].bands[0].mid == 1.0


def test_the_document_has_the_keys_of_the_specification():
    found = asked(OutlookMarket(coin="BTC", columns=MAP, history=gaussian_history()))
    report = run(owner(), WORLD, FALL)
    plain = scenario_document(report)
    assert plain["cascade"] is plain["touch_probability"] is None
    document = scenario_document(replace(report, cascade=found.cascade, touch=found.touch))
    assert list(document["cascade"]) == [
        "price", "forced_usd", "open_interest_base", "gain_hours", "gain_seconds"]  # fmt: skip
    assert list(document["cascade"]["price"]) == ["p5", "p50", "p95"]
    assert list(document["touch_probability"]) == ["horizon_days", "low", "mid", "high"]
    assert document["touch_probability"]["horizon_days"] == 7
    assert 0 < document["touch_probability"]["mid"] < 1


def test_a_band_holds_percentiles():
    band = Band.of(np.arange(101.0))
    assert (band.p5, band.p50, band.p95) == (5.0, 50.0, 95.0)
