"""What of a position looks like a slip, in the words that the file's reader and the risk share."""

from __future__ import annotations

from typing import Final

FAR_FROM_MARK: Final = 0.5


def far_from_mark(entry_price: float, mark_price: float) -> str | None:
    """Say that an entry price is more than half away from the mark."""
    if abs(entry_price / mark_price - 1) <= FAR_FROM_MARK:
        return None
    return (
        f"the entry price {entry_price:,.10g} is more than half away from the mark price "
        f"{mark_price:,.10g}."
    )
