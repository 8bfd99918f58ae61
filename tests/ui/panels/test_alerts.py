import dataclasses

import pytest
from PySide6.QtGui import QGuiApplication

from tests.ui.alerts import NOW_MS, record
from ui.panels.alerts import AlertsPanel
from workstation.alerts.facts import Severity
from workstation.alerts.tracker import Standing
from workstation.services.alert_service import AlertNews
from workstation.services.push_message import Delivery


@pytest.fixture
def panel(qtbot, context):
    panel = AlertsPanel(context)
    qtbot.addWidget(panel)
    panel.show()
    return panel


def cells(panel, row):
    model = panel.model
    return [model.index(row, column).data() for column in range(model.columnCount())]


def test_the_newest_stands_first_with_its_delivery(panel, bridge):
    sent = (Delivery(channel="ntfy at h", message=None, attempts=4, problem="answered HTTP 503"),)
    failed = dataclasses.replace(record(2), deliveries=sent)
    bridge.alerts_changed.emit(AlertNews(fired=(record(1, Severity.WARN), record(2))))
    bridge.alerts_changed.emit(AlertNews(changed=(failed,)))
    assert cells(panel, 0) == [
        "distance", "02-05 18:14:08", "critical", "64,212",
        "ntfy at h: answered HTTP 503", "", "alert 2.",
    ]  # fmt: skip
    assert cells(panel, 1)[4] == "window"


def test_what_was_acknowledged_says_when(panel, bridge):
    seen = dataclasses.replace(record(1), acknowledged_ms=NOW_MS)
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
    assert panel.empty_text().splitlines()[1:] == [
        "main BTC long: distance (warn, true since before the start)"
    ]
    assert "told only if it is critical" in panel.empty_text()
    monkeypatch.setattr(type(desk.alerts), "standing", ())
    bridge.risk_changed.emit(None)
    assert panel.empty_text().startswith("Nothing has fired. The rules watch")


def test_the_list_is_copied_as_a_table(panel, bridge):
    bridge.alerts_changed.emit(AlertNews(fired=(record(1),)))
    panel.copy()
    heading, row = QGuiApplication.clipboard().text().splitlines()
    assert heading.split("\t")[:3] == ["Rule", "Time UTC", "Urgency"]
    assert row.split("\t")[-1] == "alert 1."


def test_a_panel_that_is_built_later_knows_what_has_fired(qtbot, context, desk, monkeypatch):
    monkeypatch.setattr(desk.alerts, "records", lambda: (record(1), record(2)))
    later = AlertsPanel(context)
    qtbot.addWidget(later)
    assert [cells(later, row)[-1] for row in range(2)] == ["alert 2.", "alert 1."]


def test_the_newest_five_hundred_are_kept(panel, bridge):
    bridge.alerts_changed.emit(AlertNews(fired=tuple(record(n) for n in range(1, 503))))
    assert panel.model.rowCount() == 500
    assert cells(panel, 499)[-1] == "alert 3."
