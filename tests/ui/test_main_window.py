"""The window from one start to the next: what is greeted, what is kept, what comes back."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QPushButton, QToolButton

from tests.ui.alerts import FIRED, record
from ui import layout_store
from ui.bridge import Bridge
from ui.layout_store import Layout
from ui.main_window import MainWindow
from ui.theme import DARK, LIGHT
from workstation.market.catalogue import Catalogue
from workstation.market.feed import FeedMode
from workstation.market.store import MarketStore
from workstation.paths import sample_path
from workstation.portfolio.formats import registry
from workstation.services.alert_service import AlertNews


@pytest.fixture
def make_window(qtbot, desk):
    desk.portfolio = registry.read(sample_path(), Catalogue.embedded())
    windows = []

    def make():
        window = MainWindow(Bridge(desk), desk.settings, DARK, asks=False)
        qtbot.addWidget(window)
        window.show()
        windows.append(window)
        return window

    yield make
    for window in windows:
        window.close()


def shown(window):
    docks = window.workspace.docks
    return {spec.key for spec in window.workspace.specs if docks.is_shown(spec.key)}


def test_the_first_start_shows_one_bar_and_its_alerts_after_it(make_window):
    window = make_window()
    assert window.welcome.isVisible()
    window.bridge.alerts_changed.emit(AlertNews(fired=(record(1),)))
    assert not window.alerts.banner.isVisible()
    next(b for b in window.welcome.findChildren(QToolButton)).click()
    assert not window.welcome.isVisible()
    assert window.alerts.banner.isVisible()
    assert window.alerts.banner.text() == f"alert 1. {FIRED}"


def test_the_bar_of_the_first_start_names_the_sample_only_while_it_is_open(make_window, desk):
    window = make_window()
    assert "an invented market and a sample book." in window.welcome.sentence()
    desk.portfolio = None
    window.bridge.portfolio_changed.emit(None)
    assert window.welcome.isVisible()
    assert window.welcome.sentence() == ("You are looking at an invented market. Make it yours:")


def test_a_first_start_with_live_prices_is_no_demo_and_holds_no_alert_back(make_window, desk):
    desk.store = MarketStore(FeedMode.LIVE)
    window = make_window()
    assert not window.welcome.isVisible()
    window.bridge.alerts_changed.emit(AlertNews(fired=(record(1),)))
    assert window.alerts.banner.isVisible()


def test_the_crash_layout_comes_back_at_the_next_start_and_can_be_left(make_window):
    window = make_window()
    everything = shown(window)
    window.workspace.toggle_crash_layout()
    kept = shown(window)
    assert kept < everything
    window.close()
    assert layout_store.load_last().crash
    again = make_window()
    assert shown(again) == kept
    again.workspace.toggle_crash_layout()
    assert shown(again) == everything


def test_an_older_layout_shows_a_panel_that_it_does_not_know(make_window):
    window = make_window()
    layout = window.layout_now()
    older = layout.docks.replace('Name="what_if"', 'Name="gone"')
    panels = {key: state for key, state in layout.panels.items() if key != "what_if"}
    window.restore_layout(Layout(docks=older, panels=panels))
    assert "what_if" in shown(window)


def test_chosen_columns_come_back_at_the_next_start(make_window):
    window = make_window()
    window.workspace.panel("positions")._table.choose(["Stop"])
    window.close()
    table = make_window().workspace.panel("positions")._table
    assert table.chosen == {"Stop"}


def test_the_order_of_a_table_comes_back_in_another_theme_and_at_the_next_start(make_window):
    window = make_window()
    window.workspace.panel("positions")._table.sort_by("Stop", descends=True)
    window.set_theme(LIGHT)
    assert window.workspace.panel("positions")._table.sorting == ("Stop", True)
    window.close()
    assert make_window().workspace.panel("positions")._table.sorting == ("Stop", True)


def test_a_layout_without_an_order_gives_the_tables_theirs_back(make_window):
    window = make_window()
    plain = window.layout_now()
    table = window.workspace.panel("positions")._table
    table.choose(["Stop"])
    table.sort_by("Stop")
    window.restore_layout(plain)
    assert (table.sorting, table.chosen) == (None, None)


def test_on_a_very_small_screen_the_blocks_scroll_and_nothing_is_squeezed(qtbot, make_window):
    # 1366 x 768 at 200 %
    window = make_window()
    window.resize(683, 384)
    window.show()
    docks = window.workspace.docks.widget
    qtbot.waitUntil(lambda: window.width() == 683)
    assert docks.width() >= 900
    assert docks.height() >= 500
    assert window.welcome.width() <= 683
    window.welcome.leave()
    window.bridge.alerts_changed.emit(AlertNews(fired=(record(1),)))
    qtbot.waitUntil(window.alerts.banner.isVisible)
    assert window.width() == 683
    # the buttons stand under the sentence, which has the line for itself
    sentence, button = window.alerts.banner._text, window.alerts.banner.findChild(QPushButton)
    qtbot.waitUntil(lambda: button.geometry().top() >= sentence.geometry().bottom())
