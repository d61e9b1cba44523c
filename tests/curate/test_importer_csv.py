"""sources.csv is read whole, or every problem is named with its line and remedy."""

import unicodedata
from pathlib import Path

import pytest

from curate.listing.sources import list_key, read_list
from slateboard.errors import BadInput, SlateboardError
from slateboard.records.source import Source
from slateboard.steps.init import COLUMNS
from slateboard.workspace import Workspace


def _read(folder: Path, text: str | bytes, *, labels: str = "[]") -> list[Source]:
    (folder / "slateboard.toml").write_text(f"labels = {labels}\n")
    (folder / "sources.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_list(Workspace(folder))


def test_a_good_list_is_read_in_its_order(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"x")
    text = COLUMNS + "https://x.org/v,Jumping Jack,1:02,0:01:05.5,anna,CC0-1.0,text|bars,hi\na.mp4,Đá cầu,,,,,none,\n"
    first, second = _read(tmp_path, "\ufeff" + text.replace("\n", "\r\n"))
    assert (first.line, first.label, first.start_s, first.end_s, first.group) == (2, "Jumping Jack", 62.0, 65.5, "anna")
    assert (first.effects, first.is_web, second.is_web) == (("bars", "text"), True, False)
    assert (second.label, second.effects, second.group, second.licence) == ("Đá cầu", (), None, None)


def test_an_hour_and_plain_seconds_are_times(tmp_path: Path) -> None:
    (row,) = _read(tmp_path, COLUMNS + "http://x/v,Squat,12.5,1:00:01,,,,\n")
    assert (row.start_s, row.end_s) == (12.5, 3601.0)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("http://x/v,Squat,1:77,,,,,", "line 2: start '1:77' is no time. Write seconds (12.5) or h:mm:ss."),
        ("http://x/v,Squat,9,4,,,,", "line 2: end 4 s is not after start 9 s. Correct the times."),
        ("http://x/v,,,,,,,", "line 2: label is empty. Name the class."),
        (",Squat,,,,,,", "line 2: url is empty. Give an http(s) address or a path."),
        ("file:///etc/passwd,Squat,,,,,,", "is neither http(s) nor a path. Give a path relative to the workspace."),
        ("ftp://x/v.mp4,Squat,,,,,,", "is neither http(s) nor a path."),
        ("http://,Squat,,,,,,", "line 2: url 'http://' has no host. Give the whole address."),
        ("gone.mp4,Squat,,,,,,", "line 2: path 'gone.mp4' is not there. Paths are relative to "),
        ('http://x/v,Squat,,,"=HYPERLINK(1)",,,', "group '=HYPERLINK(1)' begins like a spreadsheet formula."),
        ("http://x/v,../..,,,,,,", "label '../..' holds no letter or digit. Name the class."),
        ("http://x/v,Squat,,0,,,,", "line 2: end 0 s is not after the beginning. Correct the times."),
        ("http://x/v,Squat,,,-abc,,,", "group '-abc' begins like a spreadsheet formula. Remove the first sign, or put"),
        ("http://[x/v,Squat,,,,,,", "line 2: url 'http://[x/v' has no host. Give the whole address."),
        ("x" * 300 + ".mp4,Squat,,,,,,", "is not there. Paths are relative to "),
        ("http://x/v,Squat," + "9" * 400 + ",,,,,", "is no time."),
        ("http://x/v,Squat,,,,,none|text,", "effects says 'none' beside other kinds. Keep one of them."),
        ("http://x/v,Squat,,,,,Big Text,", "effect 'Big Text' is no kind. Did you mean 'text'?"),
        ("http://x/v,Squat,,,,,yes,", "effect 'yes' says that there are effects and not which. Name their kinds"),
        ("http://x/v,Squat,,,,,n/a,", "effect 'n/a' is no kind. Leave the cell empty where nobody looked"),
        ("http://x/v,Squat,,,,,,,b", "line 2: 9 cells for 8 columns are too many. Quote cells that hold commas."),
    ],
)
def test_a_bad_row_is_named_with_line_and_remedy(tmp_path: Path, row: str, told: str) -> None:
    with pytest.raises(BadInput) as caught:
        _read(tmp_path, COLUMNS + row + "\n")
    assert told in str(caught.value)


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    rows = "http://x/a,Squat,,,,,,\nhttp://x/a,Squat,,,,,,\nhttp://x/b,squat,,,,,,\nhttp://x/c,Squat,x,,,,,\n"
    with pytest.raises(BadInput) as caught:
        _read(tmp_path, COLUMNS + rows)
    assert [str(problem) for problem in caught.value.problems] == [
        "sources.csv line 3: the row repeats line 2 (same url, start and end). Remove one of them.",
        "sources.csv line 4: label 'squat' is spelt 'Squat' in line 2. Write it one way.",
        "sources.csv line 5: start 'x' is no time. Write seconds (12.5) or h:mm:ss.",
    ]


def test_only_the_labels_of_the_settings_are_allowed(tmp_path: Path) -> None:
    with pytest.raises(
        BadInput, match=r"label 'Sqaut' is not among the labels of the settings. Did you mean 'Squat'\?"
    ):
        _read(tmp_path, COLUMNS + "http://x/a,Sqaut,,,,,,\n", labels='["Squat", "Kick"]')


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "sources.csv: is empty. Its first line is url,label,"),
        (COLUMNS.encode(), "lists no source"),
        (b"url,label,url\nhttp://x/a,Squat,b\n", "line 1: column 'url' is named twice. Keep one of them."),
        (b'url,label\nhttp://x/a,"Squat\nhttp://x/b,Kick\n', "line 3: is not CSV (unexpected end of data)."),
        (b"url,start\nhttp://x/a,1\n", "line 1: column 'label' is missing."),
        (b"url,label,strat\nhttp://x/a,Squat,1\n", "line 1: unknown column 'strat'. Did you mean 'start'?"),
        (COLUMNS.encode() + b"http://x/a,K\xe9rate,,,,,,\n", "line 2: byte 0xe9 is not UTF-8. Save the file as UTF-8."),
    ],
)
def test_a_file_that_is_no_list_is_told_why(tmp_path: Path, text: bytes, told: str) -> None:
    with pytest.raises(BadInput) as caught:
        _read(tmp_path, text)
    assert told in str(caught.value)


def test_the_same_video_may_be_listed_with_other_times(tmp_path: Path) -> None:
    rows = "http://x/a,Squat,0,5,,,,\nhttp://x/a,Squat,5,9,,,,\n"
    assert len({row.source_id for row in _read(tmp_path, COLUMNS + rows)}) == 2


def test_a_cell_with_an_apostrophe_before_a_sign_is_restored(tmp_path: Path) -> None:
    rows = "http://x/a,Squat,,,'-abc,,,'=1+1\nhttp://x/b,Squat,,,''@x,,,'tis\n"
    assert [(row.group, row.note) for row in _read(tmp_path, COLUMNS + rows)] == [("-abc", "=1+1"), ("'@x", "'tis")]


def test_an_accent_may_be_a_letter_of_its_own(tmp_path: Path) -> None:
    rows = "http://x/a,Đá cầu,,,,,,\nhttp://x/b," + unicodedata.normalize("NFD", "Đá cầu") + ",,,,,,\n"
    assert {row.label for row in _read(tmp_path, COLUMNS + rows)} == {"Đá cầu"}


def test_a_cell_may_hold_line_ends_and_the_next_line_keeps_its_number(tmp_path: Path) -> None:
    rows = 'http://x/a,Squat,,,,,,"one\ntwo\u2028three"\nhttp://x/b,Squat,,,,,,\n'
    assert [(row.line, row.note) for row in _read(tmp_path, COLUMNS + rows)] == [
        (3, "one\ntwo\u2028three"),
        (4, None),
    ]


def test_everything_wrong_with_a_row_is_told_its_missing_file_too(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        _read(tmp_path, COLUMNS + "gone.mp4,,x,,,,Big,\n")
    assert [problem.what for problem in caught.value.problems] == [
        "path 'gone.mp4' is not there.",
        "label is empty.",
        "start 'x' is no time.",
        "effect 'Big' is no kind.",
    ]


def test_two_lists_in_one_workspace_are_refused(tmp_path: Path) -> None:
    (tmp_path / "sources.jsonl").write_text('{"url": "http://x/a", "label": "Squat"}\n')
    with pytest.raises(SlateboardError, match=r"two lists, sources.csv and sources.jsonl. Move one of them elsewhere"):
        _read(tmp_path, COLUMNS)


def test_the_key_of_a_list_changes_with_its_rows_and_with_the_labels(tmp_path: Path) -> None:
    _read(tmp_path, COLUMNS + "http://x/a,Squat,,,,,,\n")
    keys = {list_key(Workspace(tmp_path))}
    _read(tmp_path, COLUMNS + "http://x/b,Squat,,,,,,\n")
    keys.add(list_key(Workspace(tmp_path)))
    _read(tmp_path, COLUMNS + "http://x/b,Squat,,,,,,\n", labels='["Squat"]')
    keys.add(list_key(Workspace(tmp_path)))
    assert len(keys) == 3
