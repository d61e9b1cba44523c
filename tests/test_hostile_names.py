"""One set of hostile names goes from a release over results to every page, table, list and figure, and does nothing."""

import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from markdown_it import MarkdownIt
from names_of_strangers import NAMES

from benchmark.reports.figures import draw_classes, draw_confusion, draw_curves, draw_reliability
from benchmark.reports.page import write_page
from benchmark.reports.probe_figure import draw_probes
from benchmark.reports.probed import PROBES, Probes
from curate.release import croissant, datasheet, figures, tables
from curate.release.publishing import PublicForms
from leaderboards.board import build_board
from leaderboards.comparison import compare
from leaderboards.score import score
from leaderboards.steps.build import FORMATS
from leaderboards.terminal import terminal_table
from slateboard.dataset import Dataset, dataset_sha256, read_release
from slateboard.files import write_json
from slateboard.records.clip import Effect
from slateboard.records.media import Duplicate
from slateboard.records.release import Release, ReleasedClip
from slateboard.records.result import Result, StreamCosts
from slateboard.records.run import Run
from slateboard.records.source import Source, State
from slateboard.records.split import Split
from splits.folder import root_lists

CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u206f\ufff9-\ufffb]"
    "|(?<![\U000e0061-\U000e007a\U0001f3f4])[\U000e0020-\U000e007f]|[\u0300-\u036f\u0489]{9}"
)
CLASSES = ("<b>$x$|", "$x_{$ `b`")
"""A release that somebody else made: ours have letters and digits alone."""


class Page(HTMLParser):
    """Refuses what runs, and what leads out of the page."""

    def handle_starttag(self, tag, attrs) -> None:
        assert tag not in ("script", "iframe", "object", "embed", "form", "link", "base", "a") or attrs[0][1][0] == "#"
        for name, value in attrs:
            assert not name.startswith("on"), (tag, name)
            assert "javascript:" not in (value or "").lower() or name in ("alt", "aria-label")
            assert name not in ("src", "href", "srcdoc", "action") or value.startswith(("#", "data:image/png;base64,"))

    handle_startendtag = handle_starttag


def harmless_page(text: str) -> None:
    """Assert that a page shows names and runs none."""
    assert not CONTROL.search(text)
    parser = Page()
    parser.feed(text)
    parser.close()


def harmless_markdown(text: str) -> None:
    """Assert that Markdown has no HTML, no link and no picture in it."""
    assert not CONTROL.search(text)
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    for token in parser.parse(text):
        types = {token.type, *(child.type for child in token.children or ())}
        assert not types & {"html_block", "html_inline", "link_open", "image", "code_block", "fence"}, token


def harmless_csv(text: str, columns: int) -> None:
    """Assert that every row of a table has its columns, and that no cell is a formula but for numbers."""
    for row in csv.reader(io.StringIO(text)):
        assert len(row) == columns
        for cell in row:
            assert not re.match(r"\s*[=+@＝＋－＠]|\t", cell)
            assert not cell.startswith("-") or float(cell) <= 0


@pytest.fixture(params=NAMES.values(), ids=list(NAMES))
def name(request) -> str:
    """Each name in turn."""
    return request.param


@pytest.fixture
def released(name, tmp_path) -> Path:
    """A release in which every text that people write is that name."""
    rows = [
        ReleasedClip(
            clip_id=f"c{number}", path=f"videos/x/c{number}.mp4", label=CLASSES[number % 2],
            class_index=1 + number % 2, source_id=f"s{number}", source_url=name, group=f"{name} {number % 3}",
            start_s=0, end_s=1, first_frame=0, last_frame=9, frames=10, fps=10, width=8, height=8, duration_s=1,
            camera="static", quality="", effects=name.replace("|", ""), has_effects="true", proposed_effects=name,
            licence=name, sha256=f"{number:064x}", fingerprint="", shot_id="", twin_of="",
        ).row()
        for number in range(4)
    ]  # fmt: skip
    clips = pd.DataFrame(rows)
    folder = tmp_path / "releases" / "v1"
    Release(
        name="made", version="v1", title=name, licence=name, naming="seags", protocol="seags", classes=CLASSES,
        labels=(name, f"{name} 2"), motion_pairs=(CLASSES,), clips=4, left_out={name: 1},
        dataset_sha256=dataset_sha256(CLASSES, clips),
        settings={"release": {"answers": {"purpose": name}}, "clips": {"rule": name}}, tools={"slateboard": name},
    ).write(folder / "recipe.toml")  # fmt: skip
    source = Source(source_id="s0", line=2, url=name or "x", label=name, group=name, licence=name, note=name,
                    state=State.FETCHED, reason=name, effects=("text",))  # fmt: skip
    effect = Effect(clip_id="c0", kind=name, decided_by="person", confirmed=True, parameters={"word": name})
    duplicate = Duplicate(
        first="m1", second="m2", mirrored=False, first_start_s=0, second_start_s=0, seconds=1, score=1
    )
    texts = {
        "effects.csv": tables.effects_text([effect]),
        "sources.csv": tables.sources_text([source], PublicForms([source], [name], root=tmp_path)),
        "duplicates.csv": tables.duplicates_text([duplicate]),
        "takedowns.csv": tables.takedowns_text([]),
    }
    for file, text in texts.items():
        (folder / file).write_bytes(text.encode("utf-8"))
    tables.write_clips(folder, clips)
    (folder / "SHA256SUMS").write_text("")
    return folder


def predicted(dataset: Dataset) -> tuple[pd.DataFrame, Split]:
    """Predictions of all clips by a stream with a hostile name, and their split."""
    split = Split(dataset=dataset.key, dataset_sha256=dataset.sha256, protocol="seags", number=1, parameters={},
                  seed=0, safe=True, train=(), test=tuple(dataset.clips["clip_id"]))  # fmt: skip
    predictions = pd.DataFrame(
        {"clip_id": dataset.clips["clip_id"], "view": 0, "stream": "$a_ <i>$", "logits": [[1.0, 0.0]] * 4,
         "label_index": dataset.clips["class_index"] - 1, "failed": False}
    )  # fmt: skip
    return predictions, split


def result_of(name: str, dataset: Dataset, predictions: pd.DataFrame, split: Split) -> Result:
    """A result in which every text is that name."""
    run = Run(
        dataset=dataset.key, dataset_sha256=dataset.sha256, protocol="seags", split=1, split_sha256="", baseline="c3d",
        parameters={"backbone": name, name: name}, weights=name, seed=0, threads=1,
    )  # fmt: skip
    return Result(
        run=run, title=name, train_sha256="", n_expected=4, n_scored=4, n_failed=0,
        scores=score(predictions, dataset.clips, split, motion_pairs=dataset.motion_pairs, by=["licence"]),
        parameters=1, gflops=None, train_seconds=1, test_seconds=1, epochs={name: 1}, selection=name,
        geometry={"views": 1}, streams={name: StreamCosts(parameters=1, weights=name, weights_report=(name,))},
        warnings=(name,), environment={name: name},
    )  # fmt: skip


def test_documents_and_tables_of_a_release_show_names_and_run_none(released, name) -> None:
    known = tables.read_tables(released)
    harmless_markdown(datasheet.datasheet(known, audit=name))
    harmless_markdown(datasheet.licence_notes(known))
    for path in released.glob("*.csv"):
        text = path.read_bytes().decode("utf-8")
        harmless_csv(text, len(text.partition("\n")[0].split(",")))
    files = dict.fromkeys(croissant.TABLES, "0")
    write_json(released / "croissant.json", croissant.croissant(known, files=files))
    assert json.loads((released / "croissant.json").read_text())["license"] == name


@pytest.mark.parametrize("name", [NAMES["mathtext"]], indirect=True)
def test_figures_draw_names_with_two_dollars_as_they_are(released, name, tmp_path) -> None:
    dataset = read_release(released)
    figures.draw_charts(tmp_path, dataset.clips)
    predictions, split = predicted(dataset)
    main = result_of(name, dataset, predictions, split).main
    draw_confusion(tmp_path / "confusion.png", main, dataset.classes)
    draw_classes(tmp_path / "classes.png", main)
    draw_reliability(tmp_path / "reliability.png", main)
    row = {"epoch": "1", "train_loss": "1", "train_accuracy": "1", "validation_accuracy": "1"}
    draw_curves(tmp_path / "curves.png", [{**row, "stream": main.stream}])
    found = compare(predictions, predictions, dataset.clips, split, motion_pairs=dataset.motion_pairs)
    draw_probes(
        tmp_path / "probes.png", Probes(seed=0, reproduced=0, frames={}, probes={"reversed": found}, findings=())
    )
    assert len(list(tmp_path.glob("*.png"))) == 7


def test_only_one_module_makes_figures_and_only_one_makes_pages() -> None:
    root = Path(__file__).parent.parent
    for call, owner in (("Figure(", "slateboard/figures.py"), ("Environment(", "slateboard/escaping.py")):
        folders = ("slateboard", "curate", "splits", "benchmark", "leaderboards", "examples")
        files = [path for folder in folders for path in (root / folder).rglob("*.py")]
        callers = [path for path in files if re.search(rf"(?<![A-Za-z]){re.escape(call)}", path.read_text("utf-8"))]
        assert [path.relative_to(root).as_posix() for path in callers] == [owner]


def write_run(released: Path, name: str, runs: Path) -> tuple[Dataset, pd.DataFrame, Split, Result, Path]:
    """Write a run of a release, whose texts are the name; return what it is of, what it holds and its folder."""
    dataset = read_release(released)
    predictions, split = predicted(dataset)
    result = result_of(name, dataset, predictions, split)
    folder = runs / result.run.folder
    folder.mkdir(parents=True)
    predictions.to_parquet(folder / "predictions.parquet")
    result.write(folder / "result.json")
    return dataset, predictions, split, result, folder


def test_boards_and_pages_show_names_and_run_none(released, name, tmp_path, capsys) -> None:
    dataset, predictions, split, result, folder = write_run(released, name, tmp_path / "runs")
    broken = tmp_path / "runs" / "x" / "<script>alert(1)</script>"
    broken.mkdir(parents=True)
    (broken / "result.json").write_text(json.dumps({"schema": 1, name: name}))

    found = compare(predictions, predictions, dataset.clips, split, motion_pairs=dataset.motion_pairs)
    probes = Probes(seed=0, reproduced=0, frames={}, probes={"reversed": found}, findings=(name,))
    probes.write(folder / PROBES)
    write_page(folder, result)
    harmless_page((folder / "page.html").read_text("utf-8"))

    board = build_board(tmp_path / "runs", read_dataset=lambda key: dataset)
    assert len(board.left_out) == 1
    texts = {form: FORMATS.load(form).render(board) for form in FORMATS.names()}
    harmless_page(texts["html"])
    harmless_markdown(texts["markdown"])
    harmless_csv(texts["csv"], len(board.rows[0].row()))
    assert json.loads(texts["json"])["datasets"][0]["title"] == name
    for line in texts["latex"].split("\n"):
        assert not re.search(r"\\(?:input|write|immediate|openout)", line)
        assert not re.search(r"(?<!\\)%", line.removeprefix("% "))
        assert not CONTROL.search(line)
    table = re.sub(r"\x1b\[[0-9;]*m", "", terminal_table(f"{name} (x)", board.rows))
    # What the terminal gets around a name that is written from right to left, and never within it.
    isolates = re.sub("\u2068([^\u2068\u2069]*)\u2069", r"\1", table)
    assert not CONTROL.search(isolates.replace("\n", ""))


@pytest.mark.parametrize("name", [NAMES["leftwards"]], indirect=True)
def test_names_written_leftwards_turn_nothing_beside_them(released, name, tmp_path) -> None:
    """On pages each stands in an element that isolates it; LaTeX is told what letters it needs."""
    dataset, _, _, result, folder = write_run(released, name, tmp_path / "runs")
    write_page(folder, result)
    board = build_board(tmp_path / "runs", read_dataset=lambda key: dataset)
    for text in ((folder / "page.html").read_text("utf-8"), FORMATS.load("html").render(board)):
        body = re.sub(r"<title>.*?</title>|<svg.*?</svg>|<img[^>]*>", "", text, flags=re.DOTALL)
        assert name in body
        assert name not in re.sub(rf"<bdi>[^<]*{re.escape(name)}[^<]*</bdi>", "", body)
    assert "% Names in Arabic, Hebrew: needs LuaLaTeX or XeLaTeX" in FORMATS.load("latex").render(board)


def test_official_lists_have_a_line_a_clip_whatever_its_class_is_called(released) -> None:
    dataset = read_release(released)
    split = Split(dataset=dataset.key, dataset_sha256=dataset.sha256, protocol="seags", number=1, parameters={},
                  seed=0, safe=True, train=("c0",), test=("c1",))  # fmt: skip
    assert [len(text.splitlines()) for file, text in root_lists(dataset, split).items() if "list" in file] == [1] * 4
