from __future__ import annotations

from workstation.exchanges.accounts.base import AccountSource
from workstation.portfolio.model import Account, Portfolio
from workstation.services.book import joined
from workstation.services.live_accounts import LiveAccount

NOW_MS = 1_770_315_248_000
FILE = Portfolio(accounts=(Account(id="main", venue="bybit"),), as_of_ms=5, warnings=("a note",))


def live(name="mine", as_of_ms=NOW_MS, **more):
    source = AccountSource(id=name, venue="okx")
    account = None if as_of_ms is None else Account(id=name, venue="okx", as_of_ms=as_of_ms)
    return LiveAccount(source=source, account=account, **more)


def test_neither_is_no_book():
    assert joined(None, ()) is None
    assert joined(None, (live(as_of_ms=None),)) is None


def test_a_file_alone_is_itself():
    assert joined(FILE, ()) is FILE


def test_both_stand_side_by_side_and_the_file_keeps_its_time_and_its_accounts():
    book = joined(FILE, (live(),))
    assert [account.id for account in book.accounts] == ["main", "mine"]
    assert book.accounts[0] is FILE.accounts[0]
    assert book.as_of_ms == 5
    assert book.accounts[1].as_of_ms == NOW_MS


def test_live_accounts_alone_are_as_old_as_the_oldest():
    assert joined(None, (live(), live("other", as_of_ms=NOW_MS - 7))).as_of_ms == NOW_MS - 7


def test_a_name_that_the_file_has_is_told_apart():
    book = joined(FILE, (live("main"),))
    assert [account.id for account in book.accounts] == ["main", "main live"]


def test_a_venue_that_fails_is_said_with_the_age_of_what_is_shown():
    book = joined(FILE, (live(failure="okx cannot be reached", notes=("mine: a note.",)),))
    assert book.warnings == (
        "a note",
        "mine: okx cannot be reached; what is shown is of 2026-02-05T18:14:08Z.",
        "mine: a note.",
    )
