"""A takedown removes a source everywhere, and leaves a tombstone."""

import json
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest
from releasing import contents, ready
from releasing import curate as run
from takedowns import SECRET, leave_traces, traces

from curate.release import takedown
from slateboard.catalog.backup import backups
from slateboard.catalog.catalog import open_catalog
from slateboard.catalog.reviews import decide, read_reviews
from slateboard.cli import main
from slateboard.records.source import Source, State
from slateboard.records.split import Split
from slateboard.workspace import Workspace


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six clips in two versions; the first source has an address to forget, and the second line is the same file."""
    workspace = ready(tmp_path_factory.mktemp("takedown") / "w")
    leave_traces(workspace)
    return workspace.root


@pytest.fixture
def released(template: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(template, tmp_path / "w")
    return Workspace(tmp_path / "w")


def _victim(workspace: Workspace) -> Source:
    with open_catalog(workspace.catalog) as catalog:
        return next(source for source in catalog.sources() if source.url == SECRET)


def test_nothing_of_the_source_is_left_but_its_tombstone(released: Workspace) -> None:
    victim = _victim(released)
    clips = pd.read_csv(released.releases / "v1" / "clips.csv")
    (clip,) = clips[clips["source_id"] == victim.source_id].to_dict("records")
    words = {SECRET, str(victim.media_id), clip["sha256"], clip["fingerprint"]}
    assert len(traces(released.releases, words)) > 10
    (released.root / "catalog.db.damaged-1").write_text(SECRET)
    with open_catalog(released.catalog) as catalog:
        decide(catalog, released.reviews, catalog.clips(), person="Anna", command="review")
    assert traces(released.reviews, words) == ["Anna.jsonl"]
    run(released, f"takedown {victim.source_id} --reason requested")
    assert traces(released.releases, words) == []
    for gone in (released.board, released.stores / "tiny-v1", released.observations / str(victim.media_id)):
        assert not gone.exists()
    assert list((released.media / ".incoming").iterdir()) == []
    # The tombstone in the catalog holds the address, so that it is never asked again; the record holds ids alone.
    (backup,) = backups(released.catalog)
    assert traces(released.root, {SECRET}) == [f"backups/{backup.path.name}", "catalog.db"]
    (record,) = released.takedowns.iterdir()
    assert traces(released.root, words - {SECRET}) == [record.relative_to(released.root).as_posix()]
    with open_catalog(released.catalog) as catalog:
        states = {source.line: (source.state, source.reason, source.media_id) for source in catalog.sources()}
        assert states[victim.line] == states[99] == (State.TAKEN_DOWN, "requested", None)
        assert clip["clip_id"] not in {one.clip_id for one in catalog.clips()}
    left = read_reviews(released.reviews).decisions
    assert len(left) == len(clips) - 1 and clip["clip_id"] not in {one.clip_id for one in left}
    tombstones = pd.read_csv(released.releases / "v3" / "takedowns.csv")
    assert list(tombstones.columns) == ["source_id", "date", "reason", "clips"]
    assert dict(zip(tombstones["source_id"], tombstones["clips"], strict=True))[victim.source_id] == 1


def test_a_takedown_redraws_no_split_and_the_extended_version_holds_no_trace(released: Workspace) -> None:
    before = Split.read(released.releases / "v1" / "splits" / "seags" / "1" / "split.json")
    victim = _victim(released)
    old, new = (pd.read_parquet(released.releases / name) for name in ("v1/clips.parquet", "v2/previous_split.parquet"))
    assert set(new["clip_id"]) == set(old["clip_id"])
    run(released, f"takedown {victim.source_id}")
    assert victim.source_id not in set(
        pd.read_parquet(released.releases / "v2" / "previous_split.parquet")["source_id"]
    )
    after = Split.read(released.releases / "v3" / "splits" / "seags" / "1" / "split.json")
    assert after.parameters["extends"] == "tiny-v2"
    # The class of the source may be left with groups of one side alone: only that one is placed anew.
    others = set(old["clip_id"][old["label"] != "HighKick"])
    assert set(after.test) & others == set(before.test) & others


def test_versions_that_held_it_are_no_releases_and_say_which_to_use(released: Workspace) -> None:
    run(released, "takedown 2")
    assert released.versions() == ["v3"]
    for version in ("v1", "v2", "v1-list", "v2-list"):
        folder = released.releases / version
        assert not (folder / "SHA256SUMS").exists()
        assert not (folder / "figures" / "contact_sheet.png").exists()
        assert "Use v3." in (folder / "TAKEN_DOWN.md").read_text()
    assert len(list((released.releases / "v1").rglob("*.mp4"))) == 5
    sums = subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=released.releases / "v3", check=False)
    assert sums.returncode == 0
    assert len(released.dataset().clips) == 5


def test_what_shows_the_same_footage_is_named(released: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["curate", "takedown", SECRET, "-w", str(released.root), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["takedowns"]
    with open_catalog(released.catalog) as catalog:
        lines = {source.source_id: source.line for source in catalog.sources()}
    assert [lines[name] for name in told["alike"]] == [4]
    assert sorted(lines[name] for name in told["sources"]) == [2, 99]
    assert SECRET not in (released.takedowns / f"{told['takedown_id']}.json").read_text()


def test_an_unknown_source_is_refused_and_a_second_takedown_does_nothing(released: Workspace) -> None:
    run(released, "takedown 77", expected=2)
    run(released, "takedown 2")
    before = contents(released.releases)
    run(released, "takedown 2")
    assert contents(released.releases) == before


def test_too_little_left_is_said_and_the_source_is_gone_all_the_same(
    released: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    run(released, "takedown 2")
    assert main(["curate", "takedown", "4", "-w", str(released.root), "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["takedowns"]
    assert told["version"] is None and "HighKick" in told["problem"]
    assert (released.versions(), takedown.unfinished_takedowns(released)) == ([], [])
    assert "No version holds what is left yet." in (released.releases / "v3" / "TAKEN_DOWN.md").read_text()


def test_a_release_waits_until_an_interrupted_takedown_is_finished(
    released: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def power_cut(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(takedown, "_strip", power_cut)
        run(released, "takedown 2", expected=130)
    run(released, "release", expected=2)
    run(released, "takedown 2")
    run(released, "release")
    assert released.versions() == ["v3"]
