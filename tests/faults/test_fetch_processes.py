"""A try that crashes, hangs or eats its process costs its source alone; the run ends, and nothing is left behind."""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from drawing import moving
from faults.server import FaultServer

from slateboard.catalog.catalog import open_catalog
from slateboard.records.source import State
from slateboard.steps.init import COLUMNS
from slateboard.workspace import Workspace

ROOT = Path(__file__).parents[2]
SETTINGS = """name = "processes"
[fetch]
workers = 2
workers_per_host = 8
backoff_seconds = 0
sleep_requests_seconds = 0
sleep_interval_seconds = 0
max_sleep_interval_seconds = 0
allow_private = true
"""

# What a fault inside yt-dlp, or inside a library below it, may do to its process.
PLUGIN = """
import ctypes, re, socket, subprocess, sys
from pathlib import Path
from yt_dlp.extractor.common import InfoExtractor

Path(__file__).with_name("loaded").touch()

class HostileIE(InfoExtractor):
    _VALID_URL = r"http://hostile\\.example\\.org/(?P<id>\\w+)"

    def _real_extract(self, url):
        kind = self._match_id(url)
        if kind == "crash":
            ctypes.string_at(0)
        if kind == "hang":
            # No thread of this process runs until it is done, in some centuries.
            re.match("(a+)+$", "a" * 60 + "b")
        if kind == "memory":
            return [bytearray(10_000_000) for _ in range(10_000)]
        if kind == "exit":
            sys.exit(0)
        if kind.startswith("connect"):
            socket.create_connection(("127.0.0.1", int(kind.removeprefix("connect")))).close()
        if kind == "program":
            subprocess.run(["true"])
        if kind == "words":
            raise ValueError(chr(0xD800) + chr(0) + "word " * 1_000_000)
        raise RuntimeError("no such thing")
"""


@pytest.fixture
def site(draw: Callable[..., Path]) -> Iterator[FaultServer]:
    server = FaultServer(draw("served.mp4", moving(20)).read_bytes())
    yield server
    server.close()


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    """A folder on Python's path with a plug-in of yt-dlp's."""
    folder = tmp_path / "python" / "yt_dlp_plugins" / "extractor"
    folder.mkdir(parents=True)
    (folder / "hostile.py").write_text(PLUGIN)
    return folder


class _Run:
    """`slateboard curate fetch`, and the processes that it starts: they bear a mark in their environment."""

    def __init__(self, workspace: Workspace, addresses: list[str], more: str = "", **environment: str) -> None:
        (workspace.root / "slateboard.toml").write_text(SETTINGS + more)
        workspace.sources.write_text(COLUMNS + "".join(f"{address},Squat,,,,,,\n" for address in addresses))
        self._workspace, self._mark = workspace, f"SLATEBOARD_MARK={uuid.uuid4()}".encode()
        words = [sys.executable, "-m", "slateboard", "curate", "fetch", "-w", str(workspace.root), "--quiet"]
        path = os.pathsep.join((str(workspace.root / "python"), str(ROOT)))
        name, _, value = self._mark.decode().partition("=")
        whole = {**os.environ, "PYTHONPATH": path, name: value, **environment}
        self.process = subprocess.Popen(words, cwd=ROOT, env=whole, stderr=subprocess.PIPE, text=True)

    def states(self) -> dict[str, tuple[State, str]]:
        """Wait for its end; return the last part of each address -> state and reason."""
        _, words = self.process.communicate(timeout=120)
        assert self.process.returncode == 0, words
        with open_catalog(self._workspace.catalog) as catalog:
            return {one.url.rpartition("/")[2]: (one.state, one.reason or "") for one in catalog.sources()}

    def left(self) -> list[bytes]:
        """Return the command lines of processes that it started and that are there, after a moment to end."""
        for _ in range(100):
            lines = [line for line in self._lines() if line]
            if not lines:
                return []
            time.sleep(0.1)
        return lines

    def _lines(self) -> Iterator[bytes]:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if self._mark in (folder / "environ").read_bytes():
                    yield (folder / "cmdline").read_bytes()
            except OSError:
                continue


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


@pytest.mark.timeout(300)
def test_what_a_fault_does_to_a_process_costs_one_source_its_try(
    workspace: Workspace, site: FaultServer, plugins: Path
) -> None:
    kinds = ("crash", "hang", "memory", "exit", "fault", "words")
    addresses = [f"http://hostile.example.org/{kind}" for kind in kinds]
    more = "plugins = true\ntry_seconds = 6\n[limits]\nmemory_bytes = 700_000_000\n"
    run = _Run(workspace, [*addresses, f"{site.url}/good.mp4"], more)
    ends = run.states()
    assert {name: state for name, (state, _) in ends.items()} == {
        "crash": State.ERROR, "hang": State.NETWORK, "memory": State.TOO_LARGE, "exit": State.ERROR,
        "fault": State.ERROR, "words": State.ERROR, "good.mp4": State.FETCHED,
    }  # fmt: skip
    words = {
        "words": "?",
        "crash": "SIGSEGV",
        "hang": "try_seconds = 6",
        "memory": "memory_bytes",
        "fault": "no such thing",
    }
    assert [name for name, word in words.items() if word not in ends[name][1]] == []
    assert run.left() == []


@pytest.mark.slow
def test_a_run_that_is_killed_leaves_no_process_even_where_one_hangs(
    workspace: Workspace, site: FaultServer, plugins: Path
) -> None:
    addresses = ["http://hostile.example.org/hang", f"{site.url}/stall.mp4"]
    run = _Run(workspace, addresses, "plugins = true\ntry_seconds = 8\n")
    while not site.asked:
        assert run.process.poll() is None
        time.sleep(0.05)
    run.process.kill()
    run.process.communicate(timeout=60)
    # One of them runs no code of its own any more: the system ends it, five seconds after try_seconds.
    if run.left():
        assert run.left() == []


def test_plug_ins_and_configuration_of_yt_dlp_are_left_alone_unless_asked_for(
    workspace: Workspace, site: FaultServer, plugins: Path, tmp_path: Path
) -> None:
    configuration = tmp_path / "home" / "yt-dlp"
    configuration.mkdir(parents=True)
    (configuration / "config").write_text("--proxy http://127.0.0.1:9\n")
    of_user = configuration / "plugins" / "mine" / "yt_dlp_plugins" / "extractor"
    of_user.mkdir(parents=True)
    (of_user / "hostile.py").write_text(PLUGIN)
    addresses = ["http://hostile.example.org/404", f"{site.url}/good.mp4"]
    proxy = f'proxy = "{site.url}"\n'
    ends = _Run(workspace, addresses, proxy, XDG_CONFIG_HOME=str(tmp_path / "home")).states()
    assert {name: state for name, (state, _) in ends.items()} == {"404": State.GONE, "good.mp4": State.FETCHED}
    assert not [folder for folder in (plugins, of_user) if (folder / "loaded").exists()]


def test_a_private_address_is_refused_by_default_and_the_remedy_is_named(
    workspace: Workspace, site: FaultServer
) -> None:
    ends = _Run(workspace, [f"{site.url}/good.mp4"], "", SLATEBOARD_FETCH__ALLOW_PRIVATE="false").states()
    state, reason = ends["good.mp4"]
    assert (state, "allow_private = true" in reason, site.asked) == (State.BLOCKED, True, [])


def test_a_proxy_of_this_machine_is_asked_though_its_network_is_not(workspace: Workspace, site: FaultServer) -> None:
    addresses = ["http://videos.example.org/good.mp4", f"http://videos.example.org/goto-1.mp4?{site.url}/good-2.mp4"]
    run = _Run(workspace, addresses, f'proxy = "{site.url}"\n', SLATEBOARD_FETCH__ALLOW_PRIVATE="false")
    assert [state for state, _ in run.states().values()] == [State.FETCHED, State.BLOCKED]


def test_a_run_that_is_told_to_stop_ends_what_hangs(workspace: Workspace, site: FaultServer, plugins: Path) -> None:
    addresses = ["http://hostile.example.org/hang", f"{site.url}/stall.mp4"]
    run = _Run(workspace, addresses, "plugins = true\ntry_seconds = 100\n")
    while not site.asked:
        assert run.process.poll() is None
        time.sleep(0.05)
    run.process.terminate()
    run.process.communicate(timeout=60)
    assert run.left() == []


def test_code_that_goes_round_the_handlers_is_kept_from_private_addresses_and_programs(
    workspace: Workspace, site: FaultServer, plugins: Path
) -> None:
    kinds = (f"connect{site.server.server_port}", "program")
    addresses = [f"http://hostile.example.org/{kind}" for kind in kinds]
    ends = _Run(workspace, addresses, "plugins = true\n", SLATEBOARD_FETCH__ALLOW_PRIVATE="false").states()
    assert [state for state, _ in ends.values()] == [State.BLOCKED, State.UNSUPPORTED]
    assert "allow_private = true" in ends[kinds[0]][1]
