"""Lists as spreadsheets save them are read, with a word on how; what has two meanings is refused with its cause."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.listing.cells import write_row
from curate.listing.document import Document
from curate.listing.importing import guess, import_file
from curate.listing.rows import SourceRow
from curate.listing.sources import read_list, read_rows
from slateboard.cli import main
from slateboard.errors import BadInput
from slateboard.steps.init import COLUMNS
from slateboard.workspace import Workspace

CASES = Path(__file__).parents[3] / "shared" / "cases" / "curation" / "case-23"
HEADER = "url;label;start;end\n"


def _import(folder: Path, content: str | bytes) -> tuple[list[tuple[Any, ...]], list[str], list[str]]:
    """Return (rows, notes, what was refused) of a file that is imported into an empty workspace."""
    (folder / "sources.csv").write_text(COLUMNS)
    path = folder / "theirs.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    merged = import_file(Workspace(folder), path, importer=None, assignments=[]).merged
    rows = [(row.url, row.label, row.start_s, row.end_s) for row in merged.added]
    return rows, merged.notes, [f"{issue.what} {issue.why} {issue.remedy}" for issue in merged.issues]


def _refusal(folder: Path, content: str | bytes) -> str:
    with pytest.raises(BadInput) as caught:
        _import(folder, content)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "notes"),
    [
        ("semi", ["read as semicolon-separated"]),
        ("tab", ["read as tab-separated"]),
        ("sep", ["read as comma-separated"]),
        ("utf16", ["read as UTF-16"]),
        ("caps", []),
        ("kin_semi", ["read as semicolon-separated"]),
    ],
)
def test_the_files_of_case_23_are_read_and_it_is_said_how(tmp_path: Path, name: str, notes: list[str]) -> None:
    """KAMRONBEK/talim-ai#48, realm/realm-studio#1214, mui/mui-x#1656."""
    if not CASES.is_dir():
        pytest.skip(f"{CASES} is absent")
    rows, said, refused = _import(tmp_path, (CASES / f"{name}.csv").read_bytes())
    times = (0.0, 10.0) if name == "kin_semi" else (10.0, 17.0)
    assert ([row[1:] for row in rows], said, refused) == ([("kick", *times)], notes, [])


ROW = ("http://h/a", "kick", 1.0, 2.0)


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (f"{HEADER}http://h/a;kick;1;2\n", "read as semicolon-separated"),
        ("sep=;\r\nURL;Label;Start;End\r\nhttp://h/a;kick;1;2\r\n", "read as semicolon-separated"),
        ('"sep=!"\nurl!label!start!end\nhttp://h/a!kick!1!2\n', "read as '!'-separated"),
        ("url|label|start|end\nhttp://h/a|kick|1|2\n", "read as bar-separated"),
        ("\ufeffurl\tlabel\tstart\tend\nhttp://h/a\tkick\t1\t2\n".encode("utf-16-le"), "read as tab-separated UTF-16"),
        ("\ufeffurl\tlabel\tstart\tend\nhttp://h/a\tkick\t1\t2\n".encode("utf-16-be"), "read as tab-separated UTF-16"),
        (f"{HEADER}http://h/a;kick;1;2\n".encode("utf-16-le"), "read as semicolon-separated UTF-16"),
        (f"{HEADER}http://h/a;kick;1;2\n".encode("utf-16-be"), "read as semicolon-separated UTF-16"),
        (f"{HEADER}http://h/a;kick;1;2\n".encode("utf-8-sig"), "read as semicolon-separated"),
        (f"{HEADER}http://h/a;kick;1;2\n".replace("\n", "\r"), "read as semicolon-separated"),
        ("\xa0URL\xa0; Label ;start;end\n http://h/a;\xa0kick\xa0;1;2\n", "read as semicolon-separated"),
        (
            "url;label;start;end;;;\nhttp://h/a;kick;1;2;;;\n;;;;;;\n;;;;;;\n",
            "read as semicolon-separated; columns without name are passed over: 3",
        ),
        (
            f"My videos, 2024;;;\n;;;\n{HEADER}http://h/a;kick;1;2\n",
            "read as semicolon-separated; 'My videos, 2024' above the header is passed over",
        ),
        (
            '"url,label,start,end"\n"http://h/a,""kick"",1,2"\n',
            "each line is one cell that holds its cells",
        ),
        ("url,label,start,end;;\nhttp://h/a,kick,1,2;;\n", "each line is one cell that holds its cells"),
        ("“url”,“label”,“start”,“end”\n“http://h/a”,“kick”,“1”,“2”\n", "round quotes are taken as quotes"),
        ("url,label,start,end\nhttp://h/a,“kick”,1,2\n", "round quotes around 1 cell"),
        (f"{HEADER}http://h/a;kick;1,0;2,00\n", "read as semicolon-separated; decimal comma in 2 cells"),
    ],
)
def test_a_list_of_a_spreadsheet_is_read_with_a_word_on_how(tmp_path: Path, content: str | bytes, note: str) -> None:
    assert _import(tmp_path, content) == ([ROW], [note], [])


def test_what_is_plain_is_read_without_a_word(tmp_path: Path) -> None:
    for content in (
        "url,label,start,end\nhttp://h/a,kick,1,2\n",
        "\ufeffLabel,URL,end,start\r\nkick,http://h/a,2,1\r\n",
    ):
        assert _import(tmp_path, content) == ([ROW], [], [])


def test_a_cell_in_round_quotes_may_hold_the_separator_and_a_note_keeps_them(tmp_path: Path) -> None:
    rows, _, _ = _import(tmp_path, "url,label\nhttp://h/a,“kick, high”\n")
    assert rows == [("http://h/a", "kick, high", None, None)]
    _import(tmp_path, 'url,label,note\nhttp://h/a,kick,"x, “a, b”, y"\nhttp://h/b,kick,“all”\n')
    assert [source.note for source in read_list(Workspace(tmp_path))] == ["x, “a, b”, y", "“all”"]


@pytest.mark.parametrize(
    ("start", "end", "seconds"),
    [
        ("12,5", "17,25", (12.5, 17.25)),
        ("0:01:30,5", "0:01:45,500", (90.5, 105.5)),
        ("1,234", "12,5", (1.234, 12.5)),
        ("1.234,5", "1.240,0", (1234.5, 1240.0)),
        ("1,234.5", "1,240.25", (1234.5, 1240.25)),
        ("0.00104166667", "0.00121527778", (90.0, 105.0)),
        ("1.04166666666667E-03", "1.21527777777778E-03", (90.0, 105.0)),
        ("0", "0,00104166667", (0.0, 90.0)),
        ("1900-01-00 00:01:30", "1900-01-00 00:01:45", (90.0, 105.0)),
        ("1899-12-30 00:01:30.5", "1/0/1900 0:01:45", (90.5, 105.0)),
        ("00:01:30", "01:45", (90.0, 105.0)),
        ("45123", "45130", (45123.0, 45130.0)),
        ("0.0333333333", "2.5", (0.033333, 2.5)),
        ("０：１０", "１２．５", (10.0, 12.5)),
    ],
)
def test_a_time_with_one_meaning_is_read(tmp_path: Path, start: str, end: str, seconds: tuple[float, float]) -> None:
    rows, _, refused = _import(tmp_path, f"{HEADER}http://h/a;kick;{start};{end}\n")
    assert ([row[2:] for row in rows], refused) == ([seconds], [])


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        ("1,234", "2,345", "start '1,234' may be 1.234 s or 1234 s"),
        ("1.234", "12,5", "start '1.234' may be 1.234 s or 1234 s"),
        ("1:02:03 PM", "1:02:09 PM", "start '1:02:03 PM' is a time of day"),
        ("0.0333333333", "0.0666666667", "may be 0.03333 s, or 0:48:00 as a spreadsheet's fraction of a day"),
        ("1900-01-00", "1900-01-00", "start '1900-01-00' is a date"),
        ("30-Jan", "31. Mrz", "end '31. Mrz' is a date"),
        ("00:01:30:12", "", "is a timecode: nothing says how many of its frames make a second"),
        ("2024-01-30 00:01:30", "", "start '2024-01-30 00:01:30' is a date"),
        ("45123.5", "45123.6", "Write 12:32:03.5 if these are seconds"),
    ],
)
def test_a_time_with_two_meanings_is_refused_with_the_cause(tmp_path: Path, start: str, end: str, told: str) -> None:
    rows, _, (refused,) = _import(tmp_path, f"{HEADER}http://h/a;kick;{start};{end}\n")
    assert rows == []
    assert told in refused
    assert "formatted as text" in refused or "timecode" in refused


def test_fractions_of_a_day_that_one_row_proves_are_read_in_all(tmp_path: Path) -> None:
    times = ("0.00104166667;0.0012", "0.0104166667;0.0208333333", "0;0.5", "0.5;7")
    rows = "".join(f"http://h/{number};kick;{row}\n" for number, row in enumerate(times))
    added, (note,), (refused,) = _import(tmp_path, HEADER + rows)
    assert [row[2:] for row in added] == [(90.0, 103.68), (900.0, 1800.0), (0.0, 43200.0)]
    assert note.endswith("fractions of a day in 7 cells")
    assert "end '7' may be seconds or days: other times of the list are fractions of a day" in refused


def test_times_of_full_minutes_alone_are_asked_after(tmp_path: Path) -> None:
    _, (note,), _ = _import(tmp_path, f"{HEADER}http://h/a;kick;1:30:00;1:45:00\n")
    assert "all h:mm:ss are full minutes: did a spreadsheet take m:ss for h:mm?" in note


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("url,label;start;end\nhttp://h/a,kick;1;2\n", "may be separated by commas or semicolons"),
        (b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml", "is an Excel workbook (.xlsx), no text. Open it, save"),
        (b"PK\x03\x04" + bytes(26) + b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "(.ods), no text."),
        (b"\xd0\xcf\x11\xe0" + bytes(99), "is an old Excel workbook (.xls), no text."),
        ("url;label\nhttp://h/a;Kérate\n".encode("cp1252"), "Windows-1252 (Western Europe): 'Kérate'"),
        (b"url;label\nhttp://h/a;\xd0\xe1 c\xe2\xccu\n", "Windows-1258 (Vietnamese): 'Đá'"),
        ("url;label\nhttp://h/a;Футбол\n".encode("cp1251"), "Windows-1251 (Cyrillic): 'Футбол'"),
        ("url;label\nhttp://h/a;เตะบอล\n".encode("cp874"), "Windows-874 (Thai): 'เตะบอล'"),
        ("url;label\nhttp://h/a;Kérate\n".encode("cp1252"), "in Excel as `CSV UTF-8 (Comma delimited)`"),
        ("url;label\nhttp://h/a;Kérate\n".encode("utf-16")[:-1], "begins as UTF-16 and is damaged at byte"),
        ("Đá\nurl;label\nhttp://h/a;Kick\n".encode("utf-16-le"), "looks like UTF-16 without its byte order mark"),
        ("", "it is empty. Its first line names columns: url,label,"),
        ("# mine\nhttps://h/a\nhttps://h/b?x=1\n", "a list of 2 addresses alone: it says of none which class it shows"),
        ("http://h/a,kick\n", "it names no columns: its first line is a source already. Put a first line url,label"),
        (
            "link,class\nhttp://h/a,kick\n",
            "has the columns 'link', 'class'; a list of sources needs 'url' and 'label'.",
        ),
        ("link,class\nhttp://h/a,kick\n", "Is 'link' the url? Name it so. Is 'class' the label? Name it so."),
        ("http://h/a;kick\nhttp://h/b;run\n", "it names no columns: its first line is a source already."),
        ("url\nhttp://h/a\n", "has the columns 'url'; a list of sources needs 'label'. Add a column 'label'."),
        ('{"URL": "http://h/a", "Label": "kick"}\n', "Write them in small letters, an object a line."),
        ("ulr;lable\nhttp://h/a;kick\n", "Is 'ulr' the url? Name it so. Is 'lable' the label? Name it so."),
        ("url,label,remarks\nhttp://h/a,kick,x\n", "a list of sources has no 'remarks'. Name 'remarks' 'note', or"),
        ("label,youtube_id,t_start,time_end\n", "kinetics needs 'time_start'. Is 't_start' the time_start?"),
        ('{"a": 1, "b": 2}', "it is JSON whose object has the keys 'a', 'b'"),
        ("<tables/>", "it is XML with <tables> around all"),
        ("hello there\n", "it is no table: its first line is 'hello there'"),
    ],
)
def test_a_file_that_no_importer_takes_is_told_the_cause(tmp_path: Path, content: str | bytes, told: str) -> None:
    assert told in _refusal(tmp_path, content)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (f"{HEADER}http://h/a,kick,1,2\n", "the line is separated by commas, the first line by semicolons."),
        ("url,label,start,end\nhttp://h/a,kick,12,5,17,25\n", "6 cells seem to have commas both between cells and in"),
        ("url,label,start,end,group,licence\nhttp://h/a,kick,0,5,2,75\n", "6 cells seem to have commas both between"),
        ("url;;label\nhttp://h/a;x;kick\n", "column 2 'x' has no name. Name it in the first line, or delete it."),
    ],
)
def test_a_line_whose_cells_are_not_under_their_columns_is_no_row(tmp_path: Path, content: str, told: str) -> None:
    rows, _, (refused,) = _import(tmp_path, content)
    assert (rows, refused[: len(told)]) == ([], told)


def test_kinetics_lists_of_a_spreadsheet_have_their_times_read(tmp_path: Path) -> None:
    content = "Label;YouTube_ID;Time_Start;Time_End;split\nkick;AbCdEfGhIjK;0:00:01,5;0:00:10\n"
    rows, notes, refused = _import(tmp_path, content)
    assert ([row[1:] for row in rows], refused) == ([("kick", 1.5, 10.0)], [])
    assert notes == ["read as semicolon-separated; decimal comma in 1 cell"]
    _, _, (refused_row,) = _import(tmp_path, content.replace("0:00:01,5", "1:02:03 PM"))
    assert "time_start '1:02:03 PM' is a time of day" in refused_row


@pytest.mark.parametrize("codec", ["utf-8", "utf-16", "utf-8-sig"])
def test_a_workspaces_own_list_of_a_spreadsheet_is_read_and_rows_are_added_to_it(tmp_path: Path, codec: str) -> None:
    old = "Liste;;\nURL;Label;Note;Start\nhttp://h/a;Đá cầu;“so; so”;1,5\n;;;\nhttp://h/b;Kick;=x;\n".replace(
        ";=x", ";'=x"
    )
    listed = Workspace(tmp_path).sources
    listed.write_bytes(old.encode(codec))
    before = listed.read_bytes()
    notes: list[str] = []
    sources = read_list(Workspace(tmp_path), on_note=notes.append)
    assert [(source.label, source.note, source.start_s) for source in sources] == [
        ("Đá cầu", "so; so", 1.5),
        ("Kick", "=x", None),
    ]
    assert notes[0].startswith("sources.csv: read as semicolon-separated")
    added = tmp_path / "more.csv"
    added.write_text('url,label,start\nhttp://h/c,"Kick, high",45123.5\n'.replace("45123.5", "12:32:03.5"))
    merged = import_file(Workspace(tmp_path), added, importer=None, assignments=[]).merged
    assert "It is written anew as plain UTF-8; as it was: " in merged.notes[-1]
    assert listed.read_text("utf-8") == (
        "url,label,note,start\nhttp://h/a,Đá cầu,so; so,1.5\nhttp://h/b,Kick,'=x,\n"
        'http://h/c,"Kick, high",,12:32:03.5\n'
    )
    assert (tmp_path / "imports" / "sources.csv.before").read_bytes() == before
    again = read_list(Workspace(tmp_path))
    assert [(source.source_id, source.label, source.note) for source in again[:2]] == [
        (source.source_id, source.label, source.note) for source in sources
    ]
    assert again[2].start_s == 45123.5


def test_a_plain_list_with_capitals_in_its_header_is_added_to_as_it_stands(tmp_path: Path) -> None:
    listed = Workspace(tmp_path).sources
    listed.write_bytes(b"\xef\xbb\xbfURL, Label\r\nhttp://h/a,Kick\r\n")
    added = tmp_path / "more.csv"
    added.write_text("url,label,start\nhttp://h/b,Kick,1\n")
    import_file(Workspace(tmp_path), added, importer=None, assignments=[])
    assert listed.read_bytes() == b"\xef\xbb\xbfURL, Label,start\r\nhttp://h/a,Kick\r\nhttp://h/b,Kick,1\r\n"


def test_a_list_that_begins_with_a_blank_line_keeps_its_columns_when_rows_are_added(tmp_path: Path) -> None:
    listed = Workspace(tmp_path).sources
    listed.write_text("\n\nurl,label\nhttp://h/a,Kick\n")
    added = tmp_path / "more.csv"
    added.write_text("url,label,start\nhttp://h/b,Kick,1\n")
    import_file(Workspace(tmp_path), added, importer=None, assignments=[])
    assert listed.read_text() == "url,label,start\nhttp://h/a,Kick\nhttp://h/b,Kick,1\n"


def test_a_list_of_json_lines_in_utf_16_is_added_to_in_utf_8(tmp_path: Path) -> None:
    listed = tmp_path / "sources.jsonl"
    listed.write_bytes('{"url": "http://h/a", "label": "Đá cầu"}\n'.encode("utf-16"))
    added = tmp_path / "more.csv"
    added.write_text("url,label\nhttp://h/b,Kick\n")
    import_file(Workspace(tmp_path), added, importer=None, assignments=[])
    assert [json.loads(line)["label"] for line in listed.read_text("utf-8").splitlines()] == ["Đá cầu", "Kick"]


CELLS = st.text("abđก中,;|\"'.:=-+ 0", max_size=8).map(str.strip)
TIMES = st.floats(0, 1e5).map(lambda value: round(value, 6))


@given(
    separator=st.sampled_from(";\t|!"),
    codec=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
    rows=st.lists(st.tuples(CELLS, TIMES, CELLS), min_size=1, max_size=3),
    has_comma=st.booleans(),
)
def test_whatever_a_list_holds_it_says_the_same_in_every_dialect(
    tmp_path_factory: pytest.TempPathFactory,
    separator: str,
    codec: str,
    rows: list[tuple[str, float, str]],
    has_comma: bool,
) -> None:
    written = io.StringIO(newline="")
    if separator == "!":
        written.write("sep=!\r\n")
    writer = csv.writer(written, delimiter=separator)
    writer.writerow(["URL", "Label", "Start", "Note"])
    cells = [
        write_row(SourceRow("", f"http://h/{at}", f"a{at}{row[0]}", row[1] + at, note=row[2] or None))
        for at, row in enumerate(rows)
    ]
    # 0,5 in the first row proves that commas are decimal.
    cells.insert(0, {"url": "http://h/x", "label": "x", "start": "0.5"})
    for row in cells:
        start = row["start"].replace(".", ",") if has_comma else row["start"]
        writer.writerow([row["url"], row["label"], start, row.get("note", "")])
    path = tmp_path_factory.mktemp("list") / "sources.csv"
    path.write_bytes(written.getvalue().encode(codec))
    plain = path.with_name("plain.csv")
    lines = [",".join(["url", "label", "start", "note"])]
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([[row["url"], row["label"], row["start"], row.get("note", "")] for row in cells])
    plain.write_text("\r\n".join(lines) + "\r\n" + buffer.getvalue(), "utf-8", newline="")
    found, expected = (
        [(row.url, row.label, row.start_s, row.note) for _, row in read_rows(Document(file), labels=())]
        for file in (path, plain)
    )
    assert found == expected


def test_fetch_says_how_it_read_the_list_when_it_reads_it_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "slateboard.toml").write_text("")
    (tmp_path / "sources.csv").write_text("url;label;start\na.mp4;Kick;1,5\n")
    (tmp_path / "a.mp4").write_bytes(b"no video")
    words = ["curate", "fetch", "-w", str(tmp_path)]
    assert main(words) == 0
    assert "sources.csv: read as semicolon-separated; decimal comma in 1 cell." in capsys.readouterr().err
    assert main(words) == 0
    assert "semicolon" not in capsys.readouterr().err


# Further public reports (issue 21, section 6); docs/odd-files.md lists them.


def test_a_semicolon_list_is_no_single_column(tmp_path: Path) -> None:
    """HumanSignal/label-studio#8569: a CSV of semicolons was imported as one column, to be mended by sniffing."""
    assert _import(tmp_path, 'url;label\nhttp://h/a?x=1,2;"kick; high"\n')[0] == [
        ("http://h/a?x=1,2", "kick; high", None, None)
    ]


def test_a_batch_file_of_links_in_utf_16_is_told_that_it_names_no_class(tmp_path: Path) -> None:
    """yt-dlp/yt-dlp#12180: PowerShell writes a list of links as UTF-16, which was read as no address at all."""
    told = _refusal(
        tmp_path, "https://www.youtube.com/watch?v=a\r\nhttps://www.youtube.com/watch?v=b\r\n".encode("utf-16")
    )
    assert "a list of 2 addresses alone: it says of none which class it shows. Put a first line url,label" in told


def test_a_batch_file_whose_lines_people_adorned_is_told_that_it_names_no_class(tmp_path: Path) -> None:
    """yt-dlp/yt-dlp#15189: links with a hyphen and quotes before them, in UTF-8 with a byte order mark."""
    told = _refusal(tmp_path, '\ufeff-"https://h/a"\n-"https://h/b"\n-"https://h/c"\n')
    assert "a list of 3 addresses alone" in told


def test_a_column_without_name_that_numbers_the_rows_is_passed_over(tmp_path: Path) -> None:
    """huggingface/datasets#5490: to_csv of pandas and of datasets wrote the index as a column without name."""
    rows, (note,), _ = _import(tmp_path, ",url,label\n0,http://h/a,kick\n7,http://h/b,run\n")
    assert rows == [("http://h/a", "kick", None, None), ("http://h/b", "run", None, None)]
    assert note == "the first column has no name, numbers the rows and is passed over"
    assert "line 7: is not CSV (its first cell is no number" in _refusal(
        tmp_path, ",url,label\n" + "0,http://h/a,kick\n" * 5 + "http://h/b,run\n"
    )


def test_durations_of_pandas_are_times(tmp_path: Path) -> None:
    """pandas-dev/pandas#6783: a column of Timedelta is written as `0 days 00:00:00.000000094`, or `-1 days +...`."""
    rows, (note,), refused = _import(
        tmp_path,
        "url,label,start,end\nhttp://h/a,kick,0 days 00:00:00.000000094,0 days 00:01:30.500000\n"
        "http://h/b,kick,1 days 00:00:10,\nhttp://h/c,kick,-1 days +23:59:59.999999912,\n",
    )
    assert [row[2:] for row in rows] == [(0.0, 90.5), (86410.0, None)]
    assert note == "durations in days in 3 cells"
    assert "start '-1 days +23:59:59.999999912' is no time" in refused[0]


def test_every_importer_that_knows_tables_by_columns_says_which(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("youtube_id,time_start\n")
    with pytest.raises(BadInput, match="kinetics needs 'time_end'"):
        guess(Document(path))
