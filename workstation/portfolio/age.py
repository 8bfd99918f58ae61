"""How old a book is, and when it has no age."""

from __future__ import annotations

from workstation.market.feed import FeedMode
from workstation.paths import sample_path
from workstation.portfolio.model import Portfolio


def has_age(book: Portfolio, mode: FeedMode) -> bool:
    """Tell whether a book can grow old in a market.

    The sample cannot on the simulated market: both are of one story, whose clock runs faster than
    time, so the hours since the sample "was true" say nothing. Everywhere else a book has an age.
    """
    return not (mode is FeedMode.SIMULATED and book.path == sample_path())
