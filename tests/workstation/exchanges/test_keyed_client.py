"""What a client with a key may sign: the reads that its reader names, and nothing else."""

from __future__ import annotations

import asyncio

import pytest

from workstation.errors import UnsupportedByExchangeError
from workstation.exchanges.api_key import ANY_READ, ApiKey
from workstation.exchanges.ccxt_client import WriteRefusedError, new_client

KEY = ApiKey(key="abc-public", secret="abc-secret", passphrase="abc-pass")


@pytest.fixture
def client_of():
    made = []

    def make(venue, reads=frozenset(), key=KEY):
        client = new_client(venue, key=key, reads=reads)
        made.append(client)
        return client

    async def close():
        for client in made:
            await client.close()

    yield make
    asyncio.run(close())


def signed(client, path, api, method="GET", params=None):
    return client.sign(path, api, method, params or {})


def test_a_read_that_is_named_is_signed(client_of):
    client = client_of("bybit", frozenset({"v5/account/info"}))
    headers = signed(client, "v5/account/info", ["private"])["headers"]
    assert headers["X-BAPI-API-KEY"] == "abc-public"


@pytest.mark.parametrize(
    ("venue", "path", "api", "method"),
    [
        ("bybit", "v5/position/list", ["private"], "GET"),
        ("bybit", "v5/account/info", ["private"], "POST"),
        ("bybit", "v5/order/create", ["private"], "POST"),
        ("binanceusdm", "order", ["fapiPrivate"], "POST"),
        ("binanceusdm", "capital/withdraw/apply", ["sapi"], "POST"),
        ("okx", "trade/order", ["private"], "POST"),
        ("deribit", "buy", ["private"], "GET"),
        ("deribit", "withdraw", ["private"], "GET"),
    ],
)
def test_anything_else_is_refused(client_of, venue, path, api, method):
    client = client_of(venue, frozenset({"v5/account/info"}))
    with pytest.raises(WriteRefusedError):
        signed(client, path, api, method, {"symbol": "BTC"})


@pytest.mark.parametrize(
    "path", ["private/withdraw", "order/cancel-all", "order/create", "transfer"]
)
def test_where_any_read_may_be_signed_a_word_of_a_write_may_not(client_of, path):
    client = client_of("deribit", ANY_READ)
    with pytest.raises(WriteRefusedError):
        signed(client, path, ["private"])
    assert signed(client, "get_positions", ["private"])["headers"]["Authorization"]


def test_without_a_key_nothing_is_signed(client_of):
    client = client_of("bybit", frozenset({"v5/account/info"}), key=None)
    with pytest.raises(WriteRefusedError):
        signed(client, "v5/account/info", ["private"])


def test_a_key_in_the_options_is_not_used(client_of):
    client = new_client("bybit", {"apiKey": "smuggled", "secret": "smuggled"})
    assert not client.apiKey
    asyncio.run(client.close())


def test_the_text_of_a_failure_holds_no_part_of_the_key(client_of):
    client = client_of("okx")
    error = client.our_error(
        "account", ValueError("bad key abc-public of abc-pass with abc-secret")
    )
    assert "(key)" in str(error)
    assert not any(text in f"{error}{error.user_message}" for text in KEY.texts())


def test_a_refused_write_is_said_in_words(client_of):
    error = client_of("okx").our_error("account", WriteRefusedError("POST x is not a question"))
    assert isinstance(error, UnsupportedByExchangeError)
    assert "could be more than a question" in error.user_message
