"""Plain folders of UCF101 and HMDB51 as datasets: groups from names, identity from files, official lists."""

import os
import shutil
from pathlib import Path

import pandas as pd
import pytest

from slateboard import folder_dataset
from slateboard.dataset import Dataset, dataset_sha256
from slateboard.dataset_lookup import LAYOUTS, dataset_at, datasets_of
from slateboard.errors import BadInput
from slateboard.files import sha256_of, write_text
from slateboard.folder_dataset import cached_sha256s
from slateboard.records.release import Release, ReleasedClip
from slateboard.settings import SplitSettings
from slateboard.sums import SUMS
from slateboard.workspace import Workspace
from splits.audit.audit import audit
from splits.audit.official_lists import dataset_of_lists, read_lists
from splits.division import divide

UCF = (
    "HandstandPushups/v_HandStandPushups_g01_c01.avi",
    "HandstandPushups/v_HandStandPushups_g01_c02.avi",
    "HandstandPushups/v_HandStandPushups_g02_c01.avi",
    "Hammering/v_Hammering_g01_c01.avi",
    "HammerThrow/v_HammerThrow_g01_c01.avi",
)
HMDB = (
    "swing_baseball/Faith_Rewarded_swing_baseball_f_nm_np1_le_bad_51.avi",
    "throw/Faith_Rewarded_throw_f_nm_np1_le_bad_50.avi",
    "wave/wave_and_#1_(wave)_wave_u_cm_np1_fr_goo_0.avi",
)


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """A release of one clip, without the clip."""
    folder = tmp_path / "release" / "v1"
    clip = ReleasedClip(
        clip_id="one", path="videos/Jump/v_Jump_1.mp4", label="Jump", class_index=1, source_id="one",
        source_url="one.mp4", group="g1", start_s=0, end_s=2, first_frame=0, last_frame=19, frames=20, fps=10,
        width=48, height=48, duration_s=2, camera="static", effects="", has_effects="false", proposed_effects="",
        quality="", licence="CC0-1.0", sha256="0" * 64, fingerprint="", shot_id="", twin_of="",
    )  # fmt: skip
    clips = pd.DataFrame([clip.row()])
    folder.mkdir(parents=True)
    clips.to_parquet(folder / "clips.parquet", index=False)
    Release(
        name="squares", version="v1", title="Squares", licence="CC0-1.0", naming="seags", protocol="seags",
        classes=("Jump",), labels=("Jump",), motion_pairs=(), clips=1, left_out={}, settings={}, tools={},
        dataset_sha256=dataset_sha256(("Jump",), clips),
    ).write(folder / "recipe.toml")  # fmt: skip
    write_text(folder / SUMS, "")
    return folder


def laid(folder: Path, names: tuple[str, ...]) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    return folder


def groups(dataset: Dataset) -> dict[str, str]:
    return dict(zip(dataset.clips["clip_id"], dataset.clips["group"], strict=True))


def test_ucf101s_groups_are_in_the_names_and_classes_count_as_in_class_ind(workspace: Workspace) -> None:
    dataset = dataset_at(workspace, str(laid(workspace.root / "UCF-101", UCF)))
    assert dataset.classes == ("Hammering", "HammerThrow", "HandstandPushups")
    assert groups(dataset) == {
        "v_Hammering_g01_c01": "v_Hammering_g01",
        "v_HammerThrow_g01_c01": "v_HammerThrow_g01",
        "v_HandStandPushups_g01_c01": "v_HandStandPushups_g01",
        "v_HandStandPushups_g01_c02": "v_HandStandPushups_g01",
        "v_HandStandPushups_g02_c01": "v_HandStandPushups_g02",
    }
    clip = dataset.clips.set_index("clip_id").loc["v_HandStandPushups_g01_c02"]
    assert (clip["label"], clip["class_index"], clip["path"]) == ("HandstandPushups", 3, UCF[1])
    assert clip["sha256"] == sha256_of(dataset.root / UCF[1])
    assert (clip["frames"], clip["has_effects"]) == (0, "unknown")


def test_hmdb51s_group_is_the_title_whatever_the_class(workspace: Workspace) -> None:
    dataset = dataset_at(workspace, str(laid(workspace.root / "hmdb51_org", HMDB)))
    assert list(groups(dataset).values()) == ["Faith_Rewarded", "Faith_Rewarded", "wave_and_#1_(wave)"]
    assert dataset.key.startswith("hmdb51-")


def test_class_folders_that_look_the_same_are_told_by_their_bytes(workspace: Workspace) -> None:
    """quodlibet/quodlibet#1218: archives packed on a Mac bring decomposed names beside composed ones."""
    names = ("B\u00f3ng/v_B\u00f3ng_g01_c01.avi", "Bo\u0301ng/v_Bo\u0301ng_g01_c02.avi")
    with pytest.raises(BadInput, match=r"is there twice, as 'Bo\\u0301ng' and 'B\\xf3ng'\. Rename one folder"):
        dataset_at(workspace, str(laid(workspace.root / "UCF-101", names)))


def test_each_layout_recognises_its_own_folders_only(workspace: Workspace, released: Path) -> None:
    folders = {
        "ucf101": laid(workspace.root / "one", UCF),
        "hmdb51": laid(workspace.root / "two", HMDB),
        "release": released,
    }
    found = {name: [one for one in LAYOUTS.names() if LAYOUTS.load(one).recognises(folder)] for name, folder in
             folders.items()}  # fmt: skip
    assert found == {name: [name] for name in folders}
    with pytest.raises(BadInput, match="is laid out as no dataset that is known"):
        dataset_at(workspace, str(workspace.root))


def test_a_dataset_is_found_by_version_release_folder_and_the_key_that_a_folder_got(
    workspace: Workspace, released: Path
) -> None:
    workspace.releases.mkdir()
    (workspace.releases / "v1").symlink_to(released, target_is_directory=True)
    versions = {dataset_at(workspace, name).sha256 for name in (None, "v1", str(released))}
    assert versions == {workspace.dataset().sha256}
    dataset = dataset_at(workspace, str(laid(workspace.root / "UCF-101", UCF)))
    assert {dataset_at(workspace, name).sha256 for name in (dataset.key, dataset.version)} == {dataset.sha256}
    with pytest.raises(BadInput, match=r"v2: is no dataset. Give a version \(v1\), the folder of a release"):
        dataset_at(workspace, "v2")


def test_all_datasets_of_a_workspace_are_its_versions_and_the_folders_that_are_still_there(
    workspace: Workspace, released: Path
) -> None:
    workspace.releases.mkdir()
    (workspace.releases / "v1").symlink_to(released, target_is_directory=True)
    one = dataset_at(workspace, str(laid(workspace.root / "one", UCF)))
    two = dataset_at(workspace, str(laid(workspace.root / "two", HMDB)))
    keys = ["squares-v1", two.key, one.key]
    assert [dataset.key for dataset in datasets_of(workspace)] == keys
    shutil.rmtree(two.root)
    assert [dataset.key for dataset in datasets_of(workspace)] == [keys[0], keys[2]]
    with pytest.raises(BadInput, match="is laid out as no dataset that is known"):
        dataset_at(workspace, two.key)


def test_the_same_files_elsewhere_are_the_same_dataset_and_another_byte_is_another(workspace: Workspace) -> None:
    one = dataset_at(workspace, str(laid(workspace.root / "one", UCF)))
    two = dataset_at(workspace, str(laid(workspace.root / "two", UCF)))
    assert (one.sha256, one.key) == (two.sha256, two.key)
    (two.root / UCF[0]).write_bytes(b"other content")
    assert dataset_at(workspace, str(two.root)).sha256 != one.sha256


def test_files_are_hashed_once_until_size_or_time_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(path: Path) -> str:
        read.append(path.name)
        return sha256_of(path)

    monkeypatch.setattr(folder_dataset, "sha256_of", counted)
    monkeypatch.setattr(folder_dataset, "_CHUNK", 2)
    paths = [laid(tmp_path, UCF) / name for name in UCF]
    memory = tmp_path / "memory" / "files.parquet"
    first = cached_sha256s(memory, paths)
    assert first == [sha256_of(path) for path in paths]
    assert len(read) == len(paths)
    assert cached_sha256s(memory, paths[::-1]) == first[::-1]
    assert len(read) == len(paths)
    paths[0].write_bytes(b"other content")
    # Of the same size, so that only the time tells.
    paths[1].write_bytes(paths[1].read_bytes()[::-1])
    os.utime(paths[1], ns=(1, 1))
    assert cached_sha256s(memory, paths) == [sha256_of(paths[0]), sha256_of(paths[1]), *first[2:]]
    assert sorted(read[len(paths) :]) == sorted(path.name for path in paths[:2])


def test_hashes_of_whole_chunks_outlive_a_killed_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [laid(tmp_path, UCF) / name for name in UCF]
    memory, read = tmp_path / "memory" / "files.parquet", []

    def dies(path: Path) -> str:
        read.append(path.name)
        if path.name == paths[3].name and len(read) < 6:
            raise KeyboardInterrupt
        return sha256_of(path)

    monkeypatch.setattr(folder_dataset, "sha256_of", dies)
    monkeypatch.setattr(folder_dataset, "_CHUNK", 2)
    with pytest.raises(KeyboardInterrupt):
        cached_sha256s(memory, paths)
    read.clear()
    monkeypatch.setattr(folder_dataset, "sha256_of", lambda path: read.append(path.name) or sha256_of(path))
    cached_sha256s(memory, paths)
    assert sorted(read) == sorted(path.name for path in paths[2:])


def test_videos_of_another_name_are_all_named_and_nothing_is_read(workspace: Workspace) -> None:
    folder = laid(workspace.root / "u", (*UCF, "Hammering/holiday.avi", "HammerThrow/v_Hammering_g02_c01.avi"))
    with pytest.raises(BadInput) as caught:
        dataset_at(workspace, str(folder))
    assert [Path(problem.where).name for problem in caught.value.problems] == ["holiday.avi", "v_Hammering_g02_c01.avi"]
    folder = laid(workspace.root / "h", (*HMDB, "wave/RATRACE_run_f_nm_np1_fr_goo_37.avi"))
    with pytest.raises(BadInput, match=r"RATRACE_run_f_nm_np1_fr_goo_37\.avi: is not named <title>_wave_<properties>"):
        dataset_at(workspace, str(folder))


def test_a_file_name_in_two_classes_is_refused(workspace: Workspace) -> None:
    folder = laid(workspace.root / "u", (*UCF, "hammering/v_Hammering_g01_c01.avi"))
    with pytest.raises(BadInput, match="is there twice"):
        dataset_at(workspace, str(folder))


def test_what_is_no_video_is_left_out_and_named_but_for_the_systems_own_files(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ("Hammering/notes.txt", "Hammering/.DS_Store", "__MACOSX/v_Hammering_g09_c01.avi")
    dataset = dataset_at(workspace, str(laid(workspace.root / "u", (*UCF, *more))))
    assert len(dataset.clips) == len(UCF)
    assert "1 entries are no videos and left out: Hammering/notes.txt" in capsys.readouterr().err


def fixed(dataset: Dataset, lists: Path, **given: str) -> list[tuple[int, int, int]]:
    splits = divide(
        dataset, protocol="fixed", settings=SplitSettings(), overrides={"lists": str(lists), **given}, seed=0
    )
    assert [audit(dataset, split).leaks for split in splits] == [0] * len(splits)
    return [(len(split.train), len(split.test), len(split.unused)) for split in splits]


def test_official_lists_divide_the_real_ucf101_clips_as_the_lists_say(realdata: Path, workspace: Workspace) -> None:
    dataset = dataset_at(workspace, str(realdata / "ucf101"))
    assert fixed(dataset, realdata / "splits" / "ucf101") == [(34, 26, 0), (44, 16, 0), (44, 16, 0)]
    lists = dataset_of_lists(Path("lists"), read_lists(realdata / "splits" / "ucf101"))
    assert groups(dataset).items() <= groups(lists).items()


def test_official_lists_divide_the_real_jhmdb_clips_as_the_lists_say(realdata: Path, workspace: Workspace) -> None:
    dataset = dataset_at(workspace, str(realdata / "jhmdb8"))
    # Of 99 titles one is in two classes: it is one group.
    assert (len(dataset.clips), dataset.clips["group"].nunique()) == (280, 98)
    lists = realdata / "splits" / "jhmdb"
    assert fixed(dataset, lists, form="hmdb51", names="jhmdb") == [(181, 99, 0), (202, 78, 0), (201, 79, 0)]


def test_groups_of_real_hmdb51_clips_are_those_of_the_lists(realdata: Path, workspace: Workspace) -> None:
    dataset = dataset_at(workspace, str(realdata / "hmdb51"))
    lists = dataset_of_lists(Path("lists"), read_lists(realdata / "splits" / "hmdb51"))
    assert len(dataset.clips) == 4
    assert groups(dataset).items() <= groups(lists).items()
