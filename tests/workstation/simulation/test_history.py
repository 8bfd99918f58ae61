"""The saved market: built once, the same when it is loaded, built again when it cannot be."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from workstation.simulation import history, story
from workstation.simulation.history import Phase, load_or_build

SHORT = (
    Phase("the years", story.YEARS_START_S + 6_000, 600, with_accounts=False),
    Phase("the months", story.YEARS_START_S + 12_000, 60, with_accounts=True),
)


@pytest.fixture(autouse=True)
def short_history(monkeypatch):
    monkeypatch.setattr(history, "PHASES", SHORT)


@pytest.fixture
def said():
    return []


def assert_same(one, other):
    for left, right in zip(one.coins, other.coins, strict=True):
        for name in left.state._fields:
            np.testing.assert_array_equal(getattr(left.state, name), getattr(right.state, name))


def test_every_phase_is_told_and_how_long_it_took(tmp_path, said):
    assert load_or_build(1, tmp_path, said.append).time_s == SHORT[-1].until_s
    assert [sentence for sentence in said if "the years" in sentence or "the months" in sentence]
    assert said[-1].startswith("The simulated market is ready after ")


def test_a_loaded_market_is_the_built_one_and_goes_on_like_it(tmp_path, said):
    built = load_or_build(1, tmp_path)
    loaded = load_or_build(1, tmp_path, said.append)
    assert not said
    assert_same(built, loaded)
    for market in (built, loaded):
        market.advance(600)
    assert_same(built, loaded)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 not a zip", None])
def test_a_damaged_file_is_built_again_and_replaced(tmp_path, said, damage, caplog):
    built = load_or_build(1, tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:1_000_000] if damage is None else damage)
    with caplog.at_level(logging.WARNING):
        again = load_or_build(1, tmp_path, said.append)
    assert "damaged" in caplog.text
    assert said
    assert_same(built, again)
    said.clear()
    load_or_build(1, tmp_path, said.append)
    assert not said


def test_a_file_with_arrays_of_another_shape_is_built_again(tmp_path, said):
    load_or_build(1, tmp_path)
    (path,) = tmp_path.iterdir()
    with np.load(path) as arrays:
        changed = {name: arrays[name] for name in arrays.files}
    changed["BTC.minutes"] = changed["BTC.minutes"][:, :10]
    np.savez(path, **changed)
    load_or_build(1, tmp_path, said.append)
    assert said


def test_another_seed_or_another_story_has_a_file_of_its_own(tmp_path, monkeypatch):
    load_or_build(1, tmp_path)
    load_or_build(2, tmp_path)
    monkeypatch.setattr(history, "GENERATOR_VERSION", history.GENERATOR_VERSION + 1)
    load_or_build(1, tmp_path)
    assert len(list(tmp_path.iterdir())) == 3


def test_old_markets_are_forgotten(tmp_path):
    for seed in range(history.KEPT + 2):
        load_or_build(seed, tmp_path)
    assert len(list(tmp_path.iterdir())) == history.KEPT


def test_a_build_stops_when_it_is_told_to_and_leaves_nothing(tmp_path):
    assert load_or_build(1, tmp_path, cancelled=lambda: True) is None
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_no_half_file(tmp_path, monkeypatch, caplog):
    def full(stream, **arrays):
        stream.write(b"half a file")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with caplog.at_level(logging.WARNING):
        assert load_or_build(1, tmp_path) is not None
    assert "No space left" in caplog.text
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_costs_the_cache_and_no_more(tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    with caplog.at_level(logging.WARNING):
        market = load_or_build(1, tmp_path / "file" / "cache")
    assert market is not None
    assert "could not be cached" in caplog.text
