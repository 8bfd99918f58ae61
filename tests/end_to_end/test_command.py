"""The installed command against the loopback: what it says of a fall, and how it quits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from tests.end_to_end.observer import BITCOIN
from tests.loopback.__main__ import settings_toml
from tests.loopback.faults import Fault
from tests.loopback.server import LoopbackExchange, wait_until
from tests.loopback.world import fall

COMMAND: Final = Path(sys.executable).with_name("risk-workstation")
VENUES: Final = ("binanceusdm", "bybit", "okx", "hyperliquid", "deribit")
# (seconds of the fall, seconds until the state is written); the second pair is for the patient
PACES: Final = [(3.0, 12.0)] + (
    [(30.0, 50.0)] if os.environ.get("RISK_WORKSTATION_LONG_TESTS") else []
)
BOOK: Final = """
[[accounts]]
id = "isolated"
venue = "binanceusdm"
  [accounts.balances]
  USDT = 1000
  [[accounts.positions]]
  symbol = "BTC/USDT:USDT"
  side = "long"
  quantity = 2
  entry_price = 70000
  leverage = 25
  margin_mode = "isolated"

[[accounts]]
id = "cross"
venue = "okx"
  [accounts.balances]
  USDT = 100000
  [[accounts.positions]]
  symbol = "BTC/USDT:USDT"
  side = "short"
  quantity = 1.5
  entry_price = 69000
  leverage = 10
  maintenance_rate = 0.004
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What a run of the command left behind."""

    state: Mapping[str, Any]
    quit_s: float  # from the written state to the end of the process
    errors: str


def run_command(
    loopback: LoopbackExchange, folder: Path, after_s: float, hanging: str | None = None
) -> Run:
    """Run the command on the book until it has written its state; one venue may hang at the end."""
    book, settings, state = (folder / name for name in ("book.toml", "settings.toml", "state.json"))
    book.write_text(BOOK, encoding="utf-8")
    settings.write_text(settings_toml(loopback.url, list(VENUES)), encoding="utf-8")
    arguments = ["--source", "live", "--venues", ",".join(VENUES), "--settings", str(settings)]
    process = subprocess.Popen(
        [COMMAND, book, *arguments, "--state", state, "--after", str(after_s)],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
    )
    try:
        if hanging is not None:
            time.sleep(0.8 * after_s)
            loopback.break_venue(hanging, Fault.HANG)
        written = wait_until(lambda: state.exists() or process.poll() is not None, after_s + 30.0)
        started = time.monotonic()
        _, errors = process.communicate(timeout=10.0)
        quit_s = time.monotonic() - started
    finally:
        process.kill()
    assert written
    assert process.returncode == 0, errors
    return Run(json.loads(state.read_text(encoding="utf-8")), quit_s, errors)


@pytest.fixture(scope="module", params=PACES, ids=lambda pace: f"{pace[1]:.0f}s")
def fallen(request, loopback_server: LoopbackExchange, tmp_path_factory) -> Run:
    """A run that ends after the fall from 70k to 58k, while one venue hangs."""
    folder = tmp_path_factory.mktemp("command")
    loopback_server.reset()
    over_s, after_s = request.param
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RISK_WORKSTATION_HOME", str(folder / "home"))
        loopback_server.world.play(fall(over_s=over_s))
        return run_command(loopback_server, folder, after_s, hanging="hyperliquid")


def market(run: Run, venue: str) -> Mapping[str, Any]:
    """Return what the state says of a venue's bitcoin."""
    key = BITCOIN[venue]
    rows = [m for m in run.state["markets"] if (m["venue"], m["symbol"]) == key]
    assert len(rows) == 1, key
    return rows[0]


@pytest.mark.parametrize("venue", VENUES)
def test_every_market_is_right_after_the_fall(fallen, loopback_server, venue):
    said, truth = market(fallen, venue), loopback_server.world.truth(BITCOIN[venue])
    assert said["mark_price"] == pytest.approx(truth.mark_price, rel=0.003)
    assert said["index_price"] == pytest.approx(truth.index_price, rel=0.003)
    assert said["funding_rate"] == truth.funding_rate
    assert said["funding_interval_h"] == truth.funding_interval_h
    assert said["open_interest_base"] == pytest.approx(truth.open_interest_base, rel=0.03)
    assert said["open_interest_usd"] == pytest.approx(truth.open_interest_usd, rel=0.03)


def test_the_consolidated_figures_are_of_all_live_venues(fallen, loopback_server):
    truths = [loopback_server.world.truth(BITCOIN[venue]) for venue in VENUES]
    said = fallen.state["consolidated"]["BTC"]
    interest = sum(truth.open_interest_base for truth in truths)
    assert said["mark_price"] == pytest.approx(58_000.0, rel=0.003)
    assert said["open_interest_base"] == pytest.approx(interest, rel=0.3)
    assert not said["outliers"]
    assert len(said["venues"]) >= 4


def test_the_book_follows_the_fall(fallen):
    positions = {row["account"]: row for row in fallen.state["risk"]["positions"]}
    short, long = positions["cross"], positions["isolated"]
    assert short["unrealized_pnl"] == pytest.approx(1.5 * (69_000 - short["mark_price"]), rel=1e-6)
    assert short["mark_price"] == pytest.approx(58_000.0, rel=0.003)
    assert short["mark_source"] == "venue"
    assert short["status"] == "ok"
    # bought at 70,000 with 25x: bankrupt at 67,200, far above 58,000
    assert long["status"] in ("presumed_liquidated", "below_maintenance")


def test_the_charts_have_their_data(fallen):
    price = fallen.state["charts"]["price"]
    assert price["candles"] >= 900
    assert price["last_close"] == pytest.approx(58_000.0, rel=0.003)
    assert price["gaps"] == 0


def test_the_command_sent_nothing_but_reads(fallen, loopback_server):
    assert len(loopback_server.requests) > 50
    assert not loopback_server.unknown_requests()


def test_the_command_quits_within_two_seconds_while_a_venue_hangs(fallen, loopback_server):
    assert fallen.quit_s < 2.0
    assert wait_until(lambda: loopback_server.open_sockets() == 0, 1.0)


def test_the_command_has_nothing_to_complain_about(fallen):
    assert "Traceback" not in fallen.errors
    assert "Warning" not in fallen.errors
