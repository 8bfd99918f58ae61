"""Serve a scripted market until Ctrl+C, and write the settings that point the program at it.

::

    python -m tests.loopback --port 8899 --scenario fall --write-settings loopback.toml
    risk-workstation --source live --settings loopback.toml
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import tomlkit

from tests.loopback.faults import Fault
from tests.loopback.server import LoopbackExchange, ccxt_options
from tests.loopback.venues.registry import VENUES
from tests.loopback.world import SCENARIOS


def settings_toml(base_url: str, venues: list[str]) -> str:
    """Return a settings file that sends every venue's client to the loopback."""
    tables = {venue: {"ccxt": ccxt_options(venue, base_url)} for venue in venues}
    return tomlkit.dumps({"venues": tables})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.loopback", description=__doc__)
    parser.add_argument("--port", type=int, default=8899)
    parser.add_argument("--scenario", choices=sorted(SCENARIOS), default="calm")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before it begins")
    parser.add_argument("--markets", type=int, default=4, help="coins a venue lists")
    parser.add_argument("--venues", default=",".join(VENUES), help="comma-separated ccxt ids")
    parser.add_argument("--fault", nargs=2, metavar=("VENUE", "FAULT"), help=", ".join(Fault))
    parser.add_argument("--write-settings", type=Path, metavar="FILE")
    options = parser.parse_args()
    venues = options.venues.split(",")
    with LoopbackExchange(venues, markets=options.markets, port=options.port) as exchange:
        settings = settings_toml(exchange.url, venues)
        if options.write_settings:
            options.write_settings.write_text(settings, encoding="utf-8")
        else:
            sys.stdout.write(settings)
        if options.fault:
            exchange.break_venue(options.fault[0], Fault(options.fault[1]))
        sys.stderr.write(f"{exchange.url}: {options.scenario}, Ctrl+C stops\n")
        try:
            time.sleep(options.delay)
            exchange.world.play(SCENARIOS[options.scenario]())
            while True:
                time.sleep(3_600)
        except KeyboardInterrupt:
            sys.stderr.write(
                f"{len(exchange.requests)} requests, "
                f"{len(exchange.unknown_requests())} beyond what is played\n"
            )


if __name__ == "__main__":
    main()
