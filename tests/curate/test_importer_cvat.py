"""CVAT tracks: frames of the source, a span ends before the frame that is outside."""

from pathlib import Path

import pytest
from imports import read

from slateboard.errors import BadInput


def test_cvat_counts_source_frames_and_ends_before_the_frame_that_is_outside(realdata: Path) -> None:
    rows, _ = read(realdata / "annotations/cvat_for_video_1.1.xml", "cvat", {"frame_rate_hz": 10.0})
    assert [(row.where, row.url, row.label, row.start_s, row.end_s) for row in rows] == [
        ("track 0 frame 10", "t.mp4", "II", 1.0, 1.3),
        ("track 1 frame 10", "t.mp4", "klhg", 1.0, 1.3),
        ("track 2 frame 13", "t.mp4", "II", 1.3, 1.6),
    ]


def test_cvat_divides_a_track_that_leaves_and_comes_back(realdata: Path) -> None:
    path = realdata / "annotations/cvat_for_video_1.1_dense.xml"
    rows, _ = read(path, "cvat", {"frame_rate_hz": 10.0, "video": "v.mp4"})
    assert [(row.label, row.start_s, row.end_s, row.changed) for row in rows] == [
        ("person", 0.0, 0.5, ""),
        ("car", 0.0, 0.3, ""),
        ("car", 0.4, 0.5, ""),
    ]


def test_cvat_without_a_frame_rate_is_refused(realdata: Path) -> None:
    with pytest.raises(BadInput, match=r"does not say how many make a second. .*--set frame_rate_hz=25"):
        read(realdata / "annotations/cvat_for_video_1.1.xml", "cvat")


def _cvat(folder: Path, tracks: str, head: str = "<size>20</size>") -> Path:
    path = folder / "file.xml"
    meta = f"<meta><task>{head}<source>a.mp4</source></task></meta>"
    path.write_text(f"<annotations>{meta}{tracks}</annotations>")
    return path


def test_cvat_interpolates_between_keyframes_and_tells_a_track_without_end(tmp_path: Path) -> None:
    track = '<track id="0" label="a"><box frame="2" outside="0"/><box frame="9" outside="0"/></track>'
    ((row,), told) = read(_cvat(tmp_path, track), "cvat", {"frame_rate_hz": 1.0})
    assert (row.start_s, row.end_s, row.changed, told) == (2.0, 10.0, "has no end: taken to its last shape", [])


def test_cvat_annotated_every_third_frame_lasts_to_the_next_but_not_past_the_task(tmp_path: Path) -> None:
    head = "<size>4</size><start_frame>10</start_frame><stop_frame>19</stop_frame><frame_filter>step=3</frame_filter>"
    tracks = "".join(
        f'<track id="{number}" label="a"><box frame="10" outside="0"/><box frame="{last}" outside="0"/></track>'
        for number, last in enumerate((13, 19))
    )
    rows, _ = read(_cvat(tmp_path, tracks, head), "cvat", {"frame_rate_hz": 30.0})
    assert [(row.start_s, row.end_s, bool(row.changed)) for row in rows] == [
        (0.333333, 0.533333, True),
        (0.333333, 0.666667, False),
    ]


def test_cvat_takes_the_class_from_an_attribute_that_changes(tmp_path: Path) -> None:
    def shape(frame: int, value: str) -> str:
        return f'<box frame="{frame}" outside="0"><attribute name="act">{value}</attribute></box>'

    inside = "".join(shape(frame, value) for frame, value in [(0, "run"), (3, "jump"), (5, "jump"), (8, "")])
    path = _cvat(tmp_path, f'<track id="0" label="p">{inside}<box frame="10" outside="1"/></track>')
    rows, told = read(path, "cvat", {"frame_rate_hz": 1.0, "attribute": "act"})
    assert [(row.label, row.start_s, row.end_s) for row in rows] == [("run", 0.0, 3.0), ("jump", 3.0, 8.0)]
    assert [(one.what, one.why) for one in told] == [("'' frames 8 to 9", "has no label.")]


def test_cvat_tracks_that_give_no_stretch_are_told(tmp_path: Path) -> None:
    tracks = (
        '<track id="0" label="a"><box frame="2" outside="1"/></track>'
        '<track id="1" label="b"><box frame="x" outside="0"/></track><track id="2" label="c"/>'
        '<track id="3" label="d"><box outside="0"/></track>'
    )
    rows, told = read(_cvat(tmp_path, tracks), "cvat", {"frame_rate_hz": 1.0})
    assert (rows, [(one.where, one.why) for one in told]) == (
        [],
        [
            ("track 0", "is never visible."),
            ("track 1", "has a frame that is no number."),
            ("track 2", "is never visible."),
            ("track 3", "has a frame that is no number."),
        ],
    )


def test_xml_that_declares_entities_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.xml"
    path.write_text('<!DOCTYPE a [<!ENTITY b "c">]><annotations><track>&b;</track></annotations>')
    with pytest.raises(BadInput, match="declares a document type"):
        read(path, "cvat")
