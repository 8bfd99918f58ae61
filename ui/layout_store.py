"""What the window looked like: geometry, docks and every panel's state, as versioned JSON.

Forgiving: an unreadable file or field costs that file or field, and the default stands.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from workstation import paths

log = logging.getLogger(__name__)
_VERSION: Final = 1
_LAST: Final = "last"
_UNFIT: Final = re.compile(r"[^\w \-]+")  # for a file name


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One arrangement; empty texts mean the default. ``geometry`` is Qt's, in base64."""

    geometry: str = ""
    docks: str = ""
    crash: str = ""  # the crash layout, where it stood over the docks
    panels: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def load_last() -> Layout:
    return _read(_file(_LAST))


def save_last(layout: Layout) -> None:
    _write(_file(_LAST), layout)


def names() -> tuple[str, ...]:
    """Return the names of the layouts that the user saved, sorted."""
    return tuple(sorted(path.stem for path in _named_folder().glob("*.json")))


def load(name: str) -> Layout:
    return _read(_named_folder() / f"{fit_name(name)}.json")


def save(name: str, layout: Layout) -> None:
    _write(_named_folder() / f"{fit_name(name)}.json", layout)


def remove(name: str) -> None:
    (_named_folder() / f"{fit_name(name)}.json").unlink(missing_ok=True)


def fit_name(name: str) -> str:
    """Return a name that can be a file's: letters, digits, spaces and dashes."""
    return _UNFIT.sub(" ", name).strip()[:60]


def _named_folder() -> Path:
    folder = paths.config_dir() / "layouts"
    folder.mkdir(exist_ok=True)
    return folder


def _file(name: str) -> Path:
    return paths.config_dir() / f"{name}-layout.json"


def _read(path: Path) -> Layout:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Layout()
    except (OSError, ValueError) as error:
        log.warning("The layout %s could not be read (%s); the default one is shown.", path, error)
        return Layout()
    if not isinstance(document, dict) or document.get("version") != _VERSION:
        log.warning("The layout %s is of another version; the default one is shown.", path)
        return Layout()
    panels = _field(document, "panels", dict)
    return Layout(
        geometry=_field(document, "geometry", str),
        docks=_field(document, "docks", str),
        crash=_field(document, "crash", str),
        panels={key: state for key, state in panels.items() if isinstance(state, dict)},
    )


def _field(document: Mapping[str, Any], name: str, kind: type) -> Any:
    value = document.get(name)
    return value if isinstance(value, kind) else kind()


def _write(path: Path, layout: Layout) -> None:
    document = {"version": _VERSION, **asdict(layout)}
    try:
        path.write_text(json.dumps(document), encoding="utf-8")
    except OSError as error:
        log.warning("The layout could not be saved: %s", error)
