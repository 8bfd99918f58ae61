"""From a cell's text to a value of the schema: the rules by which a number may be spelt.

The delimiter of the file decides. Nothing is guessed: "1,5" in a comma-separated file is neither
1.5 nor 15, and "0.390" in a semicolon-separated one is not 390.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from pydantic.fields import FieldInfo


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a file with this delimiter spells numbers."""

    delimiter: str
    decimal: str
    group: str
    pattern: re.Pattern[str]

    def number(self, text: str) -> float:
        """Read a number.

        Raises
        ------
        ValueError
            The text is none: a sign, digits in one run or in full groups of three, a decimal
            part, an exponent, and nothing else.
        """
        if not self.pattern.fullmatch(text):
            raise ValueError(text)
        return float(text.replace(self.group, "").replace(self.decimal, "."))


def _spelling(delimiter: str, decimal: str, group: str) -> Spelling:
    point, comma = re.escape(decimal), re.escape(group)
    whole = rf"(?:[1-9]\d{{0,2}}(?:{comma}\d{{3}})+|\d+)"
    number = rf"[+-]?(?:{whole}(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?"
    return Spelling(delimiter, decimal, group, re.compile(number, re.ASCII))


COMMA: Final = _spelling(delimiter=",", decimal=".", group=",")
SEMICOLON: Final = _spelling(delimiter=";", decimal=",", group=".")
_YES_NO: Final = {"true": True, "false": False}


def kind_of(field: FieldInfo) -> type:
    """Return how the cells of a field are read: as ``float``, ``bool`` or ``str``."""
    # ``float``, or ``Annotated[float, …] | None``, whose members carry their type in ``__origin__``
    members = getattr(field.annotation, "__args__", (field.annotation,))
    kinds = {getattr(member, "__origin__", member) for member in members}
    return next((kind for kind in (float, bool) if kind in kinds), str)


def value_of(text: str, kind: type, spelling: Spelling) -> object:
    """Read a cell; what remains a text is for the schema to judge.

    Raises
    ------
    ValueError
        The cell should hold a number and does not, or it is neither true nor false.
    """
    if kind is float:
        return spelling.number(text)
    if kind is bool:
        if text.lower() not in _YES_NO:
            raise ValueError(text)
        return _YES_NO[text.lower()]
    return text


def text_of(value: object, spelling: Spelling) -> str:
    """Spell a value of the document so that ``value_of`` reads it again."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, (int, float)):
        return repr(value).replace(".", spelling.decimal)
    return str(value)
