"""Sends messages to phones, and says that the watch is alive, on one thread of its own.

``http`` and ``https`` addresses are topics of ntfy and get a plain POST; everything else goes to
apprise, which is imported only then. A message that is not taken is tried again three times; how
it ended is a ``Delivery``. What comes of an address never holds the address.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import queue
import threading
from collections.abc import Callable, Coroutine, Sequence
from email.header import Header
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from workstation.alerts.facts import Severity
from workstation.errors import WorkstationError
from workstation.services import push_address
from workstation.services.push_address import name_of
from workstation.services.push_message import Delivery, Message

if TYPE_CHECKING:
    import aiohttp

log = logging.getLogger(__name__)
T = TypeVar("T")
RETRIES: Final = 3
_RETRY_S: Final = 1.0  # doubled each time
_TIMEOUT_S: Final = 10.0
_GRACE_S: Final = 0.5  # for what is under way at the end
_MOST_BYTES: Final = 3_900  # ntfy makes a file of what is longer than 4,096
_NTFY: Final = {  # priority 1..5, and a tag that a phone shows as a picture
    Severity.INFO: ("3", "information_source"),
    Severity.WARN: ("4", "warning"),
    Severity.CRITICAL: ("5", "rotating_light"),
}
_APPRISE_KINDS: Final = {
    Severity.INFO: "info",
    Severity.WARN: "warning",
    Severity.CRITICAL: "failure",
}


class PushError(Exception):
    """Why an attempt failed, in words that name no address; ``final`` if another one is in vain."""

    def __init__(self, why: str, *, final: bool = False) -> None:
        super().__init__(why)
        self.final = final


class PushService:
    """Takes messages from any thread; the results wait to be taken. Started by its first use.

    Parameters
    ----------
    addresses : asked once, in a thread: a keyring may want to be unlocked first
    """

    def __init__(
        self,
        addresses: Callable[[], Sequence[str]] = push_address.load,
        retry_s: float = _RETRY_S,
    ) -> None:
        self._ask_addresses = addresses
        self._addresses: tuple[str, ...] | None = None
        self._retry_s = retry_s
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._session: aiohttp.ClientSession | None = None
        self._done: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def use(self, addresses: Sequence[str]) -> None:
        """Push to these from now on."""
        self._addresses = tuple(addresses)

    def keep(self, addresses: Sequence[str]) -> None:
        """Push to these from now on, and keep them in the keyring; only a failure is reported."""
        self.use(addresses)
        self._submit(self._keep(tuple(addresses)))

    def send(self, message: Message) -> None:
        """Send a message to every address."""
        self._submit(self._deliver_everywhere(message))

    def ping(self, url: str) -> None:
        """Say to a dead-man's switch that all is well; only a failure is reported."""
        self._submit(self._ping(url))

    def take(self) -> tuple[Delivery, ...]:
        """Return what has ended since the last time."""
        found = []
        while True:
            try:
                found.append(self._done.get_nowait())
            except queue.Empty:
                return tuple(found)

    def stop(self) -> None:
        """Give up what is under way and join the thread."""
        with self._lock:
            self._stopped = True
            thread, loop, stopping = self._thread, self._loop, self._stopping
        if thread is None or loop is None or stopping is None:
            return
        loop.call_soon_threadsafe(stopping.set)
        thread.join()

    # --- the thread -----------------------------------------------------------------------------

    def _submit(self, work: Coroutine[Any, Any, None]) -> None:
        with self._lock:
            if self._stopped:
                work.close()
                return
            if self._thread is None:
                ready = threading.Event()
                self._thread = threading.Thread(
                    target=self._run, args=(ready,), name="alert-push", daemon=True
                )
                self._thread.start()
                ready.wait()
            assert self._loop is not None
            asyncio.run_coroutine_threadsafe(work, self._loop)

    def _run(self, ready: threading.Event) -> None:
        asyncio.run(self._serve(ready))

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        ready.set()
        await self._stopping.wait()
        under_way = asyncio.all_tasks() - {asyncio.current_task()}
        if under_way:
            await asyncio.wait(under_way, timeout=_GRACE_S)
        if self._session is not None:
            await self._session.close()

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            import aiohttp

            timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
            self._session = aiohttp.ClientSession(timeout=timeout, trust_env=True)
        return self._session

    # --- what it does ---------------------------------------------------------------------------

    async def _deliver_everywhere(self, message: Message) -> None:
        problem = "no push address is known; enter one in the Alerts menu"
        if self._addresses is None:
            try:
                self._addresses = tuple(await _in_thread(self._ask_addresses))
            except PushError as error:
                problem = str(error)
        if not self._addresses:
            self._done.put(Delivery(channel="push", message=message, attempts=0, problem=problem))
            return
        await asyncio.gather(*(self._deliver(address, message) for address in self._addresses))

    async def _deliver(self, address: str, message: Message) -> None:
        channel, problem, attempt = name_of(address), "", 0
        for attempt in range(1, RETRIES + 2):
            try:
                await self._attempt(address, message)
                problem = ""
                break
            except PushError as error:
                problem = str(error)
                log.warning("%s: attempt %d failed: %s", channel, attempt, problem)
                if error.final or attempt > RETRIES:
                    break
                await asyncio.sleep(self._retry_s * 2 ** (attempt - 1))
        if not problem:
            log.info("%s: delivered after %d attempt(s)", channel, attempt)
        self._done.put(
            Delivery(channel=channel, message=message, attempts=attempt, problem=problem)
        )

    async def _attempt(self, address: str, message: Message) -> None:
        if address.startswith(("http://", "https://")):
            priority, tag = _NTFY[message.severity]
            headers = {"Title": _header(message.title), "Priority": priority, "Tags": tag}
            body = _cut(message.text)
            await self._ask("POST", address, data=body, headers=headers)
        else:
            await _in_thread(partial(_notify, address, message))

    async def _keep(self, addresses: tuple[str, ...]) -> None:
        try:
            await _in_thread(partial(push_address.save, addresses))
        except PushError as error:
            problem = f"used until the program ends: {error}".removesuffix(".")
            self._done.put(
                Delivery(channel="push address", message=None, attempts=1, problem=problem)
            )

    async def _ping(self, url: str) -> None:
        try:
            await self._ask("GET", url)
        except PushError as error:
            log.warning("dead-man ping failed: %s", error)
            self._done.put(
                Delivery(channel="dead-man ping", message=None, attempts=1, problem=str(error))
            )

    async def _ask(self, method: str, url: str, **options: Any) -> None:
        import aiohttp

        try:
            async with self._http().request(method, url, **options) as answer:
                status = answer.status
        except TimeoutError:
            raise PushError(f"no answer within {_TIMEOUT_S:.0f} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise PushError(f"not reached ({type(error).__name__})") from None  # it may quote it
        if status >= 400:
            refused = status in (401, 403, 404)
            raise PushError(f"answered HTTP {status}", final=refused)


def _header(text: str) -> str:
    """Return a text as a header can hold it: one line, coded where it is not ASCII (RFC 2047)."""
    line = " ".join(text.split())
    return line if line.isascii() else Header(line, "utf-8", maxlinelen=10_000).encode()


def _cut(text: str) -> bytes:
    body = text.encode()
    if len(body) <= _MOST_BYTES:
        return body
    kept = body[:_MOST_BYTES].decode(errors="ignore")
    kept = kept.rpartition("\n")[0] or kept
    left_out = len(text.splitlines()) - len(kept.splitlines())
    return f"{kept}\nand {left_out} more; the list has them all.".encode()


async def _in_thread(work: Callable[[], T]) -> T:
    """Do it in a thread that the end of the program need not wait for; raises ``PushError``."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, failure: PushError | None) -> None:
        if done.cancelled():
            return
        if failure is not None:
            done.set_exception(failure)
        else:
            done.set_result(cast("T", result))

    def run() -> None:
        result, failure = None, None
        try:
            result = work()
        except PushError as error:
            failure = error
        except WorkstationError as error:
            failure = PushError(error.user_message, final=True)
        except Exception as error:  # noqa: BLE001 - outermost frame; a traceback may quote it
            failure = PushError(f"failed ({type(error).__name__})")
        with contextlib.suppress(RuntimeError):  # the loop is gone
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, name="alert-push-helper", daemon=True).start()
    return await done


def _notify(address: str, message: Message) -> None:
    try:
        apprise = importlib.import_module("apprise")
    except ImportError:
        raise PushError(
            "apprise is not installed (pip install 'risk-workstation[push]')", final=True
        ) from None
    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # what it says quotes addresses
    sender = apprise.Apprise()
    if not sender.add(address):
        raise PushError("apprise does not know this kind of address", final=True)
    kind = _APPRISE_KINDS[message.severity]
    if not sender.notify(title=message.title, body=message.text, notify_type=kind):
        raise PushError("not taken by the service")
