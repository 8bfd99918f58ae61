"""Every error of the workstation, by remedy.

::

    WorkstationError
    ├── ExchangeError
    │   ├── ExchangeUnavailableError    retry with back-off
    │   ├── ExchangeThrottledError      slow this venue down until ``retry_after_s`` has passed
    │   ├── ExchangeDataError           keep the last value, mark it stale
    │   ├── ExchangeKeyError            enter another key
    │   └── UnsupportedByExchangeError  show "not available"
    ├── AlertRuleError                  correct the text at the word it points to
    ├── PortfolioFileError              keep the last good portfolio, list every problem
    ├── RecordingError                  choose another folder
    ├── RiskInputError                  the figure is not known; say which input is missing
    ├── ScenarioFileError               leave that scenario out, name the file
    ├── KeyStoreError                   keep the key for this session only
    ├── SettingsError                   use the default, warn once
    └── UsageError                      correct the command line

Each carries two texts: ``str(error)`` for the log, ``user_message`` for the person, a sentence
that says what failed, where, and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class WorkstationError(Exception):
    """The root; ``detail`` is for the log, ``user_message`` for the person."""

    def __init__(self, detail: str, *, user_message: str | None = None) -> None:
        super().__init__(detail)
        self.user_message = user_message or detail


class ExchangeError(WorkstationError):
    """A venue did not give what was asked."""

    def __init__(self, venue: str, call: str, detail: str, *, user_message: str) -> None:
        super().__init__(f"{venue} {call}: {detail}", user_message=user_message)
        self.venue = venue
        self.call = call


class ExchangeUnavailableError(ExchangeError):
    """The venue cannot be reached now; try again with back-off."""


class ExchangeThrottledError(ExchangeError):
    """The venue asks for fewer requests; stay away for ``retry_after_s`` seconds."""

    def __init__(
        self, venue: str, call: str, detail: str, *, user_message: str, retry_after_s: float
    ) -> None:
        super().__init__(venue, call, detail, user_message=user_message)
        self.retry_after_s = retry_after_s


class ExchangeDataError(ExchangeError):
    """The venue answered, but not with data; keep the last good value and mark it stale."""


class ExchangeKeyError(ExchangeError):
    """The venue refuses the key, or what was asked with it."""


class UnsupportedByExchangeError(ExchangeError):
    """The venue does not offer this."""


class AlertRuleError(WorkstationError):
    """A typed alert rule cannot be used because of the word from ``start`` to ``end``."""

    def __init__(self, text: str, start: int, end: int, reason: str) -> None:
        sentence = reason if reason.endswith("?") else f"{reason}."
        super().__init__(f"{text!r}, at {start}: {reason}", user_message=sentence)
        self.text = text
        self.start = start
        self.end = end
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProblem:
    """One thing wrong with a file.

    ``where`` is a line, a ``row, column`` or a key path; ``offending`` the text as written;
    ``expected`` what should stand there; ``suggestion`` a near name, if there is one.
    """

    where: str
    offending: str
    expected: str
    suggestion: str | None = None

    def sentence(self) -> str:
        hint = f"; did you mean '{self.suggestion}'?" if self.suggestion else ""
        found = f"'{self.offending}': " if self.offending else ""
        return f"{self.where}: {found}{self.expected}{hint}"


class PortfolioFileError(WorkstationError):
    """A portfolio file was refused; ``problems`` holds everything wrong with it."""

    def __init__(self, path: str, problems: Sequence[FileProblem]) -> None:
        lines = [problem.sentence() for problem in problems]
        super().__init__(
            f"{path}: {'; '.join(lines)}",
            user_message="\n".join([f"{path} was not opened; nothing was changed.", *lines]),
        )
        self.path = path
        self.problems = tuple(problems)


class RecordingError(WorkstationError):
    """A recording folder cannot be played."""


class RiskInputError(WorkstationError):
    """A figure cannot be computed because an input is missing; ``subject`` names what it is for."""

    def __init__(self, subject: str, reason: str) -> None:
        super().__init__(f"{subject}: {reason}")
        self.subject = subject
        self.reason = reason


class ScenarioFileError(WorkstationError):
    """A file of the scenario library cannot be used; the others can."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}", user_message=f"The scenario {path}: {reason}.")
        self.path = path
        self.reason = reason


class KeyStoreError(WorkstationError):
    """The system's keyring cannot keep, or give back, a key."""


class SettingsError(WorkstationError):
    """A setting is unreadable or out of range; its default is used instead."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class UsageError(WorkstationError):
    """The command line asks for something that does not exist."""
