"""An import adds what is new, overwrites nothing, tells everything else, and leaves a list that reads well."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.listing.cells import read_row, write_row
from curate.listing.document import Document
from curate.listing.importing import import_file, settle
from curate.listing.rows import SourceRow
from curate.listing.sources import IMPORTERS, LISTS, read_list, read_rows
from slateboard.catalog.lock import lock_workspace
from slateboard.cli import main
from slateboard.errors import BadInput, WorkspaceLocked
from slateboard.escaping import inline
from slateboard.steps.init import COLUMNS
from slateboard.workspace import Workspace


def _import(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], file: Path, *options: str, code: int = 0
) -> dict[str, Any]:
    capsys.readouterr()
    words = ["curate", "import", str(file), "-w", str(workspace.root), "--json", *options]
    assert main(words) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def _told(workspace: Workspace, stem: str) -> list[dict[str, str]]:
    with (workspace.root / "imports" / f"{stem}.unmapped.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _file(folder: Path, text: str, name: str = "other.csv") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, "utf-8")
    return folder / name


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_real_files_are_imported_into_a_list_that_reads_well_and_only_once(
    workspace: Workspace, realdata: Path, capsys: pytest.CaptureFixture[str], ending: str
) -> None:
    if ending == "jsonl":
        workspace.sources.unlink()
        (workspace.root / "sources.jsonl").touch()
    samples = realdata / "annotations"
    for name in ("thumos.mp4", "01NVb-003-072-2 echo cont.mp4", "t.mp4"):
        (workspace.root / name).touch()
    ways = [
        ("via3_temporal_segments.json", [], {"added": 3}),
        ("via3_temporal_segments_2.json", [], {"not_mapped": 40}),
        ("cvat_for_video_1.1.xml", ["--set", "frame_rate_hz=25"], {"added": 2, "conflicts": 1}),
        ("label_studio_timeline_event.json", [], {"not_mapped": 2}),
        ("kinetics400_val.csv", ["--from", "kinetics"], {"added": 60}),
        ("kinetics600_val.csv", [], {"added": 31, "already": 29}),
        ("activitynet_detection_prediction.json", ["--set", "take=predictions"], {"added": 40}),
        (
            "thumos14_activitynet_style.json",
            ["--set", "url_template=http://x/{id}"],
            {"added": 277, "conflicts": 29, "changed": 21},
        ),
    ]
    counts = ("added", "already", "not_mapped", "conflicts", "repeated", "changed")
    for name, options, wanted in ways:
        found = _import(workspace, capsys, samples / name, *options)
        assert {key: found[key] for key in counts} == dict.fromkeys(counts, 0) | wanted, name
    listed = read_list(workspace)
    assert len(listed) == 3 + 2 + 60 + 31 + 40 + 277
    assert {source.group for source in listed} >= {"--dVV4_CSvw", "-jOClYqKtE8", "t.mp4"}
    before = workspace.sources.read_bytes()
    for name, options, wanted in ways:
        found = _import(workspace, capsys, samples / name, *options)
        again = {"already": wanted.get("added", 0) + wanted.get("already", 0)}
        assert {key: found[key] for key in counts} == dict.fromkeys(counts, 0) | wanted | again | {"added": 0}, name
    assert workspace.sources.read_bytes() == before


def test_a_video_that_is_not_there_yet_is_told_and_added_once_it_is(
    workspace: Workspace, realdata: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = realdata / "annotations/via3_temporal_segments.json"
    assert _import(workspace, capsys, sample, "--set", "media_folder=echo")["not_mapped"] == 3
    (told, *_) = _told(workspace, "via3_temporal_segments")
    assert told["why"] == "path 'echo/01NVb-003-072-2 echo cont.mp4' is not there."
    (workspace.root / "echo").mkdir()
    (workspace.root / "echo" / "01NVb-003-072-2 echo cont.mp4").touch()
    assert _import(workspace, capsys, sample, "--set", "media_folder=echo")["added"] == 3
    assert not (workspace.root / "imports" / "via3_temporal_segments.unmapped.csv").exists()


def test_a_changed_label_is_a_conflict_and_nothing_is_overwritten(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace.sources.write_text(COLUMNS + "http://x/a,Squat,0,5,anna,,,\n")
    before = workspace.sources.read_bytes()
    other = _file(tmp_path / "in", COLUMNS + "http://x/a,Kick,0,5.0,,,,\nhttp://x/a,Squat,0,5,ben,,,\n")
    found = _import(workspace, capsys, other)
    assert (found["added"], found["already"], found["conflicts"], found["repeated"]) == (0, 0, 2, 0)
    assert workspace.sources.read_bytes() == before
    assert [(row["kind"], row["where"], row["what"]) for row in _told(workspace, "other")] == [
        ("conflict", "line 2", "'Kick' http://x/a from 0 s to 5 s, 'Squat' in sources.csv line 2,"),
        ("conflict", "line 3", "'Squat' http://x/a from 0 s to 5 s, 'Kick' in line 2,"),
    ]


def test_rows_that_the_list_would_refuse_are_told_instead(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (workspace.root / "slateboard.toml").write_text('labels = ["Squat", "Kick"]\n')
    rows = (
        "http://x/a,Squat,,,,,,\nhttp://x/b,squat,,,,,,\nhttp://x/c,Run,,,,,,\nhttp://x/a,Squat,,,,,,\n,Kick,x,,,,,\n"
    )
    found = _import(workspace, capsys, _file(tmp_path / "in", COLUMNS + rows))
    assert (found["added"], found["not_mapped"], found["repeated"]) == (2, 2, 1)
    assert [row["why"] for row in _told(workspace, "other")] == [
        "label 'Run' is not among the labels of the settings.",
        "is empty; start 'x' is no time.",
        "label 'squat' written as 'Squat'.",
        "is there twice.",
    ]
    assert [(source.url, source.label) for source in read_list(workspace)] == [
        ("http://x/a", "Squat"),
        ("http://x/b", "Squat"),
    ]


def test_every_entry_is_counted_once(workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    annotations: list[dict[str, Any]] = [{"label": "a", "segment": [n, n + 3]} for n in range(12)]
    annotations += [{"label": "b", "segment": [0, 3]}, {"label": "a", "segment": [1, 4]}, {"label": "!"}]
    video = {"duration": 10, "annotations": annotations}
    file = _file(tmp_path / "in", json.dumps({"database": {"-jOClYqKtE8": video}}), "a.json")
    found = _import(workspace, capsys, file)
    kinds = ("added", "not_mapped", "conflicts", "repeated", "changed")
    assert {kind: found[kind] for kind in kinds} == {
        "added": 10,
        "not_mapped": 3,
        "conflicts": 1,
        "repeated": 1,
        "changed": 2,
    }


def test_a_list_keeps_its_lines_and_gains_the_columns_it_lacks(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace.sources.write_bytes('\ufefflabel, url\r\nSquat,"http://x/a"'.encode())
    found = _import(workspace, capsys, _file(tmp_path / "in", COLUMNS + 'http://x/b,"Kick, high",1,2,\'-g,,,\n'))
    assert found["added"] == 1
    assert workspace.sources.read_bytes().decode() == (
        '\ufefflabel, url,start,end,group\r\nSquat,"http://x/a"\r\n"Kick, high",http://x/b,1,2,\'-g\r\n'
    )
    assert [(row.label, row.group) for row in read_list(workspace)] == [("Squat", None), ("Kick, high", "-g")]


def test_a_workspace_without_a_list_gets_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bare = Workspace(tmp_path / "bare")
    bare.root.mkdir()
    assert _import(bare, capsys, _file(tmp_path / "in", "url,label\nhttp://x/b,Kick\n"))["added"] == 1
    assert bare.sources.read_text() == COLUMNS + "http://x/b,Kick,,,,,,\n"


def test_a_workspace_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    other = _file(tmp_path / "in", "url,label\nhttp://x/b,Kick\n")
    assert main(["curate", "import", str(other), "-w", str(tmp_path / "nowhere")]) == 2
    assert not (tmp_path / "nowhere").exists()


def test_a_list_with_problems_is_named_and_left_alone(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace.sources.write_text(COLUMNS + "http://x/a,,,,,,,\n")
    other = _file(tmp_path / "in", "url,label\nhttp://x/b,Kick\n")
    assert main(["curate", "import", str(other), "-w", str(workspace.root)]) == 2
    assert "sources.csv line 2: label is empty." in capsys.readouterr().err
    assert workspace.sources.read_text() == COLUMNS + "http://x/a,,,,,,,\n"
    assert not (workspace.root / "imports").exists()


def test_the_first_twenty_are_printed_with_the_total(
    workspace: Workspace, realdata: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = realdata / "annotations/via3_temporal_segments_2.json"
    assert main(["curate", "import", str(sample), "-w", str(workspace.root)]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0].startswith("0 rows added to sources.csv, 0 there already, 40 not mapped, ")
    assert lines[1:3] == [
        "  40 x has no length.",
        "not mapped: metadata 1_NmL5Na96: 'No repair' 0 to 0 s has no length. Mark its end.",
    ]
    assert lines[22] == "... and 20 more"
    assert "read as via3 (told from the file)" in err
    assert len(_told(workspace, "via3_temporal_segments_2")) == 40


def test_while_another_process_works_nothing_is_written(workspace: Workspace, tmp_path: Path) -> None:
    other = _file(tmp_path / "in", "url,label\nhttp://x/b,Kick\n")
    with lock_workspace(workspace.catalog.with_suffix(".lock")), pytest.raises(WorkspaceLocked, match="is in use by"):
        import_file(workspace, other, importer=None, assignments=[])
    assert workspace.sources.read_text() == COLUMNS


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["frame_rate_hz"], "'frame_rate_hz' has no value. Write NAME=VALUE."),
        (["frame_rate_hz=fast"], "'frame_rate_hz' is 'fast'. Give a value of type float."),
        (["frame_rate=25"], "unknown parameter 'frame_rate'. Did you mean 'frame_rate_hz'?"),
    ],
)
def test_a_wrong_parameter_is_named(given: list[str], told: str) -> None:
    with pytest.raises(BadInput) as caught:
        settle(IMPORTERS.load("cvat").CARD, given, name="cvat")
    assert told in str(caught.value)


def test_an_unknown_form_is_answered_with_the_nearest(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = _file(tmp_path / "in", "url,label\nhttp://x/b,Kick\n")
    assert main(["curate", "import", str(other), "--from", "via", "-w", str(workspace.root)]) == 2
    assert "Did you mean 'via3'?" in capsys.readouterr().err
    assert main(["curate", "import", str(tmp_path / "gone.csv"), "-w", str(workspace.root)]) == 2
    assert "is not there. Give the path of a file." in capsys.readouterr().err


TEXT = st.text(max_size=12).map(str.strip).filter(lambda text: inline(text) == text)
TIMES = st.floats(0, 1e6).map(lambda value: round(value, 6))
ROWS = st.builds(
    SourceRow,
    where=st.just("line 1"),
    url=TEXT.map(lambda text: f"http://x/{text}"),
    label=TEXT.map(lambda text: f"{text}a"),
    start_s=st.none() | TIMES,
    end_s=st.none() | TIMES.map(lambda value: round(value + 2e6, 6)),
    group=st.none() | TEXT.filter(bool),
    licence=st.none() | st.sampled_from(["=1+1", "'-a", "@x", "'", "''+", '"', "a,b\r\nc"]),
    effects=st.none()
    | st.lists(st.sampled_from(["bars", "text"]), unique=True).map(lambda kinds: tuple(sorted(kinds))),
    note=st.none() | TEXT.filter(bool),
)


@given(ROWS)
def test_what_is_written_is_read_back_whatever_it_holds(row: SourceRow) -> None:
    again, wrong = read_row(write_row(row), where="line 1")
    assert wrong == [] and again is not None
    written, told = read_row(write_row(again), where="line 1")
    assert (written, told) == (again, [])
    assert (again.url, again.group, again.licence, again.note) == (row.url, row.group, row.licence, row.note)
    assert (again.start_s, again.end_s, again.effects) == (row.start_s, row.end_s, row.effects)


@pytest.mark.parametrize("name", ["csv", "jsonl"])
@given(row=ROWS)
def test_an_appended_row_comes_back_from_the_file(
    tmp_path_factory: pytest.TempPathFactory, name: str, row: SourceRow
) -> None:
    again, _ = read_row(write_row(row), where="line 1")
    assert again is not None
    path = tmp_path_factory.mktemp("list") / f"sources.{name}"
    path.write_bytes(LISTS.load(name).append("", [again]).encode())
    ((_, found),) = read_rows(Document(path), labels=())
    assert found.key == again.key
    assert (found.label, found.group, found.licence, found.effects, found.note) == (
        again.label,
        again.group,
        again.licence,
        again.effects,
        again.note,
    )
