"""One sample book's decision, for the panels and the report: computed, not invented."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from workstation.market.catalogue import Catalogue
from workstation.paths import sample_path
from workstation.risk.scenario import Scenario
from workstation.risk.transfers import TransferTerms
from workstation.services import headless

TERMS = Scenario(moves={}, over_h=6.0, funding_rate_8h=0.0, buffer=0.1)


@cache
def sample_answer(price=60_000.0):
    """Return what the sample book becomes at a price of bitcoin, and what to do."""
    question = headless.Question(moves=(headless.Move(coin="BTC", price=price),), terms=TERMS)
    return headless.advise(headless.Book(path=sample_path()), question, TransferTerms())


def sample_scenario(price=60_000.0):
    return sample_answer(price)[0].after


def sample_decision(price=60_000.0):
    return sample_answer(price)[1]


def sample_inputs(book):
    """Return what the engine is told of the sample book's world."""
    sample = headless.Book(path=sample_path())
    return headless.risk_inputs(book, Catalogue.embedded(), sample, book.as_of_ms).completed(book)


def with_copy(decision, found):
    return replace(decision, what_if=found)
