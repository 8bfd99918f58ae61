"""Typed rules: what can be read, in which unit, and how what cannot be read is refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workstation.alerts.facts import CHANNELS, Severity
from workstation.alerts.grammar import Known, parse
from workstation.alerts.quantities import NOT_YET, QUANTITIES
from workstation.alerts.typed import EVER_MS, Op
from workstation.errors import AlertRuleError
from workstation.units import HOUR_MS, MINUTE_MS

KNOWN = Known(
    coins=frozenset({"BTC", "ETH"}), names=frozenset({"binance-main", "bybit", "BTC/USDT:USDT"})
)


def error(text, known=KNOWN):
    with pytest.raises(AlertRuleError) as caught:
        parse(text, known)
    return caught.value


def pointed_at(text):
    found = error(text)
    return found.text[found.start : found.end]


# the rules of context.md 6.2 for which there is data, in the units of their quantities
@pytest.mark.parametrize(
    ("text", "severity", "subject", "quantity", "op", "value", "again_after", "for_ms"),
    [
        ("critical book distance < 8% again after 2%",
         "critical", "book", "distance", "<", 0.08, 0.02, 0),
        ("warn binance-main margin_ratio > 0.7",
         "warn", "binance-main", "margin_ratio", ">", 0.7, 0.05, 0),
        ("BTC funding > 0.05%/8h for 16h",
         "warn", "BTC", "funding", ">", 0.0005, 0.0001, 16 * HOUR_MS),
        ("BTC funding > 30%/yr",
         "warn", "BTC", "funding", ">", 0.30 * 8 / 8_760, 0.06 * 8 / 8_760, 0),
        ("BTC price crosses 60000 again after 0.5%",
         "warn", "BTC", "price", "crosses", 60_000.0, 300.0, 0),
        ("info eth price>4,200.5", "info", "eth", "price", ">", 4_200.5, 21.0025, 0),
        ("BTC price < 62k again after 250", "warn", "BTC", "price", "<", 62_000.0, 250.0, 0),
        ("bybit down for 2m", "warn", "bybit", "down", ">", 120.0, 120.0, 0),
        ("venue down", "warn", "venue", "down", ">", 60.0, 60.0, 0),
        ("book stale for 90m", "warn", "book", "stale", ">", 1.5, 0.0, 0),
        ("position adl_rank > 3", "warn", "position", "adl_rank", ">", 3.0, 0.5, 0),
        ("BTC/USDT:USDT distance < 0.1", "warn", "BTC/USDT:USDT", "distance", "<", 0.1, 0.02, 0),
        ("BTC spread > 0.1% for 5m", "warn", "BTC", "spread", ">", 0.001, 0.0002, 5 * MINUTE_MS),
    ],
)  # fmt: skip
def test_a_rule_is_read_in_the_units_of_its_quantity(
    text, severity, subject, quantity, op, value, again_after, for_ms
):
    rule = parse(text, KNOWN)
    assert (rule.severity, rule.subject, rule.quantity, rule.op) == (
        Severity(severity), subject, quantity, Op(op),
    )  # fmt: skip
    assert rule.value == pytest.approx(value)
    assert rule.again_after == pytest.approx(again_after)
    assert rule.for_ms == for_ms


def test_options_come_in_any_order_and_the_note_takes_the_rest():
    rule = parse(
        "BTC price < 60000 via push,sound quiet ok until 2026-12-31 cooldown 30m "
        "note sell,  not later < now"
    )
    assert rule.via == {"push", "sound"}
    assert rule.quiet_ok
    assert rule.until_ms == 1_798_761_600_000  # 2027-01-01 00:00 UTC
    assert rule.cooldown_ms == 30 * MINUTE_MS
    assert rule.note == "sell, not later < now"
    assert rule.condition == "BTC price < 60000"
    plain = parse("BTC price < 60000 once")
    assert (plain.cooldown_ms, plain.via, plain.note) == (EVER_MS, CHANNELS, "")


@pytest.mark.parametrize(
    ("text", "word", "reason"),
    [
        ("", "", "nothing to watch: write SUBJECT QUANTITY < VALUE"),
        ("BTC", "", "what to watch of it is missing at the end"),
        ("BTC prise < 60000", "prise", "'prise' is no quantity; did you mean 'price'?"),
        ("distance < 8%", "distance", "'distance' of what?"),
        ("BTD price < 60000", "BTD", "did you mean 'btc'?"),
        ("book price < 60000", "book", "only a coin has a price"),
        ("binance-mian distance < 8%", "binance-mian", "did you mean 'binance-main'?"),
        ("BTC price = 60000", "=", "'=' is no comparison; there is <, >, crosses"),
        ("BTC price <", "", "a price such as 60000 or 62k is missing at the end"),
        ("BTC price < sixty", "sixty", "cannot be read"),
        ("BTC price < 5%", "5%", "does not fit: it has to be a price"),
        ("BTC price < 0", "0", "does not fit"),
        ("book distance < 8", "8", "does not fit: it has to be a percentage"),
        ("BTC funding > 0.05%", "0.05%", "a rate such as 0.05%/8h"),
        ("book margin_ratio crosses 0.7", "crosses", "only a price crosses"),
        ("BTC price < 60000 for ever", "ever", "no duration"),
        ("BTC price < 60000 onse", "onse", "'onse' is no option; did you mean 'once'?"),
        ("BTC price < 60000 again 2%", "2%", "after 'again' comes 'after'"),
        ("BTC price < 60000 quiet", "", "after 'quiet' comes 'ok'"),
        ("BTC price < 60000 via pusch", "pusch", "did you mean 'push'?"),
        ("BTC price < 60000 until tomorrow", "tomorrow", "no day"),
        ("BTC price < 60000 note", "", "the note has no text"),
        ("bybit stale", "bybit", "'bybit' is no part of what can be stale here"),
    ],
)
def test_what_cannot_be_read_points_at_the_word_and_proposes(text, word, reason):
    assert pointed_at(text) == word
    assert reason in error(text).user_message
    assert error(text).user_message[-1] in ".?"


@pytest.mark.parametrize(
    "text",
    [
        "BTC oi_change(24h) < -3%",
        "BTC liquidations(long,1h) > 0.09% of oi",
        "USDT peg < 0.995",
        "etf_flow stale",
        "flush begins",
        "BTC price moves 5%",
        "BTC probability > 10%",
    ],
)
def test_what_has_no_data_yet_is_refused_with_that_sentence(text):
    assert "not available yet" in error(text).user_message


def test_nothing_is_both_there_and_not_yet():
    assert not QUANTITIES.keys() & NOT_YET.keys()


WORDS = [
    "warn", "critical", "BTC", "book", "bybit", "price", "distance", "funding", "down", "stale",
    "<", ">", "crosses", "60000", "8%", "0.05%/8h", "for", "60s", "again", "after", "once", "until",
    "2026-12-31", "quiet", "ok", "via", "push", "note", "x", "(", ")", "1e999", "9" * 400, "-1",
]  # fmt: skip


@settings(deadline=None)
@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)))
def test_any_text_is_a_rule_or_an_error_that_points_into_it(text):
    try:
        rule = parse(text, KNOWN)
    except AlertRuleError as refused:
        found = refused
    else:
        assert parse(rule.text, KNOWN) == rule
        return
    assert 0 <= found.start <= found.end <= len(text)
    assert found.user_message
