"""The command line: thin commands over the domain; Qt is imported only by the one with a window.

A command is a function of one of the modules here, registered with ``app`` when it is imported.
"""

from __future__ import annotations

from ui.cli import started  # isort: skip - first: the imports below are part of starting

import logging
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Final

import typer

from ui.cli import book, market, report, running
from ui.cli.options import app
from workstation import __version__
from workstation.errors import UsageError, WorkstationError

__all__ = ["BAD_USAGE", "FAILED", "book", "main", "market", "report", "running", "started"]

log = logging.getLogger(__name__)

FAILED: Final = 1
BAD_USAGE: Final = 2


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
