"""The report: one page that needs nothing else, with what the window would have said.

Every text is escaped, whatever stands in the portfolio file; there is no script and no address in
the page. It begins with the four questions that a reader has, and their answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from ui import format as fmt
from ui import html_stress
from ui.html_book import assumption_parts, book_parts
from ui.html_facts import ReportFacts, moves_text
from ui.html_pieces import STYLE, paragraph
from ui.html_repair import repair_parts, to_do
from ui.html_scenario import ladder_parts, scenario_parts, waterfall_parts
from ui.rescue_texts import pool_text
from ui.scenario_texts import first_death, has_funding, order_note, orders_filled
from workstation.risk.report import ScenarioReport

_WEEK_DAYS: Final = 7
_ASSUMED: Final = "A volatility is assumed, because no prices are at hand: "
_DAY_S: Final = 86_400.0
_LIKELY_UNKNOWN: Final = (
    "Not known here. Give --implied-volatility, or a --recording of the market."
)


def page(facts: ReportFacts) -> str:
    """Return the page as HTML."""
    name = facts.before.portfolio or "Portfolio"
    title = f"{name}: {moves_text(facts.after)}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="dim">{escape(_made(facts))}</p>',
        *_too_old(facts),
        *_summary(facts),
        *scenario_parts(facts),
        *waterfall_parts(facts),
        *repair_parts(facts),
        *ladder_parts(facts),
        *html_stress.parts(facts.after),
        *book_parts(facts),
        *assumption_parts(facts),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _made(facts: ReportFacts) -> str:
    book = facts.before.book_as_of_ms
    age = f" · book of {fmt.utc_time(book)} UTC" if book is not None else ""
    made = fmt.utc_time(facts.made_ms)
    return f"Made {made} UTC by Risk Workstation {facts.version}{age}"


def _too_old(facts: ReportFacts) -> Iterator[str]:
    """Yield a warning where the book is older than a day."""
    book = facts.before.book_as_of_ms
    age_s = 0.0 if book is None else (facts.made_ms - book) / 1_000
    if age_s > _DAY_S:
        yield paragraph(
            f"The book is {fmt.age(age_s)} old: its positions and wallets, and the marks that come "
            "from its file, may be others now.",
            "bad",
        )


# --- the four answers -----------------------------------------------------------------------------


def _summary(facts: ReportFacts) -> Iterator[str]:
    where = moves_text(facts.after)
    yield "<h2>In short</h2>"
    yield "<dl>"
    yield from _answer("What is liquidated first, and at what price?", _first(facts))
    yield from _answer(f"What is left at {where}?", _left(facts))
    yield from _answer("How likely is it within a week?", _likely(facts.after))
    yield from _answer("What to do for the least money?", to_do(facts.decision))
    yield "</dl>"


def _answer(question: str, answer: Iterator[str]) -> Iterator[str]:
    yield f"<dt>{escape(question)}</dt><dd>{''.join(answer)}</dd>"


def _first(facts: ReportFacts) -> Iterator[str]:
    rows = facts.decision.rescue.rows
    if not rows:
        where = moves_text(facts.after)
        yield paragraph(f"Nothing is liquidated on the way to {where}.", "first")
    else:
        row = rows[0]
        driver = "" if row.coin_price == row.price else f"{row.coin} {fmt.price(row.coin_price)}, "
        event = first_death(facts.after)
        paid = event is not None and has_funding(event, facts.after, facts.before)
        yield paragraph(
            f"{pool_text(row)} at {fmt.price(row.price)}"
            f"{', with the funding of the way' if paid else ''} "
            f"({driver}{fmt.percent(row.distance, sign=True)} from now).",
            "first",
        )
        yield paragraph(f"Doing nothing loses {fmt.usd(row.loss_usd)} there.")
    if orders_filled(facts.after):
        yield paragraph(f"{orders_filled(facts.after)}. {order_note(facts.after)}")


def _left(facts: ReportFacts) -> Iterator[str]:
    after = facts.after
    yield paragraph(
        f"{fmt.usd(after.equity_after_usd)} of {fmt.usd(after.equity_before_usd)} "
        f"({fmt.usd(after.pnl_usd, sign=True)}), if nothing is done.",
        "first",
    )


def _likely(report: ScenarioReport) -> Iterator[str]:
    """Yield how likely the scenario price is touched, as a range of the models."""
    touch = report.touch.touches[0] if report.touch and report.touch.touches else None
    if touch is None or report.touch is None:
        yield paragraph(_LIKELY_UNKNOWN, "first")
        return
    ranges = {
        days: f"{fmt.whole_fives(band.low, band.high)} within {_days(days)}"
        for band in touch.bands
        for days in (band.horizon_days,)
    }
    week = ranges.pop(_WEEK_DAYS, "")
    price = f"that {touch.coin} touches {fmt.price(touch.price)}"
    assumed = _ASSUMED if report.touch.rests_on_past else ""
    if week:
        yield paragraph(f"{assumed}{week}, {price}.", "first")
    else:
        yield paragraph(f"Not known for a week {price}.", "first")
    others = "; ".join(filter(None, ("A range of models, no forecast", *ranges.values())))
    yield paragraph(f"{others}.")
    yield paragraph(" ".join(report.touch.assumptions), "dim")


def _days(days: int) -> str:
    return "1 day" if days == 1 else f"{days:g} days"
