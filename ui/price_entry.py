"""A field for a price as people write it: 62,000, 62k, -10%; the rest is refused aloud."""

from __future__ import annotations

import re
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QDoubleSpinBox, QWidget

from ui import format as fmt

MAX_PRICE: Final = 10_000_000.0
_DECIMALS: Final = 8  # of the cheapest coins
_SUFFIXES: Final = {"k": 1e3, "m": 1e6, "": 1.0}
_NUMBER: Final = re.compile(r"(\d+|\d{1,3}(?:,\d{3})+)?(\.\d+)?")
_PERCENT: Final = re.compile(r"([+-]\d+(?:\.\d+)?)%")
_DOT_FOR_THOUSANDS: Final = re.compile(r"\d{1,3}(\.\d{3})+")
_EXAMPLES: Final = "write a price such as 62,000 or 62k, or a move such as -10%"


def read_price(text: str, mark: float | None) -> float:
    """Return the price that a text means; a percentage is a move from ``mark``.

    Raises
    ------
    ValueError
        It means none, or may mean two; the error's text is a sentence.
    """
    written = re.sub(r"[\s_'$]|usd$", "", text.strip().lower()).replace("\N{MINUS SIGN}", "-")
    if written.endswith("%"):
        return _moved(text.strip(), written, mark)
    suffix = written[-1:] if written[-1:] in ("k", "m") else ""
    digits = written.removesuffix(suffix)
    found = _NUMBER.fullmatch(digits)
    if not digits or found is None:
        raise ValueError(f"'{text.strip()}' is not a price: {_EXAMPLES}.")
    if not suffix and mark is not None and mark >= 1_000 and _DOT_FOR_THOUSANDS.fullmatch(digits):
        grouped = digits.replace(".", ",")
        raise ValueError(f"'{text.strip()}' may mean two prices: write {grouped} if that is meant.")
    price = float(digits.replace(",", "")) * _SUFFIXES[suffix]
    if not 0 < price <= MAX_PRICE:
        raise ValueError(f"A price lies above 0 and at most at {fmt.number(MAX_PRICE)}.")
    return price


def _moved(text: str, written: str, mark: float | None) -> float:
    found = _PERCENT.fullmatch(written)
    if found is None:
        raise ValueError(f"'{text}' is not a move: write it with its sign, such as -10% or +5%.")
    if mark is None:
        raise ValueError(f"'{text}' is a move from the mark, and no mark is known yet.")
    price = mark * (1 + float(found[1]) / 100)
    if not 0 < price <= MAX_PRICE:
        raise ValueError(f"'{text}' of the mark leaves no price: a fall is less than 100%.")
    return float(f"{price:.6g}")


class PriceBox(QDoubleSpinBox):
    """A spin box that reads what ``read_price`` reads.

    Signals
    -------
    refused : str, the sentence about a text that is no price; empty when there is nothing wrong
    """

    refused = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.mark: float | None = None
        self.setRange(0.0, MAX_PRICE)
        self.setDecimals(_DECIMALS)
        self.setKeyboardTracking(False)
        self.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        self.lineEdit().textEdited.connect(self._forget_refusal)

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        try:
            read_price(text, self.mark)
        except ValueError:
            return QValidator.State.Intermediate, text, position
        return QValidator.State.Acceptable, text, position

    def fixup(self, text: str) -> str:
        # Qt asks here once about a text that was entered and is no price; it then shows the last
        try:
            read_price(text, self.mark)
        except ValueError as error:
            self.refused.emit(str(error))
        return text

    def valueFromText(self, text: str) -> float:  # noqa: N802 (Qt's name)
        return read_price(text, self.mark)

    def textFromValue(self, value: float) -> str:  # noqa: N802 (Qt's name)
        return fmt.exact_number(value)

    def _forget_refusal(self, _: str) -> None:
        self.refused.emit("")
