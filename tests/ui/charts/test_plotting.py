"""Columns that are joined look as if each had been filled."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPainter

from ui.charts import plotting
from ui.charts.plotting import fill_columns, fill_rects

SIZE = 40


def picture(fill, rects):
    image = QImage(SIZE, SIZE, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.black)
    painter = QPainter(image)
    fill(painter, rects, QColor("#58a6ff"))
    painter.end()
    return image


@given(
    st.lists(
        st.tuples(st.integers(1, 3), st.integers(0, 3), st.integers(1, 3)), min_size=0, max_size=20
    ),
    st.integers(1, 2),
)
def test_joined_columns_look_like_single_ones(qapp, steps, width):
    left = np.cumsum([step for step, _, _ in steps])
    rects = np.array([
        (x, top, width, height) for x, (_, top, height) in zip(left, steps, strict=True)
    ], float).reshape(len(steps), 4)  # fmt: skip
    assert picture(fill_columns, rects) == picture(fill_rects, rects)


def test_a_level_line_is_one_rectangle(monkeypatch):
    filled = []
    monkeypatch.setattr(plotting, "fill_rects", lambda _, rects, __: filled.append(rects))
    level = np.column_stack((np.arange(9.0), np.full(9, 5.0), np.ones(9), np.full(9, 2.0)))
    fill_columns(None, level, QColor())
    np.testing.assert_array_equal(filled[0], [[0, 5, 9, 2]])
