"""The venues' rules: one contract over all entries, and the switches that section 6 names."""

from __future__ import annotations

import pytest

from workstation.portfolio.model import MANUAL_VENUE
from workstation.risk.profiles import (
    PROFILES,
    FeeInMaintenance,
    MaintenancePrice,
    Others,
    Rounding,
    profile_of,
)


@pytest.mark.parametrize("venue", PROFILES)
def test_an_entry_is_complete(venue):
    profile = PROFILES[venue]
    assert profile.name
    assert profile.source
    assert all(0 <= haircut < 1 for haircut in profile.haircuts.values())
    if venue == MANUAL_VENUE:
        assert profile.taker_fee is None
    else:
        assert 0 < profile.taker_fee < 0.002


def test_the_switches_are_those_of_the_venues():
    trial, mark = MaintenancePrice.TRIAL, MaintenancePrice.MARK
    none, rate, bankruptcy = (
        FeeInMaintenance.NONE, FeeInMaintenance.RATE, FeeInMaintenance.BANKRUPTCY)  # fmt: skip
    switches = {venue: (p.maintenance_price, p.fee, p.others) for venue, p in PROFILES.items()}
    assert switches == {
        "binanceusdm": (trial, none, Others.FROZEN),
        "binancecoinm": (trial, none, Others.FROZEN),
        "bybit": (trial, bankruptcy, Others.FROZEN),
        "okx": (trial, rate, Others.FROZEN),
        "hyperliquid": (trial, none, Others.FROZEN),
        "deribit": (trial, none, Others.COMMON_SHOCK),
        "gate": (trial, rate, Others.FROZEN),
        "bitget": (mark, rate, Others.FROZEN),
        "krakenfutures": (trial, none, Others.FROZEN),
        MANUAL_VENUE: (trial, none, Others.FROZEN),
    }


def test_only_bybit_and_okx_move_a_printed_price_to_their_ticks():
    rounding = {v: p.rounding for v, p in PROFILES.items() if p.rounding is not Rounding.NONE}
    assert rounding == {"bybit": Rounding.TICK_SAFE, "okx": Rounding.PLUS_SIDE_TICK}


def test_a_venue_without_an_entry_has_the_manual_rules():
    assert profile_of("an-exchange-of-tomorrow") is PROFILES[MANUAL_VENUE]
