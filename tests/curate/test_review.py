"""What waits for a decision is shown with all that was observed of it; what is decided stays decided."""

import unicodedata

import pytest
from drawing import moving

from curate.steps.propose import command as propose
from curate.steps.review import command as review
from slateboard.catalog import person
from slateboard.catalog.catalog import open_catalog
from slateboard.catalog.reviews import read_reviews
from slateboard.cli import main
from slateboard.errors import BadInput
from slateboard.escaping import terminal_width
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
    with open_catalog(proposals.catalog) as catalog:
        (clip,) = catalog.clips("proposed")
        catalog.write_clips([clip.model_copy(update={"camera": "moving", "quality": ("blurred", "frozen")})])
    review(proposals)
    assert capsys.readouterr().out.rstrip().endswith("moving   blurred, frozen")


def test_labels_of_every_script_are_listed_in_columns_and_named_in_either_form(
    proposals: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    """Textualize/rich#3957, RhetTbull/osxphotos#410: marks take no column; macOS types letters and accents apart."""
    labels = ("ดึง", "Đá cầu", "هرولة")
    with open_catalog(proposals.catalog) as catalog:
        source_id = catalog.sources()[0].source_id
        catalog.write_clips([_clip(row, label=label, source_id=source_id) for row, label in enumerate(labels)])
    review(proposals, reject=[unicodedata.normalize("NFD", "Đá cầu")])
    review(proposals)
    shown = {label: line for line in capsys.readouterr().out.splitlines() for label in labels if label in line}
    assert list(shown) == ["ดึง", "هرولة"]
    assert "\u2068هرولة\u2069" in shown["هرولة"]
    columns = [line.partition("1.50-2.50")[0] for line in shown.values()]
    assert len({terminal_width(text) for text in columns}) == 1


def test_each_proposal_is_decided_once(proposals: Workspace) -> None:
    with open_catalog(proposals.catalog) as catalog:
        source_id = catalog.sources()[0].source_id
        catalog.write_clips([_clip(number, source_id=source_id) for number in range(3)])
    assert review(proposals, accept=["c0"], reject=["c1"]) == {
        "accepted": 1,
        "rejected": 1,
        "waiting": [clip.clip_id for clip in _waiting(proposals)],
        "lone_classes": ["class 'Squat'"],
    }
    assert "c2" in [clip.clip_id for clip in _waiting(proposals)]


def _states(workspace: Workspace) -> dict[str, str]:
    with open_catalog(workspace.catalog) as catalog:
        return {clip.clip_id: clip.state for clip in catalog.clips()}


def test_a_class_is_rejected_by_its_label_whatever_became_of_its_clips_and_taken_back(proposals: Workspace) -> None:
    states = ("proposed", "accepted", "trimmed", "failed")
    with open_catalog(proposals.catalog) as catalog:
        source_id = catalog.sources()[0].source_id
        clips = [
            _clip(number, source_id=source_id, state=state, label="High Kick") for number, state in enumerate(states)
        ]
        ruled = _clip(9, source_id=source_id, state="rejected", decided_by="rule", label="High Kick")
        catalog.write_clips([*clips, ruled])
    others = {name: state for name, state in _states(proposals).items() if not name.startswith("c")}
    review(proposals, reject=["High Kick"], reason="one video")
    assert _states(proposals) == {**others, **dict.fromkeys(("c0", "c1", "c2", "c3", "c9"), "rejected")}
    review(proposals, accept=["High Kick"])
    assert _states(proposals) == {**others, **dict.fromkeys(("c0", "c1", "c2", "c3"), "accepted"), "c9": "rejected"}
    with open_catalog(proposals.catalog) as catalog:
        assert {clip.reason for clip in catalog.clips("accepted")} == {None}


def test_what_is_no_clip_that_can_be_decided_is_named_all_at_once(proposals: Workspace) -> None:
    before = _states(proposals)
    with pytest.raises(BadInput, match=r"'squat'\. Did you mean 'Squat'\?\n.*'Lunge'"):
        review(proposals, reject=["squat"], accept=["Lunge"])
    assert _states(proposals) == before


def test_a_class_of_one_group_is_told_before_anything_is_trimmed(
    proposals: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    with proposals.sources.open("a") as file:
        file.write("b.mp4,Squat,,,,,,\n")
    write_video(proposals.root / "b.mp4", moving(40, seed=5), frame_rate_hz=15)
    told = "class 'Squat': has 1 clip of one group: if that group is in test, the class has no training clip."
    review(proposals, accept_all=True)
    assert told in (found := capsys.readouterr().err) and "`slateboard curate review --reject 'Squat'`" in found
    for words in (["fetch"], ["analyse", "--workers", "1"]):
        assert main(["curate", *words, "-w", str(proposals.root), "--quiet"]) == 0
    be_quiet(False)
    assert propose(proposals)["lone_classes"] == []
    assert "one group" not in capsys.readouterr().err
    with open_catalog(proposals.catalog) as catalog:
        clips = catalog.clips("proposed", "accepted")
        catalog.write_clips([clip.model_copy(update={"group": "one"}) for clip in clips])
    assert review(proposals)["lone_classes"] == ["class 'Squat'"]
    review(proposals, reject=["Squat"])
    assert "has 2 clips of one group" in (found := capsys.readouterr().err)
    assert review(proposals)["lone_classes"] == []


def _waiting(workspace: Workspace) -> list[Clip]:
    with open_catalog(workspace.catalog) as catalog:
        return catalog.clips("proposed")


def test_who_decided_is_the_option_else_the_setting_else_the_user(
    proposals: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(person.getpass, "getuser", lambda: "user")
    (clip,) = _waiting(proposals)
    review(proposals, reject=[clip.clip_id], reason="blurred", by="Anna B.")
    settings = proposals.root / "slateboard.toml"
    settings.write_text('reviewer = "Bo"\n' + settings.read_text())
    again = Workspace(proposals.root)
    review(again, accept=[clip.clip_id])
    settings.write_text(settings.read_text().partition("\n")[2])
    review(Workspace(proposals.root), reject=["Squat"])
    found = read_reviews(proposals.reviews).decisions
    assert [(one.by, one.decision, one.reason) for one in found] == [
        ("Anna B.", "rejected", "blurred"), ("Bo", "accepted", None), ("user", "rejected", "rejected in review"),
    ]  # fmt: skip
    assert {path.name.partition("-")[0] for path in proposals.reviews.iterdir()} == {
        "Anna_B.",
        "Bo.jsonl",
        "user.jsonl",
    }


def test_what_was_accepted_unseen_is_recorded_as_such_in_the_file_of_the_person(proposals: Workspace) -> None:
    review(proposals, accept_all=True, by="Anna")
    (line,) = read_reviews(proposals.reviews).decisions
    assert (line.by, line.command) == ("accept-all", "review --accept-all")
    assert [path.name for path in proposals.reviews.iterdir()] == ["Anna.jsonl"]


def test_a_user_whom_the_system_does_not_know_can_review(proposals: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(person.getpass, "getuser", unknown)
    review(proposals, reject=["Squat"])
    assert [path.name for path in proposals.reviews.iterdir()] == ["unknown.jsonl"]
