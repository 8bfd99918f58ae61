"""Any bytes in any format are a book or a refusal, and soon. FUZZ_EXAMPLES sets how many."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.workstation.portfolio.books import CATALOGUE
from workstation import paths
from workstation.errors import PortfolioFileError
from workstation.portfolio.formats import registry
from workstation.portfolio.formats.schema import AccountTable, OrderTable, PositionTable

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "100"))
LIMIT_S = 2.0
SUFFIXES = [item.suffix for item in registry.FORMATS]

# Words that a format gives a meaning, so that the nonsense gets past the first line of the parser.
_KEYS = [*PositionTable.model_fields, *OrderTable.model_fields, *AccountTable.model_fields]
_SPLINTERS = [
    *_KEYS, "kind", "account", "position", "balance", "portfolio", "accounts", "[[accounts]]",
    "[[accounts.positions]]", "[accounts.balances]", "long", "BTC/USDT:USDT", "binanceusdm",
    "1e999", "nan", "-inf", "-1", "0x1F", "1979-05-27T07:32:00Z",
    '"', "'", ",", ";", "=", "\n", "\r", "{", "}", "[", "]", ":", "null", "true",
    "\\ud800", "\\u0000", "\x00", "\ufeff",
    "#", "😀", "é",
]  # fmt: skip


def samples() -> dict[str, bytes]:
    return {
        suffix: paths.resource("samples", f"sample{suffix}").read_bytes() for suffix in SUFFIXES
    }


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """Return a good file with some stretches replaced by splinters or bytes."""
    content = whole
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        length = draw(st.integers(0, 20))
        splinter = draw(
            st.sampled_from(_SPLINTERS).map(lambda word: word.encode("utf-8", "ignore"))
            | st.binary(max_size=8)
        )
        content = content[:start] + splinter + content[start + length :]
    return content


def is_read_or_refused(folder: Path, suffix: str, content: bytes) -> None:
    path = folder / f"fuzz{suffix}"
    path.write_bytes(content)
    begin = time.perf_counter()
    refusal = refusal_of(path)
    assert time.perf_counter() - begin < LIMIT_S
    if refusal is not None:
        assert refusal.problems
        assert "pydantic" not in refusal.user_message.lower()
        assert "Input should" not in refusal.user_message
        refusal.user_message.encode("utf-8")


def refusal_of(path: Path) -> PortfolioFileError | None:
    try:
        registry.read(path, CATALOGUE)
    except PortfolioFileError as refusal:
        return refusal
    return None


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_damaged_file_is_read_or_refused(suffix, data, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp()
    is_read_or_refused(folder, suffix, data.draw(damaged(samples()[suffix])))


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(words=st.lists(st.sampled_from(_SPLINTERS) | st.text(max_size=5), max_size=40))
def test_a_heap_of_splinters_is_read_or_refused(suffix, words, tmp_path_factory):
    content = "".join(words).encode("utf-8", "ignore")
    is_read_or_refused(tmp_path_factory.getbasetemp(), suffix, content)


@pytest.mark.parametrize("suffix", SUFFIXES)
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(content=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(suffix, content, tmp_path_factory):
    is_read_or_refused(tmp_path_factory.getbasetemp(), suffix, content)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from([*_KEYS, "portfolio", "accounts"]), inner, max_size=5)
    ),
    max_leaves=25,
)


@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(document=json_values, account=json_values, position=json_values)
def test_any_json_is_read_or_refused(document, account, position, tmp_path_factory):
    shaped = {"accounts": [account, {"id": "a", "venue": "okx", "positions": [position]}]}
    for value in (document, shaped):
        content = json.dumps(value).encode()
        is_read_or_refused(tmp_path_factory.getbasetemp(), ".json", content)
