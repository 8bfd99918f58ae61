"""The alerts: what has fired and how it was delivered, what holds now, and what was held back."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from ui import format as fmt
from ui.models.rows import Column, RowsModel
from ui.models.rows_view import make_table
from ui.panels.base import Panel, PanelContext
from ui.style import plain_label, tint
from ui.urgency import severity_token
from workstation.services.alert_service import MAX_RECORDS, AlertNews, AlertRecord

_EMPTY: Final = "Nothing has fired. The rules watch your book as long as the program runs."
_HELD: Final = (
    "Nothing has fired. What was so before the start is told only if it is critical; "
    "this holds now:"
)
_NO_BOOK: Final = "No book is open, so no rule watches anything: open a portfolio file (Ctrl+O)."
_MOST_NAMED: Final = 12


def _time_tip(record: AlertRecord) -> str:
    fire = record.fire
    return f"{fmt.full_time(fire.time_ms)}\ntold {fmt.utc_time(record.told_ms)} UTC"


def _rule(record: AlertRecord) -> str:
    return record.fire.rule.replace("_", " ")


def _sentence(record: AlertRecord) -> str:
    return record.fire.sentence


def _told(record: AlertRecord) -> str:
    return record.delivery_words


def _seen(record: AlertRecord) -> str:
    return fmt.utc_time(record.acknowledged_ms)[11:] if record.acknowledged_ms else ""


COLUMNS: Final = (
    Column[AlertRecord](
        heading="Rule",
        help="Which rule has fired; what it is about stands in the message",
        text=_rule,
        value=_rule,
        tip=_sentence,
        is_figure=False,
    ),
    Column[AlertRecord](
        heading="Time UTC",
        help="When it was so, on the market's clock",
        text=lambda record: fmt.utc_time(record.fire.time_ms)[5:],
        value=lambda record: (record.fire.time_ms, record.fire.number),
        tip=_time_tip,
    ),
    Column[AlertRecord](
        heading="Urgency",
        help="info, warn or critical",
        text=lambda record: record.fire.severity.value,
        value=lambda record: record.fire.severity.rank,
        token=lambda record: severity_token(record.fire.severity),
        is_figure=False,
    ),
    Column[AlertRecord](
        heading="Price",
        help="The mark that did it",
        text=lambda record: fmt.price(record.fire.price),
        value=lambda record: record.fire.price,
        rank=3,
    ),
    Column[AlertRecord](
        heading="Delivered",
        help="Where it went, and what the channel answered",
        text=_told,
        value=_told,
        tip=_told,
        is_figure=False,
        rank=2,
    ),
    Column[AlertRecord](
        heading="Seen",
        help="When somebody acknowledged it, UTC",
        text=_seen,
        value=lambda record: record.acknowledged_ms,
        rank=1,
    ),
    Column[AlertRecord](
        heading="Message",
        help="What happened, what is at stake, and what to do; from which figure, how old",
        text=_sentence,
        value=_sentence,
        tip=_sentence,
        is_figure=False,
        stretches=True,
    ),
)


class AlertsPanel(Panel):
    """The newest first; what holds now stands above."""

    def __init__(self, context: PanelContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        records = self.bridge.desk.alerts.records()
        self._records = {record.fire.number: record for record in records}
        self.model = RowsModel[AlertRecord](
            COLUMNS, self.theme, key=lambda record: record.fire.number
        )
        self._table = make_table(self.model)
        self._standing = plain_label()
        tint(self._standing, self.theme, "dim")
        self._empty = plain_label(_EMPTY)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._empty.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self._empty.setMinimumHeight(self._empty.fontMetrics().height())  # more where there is room
        tint(self._empty, self.theme, "dim")
        self._copy = QPushButton("Copy")
        self._copy.setToolTip("Copy the whole list as a table")
        self._copy.clicked.connect(self.copy)
        controls = QHBoxLayout()
        controls.addWidget(self._copy)
        controls.addWidget(self._standing, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.addLayout(controls)
        layout.addWidget(self._empty, 1)
        layout.addWidget(self._table, 1)
        self.bridge.alerts_changed.connect(self.show_news)
        self.bridge.risk_changed.connect(self.show_standing)
        self.bridge.portfolio_changed.connect(self.show_standing)
        self._show_records()
        self.show_standing()

    def standing_text(self) -> str:
        return self._standing.text()

    def empty_text(self) -> str:
        return self._empty.text()

    @Slot(object)
    def show_news(self, news: AlertNews) -> None:
        """Add what has fired, and bring what has changed up to date."""
        self._records |= {one.fire.number: one for one in (*news.fired, *news.changed)}
        for number in sorted(self._records)[:-MAX_RECORDS]:
            del self._records[number]
        self._show_records()
        self.show_standing()

    @Slot(object)
    def show_standing(self, *_: object) -> None:
        """Say what holds now, and what was held back."""
        alerts = self.bridge.desk.alerts
        standing = alerts.standing if self.bridge.desk.portfolio is not None else ()
        crossings, waiting = alerts.held_back
        untold = sum(not one.told for one in standing)
        parts = [f"{len(standing)} hold now"]
        parts += [f"{untold} since before the start"] if untold else []
        parts += [f"{crossings} crossings held back"] if crossings else []
        parts += [f"{waiting} wait for the next summary"] if waiting else []
        self._standing.setText(" · ".join(parts))
        lines = [
            f"{one.object}: {one.rule.replace('_', ' ')} ({one.severity.value}"
            f"{'' if one.told else ', true since before the start'})"
            for one in standing[:_MOST_NAMED]
        ]
        more = len(standing) - len(lines)
        lines += [f"and {more} more"] if more > 0 else []
        self._standing.setToolTip("\n".join(lines))
        empty = _EMPTY if self.bridge.desk.portfolio is not None else _NO_BOOK
        self._empty.setText("\n".join([_HELD, *lines] if standing else [empty]))

    @Slot()
    def copy(self) -> None:
        """Put the list on the clipboard, a line an alert, headings first."""
        rows = ["\t".join(column.heading for column in COLUMNS)]
        rows += [
            "\t".join(column.text(record) for column in COLUMNS)
            for _, record in sorted(self._records.items())
        ]
        QGuiApplication.clipboard().setText("\n".join(rows))

    def _show_records(self) -> None:
        records = tuple(self._records[number] for number in sorted(self._records, reverse=True))
        self.model.replace_rows(records)
        self._table.setVisible(bool(records))
        self._copy.setVisible(bool(records))
        self._empty.setVisible(not records)
