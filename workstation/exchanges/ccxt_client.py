"""ccxt's client of a venue, made safe: it can only read, and rejects rubbish.

This module is the only one that imports ccxt (half a second, 900 modules), so it is imported late:
by ``CcxtAdapter.open``, in the feed's thread. A private answer is asked for only with a key that
the user gave, and only at the endpoints that the account's reader names (``KeyedClient``).

What ccxt does not do by itself, measured with 4.5.90: an HTML page or a truncated body with status
200 passes as an answer with empty fields; a body that is cut raises a plain ``ExchangeError``; a
body of the wrong shape raises ``KeyError`` or ``TypeError``.
"""

from __future__ import annotations

import difflib
import gc
import logging
import re
import time
from collections.abc import Mapping
from typing import Any, Final

import aiohttp
import ccxt.async_support as ccxt
from ccxt.async_support.base.throttler import Throttler

from workstation.errors import (
    ExchangeDataError,
    ExchangeError,
    ExchangeKeyError,
    ExchangeThrottledError,
    ExchangeUnavailableError,
    UnsupportedByExchangeError,
    UsageError,
)
from workstation.exchanges.api_key import ANY_READ, ApiKey
from workstation.exchanges.backoff import BAN_S
from workstation.exchanges.base import URGENT

_CREDENTIALS: Final = ("apiKey", "secret", "password", "uid", "login", "twofa", "token")
_KEYS: Final = (*_CREDENTIALS, "privateKey")
# The one public door that is not a GET: Hyperliquid asks its questions in the body.
_READING_POSTS: Final = {"hyperliquid": "/info"}
_SILENT: Final = logging.getLogger("workstation.silent")
_SILENT.disabled = True
_WORD: Final = re.compile(r'"\w+"')
_WORDS: Final = re.compile(r"[a-z]+")
_WRITES: Final = frozenset(
    {
        "add", "amend", "apply", "batch", "borrow", "buy", "cancel", "close", "create", "delete",
        "edit", "place", "redeem", "repay", "sell", "set", "subscribe", "transfer", "update",
        "withdraw",
    }
)  # fmt: skip
_LOOK_S: Final = 0.01
_MAX_DETAIL: Final = 300  # characters of a foreign error in our log


class WriteRefusedError(Exception):
    """Something tried to sign, or to send anything but a question; a fault of this program."""


class Limiter(Throttler):  # type: ignore[misc]  # ccxt ships no types
    """ccxt's limiter, in which an urgent call need not wait for those that came before it.

    It looks whether a call may go every 10 ms: ccxt's own does every millisecond, in Python, which
    was a third of what a feed of 600 markets at four venues cost while calls waited.
    """

    def __init__(self, config: Mapping[str, Any], loop: Any = None) -> None:
        super().__init__({**config, "delay": _LOOK_S}, loop)

    def __call__(self, cost: float | None = None) -> Any:
        turn = super().__call__(cost)
        if URGENT.get():
            self.queue.rotate(1)  # from the end to the front
        return turn


class ReadOnlyClient(ccxt.Exchange):  # type: ignore[misc]  # ccxt ships no types
    """What stands before ccxt's class of a venue in every client that we make."""

    latency_ms: float | None = None
    _http: tuple[int, str | None] = (0, None)  # status and Retry-After of the last response

    def sign(self, path: Any, api: Any = "public", *rest: Any, **more: Any) -> Any:
        """Refuse every endpoint that is private by its name."""
        if any("private" in str(part).lower() for part in _parts(api)):
            raise WriteRefusedError(f"{self.id} {path} is private")
        return super().sign(path, api, *rest, **more)

    def init_throttler(self, cost: Any = None) -> None:
        del cost
        self.throttler = Limiter(self.tokenBucket, self.asyncio_loop)

    def check_required_credentials(self, error: bool = True) -> bool:
        if error:
            raise WriteRefusedError(f"{self.id}: a signature was asked for")
        return False

    async def fetch(
        self, url: str, method: str = "GET", headers: Any = None, body: Any = None
    ) -> Any:
        """Send a question; every request of every client passes here."""
        if method != "GET" and not url.endswith(_READING_POSTS.get(self.id, "\0")):
            raise WriteRefusedError(f"{method} {url} is not a question")
        self._http = (0, None)
        started_s = time.monotonic()
        try:
            answer = await super().fetch(url, method, headers, body)
        except ccxt.BaseError as error:
            error.http = self._http
            raise
        self.latency_ms = (time.monotonic() - started_s) * 1_000
        if not isinstance(answer, (dict, list)) and not self._is_word(answer):
            raise ccxt.BadResponse(f"{self.id} {url} did not answer with JSON")
        return answer

    def _is_word(self, answer: object) -> bool:
        """Tell whether an answer is one quoted word, as Hyperliquid gives some."""
        return self.id in _READING_POSTS and bool(_WORD.fullmatch(str(answer)))

    def on_rest_response(self, code: int, *rest: Any) -> Any:
        response_headers: Mapping[str, str] = rest[3]
        named = {name.lower(): value for name, value in response_headers.items()}
        self._http = (code, named.get("retry-after"))
        return super().on_rest_response(code, *rest)

    def our_error(self, call: str, error: Exception) -> ExchangeError:
        """Translate a failure of a call, by what can be done about it."""
        detail = f"{type(error).__name__}: {error}"[:_MAX_DETAIL]
        status, retry_after = getattr(error, "http", (0, None))
        if status in (418, 429) or isinstance(error, _THROTTLED):
            asked_s = max(_seconds(retry_after), BAN_S if status == 418 else 0.0)
            return ExchangeThrottledError(
                self.id,
                call,
                detail,
                user_message=f"{self.id} asks for fewer requests",
                retry_after_s=asked_s,
            )
        for kinds, translated, sentence in _REMEDIES:
            if isinstance(error, kinds):
                return translated(self.id, call, detail, user_message=f"{self.id} {sentence}")
        if isinstance(error.__cause__, aiohttp.ClientError) or status >= 500 or "10016" in detail:
            return ExchangeUnavailableError(
                self.id, call, detail, user_message=f"{self.id} broke off its answer"
            )
        return ExchangeDataError(
            self.id, call, detail, user_message=f"{self.id} answered {call} with an error"
        )


class KeyedClient(ReadOnlyClient):
    """A client that signs with a key, and signs nothing but what its reader declared as reads.

    No text of a failure holds any part of the key, even where the venue repeats it.
    """

    reads: frozenset[str] = frozenset()  # private endpoints by their path
    secrets: tuple[str, ...] = ()
    _is_signing = False

    def sign(self, path: Any, api: Any = "public", *rest: Any, **more: Any) -> Any:
        method = rest[0] if rest else more.get("method", "GET")
        if method != "GET" or not self._is_read(str(path)):
            return super().sign(path, api, *rest, **more)
        self._is_signing = True
        try:
            return super(ReadOnlyClient, self).sign(path, api, *rest, **more)
        finally:
            self._is_signing = False

    def _is_read(self, path: str) -> bool:
        if self.reads == ANY_READ:
            return not _WRITES & set(_WORDS.findall(path.lower()))
        return path in self.reads

    def check_required_credentials(self, error: bool = True) -> bool:
        if not self._is_signing:
            return super().check_required_credentials(error)
        return bool(super(ReadOnlyClient, self).check_required_credentials(error))

    async def fetch(
        self, url: str, method: str = "GET", headers: Any = None, body: Any = None
    ) -> Any:
        try:
            return await super().fetch(url, method, headers, body)
        except Exception as error:
            self._hide_secrets(error)
            raise

    def our_error(self, call: str, error: Exception) -> ExchangeError:
        self._hide_secrets(error)
        return super().our_error(call, error)

    def _hide_secrets(self, error: Exception) -> None:
        for secret in self.secrets:
            error.args = tuple(
                part.replace(secret, "(key)") if isinstance(part, str) else part
                for part in error.args
            )


_THROTTLED: Final = (ccxt.DDoSProtection, ccxt.RateLimitExceeded)
# In this order: a BadResponse is an OperationFailed, a BadSymbol a BadRequest.
_REMEDIES: Final[tuple[tuple[Any, type[ExchangeError], str], ...]] = (
    (ccxt.BadResponse, ExchangeDataError, "answered with something that is not data"),
    (WriteRefusedError, UnsupportedByExchangeError, "asks for what could be more than a question"),
    (ccxt.AuthenticationError, ExchangeKeyError, "refuses the key"),
    (ccxt.NotSupported, UnsupportedByExchangeError, "does not offer this"),
    (ccxt.BadSymbol, UnsupportedByExchangeError, "does not know this market"),
    ((ccxt.RequestTimeout, TimeoutError), ExchangeUnavailableError, "does not answer in time"),
    (ccxt.OnMaintenance, ExchangeUnavailableError, "is in maintenance"),
    (ccxt.OperationFailed, ExchangeUnavailableError, "cannot be reached"),
    (ccxt.RestrictedLocation, ExchangeUnavailableError, "refuses requests from this country"),
    (
        (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError),
        ExchangeDataError,
        "answered in an unknown shape",
    ),
)


def new_client(
    venue: str,
    *configs: Mapping[str, Any],
    key: ApiKey | None = None,
    reads: frozenset[str] = frozenset(),
) -> Any:
    """Return a read-only client; must be called in the loop that will use it.

    Parameters
    ----------
    venue : a ccxt exchange id
    configs : constructor options, deep-merged, later ones win; keys and secrets are left out
    key : what private reads are signed with, if there are any
    reads : the private endpoints, by ccxt's path, that may be signed

    Raises
    ------
    UsageError
        ccxt has no exchange of that name; the message names the nearest.
    """
    check_venue(venue)
    merged = ccxt.Exchange.deep_extend({}, *configs)
    for name in _KEYS:
        merged.pop(name, None)
    base = ReadOnlyClient if key is None else KeyedClient
    client = type(f"ReadOnly{venue.capitalize()}", (base, getattr(ccxt, venue)), {})(merged)
    if key is not None:
        client.apiKey, client.secret, client.password = key.key, key.secret, key.passphrase or None
        client.reads, client.secrets = reads, key.texts()
        # ccxt would write the headers of every request, the key among them
        client.logger, client.verbose = _SILENT, False
    return client


def check_venue(venue: str) -> None:
    """Raise ``UsageError`` with the nearest name when ccxt has no such exchange."""
    if venue in ccxt.exchanges:
        return
    near = difflib.get_close_matches(venue, ccxt.exchanges, n=1)
    hint = f"; did you mean '{near[0]}'?" if near else ""
    raise UsageError(f"There is no exchange '{venue}'{hint}")


def tune_garbage_collector() -> None:
    """Keep the collector from stopping the window while it walks ccxt's modules and markets.

    Call once after ccxt is imported and markets are loaded: what lives by then lives as long as
    the program, so it is moved out of the collector's sight, and young objects are looked at less
    often. Measured: the longest stall of the window's thread fell from 195 ms to 23 ms. Where
    collection is switched off somebody else collects, on a thread of their choice.
    """
    if not gc.isenabled():
        return
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 50, 1_000)


def _parts(api: Any) -> tuple[Any, ...]:
    return tuple(api) if isinstance(api, (list, tuple)) else (api,)


def _seconds(retry_after: str | None) -> float:
    try:
        return max(0.0, float(retry_after or 0))
    except ValueError:  # the other form of the header, a date, is not sent by any venue here
        return 0.0
