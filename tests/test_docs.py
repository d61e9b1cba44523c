"""The documents agree with the code: reference pages, commands that are named, links."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from drawing import moving

from slateboard.cli import GROUPS
from slateboard.registry import folder_of, modules_in

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def test_the_reference_pages_are_what_the_code_says() -> None:
    done = subprocess.run(
        [sys.executable, "docs/reference.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    for group, word in re.findall(r"slateboard (curate|split|bench|board) ([a-z][a-z-]*)", text):
        steps = folder_of(GROUPS[group]) / "steps"
        assert word in modules_in(steps) or (steps / word).is_dir(), f"{page.name}: slateboard {group} {word}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_word_of_the_glossary_is_defined_in_the_file_that_it_names() -> None:
    page = ROOT / "docs" / "glossary.md"
    rows = re.findall(r"^\| (\w+) \| .+ \| \[[^]]+\]\(([^)]+)\) \| `(\w+)` \|$", page.read_text("utf-8"), re.MULTILINE)
    words = {"source", "media", "shot", "observation", "clip", "group", "release", "stream", "view", "twin"}
    assert words | {"certificate", "level"} <= {word for word, _, _ in rows}
    for word, path, name in rows:
        code = (page.parent / path).read_text("utf-8")
        assert re.search(rf"^(class {name}\b|def {name}\(|    {name}: )", code, re.MULTILINE), (
            f"{word}: {path} has no {name}"
        )


@pytest.mark.slow
def test_the_simulation_of_a_cluster_keeps_no_more_processors_busy_than_there_are(
    tmp_path: Path, draw: Callable[..., Path]
) -> None:
    (tmp_path / "videos").mkdir()
    draw("videos/0.mp4", moving(40, seed=0))
    options = [
        "--videos",
        "60",
        "--nodes",
        "2",
        "--processors",
        "1",
        "2",
        "--longer",
        "--out",
        str(tmp_path / "plot.png"),
    ]
    done = subprocess.run(
        [sys.executable, "docs/cluster.py", str(tmp_path / "videos"), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    runs = [json.loads(text) for text in re.findall(r"{.*}", done.stdout)]
    assert [run["processors"] for run in runs] == [2, 4]
    assert all(0 < run["busy_processors"] <= run["processors"] for run in runs)
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_the_changelog_has_this_version() -> None:
    from slateboard import __version__

    assert f"## {__version__}" in (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text("utf-8")
