"""A list or an annotation file that somebody damaged, or made to do harm, is refused by name, line and remedy."""

import json
import os
import random
import shutil
from pathlib import Path

import pytest

from curate.listing.document import Document
from curate.listing.importing import guess, import_file
from curate.listing.sources import IMPORTERS, read_list
from slateboard.errors import BadInput, SlateboardError
from slateboard.workspace import Workspace

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
FILES = {
    "billion laughs": ("cvat", f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><annotations>&l11;</annotations>'),
    "external entity": (
        "cvat",
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotations><track label="&x;"/></annotations>',
    ),
    "deep XML": ("cvat", "<annotations>" + "<a>" * 100_000 + "</a>" * 100_000 + "</annotations>"),
    "XML with NUL": ("cvat", "<annotations>\x00</annotations>"),
    "no end": ("cvat", "<annotations><track"),
    "deep JSON": ("activitynet", "[" * 1_000_000),
    "deep objects": ("via3", '{"a":' * 5000 + "1" + "}" * 5000),
    "a number of 5000 digits": ("label_studio", f'[{{"id": {"9" * 5000}}}]'),
    "half of a character": ("label_studio", r'[{"id": 1, "data": {"video": "a\ud800.mp4"}}]'),
    "half of a character in a key": ("kinetics", r'{"\ud800": {"annotations": {"label": "a", "segment": [0, 1]}}}'),
    "a key twice": ("via3", '{"project": {}, "project": {}}'),
    "a field of a megabyte": ("kinetics", f'label,youtube_id,time_start,time_end\n"{"x" * 1_000_000}",a,1,2\n'),
    "an open quote": ("csv", 'url,label\n"a.mp4,x\n' + "b.mp4,y\n" * 50_000),
    "UTF-16 that breaks off": ("csv", "url,label\na.mp4,x\n".encode("utf-16")[:-1]),
    "Latin-1 in every line": ("csv", b"url,label\n" + "a.mp4,Đá".encode("cp1258", "replace") + b"\xe9\n" * 1000),
}


@pytest.mark.parametrize(("importer", "content"), FILES.values(), ids=list(FILES))
def test_a_hostile_file_is_bad_input_with_its_name_and_a_remedy(workspace: Workspace, importer, content) -> None:
    path = workspace.root / "theirs.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    before = workspace.sources.read_bytes()
    given = ["frame_rate_hz=25"] if importer == "cvat" else []
    with pytest.raises(BadInput) as caught:
        import_file(workspace, path, importer=importer, assignments=given)
    assert 1 <= len(caught.value.problems) <= 11
    assert all("theirs.txt" in problem.where and problem.remedy for problem in caught.value.problems)
    assert workspace.sources.read_bytes() == before
    with pytest.raises(BadInput):
        import_file(workspace, path, importer=None, assignments=[])


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 400, '"1"', "null", "[]"])
def test_a_time_that_is_no_number_costs_its_annotation_alone(workspace: Workspace, number) -> None:
    path = workspace.root / "theirs.json"
    segments = f'{{"label": "a", "segment": [0, {number}]}}, {{"label": "a", "segment": [0, 1]}}'
    path.write_text(f'{{"database": {{"abcdefghijk": {{"annotations": [{segments}]}}}}}}', "utf-8")
    merged = import_file(workspace, path, importer="activitynet", assignments=[]).merged
    assert ([row.end_s for row in merged.added], [told.kind for told in merged.issues]) == ([1.0], ["not mapped"])


def test_a_file_larger_than_any_list_is_refused_unread(workspace: Workspace) -> None:
    path = workspace.root / "theirs.json"
    path.touch()
    os.truncate(path, 10**12)
    with pytest.raises(BadInput, match=r"theirs\.json.*1000000000000 bytes.*Divide it into several files"):
        guess(Document(path))


@pytest.mark.parametrize("sign", ["\x00", "\x1b[2J", "\u202e", "\x7f", "\u2066"])
@pytest.mark.parametrize("column", ["url", "label", "group", "licence"])
def test_a_control_character_in_a_row_costs_that_row_with_its_line(workspace: Workspace, sign, column) -> None:
    (workspace.root / "a.mp4").touch()
    cells = {"url": "http://h/a.mp4", "label": "x", "group": "g", "licence": "l"}
    rows = [{**cells, column: f"{cells[column]}{sign}b"}, {**cells, "url": "http://h/b.mp4"}]
    path = workspace.root / "theirs.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    merged = import_file(workspace, path, importer="jsonl", assignments=[]).merged
    assert [row.url for row in merged.added] == ["http://h/b.mp4"]
    (told,) = merged.issues
    assert (told.kind, told.where) == ("not mapped", "line 1")
    assert "holds a control character" in told.why
    workspace.sources.write_text(f'url,label\n"http://h/c{sign}.mp4",x\n', "utf-8")
    with pytest.raises(BadInput, match=r"sources\.csv line \d: url .* holds a control character\. Remove it\."):
        read_list(workspace)


def test_a_cell_of_a_megabyte_costs_its_row(workspace: Workspace) -> None:
    path = workspace.root / "theirs.jsonl"
    path.write_text(json.dumps({"url": "http://h/" + "a" * 1_000_000, "label": "x"}) + "\n", "utf-8")
    merged = import_file(workspace, path, importer="jsonl", assignments=[]).merged
    assert (merged.added, [told.kind for told in merged.issues]) == ([], ["not mapped"])
    assert len(merged.issues[0].what) < 2_000_000


VALUES = (None, True, -1, 0, 1e308, 10**400, "", "\x00", "x" * 70_000, [], {}, [[]], {"a": {"b": None}}, "NaN")


def altered(value: object, chance: random.Random, share: float) -> object:
    """Return a JSON value in which some values, at any depth, are of another kind."""
    if chance.random() < share:
        return chance.choice(VALUES)
    if isinstance(value, dict):
        return {key: altered(item, chance, share) for key, item in value.items()}
    return [altered(item, chance, share) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("seed", range(4))
def test_real_annotation_files_damaged_at_random_give_rows_or_bad_input_and_nothing_else(
    realdata: Path, workspace: Workspace, seed
) -> None:
    folder = realdata / "annotations"
    chance = random.Random(seed)
    outcomes = 0
    for path in sorted(path for path in folder.rglob("*") if path.suffix in (".json", ".xml", ".csv", ".jsonl")):
        if path.stat().st_size > 200_000:
            continue
        content = path.read_bytes()
        target = workspace.root / f"theirs{path.suffix}"
        if path.suffix == ".json":
            target.write_text(json.dumps(altered(json.loads(content), chance, 0.02)), "utf-8")
        else:
            changed = bytearray(content)
            for place in chance.sample(range(len(changed)), max(len(changed) // 200, 1)):
                changed[place] = chance.randrange(256)
            target.write_bytes(changed[: chance.randrange(len(changed) // 2, len(changed))])
        for importer in IMPORTERS.names():
            try:
                import_file(workspace, target, importer=importer, assignments=[])
            except SlateboardError:
                outcomes += 1
            else:
                outcomes += 1
        shutil.rmtree(workspace.root / "imports", ignore_errors=True)
    assert outcomes >= len(IMPORTERS.names())
