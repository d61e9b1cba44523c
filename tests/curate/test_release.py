"""A release is whole, reads elsewhere, is never overwritten, and gives an index once."""

import hashlib
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from releasing import add_clips, contents, ready
from releasing import curate as run

from curate.release.naming import Naming, assigned_indices, clip_paths, names_too_wide
from slateboard.catalog.catalog import open_catalog
from slateboard.cli import main
from slateboard.dataset import read_release
from slateboard.errors import SlateboardError
from slateboard.media.fingerprints import Fingerprint
from slateboard.records.clip import Clip
from slateboard.records.media import Duplicate
from slateboard.workspace import Workspace


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A workspace of two classes of three groups before its first release, and after it."""
    folder = tmp_path_factory.mktemp("release")
    before = ready(folder / "before")
    shutil.copytree(before.root, folder / "after")
    run(Workspace(folder / "after"), "release")
    return before.root, folder / "after"


@pytest.fixture
def trimmed(templates: tuple[Path, Path], tmp_path: Path) -> Workspace:
    return Workspace(Path(shutil.copytree(templates[0], tmp_path / "w")))


@pytest.fixture
def released(templates: tuple[Path, Path], tmp_path: Path) -> Workspace:
    return Workspace(Path(shutil.copytree(templates[1], tmp_path / "w")))


def _set(workspace: Workspace, text: str) -> Workspace:
    with (workspace.root / "slateboard.toml").open("a", encoding="utf-8") as file:
        file.write(text)
    return Workspace(workspace.root)


def test_the_layout_is_the_papers_and_ucf101s(released: Workspace) -> None:
    folder = released.releases / "v1"
    assert (folder / "classInd.txt").read_text() == "1 DaCau\n2 HighKick\n"
    train, test = (folder / f"{part}list.txt" for part in ("train", "test"))
    names = [*train.read_text().split(), *test.read_text().split()]
    assert sorted(names) == [f"{name}/v_{name}_{number}.mp4" for name in ("DaCau", "HighKick") for number in (1, 2, 3)]
    assert all((folder / "videos" / name).is_file() for name in names)
    numbered = (folder / "trainlist01.txt").read_text().splitlines()
    assert numbered == [f"{name} {1 if name.startswith('DaCau') else 2}" for name in train.read_text().split()]
    clips = pd.read_csv(folder / "clips.csv")
    assert list(clips["has_effects"].astype(str).str.lower()).count("true") == 4
    assert set(clips["licence"]) == {"CC0-1.0"}


def test_the_sums_hold_and_are_written_last(released: Workspace) -> None:
    for version in ("v1", "v1-list"):
        folder = released.releases / version
        checked = subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=folder, check=False)
        assert checked.returncode == 0
        listed = {line.split("  ")[1] for line in (folder / "SHA256SUMS").read_text().splitlines()}
        assert contents(folder).keys() - listed == {"SHA256SUMS"}


def test_the_dataset_reads_back_and_a_changed_table_is_refused(released: Workspace) -> None:
    folder = released.releases / "v1"
    dataset = read_release(folder)
    assert (dataset.classes, dataset.labels, dataset.key) == (("DaCau", "HighKick"), ("Đá cầu", "High Kick"), "tiny-v1")
    for row in dataset.clips.itertuples():
        assert hashlib.sha256((folder / row.path).read_bytes()).hexdigest() == row.sha256
    dataset.clips.assign(group="other").to_parquet(folder / "clips.parquet")
    with pytest.raises(SlateboardError, match="is not the one it was released with"):
        read_release(folder)
    (folder / "SHA256SUMS").unlink()
    with pytest.raises(SlateboardError, match="is not a whole release"):
        read_release(folder)


def test_nothing_new_makes_no_new_version_and_new_clips_get_new_numbers(released: Workspace) -> None:
    before = {path: path.stat().st_mtime_ns for path in released.releases.rglob("*")}
    run(released, "release")
    assert {path: path.stat().st_mtime_ns for path in released.releases.rglob("*")} == before
    add_clips(released, [6])
    run(released, "release")
    assert released.versions() == ["v1", "v2"]
    after = {path: path.stat().st_mtime_ns for path in released.releases.rglob("*")}
    assert {path: after[path] for path in before} == before
    first, second = (set(read_release(released.releases / version).clips["path"]) for version in ("v1", "v2"))
    assert second - first == {"videos/HighKick/v_HighKick_4.mp4"}
    assert first < second


def test_a_version_that_exists_is_not_overwritten_and_names_are_v_and_a_number(released: Workspace) -> None:
    add_clips(released, [6])
    before = contents(released.releases)
    run(released, "release --version v1", expected=2)
    run(released, "release --version newest", expected=2)
    assert contents(released.releases) == before


def test_the_list_is_no_version_holds_no_media_and_comes_back_if_it_is_lost(released: Workspace) -> None:
    assert released.versions() == ["v1"]
    folder = released.releases / "v1-list"
    before = contents(folder)
    assert [name for name in before if name.endswith((".mp4", ".png"))] == [
        "figures/clips_per_class.png", "figures/durations.png",
    ]  # fmt: skip
    clips = pd.read_csv(folder / "clips.csv")
    assert clips[["source_url", "first_frame", "last_frame", "sha256", "frames_sha256"]].notna().all(axis=None)
    assert pd.read_csv(folder / "originals.csv")[["media_id", "frames_sha256"]].notna().all(axis=None)
    shutil.rmtree(folder)
    run(released, "release")
    assert contents(folder) == before


def test_ucf101_names_number_groups_and_clips(released: Workspace) -> None:
    run(released, "release --naming ucf101")
    names = sorted(read_release(released.releases / "v2").clips["path"])
    assert names[:2] == ["videos/DaCau/v_DaCau_g01_c01.mp4", "videos/DaCau/v_DaCau_g02_c01.mp4"]
    run(released, "release --naming ucf", expected=2)


class _Numbers:
    """Gives 1, 2, ... in each scope."""

    def number(self, wanted: list[tuple[str, str]]) -> dict[str, int]:
        last: dict[str, int] = {}
        found: dict[str, int] = {}
        for item, scope in wanted:
            if item not in found:
                last[scope] = found[item] = last.get(scope, 0) + 1
        return found


def test_a_class_of_more_than_99_groups_gets_wider_numbers_and_it_is_said() -> None:
    clips = [
        Clip(
            clip_id=f"{number:03}", source_id="s", media_id="m", shot_id=None, label="Squat", group=f"g{number:03}",
            first_frame=0, last_frame=1, start_s=0, end_s=1, state="trimmed",
        )
        for number in range(101)
    ]  # fmt: skip
    groups = {clip.clip_id: clip.group for clip in clips}
    named = clip_paths(_Numbers(), clips, class_of={"Squat": "Squat"}, groups=groups, naming="ucf101")
    assert named["000"] == "videos/Squat/v_Squat_g01_c01.mp4"
    assert names_too_wide(list(named.values())) == [f"videos/Squat/v_Squat_g{number}_c01.mp4" for number in (100, 101)]
    assert len(set(named.values())) == 101


def test_what_shows_the_same_footage_is_one_group_in_the_release(trimmed: Workspace) -> None:
    with open_catalog(trimmed.catalog) as catalog:
        one, two = sorted(str(source.media_id) for source in catalog.sources() if source.line in (2, 4))
        pair = Duplicate(
            first=one, second=two, mirrored=True, first_start_s=0, second_start_s=0, seconds=1.2, score=0.9
        )
        catalog.compare([one, two], [pair], key="k")
    add_clips(trimmed, [8, 9, 10, 11])
    run(trimmed, "release")
    folder = trimmed.releases / "v1"
    assert list(pd.read_csv(folder / "duplicates.csv")["mirrored"].astype(str).str.lower()) == ["true"]
    clips, sources = pd.read_csv(folder / "clips.csv"), pd.read_csv(folder / "sources.csv")
    lines = dict(zip(sources["source_id"], sources["url"], strict=True))
    groups = {lines[row["source_id"]]: row["group"] for row in clips.to_dict("records")}
    assert groups["0.mp4"] == groups["1.mp4"] == groups["2.mp4"] == groups["3.mp4"] == "group0"


def test_the_fingerprint_of_each_clip_goes_along_and_not_with_the_list(released: Workspace) -> None:
    table = pd.read_parquet(released.releases / "v1" / "fingerprints.parquet")
    clips = pd.read_parquet(released.releases / "v1" / "clips.parquet")
    assert list(table["clip_id"]) == list(clips["clip_id"])
    read = [Fingerprint.of_row(row) for row in table.to_dict("records")]
    assert [len(one.seconds) for one in read] == list(clips["frames"])
    assert not (read[0].views[0] == read[1].views[0]).all()
    assert not (released.releases / "v1-list" / "fingerprints.parquet").exists()


def test_the_datasheet_answers_from_the_catalog_and_the_settings_and_marks_blanks(trimmed: Workspace) -> None:
    workspace = _set(trimmed, '[release.answers]\npurpose = "A test of releases."\n')
    run(workspace, "release")
    text = (workspace.releases / "v1" / "DATASHEET.md").read_text()
    for row in (
        "| Actions | 2 |", "| Clips | 6 |", "| Total duration | 0.1 min |", "| Mean clip length | 1.33 s |",
        "| Audio | No (of 6 originals 0 have it) |", "| text | 4 | 4 | 0 | 2 | 2 |", "| camera static | 3 |",
        "| quality: blurred | 1 |",
    ):  # fmt: skip
        assert row in text
    assert "**For what purpose was the dataset made?** A test of releases." in text
    assert "**Who paid for it?** _Not known to the catalog: answer it as `funding`" in text
    assert text.count("\n## ") == 4 + 7
    wrong = _set(workspace, 'purpos = "no question"\n')
    assert main(["curate", "release", "-w", str(wrong.root)]) == 2


def test_a_pair_of_unknown_classes_is_refused(released: Workspace) -> None:
    workspace = _set(released, '[release]\nmotion_pairs = [["High Kick", "Low Kick"]]\n')
    run(workspace, "release", expected=2)
    assert workspace.versions() == ["v1"]


def test_a_trimmed_file_that_changed_since_is_not_released(trimmed: Workspace) -> None:
    file = sorted(trimmed.clips.glob("*.mp4"))[0]
    file.write_bytes(file.read_bytes() + b"\0")
    run(trimmed, "release", expected=2)
    assert trimmed.versions() == []


def test_clips_that_are_not_there_are_named_with_what_to_do_and_that_helps(
    trimmed: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third, *_ = sorted(trimmed.clips.glob("*.mp4"))
    first.unlink()
    second.unlink()
    second.mkdir()
    capsys.readouterr()
    assert main(["curate", "release", "-w", str(trimmed.root), "--quiet"]) == 2
    told = capsys.readouterr().err
    assert "2 problems" in told and "fault of ours" not in told
    remedy = "is not there. `slateboard curate trim` cuts it again."
    assert all(f"clips/{file.name}: {remedy}" in told for file in (first, second))
    assert f"`slateboard curate review --reject {first.stem}`: the release is made without it." in told
    with open_catalog(trimmed.catalog) as catalog:
        assert [(row.item, row.code) for row in catalog.failures("release")] == [
            (first.stem, "missing"), (second.stem, "missing"),
        ]  # fmt: skip
    assert main(["curate", "status", "-w", str(trimmed.root)]) == 0
    assert "2 items failed: 2 in release" in capsys.readouterr().out
    second.rmdir()
    run(trimmed, "trim")
    third.write_bytes(third.read_bytes()[:-300])
    assert main(["curate", "release", "-w", str(trimmed.root), "--quiet"]) == 2
    told = capsys.readouterr().err
    assert f"{third}: is not the file that was trimmed and verified. `slateboard curate trim` cuts it again." in told
    with open_catalog(trimmed.catalog) as catalog:
        assert [(row.item, row.code) for row in catalog.failures("release")] == [(third.stem, "changed")]
    run(trimmed, "trim")
    run(trimmed, "release")
    assert trimmed.versions() == ["v1"]
    with open_catalog(trimmed.catalog) as catalog:
        assert catalog.failures("release") == []


@pytest.mark.parametrize("style", ["seags", "ucf101"])
def test_the_indices_of_a_version_are_read_from_its_names_as_they_were_assigned(style: Naming) -> None:
    assigned: list[tuple[str, str, int]] = []

    class Recorded(_Numbers):
        def number(self, wanted: list[tuple[str, str]]) -> dict[str, int]:
            indices = super().number(wanted)
            assigned.extend((item, scope, indices[item]) for item, scope in wanted)
            return indices

    clips = [
        Clip(
            clip_id=f"{number:03}", source_id="s", media_id="m", shot_id=None, label="High Kick", group="g",
            first_frame=0, last_frame=9, start_s=0, end_s=1, state="trimmed",
        )
        for number in range(150)
    ]  # fmt: skip
    groups = {clip.clip_id: f"g{int(clip.clip_id) % 3}" for clip in clips}
    named = clip_paths(Recorded(), clips, class_of={"High Kick": "HighKick"}, groups=groups, naming=style)
    rows = [
        {"label": "HighKick", "clip_id": clip_id, "path": path, "group": f"public-{groups[clip_id]}"}
        for clip_id, path in named.items()
    ]
    stranger = {"label": "HighKick", "clip_id": "x", "path": "videos/HighKick/v_HighKick_g1.mp4", "group": "g"}
    read = assigned_indices([*rows, stranger], style, group_of=lambda name: name.removeprefix("public-"))
    assert set(read) == set(assigned)


@pytest.mark.parametrize("style", ["seags", "ucf101"])
def test_a_catalog_restored_from_before_a_version_keeps_its_indices(templates, tmp_path: Path, style: str) -> None:
    workspace = Workspace(shutil.copytree(templates[0], tmp_path / "w"))
    before = workspace.catalog.read_bytes()
    run(workspace, f"release --naming {style}")
    names = pd.read_csv(workspace.releases / "v1" / "clips.csv").set_index("clip_id")["path"].to_dict()
    workspace.catalog.write_bytes(before)
    # Without its first clip every other one of the class would move up.
    first = next(iter(names))
    run(workspace, f"review --reject {first}")
    add_clips(workspace, [6, 7])
    run(workspace, f"release --naming {style}")
    after = pd.read_csv(workspace.releases / "v2" / "clips.csv").set_index("clip_id")["path"].to_dict()
    assert {clip_id: path for clip_id, path in after.items() if clip_id in names} == {
        clip_id: path for clip_id, path in names.items() if clip_id != first
    }
    assert set(after.values()).isdisjoint({names[first]})
