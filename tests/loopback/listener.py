"""A small web server that keeps what is sent to it: an ntfy topic, a dead-man's switch."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from dataclasses import dataclass
from typing import Self

from aiohttp import web


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One request; ``at_s`` is ``time.time()``."""

    at_s: float
    method: str
    path: str
    headers: dict[str, str]
    text: str


class Listener:
    """Serves from its own thread between ``with`` and its end.

    ``failures`` is how many requests are answered with HTTP 503 before the others are taken.
    """

    def __init__(self, failures: int = 0) -> None:
        self.heard: list[Heard] = []
        self.failures = failures
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._loop = asyncio.new_event_loop()
        self._stopping = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="listener", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()
        self._loop.close()

    def at(self, path: str) -> list[Heard]:
        return [one for one in self.heard if one.path == path]

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        server = web.Server(self._handle, access_log=None)
        runner = web.ServerRunner(server, shutdown_timeout=0.1)
        await runner.setup()
        await web.SockSite(runner, self._socket).start()
        self._ready.set()
        await self._stopping.wait()
        await runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        text = (await request.read()).decode()
        self.heard.append(
            Heard(
                at_s=time.time(),
                method=request.method,
                path=request.path,
                headers=dict(request.headers),
                text=text,
            )
        )
        if self.failures > 0:
            self.failures -= 1
            return web.Response(status=503)
        return web.Response(text="{}")
