"""The one crossing from threads to Qt: what is said, in which order, in how long a turn."""

import dataclasses
import functools
import time

import pytest
from PySide6.QtCore import QObject, QTimer
from shiboken6 import Shiboken

from tests.ui.decisions import sample_decision, sample_scenario
from ui.bridge import DRAG_MS, DRAIN_MS, SLICE_S, Bridge
from workstation.market.feed import FeedMode, FeedUpdate
from workstation.services.desk_news import DeskNews
from workstation.units import UnixMs


@pytest.fixture
def bridge(qapp, desk):
    owner = QObject()
    bridge = Bridge(desk, owner)
    yield bridge
    bridge.stop()


def news_of_a_book():
    return DeskNews(scenario=sample_scenario(), decision=sample_decision(), notices=("one", "two"))


def said_by(bridge):
    said = []
    bridge.scenario_changed.connect(lambda _: said.append("scenario"))
    bridge.decision_changed.connect(lambda _: said.append("decision"))
    bridge.book_changed.connect(lambda: said.append("book"))
    bridge.noticed.connect(said.append)
    return said


def test_a_round_says_each_piece_once_and_the_book_after_its_parts(bridge, desk):
    said = said_by(bridge)
    desk.news = news_of_a_book()
    bridge.drain()
    assert said == ["scenario", "decision", "book", "one", "two"]
    desk.news = DeskNews(notices=("three",))
    bridge.drain()
    assert said[5:] == ["three"]


def test_a_long_round_lets_the_window_have_its_turn_and_keeps_its_order(qtbot, bridge, desk):
    said = said_by(bridge)
    for signal in (bridge.scenario_changed, bridge.decision_changed, bridge.book_changed):
        signal.connect(lambda *_: time.sleep(2 * SLICE_S))
    beat = QTimer(bridge)
    beat.timeout.connect(lambda: said.append("the window"))
    desk.news = news_of_a_book()
    beat.start(0)
    bridge.start()
    qtbot.waitUntil(lambda: "two" in said)
    beat.stop()
    assert [word for word in said if word != "the window"] == [
        "scenario", "decision", "book", "one", "two"]  # fmt: skip
    for before, after in (("scenario", "decision"), ("decision", "book"), ("book", "one")):
        assert "the window" in said[said.index(before) : said.index(after)]


def test_news_that_comes_while_a_round_is_said_waits_for_its_end(qtbot, bridge, desk):
    said = said_by(bridge)
    desk.news = news_of_a_book()

    def more(*_):
        desk.news = DeskNews(notices=("later",))
        time.sleep(2 * SLICE_S)

    bridge.scenario_changed.connect(more)
    bridge.start()
    qtbot.waitUntil(lambda: "later" in said)
    assert said == ["scenario", "decision", "book", "one", "two", "later"]


def test_workers_pause_from_the_first_word_of_a_round_until_it_is_drawn(qtbot, bridge, desk):
    seen = []
    desk.courtesy.busy = lambda: seen.append("busy")
    desk.courtesy.idle = lambda: seen.append("idle")
    desk.ask = lambda: seen.append("asks")
    bridge.noticed.connect(seen.append)
    desk.news = DeskNews(notices=("said",))
    bridge.start()
    qtbot.waitUntil(lambda: "idle" in seen)
    assert seen[:4] == ["busy", "said", "asks", "idle"]


def test_while_a_price_is_dragged_answers_are_said_sooner(qtbot, bridge, desk):
    def intervals():
        return {timer.interval() for timer in bridge.findChildren(QTimer)}

    bridge.start()
    assert DRAIN_MS in intervals()
    desk.dragging = True
    qtbot.waitUntil(lambda: DRAG_MS in intervals())
    desk.dragging = False
    qtbot.waitUntil(lambda: DRAIN_MS in intervals())


def test_each_drawing_has_a_turn_of_its_own_after_what_is_said(qtbot, bridge, desk):
    said = said_by(bridge)

    def draw(what):
        said.append(what)
        QTimer.singleShot(0, lambda: said.append("window"))

    price, funding = (functools.partial(draw, what) for what in ("price", "funding"))
    for draws in (price, funding, price):
        bridge.market_changed.connect(lambda _, draws=draws: bridge.later(bridge, draws))
    update = FeedUpdate(mode=FeedMode.SIMULATED, now_ms=UnixMs(1))
    desk.news = dataclasses.replace(news_of_a_book(), update=update)
    bridge.start()
    qtbot.waitUntil(lambda: said.count("window") == 2)
    assert said[-4:] == ["price", "window", "funding", "window"]
    assert said[0] == "scenario"


def test_what_is_drawn_later_is_drawn_when_all_is_asked_for_at_once(bridge, desk):
    said = []
    bridge.noticed.connect(lambda _: bridge.later(bridge, functools.partial(said.append, "drawn")))
    desk.news = DeskNews(notices=("said",))
    bridge.drain()
    assert said == ["drawn"]


def test_what_is_deleted_is_drawn_no_more(bridge):
    drawn, owner = [], QObject()
    bridge.later(owner, functools.partial(drawn.append, "gone"))
    bridge.later(bridge, functools.partial(drawn.append, "there"))
    Shiboken.delete(owner)
    bridge.draw_all()
    assert drawn == ["there"]


def test_a_drawing_that_fails_costs_itself_and_no_answer(qtbot, bridge, desk):
    asked, said = [], []
    desk.ask = lambda: asked.append("asked")
    bridge.noticed.connect(lambda _: bridge.later(bridge, lambda: 1 / 0))
    bridge.noticed.connect(said.append)
    with qtbot.captureExceptions() as failed:
        bridge.start()
        for number in range(3):
            desk.news = DeskNews(notices=(str(number),))
            before = len(asked)
            qtbot.waitUntil(lambda before=before: len(asked) > before)
    assert [kind for kind, *_ in failed] == [ZeroDivisionError] * 3
    assert said == ["0", "1", "2"]


def test_nothing_is_drawn_after_the_end(bridge):
    drawn = []
    bridge.later(bridge, functools.partial(drawn.append, "late"))
    bridge.stop()
    bridge.draw_all()
    assert not drawn
