"""A finished run is tested again with other decoders' frames; the same decoder gives the same, failures are counted."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmark.frames import pictures
from benchmark.running.load import load_run
from benchmark.running.runs import run
from benchmark.studies.sensitivity import SENSITIVITY, sensitivity
from slateboard.cli import main
from slateboard.dataset import Dataset
from slateboard.media.decoders import decoder_function
from slateboard.media.errors import Unreadable
from slateboard.records.source import State
from slateboard.workspace import Workspace
from splits.folder import find_split

Lab = Callable[[str], Workspace]
SETTINGS = """[baselines.c3d]
width = 2
fc = 8
size = 32
short_side = 32
epochs = 1
batch = 8
test_clips = 2
"""


@pytest.fixture
def tested(lab: Lab, squares: Dataset) -> tuple[Workspace, str]:
    """A workspace and the folder of a run in it."""
    workspace = lab(SETTINGS)
    split = find_split(workspace, squares, protocol="seags", number=1)
    return workspace, str(run(workspace, squares, split, "c3d", seed=0).folder)


def test_a_run_is_tested_again_with_each_decoder_and_the_control_changes_nothing(
    tested: tuple[Workspace, str], capsys: pytest.CaptureFixture[str]
) -> None:
    workspace, folder = tested
    code = main(["bench", "sensitivity", folder, "--decoder", "opencv", "--workspace", str(workspace.root)])
    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    found = json.loads((Path(folder) / SENSITIVITY).read_text("utf-8"))
    assert [row["decoder"].split()[0] for row in found["rows"]] == ["av", "opencv"]
    control, opencv = found["rows"]
    assert (control["changed"], control["n_failed"], control["n_other_count"]) == (0, 0, 0)
    assert control["accuracy"] == next(iter(found["tested"].values()))
    assert control["largest_change"] < 1e-6 < opencv["largest_change"]
    assert len(lines) == 5
    predictions = pd.read_parquet(Path(folder) / "sensitivity.parquet")
    assert predictions["decoder"].nunique() == 2


def test_what_a_decoder_cannot_read_or_counts_otherwise_is_counted_and_changes_the_spread(
    tested: tuple[Workspace, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, folder = tested
    loaded = load_run(workspace, Path(folder))
    unread, shorter = sorted(loaded.split.test)[:2]

    def limited(decoder: str):  # type: ignore[no-untyped-def]
        def frames(path, *, short_side):  # type: ignore[no-untyped-def]
            if decoder == "opencv" and unread in path.name:
                raise Unreadable(f"{path.name} does not open in OpenCV.", State.UNSUPPORTED)
            found = list(decoder_function("pyav")(path, short_side=short_side))
            return iter(found[:-1] if decoder == "opencv" and shorter in path.name else found)

        return frames

    monkeypatch.setattr(pictures, "decoder_function", limited)
    found, _ = sensitivity(workspace, loaded, ["opencv"])
    control, opencv = found.rows
    assert (opencv.n_failed, opencv.n_other_count) == (1, 1)
    was_right = np.isclose(control.accuracy, opencv.accuracy + 1 / control.n_clips)
    assert found.spread[control.stream] == pytest.approx(control.accuracy - opencv.accuracy)
    assert was_right or control.accuracy == opencv.accuracy


def test_an_unknown_decoder_is_refused(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = lab("")
    assert main(["bench", "sensitivity", "run", "--decoder", "opencw", "--workspace", str(workspace.root)]) == 2
    assert "Did you mean 'opencv'?" in capsys.readouterr().err
