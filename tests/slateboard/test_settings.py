"""Settings: file, environment, all errors at once."""

from pathlib import Path

import pytest

from slateboard.errors import BadInput
from slateboard.settings import read_settings


def test_the_environment_is_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "slateboard.toml").write_text('name = "x"\n[fetch]\ntries = 5\nworkers = 2\n')
    monkeypatch.setenv("SLATEBOARD_FETCH__TRIES", "7")
    settings = read_settings(tmp_path)
    assert (settings.name, settings.fetch.tries, settings.fetch.workers) == ("x", 7, 2)


def test_every_wrong_key_and_value_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "slateboard.toml").write_text('nmae = "x"\n[fetch]\ntries = 0\nworker = 2\n')
    with pytest.raises(BadInput) as caught:
        read_settings(tmp_path)
    told = sorted(str(problem).replace(str(tmp_path), "") for problem in caught.value.problems)
    assert told == [
        "/slateboard.toml: fetch.tries: Input should be greater than or equal to 1 (got 0). Correct the value.",
        "/slateboard.toml: fetch.worker: unknown setting. Did you mean 'workers'?",
        "/slateboard.toml: nmae: unknown setting. Did you mean 'name'?",
    ]


def test_a_file_that_is_no_toml_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "slateboard.toml").write_text("name = \n")
    with pytest.raises(BadInput, match="is not valid TOML"):
        read_settings(tmp_path)
