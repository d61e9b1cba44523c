"""A certificate holds for the data that it was made of, and for no others: whatever is altered is named."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from slateboard.cli import main
from slateboard.dataset import Dataset, read_release, table_sha256
from slateboard.errors import BadInput, Finding, SlateboardError
from slateboard.records.split import Split
from slateboard.settings import SplitSettings
from slateboard.workspace import Workspace
from splits import certificate as certificate_file
from splits.audit.examination import Options, examine
from splits.audit.near_duplicates import Pair
from splits.certificate import certificate, certificate_of, read_certificate, write_examination
from splits.division import divide
from splits.folder import root_lists, write_split
from splits.steps import audit as audit_step
from splits.steps import verify as verify_step
from splits.verification import verify


@pytest.fixture
def workspace(tmp_path: Path, release: Dataset) -> Workspace:
    """A workspace whose release v1 has a frozen split, with lists and certificate at the release's root."""
    split = divide(release, protocol="seags", settings=SplitSettings())[0]
    write_split(release.root / "splits" / "seags" / "1", split, release)
    for name, text in root_lists(release, split).items():
        (release.root / name).write_text(text)
    (release.root / "certificate.json").write_bytes((release.root / "splits/seags/1/certificate.json").read_bytes())
    return Workspace(tmp_path)


def differences(workspace: Workspace, path: str = "releases/v1/certificate.json") -> list[str]:
    """Return what differs, each up to its first colon, file names without their folders."""
    found = verify(workspace.root / path, workspace, release=None).differences
    return [Path(one.split(": ")[0]).name for one in found]


def altered(path: Path, **changes: Any) -> None:
    """Change values of a JSON file."""
    value = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**value, **changes}))


def test_the_certificate_binds_data_lists_options_and_code(grid) -> None:
    (split,) = divide(grid, protocol="seags", settings=SplitSettings())
    said = certificate_of(grid, split, examine(grid, split, Options()))
    assert (said["schema"], said["dataset_sha256"], said["lists_sha256"]) == (2, grid.sha256, split.sha256)
    assert said["table_sha256"] == table_sha256(grid.classes, grid.clips)
    assert said["options"] == {"depth": "table", "bound": 0.1}
    assert said["versions"].keys() == {"slateboard"}
    assert said == certificate(grid, split, examine(grid, split, Options()).report)


def test_the_hash_of_the_table_is_of_every_cell_and_of_no_order(grid) -> None:
    whole = table_sha256(grid.classes, grid.clips)
    assert table_sha256(grid.classes, grid.clips.sample(frac=1, random_state=1)) == whole
    for column, other in (("source_url", "elsewhere"), ("frames", 51), ("fps", 29.97), ("effects", "text")):
        changed = grid.clips.copy()
        changed.loc[3, column] = other
        assert table_sha256(grid.classes, changed) != whole, column
    halves = []
    for effects in (["ab", "c"], ["a", "bc"]):
        changed = grid.clips.copy()
        changed["effects"] = [*effects, *[""] * (len(changed) - 2)]
        halves.append(table_sha256(grid.classes, changed))
    assert halves[0] != halves[1]
    shifted = grid.clips.copy()
    shifted.loc[3, ["source_id", "source_url"]] = ["x", ""]
    moved = grid.clips.copy()
    moved.loc[3, ["source_id", "source_url"]] = ["", "x"]
    assert table_sha256(grid.classes, shifted) != table_sha256(grid.classes, moved)


def test_a_release_and_its_split_hold(workspace) -> None:
    assert differences(workspace) == []
    assert differences(workspace, "releases/v1/splits/seags/1/certificate.json") == []
    assert verify_step.command(workspace, workspace.root / "releases/v1/certificate.json")["differences"] == ()


@pytest.mark.parametrize("name", ["trainlist.txt", "testlist.txt", "trainlist01.txt", "testlist01.txt", "classInd.txt"])
def test_a_line_taken_out_of_a_list_of_the_release_is_found(workspace, name) -> None:
    path = workspace.releases / "v1" / name
    path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))
    assert differences(workspace) == [name]


def test_a_clip_moved_in_the_record_of_the_split_is_found_with_all_that_follows(workspace) -> None:
    record = workspace.releases / "v1/splits/seags/1/split.json"
    split = json.loads(record.read_text())
    altered(record, train=split["train"][1:], test=[split["train"][0], *split["test"]])
    found = differences(workspace)
    assert {"lists_sha256", "leaks", "line", "audit.checks[groups on both sides].count"} <= set(found)
    assert {"trainlist.txt", "testlist.txt", "parts.parquet"} <= set(found)


def test_a_split_that_is_no_record_any_more_is_a_difference(workspace) -> None:
    record = workspace.releases / "v1/splits/seags/1/split.json"
    split = json.loads(record.read_text())
    altered(record, test=[*split["test"], split["train"][0]])
    (found,) = verify(workspace.releases / "v1/certificate.json", workspace, release=None).differences
    assert "a clip is in more than one part" in found


def test_a_part_altered_in_the_table_of_parts_is_found(workspace) -> None:
    path = workspace.releases / "v1/splits/seags/1/parts.parquet"
    parts = pd.read_parquet(path)
    parts.loc[0, "part"] = "unused"
    parts.to_parquet(path, index=False)
    assert differences(workspace) == ["parts.parquet"]


@pytest.mark.parametrize(
    ("column", "value", "named"),
    [
        ("source_url", "raw/other.avi", {"table_sha256"}),
        ("group", "alone", {"table_sha256", "dataset_sha256", "audit.groups"}),
        ("label", "b", {"table_sha256", "dataset_sha256", "contradictions"}),
    ],
)
def test_a_cell_altered_in_the_table_is_found(workspace, column, value, named) -> None:
    path = workspace.releases / "v1/clips.parquet"
    clips = pd.read_parquet(path)
    clips.loc[0, column] = value
    clips.to_parquet(path, index=False)
    assert named <= set(differences(workspace))


@pytest.mark.parametrize(
    "change",
    [{"leaks": 3}, {"line": "audit seags-1: all is well"}, {"lists_sha256": "0" * 64}, {"unknowns": 0}],
)
def test_a_value_altered_in_the_certificate_is_found(workspace, change) -> None:
    path = workspace.releases / "v1/certificate.json"
    altered(path, **change)
    assert differences(workspace) == list(change)


def test_a_count_altered_in_the_certificate_is_found_by_the_name_of_its_check(workspace, capsys) -> None:
    path = workspace.releases / "v1/certificate.json"
    said = json.loads(path.read_text())
    check = next(check for check in said["audit"]["checks"] if check["name"] == "clips in no part")
    check["count"] = 7
    path.write_text(json.dumps(said))
    with pytest.raises(Finding) as caught:
        verify_step.command(workspace, path)
    assert caught.value.exit_code == 1
    assert "audit.checks[clips in no part].count: the certificate says 7, the data say 0" in str(caught.value)


def test_a_check_taken_out_of_the_certificate_is_found(workspace) -> None:
    path = workspace.releases / "v1/certificate.json"
    said = json.loads(path.read_text())
    said["audit"]["checks"] = said["audit"]["checks"][1:]
    path.write_text(json.dumps(said))
    assert "audit.checks[clips in two parts].count" in differences(workspace)


def test_a_file_that_is_not_what_the_sums_say_is_found(workspace) -> None:
    root = workspace.releases / "v1"
    (root / "SHA256SUMS").write_text(f"{'0' * 64}  splits/seags/1/testlist.txt\n{'0' * 64}  videos/a/v.mp4\n")
    assert differences(workspace) == ["testlist.txt"]


def test_another_version_of_the_code_is_a_remark_and_no_difference(workspace) -> None:
    path = workspace.releases / "v1/certificate.json"
    altered(path, versions={"slateboard": "0.0.1"})
    found = verify(path, workspace, release=None)
    assert found.differences == ()
    assert found.remarks[0].startswith("versions.slateboard: made with 0.0.1, checked with ")


def test_an_audit_writes_its_certificate_in_the_workspace_and_never_in_the_release(workspace) -> None:
    before = {path: path.read_bytes() for path in (workspace.releases / "v1").rglob("*") if path.is_file()}
    outcome = audit_step.command(workspace, "v1", media=False)
    path = workspace.splits / "tiny-v1/seags/1/certificate.json"
    assert Path(outcome["certificate"]) == path
    assert {path: path.read_bytes() for path in (workspace.releases / "v1").rglob("*") if path.is_file()} == before
    assert read_certificate(path)["options"]["depth"] == "hashes"
    assert differences(workspace, "splits/tiny-v1/seags/1/certificate.json") == []


def test_the_same_audit_writes_the_same_bytes(workspace) -> None:
    path = Path(audit_step.command(workspace, "v1", media=False)["certificate"])
    first = path.read_bytes()
    audit_step.command(workspace, str(workspace.releases / "v1"), media=False)
    assert path.read_bytes() == first


def audited_with_media(workspace: Workspace) -> Path:
    """Return a certificate that says it was made with media, as an audit of real clips does."""
    path = Path(audit_step.command(workspace, "v1", media=False)["certificate"])
    said = json.loads(path.read_text())
    altered(path, options={**said["options"], "depth": "media"})
    return path


def test_a_certificate_made_with_media_is_never_replaced_by_one_without(workspace) -> None:
    path = audited_with_media(workspace)
    before = path.read_bytes()
    with pytest.raises(SlateboardError, match=r"was made with media.*Leave out --no-media, or move that file"):
        audit_step.command(workspace, "v1", media=False)
    assert path.read_bytes() == before


def test_a_deeper_certificate_of_other_lists_is_replaced_as_it_proves_nothing_any_more(workspace) -> None:
    path = audited_with_media(workspace)
    altered(path, lists_sha256="0" * 64)
    audit_step.command(workspace, "v1", media=False)
    assert read_certificate(path)["options"]["depth"] == "hashes"


def test_a_killed_audit_leaves_the_earlier_certificate_with_its_pairs(workspace, release, monkeypatch) -> None:
    folder = workspace.root / "evidence"
    (split,) = divide(release, protocol="random", settings=SplitSettings())
    bare = examine(release, split, Options(depth="hashes"))
    paired = replace(bare, pairs=(Pair(split.train[0], split.test[0], "3 of 256 bits differ"),))
    write_examination(folder, release, split, paired)
    assert sorted(path.name for path in folder.iterdir()) == ["certificate.json", "pairs.csv", "pairs.png"]
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(certificate_file, "draw_pairs", killed)
    with pytest.raises(KeyboardInterrupt):
        write_examination(folder, release, split, replace(paired, pairs=paired.pairs * 2, versions={"most_bits": 0}))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_of_what_an_audit_writes_the_certificate_takes_its_place_last(workspace, release, monkeypatch) -> None:
    (split,) = divide(release, protocol="random", settings=SplitSettings())
    made = examine(release, split, Options(depth="hashes"))
    renamed = []
    really = Path.replace

    def noted(self: Path, target: Path) -> Path:
        renamed.append(target.name)
        return really(self, target)

    monkeypatch.setattr(Path, "replace", noted)
    pairs = (Pair(split.train[0], split.test[0], "3 of 256 bits differ"),)
    write_examination(workspace.root / "evidence", release, split, replace(made, pairs=pairs))
    assert renamed == ["pairs.png", "pairs.csv", "certificate.json"]


def test_the_training_ids_that_a_certificate_rests_on_are_read_again(workspace, tmp_path, release) -> None:
    ids = tmp_path / "ids.txt"
    split = divide(release, protocol="seags", settings=SplitSettings())[0]
    ids.write_text("\n".join(split.train))
    audit_step.command(workspace, "v1", media=False, trained_on=ids)
    path = "splits/tiny-v1/seags/1/certificate.json"
    assert differences(workspace, path) == []
    ids.write_text("\n".join([*split.train, split.test[0]]))
    assert "options.trained_on_sha256" in differences(workspace, path)
    assert "audit.checks[test clips trained on].count" in differences(workspace, path)
    ids.unlink()
    assert "options.trained_on" in differences(workspace, path)


def test_what_is_no_certificate_is_refused_with_what_to_do(workspace, tmp_path) -> None:
    path = tmp_path / "x.json"
    for text in ("", "[]", '{"schema": 2}', '{"schema": 2, "options": {"depht": "table"}}'):
        path.write_text(text)
        with pytest.raises(BadInput, match=r"is no certificate .*Make it anew"):
            read_certificate(path)
    path.write_text('{"schema": 1}')
    with pytest.raises(BadInput, match=r"has schema 1, this slateboard reads 2\. Make it anew"):
        read_certificate(path)
    path.write_text('{"schema": 9}')
    with pytest.raises(BadInput, match="Install a newer"):
        read_certificate(path)


def test_a_certificate_of_lists_asks_where_they_lie(workspace, real_lists) -> None:
    with pytest.raises(Finding, match="22 leaks"):
        audit_step.command(workspace, str(real_lists / "jhmdb"), split=2)
    path = workspace.splits / "jhmdb-lists/fixed/2/certificate.json"
    with pytest.raises(SlateboardError, match="--dataset FOLDER"):
        verify(path, workspace, release=None)
    assert verify(path, workspace, release=str(real_lists / "jhmdb")).differences == ()


def test_a_release_read_unchecked_has_the_hash_of_what_is_there(release) -> None:
    clips = release.clips.copy()
    clips.loc[0, "group"] = "other"
    clips.to_parquet(release.root / "clips.parquet", index=False)
    with pytest.raises(BadInput, match="not the one it was released with"):
        read_release(release.root)
    assert read_release(release.root, checked=False).sha256 != release.sha256


def test_json_tells_a_leak_whole_and_the_exit_code_is_1_all_the_same(workspace, capsys) -> None:
    split = Split.read(workspace.releases / "v1/splits/seags/1/split.json")
    altered(
        workspace.releases / "v1/splits/seags/1/split.json", train=split.train[1:], test=[*split.test, split.train[0]]
    )
    words = ["split", "audit", "v1", "--no-media", "--json", "-w", str(workspace.root)]
    assert main(words) == 1
    out, err = capsys.readouterr()
    assert (json.loads(out)["line"].partition(";")[0], "1 leak" in err) == ("audit seags-1: 1 leak", True)
    assert main(["split", "verify", str(workspace.releases / "v1/certificate.json"), "--json", "-w", words[-1]]) == 1
    assert any("testlist.txt" in one for one in json.loads(capsys.readouterr().out)["differences"])


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"dataset": "../../x-v1"}, "dataset is '../../x-v1'"),
        ({"split": "../../x-1"}, "split is '../../x-1'"),
        ({"split": "seags-x"}, "split is 'seags-x'"),
        ({"options": {"trained_on": "/home/me/private.json"}}, "options.trained_on is '/home/me/private.json'"),
        ({"options": {"trained_on": "../private.json"}}, "options.trained_on is '../private.json'"),
        ({"options": {"depth": "deeper"}}, "options.depth is 'deeper'"),
    ],
)
def test_a_certificate_names_nothing_elsewhere(workspace, tmp_path, release, change, told) -> None:
    audit_step.command(workspace, "v1", media=False)
    path = workspace.splits / "tiny-v1" / "seags" / "1" / "certificate.json"
    (tmp_path / "x.json").write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(BadInput) as caught:
        read_certificate(tmp_path / "x.json")
    assert told in str(caught.value)


def test_a_certificate_holds_no_folder_of_this_machine(workspace, tmp_path_factory, release) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "ids.txt"
    split = divide(release, protocol="seags", settings=SplitSettings())[0]
    elsewhere.write_text("\n".join(split.train))
    audit_step.command(workspace, "v1", media=False, trained_on=elsewhere)
    path = workspace.splits / "tiny-v1" / "seags" / "1" / "certificate.json"
    assert json.loads(path.read_text())["options"]["trained_on"] == "ids.txt"
    assert str(elsewhere.parent) not in path.read_text()
    assert "options.trained_on" in differences(workspace, str(path.relative_to(workspace.root)))
    (path.parent / "ids.txt").write_text(elsewhere.read_text())
    assert differences(workspace, str(path.relative_to(workspace.root))) == []
