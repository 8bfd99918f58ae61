from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.charts.price_lines import own_lines, scenario_line, spread
from workstation.market.instrument import Side
from workstation.portfolio.model import MarginMode
from workstation.risk.report import MarkSource, Status


def position(**changes):
    fields = {
        "account": "a",
        "venue": "binanceusdm",
        "symbol": "BTC/USDT:USDT",
        "side": Side.LONG,
        "margin_mode": MarginMode.ISOLATED,
        "currency": "USDT",
        "liquidation_price": 62_063.0,
        "distance": -0.033,
        "status": Status.OK,
        "mark_source": MarkSource.VENUE,
    }
    return SimpleNamespace(**(fields | changes))


def account(**changes):
    fields = {
        "id": "Bybit",
        "currency": "USDT",
        "liquidation_coin": "BTC",
        "liquidation_coin_price": 59_217.0,
        "liquidation_coin_distance": -0.078,
        "status": Status.OK,
    }
    return SimpleNamespace(**(fields | changes))


def report(positions=(), accounts=()):
    return SimpleNamespace(positions=positions, accounts=accounts)


def test_an_isolated_position_has_a_line_in_the_colour_of_its_distance():
    (line,) = own_lines(report([position()]), "BTC")
    assert (line.price, line.token) == (62_063.0, "alarm")
    assert line.text == "Binance BTC long liquidates 62,063"


@pytest.mark.parametrize(
    ("distance", "token"), [(-0.039, "alarm"), (0.079, "warn"), (-0.08, "text"), (None, "text")]
)
def test_a_line_warns_under_eight_percent_and_alarms_under_four(distance, token):
    (line,) = own_lines(report([position(distance=distance)]), "BTC")
    assert line.token == token


def test_a_position_that_no_price_liquidates_has_no_line():
    assert own_lines(report([position(liquidation_price=None)]), "BTC") == ()


def test_only_the_coin_on_the_chart_is_marked():
    lines = own_lines(report([position(symbol="SOL/USDT:USDT")], [account()]), "SOL")
    assert [line.price for line in lines] == [62_063.0]


def test_a_cross_position_dies_with_its_pool_and_has_no_line_of_its_own():
    cross = position(account="Bybit", margin_mode=MarginMode.CROSS, liquidation_price=59_000.0)
    (line,) = own_lines(report([cross], [account()]), "BTC")
    assert line.text == "Bybit account liquidates 59,217"


def test_a_cross_position_stands_for_itself_where_its_pool_has_no_price():
    cross = position(account="Bybit", margin_mode=MarginMode.CROSS)
    lines = own_lines(report([cross], [account(liquidation_coin_price=None)]), "BTC")
    assert [line.price for line in lines] == [62_063.0]


def test_what_is_presumed_liquidated_is_not_announced_as_to_come():
    (line,) = own_lines(report([position(status=Status.PRESUMED_LIQUIDATED)]), "BTC")
    assert "presumably liquidated at 62,063" in line.text


def test_the_scenario_has_the_accent_for_itself():
    line = scenario_line(60_000.0)
    assert (line.text, line.token) == ("Scenario 60,000", "accent")


@given(st.lists(st.floats(0, 400), max_size=12), st.floats(200, 800))
def test_labels_never_cover_each_other_and_never_fall_out_below(tops, height):
    placed = spread(sorted(tops), 18, height)
    assert all(lower - upper >= 18 - 1e-9 for upper, lower in pairwise(placed))
    assert all(top <= height - 18 for top in placed)


def test_labels_with_room_stay_where_they_are():
    assert spread([10, 50, 90], 18, 400) == [10, 50, 90]
