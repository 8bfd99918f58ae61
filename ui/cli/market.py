"""Commands about the market and the machine: the map of a recording, and what works here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ui.cli.options import Json, SettingsFile, Venues, app, names_of, print_json


@app.command("heatmap")
def heatmap(
    recording: Annotated[Path, typer.Argument(metavar="RECORDING", help="A recording's folder.")],
    symbol: Annotated[str, typer.Option(metavar="SYMBOL", help="Such as BTC/USDT:USDT.")],
    out: Annotated[
        Path, typer.Option(metavar="FILE.parquet", help="FILE-bars.parquet is written beside it.")
    ],
    venue: Annotated[
        str | None, typer.Option(metavar="ID", help="One exchange; default: the sum of all.")
    ] = None,
    every: Annotated[int, typer.Option(metavar="N", help="Write every Nth bar.", min=1)] = 1,
    baseline: Annotated[
        bool, typer.Option("--baseline", help="Print the scores of simple rivals beside the map's.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Estimate from a recording where positions would be liquidated, bar by bar, and grade it."""
    from ui import heatmap_tables
    from workstation.services import heatmap_report

    summary = heatmap_report.write_heatmap(recording, symbol, out, venue=venue, every=every)
    if as_json:
        print_json(heatmap_report.document(summary, with_rivals=baseline))
    else:
        heatmap_tables.print_heatmap(summary, with_rivals=baseline)


@app.command("doctor")
def doctor(settings: SettingsFile = None, venues: Venues = None, as_json: Json = False) -> None:
    """Say what works here: versions, display, folders, tier tables, exchanges."""
    from ui import tables
    from workstation.services import doctor as examination

    findings = examination.examine(settings, names_of(venues))
    if as_json:
        print_json(examination.document(findings))
    else:
        tables.print_findings(findings)


@app.command("warm-up")
def warm_up() -> None:
    """Compile what the window needs, once, so that it opens at full speed."""
    from workstation.risk import book_compiler
    from workstation.services import heatmap_service, outlook_service
    from workstation.simulation import feed

    heatmap_service.warm_up(typer.echo)
    outlook_service.warm_up(typer.echo)
    book_compiler.warm_up(typer.echo)
    feed.warm_up(typer.echo)
