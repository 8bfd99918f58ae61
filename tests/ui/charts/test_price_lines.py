import dataclasses
import re
from functools import partial
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ui.charts.frozen import heatmap
from ui import format as fmt
from ui.charts.map_levels import MapUnit, amount_text
from ui.charts.price_lines import met_text, own_lines, scenario_line, spread
from workstation.market.instrument import Side
from workstation.portfolio.model import MarginMode
from workstation.risk.heatmap_reading import Way
from workstation.risk.report import MarkSource, Status


@pytest.fixture
def banded():
    """A map whose band is a half to three times of what stands there."""
    columns = heatmap()
    likely = np.stack([columns.long_base[-1], columns.short_base[-1]])
    return dataclasses.replace(columns, band_base=np.stack([likely / 2, likely * 3]))


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


@pytest.mark.parametrize("status", [Status.BELOW_MAINTENANCE, Status.PRESUMED_LIQUIDATED])
def test_what_counts_as_liquidated_has_one_colour_wherever_the_mark_is(status):
    lost = {"status": status}
    lines = own_lines(
        report(
            [position(distance=0.06, **lost), position(distance=0.2, **lost)],
            [account(liquidation_coin_distance=0.06, **lost)],
        ),
        "BTC",
    )
    assert [line.token for line in lines] == ["alarm"] * 3


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


# --- what is liquidated before it ------------------------------------------------------------


def test_a_line_says_what_dies_before_it(banded):
    met = partial(met_text, Way(banded), 64_000.0)
    (line,) = own_lines(report([position()]), "BTC", met=met)
    assert re.fullmatch(
        r"Binance BTC long liquidates 62,063 · \$[\d.]+–[\d.]+ M of longs before it", line.text
    )
    above = scenario_line(65_000.0, met(65_000.0))
    assert above.text.endswith("of shorts before it")


def test_the_sum_before_a_line_is_of_the_bins_between(banded):
    _, waiting = Way(banded).before(62_063.0, 64_000.0)
    said = met_text(Way(banded), 64_000.0, 62_063.0)
    assert said == f" · {fmt.usd_range(waiting.usd / 2, waiting.usd * 3)} of longs before it"


def test_in_coins_the_sum_before_a_line_is_the_same_coins(banded):
    way = Way(banded)
    _, waiting = way.before(62_063.0, 64_000.0)
    assert waiting.low_base == pytest.approx(waiting.base / 2)
    assert waiting.high_base == pytest.approx(waiting.base * 3)
    said = met_text(way, 64_000.0, 62_063.0, MapUnit.COIN, "BTC")
    ends = fmt.quantity_range(waiting.base / 2, waiting.base * 3)
    assert said == f" · {ends} BTC of longs before it"
    bare = Way(dataclasses.replace(banded, band_base=None))
    about = met_text(bare, 64_000.0, 62_063.0, MapUnit.COIN, "BTC")
    assert about == f" · about {amount_text(waiting.base, MapUnit.COIN, 'BTC')} of longs before it"


def test_without_a_map_a_mark_or_a_band_nothing_is_invented(banded):
    assert met_text(None, 64_000.0, 62_000.0) == ""
    assert met_text(Way(banded), None, 62_000.0) == ""
    bare = dataclasses.replace(banded, band_base=None)
    assert met_text(Way(bare), 64_000.0, 62_063.0).startswith(" · about $")
    assert met_text(Way(banded), 64_000.0, 64_000.0) == ""


def test_what_is_past_its_price_says_nothing_of_the_way(banded):
    met = partial(met_text, Way(banded), 64_000.0)
    for status in (Status.BELOW_MAINTENANCE, Status.PRESUMED_LIQUIDATED):
        (line,) = own_lines(report([position(status=status)]), "BTC", met=met)
        assert "before it" not in line.text
