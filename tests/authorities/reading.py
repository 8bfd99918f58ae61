"""The outside cases in the engine's own terms: an account, and the world that it stands in."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.workstation.risk.worlds import account, book, cross, listed, table, world
from workstation.market.instrument import Contract
from workstation.portfolio.model import MANUAL_VENUE, MarginMode, PositionMode
from workstation.risk.engine import evaluate
from workstation.risk.inputs import RiskInputs
from workstation.risk.profiles import PROFILES
from workstation.risk.report import PositionReport, RiskReport
from workstation.risk.tiers import TierBook

CASES_FILE = Path(__file__).parent / "cases.json"
QUOTES = ("USDT", "USDC", "USD")


@dataclass(frozen=True)
class Case:
    """One worked example; ``id`` names the venue, ``source`` says who printed it."""

    id: str
    exchange: str
    contract: str
    symbol: str | None
    mode: str
    position_mode: str
    provenance: str
    inputs: dict[str, Any]
    expected: dict[str, float | None]
    tol: dict[str, Any]
    source: str
    reproduced: bool
    note: str

    @property
    def inverse(self) -> bool:
        return self.contract == "inverse"

    @property
    def legs(self) -> list[dict[str, Any]]:
        if "positions" in self.inputs:
            return self.inputs["positions"]
        return [self.inputs, *self.inputs.get("others", [])]

    def tolerance(self, figure: str) -> float:
        tol, want = self.tol.get(figure, self.tol), abs(self.expected[figure] or 0.0)
        return max(tol.get("abs", 0.0), tol.get("rel", 0.0) * want, 1e-9 * want)


def read_cases() -> list[Case]:
    document = json.loads(CASES_FILE.read_text(encoding="utf-8"))
    return [Case(**case) for case in document["cases"]]


def unified(name: str | None, case: Case) -> str:
    """Return ccxt's symbol of BTCUSDT, XBTUSD_PERP, BTC-USDT-SWAP, BTC_USDC-PERPETUAL ..."""
    text = re.sub(r"(-SWAP|_PERP|-PERPETUAL|-PERP|PERP)$", "", (name or "BTC").upper())
    text = re.sub(r"^(PI|PF)_", "", text.replace("XBT", "BTC"))
    named = re.match(r"(\w+)_(USDC|USDT)$", text)
    base = named[1] if named else text.replace(":", "-").split("_")[0]
    base = base if ":" in text else base.split("-")[0]
    quote = named[2] if named else next((q for q in QUOTES if base.endswith(q) and base != q), "")
    base = base.removesuffix(quote)
    if case.inverse:
        return f"{base}/USD:{base}"
    if quote not in ("USDT", "USDC"):
        quote = "USDC" if case.exchange == "hyperliquid" else "USDT"
    return f"{base}/{quote}:{quote}"


def value(leg: dict[str, Any], price: float, inverse: bool) -> float:
    return leg["qty"] / price if inverse else leg["qty"] * price


def wallet(case: Case) -> float:
    """Return the collateral without unrealised profit, in the settlement coin."""
    i = case.inputs
    if "wallet" in i:
        return i["wallet"]
    if "margin_ratio_in" in i:
        margin = value(i, i["mark"], case.inverse) * (i["mmr"] + i["liq_fee_rate"])
        upside_down = i["ratio_def"] == "equity_over_mm"
        equity = i["margin_ratio_in"] * margin if upside_down else margin / i["margin_ratio_in"]
    elif "equity" in i:
        equity = i["equity"]
    elif "leverage" in i and "entry" in i:
        return value(i, i["entry"], case.inverse) / i["leverage"] + i.get("extra_margin", 0.0)
    else:
        return 1e9  # figures of the position alone: what backs it does not matter
    return equity - sum(_profit(leg, case.inverse) for leg in case.legs)


def _profit(leg: dict[str, Any], inverse: bool) -> float:
    entry, mark = leg.get("entry", leg.get("mark")), leg.get("mark", leg.get("entry"))
    side = 1 if leg["side"] == "long" else -1
    gained = 1 / entry - 1 / mark if inverse else mark - entry
    return side * leg["qty"] * gained


@dataclass(frozen=True)
class Setting:
    """How a case is put to the engine where it cannot be put as it is."""

    venue: str | None = None  # whose rules; the case's own
    mark_at: str = "mark"  # which of the case's inputs is the mark
    fixed: bool = False  # maintenance margin is a constant
    fee_in_rate: bool = False  # a venue without a profile: its fee is part of the rate
    pooled: bool = False  # an isolated position as the only one of a cross pool
    backing: str = ""  # which of the case's inputs backs the position; its wallet


def report_of(case: Case, how: Setting) -> RiskReport:
    venue = how.venue or (case.exchange if case.exchange in PROFILES else MANUAL_VENUE)
    tiers, instruments, positions = {}, [], []
    for leg in case.legs:
        symbol = unified(leg.get("symbol") or case.symbol, case)
        if any(held.symbol == symbol for held in positions) and case.position_mode != "hedge":
            symbol += "-261225"  # a dated contract beside the perpetual
        positions.append(_position(case, leg, symbol, how))
        if "tiers" in leg:
            tiers[venue, symbol] = table(*leg["tiers"])
        tick = leg.get("rounding", {}).get("tick")
        instruments.append(
            listed(venue, symbol, contract_size=leg.get("contract_size", 1), tick=tick)
        )
    balance = case.inputs[how.backing] if how.backing else wallet(case)
    if case.mode == "isolated" and not how.pooled:
        positions = [replace(positions[0], isolated_margin=balance)]
        balance = 0.0
    settle = positions[0].symbol.partition(":")[2].partition("-")[0]
    fee = case.inputs.get("liq_fee_rate", case.inputs.get("close_fee_rate", 0.0))
    owner = account(
        *positions, venue=venue, name=case.id, balances={settle: balance}, taker_fee=fee,
        position_mode=PositionMode(case.position_mode.replace("_", "-")),
    )  # fmt: skip
    return evaluate(book(owner), _world(tiers, instruments))


def _world(tiers: dict, instruments: list) -> RiskInputs:
    inputs = world(tiers=tiers, instruments=instruments)
    tables = {**TierBook.embedded().tables, **inputs.tiers.tables}
    return replace(inputs, tiers=TierBook(tables))


def _position(case: Case, leg: dict[str, Any], symbol: str, how: Setting):
    entry = leg.get("entry", leg.get("mark", leg.get("index")))
    mark = leg.get(how.mark_at, leg.get("mark", leg.get("index", entry)))
    quantity = leg.get("qty", leg.get("size_base"))
    if how.mark_at == "size_base":
        mark = quantity / leg["size_base"] if case.inverse else leg["index"]
    rate, amount = leg.get("mmr"), leg.get("cum", 0.0)
    if how.fee_in_rate:
        rate += leg["liq_fee_rate"]
    if how.fixed:
        at_entry = value(leg, entry, case.inverse) * (rate or 0.0) - amount
        rate, amount = 0.0, -leg.get("mm_fixed", at_entry)
    mode = MarginMode.CROSS if how.pooled else MarginMode(case.mode)
    return cross(
        symbol, quantity if leg.get("side", "long") == "long" else -quantity, entry, mark,
        leverage=leg.get("leverage"), maintenance_rate=rate, maintenance_amount=amount,
        margin_mode=mode, contract_size=leg.get("contract_size"),
    )  # fmt: skip


def figure(name: str, case: Case, report: RiskReport) -> float | None:
    """Return one figure of the report in the words of the cases."""
    row = report.positions[0]
    pool = report.accounts[0] if report.accounts else None
    if name == "liquidation_price":
        return _price(case, row)
    if name == "notional":
        usd = row.notional_usd
        return usd / row.mark_price if row.contract is Contract.INVERSE else usd
    if name == "margin_ratio":
        return 1 / row.margin_ratio  # the venue prints equity over maintenance
    if name == "equity":
        return pool.margin_balance if case.mode == "cross" else wallet(case) + row.unrealized_pnl
    if name == "account_maintenance_margin":
        return pool.maintenance_margin
    if name == "shock":
        return row.liquidation_price / row.mark_price - 1
    return getattr(row, name)


def _price(case: Case, row: PositionReport) -> float | None:
    """Return the price asked for: the first, or the one on the side that the case names."""
    prices = [row.liquidation_price, row.liquidation_price_other]
    if case.inputs.get("direction") == -1:
        return next((price for price in prices if price and price < row.mark_price), None)
    return prices[0]
