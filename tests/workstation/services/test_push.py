"""Pushes against a server of the test: what arrives, what is tried again, what is never said."""

from __future__ import annotations

import logging
import sys
import time
from types import SimpleNamespace

import pytest

from tests.loopback.listener import Listener
from workstation.alerts.facts import Severity
from workstation.errors import WorkstationError
from workstation.services import push_address
from workstation.services.push import PushService
from workstation.services.push_message import Message

MESSAGE = Message(
    title="main BTC long: distance", text="7.9 % away.", severity=Severity.CRITICAL, numbers=(7,)
)


def ends(service, count=1):
    """Wait for deliveries."""
    found, end = [], time.monotonic() + 10.0
    while len(found) < count and time.monotonic() < end:
        found += service.take()
        time.sleep(0.005)
    assert len(found) == count
    return found


@pytest.fixture
def make(request):
    services = []

    def make(*addresses, ask=None):
        services.append(PushService(ask or (lambda: addresses), retry_s=0.01))
        return services[-1]

    yield make
    for service in services:
        service.stop()


def test_a_message_is_posted_to_its_topic_with_title_priority_and_tag(make):
    with Listener() as phone:
        service = make(f"{phone.url}/topic")
        service.send(MESSAGE)
        (end,) = ends(service)
    (heard,) = phone.heard
    assert (heard.method, heard.path, heard.text) == ("POST", "/topic", "7.9 % away.")
    assert heard.headers["Title"] == "main BTC long: distance"
    assert (heard.headers["Priority"], heard.headers["Tags"]) == ("5", "rotating_light")
    assert (end.channel, end.attempts, end.problem) == ("ntfy at 127.0.0.1", 1, "")
    assert end.message.numbers == (7,)


def test_a_title_beyond_ascii_is_coded_for_the_header(make):
    with Listener() as phone:
        service = make(f"{phone.url}/topic")
        service.send(Message(title="Köln\n币安", text="x", severity=Severity.INFO))
        ends(service)
    assert phone.heard[0].headers["Title"].startswith("=?utf-8?")
    assert phone.heard[0].headers["Priority"] == "3"


def test_a_long_message_says_how_much_was_cut(make):
    lines = [f"line {n} of a storm" for n in range(400)]
    with Listener() as phone:
        service = make(f"{phone.url}/topic")
        service.send(Message(title="storm", text="\n".join(lines), severity=Severity.WARN))
        ends(service)
    told = phone.heard[0].text.splitlines()
    assert len(phone.heard[0].text) < 4_096
    assert told[:-1] == lines[: len(told) - 1]
    assert told[-1] == f"and {400 - len(told) + 1} more; the list has them all."


def test_a_failed_delivery_is_tried_three_times_more_and_then_shown(make):
    with Listener(failures=2) as phone:
        service = make(f"{phone.url}/topic")
        service.send(MESSAGE)
        (end,) = ends(service)
        assert (end.attempts, end.problem, len(phone.heard)) == (3, "", 3)
    with Listener(failures=99) as phone:
        service = make(f"{phone.url}/topic")
        service.send(MESSAGE)
        (end,) = ends(service)
        assert (end.attempts, end.problem, len(phone.heard)) == (4, "answered HTTP 503", 4)


def test_no_address_is_in_a_log_or_a_result(make, caplog):
    caplog.set_level(logging.DEBUG)
    service = make("http://127.0.0.1:9/secret-topic", "nokind://secret-token@host")
    service.send(MESSAGE)
    told = [f"{end.channel} {end.problem}" for end in ends(service, 2)]
    assert not any("secret" in text for text in (*told, caplog.text))
    assert any("not reached" in text for text in told)


def test_one_channel_that_fails_does_not_hold_up_another(make):
    with Listener() as phone:
        service = make("http://127.0.0.1:9/down", f"{phone.url}/topic")
        service.send(MESSAGE)
        assert {end.problem == "" for end in ends(service, 2)} == {True, False}


def test_without_an_address_the_message_is_undelivered_and_says_what_to_do(make):
    service = make()
    service.send(MESSAGE)
    (end,) = ends(service)
    assert "enter one in the Alerts menu" in end.problem


def test_a_keyring_that_does_not_answer_is_a_sentence(make):
    def locked():
        raise WorkstationError("locked", user_message="The keyring is locked.")

    service = make(ask=locked)
    service.send(MESSAGE)
    (end,) = ends(service)
    assert end.problem == "The keyring is locked."


def test_apprise_takes_what_is_no_web_address(make, monkeypatch):
    sent = []

    class Apprise:
        def add(self, address):
            return address.startswith("tgram://")

        def notify(self, **message):
            sent.append(message)
            return True

    monkeypatch.setitem(sys.modules, "apprise", SimpleNamespace(Apprise=Apprise))
    service = make("tgram://token/chat", "odd://x")
    service.send(MESSAGE)
    by_channel = {end.channel: end.problem for end in ends(service, 2)}
    assert by_channel == {"tgram": "", "odd": "apprise does not know this kind of address"}
    assert sent == [{"title": MESSAGE.title, "body": MESSAGE.text, "notify_type": "failure"}]


def test_without_apprise_it_says_how_to_get_it(make, monkeypatch):
    monkeypatch.setitem(sys.modules, "apprise", None)
    service = make("tgram://token/chat")
    service.send(MESSAGE)
    (end,) = ends(service)
    assert "pip install 'risk-workstation[push]'" in end.problem
    assert end.attempts == 1


def test_it_stops_at_once_while_a_delivery_waits_for_its_next_attempt(make):
    service = PushService(lambda: ("http://127.0.0.1:9/down",), retry_s=60.0)
    service.send(MESSAGE)
    time.sleep(0.2)
    began = time.monotonic()
    service.stop()
    assert time.monotonic() - began < 1.5
    service.send(MESSAGE)  # and takes nothing more


def test_a_ping_is_a_plain_get_and_only_its_failure_is_said(make):
    with Listener() as switch:
        service = make()
        service.ping(f"{switch.url}/alive")
        service.ping("http://127.0.0.1:9/secret")
        (end,) = ends(service)
        assert (end.channel, end.message) == ("dead-man ping", None)
        assert "secret" not in end.problem
        while not switch.heard:
            time.sleep(0.01)
    assert (switch.heard[0].method, switch.heard[0].path) == ("GET", "/alive")


# --- addresses ------------------------------------------------------------------------------------


class Ring:
    """A keyring in memory."""

    priority = 5.0

    def __init__(self):
        self.kept = {}

    def get_password(self, service, name):
        return self.kept.get((service, name))

    def set_password(self, service, name, secret):
        self.kept[service, name] = secret


@pytest.fixture
def ring(monkeypatch):
    import keyring

    ring = Ring()
    monkeypatch.delenv(push_address.VARIABLE, raising=False)
    monkeypatch.setattr(keyring, "get_keyring", lambda: ring)
    monkeypatch.setattr(keyring, "get_password", ring.get_password)
    monkeypatch.setattr(keyring, "set_password", ring.set_password)
    return ring


def test_addresses_are_kept_in_the_keyring(ring):
    assert push_address.load() == ()
    push_address.save(("https://ntfy.sh/a", "tgram://b"))
    assert push_address.load() == ("https://ntfy.sh/a", "tgram://b")


def test_the_environment_beats_the_keyring(ring, monkeypatch):
    push_address.save(("https://ntfy.sh/a",))
    monkeypatch.setenv(push_address.VARIABLE, " https://ntfy.sh/b  tgram://c ")
    assert push_address.load() == ("https://ntfy.sh/b", "tgram://c")


def test_an_address_goes_into_no_keyring_that_keeps_nothing_safely(ring, monkeypatch):
    monkeypatch.setattr(ring, "priority", 0.5)
    with pytest.raises(WorkstationError, match="keyring takes no push address"):
        push_address.save(("https://ntfy.sh/a",))
    assert ring.kept == {}


def test_a_missing_keyring_has_no_addresses_and_refuses_to_keep_one(monkeypatch):
    import keyring
    from keyring.errors import NoKeyringError

    def none(*_):
        raise NoKeyringError

    monkeypatch.delenv(push_address.VARIABLE, raising=False)
    monkeypatch.setattr(keyring, "get_password", none)
    monkeypatch.setattr(keyring, "set_password", none)
    assert push_address.load() == ()
    with pytest.raises(WorkstationError) as refused:
        push_address.save(("https://ntfy.sh/secret",))
    assert push_address.VARIABLE in refused.value.user_message
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("address", ["", "topic", "https://ntfy.sh", "https:///x", "a://b c", "["])
def test_an_address_that_cannot_be_used_is_refused(address):
    with pytest.raises(WorkstationError, match="push address cannot be used"):
        push_address.check(address)


@pytest.mark.parametrize("address", [" https://ntfy.sh/t ", "tgram://token/chat"])
def test_an_address_is_taken_without_blanks(address):
    assert push_address.check(address) == address.strip()


@pytest.mark.parametrize("url", ["ntfy.sh/x", "ftp://h/x", "https://", "https://h/a b"])
def test_a_dead_man_url_is_a_web_address(url):
    with pytest.raises(WorkstationError, match="dead-man URL"):
        push_address.check_url(url)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of its own imports
def test_the_real_apprise_delivers(make):
    pytest.importorskip("apprise")
    with Listener() as hook:
        service = make(f"{hook.url.replace('http', 'json')}/hook")
        service.send(MESSAGE)
        (end,) = ends(service)
    assert (end.channel, end.problem) == ("json", "")
    assert "7.9 % away." in hook.heard[0].text
