"""What the next start takes up again."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from workstation import paths
from workstation.portfolio.model import Portfolio
from workstation.services import session
from workstation.services.session import MAX_RECENT, Session
from workstation.units import UnixMs


def test_a_session_comes_back_as_it_was():
    now = Session(source="live", portfolio=session.SAMPLE, interval="1m", recent=("/a.toml",))
    session.save(now)
    assert session.load() == now


def test_without_a_file_it_is_a_first_start():
    assert session.load() == Session()


@pytest.mark.parametrize("text", ["", "{", "[1, 2]", '{"recent": 5}'])
def test_an_unreadable_session_is_a_first_start_and_one_warning(text, caplog):
    (paths.config_dir() / "session.json").write_text(text, encoding="utf-8")
    with caplog.at_level(logging.WARNING):
        assert session.load() == Session()
    assert "the last session could not be read" in caplog.text


def test_the_book_opened_last_comes_first_and_once():
    now = Session().opened(Path("/a.toml")).opened(Path("/b.toml")).opened(Path("/a.toml"))
    assert now.portfolio == str(Path("/a.toml"))
    assert now.recent == (str(Path("/a.toml")), str(Path("/b.toml")))


def test_only_the_last_books_are_kept():
    now = Session()
    for number in range(MAX_RECENT + 3):
        now = now.opened(Path(f"/{number}.toml"))
    assert len(now.recent) == MAX_RECENT
    assert now.recent[0] == now.portfolio


def test_a_folder_that_cannot_be_written_costs_only_the_convenience(monkeypatch, tmp_path, caplog):
    monkeypatch.setattr(paths, "config_dir", lambda: tmp_path / "missing")
    with caplog.at_level(logging.WARNING):
        session.save(Session(source="live"))
    assert "the session could not be saved" in caplog.text


def file(path):
    return Portfolio(accounts=(), as_of_ms=UnixMs(0), name="", path=path)


def test_a_file_that_was_closed_is_not_opened_again(tmp_path):
    book = file(tmp_path / "book.toml")
    now = Session().followed(None, book)
    assert now.portfolio == str(book.path)
    assert now.followed(book, None) == Session(recent=now.recent)


def test_a_file_that_is_not_open_yet_or_was_refused_stays_the_last():
    now = Session(portfolio="/book.toml")
    assert now.followed(None, None) == now


def test_the_sample_is_remembered_by_name():
    now = Session().followed(None, file(paths.sample_path()))
    assert now == Session(portfolio=session.SAMPLE)
