"""Commands about a book: its risk now, a scenario, the schema of its file."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from ui.cli.options import (
    Book,
    ImpliedVolatility,
    Json,
    Marks,
    MaxMarkAge,
    Recording,
    app,
    book_of,
    print_json,
)
from workstation.errors import UsageError

LIQUIDATED: Final = 3


@app.command("risk")
def risk(
    portfolio: Book, mark: Marks = None, max_mark_age: MaxMarkAge = None, as_json: Json = False
) -> None:
    """Print the margin state of every account and position, now."""
    from ui import tables
    from workstation.risk.document import risk_document
    from workstation.services import headless

    report = headless.risk_now(book_of(portfolio, mark, max_mark_age))
    if as_json:
        print_json(risk_document(report))
    else:
        tables.print_risk(report)


@app.command("scenario")
def scenario(
    portfolio: Book,
    move: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COIN=PRICE", help="Where a coin goes: BTC=60000 or BTC=-7%; repeatable."
        ),
    ] = None,
    mark: Marks = None,
    beta: Annotated[
        list[str] | None,
        typer.Option(metavar="COIN=X", help="How a coin moves with bitcoin; repeatable."),
    ] = None,
    no_beta: Annotated[bool, typer.Option("--no-beta", help="Other coins stay.")] = False,
    library: Annotated[
        str | None,
        typer.Option("--scenario", metavar="NAME", help="A scenario of the library, by its name."),
    ] = None,
    over: Annotated[
        str | None, typer.Option(metavar="TIME", help="How long the move takes: 90min, 6h, 2d.")
    ] = None,
    funding: Annotated[
        float | None, typer.Option(metavar="RATE", help="Fraction per 8 h on every position.")
    ] = None,
    cascade: Annotated[
        bool,
        typer.Option("--cascade", help="Add the market's feedback, a model; needs --recording."),
    ] = False,
    recording: Recording = None,
    implied_volatility: ImpliedVolatility = None,
    buffer: Annotated[
        float,
        typer.Option(
            metavar="SHARE", help="Share of maintenance margin kept after a repair.", min=0.0
        ),
    ] = 0.0,
    no_orders: Annotated[
        bool, typer.Option("--no-orders", help="Ignore the orders of the file.")
    ] = False,
    ladder: Annotated[
        str | None,
        typer.Option(metavar="[COIN:]FROM:TO:STEP", help="One row a price, each from the mark."),
    ] = None,
    max_mark_age: MaxMarkAge = None,
    fail_on_liquidation: Annotated[
        bool,
        typer.Option(
            "--fail-on-liquidation", help="Exit with 3 if something liquidates or cannot be told."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Print what a move does: equity, liquidations on the way, and what would prevent them."""
    from ui import arguments, tables
    from workstation import paths, settings
    from workstation.risk.document import scenario_document
    from workstation.risk.scenario import Scenario
    from workstation.services import headless, scenario_library
    from workstation.services.decision_service import transfer_terms

    chosen, _ = settings.load(paths.default_settings_file())
    entry = None if library is None else scenario_library.named(library)
    if not move and ladder is None and entry is None:
        raise UsageError(
            "a scenario needs --move, such as --move BTC=60000, --scenario, or --ladder"
        )
    written = Scenario(moves={}, funding_rate_8h=0.0) if entry is None else entry
    terms = Scenario(
        moves={},
        betas={**written.betas, **arguments.betas(beta or ())},
        use_betas=written.use_betas and not no_beta,
        over_h=written.over_h if over is None else arguments.hours(over),
        funding_rate_8h=(written.funding_rate_8h or 0.0) if funding is None else funding,
        buffer=buffer,
        use_orders=not no_orders,
    )
    asked = cascade or recording is not None or implied_volatility is not None
    question = headless.Question(
        moves=arguments.moves(move or ()),
        ladder=None if ladder is None else arguments.ladder(ladder),
        terms=terms,
        entry=entry,
        models=headless.Models(
            cascade=cascade, recording=recording, implied_volatility=implied_volatility
        )
        if asked and (move or entry)
        else None,
        slippage_rate=transfer_terms(chosen.transfers).slippage_rate,
    )
    answer = headless.ask(book_of(portfolio, mark, max_mark_age), question)
    if as_json:
        print_json(scenario_document(answer.after))
    else:
        tables.print_scenario(answer.after)
    if fail_on_liquidation and answer.liquidates():
        raise typer.Exit(LIQUIDATED)


@app.command("schema")
def schema(as_json: Json = False) -> None:
    """Print the JSON Schema of a portfolio file."""
    from workstation.portfolio.formats.schema import json_schema

    del as_json  # it is JSON either way
    print_json(json_schema())
