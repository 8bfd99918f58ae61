"""How what moves along is called."""

from __future__ import annotations

import pytest

from ui.names import others_text


@pytest.mark.parametrize(
    ("coin", "use_betas", "words"),
    [
        ("BTC", True, "others by beta"),
        ("ETH", True, "other coins stay still"),
        ("BTC", False, "other coins stay still"),
    ],
)
def test_only_a_move_of_bitcoin_takes_others_along(coin, use_betas, words):
    assert others_text(coin, use_betas=use_betas) == words
