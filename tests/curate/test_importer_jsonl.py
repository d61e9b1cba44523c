"""sources.jsonl says the same as sources.csv, and every problem of it is named with its line and remedy."""

import json
from pathlib import Path
from typing import Any

import pytest

from curate.listing.sources import read_list
from slateboard.errors import BadInput
from slateboard.records.source import Source
from slateboard.workspace import Workspace


def _read(folder: Path, *lines: str | dict[str, Any]) -> list[Source]:
    text = "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines)
    (folder / "sources.jsonl").write_text(text, "utf-8")
    return read_list(Workspace(folder))


def test_a_list_of_json_lines_gives_the_sources_that_the_same_csv_gives(tmp_path: Path) -> None:
    lines: list[str | dict[str, Any]] = [
        {"url": "http://x/a", "label": "Đá cầu", "start": 1.5, "end": "1:02", "group": "'-abc", "effects": ["text"]},
        {"url": "http://x/b", "label": "Squat", "effects": [], "note": None},
        {"label": "Squat", "url": "http://x/c", "effects": "bars|text", "licence": "CC0-1.0"},
    ]
    found = _read(tmp_path, *lines)
    (tmp_path / "sources.jsonl").unlink()
    (tmp_path / "sources.csv").write_text(
        "url,label,start,end,group,licence,effects,note\n"
        "http://x/a,Đá cầu,1.5,1:02,'-abc,,text,\nhttp://x/b,Squat,,,,,none,\nhttp://x/c,Squat,,,,CC0-1.0,bars|text,\n",
        "utf-8",
    )
    assert [row.line for row in found] == [1, 2, 3]
    assert found == [row.model_copy(update={"line": row.line - 1}) for row in read_list(Workspace(tmp_path))]
    assert (found[0].group, found[1].effects, found[2].effects) == ("-abc", (), ("bars", "text"))


def test_effects_are_kinds_of_the_one_vocabulary_in_a_list_or_a_text(tmp_path: Path) -> None:
    words: list[Any] = [["Captions", "black and white"], ["no"], "logo, text", "False"]
    lines = [{"url": f"http://x/{number}", "label": "Squat", "effects": word} for number, word in enumerate(words)]
    assert [row.effects for row in _read(tmp_path, *lines)] == [("bw", "text"), (), ("overlay", "text"), ()]


def test_blank_lines_count_and_a_line_separator_inside_a_text_does_not(tmp_path: Path) -> None:
    lines = ('{"url": "http://x/a", "label": "Squat", "note": "a\u2028b"}', "", {"url": "http://x/b", "label": "Squat"})
    assert [(row.line, row.note) for row in _read(tmp_path, *lines)] == [(1, "a\u2028b"), (3, None)]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "sources.jsonl line 2: '{' is not JSON"),
        ("[1]", "line 2: '[1]' is no object."),
        ('{"url": "http://x/b", "label": "Squat", "url": "http://x/c"}', "the key 'url' occurs twice in one object"),
        ({"url": "http://x/b", "label": "Squat", "strat": 1}, "key 'strat' is not known. Did you mean 'start'?"),
        ({"url": "http://x/b", "label": 7}, "line 2: label 7 is no text. Write it in quotes."),
        ({"url": "http://x/b", "label": "Squat", "start": True}, "line 2: start true is no text."),
        ({"url": "http://x/b", "label": "Squat", "start": -1}, "line 2: start '-1' is no time."),
        ('{"url": "http://x/b", "label": "Squat", "end": NaN}', "line 2: end 'nan' is no time."),
        ({"url": "http://x/b", "label": "Squat", "start": 10**400}, "is no time."),
        ({"url": "http://x/b", "label": "Squat", "start": 9, "end": 4}, "end 4 s is not after start 9 s."),
        ({"url": "http://x/b"}, "line 2: label is empty. Name the class."),
        ({"label": "Squat"}, "line 2: url is empty."),
        ({"url": "gone.mp4", "label": "Squat"}, "path 'gone.mp4' is not there."),
        ({"url": "http://x/b", "label": "Squat", "effects": ["Big Text"]}, "effect 'Big Text' is no kind."),
        ({"url": "http://x/b", "label": "squat"}, "label 'squat' is spelt 'Squat' in line 1. Write it one way."),
        ({"url": "http://x/a", "label": "Squat"}, "the row repeats line 1 (same url, start and end)."),
        ({"url": "http://x/b", "label": "Squat", "group": "=1"}, "group '=1' begins like a spreadsheet formula."),
    ],
)
def test_a_bad_line_is_named_with_number_and_remedy(tmp_path: Path, line: str | dict[str, Any], told: str) -> None:
    with pytest.raises(BadInput) as caught:
        _read(tmp_path, {"url": "http://x/a", "label": "Squat"}, line)
    assert told in str(caught.value)


def test_an_empty_list_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="lists no source"):
        _read(tmp_path)
