"""SoccerNet: two videos a match, events as windows around moments, shots up to the change of camera that ends them."""

from pathlib import Path
from typing import Any

import pytest
from imports import as_json, read

from curate.listing.document import Document
from curate.listing.importing import guess
from slateboard.errors import BadInput

GAME = "england_epl/2014-2015/2015-02-21 - 18-00 Chelsea 1 - 1 Burnley"


def _match(folder: Path, *annotations: dict[str, Any], game: str = f"{GAME}/", key: str = "annotations") -> Path:
    """The form that SilvioGiancola/SoccerNetv2-DevKit, Annotation/*/utils/list_management.py, reads and writes."""
    return as_json(folder, {"UrlLocal": game, "UrlYoutube": "", "gameScore": "1 - 1", key: list(annotations)})


def _event(time: str, position: Any, label: str = "Foul", **more: Any) -> dict[str, Any]:
    said = {"gameTime": time, "label": label, "team": "home", "visibility": "visible", **more}
    return said if position is None else said | {"position": position}


def test_an_event_is_a_window_of_its_halfs_video(tmp_path: Path) -> None:
    """SoccerNetv2-DevKit#10: position is milliseconds of the half's video."""
    path = _match(tmp_path, _event("1 - 12:34", "754900"), _event("2 - 00:01", "1200", "Kick-off", team="away"))
    assert guess(Document(path)) == "soccernet"
    rows, told = read(path, "soccernet", {"media_folder": "sn"})
    assert [(row.url, row.label, row.start_s, row.end_s, row.group, row.note) for row in rows] == [
        (f"sn/{GAME}/1_720p.mkv", "Foul", 752.4, 757.4, GAME, "home"),
        (f"sn/{GAME}/2_720p.mkv", "Kick-off", 0.0, 3.7, GAME, "away"),
    ]
    rows, _ = read(path, "soccernet", {"window_s": 2.0, "video_template": "{game}/{half}_224p.mkv"})
    assert (rows[0].url, rows[0].start_s, rows[0].end_s, told) == (f"{GAME}/1_224p.mkv", 753.9, 755.9, [])
    rows, _ = read(_match(tmp_path, _event("1 - 14:57", None), game=GAME.replace("/", "\\")), "soccernet")
    assert [(row.url, row.start_s) for row in rows] == [(f"{GAME}/1_720p.mkv", 894.5)]


def test_a_camera_shot_lasts_from_the_change_before_to_its_own(tmp_path: Path) -> None:
    """SoccerNetv2-DevKit, Task2-CameraShotSegmentation: the label is that of the shot before the change."""
    changes = [
        {"gameTime": time, "position": position, "label": label, "change_type": "abrupt", "replay": "real-time"}
        for time, position, label in [
            ("1 - 00:12", "12500", "Close-up"),
            ("1 - 00:05", "5000", "Main camera center"),
            ("2 - 00:07", "7000", "Main camera center"),
            ("2 - 00:07", "7000", "Close-up"),
        ]
    ]
    path = _match(tmp_path, *changes)
    rows, told = read(path, "soccernet")
    assert [(row.url[-10:], row.label, row.start_s, row.end_s) for row in rows] == [
        ("1_720p.mkv", "Main camera center", 0.0, 5.0),
        ("1_720p.mkv", "Close-up", 5.0, 12.5),
        ("2_720p.mkv", "Main camera center", 0.0, 7.0),
    ]
    assert ([one.why for one in told], rows[0].note) == (["has no length."], "abrupt, real-time")


def test_events_without_a_certain_place_in_a_video_are_told(tmp_path: Path) -> None:
    """AtomScott/SoccerTrack-v2#23: a block of events whose gameTime omits the half; not shown: replays, cuts."""
    path = _match(
        tmp_path,
        _event("90:01", "5401000"),
        _event("2 - 49:20", "260000"),
        _event("1 - 10:00", "600000", visibility="not shown"),
        _event("1 - 10:00", "soon"),
        _event("1 - 10:00", "600000", ""),
    )
    rows, told = read(path, "soccernet")
    assert (rows, [one.why for one in told]) == (
        [],
        [
            "has a gameTime that is no half and time.",
            "has a position of 260 s, which its gameTime contradicts.",
            "is not shown in the video.",
            "has the position 'soon', which is no time.",
            "has no label.",
        ],
    )
    (one,) = read(_match(tmp_path, _event("1 - 10:00", "600000"), game=""), "soccernet")[1]
    assert one.why == "names no match."
    with pytest.raises(BadInput, match="window_s is -1"):
        read(path, "soccernet", {"window_s": -1.0})


def test_predictions_are_taken_where_they_are_asked_for(tmp_path: Path) -> None:
    spotted = {"gameTime": "1 - 0:31", "label": "Foul", "position": "31500", "half": "1", "confidence": "0.07"}
    path = _match(tmp_path, spotted, key="predictions")
    assert guess(Document(path)) == "soccernet"
    assert [one.why for one in read(path, "soccernet")[1]] == ["is one of the predictions."]
    assert [row.start_s for row in read(path, "soccernet", {"take": "predictions"})[0]] == [29.0]
