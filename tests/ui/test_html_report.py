"""The page: what a new reader finds in it, and that it needs nothing and believes no text."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser

import pytest

from tests.ui.decisions import TERMS, sample_answer
from ui.cli import main
from ui.html_facts import ReportFacts
from ui.html_report import page
from workstation.paths import sample_path
from workstation.risk.transfers import TransferTerms
from workstation.units import UnixMs

NASTY = '<script>alert(1)</script>"&'


def facts(price=60_000.0, **changes):
    answer, decision = sample_answer(price)
    known = ReportFacts(
        before=answer.before, after=answer.after, decision=decision, transfers=TransferTerms(),
        over_h=TERMS.over_h, made_ms=UnixMs(1_770_325_800_000), version="1", pace_assumed=True,
    )  # fmt: skip
    return dataclasses.replace(known, **changes)


class Page(HTMLParser):
    """Collects tags, attributes and words; fails on a tag that is closed out of order."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words, self.addresses, self._open = [], [], [], []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [v for k, v in attrs if k in ("src", "href", "xlink:href", "data")]
        if tag not in ("meta", "!doctype"):
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(self.words)


def test_it_answers_the_four_questions_of_a_new_reader():
    text = " ".join(Page(page(facts())).text.split())
    assert (
        "What is liquidated first, and at what price? binance-main · BTC long iso at 67,123" in text
    )
    assert "What is left at BTC 60,000? $109,261 of $272,704 (−$163,443), if nothing is do" in text
    assert "How likely is it within a week? Not known here." in text
    assert (
        "What to do for the least money? The cheapest way out takes 4 steps, after which "
        "nothing is liquidated: it pays $75.92 in fees and slippage, moves "
        "$18,998 of collateral, which is then at risk too, and cuts $73,921 of positions. "
        "Cuts alone pay $199 more and leave $35,863 more." in text
    )
    assert "If nothing is done, 3 margin pools are liquidated on the way to BTC 60,000." in text
    assert "BTC long iso, liquidated at BTC 67,123. Step 1: cut 0.995 BTC long by a market" in text


def test_a_repair_that_leaves_less_than_doing_nothing_says_so_with_both_figures():
    text = Page(page(facts())).text
    rescue = sample_answer()[1].rescue
    assert rescue.sacrifice_usd == pytest.approx(14_910, abs=1)
    sentence = "it leaves LESS at BTC 60,000 than doing nothing: $94,351 instead of $109,261"
    assert text.count(sentence) == 1
    better = dataclasses.replace(rescue, equity_rescued_usd=120_000.0)
    decision = dataclasses.replace(sample_answer()[1], rescue=better)
    text = Page(page(facts(decision=decision))).text
    assert "LESS" not in text
    assert "Left at BTC 60,000: $120,000; doing nothing: $109,261." in text


def test_a_repair_names_the_account_that_is_liquidated_sooner_for_it():
    text = Page(page(facts())).text
    words = (
        "Takes 10,001 USDT from bybit-cross, whose liquidation moves from BTC 59,167 up to 59,971, "
        "just beyond the scenario."
    )
    assert text.count(words) == 1
    assert "If the move goes on, binance-main · BTC long iso is liquidated next, at BTC 5" in text


def test_the_alternatives_say_what_they_pay_need_and_leave():
    text = " ".join(Page(page(facts())).text.split())
    assert (
        "Instead, cuts alone: pays $275.05, leaves $130,214. Cut 2.4 BTC long of binance-main "
        "(pays $170.40); cut 1,150 SOL long of okx-alts (pays $104.65)." in text
    )
    assert (
        "Instead, fresh collateral alone: needs $28,191 from outside, leaves $111,007 with it, "
        "$82,816 without. "
        "17,084.17 USDT to binance-main (BTC long iso); 1,819.47 USDT to binance-main;" in text
    )


def test_nothing_is_said_to_leave_more_where_the_cheapest_way_leaves_the_most():
    decision = sample_answer()[1]
    best = dataclasses.replace(decision.rescue, equity_rescued_usd=200_000.0)
    text = Page(page(facts(decision=dataclasses.replace(decision, rescue=best)))).text
    assert "more and leave" not in text


def test_a_transfer_of_what_a_step_frees_says_after_which():
    text = Page(page(facts(price=59_500.0))).text
    assert "Step 4: move 1,213.13 USDT from binance-main · Binance (≈ 20 min after step 1" in text
    assert "4. +1,213.13 USDT" in text


def test_a_book_of_more_than_a_day_warns_at_the_head():
    text = Page(page(facts())).text  # made in the minutes after the book was true
    assert "The book is" not in text
    later = UnixMs(1_770_325_800_000 + 3 * 86_400_000)
    assert "The book is 3 d old:" in Page(page(facts(made_ms=later))).text


def test_a_price_with_the_funding_of_the_way_says_so():
    # without it the position's own price is 67,123
    answer, decision = sample_answer()
    first, *others = decision.rescue.rows
    assert "with the funding of the way" not in Page(page(facts())).text
    events = tuple(
        dataclasses.replace(event, price=67_140.0)
        if (event.account, event.symbol) == (first.account, first.symbol) else event
        for event in answer.after.events
    )  # fmt: skip
    after = dataclasses.replace(
        answer.after, events=events, funded=frozenset({(first.account, first.symbol)})
    )
    rows = (dataclasses.replace(first, price=67_140.0), *others)
    rescue = dataclasses.replace(decision.rescue, rows=rows)
    decision = dataclasses.replace(decision, rescue=rescue)
    text = Page(page(facts(after=after, decision=decision))).text
    assert "BTC long iso at 67,140, with the funding of the way (" in text


def test_the_waterfall_names_both_prices():
    text = Page(page(facts())).text
    assert re.search(r"Price +BTC then", text)


def test_the_most_likely_stands_first_only_where_sigmas_are_known(tmp_path):
    out = tmp_path / "page.html"
    assert main(["report", str(sample_path()), "--out", str(out)]) == 0
    assert "the most likely first" not in Page(out.read_text(encoding="utf-8")).text
    volatility = ["--implied-volatility", "0.55"]
    assert main(["report", str(sample_path()), "--out", str(out), *volatility]) == 0
    assert "the most likely first" in Page(out.read_text(encoding="utf-8")).text


def test_a_stop_is_told_apart_from_a_liquidation():
    text = Page(page(facts())).text
    assert "Your stop fills at 1,959.02 (BTC 67,187): hyperliquid-eth · ETH long" in text
    assert "no liquidation: it fills before anything is liquidated" in text
    assert "● liquidated  ○ an order of your own book fills" in text


def test_ratio_and_sigmas_are_explained_and_no_sigma_is_a_dash(tmp_path):
    out = tmp_path / "page.html"
    assert main(["report", str(sample_path()), "--out", str(out)]) == 0
    text = Page(out.read_text(encoding="utf-8")).text
    assert "Margin ratio: maintenance margin / margin balance" in text
    assert "Daily sigmas: size of the move / standard deviation of a day's move" in text


def test_one_word_is_used_for_one_idea(tmp_path):
    out = tmp_path / "page.html"
    assert main(["report", str(sample_path()), "--out", str(out)]) == 0  # with all its parts
    words = Page(out.read_text(encoding="utf-8")).text.lower()
    assert not re.search(r"\b(dies?|dead|alive)\b", words)
    assert not re.search(r"(?<!margin )\bpools?\b", words)
    assert not re.search(r"\b(repair|rescue|closes?)\b", words)  # a way out, and cuts


def test_book_scenario_waterfall_ladder_repair_and_assumptions_are_there_with_pictures():
    seen = Page(page(facts()))
    for part in (
        "Book now",
        "Scenario",
        "Waterfall",
        "Ladder",
        "The cheapest way out",
        "Assumptions",
    ):
        assert part in seen.text
    assert seen.tags.count("svg") == 3  # equity, waterfall, between deposit and cut
    assert seen.tags.count("circle") == 4  # a mark an event
    assert "1.25 in logarithms" in seen.text


def test_it_needs_nothing_from_elsewhere():
    text = page(facts())
    seen = Page(text)
    assert seen.addresses == []
    assert not {"script", "link", "img", "iframe", "object"} & set(seen.tags)
    assert not re.search(r"https?:|url\(|@import", text)


def test_texts_of_the_file_are_escaped():
    answer, decision = sample_answer()
    rows = tuple(dataclasses.replace(row, account=NASTY) for row in decision.rescue.rows)
    rescue = dataclasses.replace(decision.rescue, rows=rows)
    events = tuple(dataclasses.replace(event, account=NASTY) for event in answer.after.events)
    text = page(
        facts(
            before=dataclasses.replace(answer.before, portfolio=NASTY, problems=(NASTY,)),
            after=dataclasses.replace(answer.after, events=events),
            decision=dataclasses.replace(decision, rescue=rescue),
        )
    )
    assert "<script" not in text
    assert NASTY in Page(text).text


def test_a_calm_scenario_says_that_nothing_is_to_be_done():
    text = Page(page(facts(70_500.0))).text
    assert "Nothing is liquidated on the way to BTC 70,500." in text
    assert re.search(r"What to do for the least money\? +Nothing\.", text)


def test_no_word_of_the_chartist_is_on_the_page():
    words = Page(page(facts())).text.lower()
    assert not re.search(r"\b(support|target|magnet)\b", words)


def test_the_command_writes_the_page(tmp_path, capsys):
    out = tmp_path / "page.html"
    assert main(["report", str(sample_path()), "--out", str(out), "--move", "BTC=-7%"]) == 0
    assert "Sample desk: BTC 66,030" in out.read_text(encoding="utf-8")
    assert str(out) in capsys.readouterr().out


def test_an_implied_volatility_says_how_likely_the_price_is(tmp_path):
    # reflection: 2 N(ln(60/71) / (.55 sqrt(7/365))) = 2.7 %
    out = tmp_path / "page.html"
    volatility = ["--implied-volatility", "0.55"]
    assert main(["report", str(sample_path()), "--out", str(out), *volatility]) == 0
    text = Page(out.read_text(encoding="utf-8")).text
    assert "0–5 % within 7 days, that BTC touches 60,000." in text


def test_without_any_price_the_past_stands_in_and_says_so(tmp_path):
    out = tmp_path / "page.html"
    assert main(["report", str(sample_path()), "--out", str(out)]) == 0
    text = Page(out.read_text(encoding="utf-8")).text
    assert (
        "A volatility is assumed, because no prices are at hand: 0–15 % within 7 days, that BTC "
        "touches 60,000." in text
    )
    assert "volatility is assumed to be as it was from 2021 to 2025" in text
    assert "What moves" in text
    assert "BTC, others by beta" in text
    assert "Break-even: where each margin pool has earned its costs" in text


def test_a_folder_that_is_not_there_is_said_in_a_sentence(tmp_path, capsys):
    out = tmp_path / "nowhere" / "page.html"
    assert main(["report", str(sample_path()), "--out", str(out)]) == 1
    assert "No such file" in capsys.readouterr().err


@pytest.mark.parametrize("over", ["0h", "1h"])
def test_the_scenarios_own_speed_stands_in_for_the_last_hours(tmp_path, over):
    out = tmp_path / "page.html"
    assert main(["report", str(sample_path()), "--out", str(out), "--over", over]) == 0
    found = Page(out.read_text(encoding="utf-8")).text
    assert ("pace not known" in found) == (over == "0h")
