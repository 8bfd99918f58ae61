"""Tiers from the venues' own answers: units, deductions, and what is no table."""

from __future__ import annotations

import asyncio
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workstation.exchanges.base import Market
from workstation.exchanges.tiers import bitget, bybit, gate, kraken, okx
from workstation.exchanges.tiers.base import Tier, table_of
from workstation.exchanges.tiers.registry import READERS
from workstation.market.instrument import Contract, Instrument, MarketKey, contract_of, split_symbol
from workstation.risk.profiles import PROFILES
from workstation.risk.tiers import TierBook, TierMode, TierTable, TierUnit

RECORDINGS = Path(__file__).parents[2] / "recordings"
DAY = "2026-11-25"


def recorded(name: str) -> Any:
    return json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))["answer"]


def market(venue: str, symbol: str, market_id: str, **info: Any) -> Market:
    base, quote, settle = split_symbol(symbol)
    contract = contract_of(symbol)
    assert contract in Contract
    instrument = Instrument(
        key=MarketKey(venue, symbol),
        contract=contract,
        base=base,
        quote=quote,
        settle=settle,
        contract_size=1.0,
    )
    return Market(instrument=instrument, id=market_id, info=info)


class Answering:
    """Answers every question with the same answer, and keeps what was asked."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[tuple[str, dict[str, Any]]] = []

    async def __call__(self, endpoint: str, **params: Any) -> Any:
        self.asked.append((endpoint, params))
        return self.answer


def read(venue: str, answer: Any, *markets: Market) -> tuple[dict[MarketKey, TierTable], Answering]:
    ask = Answering(answer)
    tables = asyncio.run(READERS[venue].read(ask, markets, DAY))
    return dict(tables), ask


def only(tables: dict[MarketKey, TierTable]) -> TierTable:
    ((_, table),) = tables.items()
    return table


# --- each venue -----------------------------------------------------------------------------------


def test_bybits_bounds_are_usdc_and_its_own_deductions_stand():
    usdc = market("bybit", "BTC/USDC:USDC", "BTCPERP")
    tables, ask = read("bybit", recorded("bybit/risk-limit-linear"), usdc)
    table = only(tables)
    assert ask.asked == [
        ("publicGetV5MarketRiskLimit", {"category": "linear", "symbol": "BTCPERP"})
    ]
    assert (table.unit, table.mode) == (TierUnit.VALUE, TierMode.MARGINAL)
    assert table.floor.tolist() == [0, 100_000, 1_000_000, 2_000_000, 3_000_000]
    assert table.amount.tolist() == [0, 100, 1_800, 8_400, 15_900]
    assert table.rate.tolist() == [0.004, 0.005, 0.0067, 0.01, 0.0125]
    assert table.cap[-1] == 4_000_000  # the end of what is known
    assert table.label == f"live {DAY}"


def test_bybits_missing_deductions_are_rebuilt_whatever_the_order():
    usdt = market("bybit", "BTC/USDT:USDT", "BTCUSDT")
    tables, _ = read("bybit", recorded("bybit/risk-limit-testnet"), usdt)
    assert only(tables).rate.tolist() == [0.0033, 0.005]
    # 300,000 x (0.5 % - 0.33 %)
    assert only(tables).amount.tolist() == pytest.approx([0.0, 510.0])


def test_bybits_percents_are_told_from_fractions_by_the_leverage():
    inverse = market("bybit", "BTC/USD:BTC", "BTCUSD")
    tables, ask = read("bybit", recorded("bybit/risk-limit-inverse"), inverse)
    assert ask.asked[0][1]["category"] == "inverse"
    assert only(tables).rate.tolist() == [0.005]
    assert only(tables).cap.tolist() == [150.0]  # coins


def test_a_rate_that_is_neither_a_fraction_nor_a_percent_is_refused():
    row = recorded("bybit/risk-limit-linear")["result"]["list"][0]
    with pytest.raises(ValueError, match="neither a fraction nor a percent"):
        bybit.table([{**row, "initialMargin": "0.08"}], DAY)


def test_okx_counts_contracts_and_a_tier_holds_its_last_one():
    pair = (
        market("okx", "BTC/USDT:USDT", "BTC-USDT-SWAP", instFamily="BTC-USDT"),
        market("okx", "0G/USDT:USDT", "0G-USDT-SWAP", instFamily="0G-USDT"),
    )
    tables, ask = read("okx", recorded("okx/position-tiers"), *pair)
    assert ask.asked[0][1]["instFamily"] == "BTC-USDT,0G-USDT"
    table = tables[pair[0].key]
    assert (table.unit, table.mode) == (TierUnit.CONTRACTS, TierMode.FLAT)
    assert [table.row(size) for size in (0.0, 1_000.0, 1_000.01, 5_000.0, 5_000.01)] == [
        0, 0, 1, 1, 2,
    ]  # fmt: skip
    assert table.knows(20_000.0)
    assert not table.knows(20_001.0)
    assert tables[pair[1].key].row(20_000.5) == 1
    assert not table.amount.any()


def test_gates_deductions_are_its_own():
    tables, ask = read(
        "gate", recorded("gate/risk-limit-tiers"), market("gate", "BTC/USDT:USDT", "BTC_USDT")
    )
    assert ask.asked == [
        ("publicFuturesGetSettleRiskLimitTiers", {"settle": "usdt", "contract": "BTC_USDT"})
    ]
    assert only(tables).amount.tolist() == [0, 250, 750, 1_500, 2_500]
    assert only(tables).mode is TierMode.MARGINAL


def test_bitget_charges_the_whole_position_and_inverse_ones_are_left_out():
    pair = (
        market("bitget", "BTC/USDT:USDT", "BTCUSDT"),
        market("bitget", "BTC/USD:BTC", "BTCUSD"),
    )
    tables, ask = read("bitget", recorded("bitget/query-position-lever"), *pair)
    assert [params["productType"] for _, params in ask.asked] == ["USDT-FUTURES"]
    assert only(tables).mode is TierMode.FLAT
    assert only(tables).floor.tolist() == [0, 200_000, 1_000_000, 5_000_000, 15_000_000]


def test_krakens_levels_count_contracts_or_dollars_and_its_last_has_no_end():
    pair = (
        market("krakenfutures", "BTC/USD:BTC", "PI_XBTUSD"),
        market("krakenfutures", "ETH/USD:USD", "PF_ETHUSD"),
    )
    tables, ask = read("krakenfutures", recorded("krakenfutures/instruments"), *pair)
    assert len(ask.asked) == 1
    inverse, linear = (tables[item.key] for item in pair)
    assert (inverse.unit, linear.unit) == (TierUnit.CONTRACTS, TierUnit.VALUE)
    assert inverse.floor.tolist() == [0, 500_000]
    assert inverse.max_leverage.tolist() == [50, 25]
    assert linear.rate.tolist() == [0.01, 0.02]
    assert math.isinf(linear.cap[-1])


def test_hyperliquids_rates_are_half_the_margin_at_the_most_leverage():
    three = [
        market("hyperliquid", f"{coin}/USDC:USDC", str(n), name=coin)
        for n, coin in enumerate(("BTC", "ETH", "ATOM"))
    ]
    tables, _ = read("hyperliquid", recorded("hyperliquid/meta"), *three)
    shipped = TierBook.embedded()
    for item in three:
        found, known = tables[item.key], shipped.find(item.key)
        np.testing.assert_allclose(found.rate, known.rate, rtol=1e-8)
        np.testing.assert_allclose(found.amount, known.amount, rtol=1e-8)
        assert found.floor.tolist() == known.floor.tolist()


def test_binances_brackets_are_the_shipped_ones_and_want_a_key():
    usdm = market("binanceusdm", "BTC/USDT:USDT", "BTCUSDT")
    tables, ask = read("binanceusdm", recorded("binance/leverage-bracket"), usdm)
    assert ask.asked == [("fapiPrivateGetLeverageBracket", {})]
    shipped = TierBook.embedded().find(usdm.key)
    np.testing.assert_allclose(only(tables).rate, shipped.rate[:4])
    np.testing.assert_allclose(only(tables).amount, shipped.amount[:4])
    coin = market("binancecoinm", "BTC/USD:BTC", "BTCUSD_PERP")
    tables, ask = read("binancecoinm", recorded("binance/leverage-bracket-coin"), coin)
    assert ask.asked == [("dapiPrivateV2GetLeverageBracket", {})]
    assert only(tables).cap.tolist() == [50.0]
    assert READERS["binanceusdm"].private
    assert READERS["binancecoinm"].private


def test_brackets_that_are_one_accounts_own_are_left_out(caplog):
    usdm = market("binanceusdm", "BTC/USDT:USDT", "BTCUSDT")
    (row,) = recorded("binance/leverage-bracket")
    assert len(read("binanceusdm", [row | {"notionalCoef": 1.0}], usdm)[0]) == 1
    assert not read("binanceusdm", [row | {"notionalCoef": 1.5}], usdm)[0]
    assert "multiplied by 1.5 for this account" in caplog.text


# --- all of them ----------------------------------------------------------------------------------


@pytest.mark.parametrize("venue", READERS)
def test_a_venue_that_is_asked_has_rules(venue):
    assert venue in PROFILES
    assert READERS[venue].markets_a_call > 0


@pytest.mark.parametrize(
    ("make", "rows"),
    [
        (bybit.table, []),
        (okx.table, [{"maxSz": "100", "mmr": "", "maxLever": "10"}]),
        (gate.table, [{"risk_limit": "0", "maintenance_rate": "0.01", "leverage_max": "10"}]),
        (bitget.table, [{"startUnit": "5", "endUnit": "9", "keepMarginRate": "0.1",
                         "leverage": "5"}]),
        (kraken.table, [{"initialMargin": 0.1, "maintenanceMargin": 0.05}]),
    ],
)  # fmt: skip
def test_rows_that_are_no_table_are_refused(make, rows):
    with pytest.raises(ValueError, match=r"."):
        make(rows, DAY)


def test_a_bad_table_costs_that_market_and_is_told(caplog):
    answer = recorded("okx/position-tiers")
    answer["data"][3]["mmr"] = "2.0"
    pair = (
        market("okx", "BTC/USDT:USDT", "BTC-USDT-SWAP", instFamily="BTC-USDT"),
        market("okx", "0G/USDT:USDT", "0G-USDT-SWAP", instFamily="0G-USDT"),
    )
    tables, _ = read("okx", answer, *pair)
    assert set(tables) == {pair[0].key}
    assert "okx 0G/USDT:USDT: its tiers are not used" in caplog.text


def test_deductions_that_leave_a_jump_are_no_table():
    rows = [Tier(0.0, 100.0, 0.01, 10.0, 0.0), Tier(100.0, 200.0, 0.02, 5.0, 7.0)]
    with pytest.raises(ValueError, match="continuous"):
        table_of(rows, unit=TierUnit.VALUE, mode=TierMode.MARGINAL, as_of=DAY, source="a test")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([Tier(0.0, 100.0, 0.01, 10.0), Tier(150.0, 200.0, 0.02, 5.0)], "hole"),
        ([Tier(0.0, 100.0, 0.02, 10.0), Tier(100.0, 200.0, 0.01, 5.0)], "rise"),
        ([Tier(0.0, 0.0, 0.02, 10.0)], "ends before"),
        ([], "no rows"),
    ],
)
def test_holes_falling_rates_and_nothing_are_no_table(rows, words):
    with pytest.raises(ValueError, match=words):
        table_of(rows, unit=TierUnit.VALUE, mode=TierMode.FLAT, as_of=DAY, source="a test")
