"""What is sent to a phone, and how that ended."""

from __future__ import annotations

from dataclasses import dataclass

from workstation.alerts.facts import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """``numbers`` are those of the fires that it tells; empty for a test."""

    title: str
    text: str
    severity: Severity
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How a message, or something without one, ended; ``problem`` is empty if it went well."""

    channel: str
    message: Message | None
    attempts: int
    problem: str = ""
