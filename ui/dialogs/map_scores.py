"""How good the liquidation map has been: its scores beside the baselines', and its band."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from ui import format as fmt
from ui.bridge import Bridge
from ui.charts.reliability_chart import ReliabilityChart
from ui.fitting import fit
from ui.models.cells import ROW_PX
from ui.models.rows import Column, RowsModel
from ui.models.rows_view import make_table
from ui.style import plain_label, tint
from ui.theme import SPACING, Theme
from workstation.risk.heatmap_scorecard import THIS, Grade, MapScore
from workstation.risk.report import HeatmapColumns

_NOT_YET: Final = (
    "The map has not been graded yet. That is done once a day, where liquidations of a venue have "
    "been observed for long enough: two days to fit the leverage, then ten before the first score, "
    "and two that are scored. Until then nobody knows how good it is."
)
_TODAY: Final = (
    "The map on the screen is drawn with today's fit. The scores are those of the map as it was "
    "known at each moment: only that one is scored."
)


def _with_error(pair: tuple[float, float], *, sign: bool = True) -> str:
    shown = fmt.number(pair[0], 3, sign=sign)
    return shown if shown == fmt.UNKNOWN else f"{shown} ± {fmt.number(pair[1], 3)}"


def _sides(pair: tuple[float, float]) -> str:
    if not any(map(math.isfinite, pair)):
        return fmt.UNKNOWN
    return " / ".join(fmt.number(value, 2) for value in pair)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _pair_column(
    heading: str, tip: str, of: Callable[[Grade], tuple[float, float]]
) -> Column[Grade]:
    return Column[Grade](
        heading=heading,
        help=tip,
        text=lambda grade: _with_error(of(grade)),
        value=lambda grade: _known(of(grade)[0]),
    )


def _behind_token(grade: Grade) -> str:
    lead, error = grade.behind
    return "down" if lead < -2 * error else ""


COLUMNS: Final = (
    Column[Grade](
        heading="Model",
        help="This map and the baselines that it is held against",
        text=lambda grade: grade.name,
        value=lambda grade: grade.name,
        is_figure=False,
    ),
    _pair_column(
        "Places, a day",
        "How much more probable the places of liquidations were than on an even spread, within "
        "what price reached in a day: nats, with the standard error",
        lambda grade: grade.day_gain,
    ),
    Column[Grade](
        heading="Behind this map by",
        help="Places a day of this map less its own; below zero by two errors, the baseline wins",
        text=lambda grade: fmt.UNKNOWN if grade.name == THIS else _with_error(grade.behind),
        value=lambda grade: _known(grade.behind[0]),
        token=_behind_token,
    ),
    Column[Grade](
        heading="Lift",
        help="Share of liquidations in the best tenth of the places, over a tenth",
        text=lambda grade: _with_error(grade.day_lift, sign=False),
        value=lambda grade: _known(grade.day_lift[0]),
    ),
    _pair_column(
        "Places, an hour",
        "As places a day, within an hour",
        lambda grade: grade.hour_gain,
    ),
    Column[Grade](
        heading="Amounts",
        help="Share of the hourly amounts' deviance that is explained, over their mean before",
        text=lambda grade: fmt.number(_known(grade.skill), 3),
        value=lambda grade: _known(grade.skill),
    ),
    Column[Grade](
        heading="Log corr. L / S",
        help="Correlation of the logarithms of hourly amounts, longs and shorts",
        text=lambda grade: _sides(grade.log_correlation),
        value=lambda grade: _known(grade.log_correlation[0]),
    ),
    Column[Grade](
        heading="Pred. / obs. L / S",
        help="Sum predicted over sum observed, longs and shorts",
        text=lambda grade: _sides(grade.ratio),
        value=lambda grade: _known(grade.ratio[0]),
    ),
)


def open_scores(parent: QWidget, bridge: Bridge, theme: Theme) -> MapScoresDialog:
    """Open the scores of the map that is known now."""
    dialog = MapScoresDialog(bridge.desk.drawn_map or bridge.desk.heatmap, theme, parent)
    dialog.open()
    return dialog


def summary(score: MapScore) -> tuple[str, ...]:
    """Return the score in sentences."""
    grades = score.grades
    better = grades.better_at_amounts()
    hour, day = (
        " and ".join(fmt.percent(share, 0) for share in shares)
        for shares in (grades.hour_coverage, grades.day_coverage)
    )
    return (
        f"Where it places liquidations of {score.coin} is {grades.verdict()}, until {score.day}, "
        f"held against what {fmt.venue_name(score.venue)} published.",
        f"Its hourly amounts, given the path of the price, are worse than those of "
        f"{' and '.join(better)}."
        if better
        else "No baseline explains the hourly amounts better.",
        f"Its 80 % band held {hour} of hours, and {day} of days (longs and shorts).",
    )


class MapScoresDialog(QDialog):
    """Sentences, the table of scores, and the reliability chart; or why there are none."""

    def __init__(self, columns: HeatmapColumns | None, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Scores of the liquidation map")
        self._theme = theme
        self.score = columns.score if columns is not None else None
        layout = QVBoxLayout(self)
        layout.setSpacing(SPACING)
        self.sentences = summary(self.score) if self.score else (_NOT_YET,)
        if columns is not None and columns.with_todays_fit:
            self.sentences += (_TODAY,)
        for sentence in self.sentences:
            label = plain_label(sentence)
            label.setWordWrap(True)
            layout.addWidget(label)
        self.model = RowsModel[Grade](COLUMNS, theme, key=lambda grade: grade.name)
        if self.score is not None:
            self.model.replace_rows(self.score.grades.table)
            layout.addWidget(self._table())
            layout.addLayout(self._reliability(self.score))
        layout.addWidget(self._origin(columns))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        fit(self, 1_100, self.sizeHint().height())

    def _table(self) -> QTableView:
        table = make_table(self.model)
        table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        table.setFixedHeight((len(self.model.rows) + 2) * ROW_PX)
        return table

    def _reliability(self, score: MapScore) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(ReliabilityChart(self._theme, score.grades.reliability))
        words = plain_label(
            "Reliability of the band: how often bands of 50 to 95 % held the amount of the next "
            "hour. Blue: longs; violet: shorts; dashed: as promised. Below the dashed line the "
            "band was too narrow.\n\nThe bands are made anew every hour "
            "from the errors of the hours before it."
        )
        words.setWordWrap(True)
        tint(words, self._theme, "dim")
        row.addWidget(words, 1)
        return row

    def _origin(self, columns: HeatmapColumns | None) -> QWidget:
        lines = columns.mix if columns is not None else ()
        label = plain_label("\n".join(map(fmt.with_venue_name, lines)))
        label.setWordWrap(True)
        tint(label, self._theme, "dim")
        return label
