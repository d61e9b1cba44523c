"""Temporal probes: what is done to views, what is found on clips that only motion tells apart, and what is said."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from benchmark.frames.geometry import Box
from benchmark.inputs.samples import Sample
from benchmark.reports.probed import PROBES, Probes
from benchmark.steps.probe import command, table
from benchmark.studies.probes import arrangements, findings, repeat_middle, reverse, shuffle
from leaderboards.comparison import Comparison
from slateboard.errors import SlateboardError
from slateboard.records.result import Difference
from slateboard.workspace import Workspace

RUNS = ("hog_svm", "chance")
SETTINGS = """[baselines.chance]
size = 32
[baselines.hog_svm]
size = 32
clips = 3
"""


def item(*indices: int, clip_id: str = "a", number: int = 0) -> Sample:
    return Sample(0, clip_id, number, np.array(indices), Box(0, 0, 16, 16))


def test_arrangements_take_away_motion_order_and_direction() -> None:
    assert repeat_middle(item(3, 5, 7, 9)).indices.tolist() == [7, 7, 7, 7]
    assert reverse(item(3, 5, 7, 9)).indices.tolist() == [9, 7, 5, 3]
    assert sorted(shuffle(item(*range(16)), seed=0).indices.tolist()) == list(range(16))
    assert list(arrangements(seed=0)) == ["single", "shuffled", "reversed"]


def test_shuffling_is_decided_by_seed_clip_and_view() -> None:
    orders = {
        name: tuple(shuffle(item(*range(16), clip_id=clip, number=number), seed=seed).indices.tolist())
        for name, clip, number, seed in (("a", "x", 0, 0), ("b", "y", 0, 0), ("c", "x", 1, 0), ("d", "x", 0, 1))
    }
    assert len(set(orders.values())) == 4
    assert orders["a"] == tuple(shuffle(item(*range(16), clip_id="x"), seed=0).indices.tolist())


def folder_of(workspace: Workspace, baseline: str) -> Path:
    (result,) = (workspace.runs / "squares-v1" / "seags-1" / baseline).glob("*/result.json")
    return result.parent


def test_reversed_clips_of_a_motion_pair_turn_into_their_partner(
    lab_of_runs: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_of(lab_of_runs, "hog_svm")
    command(lab_of_runs, folder, seed=0)
    found = Probes.read(folder / PROBES)
    (back,) = found.probes["reversed"]
    # The squares of both classes differ by direction alone: 4 of 4 right, and 4 of 4 wrong when reversed.
    assert (back.overall.accuracy, back.overall.other, back.n_flipped) == (1.0, 0.0, 4)
    (still,) = found.probes["single"]
    assert still.overall.other == 0.5
    assert found.reproduced == 0.0
    assert "reversed, 4 of 4 clips of motion pairs turn from their class into its partner" in found.findings[0]
    assert found.findings[0] in capsys.readouterr().out
    predictions = pd.read_parquet(folder / "probes.parquet")
    assert predictions.groupby("probe")["clip_id"].nunique().to_dict() == dict.fromkeys(
        ("normal", "reversed", "shuffled", "single"), 4
    )
    with Image.open(folder / "probes.png") as picture:
        assert min(picture.size) > 200
    page = (folder / "page.html").read_text("utf-8")
    assert "Does it need motion?" in page
    assert 'alt="probes.png"' in page


def test_views_of_one_frame_cannot_differ_and_it_is_said(lab_of_runs: Workspace) -> None:
    found = Probes.model_validate(
        {
            key: value
            for key, value in command(lab_of_runs, folder_of(lab_of_runs, "chance"), seed=0).items()
            if key != "folder"
        }
    )
    assert found.findings == ("Each view is one frame, so no order of frames makes a difference, by construction.",)
    assert {one.n_changed for own in found.probes.values() for one in own} == {0}
    assert all(line.count("(+0 [") == 3 for line in table(found)[1:])


def test_a_run_that_predicts_otherwise_today_is_refused(lab_of_runs: Workspace) -> None:
    path = folder_of(lab_of_runs, "hog_svm") / "predictions.parquet"
    stored = pd.read_parquet(path)
    try:
        stored.assign(logits=[row[::-1] for row in stored["logits"]]).to_parquet(path)
        with pytest.raises(SlateboardError, match="4 of 4 clips are predicted otherwise than when the run was tested"):
            command(lab_of_runs, path.parent, seed=0)
    finally:
        stored.to_parquet(path)


def comparison(*, lost: float, low: float, high: float, change: float) -> Comparison:
    overall = Difference(
        accuracy=0.9, other=0.9 - lost, difference=lost, low=low, high=high, n=10, n_other=10, groups=3
    )
    return Comparison(
        stream="all", overall=overall, by_class={}, of_pairs=None, n_flipped=0, n_changed=0, largest_change=change
    )


def test_what_may_be_chance_and_what_order_does_not_touch_is_said() -> None:
    some, none = comparison(lost=0.1, low=-0.1, high=0.3, change=0.4), comparison(lost=0, low=0, high=0, change=1e-6)
    (sentence,) = findings({"single": [some], "shuffled": [none], "reversed": [none]}, {"all": 8})
    assert sentence.startswith("Single frames 90.0 to 80.0 %, -10.0 points [-30.0, +10.0], which may be chance; ")
    assert sentence.endswith("; it does not see the order of frames at all.")
