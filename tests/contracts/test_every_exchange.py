"""What every registered venue does: a complete and honest capability table, answers in our units.

A venue that the loopback plays is opened against it and asked for everything its table promises;
what it gives is compared with the loopback's truth.
"""

from __future__ import annotations

import asyncio
import dataclasses
from dataclasses import dataclass
from typing import Any, Final

import ccxt
import numpy as np
import pytest

from tests.loopback.server import LoopbackExchange, ccxt_options
from tests.loopback.venues.registry import VENUES as PLAYED
from tests.loopback.world import Listing, Truth
from ui import format as fmt
from workstation.exchanges.base import Capabilities, ExchangeAdapter, Reading
from workstation.exchanges.registry import VENUES, new_adapter
from workstation.market.facts import CandlePrice, FloatArray, Liquidation
from workstation.market.instrument import Instrument, Side
from workstation.units import DAY_MS, HOUR_MS, now_ms

TIMEOUT_S: Final = 5.0
ALWAYS: Final = {  # what a venue has to say of its main market to be of use
    "mark_price", "index_price", "bid_price", "ask_price", "funding_rate", "interval_h",
    "open_interest",
}  # fmt: skip
WORDS: Final = {  # what may be missing, and how the table calls it
    "last_price": "last price",
    "next_funding_ms": "next settlement",
    "volume_24h_base": "volume",
    "book": "book depth",
    "mark_candles": "candles of the mark",
    "interest_history": "history of open interest",
    "liquidations": "liquidations",
}
every_venue = pytest.mark.parametrize("venue", VENUES)


def capabilities(venue: str) -> Capabilities:
    return new_adapter(venue, {}, TIMEOUT_S).capabilities


# --- the table ---------------------------------------------------------------------------------


@every_venue
def test_a_venue_is_one_that_ccxt_knows_and_has_a_name_for_people(venue):
    assert venue in ccxt.exchanges
    assert fmt.venue_name(venue)[0].isupper()


@every_venue
def test_the_table_names_a_main_market_and_whole_pages(venue):
    table = capabilities(venue)
    assert table.main
    for pattern in table.main:
        base, _, rest = pattern.format(coin="BTC").partition("/")
        assert base.endswith("BTC")
        assert rest.count(":") == 1
    for field in dataclasses.fields(table):
        if field.name.endswith("_rows"):
            assert getattr(table, field.name) >= 0
    assert table.candle_rows > 0
    assert table.funding_rows > 0


@every_venue
def test_the_table_says_in_words_what_its_zeros_mean(venue):
    table = capabilities(venue)
    missing = " ".join(table.not_available)
    assert (table.mark_candle_rows == 0) == (WORDS["mark_candles"] in missing)
    assert (table.open_interest_rows == 0) == (WORDS["interest_history"] in missing)
    assert (table.open_interest_rows == 0) == (table.open_interest_days == 0)


@every_venue
def test_prices_are_asked_first_and_every_poll_has_its_own_name(venue):
    names = [poll.name for poll in new_adapter(venue, {}, TIMEOUT_S).polls()]
    assert names[0] == "prices"
    assert len(set(names)) == len(names)


# --- the answers -------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Everything a venue's main bitcoin market answered, and the truth at that moment."""

    table: Capabilities
    listing: Listing
    truth: Truth
    instruments: tuple[Instrument, ...]
    said: dict[str, Any]  # the last value of every field of a reading that was given
    forced: tuple[Liquidation, ...]
    candles: FloatArray
    mark_candles: FloatArray | None
    funding: FloatArray
    interest: FloatArray | None
    unknown_requests: list[Any]


@pytest.fixture(scope="module", params=[venue for venue in VENUES if venue in PLAYED])
def asked(request, loopback_server: LoopbackExchange) -> Asked:
    loopback_server.reset()
    options = ccxt_options(request.param, loopback_server.url) | {"rateLimit": 2}
    return asyncio.run(ask(new_adapter(request.param, options, TIMEOUT_S), loopback_server))


async def ask(adapter: ExchangeAdapter, exchange: LoopbackExchange) -> Asked:
    table, since_ms = adapter.capabilities, now_ms() - DAY_MS
    await adapter.open()
    try:
        async with adapter.asking("everything"):
            await adapter.load_markets()
            market = adapter.main_market("BTC")
            assert market is not None
            exchange.world.liquidate(market.key, Side.SHORT, 3.0)
            answers = [
                item
                for _ in range(2)  # an interval that one poll learns stands in the next answer
                for poll in adapter.polls()
                for item in await poll.read([market])
            ]
            rows = min(24, table.candle_rows)
            last, mark = CandlePrice.LAST, CandlePrice.MARK
            return Asked(
                table=table,
                listing=exchange.world.listing(market.key),
                truth=exchange.world.truth(market.key),
                instruments=adapter.instruments(),
                said=said(answers),
                forced=tuple(item for item in answers if isinstance(item, Liquidation)),
                candles=await adapter.candles(market, 3_600, last, since_ms, rows),
                mark_candles=await adapter.candles(market, 3_600, mark, since_ms, rows)
                if table.mark_candle_rows
                else None,
                funding=await adapter.funding_history(market, since_ms, now_ms()),
                interest=await adapter.open_interest_history(market, since_ms, now_ms())
                if table.open_interest_rows
                else None,
                unknown_requests=exchange.unknown_requests(),
            )
    finally:
        await adapter.close()


def said(answers: list[Any]) -> dict[str, Any]:
    return {
        field.name: value
        for reading in answers
        if isinstance(reading, Reading)
        for field in dataclasses.fields(reading)
        if (value := getattr(reading, field.name)) not in (None, "")
    }


def test_only_reads_are_sent(asked):
    assert not asked.unknown_requests


def test_every_market_has_a_size_a_step_and_a_source_with_its_date(asked):
    assert len({item.key for item in asked.instruments}) == len(asked.instruments) > 0
    for item in asked.instruments:
        assert item.contract_size > 0
        assert item.tick is None or item.tick > 0
        assert item.lot is None or item.lot > 0
        assert item.source[-10:-6].isdigit()  # "venue 2026-11-25"


def test_what_a_venue_has_to_say_is_said(asked):
    assert set(asked.said) >= ALWAYS


def test_what_is_missing_is_what_the_table_names(asked):
    given = set(asked.said)
    given |= {"liquidations"} if asked.forced else set()
    given |= {"mark_candles"} if asked.mark_candles is not None else set()
    given |= {"interest_history"} if asked.interest is not None else set()
    missing = " ".join(asked.table.not_available)
    assert set(WORDS) - given == {key for key, word in WORDS.items() if word in missing}


def test_prices_are_the_truth(asked):
    for name in ("mark_price", "index_price", "bid_price", "ask_price"):
        assert asked.said[name] == pytest.approx(getattr(asked.truth, name), rel=1e-6)


def test_funding_is_a_fraction_per_interval_of_hours(asked):
    assert asked.said["funding_rate"] == pytest.approx(asked.truth.funding_rate, rel=1e-9)
    assert asked.said["interval_h"] == asked.truth.funding_interval_h
    if "next_funding_ms" in asked.said:
        assert asked.said["next_funding_ms"] == asked.truth.next_funding_ms


def test_open_interest_is_one_sided_in_coins_and_in_usd(asked):
    coins, usd = asked.said["open_interest"]
    assert coins == pytest.approx(asked.truth.open_interest_base, rel=1e-3)
    assert usd == pytest.approx(asked.truth.open_interest_usd, rel=1e-3)


def test_a_level_of_the_book_is_in_coins(asked):
    for side in asked.said["book"]:
        np.testing.assert_allclose(side[:, 0] * side[:, 1], 250_000.0, rtol=1e-3)


def test_a_liquidation_is_in_coins(asked):
    for forced in asked.forced:
        assert forced.quantity_base == pytest.approx(3.0, rel=1e-3)
        assert forced.side is Side.SHORT


def test_candles_are_hours_that_were_asked_for_and_their_volume_coins(asked):
    for table in (asked.candles, asked.mark_candles):
        if table is None:
            continue
        assert table.shape[1] == 6
        assert len(table) >= 20
        assert set(np.diff(np.sort(table[:, 0])).tolist()) == {float(HOUR_MS)}
        assert np.all(table[:, 3] <= table[:, 2])
    np.testing.assert_allclose(asked.candles[:, 5] * asked.candles[:, 1], 4e9 / 24, rtol=1e-2)
    if asked.mark_candles is not None:
        assert np.isnan(asked.mark_candles[:, 5]).all()


def test_histories_are_in_the_time_asked_for_and_in_our_units(asked):
    assert len(asked.funding)
    assert np.all(np.abs(asked.funding[:, 1]) < 0.001)
    assert np.all(asked.funding[:, 0] > now_ms() - 2 * DAY_MS)
    if asked.interest is not None:
        assert len(asked.interest) >= 20
        terms = asked.listing.terms
        np.testing.assert_allclose(asked.interest[:, 1], terms.open_interest_base, rtol=0.1)
        prices = asked.interest[:, 2] / asked.interest[:, 1]
        np.testing.assert_allclose(prices, asked.truth.mark_price, rtol=0.05)
