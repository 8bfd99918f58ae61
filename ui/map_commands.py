"""What can be done with the liquidation map: the Market menu and the price panel offer the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Final

from ui import format as fmt
from ui.bridge import Bridge
from ui.commands import Command

_MENU = "Market/Liquidation map"
_NO_FIT: Final = (
    "No leverage is fitted yet, so the map assumes it: a fit needs two days and thirty "
    "liquidations observed at one venue."
)


def map_commands(bridge: Bridge, open_scores: Callable[[], None]) -> tuple[Command, ...]:
    """Return the commands as they stand now; venues are those of the map that is known."""
    desk = bridge.desk
    choice = desk.view.map
    fits = desk.heatmap is not None and bool(desk.heatmap.fitted)
    return (
        Command(
            id="map.scores", menu=_MENU, text="Scores of the liquidation map…", group=4,
            help="How good the map has been, beside simple baselines, and whether its band holds",
            run=open_scores,
        ),
        Command(
            id="map.refit", menu=_MENU, text="Fit the map's leverage now", group=4,
            help="Fit the leverage mix to the liquidations observed until now, in the background; "
            "it is fitted every night as well",
            run=desk.refit_map,
        ),
        Command(
            id="map.todays_fit", menu=_MENU, text="Draw the map with today's fit", group=4,
            help="What the newest fit would have drawn, instead of what was known then; only the "
            "latter is scored",
            lacking="" if fits or choice.with_todays_fit else _NO_FIT,
            checked=choice.with_todays_fit, run=lambda: _toggle_fit(bridge),
        ),
        _in_coins(bridge),
        _known_positions(bridge),
        *_venues(bridge),
    )  # fmt: skip


def _in_coins(bridge: Bridge) -> Command:
    view = bridge.desk.view
    return Command(
        id="map.coins", menu=_MENU, text="Amounts in coins", group=4,
        help="Count the map's scale, the ladder and what waits before each line in coins instead "
        "of USD; the card beside the mouse says both",
        checked=view.map_in_coins,
        run=lambda: bridge.desk.set_view(
            dataclasses.replace(view, map_in_coins=not view.map_in_coins)
        ),
    )  # fmt: skip


def _known_positions(bridge: Bridge) -> Command:
    view, columns = bridge.desk.view, bridge.desk.heatmap
    there = columns is not None and bool(columns.known)
    return Command(
        id="map.known", menu=_MENU, text="Mark positions known one by one", group=4,
        help="Mark on the ladder, and tell beside the mouse, the positions of public addresses, or "
        "of everybody in the simulated market; they are never added to the estimate",
        lacking="" if there else "No positions are known one by one: add a public Hyperliquid "
        "address in the settings.",
        checked=view.known_positions,
        run=lambda: bridge.desk.set_view(
            dataclasses.replace(view, known_positions=not view.known_positions)
        ),
    )  # fmt: skip


def _toggle_fit(bridge: Bridge) -> None:
    view = bridge.desk.view
    choice = dataclasses.replace(view.map, with_todays_fit=not view.map.with_todays_fit)
    bridge.desk.set_view(dataclasses.replace(view, map=choice))


def _venues(bridge: Bridge) -> Iterator[Command]:
    known, off = bridge.desk.heatmap, bridge.desk.view.map.off
    counted = known.venues if known is not None else ()
    for venue in dict.fromkeys((*counted, *sorted(off))):
        name = fmt.venue_name(venue)
        yield Command(
            id=f"map.venue.{venue}", menu=_MENU, text=f"{name} in the map", group=5,
            help=f"Count the open interest of {name} in the map that is drawn; scenarios and "
            "scores keep counting it",
            checked=venue not in off, run=_switch(bridge, venue),
        )  # fmt: skip
    for venue in known.missing if known is not None else ():
        name = fmt.venue_name(venue)
        yield Command(
            id=f"map.missing.{venue}", menu=_MENU, text=f"{name}: no open interest is known",
            group=5, help=f"Count the open interest of {name} in the map that is drawn",
            lacking=f"The map is without {name}: nobody knows how much is open there.",
            run=lambda: None,
        )  # fmt: skip


def _switch(bridge: Bridge, venue: str) -> Callable[[], None]:
    def switch() -> None:
        view = bridge.desk.view
        choice = view.map.with_venue(venue, on=venue in view.map.off)
        bridge.desk.set_view(dataclasses.replace(view, map=choice))

    return switch
