"""Values on the command line, as people write them."""

from __future__ import annotations

import pytest

from ui import arguments
from workstation.errors import UsageError
from workstation.services.headless import MarkOption, Move


def test_a_mark_is_split_at_its_equals_sign_and_may_name_its_venue():
    assert arguments.marks(["BTC/USDT:USDT=64000", "okx:BTC/USD:BTC-260327=6.5e4"]) == (
        MarkOption(symbol="BTC/USDT:USDT", price=64_000.0),
        MarkOption(symbol="BTC/USD:BTC-260327", price=65_000.0, venue="okx"),
    )


def test_a_move_is_a_price_or_a_percentage():
    assert arguments.moves(["BTC=60000", "ETH=-7%", "SOL=+2.5%"]) == (
        Move(coin="BTC", price=60_000.0),
        Move(coin="ETH", fraction=-0.07),
        Move(coin="SOL", fraction=0.025),
    )


@pytest.mark.parametrize(
    ("text", "expected"), [("6h", 6.0), ("90min", 1.5), ("90m", 1.5), ("2d", 48.0), ("1800s", 0.5)]
)
def test_a_duration_has_a_unit(text, expected):
    assert arguments.hours(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "coin", "prices"),
    [
        ("55000:60000:2500", "BTC", [55_000, 57_500, 60_000]),
        ("60000:54000:2500", "BTC", [55_000, 57_500, 60_000]),  # from FROM on, whatever the order
        ("ETH:0.1:0.3:0.1", "ETH", [0.1, 0.2, 0.3]),  # 0.3 counts, though (0.3 - 0.1) / 0.1 < 2
        ("BTC:60000:60000:1", "BTC", [60_000]),
    ],
)
def test_a_ladder_steps_from_its_first_price_and_ascends(text, coin, prices):
    found = arguments.ladder(text)
    assert found.coin == coin
    assert found.prices == pytest.approx(prices)


@pytest.mark.parametrize(
    ("read", "text", "says"),
    [
        (arguments.marks, ["BTC=64000"], "'BTC' is not a derivative's symbol"),
        (arguments.marks, ["BTC/USDT:USDT"], "write it as --mark BTC/USDT:USDT=64000"),
        (arguments.marks, ["BTC/USDT:USDT=64,000"], "'64,000' is not a number"),
        (arguments.marks, ["BTC/USDT:USDT=nan"], "'nan' is not a number"),
        (arguments.marks, ["BTC/USDT:USDT=0"], "must be greater than zero"),
        (arguments.moves, ["60000"], "write it as --move BTC=60000 or BTC=-7%"),
        (arguments.moves, ["BTC=-100%"], "a price cannot fall by 100 % or more"),
        (arguments.moves, ["BTC=x%"], "'x' is not a number"),
        (arguments.betas, ["ETH"], "write it as --beta ETH=1.3"),
        (arguments.betas, ["ETH=inf"], "'inf' is not a number"),
        (arguments.hours, "6", "give a number and a unit"),
        (arguments.hours, "6 weeks", "give a number and a unit"),
        (arguments.hours, "1.2.3h", "'1.2.3' is not a number"),
        (arguments.ladder, "55000:60000", "give FROM:TO:STEP"),
        (arguments.ladder, "BTC:55000:60000:2500:1", "give FROM:TO:STEP"),
        (arguments.ladder, "55000:60000:0", "must be greater than zero"),
        (arguments.ladder, "1:60000:0.001", "at most 10,000 fit"),
    ],
)
def test_what_cannot_be_read_is_refused_with_what_to_write(read, text, says):
    with pytest.raises(UsageError) as refusal:
        read(text)
    assert says in refusal.value.user_message
