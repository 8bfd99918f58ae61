"""Scenario files: what is read, what is refused, and the user's own beside the shipped."""

from __future__ import annotations

import pytest

from workstation.errors import ScenarioFileError, UsageError
from workstation.services.scenario_library import SHIPPED, library, named, own_folder, read

WHOLE = """
title = "Mine"
about = "A test."
source = "An assumption."
over_h = 2
funding_rate_8h = 0.0003
use_betas = false
course = [100, 90, 80]

[moves]
BTC = "-20%"
ETH = 1500
"*" = "-30%"

[betas]
SOL = 1.5

[haircuts]
BTC = 0.2

[[adl]]
coin = "BTC"
at = "-10%"
share = 0.25
venue = "okx"
"""


def written(folder, text, name="mine.toml"):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_every_field_is_read(tmp_path):
    entry = read(written(tmp_path, WHOLE))
    assert (entry.name, entry.title, entry.over_h) == ("mine", "Mine", 2.0)
    assert entry.ends["BTC"].fraction == pytest.approx(-0.2)
    assert entry.ends["ETH"].price == 1_500
    assert (entry.course, entry.use_betas, entry.betas) == ((100, 90, 80), False, {"SOL": 1.5})
    assert entry.funding_rate_8h == 0.0003
    assert entry.haircuts == {"BTC": 0.2}
    (adl,) = entry.adl
    assert (adl.coin, adl.at.fraction, adl.share, adl.venue) == ("BTC", -0.1, 0.25, "okx")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('title = "Mine"', "", "'title' is missing"),
        ("over_h = 2", "over_hours = 2", "'over_h' is missing"),
        ("over_h = 2", "over_h = -1", "'over_h' must be at least 0"),
        ("over_h = 2", 'over_h = "2h"', "'over_h' must be a number"),
        ("over_h = 2", "over_h = 2\ncolour = 1", "'colour'"),
        ('BTC = "-20%"', 'BTC = "-20"', "write a price as a number"),
        ('BTC = "-20%"', 'BTC = "-100%"', "above zero"),
        ('BTC = "-20%"', "BTC = 0", "above zero"),
        ('BTC = "-20%"', 'BTC = "many%"', "many"),
        ("use_betas = false", "use_betas = 0", "true or false"),
        ("course = [100, 90, 80]", "course = [100]", "two or more"),
        ("course = [100, 90, 80]", "course = [100, 90, 100]", "end elsewhere"),
        ("BTC = 0.2\n", "BTC = 2\n", "at most 1"),
        ("share = 0.25", "share = 25", "at most 1"),
        ('at = "-10%"', "", "an [[adl]] has"),
        ("[moves]", "[moves", "could not be read"),
        ('title = "Mine"', "title = 1", "must be a text"),
        ("[betas]\nSOL = 1.5", "", None),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(tmp_path, old, new, says):
    assert old in WHOLE
    text = WHOLE.replace(old, new)
    if says is None:
        assert read(written(tmp_path, text)).betas == {}
        return
    with pytest.raises(ScenarioFileError) as refused:
        read(written(tmp_path, text))
    assert says in refused.value.user_message
    assert "mine.toml" in refused.value.user_message


def test_the_users_own_stand_beside_the_shipped_and_before_those_of_their_name():
    written(own_folder(), WHOLE)
    written(own_folder(), WHOLE, "mid-50s.toml")
    written(own_folder(), "no toml", "broken.toml")
    entries, problems = library()
    names = [entry.name for entry in entries]
    assert names[: len(SHIPPED)] == list(SHIPPED)
    assert names[len(SHIPPED) :] == ["mine"]
    assert named("mid-50s").title == next(e.title for e in entries if e.name == "mid-50s") == "Mine"
    assert [error.path.rsplit("/")[-1] for error in problems] == ["broken.toml"]


def test_a_name_that_is_none_lists_those_there_are():
    written(own_folder(), WHOLE)
    for name in ("mine2", "../settings", ""):
        with pytest.raises(UsageError, match=r"below-60k.*mine"):
            named(name)
