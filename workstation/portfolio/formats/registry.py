"""The formats of a portfolio file, and the two verbs that callers need: read and write."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import Final

from workstation.errors import FileProblem, PortfolioFileError
from workstation.market.catalogue import Catalogue
from workstation.portfolio.formats.base import PortfolioFormat, TextProblemError
from workstation.portfolio.formats.build import to_document, to_portfolio
from workstation.portfolio.formats.checks import shape_problems, validate
from workstation.portfolio.formats.csv_file import CsvFormat
from workstation.portfolio.formats.json_file import JsonFormat
from workstation.portfolio.formats.toml_file import TomlFormat
from workstation.portfolio.model import Portfolio
from workstation.units import UnixMs

FORMATS: Final[tuple[PortfolioFormat, ...]] = (TomlFormat(), JsonFormat(), CsvFormat())

MAX_BYTES: Final = 10_000_000  # "larger than 10 MB" is refused


class ChangedWhileReadError(PortfolioFileError):
    """The file was being written while it was read; a moment later it may be whole."""


def format_of(path: Path) -> PortfolioFormat:
    """Return the format that the file's name asks for.

    Raises
    ------
    PortfolioFileError
        There is none for this name.
    """
    for known in FORMATS:
        if path.suffix.lower() == known.suffix:
            return known
    suffixes = ", ".join(known.suffix for known in FORMATS)
    raise _refusal(path, f"expected a name that ends in one of {suffixes}", path.suffix)


def read(path: Path, catalogue: Catalogue) -> Portfolio:
    """Read a portfolio file.

    Raises
    ------
    PortfolioFileError
        The file is refused; the error lists everything that is wrong with it.
    """
    format_ = format_of(path)
    content, written_ms = _content(path)
    try:
        draft = format_.parse(_text(path, content))
    except TextProblemError as error:
        raise PortfolioFileError(str(path), [_problem(error)]) from None
    checked = validate(draft, catalogue)
    if isinstance(checked, tuple):
        raise PortfolioFileError(str(path), checked)
    return to_portfolio(checked, catalogue, written_ms=written_ms, path=path)


def write(portfolio: Portfolio, path: Path) -> None:
    """Write a portfolio file whole or not at all, in the format that its name asks for.

    Raises
    ------
    PortfolioFileError
        The book cannot be said in this format, or the file cannot be written.
    """
    format_ = format_of(path)
    document = to_document(portfolio)
    if problems := shape_problems(document):
        raise PortfolioFileError(str(path), problems)
    try:
        _replace(path, format_.spell(document))
    except TextProblemError as error:
        raise PortfolioFileError(str(path), [_problem(error)]) from None
    except OSError as error:
        raise _refusal(path, f"could not be written: {_reason(error)}") from error


def _content(path: Path) -> tuple[bytes, UnixMs]:
    """Return the bytes of a file that stood still while they were read, and when it was written."""
    try:
        before = path.stat()
        _check_kind(path, before)
        content = path.read_bytes()
        after = path.stat()
    except FileNotFoundError:
        raise _refusal(path, "does not exist, or was moved or deleted") from None
    except (OSError, ValueError) as error:
        raise _refusal(path, f"could not be read: {_reason(error)}") from error
    if _state(before) != _state(after) or len(content) != after.st_size:
        problem = FileProblem(
            where="file",
            offending="",
            expected="was being written while it was read; save it again",
        )
        raise ChangedWhileReadError(str(path), [problem])
    return content, UnixMs(after.st_mtime_ns // 1_000_000)


def _check_kind(path: Path, status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise _refusal(path, "is a folder; expected a file")
    if not stat.S_ISREG(status.st_mode):
        raise _refusal(path, "is not a regular file")
    if status.st_size > MAX_BYTES:
        size = f"{status.st_size / 1e6:.1f} MB"
        raise _refusal(path, f"is larger than {MAX_BYTES // 1_000_000} MB", size)


def _state(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns


def _text(path: Path, content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = FileProblem(
            where=f"line {line}", offending="", expected="is not UTF-8; save the file as UTF-8"
        )
        raise PortfolioFileError(str(path), [problem]) from None
    if not text.strip():
        raise _refusal(path, "is empty")
    return text


def _replace(path: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
            stream.write(text)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _refusal(path: Path, expected: str, offending: str = "") -> PortfolioFileError:
    problem = FileProblem(where="file", offending=offending, expected=expected)
    return PortfolioFileError(str(path), [problem])


def _problem(error: TextProblemError) -> FileProblem:
    return FileProblem(where=error.where, offending=error.offending, expected=error.expected)


def _reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()
