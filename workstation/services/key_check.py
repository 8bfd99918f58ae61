"""Whether a key is taken: only one that can read, as far as its venue tells."""

from __future__ import annotations

from dataclasses import dataclass

from workstation.exchanges.api_key import KeyRights


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCheck:
    """Whether a key is taken, and why, in a sentence; what stands against keeping it."""

    accepted: bool
    sentence: str
    keyring_problem: str | None = None


def verdict(venue: str, rights: KeyRights, *, by_address: bool) -> tuple[bool, str]:
    """Return whether a key with these rights is taken, and the sentence for it."""
    if by_address:
        return True, "A public address needs no key."
    told = {"trade": rights.may_trade, "withdraw or transfer": rights.may_withdraw}
    can = [what for what, may in told.items() if may]
    if can:
        return False, (
            f"{venue} says that this key can {' and '.join(can)}; it is not taken. "
            "Make one there that can only read."
        )
    if None in told.values():
        return True, (
            f"{venue} does not tell what this key may do; nothing but reads is sent with it here. "
            "Check there that it can only read."
        )
    return True, f"{venue} says that this key can only read."
