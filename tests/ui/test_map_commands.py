import dataclasses

import pytest

from tests.ui.charts.frozen import heatmap
from tests.ui.charts.test_ladder_item import known_at
from ui.dialogs.map_scores import MapScoresDialog
from ui.main_window import MainWindow
from ui.map_commands import map_commands
from ui.theme import DARK
from workstation.services.map_choice import MapChoice


@pytest.fixture
def commands(desk, bridge):
    desk.heatmap = heatmap(missing=("kraken",))

    def commands(scores=None):
        return {command.id: command for command in map_commands(bridge, scores)}

    return commands


def test_a_venue_is_switched_off_and_on_again(commands, desk):
    assert commands()["map.venue.deribit"].checked
    commands()["map.venue.deribit"].run()
    assert desk.view.map.off == {"deribit"}
    assert not commands()["map.venue.deribit"].checked
    commands()["map.venue.deribit"].run()
    assert desk.view.map.off == frozenset()


def test_a_venue_that_is_off_can_be_switched_on_before_any_map_is_known(commands, desk):
    commands()["map.venue.deribit"].run()
    desk.heatmap = None
    assert not commands()["map.venue.deribit"].checked


def test_a_venue_without_open_interest_is_listed_as_missing(commands):
    missing = commands()["map.missing.kraken"]
    assert missing.text == "Kraken: no open interest is known"
    assert not missing.enabled


def test_todays_fit_cannot_be_drawn_before_anything_is_fitted_but_left(commands, desk):
    assert "No leverage is fitted yet" in commands()["map.todays_fit"].lacking
    desk.view = dataclasses.replace(desk.view, map=MapChoice(with_todays_fit=True))
    assert commands()["map.todays_fit"].enabled


def test_todays_fit_is_a_switch(commands, desk):
    desk.heatmap = heatmap(fitted=("deribit",))
    assert commands()["map.todays_fit"].checked is False
    commands()["map.todays_fit"].run()
    assert desk.view.map.with_todays_fit
    assert commands()["map.todays_fit"].checked


def test_known_positions_are_marked_by_a_switch_where_there_are_any(commands, desk):
    assert not commands()["map.known"].enabled
    assert "add a public Hyperliquid address" in commands()["map.known"].lacking
    desk.heatmap = known_at(heatmap(), 30)
    assert commands()["map.known"].enabled
    assert commands()["map.known"].checked
    commands()["map.known"].run()
    assert not desk.view.known_positions
    assert not commands()["map.known"].checked


def test_a_fit_is_asked_for_and_scores_are_opened(commands, desk):
    opened = []
    commands()["map.refit"].run()
    assert desk.requests[-1] == ("refit_map", None)
    commands(lambda: opened.append(1))["map.scores"].run()
    assert opened == [1]


def test_the_window_opens_the_scores_that_a_panel_asks_for(qtbot, desk, bridge):
    window = MainWindow(bridge, desk.settings, DARK)
    qtbot.addWidget(window)
    bridge.command_requested.emit("map.scores")
    (dialog,) = window.findChildren(MapScoresDialog)
    assert dialog.isVisible()
    dialog.reject()
    qtbot.waitUntil(lambda: not window.findChildren(MapScoresDialog))
    window.close()


def test_amounts_in_coins_are_a_switch_that_the_palette_has_too(commands, desk):
    assert commands()["map.coins"].checked is False
    commands()["map.coins"].run()
    assert desk.view.map_in_coins
    assert commands()["map.coins"].checked
    commands()["map.coins"].run()
    assert not desk.view.map_in_coins
