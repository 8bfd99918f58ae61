"""TOML: the spelling that people write by hand."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from typing import Any, Final

import tomlkit
from tomlkit import items

from workstation.portfolio.formats.base import Draft, Table, TextProblemError, key_path

_PLACE: Final = re.compile(r"^(?P<what>.*) \(at (?P<where>.*)\)$", re.DOTALL)  # tomllib's texts


class TomlFormat:
    """The TOML spelling of the portfolio document."""

    name = "TOML"
    suffix = ".toml"

    def parse(self, text: str) -> Draft:
        try:
            document = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            found = _PLACE.match(str(error))
            what, where = (found["what"], found["where"]) if found else (str(error), "file")
            raise TextProblemError(where, "", f"is not TOML ({what})") from None
        except RecursionError:
            raise TextProblemError("file", "", "is nested too deeply") from None
        except (ValueError, OverflowError):  # a whole number of thousands of digits, a 13th month
            expected = "holds a number or a time that cannot be read"
            raise TextProblemError("file", "", expected) from None
        return Draft(document, key_path)

    def spell(self, document: Table) -> str:
        head: Any = document["portfolio"]
        as_of = dt.datetime.fromisoformat(head["as_of"])  # TOML has times of its own
        whole = tomlkit.document()
        whole.update(_in_order({**document, "portfolio": {**head, "as_of": as_of}}))
        return tomlkit.dumps(whole)


def _in_order(table: Any) -> items.Table:
    """Return a table that keeps the order of its keys; by itself tomlkit puts lists first."""
    ordered = tomlkit.table()
    for key, value in table.items():
        if isinstance(value, list):
            ordered.append(key, items.AoT([_in_order(entry) for entry in value]))
        else:
            ordered.append(key, _in_order(value) if isinstance(value, dict) else value)
    return ordered
