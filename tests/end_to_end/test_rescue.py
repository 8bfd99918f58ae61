"""Three venues in a fall: one lets nothing out, one has stale marks, and one key says what to do.

The marks are 67,200 after a fall of about 4 % in the last hour. Binance's long of 1 BTC has 2,600
behind it: 2,600 + P - 67,200 = 0.005 P at 64,925, about an hour away. To live at 60,000 it needs
2,600 + x - 7,200 > 300, that is 4,900 more. OKX's long, entered alike, is a little farther.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator

import pytest

from tests.end_to_end.observer import HURRY
from tests.loopback.faults import Fault
from tests.loopback.server import LoopbackExchange, ccxt_options
from tests.loopback.world import MarketScript
from tests.workstation.portfolio.books import account, json_file, position
from workstation.risk.report import EventKind, MarkSource
from workstation.risk.rescue_report import Action, RescueReport
from workstation.risk.scenario import walked
from workstation.risk.transfers import SourceKind
from workstation.services.desk import Desk
from workstation.settings import MarketSettings, RiskSettings, Settings, TransferSettings

VENUES = ("binanceusdm", "bybit", "okx")
FALLING = MarketScript(price=((-3_600.0, 1.0), (0.0, 0.96), (9_999.0, 0.96)))
SCENARIO = 60_000.0
PATIENCE_S = 30.0
ONE_KEY_S = 2.0
DEATHS = (EventKind.LIQUIDATION, EventKind.PARTIAL)


def long(margin, **more):
    return position(
        quantity=1.0, entry_price=67_200, leverage=25, margin_mode="isolated",
        isolated_margin=margin, maintenance_rate=0.005, mark_price=67_200, **more,
    )  # fmt: skip


def the_book(folder):
    return json_file(
        folder,
        account(long(2_600.0), id="binance-main", venue="binanceusdm", balances={"USDT": 1_000.0}),
        account(id="binance-second", venue="binanceusdm", balances={"USDT": 900.0}),
        account(id="bybit-rich", venue="bybit", balances={"USDT": 50_000.0}),
        account(long(3_500.0), id="okx-desk", venue="okx", balances={"USDT": 20_000.0}),
    )


@pytest.fixture
def desk(loopback: LoopbackExchange, tmp_path) -> Iterator[Desk]:
    loopback.reset(FALLING)
    settings = Settings(
        market=MarketSettings(source="live", venues=VENUES, poll_interval_s=0.5, timeout_s=1.0),
        risk=RiskSettings(scenario_price=61_000.0, buffer=0.0),
        transfers=TransferSettings(minutes=10.0, suspended=("bybit",)),
        venues={v: {"ccxt": ccxt_options(v, loopback.url) | HURRY} for v in VENUES},
    )
    desk = Desk(settings, tmp_path / "settings.toml", maps=False)
    desk.start()
    desk.open_portfolio(the_book(tmp_path))
    yield desk
    desk.stop()


def tick_until(desk, wanted, within_s=PATIENCE_S):
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        desk.tick()
        if found := wanted():
            return found
        time.sleep(0.01)
    raise AssertionError(f"not within {within_s} s: {desk.decision and desk.decision.rescue}")


def settled(desk):
    """Tick until all is there that a rescue needs: a decision, and the pace of the last hour."""
    rescue = desk.decision.rescue if desk.decision else None
    known = rescue is not None and len(rescue.rows) == 2
    return known and all(row.minutes_left is not None for row in rescue.rows)


def pressed(desk) -> RescueReport:
    """Ask about the scenario anew and return the answer, which has to be there in two seconds."""
    desk.set_view(dataclasses.replace(desk.view, scenario_price=SCENARIO))
    asked = {desk.view.coin: SCENARIO}
    tick_until(desk, lambda: desk.decision and desk.decision.terms.moves == asked, ONE_KEY_S)
    return desk.decision.rescue


def survives(desk, report) -> bool:
    """Walk the book with everything done once more, by the engine's plain scenario."""
    answer = desk._answers.newest
    walk = walked(report.rescued, answer.inputs, report.scenario)
    return not any(event.kind in DEATHS for event in walk.events)


def row_of(report, account_id):
    return next(row for row in report.rows if row.account == account_id)


def other_venues(report):
    return [s for row in report.rows for s in row.steps if s.kind is SourceKind.OTHER_VENUE]


def test_one_key_says_what_dies_next_and_what_saves_it(desk):
    tick_until(desk, lambda: settled(desk))
    report = pressed(desk)
    assert [row.account for row in report.rows] == ["binance-main", "okx-desk"]
    first = report.rows[0]
    assert first.price == pytest.approx(64_925, rel=2e-3)
    assert 30 < first.minutes_left < 90
    assert first.needed == pytest.approx(4_900, abs=30)
    assert first.loss_usd == pytest.approx(2_600, abs=30)
    assert [step.origin for step in first.steps] == ["binance-main", "binance-second", "okx-desk"]
    assert sum(step.amount for step in first.steps) == pytest.approx(first.needed)
    assert first.arrives_min == 10.0
    assert first.cost_usd == 2.0
    assert "bybit-rich: Withdrawals of bybit are suspended." in first.notes
    assert [step.kind for step in row_of(report, "okx-desk").steps] == [SourceKind.OWN_WALLET]
    assert report.alive
    assert survives(desk, report)


def test_a_stale_venue_is_asked_for_nothing_and_its_own_pool_is_saved_by_an_estimate(
    desk, loopback
):
    tick_until(desk, lambda: settled(desk))
    loopback.break_venue("okx", Fault.HANG)
    stale = MarkSource.ESTIMATED
    tick_until(
        desk,
        lambda: settled(desk) and row_of(desk.decision.rescue, "okx-desk").mark_source is stale,
    )
    report = pressed(desk)
    assert other_venues(report) == []
    binance = row_of(report, "binance-main")
    assert {step.action for step in binance.steps} >= {Action.CUT}
    assert any("okx-desk: The marks of okx are stale" in note for note in binance.notes)
    assert any("its price is estimated" in note for note in row_of(report, "okx-desk").notes)
    assert report.alive
    assert survives(desk, report)


def test_what_comes_too_late_is_never_proposed(desk):
    tick_until(desk, lambda: settled(desk))
    slow = dataclasses.replace(desk.settings.transfers, minutes=600.0)
    desk.apply_settings(dataclasses.replace(desk.settings, transfers=slow))
    report = pressed(desk)
    assert other_venues(report) == []
    assert any("too late" in note for note in row_of(report, "binance-main").notes)
    assert report.alive
    assert survives(desk, report)
