"""Logins, signatures and folders of this machine stay in the workspace, and do not make two sources of one file."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from drawing import moving
from faults.server import FaultServer
from releasing import curate as run
from releasing import ready

from curate.release.rebuild import rebuild
from slateboard.catalog.catalog import open_catalog
from slateboard.cli import main
from slateboard.files import digest
from slateboard.records.source import Source, State, source_id
from slateboard.steps.init import COLUMNS
from slateboard.workspace import Workspace

# yt-dlp leaves the socket of a failed download to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

URLS = (
    "http://me:PASSWORD@127.0.0.1:9/0.mp4?token=SECRET&v=1",
    "http://127.0.0.1:9/1.mp4?X-Amz-Signature=SECRET",
    "/home/PRIVATE/one/v.mp4",
    "/home/PRIVATE/two/v.mp4",
    "http://127.0.0.1:9/4.mp4?v=4",
    "../PRIVATE/5.mp4",
)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace of signed, local and plain addresses, ready to be released; one source failed and says where."""
    workspace = ready(tmp_path_factory.mktemp("private") / "w", clips=6, urls=URLS)
    with open_catalog(workspace.catalog) as catalog:
        failed = Source(
            source_id="failed", line=99, url="http://me:PASSWORD@127.0.0.1:9/gone.mp4?sig=SECRET", label="High Kick",
            group="http://me:PASSWORD@127.0.0.1:9/gone.mp4?sig=SECRET", licence="see /home/PRIVATE/licence.txt",
        )  # fmt: skip
        catalog.list_sources([*catalog.sources(), failed])
        (listed,) = [one for one in catalog.sources() if one.line == 99]
        reason = "HTTP Error 404 at http://me:PASSWORD@127.0.0.1:9/gone.mp4?sig=SECRET, kept in /home/PRIVATE/x.part"
        catalog.set_states([listed.model_copy(update={"state": State.GONE, "reason": reason})])
    return workspace.root


@pytest.fixture
def private(template: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(template, tmp_path / "w")
    return Workspace(tmp_path / "w")


def _words(folder: Path) -> str:
    """Return everything that a folder holds, tables as they are read."""
    texts = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if path.suffix == ".parquet":
            texts.append(json.dumps(pd.read_parquet(path).to_dict("list"), default=str))
        texts.append(path.read_bytes().decode("latin-1"))
    return "\n".join(texts)


def test_a_release_and_its_list_hold_nothing_private_and_say_what_they_lack(
    private: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["curate", "release", "-w", str(private.root)]) == 0
    for version in ("v1", "v1-list"):
        words = _words(private.releases / version)
        assert re.findall("PASSWORD|SECRET|PRIVATE|me:", words) == []
        assert str(private.root) not in words
    assert "6 addresses are given without their login, signature or folder" in capsys.readouterr().err
    sources = pd.read_csv(private.releases / "v1" / "sources.csv", keep_default_na=False).set_index("source_id")
    shown = {url: sources.loc[source_id(url, None, None)] for url in URLS}
    assert shown[URLS[0]]["url"] == "http://127.0.0.1:9/0.mp4?v=1"
    assert shown[URLS[4]][["url", "withheld"]].to_list() == [URLS[4], ""]
    assert [shown[url]["withheld"] for url in URLS[:4]] == ["login or signature"] * 2 + ["folder"] * 2
    assert shown[URLS[5]]["url"] == "5.mp4"
    assert sources.loc["failed", "reason"] == ("HTTP Error 404 at http://127.0.0.1:9/gone.mp4, kept in x.part")


def test_two_files_of_one_name_stay_two_addresses(private: Workspace) -> None:
    run(private, "release")
    clips = pd.read_csv(private.releases / "v1" / "clips.csv")
    local = [url for url in clips["source_url"] if url.endswith("/v.mp4")]
    assert len(set(local)) == len(local) == 2


def test_a_release_of_plain_addresses_is_the_one_it_always_was(tmp_path: Path) -> None:
    workspace = ready(tmp_path / "w", clips=4)
    run(workspace, "release")
    header = (workspace.releases / "v1" / "sources.csv").read_text().partition("\n")[0]
    assert header == "source_id,url,label,start_s,end_s,group,licence,effects,state,reason,media_id"


def test_a_rebuild_says_that_an_address_needs_credentials(private: Workspace, tmp_path: Path) -> None:
    run(private, "release")
    elsewhere = Workspace(tmp_path / "elsewhere")
    elsewhere.root.mkdir()
    shutil.copy(private.root / "slateboard.toml", elsewhere.root)
    recipe = private.releases / "v1-list" / "recipe.toml"
    done = rebuild(elsewhere, recipe, into=elsewhere.root / "again", workers=1)
    reasons = {one.item: one.reason for one in done.differences if one.what == "source"}
    assert len(reasons) == 6
    for url in URLS:
        assert ("needs credentials" in reasons[source_id(url, None, None)]) == (url != URLS[4])
    assert re.findall("PASSWORD|SECRET|PRIVATE", _words(elsewhere.root)) == []


def test_a_takedown_finds_every_signature_of_an_address(private: Workspace) -> None:
    run(private, "takedown http://127.0.0.1:9/1.mp4?X-Amz-Signature=OTHER --reason http://me:PASSWORD@host/x")
    (record,) = private.taken_down()
    assert [*record.sources] == [source_id(URLS[1], None, None)]
    assert record.reason == "http://host/x"


@pytest.fixture
def site(draw: Callable[..., Path]) -> Iterator[FaultServer]:
    server = FaultServer(draw("served.mp4", moving(20)).read_bytes())
    yield server
    server.close()


def _fetched(workspace: Workspace, lines: str) -> list[Source]:
    workspace.sources.write_text(COLUMNS + lines)
    assert main(["curate", "fetch", "-w", str(workspace.root), "--quiet", "--debug"]) == 0
    with open_catalog(workspace.catalog) as catalog:
        return catalog.sources()


@pytest.fixture
def fetching(workspace: Workspace) -> Workspace:
    unhurried = "sleep_requests_seconds = 0\nsleep_interval_seconds = 0\nmax_sleep_interval_seconds = 0\n"
    with (workspace.root / "slateboard.toml").open("a") as file:
        file.write(unhurried)
        if "allow_private" in type(workspace.settings.fetch).model_fields:
            file.write("allow_private = true\n")
    return Workspace(workspace.root)


def test_pieces_of_one_file_under_two_signatures_share_one_download(fetching: Workspace, site: FaultServer) -> None:
    address = f"{site.url}/good.mp4"
    sources = _fetched(fetching, f"{address}?token=1,Squat,0,0.5,,,,\n{address}?token=2,Squat,0.5,1,,,,\n")
    assert [one.state for one in sources] == [State.FETCHED] * 2
    assert len({one.media_id for one in sources}) == 1
    assert set(site.asked) == {"/good.mp4?token=2"}


def test_a_renewed_signature_is_the_same_source_and_is_asked_for_when_it_is_tried_again(
    fetching: Workspace, site: FaultServer
) -> None:
    (before,) = _fetched(fetching, f"{site.url}/403.mp4?token=1,Squat,,,,,,\n")
    assert before.state == State.BLOCKED
    (after,) = _fetched(fetching, f"{site.url}/403.mp4?token=2,Squat,,,,,,\n")
    assert (after.source_id, after.state) == (before.source_id, State.BLOCKED)
    assert after.url.endswith("token=2")
    assert main(["curate", "fetch", "--retry", "blocked", "-w", str(fetching.root), "--quiet"]) == 0
    assert site.asked[-1] == "/403.mp4?token=2"


def test_one_file_under_two_signatures_is_one_row_of_the_list(
    fetching: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    fetching.sources.write_text(COLUMNS + "http://h/v.mp4?sig=1,Squat,,,,,,\nhttp://me:x@h/v.mp4,Squat,,,,,,\n")
    assert main(["curate", "fetch", "-w", str(fetching.root)]) == 2
    assert "repeats line 2" in capsys.readouterr().err


def test_a_catalog_of_before_keeps_the_ids_and_states_of_its_signed_sources(fetching: Workspace) -> None:
    url = "http://127.0.0.1:9/v.mp4?token=1"
    earlier = digest([url, None, None], length=12)
    with open_catalog(fetching.catalog) as catalog:
        catalog.list_sources([Source(source_id=earlier, line=2, url=url, label="Squat")])
        catalog.set_states([catalog.sources()[0].model_copy(update={"state": State.GONE})])
        assert (
            catalog.list_sources([Source(source_id=source_id(url, None, None), line=3, url=f"{url}2", label="Squat")])
            == []
        )
        (source,) = catalog.sources()
    assert (source.source_id, source.state, source.line, source.url) == (earlier, State.GONE, 3, f"{url}2")


def test_a_report_of_links_and_the_status_show_no_credentials(
    fetching: Workspace, site: FaultServer, capsys: pytest.CaptureFixture[str]
) -> None:
    _fetched(fetching, f"{site.url}/404.mp4?token=SECRET,Squat,,,,,,\n{site.url}/good.mp4?sig=SECRET,Squat,,,,,,\n")
    assert main(["curate", "check-links", "-w", str(fetching.root)]) == 0
    assert main(["curate", "status", "--all", "-w", str(fetching.root)]) == 0
    table = (fetching.root / "link_rot.csv").read_text()
    out, err = capsys.readouterr()
    assert "/404.mp4" in table and "/404.mp4" in out
    assert "SECRET" not in table + out + err
