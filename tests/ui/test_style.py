"""Fields as they are drawn: what can be ticked is seen, what cannot be written to looks so."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QLineEdit,
    QSpinBox,
    QStyleFactory,
    QVBoxLayout,
    QWidget,
)

from tests.ui.test_theme import contrast
from ui.style import palette, sheet
from ui.theme import DARK, LIGHT

SEEN = 3.0  # WCAG 2.2, 1.4.11: what a part of the interface needs against what is around it
THEMES = pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)


@pytest.fixture
def drawn(qtbot):
    """Return a function that gives the colours of a widget on a dialog's ground."""
    kept = []

    def draw(theme, widget):
        ground = QWidget()
        kept.append(ground)
        qtbot.addWidget(ground)
        ground.setStyle(QStyleFactory.create("Fusion"))
        for each in (ground, widget):
            each.setPalette(palette(theme))
        ground.setStyleSheet(sheet(theme))
        QVBoxLayout(ground).addWidget(widget)
        ground.resize(160, 60)
        image = ground.grab().toImage()
        place = widget.geometry()
        return {
            QColor(image.pixel(x, y)).name()
            for x in range(place.left(), place.right() + 1)
            for y in range(place.top(), place.bottom() + 1)
        }

    return draw


@THEMES
def test_a_box_that_is_not_ticked_is_seen(drawn, theme):
    border = max(contrast(colour, theme.panel) for colour in drawn(theme, QCheckBox()))
    assert border >= SEEN


@THEMES
def test_a_tick_is_seen_on_its_box(drawn, theme):
    box = QCheckBox()
    box.setChecked(True)
    colours = drawn(theme, box)
    assert theme.long in colours
    assert max(contrast(colour, theme.long) for colour in colours) >= SEEN


@THEMES
@pytest.mark.parametrize("kind", [QLineEdit, QComboBox, QSpinBox])
def test_a_field_that_is_disabled_is_not_drawn_as_one_to_write_in(drawn, theme, kind):
    assert theme.background in drawn(theme, kind())
    field = kind()
    field.setEnabled(False)
    assert theme.background not in drawn(theme, field)
