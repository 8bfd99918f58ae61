"""The form: what it writes, and how its entries follow each other."""

import pytest
from PySide6.QtWidgets import QDialogButtonBox

from ui.dialogs.add_position import AddPositionDialog
from ui.theme import DARK
from workstation.market.catalogue import Catalogue
from workstation.paths import sample_path
from workstation.portfolio.formats import registry


@pytest.fixture
def open_form(qtbot, desk, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))

    def open_now():
        dialog = AddPositionDialog(desk, DARK)
        qtbot.addWidget(dialog)
        return dialog

    return open_now


def fill(form, **texts):
    for name, text in texts.items():
        entry = getattr(form, name)
        if hasattr(entry, "setCurrentText"):
            entry.setCurrentText(text)
        else:
            entry.setText(text)


def save(form, desk):
    form.accept()
    assert form.problems() == ""
    ((request, (book, path)),) = desk.requests
    assert request == "save_portfolio"
    return book, path


def read_back(book, path):
    registry.write(book, path)
    return registry.read(path, Catalogue.embedded())


def test_from_an_empty_screen_to_a_valid_file(open_form, desk, tmp_path):
    form = open_form()
    fill(form, account="main", symbol="BTC/USDT:USDT", side="long", quantity="2.4")
    fill(form, entry_price="64,390", leverage="25", margin_mode="isolated", wallet="25,000")
    book, path = save(form, desk)
    assert path.suffix == ".toml"
    (account,) = read_back(book, tmp_path / "book.toml").accounts
    (position,) = account.positions
    assert account.venue == "binanceusdm"
    assert account.balances == {"USDT": 25_000}
    assert (position.quantity, position.isolated_margin) == (2.4, pytest.approx(6_181.44))


def test_a_short_in_contracts_of_an_inverse_market(open_form, desk):
    form = open_form()
    form.venue.setCurrentIndex(form.venue.findData("binancecoinm"))
    fill(form, symbol="BTC/USD:BTC", side="short", quantity="1500", unit="contracts")
    fill(form, entry_price="70000", wallet="0.9")
    book, _ = save(form, desk)
    (account,) = book.accounts
    assert account.positions[0].quantity == -150_000  # a contract is 100 USD there
    assert account.balances == {"BTC": 0.9}


def test_it_names_what_the_size_counts(open_form):
    form = open_form()
    fill(form, symbol="ETH/USDT:USDT")
    assert form.unit.itemText(0) == "ETH"
    form.venue.setCurrentIndex(form.venue.findData("binancecoinm"))
    fill(form, symbol="BTC/USD:BTC")
    assert form.unit.itemText(0) == "USD"


def test_every_problem_is_said_by_the_name_of_its_entry(open_form, desk):
    form = open_form()
    fill(form, symbol="BTC/USDT:USDT", quantity="-1", entry_price="", margin_mode="isolated")
    form.accept()
    assert desk.requests == []
    lines = form.problems().splitlines()
    assert [line.partition(":")[0] for line in lines] == ["Size", "Entry price", "Leverage"]


def test_a_market_that_does_not_exist_is_refused_with_the_nearest(open_form, desk):
    form = open_form()
    fill(form, symbol="BCT/USDT:USDT", quantity="1", entry_price="70000")
    form.accept()
    assert desk.requests == []
    assert form.problems().startswith("Market: 'BCT/USDT:USDT'")
    assert "did you mean" in form.problems()


def test_a_position_joins_the_open_book_in_its_file(open_form, desk, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(sample_path().read_text(encoding="utf-8"), encoding="utf-8")
    desk.portfolio = registry.read(path, desk.catalogue)
    form = open_form()
    fill(form, account="okx-alts", symbol="BTC/USDT:USDT", quantity="1", entry_price="70000")
    assert not form.venue.isEnabled()
    assert form.venue.currentData() == "okx"
    book, target = save(form, desk)
    assert target == path
    assert len(book.accounts) == len(desk.portfolio.accounts)
    assert len(book.accounts[1].positions) == 2
    assert book.accounts[0] == desk.portfolio.accounts[0]


def test_the_sample_is_left_alone(open_form, desk):
    desk.portfolio = registry.read(sample_path(), desk.catalogue)
    form = open_form()
    fill(form, account="main", symbol="BTC/USDT:USDT", quantity="1", entry_price="70000")
    book, path = save(form, desk)
    assert [account.id for account in book.accounts] == ["main"]
    assert path != sample_path()


def test_isolated_margin_is_asked_for_an_isolated_position_only(open_form):
    form = open_form()
    fill(form, margin_mode="cross")
    assert not form.isolated_margin.isEnabled()
    assert "none with cross margin" in form.isolated_margin.placeholderText()
    fill(form, margin_mode="isolated")
    assert form.isolated_margin.isEnabled()
    assert form.isolated_margin.placeholderText() == ""


def test_another_file_can_be_chosen(open_form, desk, tmp_path):
    form = open_form()
    form.set_path(str(tmp_path / "other.json"))
    fill(form, account="main", symbol="BTC/USDT:USDT", quantity="1", entry_price="70000")
    _, path = save(form, desk)
    assert path == tmp_path / "other.json"


def test_a_position_for_the_copy_goes_into_the_copy_and_no_file(qtbot, desk):
    desk.copy = registry.read(sample_path(), Catalogue.embedded())
    form = AddPositionDialog(desk, DARK, into_copy=True)
    qtbot.addWidget(form)
    fill(form, account="okx-alts", symbol="BTC/USDT:USDT", side="short", quantity="0.1")
    fill(form, entry_price="71000", leverage="10")
    form.accept()
    assert form.problems() == ""
    ((request, copy),) = desk.requests
    assert request == "set_copy"
    assert copy.accounts[1].positions[-1].quantity == -0.1


def test_a_problem_goes_while_its_entry_is_corrected_and_no_button_moves(open_form, desk, qtbot):
    form = open_form()
    form.show()
    fill(form, symbol="BTC/USDT:USDT", quantity="0", entry_price="0", leverage="5")
    save_button = form.findChild(QDialogButtonBox)
    before = save_button.y()
    form.accept()
    assert {line.split(":")[0] for line in form.problems().splitlines()} == {"Size", "Entry price"}
    assert save_button.y() == before
    form.quantity.setText("2")
    assert form.problems().startswith("Entry price")
    form.entry_price.setText("60000")
    assert form.problems() == ""
    form.quantity.setText("0")  # what was refused before is refused still
    assert form.problems().startswith("Size")
