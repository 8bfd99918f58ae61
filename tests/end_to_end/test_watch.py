"""The installed ``watch`` command against the loopback: what it says, pushes and pings."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest
import tomlkit

from tests.loopback.__main__ import settings_toml
from tests.loopback.faults import Fault
from tests.loopback.listener import Listener
from tests.loopback.server import LoopbackExchange, wait_until
from tests.loopback.world import MarketScript

VENUES: Final = ("okx", "bybit", "binanceusdm")
START: Final = 70_000.0
RATE: Final = 0.0055  # maintenance of the file and OKX's fee
MARGIN: Final = 14_000.0
LIQUIDATION: Final = (START - MARGIN) / (1 - RATE)  # of one coin bought at the start
SECONDS: Final = 2.0  # within which a rung is to be told
BOOK: Final = f"""
[[accounts]]
id = "main"
venue = "okx"
  [accounts.balances]
  USDT = 1000
  [[accounts.positions]]
  symbol = "BTC/USDT:USDT"
  side = "long"
  quantity = 1
  entry_price = {START}
  margin_mode = "isolated"
  isolated_margin = {MARGIN}
  maintenance_rate = 0.005
"""


def factor_at(distance: float) -> float:
    """Return what the price is to be of its start, for OKX's mark to be that far away."""
    basis = 1.0001  # of every listing of the loopback
    return LIQUIDATION / (1 - distance) / START / basis


def stairs(*distances: float, each_s: float) -> MarketScript:
    """Fall at once to a distance, stay, fall to the next."""
    knots, factor = [(0.0, 1.0)], 1.0
    for step, distance in enumerate(distances, 1):
        knots.append((step * each_s - 0.05, factor))
        factor = factor_at(distance)
        knots.append((step * each_s, factor))
    return MarketScript(price=tuple(knots))


class Watch:
    """A running ``watch`` command: its lines with the times at which they came."""

    def __init__(self, loopback: LoopbackExchange, folder: Path, *more: str, alerts=None) -> None:
        book, settings = folder / "book.toml", folder / "settings.toml"
        book.write_text(BOOK, encoding="utf-8")
        text = tomlkit.parse(settings_toml(loopback.url, list(VENUES)))
        text["alerts"] = {"silence_s": 3.0, "dead_man_every_s": 1.0, **(alerts or {})}
        settings.write_text(tomlkit.dumps(text), encoding="utf-8")
        command = Path(sys.executable).with_name("risk-workstation")
        self.lines: list[tuple[float, str]] = []
        self.process = subprocess.Popen(
            [command, "watch", book, "--settings", settings, "--json", *more],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"RISK_WORKSTATION_HOME": str(folder / "home")},
        )
        self.said: list[str] = []
        self._readers = [
            threading.Thread(target=self._read, name="watch stdout"),
            threading.Thread(target=self._hear, name="watch stderr"),
        ]
        for reader in self._readers:
            reader.start()

    def _read(self) -> None:
        self.lines.extend((time.time(), line) for line in self.process.stdout)

    def _hear(self) -> None:
        self.said.extend(self.process.stderr)

    def fires(self, rule: str | None = None) -> list[dict[str, Any]]:
        found = [json.loads(line) | {"at_s": at_s} for at_s, line in list(self.lines)]
        return [fire for fire in found if rule in (None, fire["rule"])]

    def started(self) -> bool:
        return wait_until(lambda: any("Watching 1 position:" in line for line in self.said), 30.0)

    def end(self) -> float:
        """Ask it to end; return the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10.0)
        return time.monotonic() - began

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for reader in self._readers:
            reader.join()
        self.process.stdout.close()
        self.process.stderr.close()


@contextlib.contextmanager
def watching(loopback: LoopbackExchange, folder: Path, *more: str, **options) -> Iterator[Watch]:
    venues = options.pop("venues", VENUES)
    loopback.reset()
    watch = Watch(loopback, folder, "--venues", ",".join(venues), *more, **options)
    try:
        assert watch.started(), watch.said
        yield watch
    finally:
        watch.close()


@pytest.fixture(scope="module")
def fall(loopback_server: LoopbackExchange, tmp_path_factory) -> Iterator[tuple]:
    """A fall through every rung, an oscillation around 8 % on the way, and what was heard of it."""
    folder = tmp_path_factory.mktemp("watch")
    # 3 s a step: the oscillation goes back by less than the two points that arm a rung anew
    way = (0.14, 0.079, 0.083, 0.077, 0.084, 0.039, 0.019)
    with (
        Listener() as phone,
        watching(
            loopback_server, folder, "--ntfy", f"{phone.url}/secret-topic",
            "--dead-man", f"{phone.url}/alive/secret-token", alerts={"push_from": "info"},
        ) as watch,
    ):  # fmt: skip
        loopback_server.world.play(stairs(*way, each_s=3.0))
        began_s = loopback_server.world.begin_ms / 1_000
        crossed = {
            threshold: began_s + 3.0 * (way.index(distance) + 1)
            for threshold, distance in ((0.15, 0.14), (0.08, 0.079), (0.04, 0.039), (0.02, 0.019))
        }
        assert wait_until(lambda: len(watch.fires("distance")) >= 4, 40.0), (
            watch.said,
            watch.lines,
        )
        assert wait_until(lambda: len(phone.at("/secret-topic")) >= len(watch.fires()), 5.0)
        fires, pushes = watch.fires(), list(phone.at("/secret-topic"))
        pings = len(phone.at("/alive/secret-token"))
        ended_s = watch.end()
        after = len(phone.at("/alive/secret-token"))
        time.sleep(2.5)
        quiet = len(phone.at("/alive/secret-token")) - after
        log = (folder / "home" / "log" / "risk-workstation.log").read_text(encoding="utf-8")
        yield {
            "fires": fires, "pushes": pushes, "pings": pings, "ended_s": ended_s, "quiet": quiet,
            "crossed": crossed, "log": log, "code": watch.process.returncode, "said": watch.said,
        }  # fmt: skip


RUNGS: Final[Sequence[float]] = (0.15, 0.08, 0.04, 0.02)


def test_each_rung_fires_once_though_the_price_swings_around_one(fall):
    distance = [fire for fire in fall["fires"] if fire["rule"] == "distance"]
    assert [fire["threshold"] for fire in distance] == list(RUNGS)
    assert {fire["object"] for fire in distance} == {"main BTC/USDT:USDT long"}


@pytest.mark.parametrize("rung", RUNGS)
def test_a_rung_is_told_within_two_seconds_with_its_price(fall, rung):
    (fire,) = [f for f in fall["fires"] if (f["rule"], f["threshold"]) == ("distance", rung)]
    assert 0 <= fire["at_s"] - fall["crossed"][rung] <= SECONDS
    assert 1 - LIQUIDATION / fire["price"] == pytest.approx(fire["value"], rel=1e-3)
    assert fire["severity"] == ("warn" if rung == 0.15 else "critical")


@pytest.mark.parametrize("rung", RUNGS)
def test_a_rung_is_on_the_phone_within_two_seconds_and_once(fall, rung):
    words = f"(rung {rung:.0%}".replace("%", " %")
    (push,) = [push for push in fall["pushes"] if words in push.text]
    assert 0 <= push.at_s - fall["crossed"][rung] <= SECONDS
    assert push.method == "POST"
    assert push.headers["Priority"] == ("4" if rung == 0.15 else "5")
    assert push.headers["Tags"] == ("warning" if rung == 0.15 else "rotating_light")
    assert push.headers["Title"] == "main BTC/USDT:USDT long: distance"


def test_a_push_says_what_to_do_and_no_balance(fall):
    texts = [push.text for push in fall["pushes"]]
    assert any(re.search(r"Add [\d,.]+ USDT or close BTC/USDT:USDT long to", t) for t in texts)
    assert not any("Margin balance" in text for text in texts)


def test_the_dead_man_is_pinged_until_the_watch_ends(fall):
    assert fall["pings"] >= 3
    assert fall["quiet"] == 0


def test_the_watch_ends_cleanly_within_two_seconds(fall):
    assert fall["code"] == 0
    assert fall["ended_s"] < 2.0
    assert not any("Traceback" in line for line in fall["said"])


def test_no_address_is_in_the_log(fall):
    assert "alert 1, " in fall["log"]
    assert "secret" not in fall["log"]


def test_a_killed_watch_pings_no_more(loopback_server, tmp_path):
    with (
        Listener() as switch,
        watching(loopback_server, tmp_path, "--dead-man", f"{switch.url}/alive") as watch,
    ):
        assert wait_until(lambda: len(switch.heard) >= 2, 20.0)
        watch.process.kill()
        watch.process.wait()
        time.sleep(0.3)
        heard = len(switch.heard)
        time.sleep(2.5)
        assert len(switch.heard) == heard


def test_the_silence_of_the_only_venue_cannot_be_watched_and_stops_the_pings(
    loopback_server, tmp_path
):
    with (
        Listener() as switch,
        watching(
            loopback_server, tmp_path, "--dead-man", f"{switch.url}/alive", venues=("okx",)
        ) as watch,
    ):
        assert wait_until(lambda: switch.heard, 20.0)
        loopback_server.break_venue("okx", Fault.HANG)
        assert wait_until(lambda: watch.fires("venue_down"), 30.0), watch.said
        (fire,) = watch.fires()
        assert fire["severity"] == "critical"
        assert "Cannot watch okx" in fire["sentence"]
        assert "1 position there, 1 not known." in fire["sentence"]
        heard = len(switch.heard)
        time.sleep(2.5)
        assert len(switch.heard) == heard
        assert watch.end() < 2.0


@pytest.mark.parametrize(
    ("fault", "within_s"),
    [(Fault.STALE, 30.0), (Fault.FROZEN_PRICES, 85.0)],  # a new stamp on an old price: a minute
)
def test_a_frozen_venue_is_valued_by_the_others_and_its_alert_fires(
    loopback_server, tmp_path, fault, within_s
):
    with watching(loopback_server, tmp_path) as watch:
        loopback_server.break_venue("okx", fault)
        # 58,000 is 2.9 % above the liquidation price of 56,310
        loopback_server.world.play(MarketScript(price=((0.0, 1.0), (5.0, 58.0 / 70.0))))

        def last_rung():
            return [fire for fire in watch.fires("distance") if fire["threshold"] == 0.04]

        assert wait_until(last_rung, within_s), (watch.said, watch.lines)
        (fire,) = last_rung()
        assert 57_990 < fire["price"] < LIQUIDATION / 0.96
        assert "estimated from the other venues' move" in fire["sentence"]
        assert fire["age_s"] > 3.0


def test_an_invented_market_leaves_nothing(loopback_server, tmp_path):
    with (
        Listener() as phone,
        watching(
            loopback_server, tmp_path, "--source", "simulated",
            "--ntfy", f"{phone.url}/topic", "--dead-man", f"{phone.url}/alive",
        ) as watch,
    ):  # fmt: skip
        assert any("SIMULATED: nothing leaves this machine" in line for line in watch.said)
        time.sleep(2.0)
        assert phone.heard == []
        assert all(fire["sentence"].startswith("SIMULATED: ") for fire in watch.fires())


def test_a_refused_file_is_said_at_once(loopback_server, tmp_path):
    book = tmp_path / "book.toml"
    book.write_text("[[accounts]]\nid = 3\n", encoding="utf-8")
    command = Path(sys.executable).with_name("risk-workstation")
    ended = subprocess.run(
        [command, "watch", book], capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode == 1
    assert "was not opened" in ended.stderr
    assert "Traceback" not in ended.stderr
