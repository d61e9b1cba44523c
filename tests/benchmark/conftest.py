"""Small releases of drawn clips: a square that moves left or right on a ground of noise."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import work_here
from numpy.typing import NDArray

from benchmark.running.runs import run
from slateboard import engine
from slateboard.dataset import Dataset, dataset_sha256, read_release
from slateboard.files import sha256_of, write_text
from slateboard.media.encode import write_video
from slateboard.records.release import Release, ReleasedClip
from slateboard.records.split import Split
from slateboard.workspace import Workspace
from splits.folder import find_split, write_split

CLASSES = ("MoveLeft", "MoveRight")
SIZE = 48
GROUPS = 4
FRAMES = 20


@pytest.fixture(autouse=True)
def _same_state(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Decode in this process, and leave torch's generator and threads as they were."""
    monkeypatch.setattr(engine, "run", work_here.run)
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_rng_state(state)
    torch.set_num_threads(threads)


def moving_square(label: int, *, seed: int, frames: int = FRAMES) -> list[NDArray[np.uint8]]:
    """Return pictures of a bright square that goes round, to the left for 0 and to the right for 1."""
    generator = np.random.default_rng(seed)
    ground = generator.integers(30, 90, (SIZE, SIZE, 3), dtype=np.uint8)
    row, start = generator.integers(8, 24), generator.integers(SIZE)
    pictures = []
    for frame in range(frames):
        picture = ground.copy()
        column = (start + (2 * label - 1) * 2 * frame) % SIZE
        columns = (column + np.arange(14)) % SIZE
        picture[row : row + 14, columns] = (240, 220, 60)
        pictures.append(picture)
    return pictures


@pytest.fixture(scope="session")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release of sixteen clips in two classes and four groups, and its split: one group to test."""
    folder = tmp_path_factory.mktemp("release") / "v1"
    rows = [
        _clip(folder, label=label, group=group, take=take)
        for label in range(len(CLASSES))
        for group in range(GROUPS)
        for take in range(2)
    ]
    write_release(folder, pd.DataFrame(rows))
    dataset = read_release(folder)
    test = dataset.clips["group"] == "person-0"
    split = Split(
        dataset=dataset.key,
        dataset_sha256=dataset.sha256,
        protocol="seags",
        number=1,
        parameters={},
        seed=0,
        safe=True,
        train=tuple(dataset.clips["clip_id"][~test]),
        test=tuple(dataset.clips["clip_id"][test]),
    )
    write_split(folder / "splits" / "seags" / "1", split, dataset)
    return folder


def _clip(folder: Path, *, label: int, group: int, take: int) -> dict[str, object]:
    name = f"v_{CLASSES[label]}_{group}{take}"
    path = folder / "videos" / CLASSES[label] / f"{name}.mp4"
    write_video(path, moving_square(label, seed=100 * label + 10 * group + take), frame_rate_hz=10)
    return ReleasedClip(
        clip_id=name,
        path=f"videos/{CLASSES[label]}/{name}.mp4",
        label=CLASSES[label],
        class_index=label + 1,
        source_id=name,
        source_url=f"{name}.mp4",
        group=f"person-{group}",
        start_s=0,
        end_s=FRAMES / 10,
        first_frame=0,
        last_frame=FRAMES - 1,
        frames=FRAMES,
        fps=10,
        width=SIZE,
        height=SIZE,
        duration_s=FRAMES / 10,
        camera="static",
        effects="",
        has_effects="false",
        proposed_effects="",
        quality="",
        licence="CC0-1.0",
        sha256=sha256_of(path),
        fingerprint="",
        shot_id="",
        twin_of="",
    ).row()


def write_release(folder: Path, clips: pd.DataFrame) -> None:
    """Write the tables that make a folder of videos a release."""
    clips.to_parquet(folder / "clips.parquet", index=False)
    Release(
        name="squares",
        version="v1",
        title="Squares",
        licence="CC0-1.0",
        naming="seags",
        protocol="seags",
        classes=CLASSES,
        labels=CLASSES,
        motion_pairs=(CLASSES,),
        clips=len(clips),
        left_out={},
        dataset_sha256=dataset_sha256(CLASSES, clips),
        settings={},
        tools={},
    ).write(folder / "recipe.toml")
    write_text(folder / "SHA256SUMS", "")


@pytest.fixture(scope="session")
def squares(released: Path) -> Dataset:
    """The release as later stages read it."""
    return read_release(released)


@pytest.fixture
def lab(released: Path, tmp_path: Path) -> Callable[[str], Workspace]:
    """Make a workspace that holds the release and these lines of slateboard.toml."""
    return lambda settings, name="workspace": _workspace(tmp_path / name, released, settings)


@pytest.fixture(scope="module")
def lab_of_runs(
    released: Path, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Workspace]:
    """A workspace for all tests of a module, with a finished run of each of its RUNS, made as its SETTINGS say."""
    workspace = _workspace(tmp_path_factory.mktemp("runs"), released, request.module.SETTINGS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "run", work_here.run)
        dataset = workspace.dataset()
        split = find_split(workspace, dataset, protocol="seags", number=1)
        for baseline in request.module.RUNS:
            run(workspace, dataset, split, baseline, seed=0)
        yield workspace


def _workspace(root: Path, released: Path, settings: str) -> Workspace:
    (root / "releases").mkdir(parents=True)
    (root / "releases" / "v1").symlink_to(released, target_is_directory=True)
    write_text(root / "slateboard.toml", f'name = "squares"\n[train]\ndevice = "cpu"\n{settings}')
    return Workspace(root)
