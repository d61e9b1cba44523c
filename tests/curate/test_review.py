"""What waits for a decision is shown with all that was observed of it; what is decided stays decided."""

import pytest
from drawing import moving

from curate.steps.propose import command as propose
from curate.steps.review import command as review
from slateboard.catalog.catalog import opened
from slateboard.cli import main
from slateboard.media.encode import write_video
from slateboard.progress import be_quiet
from slateboard.records.clip import Clip
from slateboard.workspace import Workspace


def _clip(number: int, **told: object) -> Clip:
    values = {
        "clip_id": f"c{number}", "source_id": "s", "media_id": "m" * 64, "shot_id": None, "label": "Squat",
        "group": "g", "first_frame": number, "last_frame": number + 9, "start_s": 1.5, "end_s": 2.5,
        "state": "proposed",
    }  # fmt: skip
    return Clip.model_validate({**values, **told})


@pytest.fixture
def proposals(workspace: Workspace) -> Workspace:
    """A workspace whose one source was brought as far as proposals."""
    write_video(workspace.root / "a.mp4", moving(40), frame_rate_hz=15)
    with workspace.sources.open("a") as file:
        file.write("a.mp4,Squat,,,,,,\n")
    for words in (["fetch"], ["analyse", "--workers", "1"], ["propose"]):
        assert main(["curate", *words, "-w", str(workspace.root), "--quiet", "--debug"]) == 0
    be_quiet(False)
    return workspace


def test_a_second_round_of_proposals_counts_the_whole_catalog(proposals: Workspace) -> None:
    again = propose(proposals)
    assert (again["proposed"], again["added"], again["withdrawn"]) == (1, 0, 0)
    review(proposals, accept_all=True)
    assert {name: propose(proposals)[name] for name in ("proposed", "decided")} == {"proposed": 0, "decided": 1}


def test_a_proposal_is_listed_with_its_camera_and_its_faults(
    proposals: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(proposals.catalog) as catalog:
        (clip,) = catalog.clips("proposed")
        catalog.write_clips([clip.model_copy(update={"camera": "moving", "quality": ("blurred", "frozen")})])
    review(proposals)
    assert capsys.readouterr().out.rstrip().endswith("moving   blurred, frozen")


def test_each_proposal_is_decided_once(proposals: Workspace) -> None:
    with opened(proposals.catalog) as catalog:
        source_id = catalog.sources()[0].source_id
        catalog.write_clips([_clip(number, source_id=source_id) for number in range(3)])
    assert review(proposals, accept=["c0"], reject=["c1"]) == {
        "accepted": 1,
        "rejected": 1,
        "waiting": [clip.clip_id for clip in _waiting(proposals)],
    }
    assert "c2" in [clip.clip_id for clip in _waiting(proposals)]


def _waiting(workspace: Workspace) -> list[Clip]:
    with opened(workspace.catalog) as catalog:
        return catalog.clips("proposed")
