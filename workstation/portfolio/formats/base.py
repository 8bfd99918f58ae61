"""What a portfolio format is, and what it makes of a text: a draft that has yet to be checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]
"""Where a value stands in the document, such as ``("accounts", 0, "positions", 2, "side")``."""

THE_KEY: Final = "[key]"
"""Ends a path to a key itself, such as a coin, where the key and not its value is wrong."""

Table: TypeAlias = dict[str, object]
"""A document or a part of it as it was written: nothing is known yet about its values."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a document; ``choices`` are names among which a near one is sought."""

    path: KeyPath
    offending: str
    expected: str
    choices: Iterable[str] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A text that could be taken apart.

    ``document`` has the keys of the schema, its values unchecked; ``problems`` is what was found
    on the way; ``where`` names a place in the words of the file: a key path, or line and column;
    ``written`` has the texts of values that the file spells in another way than the document.
    """

    document: Table
    where: Callable[[KeyPath], str]
    problems: tuple[Problem, ...] = ()
    written: Mapping[KeyPath, str] = field(default_factory=dict)


class TextProblemError(Exception):
    """The text cannot be taken apart at all."""

    def __init__(self, where: str, offending: str, expected: str) -> None:
        super().__init__(f"{where}: {expected}")
        self.where = where
        self.offending = offending
        self.expected = expected


class PortfolioFormat(Protocol):
    """One spelling of the portfolio document."""

    @property
    def name(self) -> str: ...

    @property
    def suffix(self) -> str:
        """The end of the file's name, such as ``.toml``."""

    def parse(self, text: str) -> Draft:
        """Take a text apart.

        Raises
        ------
        TextProblemError
            It is not of this format.
        """

    def spell(self, document: Table) -> str:
        """Write a document of the schema, which holds texts, numbers, booleans and tables.

        Raises
        ------
        TextProblemError
            The format has no way to say something of it.
        """


def key_path(path: KeyPath) -> str:
    """Return ``accounts[0].positions[2].side``; the whole document is ``file``."""
    keys = path[:-1] if path[-1:] == (THE_KEY,) else path
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return text.removeprefix(".") or "file"
