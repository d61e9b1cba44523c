"""`curate trim` cuts what is missing, repeats nothing, and ends the same whatever stopped it before."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from drawing import moving

from curate.steps.trim import command as trim
from curate.steps.trim import trim_jobs
from slateboard.catalog.catalog import open_catalog
from slateboard.cli import main
from slateboard.media.encode import write_video
from slateboard.workspace import Workspace

ROOT = Path(__file__).parents[2]


@pytest.fixture
def accepted(workspace: Workspace) -> Workspace:
    """A workspace with two accepted clips of two sources."""
    for number in range(2):
        write_video(workspace.root / f"{number}.mp4", moving(40, seed=number), frame_rate_hz=15)
    with workspace.sources.open("a") as file:
        file.write("0.mp4,Squat,,,,,,\n1.mp4,Squat,,,,,,\n")
    for words in (["fetch"], ["analyse", "--workers", "1"], ["propose"], ["review", "--accept-all"]):
        assert main(["curate", *words, "-w", str(workspace.root), "--quiet", "--debug"]) == 0
    return workspace


def _clips(workspace: Workspace) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(workspace.clips.iterdir())}


def test_a_clip_whose_file_is_gone_is_cut_again_and_no_other(accepted: Workspace) -> None:
    assert (trim(accepted, workers=1)["trimmed"], len(_clips(accepted))) == (2, 2)
    before = _clips(accepted)
    gone, kept = sorted(accepted.clips.iterdir())
    gone.unlink()
    cut_at = kept.stat().st_mtime_ns
    trim(accepted, workers=1)
    assert (_clips(accepted), kept.stat().st_mtime_ns) == (before, cut_at)


def test_a_long_file_is_shared_out_and_the_clips_stay_the_same(workspace: Workspace) -> None:
    write_video(workspace.root / "0.mp4", moving(60), frame_rate_hz=15)
    with workspace.sources.open("a") as file:
        file.write("0.mp4,Squat,,,,,,\n")
    for words in (["fetch"], ["analyse", "--workers", "1"], ["propose"], ["review", "--accept-all"]):
        assert main(["curate", *words, "-w", str(workspace.root), "--quiet", "--debug"]) == 0
    with open_catalog(workspace.catalog) as catalog:
        (whole,) = catalog.clips("accepted")
        parts = [
            whole.model_copy(update={"clip_id": f"c{first}", "first_frame": first, "last_frame": first + 14})
            for first in range(0, 60, 15)
        ]
        catalog.write_clips([whole.model_copy(update={"state": "rejected"}), *parts])
        shared = [[len(job.clips) for job in trim_jobs(workspace, catalog, parts, workers=number)] for number in (1, 2)]
        assert shared == [[4], [1, 1, 1, 1]]
    assert trim(workspace, workers=1)["trimmed"] == 4
    alone = _clips(workspace)
    for path in workspace.clips.iterdir():
        path.unlink()
    assert trim(workspace, workers=2)["trimmed"] == 4
    assert _clips(workspace) == alone


def test_a_killed_run_leaves_nothing_that_counts(accepted: Workspace) -> None:
    words = [
        sys.executable,
        "-m",
        "slateboard",
        "curate",
        "trim",
        "-w",
        str(accepted.root),
        "--workers",
        "1",
        "--quiet",
    ]
    process = subprocess.Popen(words, cwd=ROOT, start_new_session=True)
    while process.poll() is None and not (accepted.clips.is_dir() and any(accepted.clips.iterdir())):
        pass
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    (accepted.clips / ".x.mp4.abc.part").write_bytes(b"half")
    trim(accepted, workers=1)
    with open_catalog(accepted.catalog) as catalog:
        assert sorted(_clips(accepted)) == [f"{clip.clip_id}.mp4" for clip in catalog.clips("trimmed")]
        assert catalog.clips("accepted", "failed") == []


def test_a_clip_that_failed_is_told_and_tried_again(accepted: Workspace) -> None:
    with open_catalog(accepted.catalog) as catalog:
        first, _ = catalog.clips("accepted")
        catalog.write_clips([first.model_copy(update={"last_frame": 400})])
    (told,) = trim(accepted, workers=1)["failed"]
    assert told["clip_id"] == first.clip_id
    assert "frame 400 of" in told["reason"]
    with open_catalog(accepted.catalog) as catalog:
        catalog.write_clips([first])
    assert trim(accepted, workers=1) == {"cut": 1, "trimmed": 2, "failed": [], "failed_before": 0}
