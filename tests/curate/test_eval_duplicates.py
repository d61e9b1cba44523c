"""The evaluation of near-duplicates makes edits of real clips and counts what is found."""

from collections.abc import Callable
from pathlib import Path

import pytest
from drawing import moving

from curate.duplicates.edits import EDITS, make
from curate.duplicates.recall import FOUND, MISSED, Clip, Trial, clips_in, matches, recall_rows, run_trial
from curate.steps.eval import duplicates as step
from slateboard.errors import BadInput
from slateboard.media.fingerprints import fingerprint_of
from slateboard.media.frames import decode


@pytest.mark.parametrize("name", EDITS)
def test_every_edit_changes_the_clip_and_gives_the_same_bytes_again(
    name: str, draw: Callable[..., Path], tmp_path: Path
) -> None:
    source = draw("a.mp4", moving(8))
    for target in ("b.mp4", "c.mp4"):
        make(source, name, tmp_path / target, key="a")
    assert (tmp_path / "b.mp4").read_bytes() == (tmp_path / "c.mp4").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mp4", "b.mp4", "c.mp4"]
    before, after = (list(decode(tmp_path / path)) for path in ("a.mp4", "b.mp4"))
    assert len(after) in ((4, 5) if "half_length" in name else (8,))
    assert after[2].y.shape != before[2].y.shape or (after[2].y != before[2].y).any()


def test_rows_count_what_could_not_be_told_as_missed_and_keep_the_halves_apart() -> None:
    trials = [Trial(Clip(f"{group}.mp4", Path(), group), ("flip",)) for group in "abcdefgh"]
    verdicts = [FOUND, MISSED, "nothing moves", FOUND, FOUND, FOUND, FOUND, FOUND]
    rows = recall_rows(trials, [{"flip": verdict} for verdict in verdicts])
    assert [row["half"] for row in rows] == ["judging", "tuning"]
    assert (sum(row["clips"] for row in rows), sum(row["found"] for row in rows)) == (8, 6)
    assert sum(row["undecided"] for row in rows) == 1
    assert all(row["low"] <= row["recall"] <= row["high"] for row in rows)


def test_a_match_between_groups_is_false_and_one_within_a_group_is_not(
    draw: Callable[..., Path], tmp_path: Path
) -> None:
    clips = []
    for name, group in (("a", "x"), ("b", "x"), ("c", "y")):
        clips.append(Clip(name, draw(f"{name}.mp4", moving(45, seed=1)), group))
    found = matches(clips, {clip.name: fingerprint_of(clip.path) for clip in clips})
    assert [(pair["first"], pair["second"]) for pair in found["false"]] == [("a", "c"), ("b", "c")]
    assert (found["within_groups"], found["pairs_of_different_groups"]) == (1, 2)


def test_a_folder_without_videos_and_an_unknown_edit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no video"):
        clips_in(tmp_path)
    with pytest.raises(BadInput, match="Did you mean 'flip'"):
        step.command(tmp_path, edits=["flipp"])


def test_persons_before_one_wall_are_told_apart_and_a_flip_is_found(realdata: Path) -> None:
    paths = sorted((realdata / "weizmann" / "walk").glob("*.avi"))
    clips = [Clip(path.name, path, path.stem) for path in paths]
    found = matches(clips, {clip.name: fingerprint_of(clip.path) for clip in clips})
    assert (len(clips), found["false"], found["pairs_of_different_groups"]) == (9, [], 36)


def test_a_caption_over_what_moves_hides_no_repost(realdata: Path) -> None:
    name = "weizmann/wave2/ido_wave2.avi"
    assert run_trial(Trial(Clip(name, realdata / name, "ido"), ("caption",))) == {"caption": FOUND}
