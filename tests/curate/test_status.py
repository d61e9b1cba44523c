"""Status counts every source once in each view; check-links tells what is lost and changes nothing."""

import csv
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from drawing import moving
from faults.server import FaultServer

from curate.fetching.links import Journal, rot_by_class
from slateboard.catalog.catalog import open_catalog
from slateboard.cli import main
from slateboard.records.failure import FailureRecord
from slateboard.records.source import State
from slateboard.steps.init import COLUMNS
from slateboard.workspace import Workspace

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

SETTINGS = """name = "tiny"
[fetch]
backoff_seconds = 0
tries = 2
sleep_requests_seconds = 0
allow_private = true
sleep_interval_seconds = 0
max_sleep_interval_seconds = 0
"""


@pytest.fixture
def site(draw: Callable[..., Path]) -> Iterator[FaultServer]:
    server = FaultServer(draw("served.mp4", moving(20)).read_bytes())
    yield server
    server.close()


@pytest.fixture
def fetched(workspace: Workspace, site: FaultServer) -> Workspace:
    """Two classes: a good one and a lost one on the web, a local file, and one that is gone."""
    (workspace.root / "slateboard.toml").write_text(SETTINGS)
    rows = [f"{site.url}/good.mp4,Squat", f"{site.url}/500.mp4,Squat", "served.mp4,Lunge", f"{site.url}/404.mp4,Lunge"]
    workspace.sources.write_text(COLUMNS + "".join(f"{row},,,,,,\n" for row in rows))
    assert main(["curate", "fetch", "-w", str(workspace.root), "--quiet", "--debug"]) == 0
    return workspace


def _json(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, object]:
    capsys.readouterr()
    assert main(["curate", *words, "--json", "--debug"]) == 0
    return json.loads(capsys.readouterr().out)  # type: ignore[no-any-return]


def test_status_counts_by_state_host_and_class(fetched: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    told = _json(capsys, "status", "-w", str(fetched.root))
    assert told == {
        "sources": {"fetched": 2, "gone": 1, "network": 1},
        "hosts": {"127.0.0.1": {"fetched": 1, "gone": 1, "network": 1}, "local": {"fetched": 1}},
        "classes": {"Lunge": {"fetched": 1, "gone": 1}, "Squat": {"fetched": 1, "network": 1}},
        "clips": {},
        "failures": {},
        "overlaps": 0,
        "shortened": [],
    }


def test_status_says_of_each_undone_source_why_and_how_often(
    fetched: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    undone = _json(capsys, "status", "--all", "-w", str(fetched.root))["undone"]
    assert isinstance(undone, list)
    assert [(row["line"], row["state"], row["attempts"], row["again"]) for row in undone] == [
        (3, "network", 2, "when asked: --retry"), (5, "gone", 1, "never"),
    ]  # fmt: skip
    assert main(["curate", "status", "--all", "-w", str(fetched.root)]) == 0
    shown = capsys.readouterr().out
    assert "2 attempts: " in shown and "HTTP Error 500" in shown and "fetch --retry network" in shown


def test_status_counts_what_stages_could_not_do_and_lists_it_when_asked(
    fetched: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    now = datetime(2026, 11, 30, tzinfo=UTC)
    one = FailureRecord(stage="join", item="m1 m2", code="memory", reason="too much", key="k", at=now)
    with open_catalog(fetched.catalog) as catalog:
        catalog.record_failures([one, one.model_copy(update={"stage": "trim", "item": "c1", "code": "died"})])
    assert _json(capsys, "status", "-w", str(fetched.root))["failures"] == {"join": 1, "trim": 1}
    assert _json(capsys, "status", "--all", "-w", str(fetched.root))["failed"] == [
        {**one.row(), "stage": stage, "item": item, "code": code}
        for stage, item, code in (("join", "m1 m2", "memory"), ("trim", "c1", "died"))
    ]
    assert main(["curate", "status", "--all", "-w", str(fetched.root)]) == 0
    shown = capsys.readouterr().out
    assert "2 items failed: 1 in join, 1 in trim" in shown and "join  m1 m2  memory: too much" in shown


def test_check_links_tells_rot_by_class_and_changes_no_state(
    fetched: Workspace, site: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_catalog(fetched.catalog) as catalog:
        before = catalog.sources()
        lost = [one for one in before if one.state == State.NETWORK]
        # As if it had been fetched before its host began to fail.
        catalog.set_states([one.model_copy(update={"state": State.FETCHED}) for one in lost])
        before = catalog.sources()
    told = _json(capsys, "check-links", "-w", str(fetched.root))
    none = {"checked": 0, "alive": 0, "gone": 0, "other": 0, "not_asked": 0}
    assert told == {
        "classes": {
            "Lunge": {**none, "checked": 1, "gone": 1, "gone_share": 1.0},
            "Squat": {**none, "checked": 2, "alive": 1, "other": 1, "gone_share": 0.0},
            "all": {**none, "checked": 3, "alive": 1, "gone": 1, "other": 1, "gone_share": 1 / 3},
        },
        "local": 1,
        "table": "link_rot.csv",
    }
    with (fetched.root / "link_rot.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["line"], row["state"], row["found"], row["verdict"]) for row in rows] == [
        ("2", "fetched", "alive", "alive"), ("3", "fetched", "network", "other"), ("5", "gone", "gone", "gone"),
    ]  # fmt: skip
    with open_catalog(fetched.catalog) as catalog:
        assert catalog.sources() == before


def test_a_check_that_was_killed_goes_on_with_what_it_had_not_asked(
    fetched: Workspace, site: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["curate", "check-links", "-w", str(fetched.root), "--quiet"]) == 0
    with (fetched.root / "link_rot.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    journal = Journal(fetched.root / ".link_rot.jsonl")
    journal.append({**rows[0], "line": 2})
    with (fetched.root / ".link_rot.jsonl").open("a") as file:
        file.write('\n{"source_id": "cut of')
    asked = len(site.asked)
    told = _json(capsys, "check-links", "-w", str(fetched.root))
    assert set(site.asked[asked:]) == {"/404.mp4"}
    assert told["classes"]["all"]["checked"] == 2  # type: ignore[index]
    assert not (fetched.root / ".link_rot.jsonl").exists()


def test_the_share_of_a_class_of_which_nothing_was_asked_is_unknown() -> None:
    assert rot_by_class([{"label": "a", "verdict": "not_asked"}])["a"]["gone_share"] is None
