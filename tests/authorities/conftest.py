"""Prints, after the cases have run, how many figures of each venue were compared and how."""

from __future__ import annotations

import pytest

from tests.authorities.grades import summary


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    ran = {report.nodeid for report in terminalreporter.stats.get("passed", [])}
    if any("authorities/test_cases.py" in nodeid for nodeid in ran):
        terminalreporter.section("outside figures")
        for line in summary():
            terminalreporter.line(line)
