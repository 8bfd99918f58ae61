"""The command that writes a book and a scenario as one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ui.cli.options import (
    Book,
    ImpliedVolatility,
    Marks,
    MaxMarkAge,
    Recording,
    SettingsFile,
    app,
    book_of,
)
from workstation import __version__, paths


@app.command("report")
def report(
    portfolio: Book,
    out: Annotated[Path, typer.Option(metavar="FILE.html", help="Where the page is written.")],
    move: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COIN=PRICE",
            help="Where a coin goes: BTC=60000 or BTC=-7%; repeatable (default: the setting's).",
        ),
    ] = None,
    mark: Marks = None,
    beta: Annotated[
        list[str] | None,
        typer.Option(metavar="COIN=X", help="How a coin moves with bitcoin; repeatable."),
    ] = None,
    no_beta: Annotated[bool, typer.Option("--no-beta", help="Other coins stay.")] = False,
    over: Annotated[
        str, typer.Option(metavar="TIME", help="How long the move takes: 90min, 6h, 2d.")
    ] = "6h",
    funding: Annotated[
        float, typer.Option(metavar="RATE", help="Fraction per 8 h on every position.")
    ] = 0.0,
    buffer: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE", help="Share of maintenance kept (default: the setting).", min=0.0
        ),
    ] = None,
    recording: Recording = None,
    implied_volatility: ImpliedVolatility = None,
    max_mark_age: MaxMarkAge = None,
    settings: SettingsFile = None,
) -> None:
    """Write one page: book, scenario, waterfall, ladder, repair and assumptions, with pictures."""
    from ui import arguments
    from ui.html_facts import ReportFacts
    from ui.html_report import page
    from workstation import settings as declarations
    from workstation.risk.scenario import Scenario
    from workstation.services import headless
    from workstation.services.decision_service import transfer_terms
    from workstation.units import now_ms

    chosen, _ = declarations.load(settings or paths.default_settings_file())
    terms = Scenario(
        moves={},
        betas=arguments.betas(beta or ()),
        use_betas=not no_beta,
        over_h=arguments.hours(over),
        funding_rate_8h=funding,
        buffer=chosen.risk.buffer if buffer is None else buffer,
    )
    moves = move or [f"{headless.DRIVER}={chosen.risk.scenario_price:.10g}"]
    volatility = implied_volatility or chosen.risk.implied_volatility or None
    models = headless.Models(recording=recording, implied_volatility=volatility, past=True)
    question = headless.Question(moves=arguments.moves(moves), terms=terms, models=models)
    transfers = transfer_terms(chosen.transfers)
    answer, decision = headless.advise(book_of(portfolio, mark, max_mark_age), question, transfers)
    facts = ReportFacts(
        before=answer.before,
        after=answer.after,
        decision=decision,
        transfers=transfers,
        over_h=terms.over_h,
        made_ms=now_ms(),
        version=__version__,
        pace_assumed=True,
    )
    out.write_text(page(facts), encoding="utf-8")
    typer.echo(f"The report was written to {out}.")
