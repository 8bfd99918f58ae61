"""Commands that run until they are ended: the window, and the watch without one."""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Annotated

import typer

from ui.cli import started
from ui.cli.options import Book, SettingsFile, Venues, app, names_of


@app.command("window")
def window(
    portfolio: Annotated[
        Path | None, typer.Argument(metavar="[PORTFOLIO]", help="A TOML, JSON or CSV file to open.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE", help="live, simulated or replay:FOLDER; default: the last used."
        ),
    ] = None,
    venues: Venues = None,
    settings: SettingsFile = None,
    speed: Annotated[
        float | None, typer.Option(help="Simulated and replay: N times real time.", min=0.1)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Simulated: the same market every time.", min=0)
    ] = None,
    screenshot: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Save a picture, then quit.")
    ] = None,
    state: Annotated[
        Path | None, typer.Option(metavar="JSON", help="Save every figure shown, then quit.")
    ] = None,
    after: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="When to save and quit (default 10).", min=0.0),
    ] = None,
) -> None:
    """Open the window (the default command)."""
    gc.disable()  # the window's collector takes over: walks over what imports make cost 0.3 s here
    from ui.app import WindowOptions, run

    run(
        WindowOptions(
            started_s=started.STARTED_S,
            portfolio=portfolio,
            source=source,
            venues=names_of(venues),
            settings=settings,
            speed=speed,
            seed=seed,
            screenshot=screenshot,
            state=state,
            after_s=after,
        )
    )


@app.command("watch")
def watch(
    portfolio: Book,
    source: Annotated[
        str, typer.Option(metavar="SOURCE", help="live, simulated or replay:FOLDER.")
    ] = "live",
    venues: Venues = None,
    settings: SettingsFile = None,
    ntfy: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="RISK_WORKSTATION_PUSH",
            help="Topic of ntfy to push to (default, if the settings want pushes: the keyring's).",
        ),
    ] = None,
    dead_man: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="RISK_WORKSTATION_DEAD_MAN",
            help="Asked for every minute while the watch is healthy.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document a line and alert.")
    ] = False,
) -> None:
    """Watch a book without a window: one line an alert, until Ctrl+C or SIGTERM."""
    from workstation.services import watch as service

    options = service.WatchOptions(
        portfolio=portfolio,
        source=source,
        venues=names_of(venues),
        settings=settings,
        ntfy=ntfy,
        dead_man=dead_man,
        as_json=as_json,
    )
    raise typer.Exit(service.run(options, say=_print_line, warn=_warn))


def _print_line(text: str) -> None:
    typer.echo(text)
    sys.stdout.flush()  # whoever reads it through a pipe waits for it


def _warn(sentence: str) -> None:
    typer.echo(sentence, err=True)
