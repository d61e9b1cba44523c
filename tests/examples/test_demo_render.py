"""The raw videos of the demo, their list and their server."""

import csv
import http.client
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from examples.demo import plan as planning
from examples.demo.effects import editor
from examples.demo.figure import LABELS, joints
from examples.demo.looks import LOOKS
from examples.demo.plan import CUT_SHORT, FRAME_RATE_HZ, Shot, Video, plan
from examples.demo.render import draw, render, render_video
from examples.demo.scene import draw_shot
from examples.demo.serve import serve
from examples.demo.sources import COLUMNS, sources_csv
from slateboard.media.encode import write_video

PHASES = np.arange(48) / 48


def tiny(video: Video, *, frames: int = 6) -> Video:
    """The same video with one short shot and no cards."""
    return replace(video, shots=(replace(video.shots[0], frames=frames),), title=None, end=None)


def skaters(label: str, *, seed: int) -> np.ndarray:
    """Pictures of a glide without effects, filmed from a tripod."""
    shot = Shot(frames=8, seed=seed, backdrop="studio", camera="still")
    return np.stack(list(draw_shot(shot, label=label, look=LOOKS["mira.moves"], size=(256, 144))))


def shift(pictures: np.ndarray) -> int:
    """The shift along x, up to 12 pixels, that best explains one picture by the one before."""
    moving = pictures.astype(float).mean(axis=3)
    moving -= np.median(moving, axis=0)
    costs = {
        by: np.abs(moving[1:] - np.roll(moving[:-1], by, axis=2))[:, 20:-20, 20:-20].mean() for by in range(-12, 13)
    }
    return min(costs, key=lambda by: costs[by])


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    video = tiny(next(video for video in plan(5) if "text" in video.effects))
    render_video(video, tmp_path / "one.mp4")
    render_video(video, tmp_path / "two.mp4")
    assert (tmp_path / "one.mp4").read_bytes() == (tmp_path / "two.mp4").read_bytes()
    assert plan(5) == plan(5)
    assert plan(5) != plan(6)


def test_a_plan_has_a_short_per_uploader_and_class_and_a_long_per_uploader() -> None:
    videos = plan(0)
    shorts = [video for video in videos if len(video.shots) == 1]
    longs = [video for video in videos if len(video.shots) == 3]
    assert {(name, label) for name in LOOKS for label in LABELS} == {(v.uploader, v.label) for v in shorts}
    assert (len(shorts), len(longs), len({video.name for video in videos})) == (128, 16, 144)
    assert set(LOOKS) == {video.uploader for video in longs}
    assert set(LABELS) == {video.label for video in longs}
    assert max(Counter(video.label for video in longs).values()) == 2
    assert all(45 <= video.shots[0].frames <= 68 for video in shorts)
    assert all(video.frames > 20 * FRAME_RATE_HZ for video in longs)
    assert all(len({shot.backdrop for shot in video.shots}) == 3 for video in longs)


def test_half_of_every_class_carries_effects_and_hints_tell_only_what_a_person_notes() -> None:
    videos = plan(0)
    carrying = Counter(video.label for video in videos if video.effects and len(video.shots) == 1)
    assert dict.fromkeys(LABELS, 8) == carrying
    kinds = {kind for video in videos for kind in video.effects}
    assert {"text", "sticker", "bars", "bw", "duotone"} == kinds
    for video in videos:
        told = set(video.hint.split("|")) - {"", "none"}
        assert told <= set(video.effects) - {"bars", "bw"}
        assert video.hint != "none" or not video.effects


@pytest.mark.parametrize("label", ["Glide Left", "Slide Left"])
def test_a_travelling_figure_is_its_own_mirror_image(label: str) -> None:
    for phase in PHASES:
        points = joints(label, phase)
        for name in ("shoulder", "elbow", "hand", "hip", "knee", "foot"):
            np.testing.assert_allclose(points[f"right {name}"] * [-1, 1], points[f"left {name}"], atol=1e-12)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_pair_starts_alike_and_parts_by_its_motion(seed: int) -> None:
    for kind in ("Glide", "Slide"):
        left, right = skaters(f"{kind} Left", seed=seed), skaters(f"{kind} Right", seed=seed)
        np.testing.assert_array_equal(left[0], right[0])
        assert shift(left) < 0 < shift(right)


def test_bars_are_one_colour_to_the_edge_and_bw_has_no_colour() -> None:
    look, size = LOOKS["mira.moves"], (256, 144)
    picture = np.random.default_rng(0).integers(0, 256, (144, 256, 3)).astype(np.uint8)
    barred = editor(["bars"], look=look, seed=1, size=size)(picture.copy(), 0.5)
    corner = barred[:9, :9].reshape(-1, 3)
    assert len(np.unique(corner, axis=0)) == 1
    grey = editor(["bw"], look=look, seed=1, size=size)(picture.copy(), 0.5)
    assert int(np.ptp(grey, axis=2).max()) == 0


def test_a_card_is_still_and_comes_before_the_first_shot() -> None:
    video = next(video for video in plan(0) if video.title)
    assert video.title is not None
    pictures = draw(video)
    card = [next(pictures) for _ in range(video.title.frames)]
    assert all(np.array_equal(card[0], picture) for picture in card)
    assert not np.array_equal(card[0], next(pictures))


def test_an_odd_size_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="even width and height, got 15x10"):
        write_video(tmp_path / "odd.mp4", [np.zeros((10, 15, 3), np.uint8)], frame_rate_hz=15)
    assert list(tmp_path.iterdir()) == []


def test_render_keeps_what_is_whole_and_draws_anew_for_another_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("examples.demo.render.plan", lambda seed: [tiny(v) for v in planning.plan(seed)[:2]])
    monkeypatch.setattr("examples.demo.render.cut_short", lambda seed: tiny(planning.cut_short(seed)))
    drawn = [*render(tmp_path, seed=0, workers=1), planning.cut_short(0)]
    names = sorted(f"{video.name}.mp4" for video in drawn)
    first = {path.name: path.read_bytes() for path in (tmp_path / "videos").iterdir()}
    assert names == sorted(first)
    (tmp_path / "videos" / names[0]).unlink()
    (tmp_path / "videos" / f".{names[0]}.x.part").write_bytes(b"interrupted")
    kept = (tmp_path / "videos" / names[1]).stat().st_mtime_ns
    render(tmp_path, seed=0, workers=1)
    assert first == {path.name: path.read_bytes() for path in (tmp_path / "videos").iterdir()}
    assert kept == (tmp_path / "videos" / names[1]).stat().st_mtime_ns
    render(tmp_path, seed=1, workers=1)
    assert first[f"{CUT_SHORT}.mp4"] != (tmp_path / "videos" / f"{CUT_SHORT}.mp4").read_bytes()


def test_sources_list_every_video_two_ranges_and_three_broken_links() -> None:
    videos = plan(0)
    rows = list(csv.DictReader(io.StringIO(sources_csv(videos, base_url="http://x"))))
    assert list(COLUMNS) == list(rows[0])
    assert len(videos) + 3 == len({row["url"] for row in rows})
    assert sum(bool(row["start"] and row["end"]) for row in rows) == 2
    broken = ["http://x/videos/removed.mp4", f"http://x/videos/{CUT_SHORT}.mp4", "http://x/watch/about.html"]
    assert broken == [row["url"] for row in rows[-3:]]
    assert all(row["label"] in LABELS and row["group"] in LOOKS and row["licence"] for row in rows)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[http.client.HTTPConnection]:
    """A connection to a server with one good file and the one that is cut short."""
    (tmp_path / "videos").mkdir()
    for name in ("good", CUT_SHORT):
        (tmp_path / "videos" / f"{name}.mp4").write_bytes(bytes(range(200)))
    with serve(tmp_path, 0) as url:
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=5)
        yield connection
        connection.close()


def test_the_server_sends_files_ranges_and_headers(site: http.client.HTTPConnection) -> None:
    site.request("GET", "/videos/good.mp4")
    answer = site.getresponse()
    assert (answer.status, answer.headers["Content-Type"]) == (200, "video/mp4")
    assert bytes(range(200)) == answer.read()
    site.request("GET", "/videos/good.mp4", headers={"Range": "bytes=10-19"})
    answer = site.getresponse()
    assert (answer.status, answer.headers["Content-Range"]) == (206, "bytes 10-19/200")
    assert bytes(range(10, 20)) == answer.read()
    site.request("GET", "/videos/good.mp4", headers={"Range": "bytes=200-"})
    answer = site.getresponse()
    assert (answer.status, answer.read()) == (416, b"")
    site.request("HEAD", "/videos/good.mp4")
    answer = site.getresponse()
    assert (answer.status, answer.headers["Content-Length"], answer.read()) == (200, "200", b"")


def test_the_server_has_no_removed_video_and_a_page_without_one(site: http.client.HTTPConnection) -> None:
    site.request("GET", "/videos/removed.mp4")
    answer = site.getresponse()
    answer.read()
    assert answer.status == 404
    site.request("GET", "/watch/about.html")
    answer = site.getresponse()
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.read().startswith(b"<!doctype html>")


@pytest.mark.parametrize(("asked", "got"), [(None, 100), ("bytes=50-", 50), ("bytes=150-", 0)])
def test_the_server_drops_the_cut_video_at_half_every_time(
    site: http.client.HTTPConnection, asked: str | None, got: int
) -> None:
    site.request("GET", f"/videos/{CUT_SHORT}.mp4", headers={"Range": asked} if asked else {})
    answer = site.getresponse()
    with pytest.raises(http.client.IncompleteRead) as drop:
        answer.read()
    assert got == len(drop.value.partial)
