"""The report: one page that needs nothing else, with what the window would have said.

Every text is escaped, whatever stands in the portfolio file; there is no script and no address in
the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np

from ui import format as fmt
from ui import html_stress, svg
from ui.charts.ticks import value_ticks
from ui.html_pieces import paragraph, table
from ui.names import EVENT_WORDS, coin_of
from ui.rescue_texts import (
    RESCUE_HELP,
    arrival_text,
    frontier_text,
    headline,
    origin_text,
    pool_text,
    step_text,
    time_left,
)
from workstation.risk.betas import DEFAULT_BETAS
from workstation.risk.report import (
    EventKind,
    LiquidationKind,
    PositionOutcome,
    RiskReport,
    ScenarioPosition,
    ScenarioReport,
)
from workstation.risk.rescue_report import RescueRow
from workstation.risk.transfers import TransferTerms
from workstation.services.decision_service import Decision
from workstation.units import UnixMs

_DEATHS: Final = (EventKind.PARTIAL, EventKind.LIQUIDATION)
_RUNGS: Final = 25
_STYLE: Final = """
body{background:#fff;color:#1b2430;font:15px/1.45 system-ui,sans-serif;margin:2rem auto;
max-width:64rem;padding:0 1rem}
h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2rem 0 .4rem}
p{margin:.3rem 0}.dim{color:#566273}.bad{color:#c8313f}.first{font-size:1.15rem;font-weight:600}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th{color:#566273;font-weight:500;text-align:right;border-bottom:1px solid #d5dbe3}
td{text-align:right;font-variant-numeric:tabular-nums;border-bottom:1px solid #eef1f5}
th,td{padding:.25rem .5rem;vertical-align:top}th.t,td.t{text-align:left}
.cards{display:flex;gap:1rem;flex-wrap:wrap;margin:.8rem 0}
.cards div{background:#f5f7fa;border-radius:4px;padding:.5rem .9rem;min-width:9rem}
.cards b{display:block;font-size:1.25rem;font-variant-numeric:tabular-nums}
svg{width:100%;height:auto}svg text{font-size:12px;fill:#566273}
.curve{fill:none;stroke:#1b2430;stroke-width:1.6}.grid{stroke:#e3e8ee}
.scenario{stroke:#b07a00}.now{stroke:#566273;stroke-dasharray:4 3}
.state{fill:#98a3b1}.fall{fill:#c8313f}.rise{fill:#0f8a62}
.death{fill:#d3122a}.event{fill:#fff;stroke:#566273}
@media print{body{margin:0}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFacts:
    """All that the page says; ``pace_assumed``: time left is at the scenario's own speed."""

    before: RiskReport
    after: ScenarioReport
    decision: Decision
    transfers: TransferTerms
    over_h: float
    made_ms: UnixMs
    version: str
    pace_assumed: bool


def page(facts: ReportFacts) -> str:
    """Return the page as HTML."""
    name = facts.before.portfolio or "Portfolio"
    title = f"{name}: {_moves(facts.after)}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="dim">{escape(_made(facts))}</p>',
        *_summary(facts),
        *_scenario(facts),
        *_waterfall(facts),
        *_rescue(facts),
        *_ladder(facts),
        *html_stress.parts(facts.after),
        *_book(facts),
        *_assumptions(facts),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _moves(report: ScenarioReport) -> str:
    return ", ".join(f"{coin} {fmt.price(price)}" for coin, price in report.moves.items())


def _made(facts: ReportFacts) -> str:
    book = facts.before.book_as_of_ms
    age = f" · book of {fmt.utc_time(book)} UTC" if book is not None else ""
    made = fmt.utc_time(facts.made_ms)
    return f"Made {made} UTC by Risk Workstation {facts.version}{age}"


# --- the answer in five lines ---------------------------------------------------------------------


def _summary(facts: ReportFacts) -> Iterator[str]:
    yield "<h2>In short</h2>"
    yield f'<p class="first">{escape(_dies_first(facts))}</p>'
    left, pnl = facts.after.equity_after_usd, facts.after.pnl_usd
    yield paragraph(
        f"Left at {_moves(facts.after)}: {fmt.usd(left)} of "
        f"{fmt.usd(facts.after.equity_before_usd)} ({fmt.usd(pnl, sign=True)})."
    )
    yield paragraph(likely(facts.after))
    yield from _to_do(facts)


def _dies_first(facts: ReportFacts) -> str:
    rows = facts.decision.rescue.rows
    if not rows:
        return f"Nothing is liquidated on the way to {_moves(facts.after)}."
    row = rows[0]
    return (
        f"First to die: {pool_text(row)} at {fmt.price(row.price)} ({row.coin} "
        f"{fmt.price(row.coin_price)}, {fmt.percent(row.distance, sign=True)}); doing nothing "
        f"loses {fmt.usd(row.loss_usd)} there."
    )


def likely(report: ScenarioReport) -> str:
    """Return how likely the scenario price is touched, as a range of the models."""
    touch = report.touch.touches[0] if report.touch and report.touch.touches else None
    if touch is None:
        return (
            "How likely the price is touched: not known here. Give --implied-volatility, or a "
            "--recording of the market."
        )
    ranges = ", ".join(
        f"{fmt.whole_fives(band.low, band.high)} within {band.horizon_days:g} d"
        for band in touch.bands
    )
    sentence = f"How likely {touch.coin} touches {fmt.price(touch.price)}, by the models: {ranges}."
    return " ".join((sentence, *report.touch.assumptions)) if report.touch else sentence


def _to_do(facts: ReportFacts) -> Iterator[str]:
    """Yield the cheapest way to keep everything alive, a line a pool."""
    rescue = facts.decision.rescue
    if not rescue.rows:
        yield paragraph("What to do for the least money: nothing.")
        return
    yield paragraph(f"What to do for the least money. {headline(rescue)}")
    yield f"<ol>{''.join(f'<li>{escape(_save(row))}</li>' for row in rescue.rows)}</ol>"


def _save(row: RescueRow) -> str:
    what = "; ".join(
        f"{step_text(row, step)} ({origin_text(step)}, {arrival_text(step)}, "
        f"{fmt.usd(step.cost_usd, decimals=2)})"
        for step in row.steps
    )
    return (
        f"{pool_text(row)}, dies at {row.coin} {fmt.price(row.coin_price)}: "
        f"{what or step_text(row, None)}."
    )


# --- the parts ------------------------------------------------------------------------------------


def _scenario(facts: ReportFacts) -> Iterator[str]:
    report = facts.after
    dead = sum(row.status is PositionOutcome.LIQUIDATED for row in report.positions)
    cards = (
        ("Equity now", fmt.usd(report.equity_before_usd)),
        ("P&L of the move", fmt.usd(report.pnl_usd, sign=True)),
        ("Equity then", fmt.usd(report.equity_after_usd)),
        ("Liquidated", f"{dead} of {len(report.positions)}"),
    )
    yield f"<h2>Scenario: {escape(_moves(report))}</h2>"
    boxes = (f"<div>{escape(name)}<b>{escape(value)}</b></div>" for name, value in cards)
    yield f'<div class="cards">{"".join(boxes)}</div>'
    yield _curve(report)
    yield table(
        ("Position", "P&L $", "Then", "Margin ratio then"),
        [
            (
                f"{row.account} · {coin_of(row.symbol)} {row.side}",
                fmt.number(row.pnl_usd, sign=True),
                _then(row),
                fmt.percent(row.margin_ratio),
            )
            for row in report.positions
        ]
        + [
            (f"{row.account} · {row.asset} balance", fmt.number(row.pnl_usd, sign=True), "held", "")
            for row in report.balances
        ]
        + [("Sum", fmt.number(report.pnl_usd, sign=True), "", "")],
    )
    yield from (paragraph(problem, "dim") for problem in (*facts.before.problems, *report.problems))


def _then(row: ScenarioPosition) -> str:
    """Return what has become of a position; one that orders closed whole has no ratio left."""
    closed = row.status is PositionOutcome.REDUCED and row.margin_ratio is None
    return "closed by its order" if closed else row.status.value


def _curve(report: ScenarioReport) -> str:
    curve = report.ladder
    if curve is None or len(curve.price) < 2:
        return ""
    xs, ys = curve.price.tolist(), curve.equity_usd.tolist()
    end = report.moves.get(curve.coin)
    now = float(np.interp(0.0, curve.pnl_usd, curve.price))
    flags = [svg.Flag(now, "now", "now")]
    if end is not None:
        flags.append(svg.Flag(end, fmt.price(end), "scenario"))
    dots = [
        svg.Dot(
            at,
            float(np.interp(at, curve.price, curve.equity_usd)),
            f"{event.account} {event.symbol} {event.side}: {EVENT_WORDS[event.kind]}",
            "death" if event.kind in _DEATHS else "event",
        )
        for event in report.events
        if (at := event.coin_price.get(curve.coin)) is not None
    ]
    return svg.curve(
        f"Equity of all accounts in USD over the price of {curve.coin}",
        xs,
        ys,
        [svg.Tick(x, fmt.price(x)) for x in value_ticks(xs[0], xs[-1], 8)],
        _money_ticks(ys),
        flags,
        dots,
    )


def _money_ticks(values: Sequence[float]) -> list[svg.Tick]:
    low, high = min(0.0, *values), max(0.0, *values)
    return [svg.Tick(y, f"${fmt.abbreviated(y)}") for y in value_ticks(low, high, 5)]


def _waterfall(facts: ReportFacts) -> Iterator[str]:
    report = facts.after
    yield "<h2>Waterfall: what happens on the way, in order</h2>"
    if not report.events:
        yield paragraph("Nothing happens on the way.")
        return
    yield _bars(report)
    yield table(
        ("What happens", "Event", "Coin at", "Price", "Size", "Loss $", "Account left $", "Left $"),
        [
            (
                f"{event.step}. {event.account} · {coin_of(event.symbol)} {event.side}",
                EVENT_WORDS[event.kind],
                fmt.price(next(iter(event.coin_price.values()), None)),
                fmt.price(event.price),
                fmt.quantity(event.quantity),
                fmt.number(-event.loss_usd),
                fmt.number(event.account_equity_after_usd),
                fmt.number(event.equity_after_usd),
            )
            for event in report.events
        ],
        texts=2,
    )


def _bars(report: ScenarioReport) -> str:
    before, after = report.equity_before_usd, report.equity_after_usd
    if before is None or after is None:
        return ""
    level, items = before, [svg.Bar("now", 0.0, before, "state", fmt.usd_short(before))]
    for event in report.events:
        end = event.equity_after_usd
        items.append(svg.Bar(str(event.step), level, end, "fall" if end < level else "rise"))
        level = end
    items.append(svg.Bar("rest", level, after, "fall" if after < level else "rise"))
    items.append(svg.Bar("then", 0.0, after, "state", fmt.usd_short(after)))
    values = [edge for bar in items for edge in (bar.start, bar.end)]
    return svg.bars("Equity of all accounts in USD, step by step", items, _money_ticks(values))


def _rescue(facts: ReportFacts) -> Iterator[str]:
    decision = facts.decision
    yield "<h2>Repair: the cheapest way to keep everything alive</h2>"
    yield paragraph(headline(decision.rescue), "" if decision.rescue.alive else "bad")
    if not decision.rescue.rows:
        return
    yield paragraph(RESCUE_HELP, "dim")
    yield table(
        ("Dies next", "Do", "From", "Arrives", "At", "Time left", "Do nothing $", "Cost $"),
        [
            (
                pool_text(row),
                step_text(row, step),
                origin_text(step),
                arrival_text(step),
                fmt.price(row.price),
                time_left(row),
                fmt.number(-row.loss_usd),
                fmt.number(step.cost_usd, 2) if step else "",
            )
            for row in decision.rescue.rows
            for step in row.steps or (None,)
        ],
        texts=4,
    )
    notes = dict.fromkeys(note for row in decision.rescue.rows for note in row.notes)
    yield from (paragraph(note, "dim") for note in notes)
    if decision.frontier is not None:
        between = decision.frontier
        yield paragraph(f"{pool_text(decision.rescue.rows[0])}. {frontier_text(between)}.")
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
            f"Or hedge it: {fmt.number(hedge.quantity, 3)} of {hedge.symbol} {hedge.side} at "
            f"{hedge.account} (cost {fmt.usd(hedge.cost_usd, decimals=2)})."
        )
    if decision.repair.add_collateral:
        deposits = "; ".join(
            f"{fmt.number(d.amount, 2)} {d.asset} to {d.account}"
            + (f" ({coin_of(d.symbol)} {d.side})" if d.symbol else "")
            for d in decision.repair.add_collateral
        )
        yield paragraph(f"Or fresh collateral alone: {deposits}.")
    if decision.repair.reduce:
        cuts = "; ".join(
            f"{fmt.quantity(c.quantity)} of {c.account} {coin_of(c.symbol)} {c.side} "
            f"(fee {fmt.usd(c.cost_usd, decimals=2)})"
            for c in decision.repair.reduce
        )
        yield paragraph(f"Or cuts alone: {cuts}.")


def _ladder(facts: ReportFacts) -> Iterator[str]:
    curve = facts.after.ladder
    if curve is None:
        return
    yield f"<h2>Ladder: {escape(curve.coin)} at a row of prices, each reached from the mark</h2>"
    every = max(1, len(curve.price) // _RUNGS)
    yield table(
        ("Price", "Equity $", "P&L $", "Liquidated", "Maintenance $"),
        [
            (
                fmt.price(float(curve.price[row])),
                fmt.number(float(curve.equity_usd[row])),
                fmt.number(float(curve.pnl_usd[row]), sign=True),
                str(int(curve.liquidated[row])),
                fmt.number(float(curve.maintenance_margin_usd[row])),
            )
            for row in range(len(curve.price) - 1, -1, -every)
        ],
    )


def _book(facts: ReportFacts) -> Iterator[str]:
    report = facts.before
    yield "<h2>Book now</h2>"
    yield table(
        ("Position", "Size", "Entry", "Mark", "from", "Liquidation", "Distance", "Ratio"),
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
        ("Margin pool", "Balance", "Free", "Ratio", "Liquidated at", "Withdrawals"),
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


def _assumptions(facts: ReportFacts) -> Iterator[str]:
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
    yield "Kept after a repair", f"{fmt.percent(terms.buffer, 0)} of maintenance", "--buffer"
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
