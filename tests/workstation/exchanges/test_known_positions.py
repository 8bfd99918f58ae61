"""Positions of listed Hyperliquid addresses: read in turns, told when every one has been read."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from workstation.exchanges.base import Market
from workstation.exchanges.hyperliquid import ADDRESSES_A_TURN, TURN_S, Hyperliquid
from workstation.exchanges.registry import new_adapter
from workstation.market.instrument import Contract, Instrument, MarketKey

BITCOIN = Market(
    instrument=Instrument(
        key=MarketKey("hyperliquid", "BTC/USDC:USDC"),
        contract=Contract.LINEAR,
        base="BTC",
        quote="USDC",
        settle="USDC",
        contract_size=1.0,
    ),
    id="0",
    info={"name": "BTC"},
)


def leg(coin, quantity, liquidation_price):
    return {"position": {"coin": coin, "szi": quantity, "liquidationPx": liquidation_price}}


class Asked(Hyperliquid):
    """A venue that answers from a table, a second a question."""

    def __init__(self, states):
        self.now_ms = 0
        super().__init__("hyperliquid", {}, 1.0, lambda: self.now_ms)
        self.addresses = tuple(states)
        self.asked = []
        self._answers = states

    async def ask(self, method, *, type, user):  # noqa: A002 - the venue's name for it
        self.now_ms += 1_000
        self.asked.append(user)
        return {"assetPositions": self._answers[user]}

    def turn(self):
        return asyncio.run(self.read_known([BITCOIN]))


def test_longs_and_shorts_of_the_coin_keep_their_sign_and_their_price():
    venue = Asked(
        {
            "0xa": [leg("BTC", "2.5", "51234.5"), leg("ETH", "7", "1800.0")],
            "0xb": [leg("BTC", "-1.0", "98765.0")],
            "0xc": [leg("BTC", "4.0", None)],
            "0xd": [],
        }
    )
    (known,) = venue.turn()
    assert known.quantity_base.tolist() == [2.5, -1.0, 4.0]
    assert known.liquidation_price[:2].tolist() == [51234.5, 98765.0]
    assert np.isnan(known.liquidation_price[2])
    assert known.holders == "4 public addresses"
    assert known.as_of_ms == 1_000  # what was read first


def test_many_addresses_are_read_in_turns():
    states = {f"0x{n}": [leg("BTC", "1", "50000")] for n in range(ADDRESSES_A_TURN + 2)}
    venue = Asked(states)
    assert venue.turn() == []
    (known,) = venue.turn()
    assert len(known.quantity_base) == len(states)
    assert sorted(venue.asked[: len(states)]) == sorted(states)
    poll = venue.polls()[-1]
    assert (poll.name, poll.every_s, poll.published_s) == ("known positions", TURN_S, 2 * TURN_S)


def test_a_position_without_a_size_is_refused():
    with pytest.raises(ValueError, match="szi was None"):
        Asked({"0xa": [leg("BTC", None, "50000")]}).turn()


def test_without_addresses_nobody_is_asked():
    assert "known positions" not in [poll.name for poll in Asked({}).polls()]


def test_an_address_listed_twice_counts_once():
    twice = ["0x" + "Ab" * 20, "0x" + "aB" * 20]
    assert new_adapter("hyperliquid", {}, 1.0, addresses=twice).addresses == ("0x" + "ab" * 20,)
