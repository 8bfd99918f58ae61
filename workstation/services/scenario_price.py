"""The price the scenario falls to: the user's, or a default that fits the coin's mark.

A price that the user chose is kept by coin, and survives another source. The default is held
against the first mark of a coin at a source, once, and does not run after the mark.
"""

from __future__ import annotations

import dataclasses
from typing import Final

from workstation.services.desk_news import View

DEFAULT_MOVE: Final = 0.9  # of the mark, where the scenario's default price is none to fall to


class ScenarioPrice:
    """``fits`` tells whether the view's price is one to move to."""

    def __init__(self) -> None:
        self.fits = False
        self._chosen = False  # by the user, for this coin
        self._by_coin: dict[str, float] = {}  # what was chosen for the coins looked at before

    def follow(self, old: View, view: View) -> View:
        """Return the view the user turns to, with the price that was chosen for its coin."""
        if view.coin == old.coin:
            if view.scenario_price != old.scenario_price:
                self._chosen = self.fits = True
            return view
        if self._chosen:
            self._by_coin[old.coin] = old.scenario_price
        price = self._by_coin.get(view.coin)
        self._chosen = self.fits = price is not None
        return view if price is None else dataclasses.replace(view, scenario_price=price)

    def begin_source(self) -> None:
        """Hold the default against another source's marks; what was chosen stands."""
        self.fits = self._chosen

    def fit(self, view: View, mark: float, default: float) -> View:
        """Return the view with the default price, or a fall from the mark if that lies below it."""
        self.fits = True
        price = default if 0 < default < mark else float(f"{DEFAULT_MOVE * mark:.3g}")
        return dataclasses.replace(view, scenario_price=price)
