"""The split of a later version extends that of the one before: what had a side keeps it, and the rest is told."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from releasing import SETTINGS, add_clips, contents, ready
from releasing import curate as run

from curate.release.rebuild import rebuild
from curate.release.release import ReleaseReport, release
from slateboard.catalog.catalog import open_catalog
from slateboard.cli import main
from slateboard.errors import BadInput
from slateboard.records.media import Duplicate
from slateboard.records.release import Release
from slateboard.records.split import Split
from slateboard.workspace import Workspace


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of three groups, released; four groups more are trimmed since."""
    workspace = ready(tmp_path_factory.mktemp("sides") / "w")
    run(workspace, "release")
    add_clips(workspace, range(6, 14))
    return workspace.root


@pytest.fixture
def grown(template: Path, tmp_path: Path) -> Workspace:
    return Workspace(Path(shutil.copytree(template, tmp_path / "w")))


@pytest.fixture(scope="module")
def second(template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ReleaseReport]:
    """The same with its second version."""
    workspace = Workspace(Path(shutil.copytree(template, tmp_path_factory.mktemp("second") / "w")))
    return workspace.root, _made(workspace)


@pytest.fixture
def extended(second: tuple[Path, ReleaseReport], tmp_path: Path) -> Workspace:
    return Workspace(Path(shutil.copytree(second[0], tmp_path / "w")))


def _made(workspace: Workspace) -> ReleaseReport:
    with open_catalog(workspace.catalog) as catalog:
        made = release(workspace, catalog)
    assert made is not None
    return made


def _split(workspace: Workspace, version: str) -> Split:
    (path,) = (workspace.releases / version).glob("splits/*/1/split.json")
    return Split.read(path)


def _reseeded(workspace: Workspace, text: str) -> Workspace:
    (workspace.root / "slateboard.toml").write_text(SETTINGS + text)
    return Workspace(workspace.root)


def _link(workspace: Workspace, one: str, other: str) -> None:
    """Let the media of two clips show the same footage."""
    with open_catalog(workspace.catalog) as catalog:
        media = {clip.clip_id: clip.media_id for clip in catalog.clips()}
        first, second = sorted((media[one], media[other]))
        pair = Duplicate(
            first=first, second=second, mirrored=False, first_start_s=0, second_start_s=0, seconds=1, score=0.9
        )
        catalog.compare([first, second], [pair], key="k")


def test_every_clip_keeps_its_side_and_the_cost_in_balance_is_told(second: tuple[Path, ReleaseReport]) -> None:
    workspace, made = Workspace(second[0]), second[1]
    before, after = _split(workspace, "v1"), _split(workspace, "v2")
    assert set(before.test) < set(after.test) and set(before.train) < set(after.train)
    assert after.parameters == {**before.parameters, "extends": "tiny-v1"}
    assert Release.read(workspace.releases / "v2" / "recipe.toml").extends == "v1"
    assert made.notes[0] == "The split extends that of v1: 6 clips keep their side, 8 are new."
    assert made.notes[1].startswith("worst class share ") and "; drawn anew: worst class share " in made.notes[1]


def test_what_is_the_same_makes_no_version_though_it_would_extend_one(extended: Workspace) -> None:
    with open_catalog(extended.catalog) as catalog:
        assert release(extended, catalog) is None


def test_it_is_made_again_byte_for_byte_without_the_version_it_extends(extended: Workspace, tmp_path: Path) -> None:
    for gone in ("v1", "v1-list"):
        shutil.rmtree(extended.releases / gone)
    shutil.rmtree(extended.clips)
    done = rebuild(extended, extended.releases / "v2-list" / "recipe.toml", into=tmp_path / "again", workers=1)
    assert done.differences == ()
    assert contents(tmp_path / "again") == contents(extended.releases / "v2")


def test_a_version_with_the_table_under_its_old_name_is_made_again_under_that_name(
    extended: Workspace, tmp_path: Path
) -> None:
    old = extended.releases / "v2-list"
    (old / "previous_split.parquet").rename(old / "former.parquet")
    for name in ("SHA256SUMS", "RELEASE_SHA256SUMS"):
        text = (old / name).read_text("utf-8").replace("  previous_split.parquet", "  former.parquet")
        (old / name).write_text(text, "utf-8")
    result = rebuild(extended, old / "recipe.toml", into=tmp_path / "again")
    assert result.differences == ()
    assert (tmp_path / "again" / "former.parquet").is_file()


def test_the_list_of_a_version_is_enough_to_extend_it(grown: Workspace) -> None:
    before = _split(grown, "v1")
    shutil.rmtree(grown.releases / "v1")
    assert "extends that of v1" in _made(grown).notes[0]
    assert set(before.test) < set(_split(grown, "v2").test)


def test_groups_of_both_sides_that_are_linked_now_are_for_training_and_named(grown: Workspace) -> None:
    before = _split(grown, "v1")
    test, train = before.test[0], before.train[0]
    _link(grown, test, train)
    made = _made(grown)
    after = _split(grown, "v2")
    assert {test, train} <= set(after.train) and after.safe
    paths = pd.read_parquet(grown.releases / "v2" / "clips.parquet").set_index("clip_id")["path"]
    groups = pd.read_parquet(grown.releases / "v1" / "clips.parquet").set_index("clip_id")["group"]
    moved = sum(groups == groups[test])
    assert f"{moved} clips changed sides: " in made.notes[1] and paths[test].removeprefix("videos/") in made.notes[1]
    assert "1 groups have grown together across train and test of tiny-v1 and are for training" in made.notes[2]
    assert made.notes[2] in after.report


def test_a_group_that_comes_back_comes_to_the_side_it_had(grown: Workspace) -> None:
    gone = _split(grown, "v1").test
    run(grown, "review " + " ".join(f"--reject {clip}" for clip in gone))
    _made(grown)
    assert set(gone).isdisjoint([*_split(grown, "v2").train, *_split(grown, "v2").test])
    run(grown, "review " + " ".join(f"--accept {clip}" for clip in gone))
    run(grown, "trim --workers 1")
    _made(grown)
    assert set(gone) <= set(_split(grown, "v3").test)
    assert _split(grown, "v3").parameters["extends"] == "tiny-v2"


def _of_label(workspace: Workspace, label: str) -> set[str]:
    with open_catalog(workspace.catalog) as catalog:
        return {clip.clip_id for clip in catalog.clips() if clip.label == label}


def test_another_seed_or_share_draws_anew_and_says_so(grown: Workspace) -> None:
    made = _made(_reseeded(grown, "[split]\nseed = 5\ntest_share = 0.4\n"))
    assert made.notes[0].startswith(
        "The split is drawn anew and does not extend that of v1: test_share was 0.3 and is 0.4, seed was 0 and is 5."
    )
    assert "of 6 clips changed sides" in made.notes[0]
    assert not (grown.releases / "v2" / "previous_split.parquet").exists()
    assert "extends" not in _split(grown, "v2").parameters


def test_another_protocol_draws_anew_and_one_without_lasting_groups_always(grown: Workspace) -> None:
    made = _made(_reseeded(grown, '[release]\nprotocol = "leave_one_group_out"\n'))
    assert "its protocol was seags and is leave_one_group_out" in made.notes[0]
    add_clips(grown, [14, 15])
    assert "the groups of leave_one_group_out cannot keep their part" in _made(Workspace(grown.root)).notes[0]


def test_split_make_leaves_an_extended_release_as_it_is(
    extended: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    before = contents(extended.root)
    for words in ([], ["--extend", "v1"]):
        assert main(["split", "make", "seags", *words, "-w", str(extended.root)]) == 0
        assert "0 written, 1 already there" in capsys.readouterr().err
    assert contents(extended.root) == before
    assert main(["split", "make", "seags", "--seed", "3", "-w", str(extended.root)]) == 2
    assert "another protocol can be divided or extended: hmdb51, kfold, ucf101" in capsys.readouterr().err


def test_a_class_of_one_group_is_refused_before_anything_is_copied_with_the_command_that_helps(
    grown: Workspace,
) -> None:
    rest = sorted(_of_label(grown, "High Kick"))[1:]
    run(grown, "review " + " ".join(f"--reject {clip}" for clip in rest))
    with pytest.raises(BadInput, match=r"class 'HighKick': has 1 clip of one .* review --reject 'High Kick'`"):
        _made(grown)
    assert not list(grown.releases.glob(".*"))


def test_a_protocol_that_reads_lists_of_its_own_is_refused_with_the_way_to_use_it(grown: Workspace) -> None:
    with pytest.raises(BadInput, match=r"release.protocol: is 'fixed', which reads `lists`.*split make fixed --param"):
        _made(_reseeded(grown, '[release]\nprotocol = "fixed"\n'))
