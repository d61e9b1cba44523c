"""HACS Clips: positive clips are rows; HACS Segments are read as ActivityNet's."""

from pathlib import Path

from imports import as_json, read

from curate.listing.document import Document
from curate.listing.importing import guess


def test_positive_clips_are_rows_and_negative_ones_are_told(tmp_path: Path) -> None:
    """The lines of hangzhaomit/HACS-dataset, README.md, and a damaged one."""
    path = tmp_path / "HACS_clips_v1.1.1.csv"
    path.write_text(
        "classname,youtube_id,subset,start,end,label\nArchery,a2X2hz1G6i8,training,15.5,17.5,1\n"
        "Archery,NUdji_CqvcY,training,77.5,79.5,-1\nArchery,0O_qMHxBfXg,training,24.5,26.5,2\n"
        "Archery,0O_qMHxBfXg,training,x,26.5,1\nArchery,0O_qMHxBfXg\n"
    )
    assert guess(Document(path)) == "hacs"
    ((row,), told) = read(path, "hacs")
    assert (row.url, row.label, row.start_s, row.end_s, row.group, row.note) == (
        "https://www.youtube.com/watch?v=a2X2hz1G6i8", "Archery", 15.5, 17.5, "a2X2hz1G6i8", "subset training",
    )  # fmt: skip
    assert [(one.where, one.why) for one in told] == [
        ("line 3", "is a negative sample: its class does not happen in it."),
        ("line 4", "is a damaged row."),
        ("line 5", "has times that are no numbers."),
        ("line 6", "is a damaged row."),
    ]


def test_segments_are_read_as_activitynets_with_a_duration_that_is_a_text(tmp_path: Path) -> None:
    """hangzhaomit/HACS-dataset, README.md: HACS_segments_v1.1.1.json writes "duration": "92.166667"."""
    annotations = [{"label": "Dodgeball", "segment": [5.4, 11.6]}, {"label": "Dodgeball", "segment": [88.0, 99.0]}]
    video = {"annotations": annotations, "subset": "training", "duration": "92.166667"}
    path = as_json(tmp_path, {"database": {"--0edUL8zmA": video}})
    assert guess(Document(path)) == "activitynet"
    rows, _ = read(path, "activitynet")
    assert [(row.start_s, row.end_s, row.changed) for row in rows] == [
        (5.4, 11.6, ""),
        (88.0, 92.166667, "end 99 s clipped to the duration 92.1667 s"),
    ]
