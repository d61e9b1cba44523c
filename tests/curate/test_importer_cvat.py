"""CVAT tracks: frames of the source, a span ends before the frame that is outside."""

from pathlib import Path

import pytest
from imports import read

from curate.listing.document import Document
from curate.listing.rows import Note
from curate.listing.sources import IMPORTERS
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


def _project(folder: Path, tasks: str, tracks: str) -> Path:
    path = folder / "project.xml"
    path.write_text(f"<annotations><meta><project><tasks>{tasks}</tasks></project></meta>{tracks}</annotations>")
    return path


def _head(number: int, name: str, size: int, more: str = "", subset: str = "Train", source: str = "") -> str:
    stop = f"<start_frame>0</start_frame><stop_frame>{size - 1}</stop_frame>" if "start_frame" not in more else ""
    named = f"<source>{source}</source>" if source else ""
    return (
        f"<task><id>{number}</id><name>{name}</name><size>{size}</size><subset>{subset}</subset>{stop}{more}"
        f"<labels><label><name>a</name></label></labels>{named}</task>"
    )


def _track(number: int, task: int | None, first: int, outside: int, more: str = "") -> str:
    of_task = "" if task is None else f'task_id="{task}"'
    return (
        f'<track id="{number}" label="a" source="manual" {of_task} {more}><box frame="{first}" outside="0"/>'
        f'<box frame="{outside}" outside="1"/></track>'
    )


def test_a_project_counts_the_frames_of_its_tasks_one_after_another(tmp_path: Path) -> None:
    """cvat-ai/cvat#4502: frames of a project are "consecutive numbers", and source="manual" is no video.

    dataset_manager/bindings.py, ProjectData.abs_frame_id: start + step * frame + the frames of the tasks before it.
    """
    tasks = _head(7, "one", 10, source="a.mp4") + _head(
        8,
        "two",
        4,
        "<start_frame>5</start_frame><stop_frame>11</stop_frame><frame_filter>step=2</frame_filter>",
        source="b.mp4",
    )
    tasks += _head(9, "three", 20, source="c.mp4") + _head(3, "four", 20, subset="Test", source="d.mp4")
    # Offsets: 0, 10, 10 + 5 + 2 * 4 = 23, and 0 again in another subset.
    tracks = _track(0, 7, 2, 6) + _track(1, 8, 17, 21) + _track(2, 9, 25, 33) + _track(3, 3, 4, 8)
    rows, told = read(_project(tmp_path, tasks, tracks), "cvat", {"frame_rate_hz": 1.0})
    assert [(row.url, row.start_s, row.end_s) for row in rows] == [
        ("a.mp4", 2.0, 6.0),
        ("b.mp4", 7.0, 11.0),
        ("c.mp4", 2.0, 10.0),
        ("d.mp4", 4.0, 8.0),
    ]
    assert ([row.where for row in rows][:2], told) == (["task 7 track 0 frame 2", "task 8 track 1 frame 7"], [])


def test_each_video_of_a_project_has_its_own_rate(tmp_path: Path) -> None:
    tasks = "".join(_head(number, "x", 10, source=f"{name}.mp4") for number, name in enumerate("abc", 1))
    tracks = _track(0, 1, 0, 5) + _track(1, 2, 10, 15) + _track(2, 3, 20, 25)
    path = _project(tmp_path, tasks, tracks)
    rows, told = read(path, "cvat", {"video_rates_hz": "a.mp4=25, b.mp4=10"})
    assert [(row.url, row.end_s) for row in rows] == [("a.mp4", 0.2), ("b.mp4", 0.5)]
    assert [(one.why, one.remedy) for one in told] == [
        ("counts frames of c.mp4, whose rate nobody gave.", "Give it: --set video_rates_hz=c.mp4=25.")
    ]
    rows, _ = read(path, "cvat", {"video_rates_hz": '{"a.mp4": 5}', "frame_rate_hz": 1.0})
    assert [row.end_s for row in rows] == [1.0, 5.0, 5.0]
    with pytest.raises(BadInput, match=r"has no video 'd\.mp4'\. Did you mean "):
        read(path, "cvat", {"video_rates_hz": "d.mp4=25"})
    with pytest.raises(BadInput, match="has 3 tasks, each with a video of its own"):
        read(path, "cvat", {"frame_rate_hz": 1.0, "video": "a.mp4"})


def test_a_project_that_does_not_count_on_or_names_no_video_is_told(tmp_path: Path) -> None:
    tasks = _head(1, "eye0.mp4", 10) + _head(2, "Tuesday", 10, source="") + _head(3, "z", 10, source="c.mp4")
    tracks = _track(0, 1, 0, 5) + _track(1, 2, 10, 15) + _track(2, 3, 2, 6) + _track(3, 4, 0, 1) + _track(4, 3, 50, 60)
    path = _project(tmp_path, tasks, tracks)
    rows, told = read(path, "cvat", {"frame_rate_hz": 1.0})
    assert [(row.url, row.changed) for row in rows] == [("eye0.mp4", "its video is taken to be named as its task")]
    assert [(one.where, one.why) for one in told] == [
        ("task 2 track 1 frame 0", "names no video."),
        ("task 3 track 2", "has frames outside its task."),
        ("task 3 track 4", "has frames outside its task."),
        ("task 4 track 3", "names no task of the file."),
    ]
    rows, _ = read(_project(tmp_path, tasks, _track(2, 3, 2, 6)), "cvat", {"frame_rate_hz": 1.0})
    assert [(row.start_s, row.end_s) for row in rows] == [(2.0, 6.0)]


def test_a_job_has_the_frames_of_its_video_and_no_name(tmp_path: Path) -> None:
    """CVAT, dataset_manager/bindings.py, JobData: start_frame and stop_frame are the video's; it writes no source."""
    path = tmp_path / "job.xml"
    meta = "<meta><job><id>3</id><size>10</size><start_frame>100</start_frame><stop_frame>109</stop_frame></job></meta>"
    path.write_text(f"<annotations>{meta}{_track(0, None, 102, 105)}{_track(1, None, 104, 110)}</annotations>")
    rows, told = read(path, "cvat", {"frame_rate_hz": 10.0})
    assert (rows, {one.why for one in told}) == ([], {"names no video."})
    rows, _ = read(path, "cvat", {"frame_rate_hz": 10.0, "video": "a.mp4"})
    assert [(row.start_s, row.end_s) for row in rows] == [(10.2, 10.5), (10.4, 11.0)]


def test_a_last_frame_that_is_written_twice_ends_a_track_once(tmp_path: Path) -> None:
    """cvat-ai/cvat#8411: the last frame (outside) of tracks of several jobs is doubled."""
    inside = '<box frame="2" outside="0"/><box frame="5" outside="1"/><box frame="5" outside="1"/>'
    ((row,), told) = read(_cvat(tmp_path, f'<track id="0" label="a">{inside}</track>'), "cvat", {"frame_rate_hz": 1.0})
    assert (row.start_s, row.end_s, row.changed, told) == (2.0, 5.0, "", [])


def test_shapes_that_are_not_kept_are_counted(tmp_path: Path) -> None:
    module = IMPORTERS.load("cvat")
    document = Document(_cvat(tmp_path, _track(0, None, 0, 5) + _track(1, None, 2, 5)))
    entries = module.rows(document, module.CARD.settle({"frame_rate_hz": 1.0}, where="x"))
    notes = [entry.text for entry in entries if isinstance(entry, Note)]
    assert notes == [
        "a track gives its times and its class; where its 4 shapes lie in the picture is not kept",
        "CVAT counts frames: they are taken for evenly spaced, so that times are off where a video's rate varies",
    ]


def test_a_track_that_a_model_made_says_so(tmp_path: Path) -> None:
    path = _cvat(tmp_path, _track(0, None, 0, 5).replace('"manual"', '"auto"'))
    assert [row.note for row in read(path, "cvat", {"frame_rate_hz": 1.0})[0]] == ["track made by auto"]
