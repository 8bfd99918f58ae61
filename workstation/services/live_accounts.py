"""Accounts read from the exchanges, again and again, on one thread with one asyncio loop.

Every account has its own task and its own back-off: a venue that fails or hangs delays no other,
and its last good account stays, with its age and a sentence. Every reading is compared with what
the venue says itself (``risk.comparison``), at the venue's own inputs.

Keys come from the keyring or from the user, are handed to the reader, and go nowhere else.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from workstation.errors import (
    ExchangeError,
    ExchangeThrottledError,
    KeyStoreError,
    WorkstationError,
)
from workstation.exchanges.accounts.base import AccountReading, AccountSource
from workstation.exchanges.api_key import ApiKey, KeyRights
from workstation.exchanges.backoff import Backoff
from workstation.market.catalogue import Catalogue
from workstation.portfolio.model import Account
from workstation.risk.comparison import Difference, compare_with_venue, lasting, with_verdicts
from workstation.risk.inputs import RiskInputs
from workstation.risk.tiers import TierBook
from workstation.services import account_list
from workstation.services.key_check import KeyCheck, verdict
from workstation.services.key_store import KeyStore
from workstation.services.tier_shelf import TierShelf
from workstation.units import UnixMs, iso_utc, now_ms

log = logging.getLogger(__name__)

READ_EVERY_S: Final = 5.0
LONGEST_RETRY_S: Final = 60.0
STOP_S: Final = 5.0


class Reader(Protocol):
    """What reads one account; see ``exchanges.accounts``."""

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    async def read(self) -> AccountReading: ...

    async def rights(self) -> KeyRights: ...


NewReader = Callable[[AccountSource, ApiKey | None, Mapping[str, Any], float], Reader]


def _new_reader(
    source: AccountSource, key: ApiKey | None, options: Mapping[str, Any], timeout_s: float
) -> Reader:
    from workstation.exchanges.accounts.registry import new_reader

    return new_reader(source, key, options, timeout_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveAccount:
    """One account as it is known: the last good reading, and what is wrong since.

    ``failure`` is a sentence while the venue does not answer; ``notes`` say what could not be read.
    """

    source: AccountSource
    account: Account | None = None
    failure: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def as_of_ms(self) -> UnixMs | None:
        return self.account.as_of_ms if self.account else None

    def problems(self) -> tuple[str, ...]:
        """Return what there is to say about it, in sentences."""
        if self.failure is None:
            return self.notes
        since = "nothing is known of it yet"
        if self.as_of_ms is not None:
            since = f"what is shown is of {iso_utc(self.as_of_ms)}"
        return (f"{self.source.id}: {self.failure}; {since}.", *self.notes)


class LiveAccounts:
    """The accounts that are read; nothing but ``stop`` waits.

    Parameters
    ----------
    venue_options : venue -> its settings; ``ccxt`` is deep-merged into the client's constructor
    timeout_s : how long a venue may take to answer
    keys : where keys are kept
    new_reader : makes the reader of an account
    every_s : between two readings of an account
    """

    def __init__(
        self,
        venue_options: Mapping[str, Mapping[str, Any]],
        timeout_s: float,
        *,
        keys: KeyStore | None = None,
        new_reader: NewReader = _new_reader,
        every_s: float = READ_EVERY_S,
    ) -> None:
        self._venue_options = venue_options
        self._timeout_s = timeout_s
        self._keys = keys or KeyStore()
        self._new_reader = new_reader
        self._every_s = every_s
        self._lock = threading.Lock()  # guards what is taken, and the thread's birth
        self._known: dict[str, LiveAccount] = {}
        self._changed = False
        self._notices: list[str] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._stopping = False
        # Below: the thread's own.
        self._tiers = TierShelf(venue_options)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._followed: dict[str, tuple[AccountSource, ApiKey | None]] = {}
        self._kept: dict[str, AccountSource] = {}

    # --- requests, from any thread ------------------------------------------------------------

    def start(self) -> None:
        """Read the accounts of the last session again; without any no thread is started."""
        sources = account_list.load()
        self._kept = {source.id: source for source in sources}
        for source in sources:
            self._expect(source)
            self._begin(self._take_up(source))

    def add(self, source: AccountSource, key: ApiKey | None = None, *, keep: bool = True) -> None:
        """Read an account from now on; ``keep`` it, and its key in the keyring, for the next start.

        An account of the same name is replaced.
        """
        self._expect(source)
        self._begin(self._add(source, key, keep=keep))

    def remove(self, account: str) -> None:
        """Stop reading an account and forget its key."""
        with self._lock:
            self._known.pop(account, None)
            self._changed = True
        self._begin(self._remove(account))

    def follow(self, venue_options: Mapping[str, Mapping[str, Any]], timeout_s: float) -> None:
        """Use other settings; an account whose client they change is opened anew."""
        old, self._venue_options = self._venue_options, venue_options
        waits, self._timeout_s = timeout_s != self._timeout_s, timeout_s
        self._tiers.follow(venue_options)
        changed = {v for v in {*old, *venue_options} if old.get(v) != venue_options.get(v)}
        if self._loop is not None and (waits or changed):
            self._begin(self._reopen(None if waits else changed))

    def check(self, source: AccountSource, key: ApiKey | None) -> Future[KeyCheck]:
        """Ask the venue what a key may do; the answer comes in the future."""
        return self._begin(self._check(source, key))

    def stop(self) -> None:
        """End every task and the thread, also while a venue hangs."""
        with self._lock:
            self._stopping = True
            loop, self._loop, thread = self._loop, None, self._thread
        if loop is not None and thread is not None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join(STOP_S)

    def take(self) -> tuple[LiveAccount, ...] | None:
        """Return all accounts when anything about them changed, else ``None``."""
        with self._lock:
            if not self._changed:
                return None
            self._changed = False
            return tuple(self._known.values())

    def take_notices(self) -> tuple[str, ...]:
        with self._lock:
            notices, self._notices = tuple(self._notices), []
        return notices

    def _expect(self, source: AccountSource) -> None:
        with self._lock:
            self._known[source.id] = LiveAccount(source=source)
            self._changed = True

    # --- the thread ---------------------------------------------------------------------------

    def _begin(self, work: Coroutine[Any, Any, Any]) -> Future[Any]:
        """Run a coroutine on the thread, which is started with the first."""
        with self._lock:
            if self._stopping:
                work.close()
                return Future()
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._run, args=(self._loop,), name="live-accounts", daemon=True
                )
                self._thread.start()
            return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        # Not ``asyncio.run``: it waits for a name lookup that hangs, which may take half a minute.
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
        finally:
            loop.run_until_complete(_cancel_all())
            loop.close()

    async def _take_up(self, source: AccountSource) -> None:
        """Read an account of the last session, with its key from the keyring."""
        try:
            key = None if source.address else await asyncio.to_thread(self._keys.load, source.id)
        except KeyStoreError as error:
            self._fail(source, error.user_message.rstrip("."))
            return
        if key is None and not source.address:
            self._fail(source, "its key is not in the keyring; add the account again")
            return
        self._follow(source, key)

    async def _add(self, source: AccountSource, key: ApiKey | None, *, keep: bool) -> None:
        if keep:
            try:
                if key is not None:
                    await asyncio.to_thread(self._keys.save, source.id, key)
            except KeyStoreError as error:
                self._notify(f"{error.user_message} The key is kept until the program ends.")
            else:
                self._kept[source.id] = source
                account_list.save(self._kept.values())
        self._follow(source, key)

    async def _remove(self, account: str) -> None:
        await self._end(account)
        kept = self._kept.pop(account, None)
        if kept is None:
            return
        account_list.save(self._kept.values())
        if not kept.address:
            try:
                await asyncio.to_thread(self._keys.delete, account)
            except KeyStoreError as error:
                self._notify(error.user_message)

    async def _reopen(self, venues: set[str] | None) -> None:
        """Read the accounts of some venues by new clients; ``None``: of all."""
        for source, key in tuple(self._followed.values()):
            if venues is None or source.venue in venues:
                self._follow(source, key)

    async def _end(self, account: str) -> None:
        self._followed.pop(account, None)
        task = self._tasks.pop(account, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _follow(self, source: AccountSource, key: ApiKey | None) -> None:
        old = self._tasks.pop(source.id, None)
        if old is not None:
            old.cancel()
        with self._lock:
            if source.id not in self._known:  # it was removed before it was ever read
                return
        self._followed[source.id] = source, key
        self._tasks[source.id] = asyncio.ensure_future(self._read_on(source, key))

    def _reader(self, source: AccountSource, key: ApiKey | None) -> Reader:
        options = self._venue_options.get(source.venue, {}).get("ccxt", {})
        return self._new_reader(source, key, options, self._timeout_s)

    # --- one account --------------------------------------------------------------------------

    async def _read_on(self, source: AccountSource, key: ApiKey | None) -> None:
        """Read an account until the task is cancelled."""
        try:
            reader = self._reader(source, key)
            await reader.open()
        except WorkstationError as error:
            self._fail(source, error.user_message)
            return
        backoff, before = Backoff(LONGEST_RETRY_S), tuple[Difference, ...]()
        try:
            while True:
                wait_s = self._every_s
                try:
                    reading = await reader.read()
                    before = await self._judge(source, reading, before)
                    backoff.succeeded()
                except ExchangeError as error:
                    asked_s = getattr(error, "retry_after_s", 0.0)
                    wait_s = backoff.failed(asked_s)
                    self._fail(source, error.user_message)
                    if isinstance(error, ExchangeThrottledError):
                        log.warning("%s", error)
                except Exception:  # the outermost loop of an account: log and continue
                    log.exception("%s could not be read", source.id)
                    wait_s = backoff.failed()
                    self._fail(source, "it could not be read; the log says why")
                await asyncio.sleep(wait_s)
        finally:
            await reader.close()

    async def _judge(
        self, source: AccountSource, reading: AccountReading, before: tuple[Difference, ...]
    ) -> tuple[Difference, ...]:
        """Compare a reading with what the venue says, and publish it; return what is apart."""
        account = replace(reading.account, as_of_ms=now_ms())
        # off the loop: the first comparison compiles kernels, and other accounts are being read
        apart = await asyncio.to_thread(_compare, account, reading, self._tiers.newest())
        account = with_verdicts(account, lasting(before, apart))
        self._put(LiveAccount(source=source, account=account, notes=reading.notes))
        return apart

    def _put(self, state: LiveAccount) -> None:
        with self._lock:
            if state.source.id in self._known:  # else it was removed meanwhile
                self._known[state.source.id] = state
                self._changed = True

    def _fail(self, source: AccountSource, failure: str) -> None:
        """Keep the last good account beside what went wrong; the first time, say so."""
        with self._lock:
            known = self._known.get(source.id)
            if known is None:
                return
            state = replace(known, failure=failure)
            if known.failure != failure:
                self._notices.append(state.problems()[0])
            self._known[source.id] = state
            self._changed = True

    def _notify(self, sentence: str) -> None:
        with self._lock:
            self._notices.append(sentence)

    # --- a key --------------------------------------------------------------------------------

    async def _check(self, source: AccountSource, key: ApiKey | None) -> KeyCheck:
        problem = None if key is None else await asyncio.to_thread(self._keys.problem)
        try:
            reader = self._reader(source, key)
            await reader.open()
        except WorkstationError as error:
            return KeyCheck(accepted=False, sentence=f"{error.user_message}.")
        try:
            rights = await reader.rights()
        except ExchangeError as error:
            return KeyCheck(accepted=False, sentence=f"{error.user_message}.")
        finally:
            await reader.close()
        accepted, sentence = verdict(source.venue, rights, by_address=key is None)
        return KeyCheck(accepted=accepted, sentence=sentence, keyring_problem=problem)


def _compare(account: Account, reading: AccountReading, tiers: TierBook) -> tuple[Difference, ...]:
    inputs = RiskInputs(
        now_ms=account.as_of_ms or UnixMs(0),
        marks={},
        coin_prices=reading.coin_prices,
        tiers=tiers,
        catalogue=Catalogue.embedded().with_instruments(reading.instruments),
    )
    return compare_with_venue(account, inputs)


async def _cancel_all() -> None:
    """Cancel what is left on this loop and wait for it."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
