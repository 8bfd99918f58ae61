"""The heatmap command: what it writes, prints and refuses."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from tests.workstation.risk.test_heatmap_fitted import a_history
from tests.workstation.services.test_heatmap_report import SYMBOL, record
from ui import cli


@pytest.fixture(scope="module")
def tape(tmp_path_factory):
    return record(tmp_path_factory.mktemp("tape") / "tape", a_history(13))


def ask(tape, out, *options):
    return cli.main(["heatmap", str(tape), "--symbol", SYMBOL, "--out", str(out), *options])


def test_it_writes_both_files_and_prints_mix_and_rivals(tape, tmp_path, capsys):
    out = tmp_path / "map.parquet"
    assert ask(tape, out, "--every", "96", "--baseline") == 0
    said = capsys.readouterr().out
    assert len(pd.read_parquet(tmp_path / "map-bars.parquet")) == 13
    assert len(pd.read_parquet(out)) > 1_000
    for words in ("conservation error", "Leverage mix", "this map", "distance only", "80 % band"):
        assert words in said
    for word in ("support", "target", "magnet"):
        assert word not in said


def test_json_is_one_document_and_nothing_else(tape, tmp_path, capsys):
    assert ask(tape, tmp_path / "map.parquet", "--every", "96", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["symbol"] == SYMBOL
    assert told["columns"] == 13
    assert told["conservation_error"] < 1e-12
    assert [model["name"] for model in told["venues"][0]["scores"]["models"]] == ["this map"]


def test_what_is_missing_is_said_in_one_sentence(tmp_path, capsys):
    assert ask(tmp_path / "nowhere", tmp_path / "map.parquet") == 1
    said = capsys.readouterr()
    assert not said.out
    assert said.err.count("\n") == 1
    assert "nowhere is not a folder" in said.err


def test_a_folder_that_does_not_exist_is_bad_usage(tape, tmp_path, capsys):
    assert ask(tape, tmp_path / "nowhere" / "map.parquet") == cli.BAD_USAGE
    assert "nowhere is not a folder; make it, or choose another" in capsys.readouterr().err
