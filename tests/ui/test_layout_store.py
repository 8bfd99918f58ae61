import pytest

from ui import layout_store
from ui.layout_store import Layout
from workstation import paths

LAYOUT = Layout(geometry="Z2Vv", docks="<?xml ?>", panels={"log": {"level": "Errors"}})


def test_last_layout_comes_back_as_it_was():
    layout_store.save_last(LAYOUT)
    assert layout_store.load_last() == LAYOUT


def test_missing_layout_is_the_default():
    assert layout_store.load_last() == Layout()


def test_unreadable_field_costs_that_field():
    layout_store.save_last(LAYOUT)
    file = paths.config_dir() / "last-layout.json"
    file.write_text(file.read_text().replace('"Z2Vv"', "17"))
    assert layout_store.load_last() == Layout(docks=LAYOUT.docks, panels=LAYOUT.panels)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 99}'])
def test_unreadable_file_is_the_default_and_said_once(text, caplog):
    (paths.config_dir() / "last-layout.json").write_text(text)
    assert layout_store.load_last() == Layout()
    assert len(caplog.records) == 1


def test_named_layouts_are_listed_loaded_and_removed():
    layout_store.save("Two screens", LAYOUT)
    layout_store.save("../../evil/name", LAYOUT)
    assert layout_store.names() == ("Two screens", "evil name")
    assert layout_store.load("Two screens") == LAYOUT
    layout_store.remove("Two screens")
    assert layout_store.names() == ("evil name",)
