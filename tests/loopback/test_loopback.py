"""The loopback against the real ccxt clients: each venue's answers, read by ccxt, are the truth.

What ccxt does not unify is undone here by hand, venue by venue, from the vendor's definition; the
program's own conversions are tested elsewhere, against the same truth.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import math
import urllib.error
import urllib.request
from collections.abc import Awaitable, Callable
from typing import Any

import ccxt.async_support as ccxt
import pytest

from tests.loopback.__main__ import settings_toml
from tests.loopback.faults import RETRY_AFTER_S, Fault
from tests.loopback.server import LoopbackExchange, ccxt_options, wait_until
from tests.loopback.venues.registry import VENUES
from tests.loopback.world import SKEW_MS, Listing, Truth, fall, settled_rate
from workstation import settings
from workstation.market.instrument import Contract, MarketKey, Side, contract_of
from workstation.units import HOUR_MS, MINUTE_MS

every_venue = pytest.mark.parametrize("venue", VENUES)


def ask(loopback: LoopbackExchange, venue: str, questions: Callable[[Any], Awaitable[Any]]) -> Any:
    """Let one ccxt client, made and closed here, answer some questions."""

    async def talk() -> Any:
        options = {"enableRateLimit": False, "timeout_on_exit": 0}
        client = getattr(ccxt, venue)(ccxt_options(venue, loopback.url) | options)
        try:
            await client.load_markets()
            return await questions(client)
        finally:
            await client.close()

    return asyncio.run(talk())


def of_bitcoin(loopback: LoopbackExchange, venue: str) -> list[Listing]:
    listings = loopback.world.listings[venue]
    return [item for item in listings if item.coin.name == "BTC"]


@every_venue
def test_every_listing_is_loaded_with_its_contract_and_size(loopback, venue):
    async def markets(client):
        return client.markets

    loaded = ask(loopback, venue, markets)
    for listing in loopback.world.listings[venue]:
        market = loaded[listing.key.symbol]
        inverse = contract_of(listing.key.symbol) is Contract.INVERSE
        assert (market["id"] == listing.market_id) or venue == "hyperliquid"
        assert market["swap"]
        assert market["inverse"] == inverse == listing.inverse
        assert market["contractSize"] == listing.contract_size
    assert not loopback.unknown_requests()


@every_venue
def test_mark_index_and_funding_are_the_truth(loopback, venue):
    async def quotes(client):
        return {key: await _quote(client, venue, key.symbol) for key in keys}

    keys = [listing.key for listing in of_bitcoin(loopback, venue)]
    for key, (mark, index, rate, interval_h) in ask(loopback, venue, quotes).items():
        truth = loopback.world.truth(key)
        assert mark == pytest.approx(truth.mark_price, rel=1e-6)
        assert index == pytest.approx(truth.index_price, rel=1e-6)
        assert rate == truth.funding_rate
        assert interval_h in (truth.funding_interval_h, None)


async def _quote(client: Any, venue: str, symbol: str) -> tuple[float, float, float, int | None]:
    """Return mark, index, funding rate and interval from wherever the venue keeps them."""
    funding = await client.fetch_funding_rate(symbol)
    mark, index = funding["markPrice"], funding["indexPrice"]
    if venue == "deribit":
        ticker = await client.fetch_ticker(symbol)
        mark, index = ticker["markPrice"], ticker["indexPrice"]
    if venue == "okx":
        mark = (await client.fetch_mark_price(symbol))["markPrice"]
        family = client.market(symbol)["info"]["uly"]
        answer = await client.publicGetMarketIndexTickers({"instId": family})
        index = float(answer["data"][0]["idxPx"])
    interval = funding["interval"]
    return mark, index, funding["fundingRate"], int(interval[:-1]) if interval else None


def test_binance_names_only_the_intervals_that_are_not_eight_hours(loopback):
    async def intervals(client):
        return await client.fetch_funding_intervals()

    answer = ask(loopback, "binanceusdm", intervals)
    assert {symbol: row["interval"] for symbol, row in answer.items()} == {"ETH/USDT:USDT": "4h"}


def _one_sided_base(venue: str, answer: Any, listing: Listing, truth: Truth) -> float:
    """Undo what each venue does to open interest; the vendor's definitions, ccxt's fields."""
    amount, value = answer["openInterestAmount"], answer["openInterestValue"]
    if venue == "bybit":
        return value / 2 / truth.mark_price if listing.inverse else amount / 2
    if venue == "deribit":
        return value / truth.mark_price if listing.inverse else value
    if venue in ("binancecoinm", "okx"):
        quantity = amount * listing.contract_size
        return quantity / truth.mark_price if listing.inverse else quantity
    return amount


@every_venue
def test_open_interest_in_the_venues_units_is_the_truth_in_coins(loopback, venue):
    async def interests(client):
        return {
            listing.key: await client.fetch_open_interest(listing.key.symbol)
            for listing in of_bitcoin(loopback, venue)
        }

    answers = ask(loopback, venue, interests)
    for listing in of_bitcoin(loopback, venue):
        answer = answers[listing.key]
        of_when = answer["timestamp"] if venue == "bybit" else None  # the start of its interval
        truth = loopback.world.truth(listing.key, of_when)
        base = _one_sided_base(venue, answer, listing, truth)
        assert base == pytest.approx(truth.open_interest_base, rel=1e-3)


def test_bybit_gives_the_single_side_unless_it_is_the_bybit_of_before_june_2026(loopback):
    async def interest(client):
        return (await client.fetch_open_interest("BTC/USDT:USDT"))["info"]

    both = ask(loopback, "bybit", interest)
    assert 2 * float(both["singleOpenInterest"]) == pytest.approx(float(both["openInterest"]))
    loopback.world.states["bybit"].two_sided_only = True
    assert "singleOpenInterest" not in ask(loopback, "bybit", interest)


@every_venue
def test_candles_come_sorted_complete_and_end_at_the_last_price(loopback, venue):
    async def candles(client):
        return await client.fetch_ohlcv(listing.key.symbol, "15m", limit=100)

    listing = of_bitcoin(loopback, venue)[0]
    rows = ask(loopback, venue, candles)
    times = [row[0] for row in rows]
    assert len(rows) >= 99
    assert {after - before for before, after in itertools.pairwise(times)} == {15 * MINUTE_MS}
    assert rows[-1][4] == pytest.approx(loopback.world.truth(listing.key).last_price, rel=1e-6)
    assert all(row[3] <= min(row[1], row[4]) and row[2] >= max(row[1], row[4]) for row in rows)
    volume_usd = rows[-1][5] * rows[-1][1]
    assert volume_usd == pytest.approx(4e9 / 96, rel=1e-3)


@every_venue
def test_pages_of_candles_join_without_a_hole(loopback, venue):
    async def pages(client):
        start = (loopback.world.now_ms() // MINUTE_MS - 400) * MINUTE_MS
        first = await client.fetch_ohlcv(symbol, "1m", since=start, limit=100)
        after = first[-1][0] + MINUTE_MS
        return start, first, await client.fetch_ohlcv(symbol, "1m", since=after, limit=100)

    symbol = of_bitcoin(loopback, venue)[0].key.symbol
    start, first, second = ask(loopback, venue, pages)
    times = [row[0] for row in first + second]
    assert times[0] == start
    assert times == list(range(start, start + len(times) * MINUTE_MS, MINUTE_MS))
    assert len(times) >= 198


@every_venue
def test_funding_history_is_what_was_settled(loopback, venue):
    async def history(client):
        since = loopback.world.now_ms() - 72 * HOUR_MS
        return await client.fetch_funding_rate_history(listing.key.symbol, since=since)

    listing = of_bitcoin(loopback, venue)[0]
    rows = ask(loopback, venue, history)
    step_h = 1 if venue == "deribit" else listing.terms.funding_interval_h
    assert len(rows) == pytest.approx(72 / step_h, abs=1)
    assert all(row["fundingRate"] == settled_rate(listing, row["timestamp"]) for row in rows)


@every_venue
def test_the_book_is_around_the_last_price_in_the_venues_units(loopback, venue):
    async def books(client):
        return {key: await client.fetch_order_book(key.symbol, 20) for key in keys}

    keys = [listing.key for listing in of_bitcoin(loopback, venue)]
    for key, book in ask(loopback, venue, books).items():
        listing, truth = loopback.world.listing(key), loopback.world.truth(key)
        (bid, bid_size), (ask_price, _) = book["bids"][0][:2], book["asks"][0][:2]
        assert bid == pytest.approx(truth.bid_price, rel=1e-6)
        assert ask_price == pytest.approx(truth.ask_price, rel=1e-6)
        # 250,000 USD on each level; Deribit counts its books in USD or coins, not in contracts
        size = 1.0 if venue == "deribit" else listing.contract_size
        usd = bid_size * size * (1.0 if listing.inverse else bid)
        assert usd == pytest.approx(250_000.0, rel=1e-3)


@every_venue
def test_the_clock_is_the_machines_and_skews_when_told(loopback, venue):
    async def clock(client):
        return await client.fetch_time()

    if venue == "binancecoinm":
        pytest.skip("ccxt asks Binance's spot market for the time of this one")
    assert ask(loopback, venue, clock) == pytest.approx(loopback.world.now_ms(), abs=2_000)
    loopback.break_venue(venue, Fault.SKEWED_CLOCK)
    expected = loopback.world.now_ms() + SKEW_MS
    assert ask(loopback, venue, clock) == pytest.approx(expected, abs=2_000)


def test_the_fall_goes_from_70k_to_58k_and_takes_open_interest_along(loopback):
    loopback.world.play(fall(over_s=30.0))
    begin = loopback.world.begin_ms
    key = loopback.world.listings["okx"][0].key
    prices = [loopback.world.truth(key, begin + s * 1_000).index_price for s in (-5, 0, 15, 30, 90)]
    assert prices[1:] == pytest.approx([70_000.0, 64_000.0, 58_000.0, 58_000.0])
    assert prices[0] == pytest.approx(70_000.0, rel=0.01)
    after = loopback.world.truth(key, begin + 30_000)
    assert after.open_interest_base == pytest.approx(0.8 * 31_000.0)


def test_a_jump_moves_one_venue_alone(loopback):
    loopback.jump("okx", 59 / 70)
    jumped, still = (
        loopback.world.truth(loopback.world.listings[venue][0].key) for venue in ("okx", "bybit")
    )
    assert jumped.index_price == pytest.approx(59_000.0)
    assert still.index_price == pytest.approx(70_000.0)


TRANSPORT = {
    Fault.TOO_MANY_REQUESTS: (ccxt.DDoSProtection, ccxt.RateLimitExceeded),
    Fault.BANNED: (ccxt.DDoSProtection, ccxt.RateLimitExceeded),
    Fault.INTERNAL_ERROR: (ccxt.OperationFailed, ccxt.ExchangeError),
    Fault.BAD_GATEWAY: (ccxt.ExchangeNotAvailable,),
    Fault.UNAVAILABLE: (ccxt.ExchangeNotAvailable,),
    Fault.UNAVAILABLE_JSON: (ccxt.OperationFailed, ccxt.ExchangeError),
    Fault.HANG: (ccxt.RequestTimeout,),
    Fault.DROP: (ccxt.ExchangeError,),
    Fault.RESET: (ccxt.ExchangeNotAvailable,),
}


@every_venue
def test_each_broken_transport_raises_in_ccxt_what_the_real_venue_would(loopback, venue):
    async def failures(client):
        client.timeout = 300
        raised = {}
        for fault in TRANSPORT:
            loopback.break_venue(venue, fault)
            try:
                await client.fetch_order_book(symbol)
            except ccxt.BaseError as error:
                raised[fault] = error
        return raised

    symbol = of_bitcoin(loopback, venue)[0].key.symbol
    raised = ask(loopback, venue, failures)
    wrong = [f for f in TRANSPORT if not isinstance(raised.get(f), TRANSPORT[f])]
    assert not wrong


def test_a_throttled_answer_says_when_to_come_back(loopback):
    loopback.break_venue("bybit", Fault.TOO_MANY_REQUESTS)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{loopback.url}/bybit/v5/market/time")
    with refused.value as answer:
        assert answer.headers["Retry-After"] == str(RETRY_AFTER_S)


SPOILED_FIGURES = {Fault.NULLS: None, Fault.NANS: math.nan, Fault.ZEROS: 0.0}


@pytest.mark.parametrize("fault", SPOILED_FIGURES)
def test_spoiled_figures_reach_the_client_in_a_sound_envelope(loopback, fault):
    async def candles(client):
        loopback.break_venue("bybit", fault)
        return await client.fetch_ohlcv("BTC/USDT:USDT", "15m", limit=5)

    rows = ask(loopback, "bybit", candles)
    assert len(rows) == 5
    assert all(row[0] > 1e12 for row in rows)
    closes = {str(row[4]) for row in rows}
    assert closes == {str(SPOILED_FIGURES[fault])}


def test_gaps_duplicates_and_disorder_are_in_the_answer_itself(loopback):
    def opens(fault: Fault) -> list[int]:
        loopback.break_venue("bybit", fault)
        address = f"{loopback.url}/bybit/v5/market/kline?category=linear&symbol=BTCUSDT&interval=1"
        with urllib.request.urlopen(f"{address}&limit=100") as answer:
            return [int(row[0]) for row in json.load(answer)["result"]["list"]]

    assert len(opens(Fault.CANDLE_GAPS)) == 92
    duplicated = opens(Fault.DUPLICATED_CANDLES)
    assert len(duplicated) == 2 * len(set(duplicated))
    disordered = opens(Fault.DISORDERED_CANDLES)
    assert disordered not in (sorted(disordered), sorted(disordered, reverse=True))


def test_a_stale_venue_repeats_its_price_and_its_stamp(loopback):
    async def twice(client):
        loopback.break_venue("okx", Fault.STALE)
        loopback.world.play(fall(over_s=0.01))
        first = await client.fetch_ticker("BTC/USDT:USDT")
        await asyncio.sleep(0.05)
        return first, await client.fetch_ticker("BTC/USDT:USDT")

    first, second = ask(loopback, "okx", twice)
    assert (first["last"], first["timestamp"]) == (second["last"], second["timestamp"])
    assert second["last"] == pytest.approx(70_000.0, rel=1e-3)


def test_a_fault_can_be_limited_to_some_paths(loopback):
    async def both(client):
        loopback.break_venue("okx", Fault.UNAVAILABLE, only="candles")
        with pytest.raises(ccxt.ExchangeNotAvailable):
            await client.fetch_ohlcv("BTC/USDT:USDT")
        return await client.fetch_ticker("BTC/USDT:USDT")

    assert ask(loopback, "okx", both)["last"]


def test_a_write_is_refused_and_remembered(loopback):
    async def order(client):
        client.apiKey, client.secret = "key", "secret"
        with pytest.raises(ccxt.BaseError):
            await client.fapiPrivatePostOrder({"symbol": "BTCUSDT", "side": "BUY"})

    ask(loopback, "binanceusdm", order)
    (write,) = loopback.unknown_requests()
    assert (write.method, write.path) == ("POST", "fapi/v1/order")


def test_a_forced_order_appears_once_in_the_public_trades_of_deribit(loopback):
    async def trades(client):
        return await client.fetch_trades("BTC/USD:BTC")

    key = MarketKey("deribit", "BTC/USD:BTC")
    loopback.world.liquidate(key, Side.LONG, 12.5)
    (trade,) = ask(loopback, "deribit", trades)
    assert trade["side"] == "sell"
    assert trade["info"]["liquidation"] == "T"
    usd = 12.5 * loopback.world.truth(key).last_price
    assert trade["amount"] == pytest.approx(usd, rel=1e-6)


@every_venue
def test_no_socket_stays_open_after_the_client_has_closed(loopback, venue):
    async def ticker(client):
        await client.fetch_ticker(of_bitcoin(loopback, venue)[0].key.symbol)
        assert loopback.open_sockets() > 0

    ask(loopback, venue, ticker)
    assert wait_until(lambda: loopback.open_sockets() == 0)


def test_the_written_settings_send_every_address_of_a_venue_to_the_loopback(loopback, tmp_path):
    file = tmp_path / "settings.toml"
    file.write_text(settings_toml(loopback.url, list(VENUES)), encoding="utf-8")
    read, problems = settings.load(file)
    assert not problems
    for venue in VENUES:
        addresses = read.venues[venue]["ccxt"]["urls"]["api"].values()
        assert addresses
        assert all(address.startswith(f"{loopback.url}/{venue}") for address in addresses)


def test_six_hundred_markets_are_listed_when_asked_for():
    with LoopbackExchange(["bybit"], markets=600) as exchange:

        async def tickers(client):
            return await client.fetch_tickers(None, {"type": "swap"})

        assert len(ask(exchange, "bybit", tickers)) == 600
