import dataclasses

import pytest
from PySide6.QtGui import QGuiApplication

from tests.ui.alerts import NOW_MS, record
from ui.panels.alerts import AlertsPanel
from workstation.alerts.facts import Severity
from workstation.alerts.tracker import Standing
from workstation.services.alert_service import AlertNews
from workstation.services.push import Delivery


@pytest.fixture
def panel(qtbot, context):
    panel = AlertsPanel(context)
    qtbot.addWidget(panel)
    panel.show()
    return panel


def listed(monkeypatch, desk, *records):
    monkeypatch.setattr(desk.alerts, "records", lambda: records)


def cells(panel, row):
    model = panel.model
    return [model.index(row, column).data() for column in range(model.columnCount())]


def test_the_newest_stands_first_with_its_delivery(panel, bridge, desk, monkeypatch):
    sent = (Delivery(channel="ntfy at h", message=None, attempts=4, problem="answered HTTP 503"),)
    failed = dataclasses.replace(record(2), deliveries=sent)
    listed(monkeypatch, desk, record(1, Severity.WARN), failed)
    bridge.alerts_changed.emit(AlertNews(fired=(failed,)))
    assert cells(panel, 0) == [
        "alert 2.", "02-05 18:14:08", "critical", "64,212", "ntfy at h: answered HTTP 503", "",
    ]  # fmt: skip
    assert cells(panel, 1)[4] == "window"


def test_what_was_acknowledged_says_when(panel, bridge, desk, monkeypatch):
    seen = dataclasses.replace(record(1), acknowledged_ms=NOW_MS)
    listed(monkeypatch, desk, seen)
    bridge.alerts_changed.emit(AlertNews(changed=(seen,)))
    assert cells(panel, 0)[5] == "18:14:08"


def test_what_holds_and_what_was_held_back_are_counted(panel, bridge, desk, monkeypatch):
    one = Standing(
        rule="distance", object="main BTC long", severity=Severity.WARN, threshold=0.15, told=False
    )
    monkeypatch.setattr(type(desk.alerts), "standing", (one,))
    monkeypatch.setattr(type(desk.alerts), "held_back", (19, 3))
    desk.portfolio = object()
    bridge.risk_changed.emit(None)
    assert panel.standing_text() == (
        "1 hold now · 1 since before the start · 19 crossings held back · "
        "3 wait for the next summary"
    )


def test_the_list_is_copied_as_a_table(panel, bridge, desk, monkeypatch):
    listed(monkeypatch, desk, record(1))
    panel.copy()
    heading, row = QGuiApplication.clipboard().text().splitlines()
    assert heading.split("\t")[:3] == ["What", "Time UTC", "Urgency"]
    assert row.split("\t")[0] == "alert 1."
