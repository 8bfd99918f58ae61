"""The part of the HTML report on reverse stress and break-even."""

from __future__ import annotations

from collections.abc import Iterator

from ui import format as fmt
from ui.html_pieces import paragraph, table
from ui.stress_texts import (
    BREAK_EVEN_HELP,
    SIGMAS_HELP,
    break_even_text,
    from_text,
    move_text,
    sigmas_text,
    stress_help,
    stressed_pool,
    to_text,
)
from workstation.risk.report import ScenarioReport


def parts(report: ScenarioReport) -> Iterator[str]:
    """Yield the two tables, where the models have answered."""
    if report.reverse_stress:
        yield "<h2>Reverse stress: the one move that liquidates each margin pool</h2>"
        yield paragraph(stress_help(report.reverse_stress), "dim")
        yield table(
            ("Margin pool", "What moves", "Now", "Liquidated at", "Move", "Daily sigmas"),
            [
                (
                    stressed_pool(row),
                    move_text(row),
                    from_text(row),
                    to_text(row),
                    "" if row.move_fraction is None else fmt.percent(row.move_fraction, sign=True),
                    sigmas_text(row),
                )
                for row in report.reverse_stress
            ],
            texts=2,
        )
        yield paragraph(SIGMAS_HELP, "dim")
    if report.break_even:
        yield "<h2>Break-even: where each margin pool has earned its costs</h2>"
        yield paragraph(BREAK_EVEN_HELP, "dim")
        yield table(
            ("Margin pool", "At", "Move", "Daily sigmas", "Profit now $", "Fees $", "Funding $"),
            [
                (
                    stressed_pool(row),
                    break_even_text(row),
                    fmt.percent(row.move_fraction, 2, sign=True),
                    sigmas_text(row),
                    fmt.number(row.profit_usd, sign=True),
                    fmt.number(row.fees_usd, 2),
                    fmt.number(row.funding_usd, 2),
                )
                for row in report.break_even
            ],
        )
