"""Fetching: each source ends in one state, with the reason kept; nothing is fetched twice."""

import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from drawing import moving
from faults.server import FaultServer

from curate.fetching.suffixes import media_suffix
from slateboard.catalog.catalog import open_catalog
from slateboard.cli import main
from slateboard.records.release import Takedown
from slateboard.records.source import Source, State
from slateboard.steps.init import COLUMNS
from slateboard.workspace import Workspace

# yt-dlp leaves the socket of a failed download to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

UNHURRIED = """name = "tiny"
[fetch]
backoff_seconds = 0
timeout_seconds = 5
sleep_requests_seconds = 0
allow_private = true
sleep_interval_seconds = 0
max_sleep_interval_seconds = 0
"""


@pytest.fixture
def video(draw: Callable[..., Path]) -> bytes:
    return draw("served.mp4", moving(20)).read_bytes()


@pytest.fixture
def site(video: bytes) -> Iterator[FaultServer]:
    server = FaultServer(video)
    yield server
    server.close()


def _begin(workspace: Workspace, *addresses: str, more: str = "") -> list[str]:
    (workspace.root / "slateboard.toml").write_text(UNHURRIED + more)
    workspace.sources.write_text(COLUMNS + "".join(f"{address},Squat,,,,,,\n" for address in addresses))
    return ["curate", "fetch", "-w", str(workspace.root), "--quiet", "--debug"]


def _sources(workspace: Workspace) -> dict[str, Source]:
    with open_catalog(workspace.catalog) as catalog:
        return {source.url.rpartition("/")[2]: source for source in catalog.sources()}


def _tries(workspace: Workspace) -> dict[str, list[State]]:
    with open_catalog(workspace.catalog) as catalog:
        sources = catalog.sources()
        return {
            source.url.rpartition("/")[2]: [attempt.state for attempt in catalog.attempts(source.source_id)]
            for source in sources
        }


def test_done_sources_are_not_fetched_again_and_failed_ones_only_when_asked(
    workspace: Workspace, site: FaultServer
) -> None:
    command = _begin(workspace, f"{site.url}/good.mp4", f"{site.url}/404.mp4")
    assert main(command) == 0
    asked = len(site.asked)
    assert main(command) == 0
    assert len(site.asked) == asked
    assert main([*command, "--retry", "gone"]) == 0
    assert site.asked[asked:] == ["/404.mp4"]
    assert main([*command[:-1], "--retry", "lost"]) == 2


def test_every_attempt_is_kept_with_its_reason(workspace: Workspace, site: FaultServer) -> None:
    assert main(_begin(workspace, f"{site.url}/flaky.mp4", f"{site.url}/503.mp4", f"{site.url}/404.mp4")) == 0
    assert _tries(workspace) == {
        "flaky.mp4": [State.NETWORK, State.FETCHED],
        "503.mp4": [State.NETWORK] * 3,
        "404.mp4": [State.GONE],
    }
    sources = _sources(workspace)
    assert "HTTP Error 404" in (sources["404.mp4"].reason or "")
    assert sources["flaky.mp4"].reason is None


def test_a_download_that_broke_off_goes_on_where_it_ended_in_another_process(
    workspace: Workspace, site: FaultServer
) -> None:
    command = _begin(workspace, f"{site.url}/drop.mp4", more="tries = 1\n")
    assert main(command) == 0
    assert _sources(workspace)["drop.mp4"].state == State.TRUNCATED
    assert main([*command, "--retry", "truncated"]) == 0
    assert _sources(workspace)["drop.mp4"].state == State.FETCHED
    first, second = site.ranges
    assert first is None and second is not None and 0 < int(second[6:-1]) <= len(site.video) // 2
    (media,) = workspace.media.glob("*.mp4")
    assert media.read_bytes() == site.video
    assert not (workspace.media / ".incoming").exists()


def test_the_same_bytes_from_elsewhere_are_a_duplicate(workspace: Workspace, draw: Callable[..., Path]) -> None:
    path = draw("a.mp4", moving(20))
    (workspace.root / "b.mp4").write_bytes(path.read_bytes())
    workspace.sources.write_text(COLUMNS + "a.mp4,Squat,,,,,,\nb.mp4,Squat,,,,,,\na.mp4,Squat,0,1,,,,\n")
    assert main(["curate", "fetch", "-w", str(workspace.root), "--quiet"]) == 0
    with open_catalog(workspace.catalog) as catalog:
        states = [(source.line, source.state, source.reason) for source in catalog.sources()]
    assert states == [
        (2, State.FETCHED, None),
        (3, State.DUPLICATE, "same file and window as line 2 (a.mp4)"),
        (4, State.FETCHED, None),
    ]
    assert len(list(workspace.media.glob("*.mp4"))) == 1


def test_the_earlier_line_keeps_the_file_whichever_ends_first(workspace: Workspace, site: FaultServer) -> None:
    addresses = [f"{site.url}/{name}.mp4" for name in ("flaky-1", "good-1", "good-2")]
    command = _begin(workspace, *addresses, more="workers_per_host = 4\n")
    # The first line fails once and comes back when the others have long ended.
    settings = workspace.root / "slateboard.toml"
    settings.write_text(settings.read_text().replace("backoff_seconds = 0", "backoff_seconds = 1"))
    assert main(command) == 0
    sources = _sources(workspace)
    assert {name: source.state for name, source in sources.items()} == {
        "flaky-1.mp4": State.FETCHED, "good-1.mp4": State.DUPLICATE, "good-2.mp4": State.DUPLICATE,
    }  # fmt: skip
    assert {source.reason for source in sources.values()} == {None, f"same file and window as line 2 ({addresses[0]})"}


def test_another_part_of_a_video_that_lies_here_is_not_downloaded_again(
    workspace: Workspace, site: FaultServer
) -> None:
    command = _begin(workspace, f"{site.url}/good.mp4")
    assert main(command) == 0
    workspace.sources.write_text(workspace.sources.read_text() + f"{site.url}/good.mp4,Squat,0,1,,,,\n")
    asked = len(site.asked)
    assert main(command) == 0
    assert len(site.asked) == asked
    with open_catalog(workspace.catalog) as catalog:
        first, second = catalog.sources()
    assert (second.state, second.media_id, second.provenance) == (State.FETCHED, first.media_id, first.provenance)


def test_a_file_whose_decoding_failed_stays_failed_when_the_same_bytes_come_again(
    workspace: Workspace, site: FaultServer
) -> None:
    command = _begin(workspace, f"{site.url}/good.mp4")
    assert main(command) == 0
    with open_catalog(workspace.catalog) as catalog:
        (source,) = catalog.sources()
        (media,) = catalog.media()
        catalog.analysed(media.model_copy(update={"frames": 3}), {})
        catalog.set_states([source.model_copy(update={"state": State.TRUNCATED, "reason": "ends after 3 frames"})])
    assert main([*command, "--retry", "truncated"]) == 0
    again = _sources(workspace)["good.mp4"]
    assert (again.state, again.reason) == (State.TRUNCATED, "ends after 3 frames")


def test_limits_hold_even_where_nothing_was_announced(workspace: Workspace, site: FaultServer) -> None:
    addresses = [f"{site.url}/endless.mp4", f"{site.url}/good.mp4"]
    assert main(_begin(workspace, *addresses, more="max_bytes = 1000000\nmax_seconds = 1\n")) == 0
    states = {name: source.state for name, source in _sources(workspace).items()}
    assert states == {"endless.mp4": State.TOO_LARGE, "good.mp4": State.TOO_LONG}
    assert list(workspace.media.iterdir()) == []


def test_a_long_retry_after_is_not_waited_for_but_asked_again_when_its_time_has_come(
    workspace: Workspace, video: bytes
) -> None:
    site = FaultServer(video, retry_after="3600")
    command = _begin(workspace, f"{site.url}/429after.mp4", f"{site.url}/good.mp4")
    try:
        assert main(command) == 0
        limited = _sources(workspace)["429after.mp4"]
        assert limited.state == State.RATE_LIMITED and limited.again_at is not None
        with open_catalog(workspace.catalog) as catalog:
            (attempt,) = catalog.attempts(limited.source_id)
            assert 3590 < (limited.again_at - attempt.at).total_seconds() < 3610
        assert _sources(workspace)["good.mp4"].state == State.FETCHED
        assert main(command) == 0
        assert site.count("429after.mp4") == 1
        with open_catalog(workspace.catalog) as catalog:
            catalog.set_states([limited.model_copy(update={"again_at": attempt.at})])
        assert main(command) == 0
        assert site.count("429after.mp4") == 2
    finally:
        site.close()


def test_a_host_is_left_alone_after_the_first_bot_wall_and_the_rest_is_counted(
    workspace: Workspace, site: FaultServer, video: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    other = FaultServer(video, host="127.0.0.2")
    addresses = [f"{site.url}/{name}.mp4" for name in ("good-1", "wall", "good-2", "good-3")]
    command = _begin(workspace, *addresses, f"{other.url}/good-4.mp4")
    try:
        assert main([*command, "--json"]) == 0
    finally:
        other.close()
    outcome = json.loads(capsys.readouterr().out)
    assert outcome["states"] == {"new": 2, "fetched": 1, "blocked": 1, "duplicate": 1}
    assert outcome["left_alone"]["127.0.0.1"]["addresses"] == 2
    assert "anti-bot" in outcome["left_alone"]["127.0.0.1"]["reason"]
    assert site.count("good-2.mp4") == 0


def test_provenance_names_no_person_unless_asked(workspace: Workspace, site: FaultServer) -> None:
    assert main(_begin(workspace, f"{site.url}/good.mp4")) == 0
    told = _sources(workspace)["good.mp4"].provenance or {}
    assert {"extractor": "Generic", "id": "good", "url": f"{site.url}/good.mp4", "format_id": "mp4"}.items() <= (
        told.items()
    )
    assert set(told["tools"]) == {"slateboard", "fetch"}
    assert not {"uploader", "title", "channel"} & set(told)


def test_a_source_that_is_no_longer_listed_is_not_fetched(workspace: Workspace, site: FaultServer) -> None:
    command = _begin(workspace, f"{site.url}/404.mp4", f"{site.url}/good.mp4")
    with open_catalog(workspace.catalog) as catalog:
        from curate.listing.sources import read_list

        catalog.list_sources(read_list(workspace))
    workspace.sources.write_text(COLUMNS + f"{site.url}/good.mp4,Squat,,,,,,\n")
    for _ in range(2):
        assert main(command) == 0
    assert {name: one.state for name, one in _sources(workspace).items()} == {
        "404.mp4": State.NEW, "good.mp4": State.FETCHED,
    }  # fmt: skip


def test_odd_files_end_in_a_state_and_the_batch_goes_on(workspace: Workspace, realdata: Path) -> None:
    files = sorted(path for path in (realdata / "odd").iterdir() if path.suffix not in (".csv", ".md"))
    workspace.sources.write_text(COLUMNS + "".join(f"{path},Squat,,,,,,\n" for path in files))
    assert main(["curate", "fetch", "--allow-local", "-w", str(workspace.root), "--quiet", "--debug"]) == 0
    states = {name: source.state for name, source in _sources(workspace).items()}
    assert {name: state for name, state in states.items() if state != State.FETCHED} == {
        "made_truncated_no_moov.mp4": State.CORRUPT,
        "no_video_stream.mp4": State.NOT_VIDEO,
        "zero_byte.mp4": State.CORRUPT,
    }


def test_a_copy_that_a_kill_cut_off_is_removed(workspace: Workspace, draw: Callable[..., Path]) -> None:
    draw("a.mp4", moving(20))
    workspace.media.mkdir()
    (workspace.media / ".aaaa.mp4.x1y2.part").write_bytes(b"half")
    assert main(_begin(workspace, "a.mp4")) == 0
    assert [path.suffix for path in workspace.media.iterdir()] == [".mp4"]


def test_a_playlist_in_the_list_brings_no_other_file_here(workspace: Workspace, draw: Callable[..., Path]) -> None:
    draw("private.mp4", moving(20))
    (workspace.root / "a.m3u8").write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nprivate.mp4\n#EXT-X-ENDLIST\n"
    )
    (workspace.root / "b.mkv").write_text("ffconcat version 1.0\nfile private.mp4\n")
    assert main(_begin(workspace, "a.m3u8", "b.mkv")) == 0
    assert {name: (source.state, source.reason) for name, source in _sources(workspace).items()} == {
        name: (State.NOT_VIDEO, f"{name} is a playlist, which names other files, no video.")
        for name in ("a.m3u8", "b.mkv")
    }
    assert not list(workspace.media.glob("*.*"))


def test_a_file_that_ends_early_in_decoding_is_truncated_though_it_was_fetched(
    workspace: Workspace, realdata: Path
) -> None:
    workspace.sources.write_text(COLUMNS + f"{realdata / 'odd' / 'made_truncated_faststart.mp4'},Squat,,,,,,\n")
    for step in (["fetch", "--allow-local"], ["analyse"]):
        assert main(["curate", *step, "-w", str(workspace.root), "--quiet", "--debug"]) == 0
    assert _sources(workspace)["made_truncated_faststart.mp4"].state == State.TRUNCATED


def test_settings_name_no_cookies_file_outside_the_workspace_but_the_environment_may(
    workspace: Workspace,
    site: FaultServer,
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secret = tmp_path_factory.mktemp("elsewhere") / "cookies.txt"
    secret.write_text("# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\ta\tSECRET\n")
    (workspace.root / "linked.txt").symlink_to(secret)
    for name in (str(secret), os.path.relpath(secret, workspace.root), "linked.txt"):
        command = _begin(workspace, f"{site.url}/good.mp4", more=f'cookies = "{name}"\n')
        for step in (command[:-1], ["curate", "check-links", "-w", str(workspace.root)]):
            assert main(step) == 2
            said = capsys.readouterr().err
            assert "export SLATEBOARD_FETCH__COOKIES=/path/to/cookies.txt" in said and "SECRET" not in said
    command = _begin(workspace, f"{site.url}/good.mp4")
    monkeypatch.setenv("SLATEBOARD_FETCH__COOKIES", str(secret))
    assert main(command) == 0
    assert _sources(workspace)["good.mp4"].state == State.FETCHED


def test_a_cookies_file_of_another_kind_is_refused_before_anything_is_asked(
    workspace: Workspace, site: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    command = _begin(workspace, f"{site.url}/good.mp4", more='cookies = "cookies.txt"\n')
    (workspace.root / "cookies.txt").write_text('{"cookies": []}')
    assert main(command[:-1]) == 2
    assert "Netscape" in capsys.readouterr().err
    (workspace.root / "cookies.txt").write_text("# Netscape HTTP Cookie File\n127.0.0.1\tFALSE\t/\tFALSE\t0\ta\tb\n")
    before = (workspace.root / "cookies.txt").read_bytes()
    assert main(command) == 0
    assert _sources(workspace)["good.mp4"].state == State.FETCHED
    assert (workspace.root / "cookies.txt").read_bytes() == before


def test_what_was_taken_down_is_not_fetched_again_from_any_address(
    workspace: Workspace, site: FaultServer, video: bytes
) -> None:
    words = _begin(workspace, f"{site.url}/good.mp4")
    assert main(words) == 0
    with open_catalog(workspace.catalog) as catalog:
        source = catalog.sources()[0]
        (workspace.root / catalog.media()[0].path).unlink()
        catalog.take_down([source], reason="asked")
    Takedown(
        takedown_id="t", at=datetime(2026, 11, 21, tzinfo=UTC), reason="asked", sources={source.source_id: 0},
        media={source.media_id or "": "media/x.mp4"}, clips={}, versions=(), alike=(), done=True,
    ).write(workspace.takedowns / "t.json")  # fmt: skip
    _begin(workspace, f"{site.url}/good.mp4", f"{site.url}/good-2.mp4")
    workspace.sources.write_text(workspace.sources.read_text() + f"{site.url}/good.mp4,Squat,0,1,,,,\n")
    assert main(words) == 0
    with open_catalog(workspace.catalog) as catalog:
        assert [one.state for one in catalog.sources()] == [State.TAKEN_DOWN] * 3
        assert catalog.media() == []
    assert list(workspace.media.glob("*.mp4")) == []
    assert main([*words, "--retry", "taken_down"]) == 2


def test_a_name_with_an_ending_longer_than_file_names_may_be_is_fetched_under_its_containers(
    workspace: Workspace, draw: Callable[..., Path]
) -> None:
    video = draw("good.mp4", moving(20))
    names = [f"St. {'x' * 200}", "Mr. Jump 3", "none", "two.MOV"]
    for seed, name in enumerate(names):
        draw(f"{seed}.mp4", moving(20, seed=seed + 1)).rename(video.with_name(name))
    listed = [*names, "good.mp4"]
    workspace.sources.write_text(COLUMNS + "".join(f"{name},Squat,,,,,,\n" for name in listed))
    assert main(["curate", "fetch", "-w", str(workspace.root), "--quiet", "--debug"]) == 0
    with open_catalog(workspace.catalog) as catalog:
        states = {source.url: source.state for source in catalog.sources()}
        paths = {media.path.partition(".")[2] for media in catalog.media()}
    assert states == dict.fromkeys(listed, State.FETCHED)
    assert paths == {"mp4", "mov"}
    assert sorted(path.suffix for path in workspace.media.iterdir()) == [".mov", *[".mp4"] * 4]


@pytest.mark.parametrize(
    ("name", "container", "kept"),
    [
        ("a.MP4", "mov,mp4,m4a,3gp,3g2,mj2", ".mp4"),
        ("a.jump 3", "mov,mp4,m4a,3gp,3g2,mj2", ".mp4"),
        ("a", "matroska,webm", ".mkv"),
        ("a.exe", "avi", ".avi"),
        ("a.php", "some_demuxer_of_tomorrow", ".video"),
    ],
)
def test_an_original_bears_an_ending_of_a_container(name: str, container: str, kept: str) -> None:
    assert media_suffix(name, container) == kept
