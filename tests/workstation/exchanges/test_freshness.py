"""When a quote is frozen, and as of when it is then known."""

from __future__ import annotations

from workstation.exchanges.freshness import FROZEN_MS, FROZEN_POLLS, Freshness

STEP_MS = FROZEN_MS // FROZEN_POLLS


def polls(freshness, prices_elsewhere, *, quote=(70_000.0,), start=0):
    """Poll once a step; return as of when the quote was known each time."""
    return [
        freshness.renew("mark", start + i, (start + i) * STEP_MS, quote=quote, elsewhere=elsewhere)
        for i, elsewhere in enumerate(prices_elsewhere)
    ]


def test_a_quote_that_stands_still_while_the_coin_moves_is_known_as_of_when_it_first_stood():
    freshness = Freshness()
    fall = [{"okx": 70_000.0 - 100.0 * i} for i in range(FROZEN_POLLS + 2)]
    known = polls(freshness, fall)
    assert known[:FROZEN_POLLS] == [i * STEP_MS for i in range(FROZEN_POLLS)]
    assert known[FROZEN_POLLS:] == [0, 0]
    assert freshness.is_frozen("mark")


def test_a_venue_that_was_not_there_when_the_quote_came_counts_from_its_own_first_price():
    freshness = Freshness()
    polls(freshness, [{}, {"okx": 70_000.0}, *[{"okx": 58_000.0}] * FROZEN_POLLS])
    assert freshness.is_frozen("mark")


def test_a_quote_that_stands_still_with_all_others_is_fresh():
    freshness = Freshness()
    known = polls(freshness, [{"okx": 70_000.0}] * 100)
    assert not freshness.is_frozen("mark")
    assert known[-1] == 99 * STEP_MS


def test_the_first_new_quote_ends_the_frost():
    freshness = Freshness()
    polls(freshness, [{"okx": 70_000.0}, *[{"okx": 58_000.0}] * 40])
    assert freshness.is_frozen("mark")
    (known,) = polls(freshness, [{"okx": 58_000.0}], quote=(58_000.0,), start=50)
    assert known == 50 * STEP_MS
    assert not freshness.is_frozen("mark")
