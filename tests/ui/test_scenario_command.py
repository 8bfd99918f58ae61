"""``scenario`` with the library and the models: what is printed, as a table and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ui.cli import FAILED, main
from workstation import paths
from workstation.services.scenario_library import own_folder

SAMPLE = str(paths.resource("samples", "sample.toml"))


def document(capsys, *arguments):
    assert main(["scenario", SAMPLE, *arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def printed(capsys, *arguments):
    assert main(["scenario", SAMPLE, *arguments]) == 0
    return capsys.readouterr().out


def test_without_a_recording_the_cascade_is_null_and_a_sentence_says_why(capsys):
    answer = document(capsys, "--move", "BTC=60000", "--cascade")
    assert answer["cascade"] is answer["touch_probability"] is None
    said = [problem for problem in answer["problems"] if "cascade model is not known" in problem]
    assert len(said) == 1


def test_a_volatility_gives_the_touch_probability_of_a_week(capsys):
    answer = document(capsys, "--move", "BTC=60000", "--implied-volatility", "0.55")
    touch = answer["touch_probability"]
    assert list(touch) == ["horizon_days", "low", "mid", "high"]
    assert touch["horizon_days"] == 7
    assert 0.01 < touch["mid"] < 0.2


def test_on_screen_probabilities_are_ranges_in_whole_fives(capsys):
    text = printed(capsys, "--move", "BTC=60000", "--implied-volatility", "0.55")
    row = next(line for line in text.splitlines() if line.startswith("60,000"))
    assert row.split()[-2:] == ["30\N{EN DASH}35", "%"]
    assert "±" not in text


@pytest.mark.parametrize("word", ["magnet", "support", "target"])
def test_words_that_promise_something_are_not_used(capsys, word):
    text = printed(capsys, "--scenario", "2025-10-10", "--cascade", "--implied-volatility", "0.5")
    assert word not in text.lower()


def test_a_scenario_of_the_library_is_walked_by_its_name(capsys):
    answer = document(capsys, "--scenario", "2025-10-10-adl")
    assert answer["moves"]["BTC"] == pytest.approx(71_000 * (1 - 0.1644))
    assert "adl" in {event["kind"] for event in answer["events"]}


def test_an_explicit_move_and_duration_beat_those_of_the_library(capsys):
    answer = document(capsys, "--scenario", "below-60k", "--move", "BTC=65000", "--over", "1h")
    assert answer["moves"] == {"BTC": 65_000}


def test_a_scenario_of_ones_own_is_found_by_its_file(capsys):
    folder: Path = own_folder()
    folder.mkdir(parents=True)
    (folder / "mine.toml").write_text(
        'title = "Mine"\nsource = "A test."\nover_h = 0\n[moves]\nBTC = 64000\n', encoding="utf-8"
    )
    assert document(capsys, "--scenario", "mine")["moves"] == {"BTC": 64_000}


def test_a_broken_file_of_ones_own_is_named_in_a_sentence(capsys):
    own_folder().mkdir(parents=True)
    (own_folder() / "mine.toml").write_text("title = 1", encoding="utf-8")
    assert main(["scenario", SAMPLE, "--scenario", "mine"]) == FAILED
    said = capsys.readouterr().err
    assert "mine.toml" in said
    assert "Traceback" not in said


def test_a_move_without_bitcoin_says_that_the_others_stay_still(capsys):
    assert "the other coins stay still" in printed(capsys, "--move", "ETH=1800")
    assert "stay still" not in printed(capsys, "--move", "BTC=60000")


def test_a_cut_costs_the_taker_fee_and_beside_it_the_slippage(capsys):
    # 2.4 at 71,000 = 170,400 of face: 5 bp of fee, and 5 bp of slippage, as in the settings
    cut = document(capsys, "--move", "BTC=60000")["repair"]["reduce"][0]
    assert (cut["symbol"], cut["quantity"]) == ("BTC/USDT:USDT", 2.4)
    assert cut["cost_usd"] == pytest.approx(85.20)
    assert cut["slippage_usd"] == pytest.approx(85.20)
    text = printed(capsys, "--move", "BTC=60000")
    assert "(pays $170.40 in fee and slippage)" in " ".join(text.split())


def test_what_an_order_closes_is_closed_on_the_terminal_and_reduced_in_the_document(capsys):
    rows = [r for r in printed(capsys, "--move", "BTC=60000").splitlines() if r.endswith("closed")]
    assert [row.split()[0] for row in rows] == ["hyperliquid-eth"]
    said = document(capsys, "--move", "BTC=60000")["positions"]
    assert {p["status"] for p in said if p["account"] == "hyperliquid-eth"} == {"reduced"}
