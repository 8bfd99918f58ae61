"""Liquidations and scores that are kept: the order log, the score file, the graded window map."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.workstation.market.facts import KEY, candles_of, interest_history, liquidation
from tests.workstation.risk.test_heatmap_fitted import a_history
from workstation.market.feed import FeedMode
from workstation.market.instrument import Side
from workstation.risk.heatmap_scorecard import Grade, Grades, MapScore, Reliability
from workstation.services.heatmap_orders import MOST_ORDERS, OrderLog
from workstation.services.heatmap_request import HeatmapMarket, HeatmapRequest
from workstation.services.heatmap_scores import FILE_NAME, ScoreFile
from workstation.services.heatmap_service import HeatmapAnswer
from workstation.services.map_choice import MapChoice

HOUR_S, HOUR_MS = 3_600, 3_600_000


def order(time_ms, quantity=1.0, side=Side.LONG):
    return liquidation(KEY, side, quantity, 100.0, time_ms)


# --- the order log ------------------------------------------------------------------------------


def test_what_the_store_has_forgotten_is_still_remembered():
    log = OrderLog()
    log.remember(KEY, [order(1), order(2)], 10)
    log.remember(KEY, [order(2), order(2, 5.0), order(3)], 10)
    assert [(row.time_ms, row.quantity_base) for row in log.of(KEY)] == [
        (1, 1.0), (2, 1.0), (2, 5.0), (3, 1.0),
    ]  # fmt: skip


def test_a_tape_that_is_wound_back_forgets_what_lies_ahead():
    log = OrderLog()
    log.remember(KEY, [order(time_ms) for time_ms in range(10)], 20)
    log.remember(KEY, [order(3)], 5)
    assert [row.time_ms for row in log.of(KEY)] == [0, 1, 2, 3, 4]


def test_the_log_is_bounded():
    log = OrderLog()
    log.remember(KEY, [order(time_ms) for time_ms in range(MOST_ORDERS + 5)], 10**9)
    assert len(log.of(KEY)) == MOST_ORDERS
    assert log.of(KEY)[0].time_ms == 5


# --- the score file -----------------------------------------------------------------------------


def scored(coin="BTC", interval_s=60, day="2026-02-10", days=41):
    return MapScore(
        day=day, coin=coin, interval_s=interval_s, venue="bybit", grades=some_grades(days)
    )


def some_grades(days=41):
    rows = (
        Grade(name="this map", day_gain=(0.1, 0.01)),
        Grade(name="distance only", behind=(0.05, 0.01)),
    )
    return Grades(
        days=days,
        table=rows,
        hour_coverage=(0.79, 0.81),
        day_coverage=(0.7, 0.7),
        reliability=(Reliability(nominal=0.8, long=0.79, short=0.81),),
    )


def test_the_newest_score_of_a_coin_and_interval_is_found_again(tmp_path):
    file = ScoreFile(tmp_path)
    assert file.newest("BTC", 60) is None
    for days in (40, 41):
        file.append(scored(day=f"2026-02-{days - 30}", days=days))
    file.append(scored(coin="ETH"))
    found = ScoreFile(tmp_path).newest("BTC", 60)
    assert found.title() == "better than distance only, 41 days"
    assert found.day == "2026-02-11"
    assert found.grades.reliability == some_grades().reliability
    own, rival = found.grades.table
    assert own.day_gain == (0.1, 0.01)
    assert np.isnan(own.skill)
    assert rival.behind == (0.05, 0.01)
    assert file.newest("BTC", 900) is None


def test_a_line_that_cannot_be_read_costs_only_that_line(tmp_path):
    file = ScoreFile(tmp_path)
    file.append(scored())
    with (tmp_path / FILE_NAME).open("ab") as end:
        end.write(b'{"score": 1}\nnot json\n[]\n{"grades": {"table": [7], "reliability": []}}\n')
    assert file.newest("BTC", 60).venue == "bybit"


def test_a_folder_that_cannot_be_written_costs_only_the_score(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    file = ScoreFile(tmp_path / "file")
    file.append(scored())
    assert file.newest("BTC", 60) is None


@pytest.mark.parametrize(
    ("lead", "says"),
    [
        ((0.05, 0.01), "better than"),
        ((0.01, 0.01), "no better than"),
        ((-0.05, 0.01), "worse than"),
    ],
)
def test_the_verdict_says_so_when_the_map_is_worse(lead, says):
    rows = (Grade(name="this map"), Grade(name="distance only", behind=lead))
    grades = dataclasses.replace(some_grades(), table=rows)
    assert grades.verdict() == f"{says} distance only, 41 days"


# --- the map of the window ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def market():
    """Hours with liquidations of a known mix."""
    bars, seen, _ = a_history(80)  # its quarters of an hour are taken for hours
    candles = candles_of(bars.close, interval_s=HOUR_S)
    candles = dataclasses.replace(
        candles, low=bars.low, high=bars.high, volume_base=bars.volume_base
    )
    times = HOUR_MS * np.arange(1, len(bars) + 1)
    readings = interest_history(list(zip(times, bars.open_interest_base, strict=True)))
    bar, side = np.nonzero(seen.base)
    orders = tuple(
        liquidation(
            KEY,
            Side.SHORT if s else Side.LONG,
            float(seen.base[b, s]),
            float((bars.high if s else bars.low)[b]),
            int(b * HOUR_MS + 60_000 * (k % 50)),
        )
        for k, (b, s) in enumerate(zip(bar, side, strict=True))
    )
    return candles, readings, orders


def question(market, end, *, source=FeedMode.REPLAY, orders=True):
    candles, readings, forced = market
    columns = {
        name: getattr(candles, name)[:end]
        for name in ("time_ms", "open", "high", "low", "close", "volume_base")
    }
    known = {
        name: getattr(readings, name)[:end]
        for name in ("time_ms", "open_interest_base", "open_interest_usd")
    }
    until = end * HOUR_MS
    given = HeatmapMarket(
        candles=dataclasses.replace(candles, **columns),
        open_interest=dataclasses.replace(readings, **known),
        liquidations=tuple(row for row in forced if row.time_ms < until) if orders else (),
    )
    return HeatmapRequest(source=source, coin="BTC", interval_s=HOUR_S, markets=(given,))


def test_without_observed_liquidations_the_prior_is_named(market):
    told = HeatmapAnswer()(question(market, 480, orders=False))
    assert told.mix == ("binanceusdm: leverage assumed, too few liquidations were observed",)
    assert told.score is None
    low, high = told.band_base
    np.testing.assert_allclose(high[0], 2.5 * told.long_base[-1], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(low[1], told.short_base[-1] / 7, rtol=1e-5, atol=1e-6)


def test_a_fitted_map_is_said_to_be_one_and_graded_one_question_later(market, tmp_path):
    answer = HeatmapAnswer(ScoreFile(tmp_path))
    first = answer(question(market, 480, source=FeedMode.LIVE))
    assert first.mix == ("binanceusdm: leverage fitted to 19 days of liquidations",)
    assert first.score is None
    second = answer(question(market, 481, source=FeedMode.LIVE))
    assert "distance only" in second.score.title()
    assert "10 days" in second.score.title()
    grades = second.score.grades
    assert all(0 <= share <= 1 for share in grades.hour_coverage)
    assert [each.nominal for each in grades.reliability] == [0.5, 0.6, 0.7, 0.8, 0.9, 0.95]
    assert grades.reliability[3].long == grades.hour_coverage[0]
    low, high = second.band_base
    assert (low[0] <= second.long_base[-1] * (1 + 1e-5) + 1e-6).all()
    assert (high[0] >= low[0]).all()
    # another start finds the score of yesterday at once
    third = HeatmapAnswer(ScoreFile(tmp_path))(question(market, 480, source=FeedMode.LIVE))
    assert third.score.title() == second.score.title()


def test_fitted_columns_are_what_a_fresh_start_says(market):
    grown = HeatmapAnswer()
    for end in (300, 301, 350, 400):
        told = grown(question(market, end))
    fresh = HeatmapAnswer()(question(market, 400))
    first = min(told.first_bin, fresh.first_bin)

    def placed(columns):
        wide = np.zeros((len(columns.long_base), 3_000))
        at = columns.first_bin - first
        wide[:, at : at + columns.long_base.shape[1]] = columns.long_base
        return wide

    np.testing.assert_allclose(placed(told), placed(fresh), rtol=1e-4, atol=1e-4)


def test_a_fit_on_demand_is_kept_and_todays_fit_is_a_map_of_its_own(market):
    answer, asked = HeatmapAnswer(), question(market, 400)
    before = answer(asked)
    said = answer.refit()
    assert said.endswith("anew to observed liquidations: binanceusdm to 17 days.")
    after = answer(asked)
    np.testing.assert_array_equal(  # what was final stays as it was known then
        after.long_base[: before.final], before.long_base[: before.final]
    )
    assert not np.array_equal(after.band_base, before.band_base)
    today = answer.drawn(asked, MapChoice(with_todays_fit=True))
    assert today.with_todays_fit
    assert today.mix == after.mix
    assert not np.allclose(today.long_base[200], after.long_base[200], rtol=0.01)
    np.testing.assert_allclose(  # now there is only one fit
        today.long_base[-1].sum(), after.long_base[-1].sum(), rtol=0.2
    )
    grown = answer(question(market, 410))
    answer._map = None  # as after a change of what was taken in
    fresh = answer(question(market, 410))
    np.testing.assert_allclose(fresh.long_base, grown.long_base, rtol=1e-4, atol=1e-4)


def test_the_title_names_every_baseline_that_is_better():
    rows = (
        Grade(name="this map", skill=0.5),
        Grade(name="uniform", behind=(-0.3, 0.1)),
        Grade(name="distance only", behind=(0.05, 0.1)),
        Grade(name="path only", skill=0.6),
        Grade(name="constant per bin swept", skill=0.4),
    )
    score = dataclasses.replace(
        scored(), grades=dataclasses.replace(some_grades(), table=rows, days=1)
    )
    assert score.title() == (
        "no better than distance only, worse than uniform, 1 day; amounts worse than path only"
    )
