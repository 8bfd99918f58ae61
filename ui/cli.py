"""The command line: thin commands over the domain; Qt is imported only by the one with a window."""

from __future__ import annotations

import time

STARTED_S = time.monotonic()  # before the imports below, which are part of starting

import logging  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
from collections.abc import Sequence  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import TYPE_CHECKING, Annotated, Any, Final  # noqa: E402

import typer  # noqa: E402

from workstation import __version__, paths  # noqa: E402
from workstation.errors import UsageError, WorkstationError  # noqa: E402

if TYPE_CHECKING:
    from workstation.services import headless

log = logging.getLogger(__name__)

FAILED: Final = 1
BAD_USAGE: Final = 2
LIQUIDATED: Final = 3

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
SettingsFile = Annotated[
    Path | None,
    typer.Option("--settings", metavar="FILE", help="Settings file instead of the user's own."),
]
Venues = Annotated[
    str | None,
    typer.Option(metavar="ID,ID", help="Exchanges, by ccxt id, separated by commas."),
]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code. What fails is said in a sentence."""
    try:
        app(_with_command(sys.argv[1:] if arguments is None else arguments))
    except SystemExit as end:
        return _flushed(end.code if isinstance(end.code, int) else 0)
    except WorkstationError as error:
        return _say(error.user_message, BAD_USAGE if isinstance(error, UsageError) else FAILED)
    except OSError as error:
        what = f"{error.filename}: " if error.filename else ""
        return _say(f"{what}{error.strerror or error}.", FAILED)
    except Exception as error:  # the program's outermost frame: log, and say it in a sentence
        from workstation.services import logs

        kept = logs.set_up()
        log.exception("A command failed")
        what = f"{type(error).__name__}: {error}"
        return _say(f"Something failed that should not ({what}); the log is {kept}.", FAILED)
    return _flushed(0)


def _with_command(arguments: Sequence[str]) -> list[str]:
    """Put ``window`` before arguments that name no command."""
    names = {command.name for command in app.registered_commands}
    if arguments and arguments[0] in names | {"--help", "--version"}:
        return list(arguments)
    return ["window", *arguments]


def _say(sentence: str, code: int) -> int:
    typer.echo(sentence, err=True)
    return code


def _flushed(code: int) -> int:
    """Write what is still buffered; a reader that has gone away is no failure of ours to report."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return code


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


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
    from ui.app import WindowOptions, run

    options = WindowOptions(
        started_s=STARTED_S,
        portfolio=portfolio,
        source=source,
        venues=_names(venues),
        settings=settings,
        speed=speed,
        seed=seed,
        screenshot=screenshot,
        state=state,
        after_s=after,
    )
    raise typer.Exit(run(options))


@app.command("risk")
def risk(
    portfolio: Book, mark: Marks = None, max_mark_age: MaxMarkAge = None, as_json: Json = False
) -> None:
    """Print the margin state of every account and position, now."""
    from ui import tables
    from workstation.risk.document import risk_document
    from workstation.services import headless

    report = headless.risk_now(_book(portfolio, mark, max_mark_age))
    if as_json:
        _print_json(risk_document(report))
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
    recording: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="The market that the models look at, at its end."),
    ] = None,
    implied_volatility: Annotated[
        float | None,
        typer.Option(
            metavar="FRACTION", min=0.01, max=10.0, help="Of a year, for the touch probability."
        ),
    ] = None,
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
    from workstation.risk.document import scenario_document
    from workstation.risk.scenario import Scenario
    from workstation.services import headless, scenario_library

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
    )
    answer = headless.ask(_book(portfolio, mark, max_mark_age), question)
    if as_json:
        _print_json(scenario_document(answer.after))
    else:
        tables.print_scenario(answer.after)
    if fail_on_liquidation and answer.liquidates():
        raise typer.Exit(LIQUIDATED)


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
    recording: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="The market that the models look at, at its end."),
    ] = None,
    implied_volatility: Annotated[
        float | None,
        typer.Option(
            metavar="FRACTION", min=0.01, max=10.0, help="Of a year, for the touch probability."
        ),
    ] = None,
    max_mark_age: MaxMarkAge = None,
    settings: SettingsFile = None,
) -> None:
    """Write one page: book, scenario, waterfall, ladder, repair and assumptions, with pictures."""
    from ui import arguments, html_report
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
    answer, decision = headless.advise(_book(portfolio, mark, max_mark_age), question, transfers)
    facts = html_report.ReportFacts(
        before=answer.before,
        after=answer.after,
        decision=decision,
        transfers=transfers,
        over_h=terms.over_h,
        made_ms=now_ms(),
        version=__version__,
        pace_assumed=True,
    )
    out.write_text(html_report.page(facts), encoding="utf-8")
    typer.echo(f"The report was written to {out}.")


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
        _print_json(heatmap_report.document(summary, with_rivals=baseline))
    else:
        heatmap_tables.print_heatmap(summary, with_rivals=baseline)


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
        venues=_names(venues),
        settings=settings,
        ntfy=ntfy,
        dead_man=dead_man,
        as_json=as_json,
    )
    raise typer.Exit(service.run(options, say=_print_line, warn=_warn))


@app.command("schema")
def schema(as_json: Json = False) -> None:
    """Print the JSON Schema of a portfolio file."""
    from workstation.portfolio.formats.schema import json_schema

    del as_json  # it is JSON either way
    _print_json(json_schema())


@app.command("doctor")
def doctor(settings: SettingsFile = None, venues: Venues = None, as_json: Json = False) -> None:
    """Say what works here: versions, display, folders, tier tables, exchanges."""
    from ui import tables
    from workstation.services import doctor as examination

    findings = examination.examine(settings, _names(venues))
    if as_json:
        _print_json(examination.document(findings))
    else:
        tables.print_findings(findings)


@app.command("warm-up")
def warm_up() -> None:
    """Compile what the window needs, once, so that it opens at full speed."""
    from workstation.risk import book_arrays
    from workstation.services import heatmap_service, outlook_service
    from workstation.simulation import feed

    heatmap_service.warm_up(typer.echo)
    outlook_service.warm_up(typer.echo)
    book_arrays.warm_up(typer.echo)
    feed.warm_up(typer.echo)


def _book(path: Path, marks: Sequence[str] | None, max_age_s: float | None) -> headless.Book:
    from ui import arguments
    from workstation import settings
    from workstation.services import headless

    if max_age_s is None:
        chosen, _ = settings.load(paths.default_settings_file())
        max_age_s = chosen.risk.max_mark_age_s
    return headless.Book(path=path, marks=arguments.marks(marks or ()), max_mark_age_s=max_age_s)


def _names(text: str | None) -> tuple[str, ...] | None:
    if text is None:
        return None
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise UsageError("--venues: give at least one exchange, such as binanceusdm,bybit")
    return names


def _print_line(text: str) -> None:
    typer.echo(text)
    sys.stdout.flush()  # whoever reads it through a pipe waits for it


def _warn(sentence: str) -> None:
    typer.echo(sentence, err=True)


def _print_json(document: Any) -> None:
    import orjson

    options = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY
    typer.echo(orjson.dumps(document, option=options).decode())


if __name__ == "__main__":
    sys.exit(main())
