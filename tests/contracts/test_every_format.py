"""What every registered portfolio format does, whatever its spelling."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from tests.workstation.portfolio.books import CATALOGUE, portfolios
from workstation import paths
from workstation.errors import PortfolioFileError
from workstation.portfolio.formats import registry
from workstation.portfolio.formats.base import PortfolioFormat
from workstation.portfolio.model import Portfolio

every_format = pytest.mark.parametrize("spelling", registry.FORMATS, ids=lambda item: item.name)


def same_book(left: Portfolio, right: Portfolio) -> bool:
    """Compare two books, where they were read from aside."""
    return replace(left, path=None, warnings=()) == replace(right, path=None, warnings=())


def sample(suffix: str) -> Path:
    return Path(str(paths.resource("samples", f"sample{suffix}")))


def test_names_and_suffixes_are_unique():
    for attribute in ("name", "suffix"):
        values = [getattr(item, attribute) for item in registry.FORMATS]
        assert len(set(values)) == len(values)


@every_format
def test_the_sample_is_the_same_book_in_every_format(spelling: PortfolioFormat):
    assert same_book(
        registry.read(sample(spelling.suffix), CATALOGUE), registry.read(sample(".toml"), CATALOGUE)
    )


@every_format
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(book=portfolios())
def test_file_to_model_to_file_is_the_identity(
    spelling: PortfolioFormat, book: Portfolio, tmp_path_factory: pytest.TempPathFactory
):
    folder = tmp_path_factory.mktemp("round")
    first, second = folder / f"first{spelling.suffix}", folder / f"second{spelling.suffix}"
    registry.write(book, first)
    read_back = registry.read(first, CATALOGUE)
    assert same_book(read_back, book)
    registry.write(read_back, second)
    assert second.read_bytes() == first.read_bytes()


@every_format
def test_a_suffix_in_capitals_is_the_same_format(spelling: PortfolioFormat, tmp_path: Path):
    path = tmp_path / f"BOOK{spelling.suffix.upper()}"
    path.write_bytes(sample(spelling.suffix).read_bytes())
    assert registry.read(path, CATALOGUE).path == path


@every_format
def test_a_problem_names_its_place_and_what_was_written(spelling: PortfolioFormat, tmp_path: Path):
    path = tmp_path / f"book{spelling.suffix}"
    text = sample(spelling.suffix).read_text(encoding="utf-8")
    misspelt = re.sub(r'(?<=[",])isolated(?=[",])', "isolatet", text, count=1)
    path.write_text(misspelt.replace("69640", "-69640"), encoding="utf-8")
    with pytest.raises(PortfolioFileError) as refused:
        registry.read(path, CATALOGUE)
    written = {problem.offending: problem for problem in refused.value.problems}
    assert set(written) == {"isolatet", "-69640"}
    assert written["isolatet"].suggestion == "isolated"
    assert all(problem.where and problem.expected for problem in written.values())


@every_format
def test_a_byte_order_mark_and_windows_line_ends_are_read(
    spelling: PortfolioFormat, tmp_path: Path
):
    path = tmp_path / f"book{spelling.suffix}"
    content = sample(spelling.suffix).read_bytes().replace(b"\n", b"\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + content)
    read_back = registry.read(path, CATALOGUE)
    assert same_book(read_back, registry.read(sample(".toml"), CATALOGUE))


@every_format
@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
def test_a_file_cut_off_in_the_middle_never_crashes(
    spelling: PortfolioFormat, share: float, tmp_path: Path
):
    path = tmp_path / f"book{spelling.suffix}"
    content = sample(spelling.suffix).read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(PortfolioFileError):
        registry.read(path, CATALOGUE)


@every_format
def test_what_cannot_be_written_leaves_the_old_file_alone(
    spelling: PortfolioFormat, tmp_path: Path
):
    path = tmp_path / f"book{spelling.suffix}"
    path.write_text("the old one")
    book = registry.read(sample(".toml"), CATALOGUE)
    unwritable = replace(book, accounts=(replace(book.accounts[0], id=" "),))
    with pytest.raises(PortfolioFileError):
        registry.write(unwritable, path)
    assert path.read_text() == "the old one"
    assert [item.name for item in tmp_path.iterdir() if item.name != "home"] == [path.name]
