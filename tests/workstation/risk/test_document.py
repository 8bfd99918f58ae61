"""The reports as JSON: every key of the command line's documents, and nothing that JSON lacks."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.workstation.risk.worlds import (
    BTC,
    BTC_INVERSE,
    account,
    book,
    cross,
    funding,
    isolated,
    order,
    world,
)
from workstation.portfolio.model import OrderType
from workstation.risk.document import risk_document, scenario_document
from workstation.risk.engine import evaluate
from workstation.risk.scenario import Scenario, ladder, run

BOOK = book(
    account(
        isolated(BTC, 1.0, 60_000.0, 6_000.0), cross(BTC_INVERSE, 60_000.0, 60_000.0),
        balances={"BTC": 0.5, "USDT": 9.0},
        orders=(order(OrderType.STOP, BTC, -1.0, 55_000.0, reduce_only=True),),
    )
)  # fmt: skip
WORLD = world(prices={"BTC": 60_000.0}, funding=funding("manual", BTC, 0.0001))

# The keys of the command line's documents, as its users were promised them.
ACCOUNT = [
    "id",
    "venue",
    "currency",
    "wallet_balance",
    "unrealized_pnl",
    "margin_balance",
    "initial_margin",
    "maintenance_margin",
    "margin_ratio",
    "free_collateral",
    "withdrawable",
    "withdrawals",
    "funding_24h_usd",
    "liquidation_coin_price",
    "status",
]
POSITION = [
    "account",
    "symbol",
    "side",
    "contract",
    "quantity",
    "notional_usd",
    "entry_price",
    "mark_price",
    "leverage",
    "margin_mode",
    "currency",
    "unrealized_pnl",
    "initial_margin",
    "maintenance_margin",
    "margin_ratio",
    "liquidation",
    "liquidation_price",
    "liquidation_price_other",
    "liquidation_price_common_shock",
    "bankruptcy_price",
    "distance",
    "tier_source",
    "mark_source",
    "mark_age_s",
    "next_funding_usd",
    "next_funding",
    "stop_price",
    "adl_rank",
    "status",
]
EVENT = [
    "step",
    "account",
    "symbol",
    "side",
    "kind",
    "price",
    "coin_price",
    "quantity",
    "loss_usd",
    "account_equity_after_usd",
    "equity_after_usd",
]


def plain(document):
    """Return the document as a reader of JSON gets it; NaN and infinity are refused."""
    return json.loads(json.dumps(document, allow_nan=False))


def test_the_risk_document_has_the_promised_keys():
    document = plain(risk_document(evaluate(BOOK, WORLD)))
    assert list(document) == [
        "schema", "as_of", "portfolio", "accounts", "positions", "exposures", "totals", "problems",
    ]  # fmt: skip
    assert document["schema"] == 1
    assert document["as_of"] == "2026-02-05T21:10:00Z"
    assert {tuple(row) for row in document["accounts"]} == {tuple(ACCOUNT)}
    assert {tuple(row) for row in document["positions"]} == {tuple(POSITION)}
    assert list(document["exposures"][0]) == [
        "coin", "long_base", "short_base", "spot_base", "net_base", "net_usd", "beta_usd",
        "by_venue",
    ]  # fmt: skip
    assert list(document["totals"]) == [
        "equity_usd", "gross_notional_usd", "net_notional_usd", "gross_leverage", "net_leverage",
        "not_included",
    ]  # fmt: skip


def test_words_are_strings_and_times_are_iso():
    row = plain(risk_document(evaluate(BOOK, WORLD)))["positions"][0]
    assert (row["side"], row["contract"], row["margin_mode"]) == ("long", "linear", "isolated")
    assert (row["liquidation"], row["mark_source"], row["status"]) == ("price", "file", "ok")
    assert row["next_funding"] == "2026-02-05T22:10:00Z"
    assert row["adl_rank"] is None


def test_a_figure_that_is_not_known_is_null_and_its_key_is_there():
    blind = book(account(cross(BTC, 1.0, 60_000.0, maintenance_rate=None)))
    row = plain(risk_document(evaluate(blind, world())))["positions"][0]
    assert row["liquidation"] == "unknown"
    assert row["liquidation_price"] is row["maintenance_margin"] is row["next_funding"] is None


def test_the_scenario_document_has_the_promised_keys():
    scenario = Scenario(moves={"BTC": 30_000.0}, funding_rate_8h=0.0)
    document = plain(scenario_document(run(BOOK, WORLD, scenario)))
    assert list(document) == [
        "schema", "moves", "betas", "prices", "before", "after", "events", "positions", "ladder",
        "repair", "cascade", "touch_probability", "problems",
    ]  # fmt: skip
    assert document["moves"] == {"BTC": 30_000}
    assert list(document["before"]) == ["equity_usd"]
    assert list(document["after"]) == ["equity_usd", "pnl_usd"]
    assert [event["kind"] for event in document["events"]] == ["stop", "liquidation"]
    assert {tuple(event) for event in document["events"]} == {tuple(EVENT)}
    assert list(document["positions"][0]) == [
        "account", "symbol", "side", "status", "pnl_usd", "margin_ratio"]  # fmt: skip
    assert document["ladder"] is document["cascade"] is document["touch_probability"] is None
    (deposit,) = document["repair"]["add_collateral"]
    assert list(deposit) == ["account", "symbol", "asset", "amount"]
    assert deposit["symbol"] is None
    (cut,) = document["repair"]["reduce"]
    assert list(cut) == [
        "account", "symbol", "side", "quantity", "cost_usd", "slippage_usd"]  # fmt: skip


def test_a_ladder_is_a_row_a_price():
    scenario = Scenario(moves={"BTC": 60_000.0}, funding_rate_8h=0.0)
    curve = ladder(BOOK, WORLD, "BTC", np.array([30_000.0, 60_000.0]), scenario)
    rows = plain(scenario_document(replace(run(BOOK, WORLD, scenario), ladder=curve)))["ladder"]
    assert [list(row) for row in rows] == [
        ["coin", "price", "equity_usd", "pnl_usd", "liquidated", "maintenance_margin_usd"]
    ] * 2  # fmt: skip
    assert [row["liquidated"] for row in rows] == [1, 0]
    assert isinstance(rows[0]["liquidated"], int)
    assert rows[1]["equity_usd"] == pytest.approx(36_009)
