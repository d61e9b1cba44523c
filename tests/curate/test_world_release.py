"""A release whose classes are Thai, too long, or devices of Windows is made, extended and read again."""

import unicodedata
from collections.abc import Iterator

import pytest
import releasing
from releasing import add_clips, curate, ready

from curate.listing import labels
from curate.release import contents
from curate.release.release import release
from slateboard.catalog.catalog import open_catalog
from slateboard.cli import main
from slateboard.dataset import Dataset, read_release
from slateboard.records.split import Split
from slateboard.settings import Settings
from slateboard.workspace import Workspace

LONG = "ปั่นจักรยาน" * 9
LABELS = ("ดึง", LONG)


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as context:
        yield context


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory, patch: pytest.MonkeyPatch) -> tuple[Workspace, tuple[str, ...]]:
    """v1 by the rule of older releases, in which vowel signs were lost; v2, what is said of it, and v3 as UCF101."""
    patch.setattr(releasing, "LABELS", LABELS)
    workspace = ready(tmp_path_factory.mktemp("world") / "w")
    with pytest.MonkeyPatch.context() as before:
        lost = {"ดึง": "ดง", LONG: "ปนจกรยาน" * 9}
        for module in (labels, contents):
            before.setattr(module, "class_name", lost.__getitem__)
        curate(workspace, "release")
    add_clips(workspace, [6, 7])
    with open_catalog(workspace.catalog) as catalog:
        made = release(workspace, catalog)
        assert made is not None
        assert release(workspace, catalog) is None
        assert release(workspace, catalog, naming="ucf101") is not None
    return workspace, made.notes


def _dataset(workspace: Workspace, version: str) -> Dataset:
    return read_release(workspace.releases / version)


def test_a_release_says_which_classes_have_other_names_than_in_the_version_before(versions) -> None:
    _, notes = versions
    assert "Class 'ดึง' was 'ดง' in v1 and is 'ดึง': its clips have new names." in notes
    assert any(
        note.startswith(f"Class '{LONG[:40]}'... is") and "more than file systems take" in note for note in notes
    )


def test_clips_of_a_renamed_class_keep_their_side_and_their_new_names_were_never_used(versions) -> None:
    workspace, _ = versions
    before, after = (
        Split.read(next((workspace.releases / version).glob("splits/*/1/split.json"))) for version in ("v1", "v2")
    )
    assert set(before.test) <= set(after.test) and set(before.train) <= set(after.train)
    paths = [set(_dataset(workspace, version).clips["path"]) for version in ("v1", "v2", "v3")]
    assert not paths[0] & paths[1] and not paths[1] & paths[2]
    assert {path for path in paths[1] if "ดึง" in path} == {f"videos/ดึง/v_ดึง_{number}.mp4" for number in range(1, 5)}


def test_motion_pairs_of_the_settings_are_read_in_either_form() -> None:
    pairs = [(unicodedata.normalize("NFD", "Đá cầu"), "ดึง")]
    settings = Settings.model_validate({"name": "x", "release": {"motion_pairs": pairs}})
    assert contents._motion_pairs(settings, labels.class_names(["Đá cầu", "ดึง"], where="x")) == (("DaCau", "ดึง"),)


@pytest.mark.parametrize("version", ["v2", "v3"])
def test_its_files_lists_and_sums_are_read_again(versions, version: str, capsys: pytest.CaptureFixture[str]) -> None:
    workspace, _ = versions
    folder = workspace.releases / version
    names = tuple(map(labels.class_name, sorted(LABELS, key=labels.class_name)))
    dataset = _dataset(workspace, version)
    assert dataset.classes == names and set(dataset.labels) == set(LABELS)
    assert (folder / "classInd.txt").read_bytes().decode("utf-8") == "".join(
        f"{number} {name}\n" for number, name in enumerate(names, start=1)
    )
    assert all(path.is_file() for path in dataset.files(dataset.clips["path"]))
    assert all(len(path.name.encode("utf-8")) <= 255 for path in folder.rglob("*"))
    assert main(["split", "audit", version, "-w", str(workspace.root), "--quiet"]) == 0
    listed = (folder / "trainlist.txt").read_text("utf-8") + (folder / "testlist.txt").read_text("utf-8")
    assert all(path.removeprefix("videos/") in listed for path in dataset.clips["path"])
