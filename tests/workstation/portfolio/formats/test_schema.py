"""The schema that the command line prints is the one by which files are checked."""

from __future__ import annotations

import json

import pytest

from workstation.portfolio.formats.csv_file import COLUMNS
from workstation.portfolio.formats.schema import (
    AccountTable,
    OrderTable,
    PortfolioDocument,
    PortfolioTable,
    PositionTable,
    expectation,
    json_schema,
)

TABLES = (PortfolioDocument, PortfolioTable, AccountTable, PositionTable, OrderTable)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_every_key_is_described_and_no_other_is_allowed(table):
    schema = json_schema()
    part = schema if table is PortfolioDocument else schema["$defs"][table.__name__]
    assert part["additionalProperties"] is False
    assert set(part["properties"]) == set(table.model_fields)
    assert all(entry.get("description") for entry in part["properties"].values())


def test_the_schema_is_plain_json():
    assert json.loads(json.dumps(json_schema())) == json_schema()


@pytest.mark.parametrize(
    ("path", "table"),
    [
        (("portfolio",), PortfolioTable),
        (("accounts", 0), AccountTable),
        (("accounts", 0, "positions", 0), PositionTable),
        (("accounts", 0, "orders", 0), OrderTable),
    ],
)
def test_every_single_value_has_a_phrase_that_says_what_is_expected(path, table):
    containers = {"balances", "haircuts", "positions", "orders"}
    for key in set(table.model_fields) - containers:
        assert expectation((*path, key)).phrase


def test_every_key_of_a_row_is_a_column_of_csv():
    keys = {*PositionTable.model_fields, *OrderTable.model_fields, *PortfolioTable.model_fields}
    assert keys <= set(COLUMNS)
    assert {"kind", "account", "venue", "haircut"} <= set(COLUMNS)


# Values are refused by the same models, so a sample of the schema's own limits is enough here.
@pytest.mark.parametrize(
    ("table", "key", "limit"),
    [
        ("PositionTable", "entry_price", {"exclusiveMinimum": 0}),
        ("PositionTable", "leverage", {"minimum": 1}),
        ("OrderTable", "quantity", {"exclusiveMinimum": 0}),
    ],
)
def test_limits_stand_in_the_schema(table, key, limit):
    entry = json_schema()["$defs"][table]["properties"][key]
    options = [entry, *entry.get("anyOf", [])]
    assert any(limit.items() <= option.items() for option in options)
