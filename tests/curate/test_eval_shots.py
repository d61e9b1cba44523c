"""Evaluation of shots: one-to-one matching, spans that are not asked about, tables that are wrong, the command."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.shots.boundaries import Boundary
from curate.shots.scoring import Score, pair_frames, report, score
from curate.shots.truth import Change, read_truth, span_of
from slateboard.cli import main
from slateboard.errors import BadInput
from slateboard.media.encode import write_video

CUT = "video,frame,kind,confidence,note\n"


def cut(frame: int) -> Change:
    return Change(frame, "cut", True, frame, frame)


def found(*frames: int) -> list[Boundary]:
    return [Boundary(frame, "cut", 1.0, frame, frame - 1) for frame in frames]


def table(folder: Path, rows: str) -> Path:
    path = folder / "truth.csv"
    path.write_text(CUT + rows, "utf-8")
    return path


def test_each_cut_is_matched_once() -> None:
    assert pair_frames([10, 11], [10], tolerance=1) == [(10, 10)]
    assert pair_frames([10], [9, 11], tolerance=1) == [(10, 9)]
    assert pair_frames([9, 10], [10, 11], tolerance=1) == [(9, 10), (10, 11)]
    assert pair_frames([9, 10], [10, 11], tolerance=0) == [(10, 10)]
    assert pair_frames([], [4], tolerance=1) == []


@given(st.sets(st.integers(0, 25), max_size=7), st.sets(st.integers(0, 25), max_size=7), st.integers(0, 3))
def test_matching_pairs_as_many_as_can_be(left: set[int], right: set[int], tolerance: int) -> None:
    def most(rest: list[int], free: frozenset[int]) -> int:
        if not rest:
            return 0
        partners = [other for other in free if abs(other - rest[0]) <= tolerance]
        return max([most(rest[1:], free), *(1 + most(rest[1:], free - {one}) for one in partners)])

    pairs = pair_frames(left, right, tolerance=tolerance)
    assert len({a for a, _ in pairs}) == len({b for _, b in pairs}) == len(pairs)
    assert all(abs(a - b) <= tolerance for a, b in pairs)
    assert len(pairs) == most(sorted(left), frozenset(right))


def test_what_lies_in_a_span_not_asked_for_is_neither_right_nor_wrong() -> None:
    changes = [cut(10), Change(50, "fade", True, 40, 60), Change(80, "cut", False, 78, 82)]
    assert score([10, 45, 55, 80, 90], changes, tolerance=0) == Score(tp=1, fp=1, fn=0)
    assert score([11], changes, tolerance=0) == Score(tp=0, fp=1, fn=1)
    assert score([11], changes, tolerance=1) == Score(tp=1, fp=0, fn=0)


def test_a_cut_at_the_edge_of_a_span_still_counts() -> None:
    changes = [cut(399), Change(404, "dissolve", True, 400, 410)]
    assert score([399], changes, tolerance=0) == Score(1, 0, 0)
    assert score([400], changes, tolerance=1) == Score(1, 0, 0)
    assert score([400], changes, tolerance=0) == Score(0, 0, 1)


def test_scores_say_unknown_where_there_is_nothing_to_judge() -> None:
    assert (Score().precision, Score().recall, Score().f1) == (None, None, None)
    assert Score(tp=3, fp=1, fn=2).f1 == pytest.approx(6 / 9)


def test_a_report_counts_false_cuts_of_clean_videos_apart_and_tells_kinds() -> None:
    truth = {"a": (cut(10), Change(50, "fade", True, 40, 60), Change(90, "flash", False, 88, 92)), "b": ()}
    flash = Boundary(90, "flash", 0.5, 90, 91)
    seen = {"a": [*found(10), Boundary(49, "dissolve", 0.9, 41, 58), flash], "b": found(5)}
    done = report(seen, truth)
    assert done.cuts == {0: Score(1, 0, 0), 1: Score(1, 0, 0)}
    assert (done.clean_videos, done.clean_false) == (1, 1)
    assert done.typed == {"cut": {"cut": 1}, "fade": {"dissolve": 1}, "doubtful flash": {"flash": 1}}


def test_a_note_may_give_the_span() -> None:
    assert span_of("to black, 220-278; 82-90 is a tilt", frame=225, around=15) == (220, 278)
    assert span_of("title card changes; 370 +-8", frame=370, around=2) == (362, 378)
    assert span_of("title card changes; 370 +-8", frame=349, around=2) == (347, 351)
    assert span_of("fade to black, ends about 340", frame=200, around=15) == (185, 340)
    assert span_of("", frame=50, around=15) == (35, 65)


def test_a_table_that_is_wrong_is_refused_with_every_line(tmp_path: Path) -> None:
    path = table(tmp_path, "a.mp4,x,cut,high,\na.mp4,3,cutt,high,\na.mp4,4,cut,maybe,\n,5,cut,high,\n")
    with pytest.raises(BadInput) as refused:
        read_truth(path)
    assert [f":{line}" in str(refused.value) for line in (2, 3, 4, 5)] == [True] * 4
    assert "cut" in str(refused.value)
    with pytest.raises(BadInput, match="twice"):
        read_truth(table(tmp_path, "a.mp4,3,cut,high,\na.mp4,3,fade,low,\n"))
    (tmp_path / "truth.csv").write_text("video,when\na,1\n")
    with pytest.raises(BadInput, match="frame, kind, confidence"):
        read_truth(tmp_path / "truth.csv")


def test_the_command_scores_detectors_on_a_drawn_video(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(3)
    grounds = [
        np.asarray(cv2.resize(rng.integers(0, 255, (6, 8, 3)).astype(np.uint8), (128, 96)), np.uint8) for _ in range(2)
    ]
    write_video(tmp_path / "a.mp4", [grounds[0]] * 20 + [grounds[1]] * 20, frame_rate_hz=25)
    write_video(tmp_path / "b.mp4", [grounds[0]] * 20, frame_rate_hz=25)
    truth = table(tmp_path, "a.mp4,20,cut,high,\nb.mp4,,none,high,\n")
    command = ["curate", "eval", "shots", str(truth), "--detector", "structure", "--detector", "hash", "--json"]
    assert main(command) == 0
    outcome = json.loads(capsys.readouterr().out)["detectors"]
    assert set(outcome) == {"structure", "hash"}
    for one in outcome.values():
        assert one["cuts"]["0"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "tp": 1, "fp": 0, "fn": 0}
        assert (one["clean_videos"], one["clean_false"], one["typed"]) == (1, 0, {"cut": {"cut": 1}})


def test_the_command_names_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = table(tmp_path, "a.mp4,20,cut,high,\n")
    assert main(["curate", "eval", "shots", str(truth), "--detector", "hsah"]) == 2
    told = capsys.readouterr().err
    assert "hash" in told and "a.mp4" in told


def test_what_another_program_found_is_scored_by_the_same_rules(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_video(tmp_path / "a.mp4", [np.zeros((32, 32, 3), np.uint8)] * 30, frame_rate_hz=25)
    truth = table(tmp_path, "a.mp4,20,cut,high,\n")
    (tmp_path / "theirs.csv").write_text("video,frame\na.mp4,21\n")
    command = ["curate", "eval", "shots", str(truth), "--detector", "hash", "--json", "--found"]
    assert main([*command, str(tmp_path / "theirs.csv")]) == 0
    cuts = json.loads(capsys.readouterr().out)["detectors"]["theirs"]["cuts"]
    assert [(cuts[key]["tp"], cuts[key]["fp"], cuts[key]["fn"]) for key in ("0", "1")] == [(0, 1, 1), (1, 0, 0)]
    (tmp_path / "theirs.csv").write_text("video,frame\nb.mp4,21\na.mp4,x\n")
    assert main([*command, str(tmp_path / "theirs.csv")]) == 2
    told = capsys.readouterr().err
    assert "b.mp4" in told and "'x'" in told


def test_the_real_table_holds_what_its_readme_says(realdata: Path) -> None:
    truth = read_truth(realdata / "shots" / "handchecked_cuts.csv")
    changes = [change for one in truth.values() for change in one]
    assert sum(change.is_required for change in changes) == 93
    assert sum(change.sure and change.kind in ("fade", "dissolve") for change in changes) == 9
    assert sum(not one for one in truth.values()) == 24
