"""One gauge: its name, its value, and the band in which the value lies."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from ui import format as fmt
from ui.style import caption_font, plain_label, tint
from ui.theme import MIN_FONT_PX, Theme, figure_font
from workstation.risk.indicators import Indicator, IndicatorValue, Unit

WIDTH_PX: Final = 138  # the longest title in small capitals
_VALUE_PX: Final = 15
_SCALE_PX: Final = 4
_GAP_PX: Final = 2
_UNKNOWN: Final = "not known yet"


def value_text(unit: Unit, value: float) -> str:
    """Return a reading with its unit; small fractions keep two digits."""
    if unit is Unit.USD:
        return fmt.usd_short(value)
    if unit is Unit.PERCENTILE:
        return fmt.percent(value, 0)
    text = fmt.percent(value, 1 if abs(value) >= 0.01 else 4)
    return f"{text} a year" if unit is Unit.FRACTION_YEARLY else text


def place_text(indicator: Indicator, reading: IndicatorValue) -> str:
    """Return the band, and the reading's place in its own history where that is known."""
    label = indicator.band(reading.value).label
    if reading.percentile is None or reading.percentile == reading.value:
        return label
    return f"{label} · above {fmt.percent(reading.percentile, 0)}"


def tip_text(indicator: Indicator, reading: IndicatorValue | None, age_s: float | None) -> str:
    """Return what the gauge is, how it is made, from which venues, how old, and its record."""
    lines = [f"{indicator.title}: {indicator.help}"]
    if reading is None:
        return "\n".join([*lines, "Not known: the venues have not said enough for it yet."])
    lines.append(reading.basis)
    if reading.percentile is not None and reading.percentile != reading.value:
        lines.append(f"Above {fmt.percent(reading.percentile, 0)} of its own history at hand.")
    band = indicator.band(reading.value)
    if band.record:
        lines.append(f"“{band.label}”: {band.record}")
    lines.append(f"From {', '.join(map(fmt.venue_name, reading.venues)) or 'no live venue'}.")
    if age_s is not None:
        lines.append(f"Read {fmt.age(age_s)} ago.")
    return "\n".join(lines)


class _Scale(QWidget):
    """The bands side by side, equally wide, for most have no end; the reading's own is lit."""

    def __init__(self, theme: Theme, bands: int) -> None:
        super().__init__()
        self._theme = theme
        self._bands = bands
        self._lit: int | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def light(self, band: int | None) -> None:
        if band != self._lit:
            self._lit = band
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(1, _SCALE_PX)

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._bands == 1:
            return  # there is nothing to compare with
        painter = QPainter(self)
        width = (self.width() - _GAP_PX * (self._bands - 1)) / self._bands
        for band in range(self._bands):
            token = "text" if band == self._lit else "line"
            place = QRectF(band * (width + _GAP_PX), 0.0, width, self.height())
            painter.fillRect(place, self._theme.colour(token))
        painter.end()


class Gauge(QWidget):
    """Shows one reading; a reading that is not known is a dash, and says so."""

    def __init__(self, indicator: Indicator, theme: Theme) -> None:
        super().__init__()
        self.indicator = indicator
        self._theme = theme
        self._reading: IndicatorValue | None = None
        self._title = plain_label(indicator.title)
        self._title.setFont(caption_font())
        tint(self._title, theme, "dim")
        self._value, self._place = plain_label(), plain_label()
        self._value.setFont(figure_font(_VALUE_PX))
        small = self._place.font()
        small.setPixelSize(MIN_FONT_PX)
        self._place.setFont(small)
        self._scale = _Scale(theme, len(indicator.bands))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        for label in (self._title, self._value, self._place):
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        for part in (self._title, self._value, self._scale, self._place):
            layout.addWidget(part)
        layout.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.show_reading(None, None)

    def show_reading(self, reading: IndicatorValue | None, age_s: float | None) -> None:
        """Show a reading and, in the tooltip, how old it is."""
        self._reading = reading
        if reading is None:
            self._value.setText(fmt.UNKNOWN)
            self._place.setText(_UNKNOWN)
            self._scale.light(None)
        else:
            self._value.setText(value_text(self.indicator.unit, reading.value))
            self._place.setText(place_text(self.indicator, reading))
            self._scale.light(self.indicator.bands.index(self.indicator.band(reading.value)))
        self.set_stale(stale=False)
        self.show_age(age_s)

    def show_age(self, age_s: float | None) -> None:
        self.setToolTip(tip_text(self.indicator, self._reading, age_s))

    def set_stale(self, *, stale: bool) -> None:
        """Dim a reading that is no longer of now."""
        faint = stale or self._reading is None
        tint(self._value, self._theme, "faint" if faint else "text")
        tint(self._place, self._theme, "faint" if faint else "dim")
