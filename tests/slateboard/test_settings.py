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


WEIGHTS = """[weight_sets.sports1m]
file = "c3d.pickle"
architecture = "c3d"
mean = [0.0, 0.0, 0.0]
std = [0.00392157, 0.00392157, 0.00392157]
"""


def test_a_weight_file_is_stated_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLATEBOARD_WEIGHTS", "elsewhere")
    (tmp_path / "slateboard.toml").write_text(WEIGHTS + f'sha256 = "{"0a" * 32}"\n')
    settings = read_settings(tmp_path)
    assert settings.weights_dir == "elsewhere"
    assert settings.weight_sets["sports1m"].std[0] == 0.00392157


def test_what_a_weight_file_lacks_or_has_too_much_is_named(tmp_path: Path) -> None:
    (tmp_path / "slateboard.toml").write_text(WEIGHTS.replace("mean", "maen").replace("0.00392157]", "0]"))
    with pytest.raises(BadInput) as caught:
        read_settings(tmp_path)
    told = "\n".join(str(problem) for problem in caught.value.problems)
    assert "weight_sets.sports1m.maen: unknown setting. Did you mean 'mean'?" in told
    assert "weight_sets.sports1m.mean: Field required" in told
    assert "weight_sets.sports1m.sha256: Field required" in told
    assert "weight_sets.sports1m.std: Value error, each number must be above 0" in told
