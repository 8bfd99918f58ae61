"""The service on readers that say what they are told; the venues' own are tested end to end."""

from __future__ import annotations

import threading
import time

import pytest

from workstation.errors import ExchangeThrottledError, ExchangeUnavailableError, KeyStoreError
from workstation.exchanges.accounts.base import AccountReading, AccountSource
from workstation.exchanges.api_key import ApiKey, KeyRights
from workstation.portfolio.model import Account
from workstation.services.key_check import verdict
from workstation.services.live_accounts import LiveAccounts

MINE = AccountSource(id="mine", venue="okx")
KEY = ApiKey(key="abc-key", secret="abc-secret", passphrase="abc-pass")


class FakeReader:
    """Answers with an account, or with ``error``."""

    def __init__(self):
        self.error: Exception | None = None
        self.readings = 0
        self.closed = False

    def __call__(self, source, key, options, timeout_s):
        self.source, self.key = source, key
        return self

    async def open(self):
        pass

    async def close(self):
        self.closed = True

    async def rights(self):
        return KeyRights(may_trade=False, may_withdraw=False)

    async def read(self):
        self.readings += 1
        if self.error is not None:
            raise self.error
        return AccountReading(account=Account(id=self.source.id, venue=self.source.venue))


class FakeKeys:
    """A keyring, or one that is locked."""

    def __init__(self, kept=None, failure=""):
        self.kept, self.failure = dict(kept or {}), failure

    def problem(self):
        return self.failure or None

    def load(self, account):
        if self.failure:
            raise KeyStoreError(self.failure)
        return self.kept.get(account)

    def save(self, account, key):
        if self.failure:
            raise KeyStoreError(self.failure)
        self.kept[account] = key

    def delete(self, account):
        self.kept.pop(account, None)


@pytest.fixture
def reader():
    return FakeReader()


@pytest.fixture
def make_service(reader):
    services = []

    def make(keys=None, every_s=0.02):
        service = LiveAccounts({}, 1.0, keys=keys or FakeKeys(), new_reader=reader, every_s=every_s)
        services.append(service)
        return service

    yield make
    for service in services:
        service.stop()


def newest(service, wanted, within_s=5.0):
    """Take from the service until what it says is what is waited for."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        states = service.take()
        if states is not None and wanted(states):
            return states
        time.sleep(0.005)
    raise AssertionError("the service did not say what was waited for")


def wait_until(condition, within_s=5.0):
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "what was waited for did not come"
        time.sleep(0.005)


def test_no_thread_is_started_without_an_account(make_service):
    service = make_service()
    service.start()
    assert not any(thread.name == "live-accounts" for thread in threading.enumerate())


def test_an_account_is_known_by_name_before_it_is_read(make_service):
    service = make_service()
    service.add(MINE, KEY)
    states = service.take()
    assert [state.source for state in states] == [MINE]


def test_it_is_read_again_and_again_with_its_time(make_service, reader):
    service = make_service()
    service.add(MINE, KEY)
    (first,) = newest(service, lambda states: states[0].account)
    (later,) = newest(service, lambda states: states[0].as_of_ms > first.as_of_ms)
    assert reader.readings >= 2
    assert later.failure is None


def test_a_failure_keeps_the_account_and_is_said_once(make_service, reader):
    service = make_service()
    service.add(MINE, KEY)
    newest(service, lambda states: states[0].account)
    reader.error = ExchangeUnavailableError("okx", "x", "y", user_message="okx is away")
    (state,) = newest(service, lambda states: states[0].failure)
    assert state.account is not None
    assert len([n for n in service.take_notices() if "okx is away" in n]) == 1


def test_a_venue_that_asks_for_patience_gets_it(make_service, reader):
    reader.error = ExchangeThrottledError(
        "okx", "x", "y", user_message="okx asks for fewer requests", retry_after_s=60.0
    )
    service = make_service()
    service.add(MINE, KEY)
    newest(service, lambda states: states[0].failure)
    time.sleep(0.2)
    assert reader.readings == 1


def test_a_fault_of_ours_ends_no_account(make_service, reader):
    reader.error = RuntimeError("a fault")
    service = make_service()
    service.add(MINE, KEY)
    (state,) = newest(service, lambda states: states[0].failure)
    assert "the log says why" in state.failure
    reader.error = None
    newest(service, lambda states: states[0].account)


def test_a_removed_account_is_closed_and_its_key_forgotten(make_service, reader):
    keys = FakeKeys()
    service = make_service(keys)
    service.add(MINE, KEY)
    newest(service, lambda states: states[0].account and keys.kept)
    service.remove("mine")
    assert newest(service, lambda states: True) == ()
    end = time.monotonic() + 5.0
    while (keys.kept or not reader.closed) and time.monotonic() < end:
        time.sleep(0.005)
    assert keys.kept == {}
    assert reader.closed


def test_a_key_that_cannot_be_kept_is_used_for_now_and_said(make_service, reader):
    service = make_service(FakeKeys(failure="The keyring is locked."))
    service.add(MINE, KEY)
    newest(service, lambda states: states[0].account)
    assert service.take_notices() == (
        "The keyring is locked. The key is kept until the program ends.",
    )


def test_an_account_of_the_last_session_gets_its_key_from_the_keyring(make_service, reader):
    keys = FakeKeys()
    first = make_service(keys)
    first.add(MINE, KEY)
    newest(first, lambda states: states[0].account and keys.kept)
    first.stop()
    second = make_service(FakeKeys({"mine": KEY}))
    second.start()
    newest(second, lambda states: states[0].account)
    assert reader.key is KEY


def test_a_key_that_is_gone_from_the_keyring_is_said(make_service):
    keys = FakeKeys()
    first = make_service(keys)
    first.add(MINE, KEY)
    newest(first, lambda states: states[0].account and keys.kept)
    first.stop()
    second = make_service(FakeKeys())
    second.start()
    (state,) = newest(second, lambda states: states[0].failure)
    assert "its key is not in the keyring" in state.failure


def test_a_key_prints_none_of_itself():
    assert not any(text in repr(KEY) or text in str(KEY) for text in KEY.texts())


@pytest.mark.parametrize(
    ("rights", "accepted", "words"),
    [
        (KeyRights(may_trade=False, may_withdraw=False), True, "can only read"),
        (KeyRights(may_trade=True, may_withdraw=False), False, "can trade; it is not taken"),
        (KeyRights(may_trade=False, may_withdraw=True), False, "can withdraw or transfer"),
        (KeyRights(may_trade=True, may_withdraw=True), False, "trade and withdraw"),
        (KeyRights(), True, "does not tell what this key may do"),
    ],
)
def test_the_verdict_on_a_key(rights, accepted, words):
    taken, sentence = verdict("okx", rights, by_address=False)
    assert taken is accepted
    assert words in sentence


# --- settings that change -------------------------------------------------------------------------


def test_an_account_is_opened_anew_when_the_settings_of_its_venue_change():
    opened = []

    def new_reader(source, key, options, timeout_s):
        opened.append((source.venue, key, dict(options), timeout_s))
        made = FakeReader()
        return made(source, key, options, timeout_s)

    other = AccountSource(id="other", venue="bybit")
    service = LiveAccounts({}, 1.0, keys=FakeKeys(), new_reader=new_reader, every_s=0.01)
    try:
        service.add(MINE, KEY, keep=False)
        service.add(other, KEY, keep=False)
        wait_until(lambda: len(opened) == 2)
        service.follow({"okx": {"ccxt": {"hostname": "elsewhere"}}}, 1.0)
        wait_until(lambda: len(opened) == 3)
        assert opened[-1] == ("okx", KEY, {"hostname": "elsewhere"}, 1.0)
        service.follow({"okx": {"ccxt": {"hostname": "elsewhere"}}}, 1.0)  # nothing new in it
        service.follow({"okx": {"ccxt": {"hostname": "elsewhere"}}}, 2.0)
        wait_until(lambda: len(opened) == 5)
        assert {(venue, timeout_s) for venue, _, _, timeout_s in opened[3:]} == {
            ("okx", 2.0),
            ("bybit", 2.0),
        }
        service.remove("mine")
        service.follow({}, 2.0)
        service.follow({}, 3.0)
        wait_until(lambda: len(opened) == 6)
        assert opened[-1][0] == "bybit"  # a removed account is not opened again
    finally:
        service.stop()
