"""A host that misbehaves in every known way: each source ends in its state, nothing hangs, the good ones arrive."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from drawing import moving
from faults.server import FaultServer

from slateboard.catalog.catalog import open_catalog
from slateboard.cli import main
from slateboard.records.source import Source, State
from slateboard.steps.init import COLUMNS
from slateboard.workspace import Workspace

# yt-dlp leaves the socket of a failed download to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

SETTINGS = """name = "faults"
[fetch]
workers = 12
workers_per_host = 6
backoff_seconds = 0.05
timeout_seconds = 0.7
try_seconds = 12
sleep_requests_seconds = 0
allow_private = true
sleep_interval_seconds = 0
max_sleep_interval_seconds = 0
max_bytes = 3_000_000
"""
ENDS = {
    "403": (State.BLOCKED, 1), "404": (State.GONE, 1), "410": (State.GONE, 1), "451": (State.BLOCKED, 1),
    "429": (State.RATE_LIMITED, 3), "429after": (State.RATE_LIMITED, 3), "500": (State.NETWORK, 3),
    "flaky": (State.DUPLICATE, 2), "stall": (State.NETWORK, 3), "drop": (State.DUPLICATE, 2),
    "lie": (State.TRUNCATED, 3), "html": (State.NOT_VIDEO, 1), "page": (State.NOT_VIDEO, 1), "loop": (State.ERROR, 1),
    "header": (State.NETWORK, 3), "lines": (State.NETWORK, 3), "endless": (State.TOO_LARGE, 1),
    "trickle": (State.NETWORK, 1), "broken": (State.CORRUPT, 2), "two": (State.UNSUPPORTED, 1),
    "book": (State.TOO_LARGE, 1), "full": (State.NETWORK, 3), "good-2": (State.DUPLICATE, 1),
}  # fmt: skip
"""Name -> state and number of attempts; the good ones are duplicates of the first line, whose bytes they are."""


@pytest.fixture
def hosts(draw: Callable[..., Path]) -> Iterator[list[FaultServer]]:
    video = draw("served.mp4", moving(20)).read_bytes()
    servers = [FaultServer(video, host=host) for host in ("127.0.0.1", "127.0.0.2")]
    yield servers
    for server in servers:
        server.close()


def _fetch(workspace: Workspace, addresses: list[str]) -> dict[str, tuple[State, int]]:
    (workspace.root / "slateboard.toml").write_text(SETTINGS)
    workspace.sources.write_text(COLUMNS + "".join(f"{address},Squat,,,,,,\n" for address in addresses))
    assert main(["curate", "fetch", "-w", str(workspace.root), "--quiet", "--debug"]) == 0
    with open_catalog(workspace.catalog) as catalog:
        tries = catalog.attempt_counts()
        return {one.url: (one.state, tries[one.source_id]) for one in catalog.sources() if _told(one)}


def _told(source: Source) -> bool:
    """A failure never loses its reason."""
    return source.state == State.FETCHED or bool(source.reason)


@pytest.mark.timeout(120)
def test_every_fault_ends_in_its_state_and_the_good_ones_beside_it_arrive(
    workspace: Workspace, hosts: list[FaultServer]
) -> None:
    first = f"{hosts[0].url}/good-1.mp4"
    names = {f"{host.url}/{name}.mp4": end for host in hosts for name, end in ENDS.items()}
    assert _fetch(workspace, [first, *names]) == {first: (State.FETCHED, 1), **names}
    assert len(list(workspace.media.glob("*.mp4"))) == 1


def test_every_fault_ends_the_same_with_one_worker(workspace: Workspace, hosts: list[FaultServer]) -> None:
    quick = {name: end for name, end in ENDS.items() if name not in ("stall", "trickle", "429after", "header", "lines")}
    names = {f"{hosts[0].url}/{name}.mp4": end for name, end in quick.items()}
    first = f"{hosts[0].url}/good-1.mp4"
    found = _fetch(workspace, [first, *names])
    assert found == {first: (State.FETCHED, 1), **names}


def test_a_host_that_is_down_is_a_network_failure_and_is_left_alone_after_ten(workspace: Workspace) -> None:
    # Port 9 (discard) is closed on any machine of this century.
    addresses = [f"http://127.0.0.3:9/{number}.mp4" for number in range(14)]
    one_by_one = SETTINGS.replace("workers_per_host = 6", "workers_per_host = 1").replace("0.05", "0")
    (workspace.root / "slateboard.toml").write_text(one_by_one)
    workspace.sources.write_text(COLUMNS + "".join(f"{address},Squat,,,,,,\n" for address in addresses))
    assert main(["curate", "fetch", "-w", str(workspace.root), "--quiet", "--debug"]) == 0
    with open_catalog(workspace.catalog) as catalog:
        assert catalog.source_counts() == {State.NETWORK: 10, State.NEW: 4}
