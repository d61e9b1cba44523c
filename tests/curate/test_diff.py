"""Two versions are compared clip by clip: what was added, removed, relabelled, regrouped, moved, and what made it."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from releasing import add_clips, ready
from releasing import curate as run

from curate.release.diff import Change, compare_versions, read_version, summary
from slateboard.catalog.catalog import open_catalog
from slateboard.cli import main
from slateboard.workspace import Workspace


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """v1 of six clips, v2 with a seventh clip, one clip less, one of another label, one of another group."""
    workspace = ready(tmp_path_factory.mktemp("diff") / "w")
    run(workspace, "release")
    add_clips(workspace, [6])
    with open_catalog(workspace.catalog) as catalog:
        sources = catalog.sources()
        catalog.list_sources([one.model_copy(update={"group": "group0"}) if one.line == 4 else one for one in sources])
        line = {source.source_id: source.line - 2 for source in catalog.sources()}
        clips = {line[clip.source_id]: clip for clip in catalog.clips()}
        catalog.write_clips(
            [
                clips[0].model_copy(update={"state": "rejected"}),
                clips[1].model_copy(update={"label": "High Kick"}),
                clips[2].model_copy(update={"group": "group0"}),
            ]
        )
    (workspace.root / "slateboard.toml").write_text('name = "tiny"\n[clips]\nmin_seconds = 0.5\n')
    run(Workspace(workspace.root), "release")
    return Workspace(workspace.root)


def test_every_kind_of_change_is_named(two: Workspace) -> None:
    found = compare_versions(*(read_version(two.releases / version) for version in ("v1", "v2")))
    assert (found.added, found.removed) == (
        ("videos/HighKick/v_HighKick_5.mp4",),
        ("videos/HighKick/v_HighKick_1.mp4",),
    )
    assert found.relabelled == (Change("videos/HighKick/v_HighKick_4.mp4", "DaCau", "HighKick"),)
    assert found.regrouped == (Change("videos/HighKick/v_HighKick_2.mp4", "group1", "group0"),)
    assert found.renamed[0].old == "videos/DaCau/v_DaCau_1.mp4"
    assert found.recut == ()
    assert [change.item for change in found.settings] == ["settings.clips.min_seconds"]
    assert found.tools == ()
    assert {"clips.csv", "DATASHEET.md"} <= {change.item for change in found.files}


def test_a_version_does_not_differ_from_itself_nor_from_its_list(two: Workspace) -> None:
    one, itself, listed = (read_version(two.releases / name) for name in ("v1", "v1", "v1-list"))
    assert summary(compare_versions(one, itself)) == ["nothing differs"]
    assert compare_versions(one, listed).counts() == {}


def test_moves_between_train_and_test_and_effects_are_told(two: Workspace) -> None:
    old = read_version(two.releases / "v1")
    clip, part = next(iter(old.subsets["seags-1"].items()))
    other = {"train": "test", "test": "train"}[part]
    clips = old.tables.clips.copy()
    row = clips["clip_id"] == clip
    clips.loc[row, ["effects", "has_effects"]] = ["", "unknown"]
    before = old.tables.clips[row].iloc[0]
    new = replace(
        old, subsets={"seags-1": {**old.subsets["seags-1"], clip: other}}, tables=replace(old.tables, clips=clips)
    )
    found = compare_versions(old, new)
    path = before["path"]
    assert found.moved == (Change(f"seags-1 {path}", part, other),)
    assert found.effects == (Change(path, before["effects"] or "none", "unknown"),)


def test_the_command_prints_json_and_refuses_what_is_no_version(
    two: Workspace, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["curate", "diff", "v1", "v2", "-w", str(two.root), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["counts"]["added"] == 1
    assert main(["curate", "diff", "v1", "v3", "-w", str(two.root)]) == 2
    assert "Unknown release 'v3'. There is: v1, v2." in capsys.readouterr().err
    shutil.copytree(two.releases / "v1", tmp_path / "half")
    (tmp_path / "half" / "SHA256SUMS").unlink()
    assert main(["curate", "diff", "v1", str(tmp_path / "half"), "-w", str(two.root)]) == 2


def test_indices_stay_taken(two: Workspace) -> None:
    tables = [pd.read_parquet(two.releases / version / "clips.parquet") for version in ("v1", "v2")]
    old, new = (dict(zip(table["path"], table["clip_id"], strict=True)) for table in tables)
    assert [path for path in old.keys() & new.keys() if old[path] != new[path]] == []
