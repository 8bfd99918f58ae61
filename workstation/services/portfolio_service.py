"""Open, watch, reload and save a portfolio file, without ever making the caller wait.

Two threads. The *reader* does what it is told, in order: read, write, look again. The *watcher*
sleeps in the operating system's file events for the folders of the files in question (not the
files: an editor that saves by renaming puts a new one in the old one's place) and tells the reader
to look again; it does so once a second too, for network drives that send no events. Looking is one
``stat``; a file is read only when it has changed and has stopped changing.

A refusal never takes the last good book away: its file and the refused one are both watched, and
whichever is good again is read.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import watchfiles

from workstation.errors import FileProblem, PortfolioFileError
from workstation.market.catalogue import Catalogue
from workstation.portfolio.model import Portfolio

log = logging.getLogger(__name__)

LOOK_AGAIN_MS: Final = 1_000  # without events
DEBOUNCE_MS: Final = 100  # one save of an editor is several events
SETTLE_S: Final = 0.1  # a changed file is read when it has stood still for so long
_SETTLE_ROUNDS: Final = 20  # after so many it is read as it is
_GONE_ROUNDS: Final = 3  # an editor may take the old file away before the new one is there

_Signature = tuple[int, int, int] | None


class PortfolioService:
    """The portfolio file; what is new is taken, newest first, by whoever asks.

    ``start`` and ``stop`` bracket its threads. No method blocks but ``stop``, which joins them.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._reader = threading.Thread(target=self._run, name="portfolio reader", daemon=True)
        self._lock = threading.Lock()  # guards what is taken
        self._fresh: Portfolio | None = None
        self._refusal: PortfolioFileError | None = None
        self._notices: list[str] = []
        # Below: the reader's own.
        self._catalogue = catalogue
        self._shown: Path | None = None
        self._refused: Path | None = None
        self._told: tuple[str, tuple[FileProblem, ...]] | None = None  # the last refusal
        self._signatures: dict[Path, _Signature] = {}
        self._watcher: _Watcher | None = None

    def start(self) -> None:
        self._reader.start()

    def stop(self) -> None:
        """Write what is still to be written, read nothing more, join the threads."""
        self._stopping.set()
        self._jobs.put(None)
        if self._reader.is_alive():
            self._reader.join()

    def open(self, path: Path) -> None:
        """Read a file and watch it from then on."""
        self._jobs.put(lambda: self._read(path))

    def reload(self) -> None:
        """Read the file again, changed or not."""
        self._jobs.put(lambda: self._read_again(force=True))

    def close(self) -> None:
        """Forget the file; what was read and not taken yet is dropped."""
        self._jobs.put(self._forget)

    def save(self, portfolio: Portfolio, path: Path, *, open_it: bool = True) -> None:
        """Write a file and open it; ``take_notices`` tells how it went."""
        self._jobs.put(lambda: self._write(portfolio, path, open_it=open_it))

    def set_catalogue(self, catalogue: Catalogue) -> None:
        """Check against other market lists from now on; a refused file gets another chance."""
        self._jobs.put(lambda: self._adopt(catalogue))

    def take(self) -> Portfolio | None:
        """Return the newest book once, ``None`` when there is no new one."""
        with self._lock:
            fresh, self._fresh = self._fresh, None
        return fresh

    def take_refusal(self) -> PortfolioFileError | None:
        """Return the newest refusal once; a good book read later takes it back."""
        with self._lock:
            refusal, self._refusal = self._refusal, None
        return refusal

    def take_notices(self) -> tuple[str, ...]:
        """Return sentences about files that were saved, or could not be."""
        with self._lock:
            notices, self._notices = tuple(self._notices), []
        return notices

    # --- on the reader's thread ---------------------------------------------------------------

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                job()
            except Exception:  # the thread's outermost loop: log and continue
                log.exception("a portfolio file was not handled")
                self._notify("The portfolio file could not be handled; the log says why.")
        self._watch(())

    def _read(self, path: Path, *, unasked: bool = False) -> None:
        """Read a file; ``unasked``, a refusal for the same reasons as before is not said again."""
        from workstation.portfolio.formats import registry  # pydantic: not before the first paint

        if self._stopping.is_set():
            return
        self._signatures[path] = _signature(path)
        try:
            portfolio = registry.read(path, self._catalogue)
        except PortfolioFileError as error:
            same = (error.path, error.problems) == self._told
            self._refused, self._told = path, (error.path, error.problems)
            if not (unasked and same):
                log.warning("%s", error)
                with self._lock:
                    self._refusal = error
        else:
            self._shown, self._refused, self._told = path, None, None
            with self._lock:
                self._fresh, self._refusal = portfolio, None
        self._watch(self._files())

    def _files(self) -> tuple[Path, ...]:
        """Return the refused file and the shown one, without repetition."""
        both = (self._refused, self._shown)
        return tuple(dict.fromkeys(path for path in both if path is not None))

    def _read_again(self, *, force: bool = False) -> None:
        for path in self._files():
            if force or _signature(path) != self._signatures.get(path):
                self._wait_until_settled(path)
                self._read(path)
                return

    def _wait_until_settled(self, path: Path) -> None:
        before, calm_rounds = _signature(path), 0
        for _ in range(_SETTLE_ROUNDS):
            if self._stopping.wait(SETTLE_S):
                return
            now = _signature(path)
            calm_rounds = calm_rounds + 1 if now == before else 0
            before = now
            if calm_rounds >= (_GONE_ROUNDS if now is None else 1):
                return

    def _forget(self) -> None:
        self._shown = self._refused = None
        self._watch(())
        with self._lock:
            self._fresh = self._refusal = None

    def _write(self, portfolio: Portfolio, path: Path, *, open_it: bool) -> None:
        from workstation.portfolio.formats import registry

        try:
            registry.write(portfolio, path)
        except PortfolioFileError as error:
            reasons = "; ".join(problem.sentence() for problem in error.problems)
            self._notify(f"{path} was not saved: {reasons}.")
            return
        self._notify(f"{path} was saved.")
        if open_it:
            self._read(path)

    def _adopt(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        if self._refused is not None:
            self._read(self._refused, unasked=True)

    def _notify(self, sentence: str) -> None:
        with self._lock:
            self._notices.append(sentence)

    def _watch(self, files: tuple[Path, ...]) -> None:
        folders = {path.parent for path in files if path.parent.is_dir()}
        if self._watcher is not None:
            if self._watcher.folders == folders:
                return
            self._watcher.stop()
            self._watcher = None
        if folders and not self._stopping.is_set():
            self._watcher = _Watcher(folders, lambda: self._jobs.put(self._read_again))


class _Watcher:
    """A thread that calls ``changed`` when something happens in the folders, and every second."""

    def __init__(self, folders: set[Path], changed: Callable[[], None]) -> None:
        self.folders = folders
        self._changed = changed
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="portfolio watcher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._follow()
            except OSError as error:  # a folder vanished, or the system's watches are used up
                log.warning("watching by looking every second: %s", error)
                self._changed()
                self._stopping.wait(LOOK_AGAIN_MS / 1_000)

    def _follow(self) -> None:
        rounds = watchfiles.watch(
            *self.folders,
            watch_filter=None,
            debounce=DEBOUNCE_MS,
            rust_timeout=LOOK_AGAIN_MS,
            yield_on_timeout=True,
            stop_event=self._stopping,
            recursive=False,
            raise_interrupt=False,
        )
        for _ in rounds:
            self._changed()


def _signature(path: Path) -> _Signature:
    """Return what changes when a file does, ``None`` while there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
