"""Accounts of a loopback exchange: read, compared, kept, and nothing but reads is ever sent."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from tests.end_to_end.account_desk import (
    API_KEY,
    EVERY_S,
    KEYED,
    SOURCES,
    Follower,
    venue_options,
)
from tests.loopback.faults import Fault
from tests.loopback.server import LoopbackExchange
from workstation.exchanges.accounts.base import AccountSource
from workstation.market.instrument import split_symbol
from workstation.portfolio.model import OrderType
from workstation.services.key_check import KeyCheck
from workstation.services.live_accounts import LiveAccounts

TIMEOUT_S = 1.0
every_keyed_venue = pytest.mark.parametrize("venue", KEYED)


@pytest.fixture
def follower(loopback: LoopbackExchange, memory_keyring) -> Iterator[Follower]:
    service = LiveAccounts(venue_options(loopback), TIMEOUT_S, every_s=EVERY_S)
    yield Follower(service)
    service.stop()


def read_all(follower: Follower, *, keep: bool = False) -> None:
    for source in SOURCES:
        follower.service.add(source, None if source.address else API_KEY, keep=keep)
    assert follower.wait_for(lambda: all(s.account for s in follower.known.values())), (
        follower.known
    )


def apart(follower: Follower, venue: str) -> list[str]:
    account = follower.known[venue].account
    told = [position.figures for position in account.positions]
    return [figures.apart for figures in told if figures and figures.apart]


def readings(loopback: LoopbackExchange, venue: str) -> int:
    paths = ("positionRisk", "position/list", "account/positions", "get_positions")
    return sum(1 for r in loopback.requests_of(venue) if r.path.endswith(paths))


def test_every_venue_agrees_with_this_program_at_its_own_inputs(follower, loopback):
    read_all(follower)
    assert follower.wait_for(lambda: all(readings(loopback, venue) >= 6 for venue in KEYED))
    assert {venue: apart(follower, venue) for venue in follower.known} == {
        source.venue: [] for source in SOURCES
    }
    assert not any(state.failure or state.notes for state in follower.known.values())


def test_nothing_but_signed_reads_is_sent(follower, loopback):
    read_all(follower)
    assert not loopback.unknown_requests()
    private = [r for r in loopback.requests if r.signed]
    assert {r.venue for r in private} == set(KEYED)
    assert {r.method for r in private} == {"GET"}
    assert {r.venue for r in loopback.requests if r.method != "GET"} == {"hyperliquid"}


def test_sizes_are_coins_or_usd_and_isolated_wallets_are_apart(follower):
    read_all(follower)
    held = {
        (venue, p.symbol): (p.quantity, p.isolated_margin)
        for venue, state in follower.known.items()
        for p in state.account.positions
    }
    assert held == {
        ("binanceusdm", "BTC/USDT:USDT"): (2.0, None),
        ("binanceusdm", "ETH/USDT:USDT"): (10.0, 2_000.0),
        ("binancecoinm", "BTC/USD:BTC"): (400_000.0, None),  # 4,000 contracts
        ("bybit", "BTC/USDT:USDT"): (2.0, None),
        ("okx", "BTC/USDT:USDT"): (0.01, 100.0),  # one contract
        ("okx", "ETH/USDT:USDT"): (0.1, None),
        ("deribit", "BTC/USD:BTC"): (140_000.0, None),
        ("hyperliquid", "BTC/USDC:USDC"): (3.0, None),
    }
    wallets = {venue: dict(state.account.balances) for venue, state in follower.known.items()}
    assert wallets["binanceusdm"] == {"USDT": 20_000.0}
    assert wallets["deribit"] == {"BTC": pytest.approx(0.5)}


def test_every_stop_is_found_where_the_venue_keeps_it(follower):
    read_all(follower)
    stops = {
        venue: (order.price, order.quantity)
        for venue, state in follower.known.items()
        for order in state.account.orders
        if order.type is OrderType.STOP and split_symbol(order.symbol)[0] == "BTC"
    }
    assert stops == {
        "binanceusdm": (63_000.0, -2.0),  # it closes the position, so its own quantity is 0
        "bybit": (63_000.0, -2.0),
        "okx": (63_000.0, -0.01),
        "deribit": (63_000.0, -140_000.0),
        "hyperliquid": (63_000.0, -3.0),
    }


def test_fee_rank_withdrawals_and_free_collateral_are_told(follower):
    read_all(follower)
    known = {venue: state.account for venue, state in follower.known.items()}
    assert known["okx"].taker_fee == 0.0003
    assert known["hyperliquid"].taker_fee == 0.0004
    assert [p.adl_rank for p in known["bybit"].positions] == [4]
    assert [p.adl_rank for p in known["deribit"].positions] == [None]
    assert known["binanceusdm"].withdrawals_open is True
    assert known["bybit"].withdrawals_open is False
    assert known["deribit"].withdrawals_open is None
    assert known["okx"].figures["USDT"].withdrawable == 12.5
    assert known["okx"].figures["USDT"].margin_ratio == pytest.approx(0.0286504, rel=1e-4)


@every_keyed_venue
def test_a_venue_that_charges_another_rate_is_named_with_the_tier(follower, loopback, venue):
    loopback.world.states[venue].rate_factor = 2.0
    source = next(source for source in SOURCES if source.venue == venue)
    follower.service.add(source, API_KEY, keep=False)
    assert follower.wait_for(lambda: venue in follower.known and follower.known[venue].account)
    assert follower.wait_for(lambda: apart(follower, venue))
    sentence = apart(follower, venue)[0]
    assert f"my {venue} BTC/" in sentence
    assert "the maintenance tier, or the table of it, differs" in sentence
    # Binance shows its tiers to the account's key; those of the others are read by the feed
    assert ("by live 20" if venue.startswith("binance") else "by embedded 20") in sentence


def test_the_first_reading_alone_is_no_verdict(loopback, memory_keyring):
    loopback.world.states["bybit"].rate_factor = 2.0
    service = LiveAccounts(venue_options(loopback), TIMEOUT_S, every_s=60.0)
    follower = Follower(service)
    try:
        service.add(AccountSource(id="my bybit", venue="bybit"), API_KEY, keep=False)
        assert follower.wait_for(lambda: any(s.account for s in follower.known.values()))
        assert not apart(follower, "bybit")
    finally:
        service.stop()


def test_a_venue_that_hangs_delays_no_other_and_its_account_stays(follower, loopback):
    read_all(follower)
    loopback.break_venue("okx", Fault.HANG)
    before = {venue: readings(loopback, venue) for venue in KEYED}
    assert follower.wait_for(lambda: follower.known["okx"].failure)
    assert follower.known["okx"].account is not None
    assert "what is shown is of" in follower.known["okx"].problems()[0]
    assert any("my okx" in notice for notice in follower.notices)
    others = [venue for venue in KEYED if venue != "okx"]
    assert all(readings(loopback, venue) > before[venue] for venue in others)
    loopback.repair("okx")
    assert follower.wait_for(lambda: not follower.known["okx"].failure)


@every_keyed_venue
def test_a_key_that_only_reads_is_taken(follower, venue):
    check = answer_of(follower, venue)
    assert check.accepted
    assert check.sentence == f"{venue} says that this key can only read."
    assert check.keyring_problem is None


@every_keyed_venue
def test_a_key_that_can_trade_is_refused(follower, loopback, venue):
    loopback.world.states[venue].key_may_trade = True
    check = answer_of(follower, venue)
    assert not check.accepted
    assert f"{venue} says that this key can trade" in check.sentence


def test_without_a_keyring_the_check_says_so(loopback, no_keyring):
    service = LiveAccounts(venue_options(loopback), TIMEOUT_S)
    try:
        check = answer_of(Follower(service), "okx")
        assert check.accepted
        assert "no keyring" in check.keyring_problem
    finally:
        service.stop()


def answer_of(follower: Follower, venue: str) -> KeyCheck:
    source = next(source for source in SOURCES if source.venue == venue)
    return follower.service.check(source, API_KEY).result(20.0)


def test_kept_accounts_are_read_at_the_next_start_and_removed_ones_are_not(
    loopback, memory_keyring, own_home
):
    first = Follower(LiveAccounts(venue_options(loopback), TIMEOUT_S, every_s=EVERY_S))
    read_all(first, keep=True)
    first.service.remove("my okx")
    assert first.wait_for(lambda: not any("okx" in user for _, user in memory_keyring.kept))
    first.service.stop()
    second = Follower(LiveAccounts(venue_options(loopback), TIMEOUT_S, every_s=EVERY_S))
    second.service.start()
    try:
        assert second.wait_for(lambda: all(s.account for s in second.known.values()))
        assert set(second.known) == {s.venue for s in SOURCES if s.venue != "okx"}
    finally:
        second.service.stop()
    listed = json.loads((own_home / "config" / "accounts.json").read_text())
    assert {tuple(row) for row in listed} == {("id", "venue", "address")}


def test_a_refused_key_appears_in_no_text(follower, loopback, caplog):
    """A venue that repeats the key in its refusal, as some do."""
    caplog.set_level(logging.DEBUG)
    loopback.world.states["bybit"].key_refused = True
    follower.service.add(AccountSource(id="my bybit", venue="bybit"), API_KEY, keep=False)
    assert follower.wait_for(lambda: any(s.failure for s in follower.known.values()))
    said = [*follower.notices, *(str(state) for state in follower.known.values()), caplog.text]
    assert "refuses the key" in follower.notices[0]
    assert not any(secret in text for secret in API_KEY.texts() for text in said)
