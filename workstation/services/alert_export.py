"""The list of alerts as a file: a table (CSV), or one JSON document a line."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from workstation.alerts.document import fire_document
from workstation.services.alert_service import AlertRecord
from workstation.units import iso_utc

JSON_LINES: Final = ".jsonl"


def record_document(record: AlertRecord) -> dict[str, Any]:
    """Return the JSON values of an alert; what is not known is ``None``."""
    seen_ms = record.acknowledged_ms
    return {
        **fire_document(record.fire),
        "told": iso_utc(record.told_ms),
        "quiet": record.quiet,
        "delivered": record.delivery_words,
        "acknowledged": None if seen_ms is None else iso_utc(seen_ms),
    }


def write(records: Sequence[AlertRecord], path: Path) -> None:
    """Write the alerts, oldest first; the suffix decides the format.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    rows = [record_document(record) for record in records]
    if path.suffix == JSON_LINES:
        path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
        return
    table = io.StringIO()
    names = list(rows[0]) if rows else ["time"]
    writer = csv.DictWriter(table, names)
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(table.getvalue(), encoding="utf-8", newline="")
