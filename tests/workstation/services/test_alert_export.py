"""The list of alerts as a file."""

from __future__ import annotations

import csv
import dataclasses
import json

import pytest

from tests.ui.alerts import NOW_MS, record
from workstation.services import alert_export
from workstation.services.push_message import Delivery

SEEN = dataclasses.replace(
    record(1, what='it fell, said "the book",\nand more.', source="mark of okx", age_s=1.0),
    acknowledged_ms=NOW_MS,
    deliveries=(Delivery(channel="ntfy at h", message=None, attempts=4, problem="HTTP 503"),),
)
RECORDS = (SEEN, record(2))


def test_a_table_has_a_row_an_alert(tmp_path):
    path = tmp_path / "alerts.csv"
    alert_export.write(RECORDS, path)
    with path.open(encoding="utf-8", newline="") as stream:
        first, second = csv.DictReader(stream)
    assert first["sentence"].startswith('it fell, said "the book",\nand more.')
    assert first["time"] == first["acknowledged"] == "2026-02-05T18:14:08Z"
    assert (first["threshold"], first["price"], first["source"]) == (
        "0.08",
        "64212.0",
        "mark of okx",
    )
    assert first["delivered"] == "ntfy at h: HTTP 503"
    assert second["acknowledged"] == ""


def test_json_lines_have_a_document_an_alert(tmp_path):
    path = tmp_path / "alerts.jsonl"
    alert_export.write(RECORDS, path)
    first, second = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    assert first == alert_export.record_document(SEEN)
    assert (second["number"], second["acknowledged"], second["quiet"]) == (2, None, False)


def test_an_empty_list_is_a_file_too(tmp_path):
    for name in ("none.csv", "none.jsonl"):
        alert_export.write((), tmp_path / name)
    assert (tmp_path / "none.jsonl").read_text() == ""
    with pytest.raises(FileNotFoundError):
        alert_export.write((), tmp_path / "nowhere" / "a.csv")
