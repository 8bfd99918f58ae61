"""What every scenario of the library does, whoever wrote it."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.workstation.portfolio.books import CATALOGUE
from workstation import paths
from workstation.portfolio.formats import registry
from workstation.risk.inputs import RiskInputs
from workstation.risk.scenario import run
from workstation.risk.scenario_library import OTHERS, scenario_of
from workstation.risk.tiers import TierBook
from workstation.services.scenario_library import SHIPPED, library, named

BOOK = registry.read(Path(str(paths.resource("samples", "sample.toml"))), CATALOGUE)
INPUTS = RiskInputs(
    now_ms=BOOK.as_of_ms, marks={}, coin_prices={}, tiers=TierBook.embedded(), catalogue=CATALOGUE
)
every_scenario = pytest.mark.parametrize("entry", library()[0], ids=lambda entry: entry.name)
every_crash = pytest.mark.parametrize(
    "entry", [entry for entry in library()[0] if entry.course], ids=lambda entry: entry.name
)


def test_what_is_shipped_is_what_is_registered():
    files = {item.name for item in paths.resource("scenarios").iterdir()}
    assert files == {f"{name}.toml" for name in SHIPPED}
    assert len(set(SHIPPED)) == len(SHIPPED)


@every_scenario
def test_it_says_what_it_is_and_where_its_figures_come_from(entry):
    assert named(entry.name) == entry
    assert entry.title
    assert entry.about
    assert len(entry.source) > 10
    assert entry.ends
    assert entry.over_h >= 0


@every_scenario
def test_without_strength_it_changes_nothing(entry):
    report = run(BOOK, INPUTS, scenario_of(entry, BOOK, INPUTS, strength=0.0))
    assert report.events == ()
    assert report.equity_after_usd == pytest.approx(report.equity_before_usd, abs=0.005)
    assert report.pnl_usd == pytest.approx(0.0, abs=0.005)


@every_scenario
def test_at_full_strength_every_coin_that_it_names_goes_where_it_says(entry):
    scenario = scenario_of(entry, BOOK, INPUTS)
    completed = INPUTS.completed(BOOK)
    for coin, price in scenario.moves.items():
        end, start = entry.ends.get(coin, entry.ends.get(OTHERS)), completed.coin_price(coin)
        assert price == pytest.approx(end.price or start * (1 + end.fraction))
    assert run(BOOK, INPUTS, scenario).pnl_usd != 0


@every_scenario
def test_half_the_strength_goes_half_the_way_in_logarithms(entry):
    half, whole = (
        scenario_of(entry, BOOK, INPUTS, strength=strength).moves for strength in (0.5, 1.0)
    )
    for coin, price in whole.items():
        start = INPUTS.completed(BOOK).coin_price(coin)
        assert 2 * math.log(half[coin] / start) == pytest.approx(math.log(price / start))


@every_scenario
def test_its_course_begins_at_no_move_and_ends_at_the_furthest(entry):
    path = entry.path()
    if path:
        assert path[0] == 0.0
        assert abs(path[-1]) == max(abs(step) for step in path)
        assert scenario_of(entry, BOOK, INPUTS).course[-1] == 1.0


@every_crash
def test_the_end_of_a_crash_is_that_of_its_course(entry):
    fraction = entry.course[-1] / entry.course[0] - 1
    assert entry.ends["BTC"].fraction == pytest.approx(fraction, abs=1e-4)
    assert entry.over_h == len(entry.course) - 1


@pytest.mark.shared_data
@every_crash
def test_a_crash_is_found_in_the_recorded_candles(entry, shared_data):
    files = ("binance_btcusdt_perp_1h.parquet", "binance_btcusdt_perp_1h_2025-12_on.parquet")
    for file in files:
        candles = pd.read_parquet(shared_data / file)
        hours = len(entry.course) - 1
        for first in np.flatnonzero(candles["open"].to_numpy() == entry.course[0]):
            rows = candles.iloc[first : first + hours]
            if len(rows) == hours and rows["low"].iloc[-1] == entry.course[-1]:
                assert rows["close"].to_list()[:-1] == list(entry.course[1:-1])
                assert rows["low"].min() == entry.course[-1]
                return
    pytest.fail("no candles like these")
