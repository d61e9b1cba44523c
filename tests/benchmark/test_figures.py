"""Figures and page of a run: every picture opens, of a size that a person can read, for few and for many classes."""

import re
from base64 import b64decode
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from benchmark.reports.figures import draw_classes, draw_confusion, draw_reliability, readable
from benchmark.reports.mistakes import MOST, draw_mistakes, mistakes
from benchmark.reports.report import write_report
from leaderboards.score import score
from slateboard.dataset import Dataset
from slateboard.records.result import Result, Score
from slateboard.records.run import Run
from slateboard.records.split import Split


def split_of(dataset: Dataset) -> Split:
    return Split(
        dataset=dataset.key,
        dataset_sha256=dataset.sha256,
        protocol="seags",
        number=1,
        parameters={},
        seed=0,
        safe=True,
        train=(),
        test=tuple(dataset.clips["clip_id"]),
    )


def predictions_of(dataset: Dataset, margins: dict[str, float]) -> pd.DataFrame:
    """Return one view a clip; the margin of its class over the other is 2 unless it is named."""
    rows = []
    for clip_id, index in zip(dataset.clips["clip_id"], dataset.clips["class_index"], strict=True):
        logits = np.zeros(2, dtype=np.float32)
        logits[index - 1] = margins.get(clip_id, 2.0)
        rows.append(
            {
                "clip_id": clip_id,
                "view": 0,
                "stream": "all",
                "logits": logits,
                "label_index": index - 1,
                "failed": False,
            }
        )
    return pd.DataFrame(rows)


@pytest.fixture
def many() -> Callable[[int], Score]:
    """Give the score of made-up predictions on so many classes, four clips each."""

    def made(classes: int) -> Score:
        chance, label = np.random.default_rng(0), np.arange(4 * classes) % classes
        clips = pd.DataFrame(
            {
                "clip_id": [f"c{number}" for number in range(len(label))],
                "label": [f"ClassNumber{index}" for index in label],
                "class_index": label + 1,
                "group": [f"g{number // 8}" for number in range(len(label))],
                "has_effects": "unknown",
                "effects": "",
                "duration_s": 1.0,
                "width": 320,
                "height": 240,
                "twin_of": "",
            }
        )
        logits = chance.normal(size=(len(label), classes))
        logits[np.arange(len(label)), label] += 2
        rows = clips[["clip_id"]].assign(
            view=0, stream="all", logits=list(logits.astype(np.float32)), label_index=label, failed=False
        )
        split = Split(
            dataset="made-v1",
            dataset_sha256="",
            protocol="p",
            number=1,
            parameters={},
            seed=0,
            safe=True,
            train=(),
            test=tuple(clips["clip_id"]),
        )
        return score(rows, clips, split)[0]

    return made


def test_long_names_leave_a_confusion_matrix_its_room(many: Callable[[int], Score], tmp_path: Path) -> None:
    found = many(2)
    draw_confusion(tmp_path / "long.png", found, ["ปั่นจักรยาน" * 9 + "0a1b2c", "ClassNumber" * 20])
    draw_confusion(tmp_path / "short.png", found, ["ปั่น", "Class"])
    sizes, blues = [], []
    for name in ("long", "short"):
        with Image.open(tmp_path / f"{name}.png") as picture:
            pixels = np.asarray(picture.convert("RGB")).astype(int)
        sizes.append(pixels.shape[1])
        blues.append(int((pixels[..., 2] - pixels[..., 0] > 60).sum()))
    assert sizes[0] > sizes[1]
    assert blues[0] > 0.5 * blues[1]


@pytest.mark.parametrize(("classes", "least"), [(3, 300), (101, 1700)])
def test_a_confusion_matrix_has_room_for_every_name(
    many: Callable[[int], Score], tmp_path: Path, classes: int, least: int
) -> None:
    found = many(classes)
    draw_confusion(tmp_path / "confusion.png", found, list(found.per_class))
    draw_classes(tmp_path / "classes.png", found)
    draw_reliability(tmp_path / "reliability.png", found)
    with Image.open(tmp_path / "confusion.png") as picture:
        assert least < min(picture.size) < 2500
    for name in ("classes.png", "reliability.png"):
        with Image.open(tmp_path / name) as picture:
            assert 200 < min(picture.size) < 2500


def test_names_are_spaced_as_people_write_them() -> None:
    assert readable(["StarThenTuck", "apply_eye_makeup", "Yo_Yo"]) == ["Star Then Tuck", "apply eye makeup", "Yo Yo"]


def test_the_most_confident_mistakes_come_first(squares: Dataset, tmp_path: Path) -> None:
    wrong = {"v_MoveLeft_00": -1.0, "v_MoveRight_11": -3.0}
    found = mistakes(predictions_of(squares, wrong), squares, split_of(squares), stream="all")
    assert [(one.clip_id, one.truth, one.predicted) for one in found] == [
        ("v_MoveRight_11", "MoveRight", "MoveLeft"),
        ("v_MoveLeft_00", "MoveLeft", "MoveRight"),
    ]
    assert found[0].confidence == pytest.approx(1 / (1 + np.exp(-3)))
    draw_mistakes(tmp_path / "mistakes.png", found, squares)
    with Image.open(tmp_path / "mistakes.png") as picture:
        assert picture.size[1] > 200


def test_a_run_without_a_mistake_has_no_sheet(squares: Dataset, tmp_path: Path) -> None:
    (tmp_path / "mistakes.png").write_bytes(b"of an earlier run")
    draw_mistakes(tmp_path / "mistakes.png", [], squares)
    assert not (tmp_path / "mistakes.png").exists()


def result_of(dataset: Dataset, predictions: pd.DataFrame) -> Result:
    run = Run(
        dataset=dataset.key,
        dataset_sha256=dataset.sha256,
        protocol="seags",
        split=1,
        split_sha256="0" * 64,
        baseline="made",
        parameters={"width": 8},
        weights="none",
        seed=0,
        threads=1,
    )
    return Result(
        run=run,
        title="Made <up>",
        train_sha256="0" * 64,
        n_expected=16,
        n_scored=16,
        n_failed=0,
        scores=score(predictions, dataset.clips, split_of(dataset), motion_pairs=dataset.motion_pairs),
        parameters=10,
        gflops=None,
        train_seconds=1.0,
        test_seconds=1.0,
        epochs={},
        selection="fitted",
        geometry={},
        warnings=("Beware.",),
        environment={"python": "3"},
    )


def test_the_page_shows_every_picture_and_figure(squares: Dataset, tmp_path: Path) -> None:
    predictions = predictions_of(squares, {"v_MoveLeft_00": -1.0})
    write_report(tmp_path, result_of(squares, predictions), predictions, squares, split_of(squares))
    page = (tmp_path / "page.html").read_text("utf-8")
    names = re.findall(r'alt="([a-z]+\.png)"', page)
    assert names == ["confusion.png", "classes.png", "mistakes.png", "reliability.png"]
    for name, data in zip(names, re.findall(r"base64,([A-Za-z0-9+/=]+)", page), strict=True):
        assert b64decode(data) == (tmp_path / name).read_bytes()
        with Image.open(BytesIO(b64decode(data))) as picture:
            assert min(picture.size) > 100
    assert "Made &lt;up&gt;" in page
    assert "Beware." in page
    assert f"{min(MOST, 1)} of 1." in page
    assert (
        "<td><bdi>Move Left</bdi></td><td><bdi>Move Right</bdi></td><td><bdi>1</bdi></td><td><bdi>8</bdi></td>" in page
    )
    assert "effects: false" in page
    assert 'src="data:' in page
    assert "http" not in re.sub(r"base64,[A-Za-z0-9+/=]+", "", page)
