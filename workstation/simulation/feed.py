"""The simulated market as a feed with a tape: its own thread, real time in, market time out."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from workstation import paths
from workstation.market.facts import VenueHealth, VenueState
from workstation.market.feed import FeedMode, FeedUpdate, TapeState, Watch
from workstation.market.outbox import Outbox
from workstation.settings import MarketSettings
from workstation.simulation import story
from workstation.simulation.generator import VENUES
from workstation.simulation.history import load_or_build
from workstation.simulation.player import Player
from workstation.units import SECOND_MS, UnixMs

log = logging.getLogger(__name__)

BEAT_S: Final = 0.25  # real time between two looks: a fast poll, so that the picture moves
_LONGEST_BEAT_S: Final = 1.0  # a machine that slept does not race through the night
_FRESH_S: Final = 3.0  # real time for which facts hold, whatever the speed
_STRIDE_S: Final = 86_400  # market time between two looks at the stop sign on a long way
_START_MS: Final = story.PLAY_START_S * SECOND_MS


def warm_up(
    progress: Callable[[str], None],
    *,
    seed: int = MarketSettings().seed,
    cache_dir: Path | None = None,
) -> None:
    """Compile the kernels and save a market; ``progress`` gets a sentence a phase.

    Takes about three seconds, fifteen where the kernels are compiled, a tenth when all is there.
    """
    market = load_or_build(seed, cache_dir or paths.cache_dir(), progress)
    if market is not None:
        market.advance(1)  # compiles the kernels where the market came from the cache


@dataclass(slots=True)
class _Controls:
    """What the user asked for, and what the thread has not yet done about it."""

    paused: bool
    speed: float
    seek_ms: int | None = None
    steps: int = 0
    watch: Watch = field(default_factory=Watch)
    watch_changed: bool = True


class SimulatedFeed:
    """The built-in market; see ``market.feed`` for the contract of feeds and tapes.

    It can be sought between its first moment and the latest one that was reached: the market is
    deterministic, so going back plays the saved state again. Without a saved state it builds one
    first: some seconds in which its venues are EXPECTED and notices say what it does.
    """

    def __init__(self, settings: MarketSettings, cache_dir: Path) -> None:
        self._settings = settings
        self._cache_dir = cache_dir
        self._venues = tuple(venue for venue in VENUES if venue.name in settings.venues)
        self._outbox = Outbox(FeedMode.SIMULATED)
        self._changed = threading.Condition()
        self._controls = _Controls(paused=False, speed=settings.speed)
        self._stopping = False
        self._tape_ms = float(_START_MS)
        self._end_ms = _START_MS
        self._thread = threading.Thread(target=self._run, name="simulated-market", daemon=True)

    @property
    def mode(self) -> FeedMode:
        return FeedMode.SIMULATED

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()

    def take_fresh(self) -> FeedUpdate:
        return self._outbox.take(UnixMs(int(self._tape_ms)))

    def watch(self, watch: Watch) -> None:
        with self._changed:
            self._controls.watch = watch
            self._controls.watch_changed = True
            self._changed.notify()

    def set_paused(self, paused: bool) -> None:
        with self._changed:
            self._controls.paused = paused
            self._changed.notify()

    def set_speed(self, speed: float) -> None:
        with self._changed:
            self._controls.speed = speed
            self._changed.notify()

    def seek(self, time_ms: UnixMs) -> None:
        with self._changed:
            self._controls.seek_ms = time_ms
            self._changed.notify()

    def step(self) -> None:
        with self._changed:
            self._controls.steps += 1
            self._changed.notify()

    def _run(self) -> None:
        try:
            self._play()
        except Exception as error:  # the thread's outermost loop: log, tell, and end
            log.exception("The simulated market stopped")
            sentence = f"The simulated market stopped: {error}. Choose another source, or restart."
            self._outbox.put(notices=[sentence])

    def _play(self) -> None:
        self._announce()
        self._show_tape()
        player = self._new_player()
        beat = time.monotonic()
        while player is not None and not self._stopping:
            elapsed_s, beat = time.monotonic() - beat, time.monotonic()
            player = self._follow(player, min(elapsed_s, _LONGEST_BEAT_S))
            with self._changed:
                if not self._stopping:
                    self._changed.wait(BEAT_S)

    def _announce(self) -> None:
        simulated = {venue.name for venue in VENUES}
        absent = [venue for venue in self._settings.venues if venue not in simulated]
        reason = "is not part of the simulated market"
        self._outbox.put(
            health=[
                *(VenueHealth(venue=v.name, state=VenueState.EXPECTED) for v in self._venues),
                *(
                    VenueHealth(venue=v, state=VenueState.DOWN, error=f"{v} {reason}")
                    for v in absent
                ),
            ],
            notices=[f"The market is simulated (seed {self._settings.seed})."],
        )

    def _new_player(self) -> Player | None:
        """Return a player at the first moment of the tape; ``None`` if the feed is stopping."""
        market = load_or_build(
            self._settings.seed,
            self._cache_dir,
            progress=lambda sentence: self._outbox.put(notices=[sentence]),
            cancelled=lambda: self._stopping,
        )
        return Player(market, self._venues, self._outbox) if market is not None else None

    def _follow(self, player: Player, elapsed_s: float) -> Player | None:
        """Do what the controls ask, play to where the tape is now, and publish."""
        controls = self._take_controls()
        target_ms = self._target(controls, elapsed_s)
        if target_ms < self._tape_ms:
            self._outbox.restart()
            self._tape_ms = float(_START_MS)
            rewound = self._new_player()
            if rewound is None:
                return None
            player, controls.watch_changed = rewound, True
        while player.time_s < target_ms // SECOND_MS and not self._stopping:
            player.play_to(min(int(target_ms // SECOND_MS), player.time_s + _STRIDE_S))
        if controls.watch_changed:
            player.watch(controls.watch)
        self._end_ms = max(self._end_ms, int(target_ms))
        self._show_tape()
        player.publish(UnixMs(int(target_ms)), self._fresh_for_ms(controls.speed))
        self._tape_ms = target_ms  # only now: until then the facts at hand are not yet old
        return player

    def _take_controls(self) -> _Controls:
        with self._changed:
            taken = dataclasses.replace(self._controls)
            self._controls.seek_ms, self._controls.steps = None, 0
            self._controls.watch_changed = False
        return taken

    def _target(self, controls: _Controls, elapsed_s: float) -> float:
        from_ms, steps_s = self._tape_ms, controls.steps * controls.watch.interval_s
        if controls.seek_ms is not None:
            from_ms = float(min(max(controls.seek_ms, _START_MS), self._end_ms))
        elif not controls.steps and not controls.paused:
            return from_ms + elapsed_s * SECOND_MS * controls.speed
        return from_ms + steps_s * SECOND_MS

    @staticmethod
    def _fresh_for_ms(speed: float) -> int:
        return round(_FRESH_S * SECOND_MS * max(1.0, speed))

    def _show_tape(self) -> None:
        with self._changed:
            tape = TapeState(
                speed=self._controls.speed,
                paused=self._controls.paused,
                start_ms=UnixMs(_START_MS),
                end_ms=UnixMs(self._end_ms),
            )
        self._outbox.set_tape(tape)
