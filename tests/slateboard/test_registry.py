"""Extensions are found by file name, and what is wrong with one is said plainly."""

import ast
import re
import sys
import tomllib
from pathlib import Path
from typing import Protocol

import pytest

from slateboard import registry
from slateboard.errors import BadInput, MissingRequirement, SlateboardError
from slateboard.packages import distribution_of
from slateboard.promises import BrokenPromise
from slateboard.registry import Card, Extension, Parameter, Registry, folder_of, kinds

ROOT = Path(__file__).parents[2]


class AnimalModule(Extension, Protocol):
    @property
    def LEGS(self) -> int | None: ...

    def call(self, loudness: float, *, times: int) -> str: ...


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry[AnimalModule]:
    folder = tmp_path / "zoo" / "animals"
    folder.mkdir(parents=True)
    (tmp_path / "zoo" / "__init__.py").write_text('"""A zoo."""\n')
    (folder / "__init__.py").write_text('"""Animals, one file each."""\n')
    card = 'from slateboard.registry import Card\nCARD = Card("t", "s")\n'
    (folder / "cat.py").write_text(
        f'"""Cat."""\n{card}LEGS = 4\ndef call(volume, *, times, at="night"): return times * "meow"\n'
    )
    (folder / "mute.py").write_text(f'"""Mute."""\n{card}LEGS = None\n')
    (folder / "wrong.py").write_text('"""Wrong."""\nCARD = None\nLEGS = "four"\ndef call(loudness): return "?"\n')
    (folder / "exotic.py").write_text('"""Exotic."""\nimport no_such_package_anywhere\n')
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "FOLDER", tmp_path)
    for name in [name for name in sys.modules if name.startswith("zoo")]:
        monkeypatch.delitem(sys.modules, name)
    return Registry("zoo.animals", AnimalModule)


def test_names_come_from_files_without_importing_them(shelf: Registry[AnimalModule]) -> None:
    assert (shelf.kind, shelf.names()) == ("animals", ["cat", "exotic", "mute", "wrong"])
    assert "zoo.animals.cat" not in sys.modules


def test_a_broken_sibling_does_not_break_the_rest(shelf: Registry[AnimalModule]) -> None:
    assert shelf.load("cat").call(1.0, times=2) == "meowmeow"


def test_a_near_miss_is_named(shelf: Registry[AnimalModule]) -> None:
    with pytest.raises(SlateboardError, match=r"Unknown animals name 'cta'. Did you mean 'cat'\?"):
        shelf.load("cta")


def test_a_missing_extra_says_what_to_install(shelf: Registry[AnimalModule]) -> None:
    with pytest.raises(MissingRequirement, match="pip install no-such-package-anywhere"):
        shelf.load("exotic")


def test_a_missing_module_is_named_by_what_brings_it() -> None:
    table = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["deptry"]["package_module_name_map"]
    assert {module: distribution_of(module) for module in table.values()} == {
        module: distribution for distribution, module in table.items()
    }
    assert distribution_of("cv2.typing") == "opencv-python-headless"


def test_a_broken_promise_is_named(shelf: Registry[AnimalModule]) -> None:
    with pytest.raises(BrokenPromise) as caught:
        shelf.load("mute")
    (problem,) = caught.value.problems
    assert Path(problem.where).name == "mute.py"
    assert problem.what == "does not define 'call'."
    assert problem.remedy == "Expected: def call(loudness: float, *, times: int) -> str (see docs/extending.md)."


def test_members_of_another_type_or_signature_are_all_named_with_what_is_expected(
    shelf: Registry[AnimalModule],
) -> None:
    with pytest.raises(BrokenPromise) as caught:
        shelf.load("wrong")
    assert [(problem.what, problem.remedy.partition(" (see")[0]) for problem in caught.value.problems] == [
        ("defines 'CARD' as None.", "Expected: CARD: Card"),
        ("defines 'LEGS' as 'four'.", "Expected: LEGS: int | None"),
        ("defines 'call(loudness)'.", "Expected: def call(loudness: float, *, times: int) -> str"),
    ]


def test_who_offers_a_wider_promise_is_known_without_an_error(shelf: Registry[AnimalModule]) -> None:
    assert [name for name in ("cat", "mute", "wrong") if shelf.offers(name)] == ["cat"]


def test_a_card_fills_in_defaults_and_names_every_wrong_parameter() -> None:
    card = Card("t", "s", {"width": Parameter(8, "-", "w"), "rate": Parameter(0.1, "-", "r")})
    assert card.settle({"rate": 1}, where="x") == {"width": 8, "rate": 1}
    with pytest.raises(BadInput) as caught:
        card.settle({"widht": 4, "rate": "fast"}, where="[baselines.x]")
    assert [str(problem) for problem in caught.value.problems] == [
        "[baselines.x]: unknown parameter 'widht'. Did you mean 'width'?",
        "[baselines.x]: 'rate' is 'fast'. Give a value of type float.",
    ]


FLOORS = {"slateboard": 0, "splits": 1, "leaderboards": 1, "curate": 2, "benchmark": 2}
"""Package -> its floor, as the import contracts of pyproject.toml have it."""
UPWARD = {
    ("slateboard/cli.py", "GROUPS"): "a command's first word names the package whose steps/ hold it",
    ("slateboard/__init__.py", "_API"): "`sb.divide` and its like: loaded when somebody asks for the name",
    ("slateboard/steps/ls.py", "kinds"): "`slateboard ls` shows extensions of every package",
}
"""Where the floor names modules of upper floors as strings, and why; nothing else may."""


def test_a_registry_names_a_folder_of_its_own_package_or_of_a_lower_floor() -> None:
    arrows = {}
    for path in (path for package in FLOORS for path in folder_of(package).rglob("*.py")):
        package = path.relative_to(ROOT).parts[0]
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(call, ast.Call) and ast.unparse(call.func).partition("[")[0] == "Registry":
                named = call.args[0].value if isinstance(call.args[0], ast.Constant) else None
                arrows[path.relative_to(ROOT).as_posix(), named] = package
    dynamic = {place for place, named in arrows if named is None}
    assert dynamic == {"slateboard/steps/ls.py"}
    wrong = [
        (place, named)
        for (place, named), package in arrows.items()
        if named and (top := named.partition(".")[0]) != package and FLOORS[top] >= FLOORS[package]
    ]
    assert wrong == []
    assert {named for _, named in arrows if named} == set(kinds().values())


def test_the_floor_names_modules_of_upper_floors_only_where_a_list_says_so() -> None:
    upper = re.compile(rf"(?:{'|'.join(name for name, floor in FLOORS.items() if floor)})(?:\.[a-z_]+)*")
    found = set()
    for path in folder_of("slateboard").rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            is_name = isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented
            if is_name and upper.fullmatch(node.value) and "." in node.value:
                found.add(path.relative_to(ROOT).as_posix())
    assert found <= {place for place, _ in UPWARD}
    for place, name in UPWARD:
        assert re.search(rf"\b{name}\b", (ROOT / place).read_text("utf-8")), f"{place} has no {name} any more"


def test_the_kinds_are_the_folders_that_say_so() -> None:
    assert {
        "importers",
        "analysers",
        "detectors",
        "effects",
        "protocols",
        "lists",
        "formats",
        "layouts",
        "samplers",
        "augmentations",
        "loggers",
        "baselines",
    } == set(kinds())
