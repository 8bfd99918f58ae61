"""The command line: thin commands over the domain; Qt is imported only by the one with a window."""

from __future__ import annotations

import time

STARTED_S = time.monotonic()  # before the imports below, which are part of starting

from pathlib import Path  # noqa: E402
from typing import Annotated  # noqa: E402

import click  # noqa: E402
import typer  # noqa: E402
from typer.core import TyperGroup  # noqa: E402

from workstation import __version__  # noqa: E402

_WINDOW = "window"


class _WindowByDefault(TyperGroup):
    """Lets ``risk-workstation BOOK --source live`` mean ``risk-workstation window BOOK ...``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or not (args[0] in self.commands or args[0] in ("--help", "--version")):
            args = [_WINDOW, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_WindowByDefault,
    help="A desktop risk workstation for people who hold leveraged crypto positions.",
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=False,
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Book = Annotated[Path, typer.Argument(help="A portfolio file: TOML, JSON or CSV.")]
Marks = Annotated[
    list[str] | None, typer.Option("--mark", metavar="SYMBOL=PRICE", help="Mark price to use.")
]


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


@app.command(_WINDOW)
def window(
    portfolio: Annotated[Path | None, typer.Argument(help="Portfolio file to open.")] = None,
    source: Annotated[
        str | None, typer.Option(help="live, simulated or replay:FOLDER; default: the last used.")
    ] = None,
    venues: Annotated[
        str | None, typer.Option(help="Exchanges, by ccxt id, separated by commas.")
    ] = None,
    settings: Annotated[Path | None, typer.Option(help="Settings file to use.")] = None,
    speed: Annotated[
        float | None, typer.Option(help="Simulated and replay: N times real time.", min=0.1)
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Simulated: the same market again.")] = None,
    screenshot: Annotated[Path | None, typer.Option(help="Save a picture, then quit.")] = None,
    state: Annotated[Path | None, typer.Option(help="Save the state as JSON, then quit.")] = None,
    after: Annotated[
        float | None, typer.Option(help="Seconds until picture and state (default 10).", min=0.0)
    ] = None,
) -> None:
    """Open the window (the default command)."""
    from ui.app import WindowOptions, run

    options = WindowOptions(
        started_s=STARTED_S,
        portfolio=portfolio,
        source=source,
        venues=tuple(name.strip() for name in venues.split(",")) if venues else None,
        settings=settings,
        speed=speed,
        seed=seed,
        screenshot=screenshot,
        state=state,
        after_s=after,
    )
    raise typer.Exit(run(options))


@app.command()
def risk(
    portfolio: Book,
    mark: Marks = None,
    max_mark_age: Annotated[
        float, typer.Option(help="Oldest cached mark that is used, in seconds.")
    ] = 60.0,
    as_json: Json = False,
) -> None:
    """Margin state of every account and position, now."""
    from workstation.risk.document import risk_document
    from workstation.services.headless import evaluate_file

    from ui.tables import print_risk

    report = evaluate_file(portfolio, marks=_pairs("--mark", mark), max_mark_age_s=max_mark_age)
    _answer(risk_document(report) if as_json else None, lambda: print_risk(report))
