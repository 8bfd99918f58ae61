"""The loopback exchange: six venues on 127.0.0.1, for the real ccxt clients to talk to.

Every venue lives below its own root, ``http://127.0.0.1:PORT/<ccxt id>/``, and tells the same
scripted truth (``world.py``) in its own units (``venues/``). Faults are switched on and off a venue
at a time while it runs (``faults.py``). Every request is recorded. Websockets are not played.

::

    with LoopbackExchange() as exchange:
        exchange.world.play(fall())
        exchange.break_venue("okx", Fault.HANG)
        ccxt.okx(ccxt_options("okx", exchange.url))
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import ccxt
from aiohttp import web

from tests.loopback.faults import PAGE, REFUSALS, Fault, spoil
from tests.loopback.venues.registry import VENUES
from tests.loopback.world import CALM, MarketScript, Query, View, World, coins

START_S: Final = 10.0
HANG_S: Final = 3_600.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request as it came; ``known`` says that it is a read which this exchange answers.

    ``signed`` says that it came with a signature.
    """

    time_ms: int
    venue: str
    method: str
    path: str
    query: Query
    known: bool
    signed: bool = False


class LoopbackExchange:
    """Serves from its own thread between ``start`` and ``stop``; controls work from any thread.

    Parameters
    ----------
    venues : ccxt ids of the venues to play
    script : what happens to prices and open interest
    markets : how many coins each venue lists
    port : 0 takes a free one
    """

    def __init__(
        self,
        venues: Sequence[str] = tuple(VENUES),
        script: MarketScript = CALM,
        markets: int = 4,
        port: int = 0,
    ) -> None:
        listed = coins(markets)
        self.world = World({name: VENUES[name].listings(listed) for name in venues}, script)
        self.requests: list[Request] = []
        self._socket = socket.create_server(("127.0.0.1", port))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server: web.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="loopback exchange", daemon=True)

    def start(self) -> Self:
        self._thread.start()
        if not self._ready.wait(START_S):
            raise RuntimeError(f"the loopback exchange did not start at {self.url}")
        return self

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def break_venue(self, venue: str, fault: Fault, only: str = "") -> None:
        """Switch a fault on; ``only`` limits it to paths (Hyperliquid: types) that contain it."""
        state = self.world.states[venue]
        state.frozen_ms = self.world.now_ms()
        state.fault, state.only = fault, only

    def repair(self, venue: str) -> None:
        """Switch the venue's fault off."""
        self.world.states[venue].fault = None

    def jump(self, venue: str, factor: float) -> None:
        """Move one venue's prices away from all others', from now on; 1 brings them back."""
        state = self.world.states[venue]
        state.jump_ms, state.jump_factor = self.world.now_ms(), factor

    def reset(self, script: MarketScript = CALM) -> None:
        """Repair everything, begin a script and forget the requests."""
        for venue in self.world.states:
            self.repair(venue)
            self.jump(venue, 1.0)
            self.world.states[venue].two_sided_only = False
            self.world.states[venue].rate_factor = 1.0
            self.world.states[venue].key_may_trade = False
            self.world.states[venue].key_refused = False
        self.world.play(script)
        self.world.forced.clear()
        self.requests.clear()

    def requests_of(self, venue: str, *, last_s: float = 3_600.0) -> list[Request]:
        since = self.world.now_ms() - last_s * 1_000
        return [item for item in self.requests if item.venue == venue and item.time_ms >= since]

    def unknown_requests(self) -> list[Request]:
        """Return what was asked beyond the reads that are played; a write would be among it."""
        return [item for item in self.requests if not item.known]

    def open_sockets(self) -> int:
        return len(self._server.connections) if self._server else 0

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())

    async def _serve(self) -> None:
        self._server = web.Server(self._handle, access_log=None, handler_cancellation=True)
        runner = web.ServerRunner(self._server, shutdown_timeout=0.1)
        await runner.setup()
        await web.SockSite(runner, self._socket).start()
        self._ready.set()
        await self._stopping.wait()
        await runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        _, venue, path = (*request.path.split("/", 2), "")[:3]
        query, path = await _question(request, path)
        played = VENUES.get(venue) if venue in self.world.listings else None
        signed = bool(played) and played.signed_by in request.headers
        answers = played.answers | (played.private if signed else {}) if played else {}
        known = bool(played) and request.method == played.method and path in answers
        self.requests.append(
            Request(
                time_ms=self.world.now_ms(),
                venue=venue,
                method=request.method,
                path=path,
                query=query,
                known=known,
                signed=signed,
            )
        )
        if not known:
            return web.json_response({"error": f"{request.path} is not played"}, status=404)
        state = self.world.states[venue]
        fault = state.fault if state.only in path else None
        if fault in REFUSALS:
            return _refuse(REFUSALS[fault], played.refusal)
        if fault is Fault.HANG:
            await asyncio.sleep(HANG_S)
        answer = spoil(fault, answers[path](View(self.world, venue), query))
        return await _send(request, json.dumps(answer).encode(), fault)


async def _question(request: web.BaseRequest, path: str) -> tuple[Query, str]:
    """Return the parameters and what is asked for: the path, or the ``type`` in a posted body."""
    if request.method == "GET":
        return dict(request.query), path
    try:
        body: dict[str, Any] = await request.json()
    except ValueError:
        return {}, path
    if path != "info":
        return {key: str(value) for key, value in body.items()}, path
    flat = body | body.pop("req", {})
    return {key: str(value) for key, value in flat.items()}, str(body.get("type"))


def _refuse(refusal: Any, words: Any) -> web.Response:
    wait = refusal.retry_after_s
    headers = {"Retry-After": str(wait)} if wait is not None else {}
    if refusal.in_venue_words:
        return web.json_response(words(refusal.status), status=refusal.status, headers=headers)
    return web.Response(text=PAGE, status=refusal.status, headers=headers, content_type="text/html")


async def _send(request: web.BaseRequest, body: bytes, fault: Fault | None) -> web.StreamResponse:
    if fault is Fault.TRUNCATED:
        body = body[: len(body) // 2]
    if fault is Fault.RESET:
        return _hang_up(request)
    if fault is not Fault.DROP:
        return web.Response(body=body, content_type="application/json")
    response = web.StreamResponse(headers={"Content-Length": str(len(body))})
    response.content_type = "application/json"
    await response.prepare(request)
    await response.write(body[: len(body) // 2])
    return _hang_up(request)


def _hang_up(request: web.BaseRequest) -> web.StreamResponse:
    transport = request.transport
    if transport is not None:
        transport.abort()
    raise asyncio.CancelledError


def ccxt_options(venue: str, base_url: str, played: str = "") -> dict[str, Any]:
    """Return what points a ccxt client at the loopback: every address of its REST interface.

    ``played`` is the venue that answers, where it is another one with the same interface.
    """
    if venue not in ccxt.exchanges:
        return {}
    addresses: dict[str, str] = getattr(ccxt, venue)().urls["api"]
    root = f"{base_url}/{played or venue}"
    paths = {
        name: address.partition("://")[2].partition("/")[2] for name, address in addresses.items()
    }
    return {"urls": {"api": {name: f"{root}/{path}".rstrip("/") for name, path in paths.items()}}}


def wait_until(condition: Any, timeout_s: float = 10.0, step_s: float = 0.02) -> bool:
    """Return whether a condition came true in time."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(step_s)
    return True
