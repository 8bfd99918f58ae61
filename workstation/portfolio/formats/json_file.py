"""JSON: the same keys as TOML; a key that stands twice is refused, for one would be lost."""

from __future__ import annotations

import json
from collections.abc import Iterable

import orjson

from workstation.portfolio.formats.base import Draft, Table, TextProblemError, key_path


class _RepeatedKeyError(Exception):
    """A table has a key twice."""


class JsonFormat:
    """The JSON spelling of the portfolio document."""

    name = "JSON"
    suffix = ".json"

    def parse(self, text: str) -> Draft:
        # The standard library's reader, because it alone can show a repeated key.
        try:
            document = json.loads(text, object_pairs_hook=_table)
        except json.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            raise TextProblemError(where, "", f"is not JSON ({error.msg})") from None
        except _RepeatedKeyError as error:
            raise TextProblemError(
                "file", str(error), "is a key that one table has twice"
            ) from None
        except RecursionError:
            raise TextProblemError("file", "", "is nested too deeply") from None
        except ValueError:  # a whole number of thousands of digits
            raise TextProblemError("file", "", "holds a number that is too long") from None
        if not isinstance(document, dict):
            raise TextProblemError("file", "", "expected a table with the keys of a portfolio")
        return Draft(document, key_path)

    def spell(self, document: Table) -> str:
        return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n"


def _table(pairs: Iterable[tuple[str, object]]) -> Table:
    table: Table = {}
    for key, value in pairs:
        if key in table:
            raise _RepeatedKeyError(key)
        table[key] = value
    return table
