"""A key to an account at an exchange, and what may be asked with it; it is never printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

ANY_READ: Final = frozenset({"*"})  # every private GET that no word of a write stands in


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What an exchange signs for; ``passphrase`` is empty where a venue wants none."""

    key: str = field(repr=False)
    secret: str = field(repr=False)
    passphrase: str = field(default="", repr=False)

    def texts(self) -> tuple[str, ...]:
        """Return what must appear in no file, log or message."""
        return tuple(text for text in (self.key, self.secret, self.passphrase) if text)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRights:
    """What a key may do, as the venue tells; ``None`` where it does not tell."""

    may_trade: bool | None = None
    may_withdraw: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateAccess:
    """How a client may ask for private answers.

    ``reads`` are the endpoints, by ccxt's path, that it may sign; ``config`` is merged into its
    constructor under the user's own options.
    """

    key: ApiKey | None = None
    reads: frozenset[str] = frozenset()
    config: Mapping[str, Any] = field(default_factory=dict)
