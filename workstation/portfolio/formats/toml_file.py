"""TOML: the spelling that people write by hand."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections import Counter
from typing import Any, Final

import tomlkit
from tomlkit import items

from workstation.portfolio.formats.base import (
    THE_KEY,
    Draft,
    KeyPath,
    Table,
    TextProblemError,
    key_path,
)

_HEADER: Final = re.compile(r"\s*(\[\[?)([^\[\]]+)\]")
_KEY: Final = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"))*)\s*=""")
_KEY_PART: Final = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")
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
        return Draft(document, _Places(text).where)

    def spell(self, document: Table) -> str:
        head: Any = document["portfolio"]
        as_of = dt.datetime.fromisoformat(head["as_of"])  # TOML has times of its own
        whole = tomlkit.document()
        whole.update(_in_order({**document, "portfolio": {**head, "as_of": as_of}}))
        return tomlkit.dumps(whole)


class _Places:
    """On which line a key stands; what a line does not name has the line of what holds it.

    The parser gives no lines, so the text is looked through for headers and keys at the beginning
    of a line. That is all of a file as people write it, but for tables inside a line.
    """

    def __init__(self, text: str) -> None:
        self._lines: dict[KeyPath, int] = {}
        self._many: Counter[KeyPath] = Counter()
        table: KeyPath = ()
        in_text = False
        for number, line in enumerate(text.splitlines(), start=1):
            quotes = line.count('"""') + line.count("'''")
            if not in_text:
                if found := _HEADER.match(line):
                    table = self._table(_parts(found[2]), is_list=found[1] == "[[")
                    self._lines.setdefault(table, number)
                elif found := _KEY.match(line):
                    self._lines.setdefault((*table, *_parts(found[1])), number)
            in_text ^= quotes % 2 == 1

    def where(self, path: KeyPath) -> str:
        """Return ``line 12, accounts[0].positions[2].side``."""
        keys = path[:-1] if path[-1:] == (THE_KEY,) else path
        for length in range(len(keys), 0, -1):
            if keys[:length] in self._lines:
                return f"line {self._lines[keys[:length]]}, {key_path(path)}"
        return key_path(path)

    def _table(self, parts: KeyPath, *, is_list: bool) -> KeyPath:
        """Return the path of a header, the entries of lists counted."""
        path: KeyPath = ()
        for part in parts[:-1]:
            path = (*path, part)
            if path in self._many:
                path = (*path, self._many[path] - 1)
        path = (*path, *parts[-1:])
        if is_list:
            self._many[path] += 1
            path = (*path, self._many[path] - 1)
        return path


def _parts(dotted: str) -> KeyPath:
    return tuple(part.strip("\"'") for part in _KEY_PART.findall(dotted))


def _in_order(table: Any) -> items.Table:
    """Return a table that keeps the order of its keys; by itself tomlkit puts lists first."""
    ordered = tomlkit.table()
    for key, value in table.items():
        if isinstance(value, list):
            ordered.append(key, items.AoT([_in_order(entry) for entry in value]))
        else:
            ordered.append(key, _in_order(value) if isinstance(value, dict) else value)
    return ordered
