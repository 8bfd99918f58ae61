"""The parts of the HTML report on the scenario: cards, curve, waterfall and ladder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

import numpy as np

from ui import format as fmt
from ui import svg
from ui.charts.ticks import value_ticks
from ui.html_facts import ReportFacts, moves_text
from ui.html_pieces import paragraph, table
from ui.names import EVENT_WORDS, RATIO_HELP, coin_of
from ui.scenario_texts import MARKS_LEGEND, is_closed_by_order
from workstation.risk.report import PositionOutcome, ScenarioEvent, ScenarioPosition, ScenarioReport

_RUNGS: Final = 25


def scenario_parts(facts: ReportFacts) -> Iterator[str]:
    """Yield what the move does to the book: cards, curve, positions."""
    report = facts.after
    dead = sum(row.status is PositionOutcome.LIQUIDATED for row in report.positions)
    cards = (
        ("Equity now", fmt.usd(report.equity_before_usd)),
        ("P&L of the move", fmt.usd(report.pnl_usd, sign=True)),
        ("Equity then", fmt.usd(report.equity_after_usd)),
        ("Liquidated", f"{dead} of {len(report.positions)}"),
    )
    yield f"<h2>Scenario: {escape(moves_text(report))}</h2>"
    boxes = (f"<div>{escape(name)}<b>{escape(value)}</b></div>" for name, value in cards)
    yield f'<div class="cards">{"".join(boxes)}</div>'
    yield _curve(report)
    if report.events:
        yield paragraph(MARKS_LEGEND, "dim")
    yield table(
        ("Position", "P&L $", "Then", "Margin ratio then"),
        [
            (
                f"{row.account} · {coin_of(row.symbol)} {row.side}",
                fmt.number(row.pnl_usd, sign=True),
                _then(row),
                "" if _is_gone(row) else fmt.percent(row.margin_ratio),
            )
            for row in report.positions
        ]
        + [
            (f"{row.account} · {row.asset} balance", fmt.number(row.pnl_usd, sign=True), "held", "")
            for row in report.balances
        ]
        + [("Sum", fmt.number(report.pnl_usd, sign=True), "", "")],
    )
    yield paragraph(RATIO_HELP, "dim")
    yield from (paragraph(problem, "dim") for problem in (*facts.before.problems, *report.problems))


def _then(row: ScenarioPosition) -> str:
    """Return what has become of a position."""
    return "closed by its order" if is_closed_by_order(row) else row.status.value


def _is_gone(row: ScenarioPosition) -> bool:
    """Tell whether no margin ratio is left; orders that closed it whole leave none either."""
    return row.status is PositionOutcome.LIQUIDATED or is_closed_by_order(row)


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
            "death" if event.kind.liquidates else "event",
        )
        for event in sorted(report.events, key=_is_hollow)
        if (at := event.coin_price.get(curve.coin)) is not None
    ]
    return svg.curve(
        f"Equity of all accounts in USD over the price of {curve.coin}",
        xs,
        ys,
        [svg.Tick(x, fmt.price(x)) for x in value_ticks(xs[0], xs[-1], 8)],
        money_ticks(ys),
        flags,
        dots,
    )


def _is_hollow(event: ScenarioEvent) -> bool:
    """Tell whether a mark is a ring; rings are drawn last, that a full mark hides none."""
    return not event.kind.liquidates


def money_ticks(values: Sequence[float]) -> list[svg.Tick]:
    low, high = min(0.0, *values), max(0.0, *values)
    return [svg.Tick(y, f"${fmt.abbreviated(y)}") for y in value_ticks(low, high, 5)]


def waterfall_parts(facts: ReportFacts) -> Iterator[str]:
    """Yield what happens on the way, as bars and as a table."""
    report = facts.after
    yield "<h2>Waterfall: what happens on the way, in order</h2>"
    if not report.events:
        yield paragraph("Nothing happens on the way.")
        return
    yield _bars(report)
    coin = next(iter(report.moves), "Coin")
    yield table(
        (
            "What happens",
            "Event",
            "Price",
            f"{coin} then",
            "Size",
            "Loss $",
            "Account $",
            "All $ left",
        ),
        [
            (
                f"{event.step}. {event.account} · {coin_of(event.symbol)} {event.side}",
                EVENT_WORDS[event.kind],
                fmt.price(event.price),
                fmt.price(event.coin_price.get(coin)),
                fmt.quantity(event.quantity),
                fmt.number(-event.loss_usd),
                fmt.number(event.account_equity_after_usd),
                fmt.number(event.equity_after_usd),
            )
            for event in report.events
        ],
        texts=2,
    )  # fmt: skip


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
    return svg.bars("Equity of all accounts in USD, step by step", items, money_ticks(values))


def ladder_parts(facts: ReportFacts) -> Iterator[str]:
    """Yield the book at a row of prices."""
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
