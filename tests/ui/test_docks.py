import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QLabel, QMainWindow, QWidget

from ui.docks import Docks, _with_room
from ui.panels.base import Area, PanelSpec

_PLACES = (
    ("strip", Area.STRIP),
    ("price", Area.CHARTS),
    ("funding", Area.CHARTS),
    ("accounts", Area.BELOW_CHARTS),
    ("log", Area.BELOW_CHARTS),
    ("next", Area.RISK),
    ("positions", Area.RISK),
)
SPECS = tuple(
    PanelSpec(key=key, title=key.title(), factory=lambda _: None, area=area, help="", stretch=2)
    for key, area in _PLACES
)


@pytest.fixture
def docks(qtbot):
    window = QMainWindow()
    qtbot.addWidget(window)
    window.resize(1_600, 900)
    docks = Docks(window)
    for spec in SPECS:
        docks.add(spec, QLabel(spec.key))
    window.setCentralWidget(docks.widget)
    docks.set_default_layout()
    with qtbot.waitExposed(window):
        window.show()
    yield docks
    docks.close()


def place(docks, key):
    label = next(w for w in docks.widget.findChildren(QLabel) if w.text() == key)
    corner = label.mapTo(docks.widget, label.rect().topLeft())
    return corner.x(), corner.y(), label.width(), label.height()


def test_default_layout_is_strip_above_charts_left_of_risk(docks):
    strip, price, funding, risk = (place(docks, k) for k in ("strip", "price", "funding", "next"))
    assert strip[2] == docks.widget.width()
    assert price[1] > strip[1]
    assert funding[1] > price[1]
    assert risk[0] > price[0]
    assert price[2] / docks.widget.width() == pytest.approx(0.6, abs=0.01)


def test_strip_keeps_its_height_when_the_window_grows(docks, qtbot):
    before = place(docks, "strip")[3]
    docks.widget.window().resize(2_400, 1_500)
    qtbot.waitUntil(lambda: docks.widget.width() == 2_400)
    assert place(docks, "strip")[3] == before <= 44


def test_hidden_block_comes_back_where_it_was(docks, qtbot):
    before = place(docks, "funding")
    docks.set_shown("funding", shown=False)
    assert not docks.is_shown("funding")
    docks.set_shown("funding", shown=True)
    qtbot.waitUntil(lambda: place(docks, "funding") == before)


def test_floating_block_comes_back_where_it_was(docks, qtbot):
    before = place(docks, "positions")
    docks.set_floating("positions", floating=True)
    assert docks.is_floating("positions")
    docks.set_floating("next", floating=True)
    docks.set_floating("positions", floating=False)
    assert not docks.is_floating("positions")
    assert docks.is_floating("next")
    docks.set_floating("next", floating=False)
    qtbot.waitUntil(lambda: place(docks, "positions") == before)


def test_a_floating_block_that_was_closed_is_seen_when_it_comes_back(docks, qtbot):
    before = place(docks, "positions")
    docks.set_floating("positions", floating=True)
    docks.set_shown("positions", shown=False)
    docks.set_floating("positions", floating=False)
    assert docks.is_shown("positions")
    qtbot.waitUntil(lambda: place(docks, "positions") == before)


def test_a_block_floats_over_the_place_where_it_stood(docks):
    dock = docks._docks["positions"]
    before = dock.mapToGlobal(QPoint(0, 0))
    docks.set_floating("positions", floating=True)
    assert dock.floatingDockContainer().pos() == before


def test_a_block_that_floated_leaves_no_native_widgets(docks):
    docks.set_floating("positions", floating=True)
    docks.set_floating("positions", floating=False)
    inside = docks.widget.findChildren(QWidget)
    assert not [widget for widget in inside if widget.windowHandle() and not widget.isWindow()]


def test_a_block_has_room_at_a_key_and_gives_it_back_at_the_next(docks, qtbot):
    docks.raise_("log")
    before = place(docks, "log")[3]

    def grown():
        return place(docks, "log")[3] - before

    docks.raise_with_room("log", before + 90)
    qtbot.waitUntil(lambda: 50 < grown() <= 90)
    saved = docks.save()
    docks.raise_("accounts")
    docks.raise_with_room("log", before + 90)  # in front again, and its room is there still
    assert grown() > 50
    docks.raise_with_room("log", before + 90)
    qtbot.waitUntil(lambda: abs(grown()) <= 3)
    assert docks.restore(saved)  # what is kept for the next start has no lent room
    qtbot.waitUntil(lambda: abs(grown()) <= 3)


def test_no_block_takes_more_than_half_of_its_column(docks, qtbot):
    docks.raise_with_room("log", 5_000)
    column = docks.widget.height() - 44
    qtbot.waitUntil(lambda: place(docks, "log")[3] > 0.4 * column)
    assert place(docks, "log")[3] <= 0.5 * column


def test_saved_layout_is_restored(docks):
    docks.set_shown("log", shown=False)
    saved = docks.save()
    docks.set_default_layout()
    assert docks.is_shown("log")
    assert docks.restore(saved)
    assert not docks.is_shown("log")


def test_a_block_that_a_saved_layout_does_not_know_comes_up_as_one_more_tab(docks):
    saved = docks.save()
    older = saved.replace('<Widget Name="log" Closed="0"/>', "")
    assert older != saved
    docks.set_shown("log", shown=False)
    assert docks.restore(older)
    assert all(docks.is_shown(spec.key) for spec in SPECS)
    assert not docks.is_floating("log")


@pytest.mark.parametrize("garbage", ["", "no layout", "<?xml broken"])
def test_unreadable_layout_is_refused_and_changes_nothing(docks, garbage):
    assert not docks.restore(garbage)
    assert all(docks.is_shown(spec.key) for spec in SPECS)


def test_title_bars_show_only_while_arranging(docks, qtbot):
    before = place(docks, "price")
    docks.set_arranging(True)
    qtbot.waitUntil(lambda: place(docks, "price")[3] < before[3])
    docks.set_arranging(False)
    qtbot.waitUntil(lambda: place(docks, "price") == before)


def test_replaced_panel_stands_where_the_old_one_stood(docks, qtbot):
    before = place(docks, "price")
    docks.replace("price", QLabel("other"))
    qtbot.waitUntil(lambda: place(docks, "other") == before)


def test_a_layout_of_few_blocks_does_not_inherit_lent_room(docks, qtbot):
    docks.raise_("log")
    before = place(docks, "log")[3]
    docks.raise_with_room("log", before + 90)
    qtbot.waitUntil(lambda: place(docks, "log")[3] > before + 50)
    docks.show(spec.key for spec in SPECS)
    qtbot.waitUntil(lambda: abs(place(docks, "log")[3] - before) <= 3)


def test_room_comes_from_what_the_others_have_to_spare_and_the_highest_keeps_most():
    assert _with_room([300, 90, 90, 150], 3, 285) == [232, 70, 70, 258]
    assert _with_room([267, 78, 79, 157], 3, 285) == [232, 70, 70, 209]
    assert _with_room([240, 130, 130, 81], 3, 285)[0] == 232
    assert _with_room([150, 60, 60, 110], 3, 285) == [150, 60, 60, 110]
    assert _with_room([300, 90, 90, 150], 3, 100) == [300, 90, 90, 150]
    assert sum(_with_room([301, 97, 83, 150], 0, 400)) == 631
