"""Every command that takes a settings file refuses one that is not there."""

import pytest

from ui.cli import BAD_USAGE, main
from workstation.paths import sample_path


@pytest.mark.parametrize("command", ["window", "watch", "report", "doctor"])
def test_a_settings_file_that_is_not_there_is_refused(command, tmp_path, capsys):
    missing = tmp_path / "no.toml"
    book = [] if command == "doctor" else [str(sample_path())]
    out = ["--out", str(tmp_path / "page.html")] if command == "report" else []
    assert main([command, *book, *out, "--settings", str(missing)]) == BAD_USAGE
    assert capsys.readouterr().err == f"{missing}: there is no such settings file.\n"
