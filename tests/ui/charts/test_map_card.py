import dataclasses

from PySide6.QtCore import QPointF

from tests.ui.charts.frozen import pixel_map
from ui import format as fmt
from ui.charts.map_card import card_lines, card_place, known_text, leverage_text, likely_text
from workstation.risk.heatmap_reading import Cell, Known, Waiting


def cell(**changes):
    fields = {
        "low": 63_000.0,
        "high": 63_063.0,
        "time_ms": 1_770_325_200_000,
        "is_newest": True,
        "long": Waiting(base=9_500.0, usd=6e8, low_usd=3e8, high_usd=1.1e9),
        "short": Waiting(base=0.0, usd=0.0),
        "by_leverage": (0.1, 0.2, 0.3, 0.25, 0.15),
        "leverage_ms": 1_770_325_200_000,
    }
    return Cell(**(fields | changes))


def test_an_amount_is_told_with_its_band():
    waiting = Waiting(base=9_500.0, usd=6e8, low_usd=3e8, high_usd=1.1e9)
    assert likely_text(waiting) == "likely $0.30–1.10 B, estimate $600 M"
    assert likely_text(waiting, "BTC") == "likely $0.30–1.10 B, estimate $600 M (9,500 BTC)"


def test_an_unknown_band_is_said_to_be_unknown():
    assert likely_text(Waiting(base=1.0, usd=2e6)) == "estimate $2.00 M, band not known"


def test_the_card_tells_price_distance_band_and_leverage():
    lines = [text for text, _ in card_lines(cell(), "BTC", 64_000.0)]
    assert lines == [
        "63,000 to 63,063   −1.5 % from the mark now",
        "Longs  likely $0.30–1.10 B, estimate $600 M (9,500 BTC)",
        f"Leverage {leverage_text((0.1, 0.2, 0.3, 0.25, 0.15))}",
    ]


def test_a_side_on_which_nothing_waits_has_no_line_and_without_a_mark_there_is_no_distance():
    lines = list(card_lines(cell(long=Waiting(base=0.0, usd=0.0), by_leverage=()), "BTC", None))
    assert lines == [("63,000 to 63,063", "text")]


def test_an_earlier_bar_says_when_it_and_its_leverage_were_known():
    def last_lines(**changes):
        earlier = cell(is_newest=False, **changes)
        return [text for text, _ in card_lines(earlier, "BTC", 64_000.0)][-2:]

    known = "As known after 2026-02-05 21:00"
    noted = f"{known}, its leverage as noted after 2026-02-05 18:00"
    shares = f"Leverage {leverage_text((0.1, 0.2, 0.3, 0.25, 0.15))}"
    nothing = "Leverage not known: nothing stood here when it was noted"
    noted_ms = 1_770_325_200_000 - 3 * 3_600_000
    assert last_lines() == [known, shares]
    assert last_lines(leverage_ms=noted_ms) == [noted, shares]
    assert last_lines(leverage_ms=noted_ms, by_leverage=()) == [noted, nothing]
    assert last_lines(leverage_ms=None, by_leverage=()) == [known, "Leverage not known"]


def test_what_is_known_one_by_one_is_told_apart_from_the_estimate():
    known = Known(
        venue="hyperliquid",
        long_usd=1.2e6,
        short_usd=0.0,
        coverage=(0.041, 0.02),
        is_stale=False,
    )
    lines = [text for text, _ in card_lines(cell(known=(known,)), "BTC", 64_000.0)]
    assert lines[:-1] == [text for text, _ in card_lines(cell(), "BTC", 64_000.0)]
    assert lines[-1] == "Exact now at Hyperliquid: $1.20 M long known here, coverage 4.1 % long"
    hidden = [text for text, _ in card_lines(cell(known=(known,)), "BTC", None, exact=False)]
    assert not any(text.startswith("Exact") for text in hidden)
    nothing = dataclasses.replace(known, long_usd=0.0, is_stale=True)
    assert known_text([nothing]) == (
        "Exact now at Hyperliquid: nothing known here, coverage 4.1 % long and 2.0 % short "
        "(old readings)"
    )


def test_what_is_known_at_several_markets_is_one_line():
    one = Known(venue="bybit", long_usd=1e6, short_usd=0.0, coverage=(0.96, 0.9), is_stale=False)
    other = dataclasses.replace(one, venue="okx", short_usd=3e5, coverage=(1.0, 0.9))
    assert known_text([one, other]) == (
        "Exact now at 2 venues: $2.00 M long and $300 k short known here, "
        "coverage 96.0 % to 100.0 % long and 90.0 % short"
    )
    assert known_text([one, dataclasses.replace(one, coverage=None)]) == (
        "Exact now at Bybit: $2.00 M long known here, coverage not known"
    )


def test_the_bands_of_leverage_are_named_by_their_ends():
    assert leverage_text((0.1, 0.2, 0.3, 0.25, 0.15)) == (
        "to 5× 10 %, to 10× 20 %, to 25× 30 %, to 50× 25 %, above 50× 15 %"
    )


def test_the_card_stays_inside_the_view_and_off_the_cursor():
    pixels = pixel_map(width=400, height=300)
    for x, y in ((0, 0), (399, 299), (200, 150), (399, 0)):
        card = card_place(QPointF(x, y), 120, 60, pixels)
        assert card.left() >= 0
        assert card.right() <= 400
        assert card.top() >= 0
        assert card.bottom() <= 300
        assert not card.contains(QPointF(x, y))


def test_both_ends_of_a_range_have_the_unit_of_the_higher():
    assert fmt.usd_range(3e8, 1.1e9) == "$0.30–1.10 B"
    assert fmt.usd_range(2.26e6, 23.4e6) == "$2.3–23.4 M"
    assert fmt.usd_range(0.0, 99_999.0) == "$0–99,999"
    assert fmt.quantity_range(0.3, 1.25) == "0.30–1.25"
    assert fmt.quantity_range(420.0, 12_340.0) == "0.4–12.3 k"
    assert fmt.quantity_range(None, 1.0) == "–"
    assert fmt.usd_range(None, 1.0) == fmt.usd_range(float("nan"), 1.0) == "–"
