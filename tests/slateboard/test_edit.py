"""Videos and pictures that evaluations edit into one."""

from collections.abc import Callable
from pathlib import Path

from drawing import moving

from slateboard.media.edit import edit
from slateboard.media.frames import decode


def test_videos_are_joined_by_a_graph(draw: Callable[..., Path], tmp_path: Path) -> None:
    first, second = draw("first.mp4", moving(5)), draw("second.mp4", moving(7))
    edit(first, tmp_path / "joined.mp4", graph="[0:v][1:v]concat=n=2:v=1[out]", videos=[second])
    assert len(list(decode(tmp_path / "joined.mp4"))) == 12
