"""Effects: people are believed, machines are proposals unless accepted, unknown stays unknown."""

import pytest

from curate.clips.label import effects_of, has_effects
from slateboard.records.clip import Clip
from slateboard.records.media import Shot
from slateboard.records.source import Source

CLIP = Clip(
    clip_id="c", source_id="s", media_id="m", shot_id="m-s1", label="Squat", group="g", first_frame=0, last_frame=9,
    start_s=0, end_s=1, state="trimmed",
)  # fmt: skip
SHOT = Shot(
    shot_id="m-s1", first_frame=0, last_frame=29, start_s=0, end_s=3, boundary="start", cut_score=0, still=False
)
ROW = {"shot_id": "m-s1", "present": True, "reason": "12 px", "x": 0.0, "y": 0.1, "w": 1.0, "h": 0.8, "score": 1.0}
BARS = {"bars": [ROW]}
DOUBT = {"bars": [{"shot_id": "m-s1", "present": None, "reason": "one frame"}]}


def _source(effects: tuple[str, ...] | None) -> Source:
    return Source(source_id="s", line=2, url="u", label="Squat", effects=effects)


@pytest.mark.parametrize(
    ("hint", "verdicts", "accept", "found", "state"),
    [
        (None, {}, True, [], "unknown"),
        (None, DOUBT, True, [], "unknown"),
        ((), {}, True, [], "false"),
        (("text",), {}, False, [("text", "person", True)], "true"),
        (None, BARS, True, [("bars", "machine", True)], "true"),
        (None, BARS, False, [("bars", "machine", False)], "unknown"),
        ((), BARS, True, [("bars", "machine", False)], "false"),
        (("bars",), BARS, False, [("bars", "person", True)], "true"),
        (("text",), BARS, True, [("bars", "machine", True), ("text", "person", True)], "true"),
    ],
)
def test_who_decides_what(
    hint: tuple[str, ...] | None, verdicts: dict[str, list[dict[str, object]]], accept: bool,
    found: list[tuple[str, str, bool]], state: str,
) -> None:  # fmt: skip
    effects = effects_of(CLIP, _source(hint), [SHOT], verdicts, accept_machine=accept)
    assert [(effect.kind, effect.decided_by, effect.confirmed) for effect in effects] == found
    assert has_effects(_source(hint), effects) == state


def test_a_detector_adds_its_box_to_what_a_person_named() -> None:
    (effect,) = effects_of(CLIP, _source(("bars",)), [SHOT], BARS, accept_machine=False)
    assert (effect.y, effect.h, effect.parameters) == (0.1, 0.8, {"reason": "12 px"})


def test_only_the_shots_of_the_clip_count() -> None:
    other = SHOT.model_copy(update={"shot_id": "m-s2"})
    assert effects_of(CLIP, _source(None), [other], BARS, accept_machine=True) == []


@pytest.mark.parametrize(
    ("spans", "found"),
    [
        ([(None, None)], [(None, None)]),
        ([(1.25, 1.5)], [(0.25, 0.5)]),
        ([(0.5, 1.25)], [(None, 0.25)]),
        ([(1.75, 2.5)], [(0.75, None)]),
        ([(1.25, 1.5), (1.6, 1.75)], [(0.25, 0.5), (0.6, 0.75)]),
        ([(0.0, 0.9)], []),
        ([(2.0, 2.5)], []),
    ],
)
def test_an_effect_lasts_from_and_to_seconds_of_the_clip(
    spans: list[tuple[float | None, float | None]], found: list[tuple[float | None, float | None]]
) -> None:
    clip = CLIP.model_copy(update={"start_s": 1.0, "end_s": 2.0, "first_frame": 10, "last_frame": 19})
    rows = [{**ROW, "start_s": start, "end_s": end} for start, end in spans]
    effects = effects_of(clip, _source(None), [SHOT], {"bars": rows}, accept_machine=False)
    assert [(effect.start_s, effect.end_s) for effect in effects] == [
        (pytest.approx(start), pytest.approx(end)) for start, end in found
    ]


def test_what_lasts_through_neighbouring_shots_is_one_effect_and_a_shot_without_it_ends_it() -> None:
    shots = [
        SHOT.model_copy(update={"shot_id": f"m-s{number}", "start_s": number - 1, "end_s": number})
        for number in (1, 2, 3)
    ]
    clip = CLIP.model_copy(update={"end_s": 3.0, "last_frame": 29})
    rows = [{**ROW, "shot_id": f"m-s{number}"} for number in (1, 2)]
    effects = effects_of(clip, _source(None), shots, {"bars": rows}, accept_machine=False)
    assert [(effect.start_s, effect.end_s) for effect in effects] == [(None, pytest.approx(2))]
