from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from workstation import settings as module
from workstation.settings import PAGES, MarketSettings, Settings, load, save


def test_a_missing_file_gives_the_defaults(tmp_path: Path):
    assert load(tmp_path / "none.toml") == (Settings(), ())


def test_what_is_saved_is_loaded(tmp_path: Path):
    path = tmp_path / "settings.toml"
    market = MarketSettings(source="live", venues=("okx",), poll_interval_s=5.0)
    save(path, Settings(market=market))
    loaded, problems = load(path)
    assert (loaded.market, problems) == (market, ())


def test_saving_keeps_comments_and_the_options_of_venues(tmp_path: Path):
    path = tmp_path / "settings.toml"
    path.write_text('# mine\n[venues.okx.ccxt]\nhostname = "gateway.example"\n')
    save(path, Settings(market=MarketSettings(coin="ETH")))
    text = path.read_text()
    assert "# mine" in text
    loaded, _ = load(path)
    assert loaded.venues["okx"]["ccxt"]["hostname"] == "gateway.example"
    assert loaded.market.coin == "ETH"


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("poll_interval_s = 0.1", "market.poll_interval_s: must lie between 0.5 and 60.0"),
        ('poll_interval_s = "2"', "market.poll_interval_s: must be of type float"),
        ("poll_interval_s = true", "market.poll_interval_s: must be of type float"),
        ('interval = "7m"', "market.interval: must be one of 1m, 5m"),
        ("venues = 3", "market.venues: must be a list of texts"),
        ("polling = 3", "market.polling: is not a known setting"),
    ],
)
def test_a_bad_field_costs_that_field(tmp_path: Path, line: str, sentence: str):
    path = tmp_path / "settings.toml"
    path.write_text(f'[market]\n{line}\ncoin = "SOL"\n')
    loaded, (problem,) = load(path)
    assert str(problem).startswith(sentence)
    assert loaded.market == MarketSettings(coin="SOL")


def test_a_whole_number_serves_as_a_decimal_one(tmp_path: Path):
    path = tmp_path / "settings.toml"
    path.write_text("[market]\npoll_interval_s = 3\n")
    loaded, problems = load(path)
    assert (loaded.market.poll_interval_s, problems) == (3.0, ())


def test_an_unreadable_file_gives_the_defaults_and_a_sentence(tmp_path: Path):
    path = tmp_path / "settings.toml"
    path.write_bytes(b"[market\n\xff")
    loaded, (problem,) = load(path)
    assert loaded == Settings()
    assert "the defaults are used" in str(problem)


def test_every_setting_explains_itself_and_its_default_is_valid():
    for page in PAGES:
        for item in dataclasses.fields(getattr(Settings(), page)):
            assert item.metadata["help"], f"{page}.{item.name}"
            assert module.check(page, item, item.default) == item.default


def test_a_route_that_cannot_be_read_costs_that_setting(tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text('[transfers]\nroutes = ["bybit>okx=8:1", "bybit to okx"]\nminutes = 5.0\n')
    read, problems = load(file)
    assert read.transfers.routes == ()
    assert read.transfers.minutes == 5.0
    assert "'bybit to okx'" in str(problems[0])
