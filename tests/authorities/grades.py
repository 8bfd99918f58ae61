"""How every figure of the cases can be put to the engine, and which cannot, with the reason.

A figure is *expressible* where a portfolio file can say the case under the venue's rules of today;
*direct* where the engine has the equation but the venue's own rule was another then (maintenance at
entry, or frozen), or has no entry here; *impossible* where there is nothing here to compare, each
with its reason.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.authorities.reading import Setting, read_cases
from workstation.risk.profiles import PROFILES

CASES = {case.id: case for case in read_cases()}

ENTRY_RULE = Setting(venue="manual", fixed=True)  # Bybit before 2025-09-02; BitMEX-style margins
AT_ENTRY = Setting(mark_at="entry")  # valued at entry then: the same figure with the mark there
WITH_FEE = Setting(mark_at="entry", pooled=True)  # the closing fee, which cancels when isolated
WITHOUT_FEE = Setting(venue="manual", fixed=True, backing="bankruptcy_margin")
AT_SIZE = Setting(mark_at="size_base")  # Deribit's own size, which has more digits than its mark
FROZEN = Setting(venue="bitget")  # maintenance margin stays as it is at the mark

DIRECT: dict[tuple[str, str], Setting] = {
    ("hl-2023-12pos-eth", "liquidation_price"): FROZEN,
    ("hl-2023-12pos-dydx", "liquidation_price"): FROZEN,
    ("hl-2023-12pos-ape", "liquidation_price"): FROZEN,
    ("byb-token-short-1x", "maintenance_margin"): WITH_FEE,
    ("byb-token-short-1x", "initial_margin"): WITH_FEE,
    ("kuc-btc-iso-5x", "bankruptcy_price"): WITHOUT_FEE,
    ("kuc-eth-iso-short", "bankruptcy_price"): WITHOUT_FEE,
    ("kuc-btc-iso-5x", "liquidation_price"): ENTRY_RULE,
    ("kuc-eth-iso-short", "liquidation_price"): ENTRY_RULE,
    ("byb-inv-cross-2020", "liquidation_price"): ENTRY_RULE,
    ("phx-usdtm-iso", "liquidation_price"): Setting(venue="manual", fee_in_rate=True),
    ("bmx-cross-short-100x", "unrealized_pnl"): Setting(),
    ("drv-inv-shock-down", "shock"): Setting(venue="deribit"),
    **{
        (case.id, "liquidation_price"): ENTRY_RULE
        for case in CASES.values()
        if case.exchange == "bybit" and case.inputs.get("mm_basis") == "entry"
    },
    **{
        (case.id, name): AT_ENTRY
        for case in CASES.values()
        for name in {"maintenance_margin", "initial_margin", "notional"} & case.expected.keys()
        if case.inputs.get("value_at") == "entry" and case.mode == "cross"
    },
    **{
        (case.id, name): AT_SIZE
        for case in CASES.values()
        for name in {"maintenance_margin", "initial_margin"} & case.expected.keys()
        if "size_base" in case.inputs
    },
}

_SATOSHI = "BitMEX rounds each contract's value to a satoshi; there is no rule for it here"
_HAND_MADE = "a fixture made by hand: its figures do not fit together"
IMPOSSIBLE: dict[tuple[str, str], str] = {
    **{
        (case.id, name): _HAND_MADE
        for case in CASES.values()
        if not case.reproduced
        for name in case.expected
    },
    **{
        (name, of): _SATOSHI
        for name in ("bmx-short-25x", "bmx-long-1x")
        for of in ("liquidation_price", "bankruptcy_price", "maintenance_margin")
    },
    ("bmx-cross-short-100x", "initial_margin"): _SATOSHI,
    (
        "byb-inv-cross-2020",
        "bankruptcy_price",
    ): "the rule of 2020 took the fee off the margin first",
    ("hl-doc-funding", "funding_rate"): "funding rates are read from the venue, never computed",
}

# Cases about a table or about a pair of contracts have tests of their own below.
OWN_TEST = {"maintenance_amount", "other_liquidation_price"}


def tally() -> dict[str, Counter[str]]:
    """Return per venue how many figures are expressible, direct and impossible."""
    found: dict[str, Counter[str]] = {}
    for case in CASES.values():
        for name in case.expected:
            key = (case.id, name)
            grade = "impossible" if key in IMPOSSIBLE else "expressible"
            if grade == "expressible" and (
                key in DIRECT or name in OWN_TEST or case.exchange not in PROFILES
                or any("tiers" in leg for leg in case.legs)
            ):  # fmt: skip
                grade = "direct"
            found.setdefault(case.exchange, Counter())[grade] += 1
    return found


def summary() -> Iterator[str]:
    """Yield the report: figures a venue by grade, then what is impossible and why."""
    yield f"{'venue':15}{'expressible':>12}{'direct':>8}{'impossible':>12}"
    for venue, counts in tally().items():
        grades = (counts["expressible"], counts["direct"], counts["impossible"])
        yield f"{venue:15}{grades[0]:12}{grades[1]:8}{grades[2]:12}"
    for (case, figure), reason in IMPOSSIBLE.items():
        yield f"impossible: {case} {figure}: {reason}"
