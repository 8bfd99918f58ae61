"""The liquidation heatmap as an answer to a question, computed bar by bar on a worker's thread.

``HeatmapAnswer`` keeps the map between two questions and takes in only what is new. Whenever what
was taken in turns out to be different now, and every ``BLOCK`` bars to make room, all is computed
again from the first bar.

Venues publish their history of open interest hourly or not at all, so the readings of the present
are remembered here, one a minute: a venue without a history begins with the first of them.

A venue whose liquidations have been observed for days gets a book whose leverage mix is fitted to
them every night, and whenever the user asks; the others keep the prior, and the answer says so.
Once a day the map is graded against what was liquidated at the largest fitted venue, one question
later than its first answer, because that takes seconds.

What the user wants drawn otherwise (venues switched off, today's fit) is a second map beside the
first, which stays whole: risk and score rest on that one.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Final

import numpy as np

from workstation.market.facts import Candles, Liquidation, OpenInterest, OpenInterestHistory
from workstation.market.feed import FeedMode
from workstation.market.instrument import MarketKey, Side
from workstation.market.series import merge_open_interest
from workstation.risk.heatmap_bars import BarLog, open_from_ms
from workstation.risk.heatmap_fitted import LEAST_DAYS
from workstation.risk.heatmap_scorecard import MapScore
from workstation.risk.known_levels import KnownLevels, known_levels
from workstation.risk.report import HeatmapColumns
from workstation.services.heatmap_map import BLOCK, COLUMNS, HeatmapMap, MapInput, frame_of
from workstation.services.heatmap_orders import OrderLog
from workstation.services.heatmap_request import HeatmapMarket, HeatmapRequest
from workstation.services.heatmap_scores import ScoreFile
from workstation.services.map_choice import AS_KNOWN, MapChoice
from workstation.units import HOUR_MS, MINUTE_MS, SECOND_MS, UnixMs, iso_utc

BURN_IN: Final = 10_000  # bars at most that the books see before the picture begins


class HeatmapAnswer:
    """Answers a ``HeatmapRequest``; belongs to one thread, so to one ``LatestWorker``.

    ``scores`` is where scores of the live map are kept; ``None``: nowhere.
    """

    def __init__(self, scores: ScoreFile | None = None) -> None:
        self._source: FeedMode | None = None
        self._scores = scores
        self._forget()

    def _forget(self) -> None:
        self._map: HeatmapMap | None = None
        self._drawn: HeatmapMap | None = None  # as the user chose
        self._inputs: tuple[MapInput, ...] = ()
        self._logs: dict[MarketKey, BarLog] = {}
        self._heard: dict[MarketKey, OpenInterestHistory] = {}
        self._orders = OrderLog()
        self._refits: dict[MarketKey, list[int]] = {}
        self._score: MapScore | None = None
        self._graded: tuple[str, int, int] | None = None  # coin, interval, day

    def __call__(self, request: HeatmapRequest) -> HeatmapColumns | None:
        """Return the map up to the newest bar; ``None`` where no market has open interest."""
        if request.source is not self._source:
            self._source = request.source
            self._forget()
        inputs = self._inputs = tuple(
            item for market in request.markets if (item := self._input(market)) is not None
        )
        if self._map is not None and not self._map.stays(inputs):
            self._map = None
        if self._drawn is not None and not self._drawn.stays(inputs):
            self._drawn = None
        if not inputs:
            self._map = self._drawn = None
            return None
        frame = frame_of(request, inputs)
        if self._map is None or not self._map.continues(frame, inputs):
            self._map = HeatmapMap(frame, inputs)
        else:
            self._grade(self._map, request)
        columns = self._map.columns(request, inputs)
        known = _known(request, columns)
        return dataclasses.replace(columns, score=self._score_of(request), known=known)

    def drawn(self, request: HeatmapRequest, choice: MapChoice) -> HeatmapColumns | None:
        """Return the map of the question just answered, as the user wants to see it.

        ``None`` where every venue is switched off, or where the choice is to see it as known.
        """
        inputs = tuple(item for item in self._inputs if item.key.venue not in choice.off)
        if self._map is None or not inputs or choice == AS_KNOWN:
            self._drawn = None
            return None
        beliefs = None
        if choice.with_todays_fit:
            known = self._map.beliefs
            beliefs = {item.key: known[item.key] for item in inputs if item.key in known}
        frame = frame_of(request, inputs)
        if self._drawn is None or not self._drawn.continues(frame, inputs, beliefs):
            self._drawn = HeatmapMap(frame, inputs, beliefs)
        columns = self._drawn.columns(request, inputs)
        return dataclasses.replace(
            columns,
            missing=tuple(venue for venue in columns.missing if venue not in choice.off),
            off=tuple(sorted(choice.off)),
            with_todays_fit=choice.with_todays_fit,
            score=self._score_of(request),
            known=tuple(
                item for item in _known(request, columns) if item.key.venue not in choice.off
            ),
        )

    def refit(self) -> str:
        """Fit the leverage of the map just answered anew; return what came of it, in a sentence."""
        if self._map is None:
            return "There is no liquidation map whose leverage could be fitted yet."
        fitted = self._map.refit()
        for key, time_ms in fitted.items():
            self._refits.setdefault(key, []).append(time_ms)
        self._drawn = None
        days = {key: self._map.beliefs[key].days for key in fitted}
        if not days:
            return (
                "No leverage was fitted: that needs two days and thirty liquidations observed at "
                "one venue; until then the map assumes it."
            )
        each = ", ".join(f"{key.venue} to {count} days" for key, count in days.items())
        return f"The map's leverage was fitted anew to observed liquidations: {each}."

    def _grade(self, known: HeatmapMap, request: HeatmapRequest) -> None:
        graded = (request.coin, request.interval_s, known.settled_day())
        if graded == self._graded:
            return
        self._graded = graded
        found = known.grades(self._orders)
        if found is None:
            return
        key, end_ms, grades = found
        self._score = MapScore(
            day=iso_utc(end_ms)[:10],
            coin=request.coin,
            interval_s=request.interval_s,
            venue=key.venue,
            grades=grades,
        )
        if self._scores is not None and request.source is FeedMode.LIVE:
            self._scores.append(self._score)

    def _score_of(self, request: HeatmapRequest) -> MapScore | None:
        asked = (request.coin, request.interval_s)
        if self._score is not None and (self._score.coin, self._score.interval_s) == asked:
            return self._score
        if self._scores is not None and request.source is FeedMode.LIVE:
            self._score = self._scores.newest(*asked)
            return self._score
        return None

    def _input(self, market: HeatmapMarket) -> MapInput | None:
        candles, interest = market.candles, self._open_interest(market)
        if interest is None or not len(interest):
            return None
        block_ms = BLOCK * candles.interval_s * SECOND_MS
        blocks = -(-(COLUMNS + BURN_IN) // BLOCK)
        start_ms = (int(candles.time_ms[-1]) // block_ms - blocks) * block_ms
        log = self._logs.get(candles.key)
        if log is None:
            log = self._logs[candles.key] = BarLog()
        bars = log.join(candles, interest, start_ms)
        begin_ms = bars.begin_ms()
        if begin_ms is None:
            return None
        end_ms = int(bars.time_ms[-1]) + bars.interval_ms
        self._orders.remember(candles.key, market.liquidations, end_ms)
        asked = self._refits.get(candles.key, [])
        asked[:] = [time_ms for time_ms in asked if time_ms <= end_ms]  # a tape was wound back
        return MapInput(
            key=candles.key,
            maintenance_rate=market.maintenance_rate,
            bars=bars,
            stayed=log.stayed,
            orders=self._orders.of(candles.key),
            begin_ms=begin_ms,
            open_from_ms=open_from_ms(candles, interest),
            refits_ms=tuple(asked),
        )

    def _open_interest(self, market: HeatmapMarket) -> OpenInterestHistory | None:
        key = market.candles.key
        if market.newest is not None:
            self._heard[key] = _remember(self._heard.get(key), market.newest)
        heard, history = self._heard.get(key), market.open_interest
        return history if heard is None else merge_open_interest(history, heard)


def _known(request: HeatmapRequest, columns: HeatmapColumns) -> tuple[KnownLevels, ...]:
    return tuple(
        known_levels(
            market.known,
            columns.edges(),
            None if market.newest is None else market.newest.open_interest_base,
            request.now_ms,
        )
        for market in request.markets
        if market.known is not None
    )


def _remember(heard: OpenInterestHistory | None, newest: OpenInterest) -> OpenInterestHistory:
    # the last reading of every minute; what lies ahead is of a tape that was wound back
    minute_ms = (newest.as_of_ms - 1) // MINUTE_MS * MINUTE_MS
    row = OpenInterestHistory(
        key=newest.key,
        time_ms=np.array([newest.as_of_ms], dtype=np.int64),
        open_interest_base=np.array([newest.open_interest_base]),
        open_interest_usd=np.array([newest.open_interest_usd]),
    )
    if heard is None:
        return row
    keep = slice(0, int(np.searchsorted(heard.time_ms, minute_ms, side="right")))
    earlier = dataclasses.replace(
        heard,
        time_ms=heard.time_ms[keep],
        open_interest_base=heard.open_interest_base[keep],
        open_interest_usd=heard.open_interest_usd[keep],
    )
    return merge_open_interest(earlier, row)


def warm_up(progress: Callable[[str], None]) -> None:
    """Compile the heatmap's kernels and keep them on disk, so that later starts find them."""
    progress("Preparing the liquidation heatmap: its kernels are compiled once, in ten seconds.")
    market = _market_that_is_fitted()
    request = HeatmapRequest(
        source=FeedMode.SIMULATED,
        coin="BTC",
        interval_s=market.candles.interval_s,
        markets=(market,),
    )
    answer = HeatmapAnswer()
    for _ in range(2):  # from scratch, and grown
        answer(request)


def _market_that_is_fitted() -> HeatmapMarket:
    # price stands still, and every hour something is liquidated on both sides
    hours = 24 * math.ceil(LEAST_DAYS + 1)
    time_ms, price = HOUR_MS * np.arange(hours), np.full(hours, 100.0)
    key = MarketKey("warm-up", "BTC/USDT:USDT")
    return HeatmapMarket(
        candles=Candles(
            key=key,
            interval_s=HOUR_MS // SECOND_MS,
            time_ms=time_ms,
            open=price,
            high=price + 1,
            low=price,
            close=price,
            volume_base=price,
        ),
        open_interest=OpenInterestHistory(
            key=key, time_ms=time_ms, open_interest_base=price, open_interest_usd=100 * price
        ),
        liquidations=tuple(
            Liquidation(key=key, side=side, quantity_base=1.0, price=100.0, time_ms=UnixMs(at))
            for at in time_ms.tolist()
            for side in Side
        ),
    )
