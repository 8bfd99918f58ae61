"""The part of the HTML report on the cheapest way out, and on what else would do."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from html import escape

from ui import format as fmt
from ui import svg
from ui.alternative_texts import detail_text, instead_text, more_text
from ui.charts.ticks import value_ticks
from ui.html_facts import ReportFacts
from ui.html_pieces import paragraph, table
from ui.rescue_texts import (
    MONEY_HELP,
    POOL_HELP,
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
    what_to_do,
    when_text,
)
from workstation.risk.rescue_report import RescueReport, RescueRow, Step
from workstation.services.decision_service import Decision


def to_do(decision: Decision) -> Iterator[str]:
    """Yield the answer to what to do for the least money, and what has to be known of it."""
    rescue = decision.rescue
    if not rescue.rows:
        yield paragraph("Nothing.", "first")
        return
    more = more_text(decision)
    words = " ".join(filter(None, (what_to_do(rescue), f"{more}." if more else "")))
    yield paragraph(words, "first" if rescue.alive else "first bad")
    yield paragraph(doomed(rescue))
    yield from _warnings(rescue)
    items = (f"<li>{escape(_save(row, steps))}</li>" for row, steps in _numbered(rescue))
    yield f"<ul>{''.join(items)}</ul>"
    if next_text(rescue):
        yield paragraph(next_text(rescue))
    yield paragraph(POOL_HELP, "dim")


def _warnings(rescue: RescueReport) -> Iterator[str]:
    """Yield what the way out makes worse."""
    if equity_text(rescue):
        yield paragraph(equity_text(rescue), "bad" if rescue.sacrifice_usd else "")
    yield from (paragraph(f"{drained_text(item)}.", "bad") for item in rescue.drained)


def _numbered(rescue: RescueReport) -> Iterator[tuple[RescueRow, list[tuple[int, Step]]]]:
    """Yield every margin pool with its steps, which are counted over all of them."""
    number = itertools.count(1)
    for row in rescue.rows:
        yield row, [(next(number), step) for step in row.steps]


def _save(row: RescueRow, steps: Sequence[tuple[int, Step]]) -> str:
    done = [f"Step {number}: {step_sentence(row, step)}" for number, step in steps]
    words = ". ".join(done) or _upper(step_sentence(row, None))
    return f"{pool_text(row)}, liquidated at {row.coin} {fmt.price(row.coin_price)}. {words}."


def repair_parts(facts: ReportFacts) -> Iterator[str]:
    """Yield the way out step by step, and what would do instead."""
    rescue = facts.decision.rescue
    yield "<h2>The cheapest way out, step by step</h2>"
    if not rescue.rows:
        yield paragraph(doomed(rescue))
        return
    yield paragraph(MONEY_HELP, "dim")
    yield table(
        ("Margin pool", "Do", "From", "Arrives", "Liquidated at", "Time left", "Do nothing $",
         "Moves or cuts $", "Pays $"),
        [
            (
                pool_text(row),
                f"{number}. {step_text(row, step)}" if step else step_text(row, None),
                origin_text(step),
                when_text(step),
                fmt.price(row.price),
                time_left(row),
                fmt.number(-row.loss_usd),
                fmt.number(step.value_usd) if step else "",
                fmt.number(step.cost_usd, 2) if step else "",
            )
            for row, steps in _numbered(rescue)
            for number, step in steps or ((0, None),)
        ],
        texts=4,
    )  # fmt: skip
    notes = dict.fromkeys(note for row in rescue.rows for note in row.notes)
    yield from (paragraph(note, "dim") for note in notes)
    yield from _instead(facts.decision)


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
    for other in decision.alternatives:
        yield paragraph(f"{instead_text(other)}. {_upper(detail_text(other, decision))}.")


def _upper(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
