"""Every format against a golden file, compared whole; `SLATEBOARD_GOLDEN=1 pytest tests/leaderboards` rewrites them."""

import csv
import io
import os
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from leaderboards import cells
from leaderboards.board import build_board
from leaderboards.rows import COLUMNS
from leaderboards.steps.build import FORMATS
from leaderboards.terminal import terminal_table
from slateboard.escaping import latex

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def board(clips, predict, split, result, keep, dataset, tmp_path, monkeypatch):
    """Give a board of a two-stream run with a failed clip, a tie, a run without operations, and two pooled folds."""
    monkeypatch.setattr("leaderboards.board.__version__", "9.9.9")
    made = clips([1, 2, 3, 1, 2, 3])
    runs = tmp_path / "runs"
    half = ["clip0", "clip1", "clip2"]
    right, tie = {"clip0": [[3, 0, 0]], "clip1": [[0, 3, 0]], "clip2": [[0, 0, 3]]}, [[1, 1, 0], [1, 1, 0]]

    def write(baseline, predictions, test, *, number=1, protocol="seags", **changed):
        cut = split(made, test, number=number, protocol=protocol)
        keep(runs, result(baseline, predictions, made, cut, **changed), predictions)

    two = [
        predict(made, {**right, "clip1": [], "clip2": [[0, 0, 1], [0, 2, 0]]}, stream="motion"),
        predict(made, {**right, "clip1": []}, stream="normal"),
    ]
    write("mei_two_stream", pd.concat(two), half, epochs={"motion": 3, "normal": 4})
    write("hog_svm", predict(made, {**right, "clip1": tie}), half, gflops=None, weights="imagenet", epochs={})
    first = predict(made, {"clip0": [[3, 0, 0]], "clip1": [[3, 0, 0]]})
    write("c3d", first, ["clip0", "clip1"], number=1, protocol="k_fold")
    write(
        "c3d",
        predict(made, {"clip2": [[0, 0, 3]], "clip3": [[3, 0, 0]], "clip4": [[0, 3, 0]], "clip5": [[0, 3, 0]]}),
        ["clip2", "clip3", "clip4", "clip5"],
        number=2,
        protocol="k_fold",
    )
    (runs / "made-v1/seags-1/c3d/0-00000000").mkdir(parents=True)
    released = dataset(made)
    return build_board(runs, read_dataset={"made-v1": released}.__getitem__)


@pytest.mark.parametrize("name", FORMATS.names())
def test_format_equals_its_golden_file(board, name) -> None:
    module = FORMATS.load(name)
    text = module.render(board)
    if os.environ.get("SLATEBOARD_GOLDEN") == "1":
        (GOLDEN / module.FILE).write_bytes(text.encode("utf-8"))
    assert text == (GOLDEN / module.FILE).read_bytes().decode("utf-8")


class Page(HTMLParser):
    """Collects the tags and the references of a page, and holds every end to its start."""

    VOID = ("meta", "img", "br", "line", "rect", "circle", "link")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: set[str] = set()
        self.references: list[str] = []
        self.tags: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                assert value not in self.ids
                self.ids.add(value)
            if name in ("src", "href", "srcset", "action", "data", "poster"):
                self.references.append(value)

    def handle_startendtag(self, tag, attrs) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data) -> None:
        self.text.append(data)


@pytest.fixture
def page(board) -> Page:
    """Give the parsed page."""
    parser = Page()
    parser.feed(FORMATS.load("html").render(board))
    parser.close()
    return parser


def test_page_is_well_formed(page) -> None:
    assert page.open == []
    assert page.tags.count("h1") == 1


def test_page_refers_to_nothing_outside_itself(page, board) -> None:
    inner = {reference[1:] for reference in page.references if reference.startswith("#")}
    outer = [reference for reference in page.references if not reference.startswith(("#", "data:image/png;base64,"))]
    assert outer == []
    assert inner - page.ids == set()
    text = FORMATS.load("html").render(board)
    assert [word for word in ("http:", "https:", "//", "url(", "@import", "<script", "<link") if word in text] == []


def test_page_shows_every_picture_of_release_and_runs(page, board) -> None:
    assert page.tags.count("img") == 2 + sum(len(run.pictures) for run in board.runs) == 2 + 4


def test_page_escapes_the_title(board) -> None:
    text = FORMATS.load("html").render(board)
    assert "<h1><bdi>Made &amp; &lt;up&gt;</bdi> <span" in text
    assert "<up>" not in text


def test_csv_has_every_column_and_leaves_missing_figures_empty(board) -> None:
    rows = list(csv.DictReader(io.StringIO(FORMATS.load("csv").render(board))))
    assert tuple(rows[0]) == COLUMNS
    assert {row["baseline"]: row["gflops"] for row in rows} == {"c3d": "1.25", "hog_svm": "", "mei_two_stream": "1.25"}


def test_best_marks_ties_and_never_compares_splits(board) -> None:
    winners = cells.best_figures(board.rows)
    accuracy = {name.partition("/")[2].partition("/")[0] for name, field in winners if field == "video_accuracy"}
    # The tie of hog_svm on clip1 goes to Lift, as the failed clip of mei_two_stream is lost: 2 of 3 for both.
    assert sorted(name.rpartition(":")[2] for name, field in winners if field == "video_accuracy") == ["all", "normal"]
    assert accuracy == {"seags-1"}


def test_figures_read_as_people_write_them() -> None:
    assert f"{cells.percent(0.7112)} {cells.interval(0.602, 0.801)}" == "71.1 [60.2, 80.1]"
    assert [cells.percent(None), cells.percent_of(None, 0), cells.percent_of(None, None)] == ["–", "– (0)", "–"]
    numbers = (0, 410, 35_216, 999_400, 999_600, 33_180_000)
    assert [cells.magnitude(n) for n in numbers] == ["0", "410", "35.2 k", "999 k", "1 M", "33.2 M"]
    assert [cells.duration(s) for s in (0, 0.01, 5, 75.2, 754, 75_000)] == [
        *("0.0 s", "< 0.1 s", "5.0 s", "75 s", "12.6 min", "20.8 h"),
    ]


def test_latex_escapes_what_it_would_run() -> None:
    assert latex(r"50 % of a_b & \c{d}~^#$ –") == (
        r"50 \% of a\_b \& \textbackslash{}c\{d\}\textasciitilde{}\textasciicircum{}\#\$ --"
    )


def test_terminal_table_has_a_line_for_every_row(board, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    text = terminal_table("Made", board.rows)
    assert [text.count(name) for name in ("mei_two_stream", "hog_svm", "c3d")] == [2, 1, 1]
