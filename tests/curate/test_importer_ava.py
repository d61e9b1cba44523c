"""AVA: a row for each annotated second and action, its boxes counted; numbers become names by the map of labels."""

from collections import Counter
from pathlib import Path

import pytest
from imports import read

from curate.listing.document import Document
from curate.listing.importing import guess
from slateboard.errors import BadInput

LABELS = """label {
  name: "sit"
  label_id: 11
  label_type: PERSON_MOVEMENT
}
item { name: "watch (a person)" id: 80 }
"""


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    (tmp_path / "labels.pbtxt").write_text(LABELS)
    return tmp_path


def _list(folder: Path, *lines: str) -> Path:
    path = folder / "ava.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_one_second_around_each_frame_is_a_row_for_each_action(labelled: Path) -> None:
    """open-mmlab/mmaction2#1427: the second column is the second of the annotated frame, in the whole video."""
    path = _list(
        labelled,
        "-5KQ66BBWC4,0902,0.077,0.151,0.283,0.811,80,1",
        "-5KQ66BBWC4,0902,0.226,0.032,0.366,0.497,80,0",
        "-5KQ66BBWC4,0902,0.226,0.032,0.366,0.497,11,0",
        "-5KQ66BBWC4,0903,0.226,0.032,0.366,0.497,11,0",
    )
    assert guess(Document(path)) == "ava"
    rows, told = read(path, "ava", {"labels": "labels.pbtxt"})
    url = "https://www.youtube.com/watch?v=-5KQ66BBWC4"
    assert [(row.where, row.url, row.label, row.start_s, row.end_s, row.changed) for row in rows] == [
        ("line 1", url, "watch (a person)", 901.5, 902.5, "its 2 boxes are not kept"),
        ("line 3", url, "sit", 901.5, 902.5, "its box is not kept"),
        ("line 4", url, "sit", 902.5, 903.5, "its box is not kept"),
    ]
    rows, _ = read(path, "ava", {"labels": "labels.pbtxt", "window_s": 3.0})
    assert (rows[0].start_s, rows[0].end_s, told) == (900.5, 903.5, [])


def test_frames_without_action_have_two_cells_and_seconds_may_have_fractions(labelled: Path) -> None:
    """activitynet/ActivityNet#70: AVA-Kinetics has fractions of seconds, and rows of two cells without action."""
    path = _list(labelled, "A1b2C3d4E5f,0.25,0.1,0.1,0.9,0.9,11,0", "A1b2C3d4E5f,12.500000", "A1b2C3d4E5f,x")
    rows, told = read(path, "ava", {"labels": "labels.pbtxt"})
    assert [(row.start_s, row.end_s) for row in rows] == [(0.0, 0.75)]
    assert [(one.where, one.why) for one in told] == [("line 2", "has no action."), ("line 3", "is a damaged row.")]


def test_the_real_list_gives_its_rows_and_names_its_damaged_line(realdata: Path, labelled: Path) -> None:
    path = labelled / "ava.csv"
    path.write_bytes((realdata / "annotations" / "ava_val_v2.2.csv").read_bytes())
    assert guess(Document(path)) == "ava"
    rows, told = read(path, "ava", {"labels": "labels.pbtxt"})
    why = Counter(one.why for one in told)
    assert why["is a damaged row."] == 1
    # 15 lines: 905 and 906 of action 11, which the map has; one is damaged, and 12 are of other actions.
    assert [(row.label, row.start_s) for row in rows] == [("sit", 904.5), ("sit", 905.5)]
    assert len(told) == 13


def test_actions_without_names_are_not_guessed(labelled: Path) -> None:
    path = _list(labelled, "A1b2C3d4E5f,0902,0.1,0.1,0.9,0.9,12,0")
    with pytest.raises(BadInput, match=r"names actions by numbers\. Give the map of its actions: --set labels="):
        read(path, "ava")
    with pytest.raises(BadInput, match=r"none\.pbtxt: is not there"):
        read(path, "ava", {"labels": "none.pbtxt"})
    with pytest.raises(BadInput, match=r"ava\.csv: holds no action"):
        read(path, "ava", {"labels": "ava.csv"})
    with pytest.raises(BadInput, match=r"window_s is 0"):
        read(path, "ava", {"labels": "labels.pbtxt", "window_s": 0.0})
    (one,) = read(path, "ava", {"labels": "labels.pbtxt"})[1]
    assert one.why == "is of action 12, which the map of labels lacks."


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_list_that_a_spreadsheet_saved_is_read(labelled: Path, encoding) -> None:
    path = labelled / "ava.csv"
    path.write_bytes(
        "-5KQ66BBWC4;0902;0.077;0.151;0.283;0.811;80;1\r\n-5KQ66BBWC4;903;0,1;1;1;1;11;0\r\n".encode(encoding)
    )
    rows, told = read(path, "ava", {"labels": "labels.pbtxt"})
    assert ([row.start_s for row in rows], [one.where for one in told]) == ([901.5], ["line 2"])
