"""What the doctor finds, and that nothing it finds stops it."""

from __future__ import annotations

import pytest

from tests.end_to_end.memory_keyring import memory_keyring, no_keyring
from tests.loopback.__main__ import settings_toml
from tests.loopback.faults import Fault
from tests.loopback.fixtures import loopback, loopback_server
from workstation import paths
from workstation.services import doctor

__all__ = ["loopback", "loopback_server", "memory_keyring", "no_keyring"]


@pytest.fixture
def settings_file(loopback, tmp_path):
    """A settings file that sends okx to the loopback."""
    file = tmp_path / "settings.toml"
    file.write_text(settings_toml(loopback.url, ["okx"]), encoding="utf-8")
    return file


def found(findings, subject):
    return next(finding for finding in findings if finding.subject == subject)


def test_versions_folders_and_dated_tier_tables_are_named():
    findings = list(doctor.examine_here())
    assert found(findings, "ccxt").ok
    assert found(findings, "cache folder").says == f"{paths.cache_dir()} can be written"
    tiers = found(findings, "tiers of binanceusdm")
    assert tiers.says == "49 markets, embedded 2026-09-29"
    assert tiers.ok is None


def test_a_library_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(doctor, "_LIBRARIES", ("no-such-distribution",))
    finding = found(doctor.examine_here(), "no-such-distribution")
    assert finding.ok is False
    assert finding.says == "missing: install the program again"


def test_a_home_that_cannot_be_written_is_a_finding(monkeypatch, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("RISK_WORKSTATION_HOME", str(blocked))
    finding = found(doctor.examine_here(), "log folder")
    assert finding.ok is False
    assert "set RISK_WORKSTATION_HOME to a folder of your own" in finding.says


@pytest.mark.parametrize(
    ("system", "variables", "expected"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("win32", {}, True),
    ],
)
def test_a_display_is_there_unless_linux_has_none(monkeypatch, system, variables, expected):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(doctor.sys, "platform", system)
    assert doctor.has_display() is expected


def test_an_exchange_says_how_many_contracts_it_lists(settings_file):
    finding = found(doctor.examine(settings_file, ["okx"]), "okx")
    assert finding.ok
    assert finding.says.startswith("gave its list of ")


def test_an_exchange_in_trouble_costs_only_its_own_line(settings_file, loopback):
    loopback.break_venue("okx", Fault.HTML)
    findings = list(doctor.examine(settings_file, ["okx", "okex"]))
    assert found(findings, "okx").ok is False
    assert found(findings, "okx").says == "okx answered with something that is not data"
    assert found(findings, "okex").ok is False
    assert "okx" in found(findings, "okex").says  # the nearest name


def test_an_exchange_that_hangs_is_given_up(settings_file, loopback, monkeypatch):
    monkeypatch.setattr(doctor, "_PATIENCE_S", 0.4)
    loopback.break_venue("okx", Fault.HANG)
    assert found(doctor.examine(settings_file, ["okx"]), "okx").says.startswith("did not answer")


def test_settings_that_cannot_be_used_are_named(tmp_path):
    missing = tmp_path / "missing.toml"
    assert found(doctor.examine(missing, []), "settings").says == f"{missing} does not exist"
    bad = tmp_path / "bad.toml"
    bad.write_text("[market]\npoll_interval_s = 0.001\n")
    assert "market.poll_interval_s" in found(doctor.examine(bad, []), "settings").says


def test_the_document_has_a_row_a_finding():
    rows = doctor.document([doctor.Finding(subject="Python", ok=True, says="3.13")])
    assert rows == {
        "schema": 1,
        "findings": [{"subject": "Python", "ok": True, "says": "3.13"}],
    }


def test_a_keyring_that_works_is_told(memory_keyring, settings_file):
    finding = found(doctor.examine(settings_file, ["okx"]), "keyring")
    assert finding.ok
    assert finding.says == "keys of exchanges are kept in it"


def test_a_missing_keyring_is_told_and_is_no_fault(no_keyring, settings_file):
    finding = found(doctor.examine(settings_file, ["okx"]), "keyring")
    assert finding.ok is None
    assert "no keyring" in finding.says
