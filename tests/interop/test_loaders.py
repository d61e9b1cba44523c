"""A release loads elsewhere: the programs themselves where they are installed, else the rules of their source."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest


def _paths(release: Path) -> list[str]:
    return sorted(pd.read_csv(release / "clips.csv")["path"])


@pytest.mark.parametrize("name", ["release", "numbered"])
def test_torchvisions_ucf101_finds_every_clip_and_divides_them_by_our_lists(
    name: str, request: pytest.FixtureRequest
) -> None:
    """The rules of UCF101 in the installed torchvision, by its own functions.

    Its constructor cannot be used: it asks for .avi alone and reads videos by functions that torchvision has dropped.
    """
    pytest.importorskip("torch")
    from benchmark.models import vision

    vision.load()
    from torchvision.datasets import UCF101
    from torchvision.datasets.folder import find_classes, make_dataset

    folder: Path = request.getfixturevalue(name)
    root = str(folder / "videos")
    classes, class_to_index = find_classes(root)
    samples = make_dataset(root, class_to_index, extensions=("mp4",))
    videos = [path for path, _ in samples]
    assert [os.path.relpath(path, folder) for path in videos] == _paths(folder)
    assert [f"{index} {label}" for index, label in enumerate(classes, start=1)] == (
        folder / "classInd.txt"
    ).read_text().splitlines()
    reader = UCF101.__new__(UCF101)
    reader.root = root
    chosen = {train: reader._select_fold(videos, str(folder), 1, train) for train in (True, False)}
    assert sorted(chosen[True] + chosen[False]) == list(range(len(videos)))
    for part, train in (("train", True), ("test", False)):
        listed = (folder / f"{part}list.txt").read_text().split()
        assert sorted(os.path.relpath(videos[index], root) for index in chosen[train]) == sorted(listed)
    labels = {os.path.relpath(path, root): index + 1 for path, index in samples}
    lines = [line.split(" ") for line in (folder / "trainlist01.txt").read_text().splitlines()]
    assert {path: int(label) for path, label in lines} == {path: labels[path] for path, _ in lines}


def test_ucf101_names_have_the_form_that_group_aware_readers_split_on(numbered: Path) -> None:
    form = re.compile(r"videos/(?P<label>[^/]+)/v_(?P=label)_g\d{2}_c\d{2}\.mp4")
    assert [path for path in _paths(numbered) if not form.fullmatch(path)] == []


def test_hugging_faces_videofolder_reads_files_and_classes(release: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    datasets = pytest.importorskip("datasets")
    lists = {
        part: [str(release / "videos" / name) for name in (release / f"{part}list.txt").read_text().split()]
        for part in ("train", "test")
    }
    loaded = datasets.load_dataset(
        "videofolder", data_files=lists, drop_labels=False, cache_dir=str(tmp_path / "cache")
    ).cast_column("video", datasets.Video(decode=False))
    clips = pd.read_csv(release / "clips.csv").set_index("path")
    for part, files in lists.items():
        rows = list(loaded[part])
        assert sorted(row["video"]["path"] for row in rows) == sorted(files)
        names = loaded[part].features["label"].names
        assert {os.path.relpath(row["video"]["path"], release): names[row["label"]] for row in rows} == {
            os.path.relpath(file, release): clips.loc[os.path.relpath(file, release), "label"] for file in files
        }
    whole = datasets.load_dataset("videofolder", data_dir=str(release / "videos"), cache_dir=str(tmp_path / "cache"))
    assert whole["train"].num_rows == len(clips)


def test_fiftyones_directory_tree_is_a_folder_a_class_with_nothing_else_in_it(release: Path) -> None:
    """VideoClassificationDirectoryTree: <dataset_dir>/<class>/<video>.<ext>, hidden files and loose files apart."""
    found = [(path.parent.name, path.name) for path in (release / "videos").glob("*/*")]
    assert sorted(f"videos/{label}/{name}" for label, name in found) == _paths(release)
    assert [path for path in (release / "videos").iterdir() if not path.is_dir() or path.name.startswith(".")] == []
    assert {label for label, _ in found} == set(pd.read_csv(release / "clips.csv")["label"])


def test_mmaction2s_video_dataset_reads_our_video_list(release: Path) -> None:
    """The rules of VideoDataset.load_data_list: `path label` by white space, label from 0, joined to data_prefix."""
    clips = pd.read_csv(release / "clips.csv").set_index("path")
    read = []
    for part in ("train", "test"):
        for line in (release / "splits" / "seags" / "1" / f"{part}_videolist.txt").read_text().splitlines():
            name, label = line.strip().split()
            path = f"videos/{name}"
            assert int(label) == clips.loc[path, "class_index"] - 1
            assert (release / path).is_file()
            read.append(path)
    assert sorted(read) == _paths(release)


def test_sha256sum_checks_it_and_notices_one_changed_byte(release: Path, tmp_path: Path) -> None:
    words = ["sha256sum", "--quiet", "-c", "SHA256SUMS"]
    assert subprocess.run(words, cwd=release, check=False).returncode == 0
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-r", str(release), str(copy)], check=True)
    video = copy / _paths(copy)[0]
    video.write_bytes(video.read_bytes()[:-1] + b"\0")
    assert subprocess.run(words, cwd=copy, capture_output=True, check=False).returncode == 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")
def test_mlcroissant_validates_the_metadata_and_reads_every_record(release: Path) -> None:
    mlcroissant = pytest.importorskip("mlcroissant")
    dataset = mlcroissant.Dataset(release / "croissant.json")
    issues = dataset.metadata.ctx.issues
    assert issues.errors == set()
    # The one thing that it misses: a release has no date, so that the same data give the same bytes.
    assert [text for text in issues.warnings if "datePublished" not in text] == []
    clips = pd.read_csv(release / "clips.csv")
    records = list(dataset.records("clips"))
    assert [record["clips/path"].decode() for record in records] == list(clips["path"])
    assert [record["clips/sha256"].decode() for record in records] == list(clips["sha256"])
    assert [record["clips/frames"] for record in records] == list(clips["frames"])
    parts = {
        record["seags-1/clip_id"].decode(): record["seags-1/part"].decode() for record in dataset.records("seags-1")
    }
    test = (release / "testlist.txt").read_text().split()
    assert {clips.set_index("clip_id").loc[clip, "path"] for clip, part in parts.items() if part == "test"} == {
        f"videos/{name}" for name in test
    }
    sums = dict(line.split("  ")[::-1] for line in (release / "SHA256SUMS").read_text().splitlines())
    objects = [one for one in dataset.metadata.distribution if isinstance(one, mlcroissant.FileObject)]
    assert {one.id: one.sha256 for one in objects} == {one.id: sums[one.id] for one in objects}
    assert len(objects) == 5
