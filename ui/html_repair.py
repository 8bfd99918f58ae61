"""The part of the HTML report on the repair: the cheapest way out, and what else would do."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from ui import format as fmt
from ui import svg
from ui.charts.ticks import value_ticks
from ui.html_facts import ReportFacts
from ui.html_pieces import paragraph, table
from ui.names import coin_of
from ui.rescue_texts import (
    POOL_HELP,
    RESCUE_HELP,
    arrival_text,
    doomed,
    drained_text,
    equity_text,
    frontier_text,
    next_text,
    origin_text,
    pool_text,
    step_sentence,
    step_text,
    time_left,
    way_out,
    what_to_do,
)
from workstation.risk.rescue_report import RescueReport, RescueRow
from workstation.services.decision_service import Decision


def to_do(rescue: RescueReport) -> Iterator[str]:
    """Yield the answer to what to do for the least money, and what has to be known of it."""
    if not rescue.rows:
        yield paragraph("Nothing.", "first")
        return
    yield paragraph(what_to_do(rescue), "first" if rescue.alive else "first bad")
    yield paragraph(doomed(rescue))
    yield from warnings(rescue)
    yield f"<ol>{''.join(f'<li>{escape(_save(row))}</li>' for row in rescue.rows)}</ol>"
    if next_text(rescue):
        yield paragraph(next_text(rescue))
    yield paragraph(POOL_HELP, "dim")


def warnings(rescue: RescueReport) -> Iterator[str]:
    """Yield what a repair makes worse."""
    if equity_text(rescue):
        yield paragraph(equity_text(rescue), "bad" if rescue.sacrifice_usd else "")
    yield from (paragraph(f"{drained_text(item)}.", "bad") for item in rescue.drained)


def _save(row: RescueRow) -> str:
    steps = "; then ".join(step_sentence(row, step) for step in row.steps or (None,))
    return f"{pool_text(row)}, liquidated at {row.coin} {fmt.price(row.coin_price)}: {steps}."


def repair_parts(facts: ReportFacts) -> Iterator[str]:
    """Yield the repair step by step, and what would do instead."""
    decision = facts.decision
    yield "<h2>Repair: the cheapest way out, step by step</h2>"
    yield paragraph(way_out(decision.rescue), "" if decision.rescue.alive else "bad")
    if not decision.rescue.rows:
        return
    yield from warnings(decision.rescue)
    yield paragraph(RESCUE_HELP, "dim")
    yield table(
        ("Margin pool", "Do", "From", "Arrives", "Liquidated at", "Time left", "Do nothing $",
         "Moves or closes $", "Pays $"),
        [
            (
                pool_text(row),
                step_text(row, step),
                origin_text(step),
                arrival_text(step),
                fmt.price(row.price),
                time_left(row),
                fmt.number(-row.loss_usd),
                fmt.number(step.value_usd) if step else "",
                fmt.number(step.cost_usd, 2) if step else "",
            )
            for row in decision.rescue.rows
            for step in row.steps or (None,)
        ],
        texts=4,
    )  # fmt: skip
    notes = dict.fromkeys(note for row in decision.rescue.rows for note in row.notes)
    yield from (paragraph(note, "dim") for note in notes)
    yield from _instead(decision)


def _instead(decision: Decision) -> Iterator[str]:
    yield "<h2>Instead of it</h2>"
    if decision.frontier is not None:
        between = decision.frontier
        yield paragraph(f"{pool_text(decision.rescue.rows[0])} alone. {frontier_text(between)}.")
        yield svg.curve(
            f"{between.asset} to add over the share of the positions that is cut",
            between.share.tolist(),
            between.deposit.tolist(),
            [svg.Tick(x, fmt.percent(x, 0)) for x in (0.0, 0.25, 0.5, 0.75, 1.0)],
            [svg.Tick(y, fmt.number(y)) for y in value_ticks(0.0, float(between.deposit[0]), 5)],
        )
    if decision.hedge is not None:
        hedge = decision.hedge
        yield paragraph(
            f"Hedge it: {fmt.exact_number(hedge.quantity)} of {hedge.symbol} {hedge.side} at "
            f"{hedge.account} (pays {fmt.usd(hedge.cost_usd, decimals=2)})."
        )
    if decision.repair.add_collateral:
        deposits = "; ".join(
            f"{fmt.number(d.amount, 2)} {d.asset} to {d.account}"
            + (f" ({coin_of(d.symbol)} {d.side} iso)" if d.symbol else "")
            for d in decision.repair.add_collateral
        )
        yield paragraph(f"Fresh collateral alone, for all margin pools: {deposits}.")
    if decision.repair.reduce:
        cuts = "; ".join(
            f"{fmt.exact_number(c.quantity)} of {c.account} · {coin_of(c.symbol)} {c.side} "
            f"(pays {fmt.usd(c.cost_usd, decimals=2)})"
            for c in decision.repair.reduce
        )
        yield paragraph(f"Cuts alone, for all margin pools: {cuts}.")
