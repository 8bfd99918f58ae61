"""The reports as JSON values: ``risk --json`` and ``scenario --json``.

The reports carry more than the documents; these tables choose the keys, in their order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any, Final

from workstation.risk.outlook import CascadeReport, TouchReport
from workstation.risk.repair_report import Repair
from workstation.risk.report import EquityCurve, PositionReport, RiskReport, ScenarioReport
from workstation.units import iso_utc

SCHEMA: Final = 1

_ACCOUNT: Final = (
    "id", "venue", "currency", "wallet_balance", "unrealized_pnl", "margin_balance",
    "initial_margin", "maintenance_margin", "margin_ratio", "free_collateral", "withdrawable",
    "withdrawals", "funding_24h_usd", "liquidation_coin_price", "status",
)  # fmt: skip
_POSITION: Final = (
    "account", "symbol", "side", "contract", "quantity", "notional_usd", "entry_price",
    "mark_price", "leverage", "margin_mode", "currency", "unrealized_pnl", "initial_margin",
    "maintenance_margin", "margin_ratio", "liquidation", "liquidation_price",
    "liquidation_price_other", "liquidation_price_common_shock", "bankruptcy_price", "distance",
    "tier_source", "mark_source", "mark_age_s", "next_funding_usd", "next_funding", "stop_price",
    "adl_rank", "status",
)  # fmt: skip
_EXPOSURE: Final = (
    "coin", "long_base", "short_base", "spot_base", "net_base", "net_usd", "beta_usd", "by_venue",
)  # fmt: skip
_TOTALS: Final = (
    "equity_usd", "gross_notional_usd", "net_notional_usd", "gross_leverage", "net_leverage",
    "not_included",
)  # fmt: skip
_EVENT: Final = (
    "step", "account", "symbol", "side", "kind", "price", "coin_price", "quantity", "loss_usd",
    "account_equity_after_usd", "equity_after_usd",
)  # fmt: skip
_OUTCOME: Final = ("account", "symbol", "side", "status", "pnl_usd", "margin_ratio")
_ADD: Final = ("account", "symbol", "asset", "amount")
_REDUCE: Final = ("account", "symbol", "side", "quantity", "cost_usd", "slippage_usd")
_PRICE: Final = ("venue", "symbol", "price")
_RUNG: Final = (
    "coin", "price", "equity_usd", "pnl_usd", "liquidated", "maintenance_margin_usd",
)  # fmt: skip

_BAND: Final = ("p5", "p50", "p95")
_TOUCH: Final = ("horizon_days", "low", "mid", "high")
_TOUCH_HORIZON_DAYS: Final = 7


def risk_document(report: RiskReport) -> dict[str, Any]:
    """Return the document of ``risk --json``; what is not known is ``None``."""
    return {
        "schema": SCHEMA,
        "as_of": iso_utc(report.as_of_ms),
        "portfolio": report.portfolio,
        "accounts": _rows(report.accounts, _ACCOUNT),
        "positions": [_position(row) for row in report.positions],
        "exposures": _rows(report.exposures, _EXPOSURE),
        "totals": _row(report.totals, _TOTALS),
        "problems": list(report.problems),
    }


def scenario_document(report: ScenarioReport) -> dict[str, Any]:
    """Return the document of ``scenario --json``."""
    return {
        "schema": SCHEMA,
        "moves": dict(report.moves),
        "betas": dict(report.betas),
        "prices": _rows(report.prices, _PRICE),
        "before": {"equity_usd": report.equity_before_usd},
        "after": {"equity_usd": report.equity_after_usd, "pnl_usd": report.pnl_usd},
        "events": _rows(report.events, _EVENT),
        "positions": _rows(report.positions, _OUTCOME),
        "ladder": None if report.ladder is None else _rungs(report.ladder),
        "repair": _repair(report.repair),
        "cascade": None if report.cascade is None else _cascade(report.cascade),
        "touch_probability": None if report.touch is None else _touch(report.touch),
        "problems": list(report.problems),
    }


def _position(row: PositionReport) -> dict[str, Any]:
    next_ms = row.next_funding_ms
    funding = None if next_ms is None else iso_utc(next_ms)
    return {
        name: funding if name == "next_funding" else _plain(attrgetter(name)(row))
        for name in _POSITION
    }


def _cascade(report: CascadeReport) -> dict[str, Any]:
    bands = ("price", "forced_usd", "open_interest_base")
    document = {name: _row(getattr(report, name), _BAND) for name in bands}
    return document | {"gain_hours": report.gain_hours, "gain_seconds": report.gain_seconds}


def _touch(report: TouchReport) -> dict[str, Any] | None:
    """Return the week's probability of the scenario price, which is the first."""
    for band in report.touches[0].bands if report.touches else ():
        if band.horizon_days == _TOUCH_HORIZON_DAYS:
            return _row(band, _TOUCH)
    return None


def _repair(repair: Repair) -> dict[str, Any]:
    return {
        "add_collateral": _rows(repair.add_collateral, _ADD),
        "reduce": _rows(repair.reduce, _REDUCE),
    }


def _rungs(curve: EquityCurve) -> list[dict[str, Any]]:
    columns = (
        curve.price, curve.equity_usd, curve.pnl_usd, curve.liquidated,
        curve.maintenance_margin_usd,
    )  # fmt: skip
    return [
        dict(zip(_RUNG, (curve.coin, price, equity, pnl, int(dead), required), strict=True))
        for price, equity, pnl, dead, required in zip(*map(_numbers, columns), strict=True)
    ]


def _numbers(column: Any) -> list[float]:
    values: list[float] = column.tolist()
    return values


def _rows(rows: Iterable[object], names: Sequence[str]) -> list[dict[str, Any]]:
    return [_row(row, names) for row in rows]


def _row(row: object, names: Sequence[str]) -> dict[str, Any]:
    return {name: _plain(getattr(row, name)) for name in names}


def _plain(value: Any) -> Any:
    """Turn tuples and read-only mappings into what JSON writes; enumerations are strings."""
    if isinstance(value, tuple):
        return list(value)
    return dict(value) if hasattr(value, "keys") else value
