"""Made-up clips, predictions, results and releases for the board."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from leaderboards.score import score
from slateboard.dataset import Dataset, dataset_sha256
from slateboard.records.release import Release, ReleasedClip
from slateboard.records.result import Result
from slateboard.records.run import Run
from slateboard.records.split import Split

CLASSES = ("Lift", "Lower", "Vault")
PAIRS = (("Lift", "Lower"),)
# The smallest PNG: one grey pixel.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c63a80700008100800d4b5c9c"
    "0000000049454e44ae426082"
)

Clips = Callable[..., pd.DataFrame]
Predict = Callable[..., pd.DataFrame]


@pytest.fixture
def clips() -> Clips:
    """Give clips of the classes with the given 1-based indices, two a group, effects true, false, unknown in turn."""

    def make(class_indices: Sequence[int], groups: Sequence[str] = ()) -> pd.DataFrame:
        rows = [
            ReleasedClip(
                clip_id=f"clip{number}",
                path=f"videos/{CLASSES[index - 1]}/v_{CLASSES[index - 1]}_{number:04d}.mp4",
                label=CLASSES[index - 1],
                class_index=index,
                source_id=f"source{number}",
                source_url=f"raw/{number}.mp4",
                group=groups[number] if groups else f"g{number // 2}",
                start_s=0.0,
                end_s=2.0,
                first_frame=0,
                last_frame=49,
                frames=50,
                fps=25.0,
                width=64,
                height=64,
                duration_s=2.0,
                camera="static",
                effects="text" if number % 3 == 0 else "",
                has_effects=("true", "false", "unknown")[number % 3],
                proposed_effects="",
                quality="",
                licence="CC0",
                sha256=f"{number:064x}",
                fingerprint="",
                shot_id="",
                twin_of="",
            ).row()
            for number, index in enumerate(class_indices)
        ]
        return pd.DataFrame(rows)

    return make


@pytest.fixture
def predict() -> Predict:
    """Give predictions for {clip_id: views of logits}; no views: the clip failed."""

    def make(clips: pd.DataFrame, logits: dict[str, Sequence[Sequence[float]]], *, stream: str = "all") -> pd.DataFrame:
        label = dict(zip(clips["clip_id"], clips["class_index"] - 1, strict=True))
        rows = [
            {"clip_id": clip, "view": view, "stream": stream, "logits": list(values), "failed": False}
            for clip, views in logits.items()
            for view, values in enumerate(views)
        ]
        rows += [
            {"clip_id": clip, "view": 0, "stream": stream, "logits": [], "failed": True}
            for clip, views in logits.items()
            if not views
        ]
        return pd.DataFrame(rows).assign(label_index=[label[row["clip_id"]] for row in rows])

    return make


def split_of(clips: pd.DataFrame, test: Sequence[str], *, number: int = 1, protocol: str = "seags") -> Split:
    """Return the split that tests the named clips and trains on all others."""
    return Split(
        dataset="made-v1",
        dataset_sha256="0" * 64,
        protocol=protocol,
        number=number,
        parameters={},
        seed=0,
        safe=True,
        train=tuple(clip for clip in clips["clip_id"] if clip not in test),
        test=tuple(test),
    )


@pytest.fixture
def split() -> Callable[..., Split]:
    """Give a split by the clips that it tests."""
    return split_of


@pytest.fixture
def result() -> Callable[..., Result]:
    """Give the result of predictions on a split."""

    def make(baseline: str, predictions: pd.DataFrame, clips: pd.DataFrame, split: Split, **changed: Any) -> Result:
        failed = predictions[predictions["failed"]]["clip_id"].nunique()
        run = Run(
            dataset="made-v1",
            dataset_sha256=dataset_sha256(CLASSES, clips),
            protocol=split.protocol,
            split=split.number,
            split_sha256=f"{split.number:064x}",
            baseline=baseline,
            parameters=changed.pop("run_parameters", {}),
            weights=changed.pop("weights", "none"),
            weights_sha256=None,
            seed=changed.pop("seed", 0),
            threads=1,
            failed=changed.pop("failed", "wrong"),
        )
        fields = {
            "title": f"Title of {baseline}",
            "train_sha256": "0" * 64,
            "n_expected": len(split.test),
            "n_scored": len(split.test) - failed,
            "n_failed": failed,
            "scores": score(predictions, clips, split, motion_pairs=PAIRS, failed=run.failed),
            "parameters": 412_345,
            "gflops": 1.25,
            "train_seconds": 83.4,
            "test_seconds": 4.0,
            "epochs": {"all": 12},
            "selection": "last",
            "geometry": {"views": 2, "frames": 16, "height": 64, "width": 64, "network_width": 8},
            "environment": {"python": "3.11.7", "processor": "two cores"},
        }
        return Result.model_validate({"run": run, **fields, **changed})

    return make


@pytest.fixture
def dataset(tmp_path: Path) -> Callable[[pd.DataFrame], Dataset]:
    """Give a released dataset of clips, with one figure."""

    def make(clips: pd.DataFrame) -> Dataset:
        root = tmp_path / "releases" / "v1"
        record = Release(
            name="made",
            version="v1",
            title="Made & <up>",
            licence="CC0",
            naming="seags",
            protocol="seags",
            classes=CLASSES,
            labels=tuple(name.lower() for name in CLASSES),
            motion_pairs=PAIRS,
            clips=len(clips),
            left_out={"gone": 1, "not_video": 2},
            dataset_sha256=dataset_sha256(CLASSES, clips),
            settings={},
            tools={},
        )
        record.write(root / "recipe.toml")
        (root / "figures").mkdir()
        for name in ("aaa_durations.png", "contact_sheet.png"):
            (root / "figures" / name).write_bytes(PIXEL)
        return Dataset(
            root=root,
            name="made",
            version="v1",
            title=record.title,
            licence=record.licence,
            classes=CLASSES,
            labels=record.labels,
            motion_pairs=PAIRS,
            clips=clips,
            sha256=record.dataset_sha256,
        )

    return make


@pytest.fixture
def keep() -> Callable[[Path, Result, pd.DataFrame], Path]:
    """Write a finished run below a folder as training leaves it."""

    def write(runs: Path, result: Result, predictions: pd.DataFrame) -> Path:
        folder = runs / result.run.folder
        folder.mkdir(parents=True)
        predictions.to_parquet(folder / "predictions.parquet")
        (folder / "confusion.png").write_bytes(PIXEL)
        result.write(folder / "result.json")
        return folder

    return write
