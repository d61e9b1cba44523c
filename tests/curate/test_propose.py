"""Proposals by the paper's rules (MEI paper 4.1.2), on shots made up for the purpose."""

from typing import Any

import pytest

from curate.clips.propose import propose, with_summary
from slateboard.records.clip import Clip
from slateboard.records.media import Media, Shot
from slateboard.records.source import Source
from slateboard.settings import ClipSettings

RATE = 10
MEDIA = Media(
    media_id="m" * 64, path="m.mp4", bytes=1, container="mp4", codec="h264", width=64, height=64, rotation=0,
    sample_aspect=1, fps=RATE, header_frames=0, header_duration_s=None, has_audio=False,
)  # fmt: skip
SOURCE = Source(source_id="s", line=2, url="u", label="Squat")


def _proposed(
    *shots: tuple[float, bool | str], start: float | None = None, end: float | None = None, **settings: Any
) -> list[Clip]:
    """Propose for a video of shots given as (seconds, still or "card")."""
    made, first = [], 0
    for number, (seconds, kind) in enumerate(shots, 1):
        frames = round(seconds * RATE)
        made.append(
            Shot(
                shot_id=f"m-s{number}", first_frame=first, last_frame=first + frames - 1, start_s=first / RATE,
                end_s=(first + frames) / RATE, boundary="cut" if first else "start", cut_score=0.0,
                still=kind is True, card=kind == "card",
            )
        )  # fmt: skip
        first += frames
    source = SOURCE.model_copy(update={"start_s": start, "end_s": end})
    times = [index / RATE for index in range(first)]
    return propose(source, MEDIA, made, times, ClipSettings.model_validate(settings))


def _kept(clips: list[Clip]) -> list[tuple[int, int]]:
    return [(clip.first_frame, clip.last_frame) for clip in clips if clip.state == "proposed"]


def test_a_short_video_is_kept_whole_but_for_its_cards() -> None:
    clips = _proposed((1, True), (6, False), (2, True))
    assert _kept(clips) == [(10, 69)]
    assert (clips[1].shot_id, clips[1].start_s, clips[1].end_s) == ("m-s2", 1.0, 7.0)
    assert [clip.reason for clip in clips] == ["intro: nothing moves", None, "outro: nothing moves"]


def test_a_card_that_moves_is_left_out_wherever_it_stands() -> None:
    clips = _proposed((1, "card"), (3, False), (1, "card"), (3, False), (1, "card"))
    assert _kept(clips) == [(10, 39), (50, 79)]
    reasons = ["intro: a title or end card", "a title or end card", "outro: a title or end card"]
    assert [clip.reason for clip in clips if clip.state == "rejected"] == reasons


def test_every_frame_is_proposed_or_has_a_reason() -> None:
    clips = _proposed((1, True), (8, False), (3, False), (2, True), (26, False), (1, "card"))
    frames = [frame for clip in clips for frame in range(clip.first_frame, clip.last_frame + 1)]
    assert frames == list(range(410))
    assert all((clip.reason is None) == (clip.state == "proposed") for clip in clips)


@pytest.mark.parametrize("step_s", [9.5e7, 60.0])
def test_frames_that_come_minutes_or_years_apart_are_left_out_with_a_reason(step_s: float) -> None:
    shot = Shot(
        shot_id="s1", first_frame=0, last_frame=41, start_s=0, end_s=42 * step_s, boundary="start", cut_score=0,
        still=False,
    )  # fmt: skip
    media = MEDIA.model_copy(update={"fps": 1 / step_s})
    clips = propose(SOURCE, media, [shot], [index * step_s for index in range(42)], ClipSettings())
    assert [(clip.state, clip.reason) for clip in clips] == [("rejected", "no parts of up to 20 s: uneven frame times")]


def test_two_gaps_of_an_hour_beside_each_other_among_thousands_of_frames_end_in_a_reason() -> None:
    times = [index / 10 + 3600 * (index > 333) + 3600 * (index > 335) for index in range(20_000)]
    shot = Shot(
        shot_id="s1", first_frame=0, last_frame=19_999, start_s=0, end_s=times[-1], boundary="start", cut_score=0,
        still=False,
    )  # fmt: skip
    (clip,) = propose(SOURCE, MEDIA, [shot], times, ClipSettings())
    assert clip.reason == "no parts of up to 20 s: uneven frame times"


def _proposed_at(times: list[float], *, seconds: float, **settings: Any) -> list[Clip]:
    """Propose for a video of one shot whose frames begin at `times`, and whose end is `seconds` after its start."""
    shot = Shot(
        shot_id="m-s1", first_frame=0, last_frame=len(times) - 1, start_s=0, end_s=seconds, boundary="start",
        cut_score=0, still=False,
    )  # fmt: skip
    media = MEDIA.model_copy(update={"duration_s": seconds})
    return propose(SOURCE, media, [shot], times, ClipSettings.model_validate(settings))


def test_no_proposal_is_shorter_or_longer_than_the_settings_allow_however_uneven_its_frames_are() -> None:
    """4 s of 50 frames a second and 16.5 s of 2: halves of as many frames would last 2.3 and 18.2 s."""
    times = [index / 50 for index in range(200)] + [4 + index / 2 for index in range(33)]
    clips = _proposed_at(times, seconds=20.5)
    assert [(clip.state, clip.start_s, clip.end_s) for clip in clips] == [
        ("proposed", 0.0, 10.0), ("proposed", 10.0, 20.5)
    ]  # fmt: skip
    assert _kept(clips) == [(0, 211), (212, 232)]


def test_a_part_that_a_held_frame_leaves_too_short_is_left_out_with_its_length() -> None:
    """22 s whose frame at 3 s is held to 18 s: halves of 11 s would share that frame."""
    times = [index / 10 for index in range(31)]
    (clip,) = _proposed_at(times, seconds=19.0, whole_under_seconds=15.0)
    assert (clip.state, clip.start_s, clip.end_s) == ("proposed", 0.0, 19.0)
    clips = _proposed_at([*times, 18.0], seconds=22.0)
    assert [(clip.state, clip.reason) for clip in clips] == [("rejected", "3.00 s < 5 s"), ("proposed", None)]


def test_the_last_frame_counts_as_long_as_it_is_shown() -> None:
    assert [clip.reason for clip in _proposed_at([0.0, 0.1, 0.2], seconds=0.3)] == ["0.30 s < 1 s"]
    (clip,) = _proposed_at([0.0, 0.1, 0.2], seconds=3.0)
    assert (clip.state, clip.end_s) == ("proposed", 3.0)
    (clip,) = _proposed_at([2.0, 2.1, 2.2], seconds=1.5)
    assert (clip.start_s, clip.end_s) == (2.0, 3.5)


def test_a_long_video_gives_segments_of_5_to_20_seconds_inside_its_shots() -> None:
    clips = _proposed((1, True), (8, False), (3, False), (26, False))
    assert _kept(clips) == [(10, 89), (120, 249), (250, 379)]
    left_out = [(clip.reason, clip.decided_by) for clip in clips if clip.state == "rejected"]
    assert left_out == [("intro: nothing moves", "rule"), ("3.00 s < 5 s", "rule")]


def test_a_long_video_gives_two_segments_where_its_shots_are_long_enough() -> None:
    assert _kept(_proposed((4, False), (17, False))) == [(40, 124), (125, 209)]
    assert _kept(_proposed((4, False), (4, False), (9, False), (4, False))) == [(80, 169)]
    assert _kept(_proposed((12, False), (18, False), segments_min=3)) == [(0, 119), (120, 209), (210, 299)]


def test_no_video_gives_more_than_four_segments_and_the_rest_is_told() -> None:
    clips = _proposed(*[(6, False)] * 7)
    assert _kept(clips) == [(0, 59), (120, 179), (240, 299), (360, 419)]
    assert [clip.reason for clip in clips if clip.state == "rejected"] == ["beyond 4 segments"] * 3


def test_a_picture_that_stands_still_gives_nothing_but_a_reason() -> None:
    assert [(clip.state, clip.reason) for clip in _proposed((6, True))] == [("rejected", "nothing moves")]


def test_only_the_wanted_part_is_proposed() -> None:
    assert _kept(_proposed((4, False), (4, False), start=3.0, end=7.5)) == [(30, 39), (40, 74)]
    assert _proposed((4, False), start=9.0) == []


def test_clips_that_are_cut_already_are_kept_whole_across_cuts() -> None:
    clips = _proposed((0.3, False), (0.4, True), rule="whole")
    assert (_kept(clips), clips[0].shot_id) == ([(0, 6)], None)


@pytest.mark.parametrize("seconds", [20.0, 20.1, 39.9, 45.0])
def test_segments_hold_every_frame_of_their_shot_once(seconds: float) -> None:
    kept = _kept(_proposed((seconds, False)))
    frames = [frame for first, last in kept for frame in range(first, last + 1)]
    assert frames == list(range(round(seconds * RATE)))
    assert all(50 <= last - first + 1 <= 200 for first, last in kept)
    assert len(kept) >= 2


def test_without_a_group_a_source_is_a_group_of_its_own_file() -> None:
    assert _proposed((2, False))[0].group == "media-mmmmmmmmmmmm"


def test_a_clip_carries_what_was_observed_of_its_frames() -> None:
    clip = _proposed((6, False))[0]
    camera = [
        {"first_frame": 0, "last_frame": 59, "camera": "moving"},
        {"first_frame": 60, "last_frame": 99, "camera": "static"},
    ]
    assert with_summary(clip, MEDIA, camera=camera, quality=[]).camera == "moving"
    assert with_summary(clip, MEDIA, camera=camera[1:], quality=[]).camera == "unknown"
    assert (with_summary(clip, MEDIA, camera=[], quality=[]).camera, clip.quality) == ("unknown", ())
