"""The parts of the HTML report on the book, and on what is assumed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ui import format as fmt
from ui.html_facts import ReportFacts
from ui.html_pieces import paragraph, table
from ui.names import COMMON_MOVE_HELP, RATIO_HELP
from workstation.risk.betas import DEFAULT_BETAS
from workstation.risk.report import LiquidationKind

_WALLETS_HELP: Final = (
    "A wallet and the cross positions that it backs are one margin pool; an isolated position is "
    "one of its own, and stands in the table of positions alone. A wallet that backs nothing has "
    "no ratio and is never liquidated. Coins count in the margin balance after their "
    "haircut, in the equity in full."
)


def book_parts(facts: ReportFacts) -> Iterator[str]:
    """Yield how positions and wallets stand now."""
    report = facts.before
    yield "<h2>Book now</h2>"
    yield table(
        ("Position", "Size", "Entry", "Mark", "from", "Liquidation", "Distance", "Margin ratio"),
        [
            (
                f"{row.account} · {row.symbol} {row.side} {row.margin_mode}",
                fmt.quantity(row.quantity),
                fmt.price(row.entry_price),
                fmt.price(row.mark_price),
                row.mark_source.value if row.mark_source else "not known",
                fmt.price(row.liquidation_price)
                if row.liquidation is LiquidationKind.PRICE
                else row.liquidation.value,
                fmt.percent(row.distance, sign=True),
                fmt.percent(row.margin_ratio),
            )
            for row in report.positions
        ],
    )
    yield table(
        (
            "Wallet of account",
            "Margin balance",
            "Free",
            "Margin ratio",
            "Liquidated at",
            "Withdrawals",
        ),
        [
            (
                f"{row.id} · {row.currency}",
                fmt.number(row.margin_balance, 2),
                fmt.number(row.free_collateral, 2),
                fmt.percent(row.margin_ratio),
                f"{row.liquidation_coin or ''} {fmt.price(row.liquidation_coin_price)}".strip(),
                row.withdrawals.value,
            )
            for row in report.accounts
        ],
    )
    yield paragraph(f"{RATIO_HELP} {_WALLETS_HELP} {COMMON_MOVE_HELP}", "dim")


def assumption_parts(facts: ReportFacts) -> Iterator[str]:
    """Yield all that the page rests on."""
    yield "<h2>Assumptions</h2>"
    rows = list(_assumed(facts))
    yield table(("What", "Value", "Where from"), rows, texts=3)


def _assumed(facts: ReportFacts) -> Iterator[tuple[str, str, str]]:
    terms, transfers = facts.decision.terms, facts.transfers
    for coin, beta in facts.after.betas.items():
        default = DEFAULT_BETAS.get(coin) == beta
        source = "default: 5 and 6 February 2026, day and week" if default else "given or estimated"
        yield f"{coin} moves with BTC by", f"{beta:g} in logarithms", source
    yield "The move takes", f"{facts.over_h:g} h", "option --over"
    if terms.funding_rate_8h is None:
        yield "Funding", "the running rates", "the venues"
    else:
        yield "Funding per 8 h", fmt.funding(terms.funding_rate_8h), "option --funding"
    yield "Kept after the way out", f"{fmt.percent(terms.buffer, 0)} of maintenance", "--buffer"
    speed = "the scenario's own speed: the last hour's is not known here"
    yield "Time left", "at a pace", speed if facts.pace_assumed else "the last hour's move"
    yield (
        "Transfer between venues",
        f"{transfers.minutes:g} min, {fmt.usd(transfers.fee_usd)}",
        ("settings, page Transfers (assumed unless you set them)"),
    )
    for sentence in facts.after.touch.assumptions if facts.after.touch else ():
        yield "Touch probability", sentence, "models"
    yield "Slippage of a cut", fmt.percent(transfers.slippage_rate, 2), "settings, page Transfers"
    tiers = dict.fromkeys(row.tier_source or "not known" for row in facts.before.positions)
    yield "Maintenance tiers", ", ".join(tiers), "the tables named"
    yield "All coins", "move together, linearly in the logarithm", "the scenario's path"
