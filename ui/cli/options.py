"""What several commands share: the program, its options, how they are read and answered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workstation import paths
from workstation.errors import UsageError

if TYPE_CHECKING:
    from workstation.services import headless

app = typer.Typer(
    name="risk-workstation",
    help="A desktop risk workstation for people who hold leveraged crypto positions. "
    "Without a command it opens the window: risk-workstation [PORTFOLIO] [OPTIONS].",
    epilog="The window's options: risk-workstation window --help",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain text, which scripts and narrow terminals can read
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
Book = Annotated[Path, typer.Argument(metavar="PORTFOLIO", help="A TOML, JSON or CSV file.")]
Marks = Annotated[
    list[str] | None,
    typer.Option("--mark", metavar="SYMBOL=PRICE", help="Mark price to use; repeatable."),
]
MaxMarkAge = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS", min=0.0, help="Oldest cached mark that is used (default: the setting)."
    ),
]
Recording = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="The market that the models look at, at its end."),
]
ImpliedVolatility = Annotated[
    float | None,
    typer.Option(
        metavar="FRACTION", min=0.01, max=10.0, help="Of a year, for the touch probability."
    ),
]


def _present(path: Path | None) -> Path | None:
    """Refuse a settings file that is not there: the defaults are not what was asked for."""
    if path is not None and not path.is_file():
        raise UsageError(f"{path}: there is no such settings file.")
    return path


SettingsFile = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        metavar="FILE",
        help="Settings file instead of the user's own.",
        callback=_present,
    ),
]
Venues = Annotated[
    str | None,
    typer.Option(metavar="ID,ID", help="Exchanges, by ccxt id, separated by commas."),
]


def book_of(path: Path, marks: Sequence[str] | None, max_age_s: float | None) -> headless.Book:
    """Return what asks about a portfolio file, at the marks given or those kept."""
    from ui import arguments
    from workstation import settings
    from workstation.services import headless

    if max_age_s is None:
        chosen, _ = settings.load(paths.default_settings_file())
        max_age_s = chosen.risk.max_mark_age_s
    return headless.Book(path=path, marks=arguments.marks(marks or ()), max_mark_age_s=max_age_s)


def names_of(text: str | None) -> tuple[str, ...] | None:
    """Return the names in a list with commas."""
    if text is None:
        return None
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise UsageError("--venues: give at least one exchange, such as binanceusdm,bybit")
    return names


def print_json(document: Any) -> None:
    """Print one JSON document."""
    import orjson

    options = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY
    typer.echo(orjson.dumps(document, option=options).decode())
