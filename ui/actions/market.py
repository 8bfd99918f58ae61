"""The Market menu: where prices come from, what the charts show, and the tape."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Final

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QFileDialog, QMainWindow

from ui.bridge import Bridge
from ui.commands import Command
from ui.tape_controls import ENDED, SPEEDS, TapeControls, has_ended
from workstation.market.facts import MarkPrice
from workstation.market.feed import INTERVALS_S, FeedMode

_USUAL_COINS: Final = ("BTC", "ETH", "SOL")
_MAX_COINS: Final = 40  # of a menu
_NO_TAPE: Final = "Live prices have no tape: only a simulated market or a recording is paused."
_RUNNING: Final = "Pause the tape first (Ctrl+Space), then step."


class MarketActions(QObject):
    """Changes the source, the view and the tape through the desk."""

    def __init__(self, window: QMainWindow, bridge: Bridge, tape: TapeControls) -> None:
        super().__init__(window)
        self._window = window
        self._bridge = bridge
        self._tape = tape

    def commands(self) -> Sequence[Command]:
        return (*self._sources(), *self._coins(), *self._intervals(), *self._tape_commands())

    def _sources(self) -> tuple[Command, ...]:
        mode = self._bridge.desk.store.mode
        return (
            Command(
                id="market.live", menu="Market", text="Live", shortcut="Ctrl+L",
                help="Prices of the exchanges, as they come", checked=mode is FeedMode.LIVE,
                run=self._source_opener("live"),
            ),
            Command(
                id="market.simulated", menu="Market", text="Simulated",
                help="The built-in market of invented traders, shortly before a crash",
                checked=mode is FeedMode.SIMULATED, run=self._source_opener("simulated"),
            ),
            Command(
                id="market.replay", menu="Market", text="Replay a recording…",
                help="Play a folder of recorded market data", checked=mode is FeedMode.REPLAY,
                run=self.choose_recording,
            ),
        )  # fmt: skip

    def _coins(self) -> tuple[Command, ...]:
        desk = self._bridge.desk
        known = {key.symbol.partition("/")[0] for key in desk.store.all_of(MarkPrice)}
        markets = desk.portfolio.markets if desk.portfolio is not None else ()
        held = {key.symbol.partition("/")[0] for key in markets}
        first = dict.fromkeys((*_USUAL_COINS, *sorted(held)))
        coins = [*first, *sorted(known - first.keys())][:_MAX_COINS]
        return tuple(
            Command(
                id=f"market.coin.{coin}", menu="Market/Coin", text=coin, group=1,
                help=f"Show {coin} on the charts", checked=coin == desk.view.coin,
                run=self._coin_setter(coin),
            )
            for coin in coins
        )  # fmt: skip

    def _intervals(self) -> tuple[Command, ...]:
        now_s = self._bridge.desk.view.interval_s
        return tuple(
            Command(
                id=f"market.interval.{name}", menu="Market/Interval", text=name, group=1,
                shortcut=f"Ctrl+{number}", help=f"Candles of {name}", checked=seconds == now_s,
                run=self._interval_setter(seconds),
            )
            for number, (name, seconds) in enumerate(INTERVALS_S.items(), start=1)
        )  # fmt: skip

    def _tape_commands(self) -> tuple[Command, ...]:
        state = self._bridge.desk.store.tape
        there = self._bridge.desk.tape is not None and state is not None
        lacking = "" if there else _NO_TAPE
        stopped = lacking or (ENDED if has_ended(self._bridge.desk.store) else "")
        paused = state is not None and state.paused
        speed = state.speed if state is not None else 0.0
        return (
            Command(
                id="market.pause", menu="Market", text="Pause", shortcut="Ctrl+Space", group=2,
                help="Stop the tape, or run on", checked=paused, lacking=stopped,
                run=self._tape.toggle_pause,
            ),
            Command(
                id="market.step", menu="Market", text="Step", shortcut="Ctrl+Right", group=2,
                help="Advance the paused tape by one candle",
                lacking=stopped or ("" if paused else _RUNNING), run=self._tape.step,
            ),
            *(
                Command(
                    id=f"market.speed.{each:g}", menu="Market/Speed", text=f"{each:,.0f}×",
                    group=2, help=f"Run the tape at {each:,.0f} times real time",
                    lacking=lacking, checked=each == speed, run=self._speed_setter(each),
                )
                for each in SPEEDS
            ),
        )  # fmt: skip

    def _source_opener(self, source: str) -> Callable[[], None]:
        return lambda: self._bridge.desk.open_source(source)

    def _coin_setter(self, coin: str) -> Callable[[], None]:
        desk = self._bridge.desk
        return lambda: desk.set_view(dataclasses.replace(desk.view, coin=coin))

    def _interval_setter(self, interval_s: int) -> Callable[[], None]:
        desk = self._bridge.desk
        return lambda: desk.set_view(dataclasses.replace(desk.view, interval_s=interval_s))

    def _speed_setter(self, speed: float) -> Callable[[], None]:
        def set_speed() -> None:
            if (tape := self._bridge.desk.tape) is not None:
                tape.set_speed(speed)

        return set_speed

    def choose_recording(self) -> None:
        dialog = QFileDialog(self._window, "Replay a recording")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(self.open_recording)
        dialog.open()

    @Slot(str)
    def open_recording(self, folder: str) -> None:
        self._bridge.desk.open_source(f"replay:{folder}")
