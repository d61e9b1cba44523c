"""Extensions are found by file name, and what is wrong with one is said plainly."""

import sys
from pathlib import Path

import pytest

from slateboard import registry
from slateboard.errors import BadInput, MissingRequirement, SlateboardError
from slateboard.registry import Card, Parameter, Registry, kinds


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    folder = tmp_path / "zoo" / "animals"
    folder.mkdir(parents=True)
    (tmp_path / "zoo" / "__init__.py").write_text('"""A zoo."""\n')
    (folder / "__init__.py").write_text('"""Animals, one file each."""\n')
    (folder / "cat.py").write_text('"""Cat."""\nCARD = None\ndef call(): return "meow"\n')
    (folder / "mute.py").write_text('"""Mute."""\nCARD = None\n')
    (folder / "exotic.py").write_text('"""Exotic."""\nimport no_such_package_anywhere\n')
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "FOLDER", tmp_path)
    for name in [name for name in sys.modules if name.startswith("zoo")]:
        monkeypatch.delitem(sys.modules, name)
    return Registry("zoo.animals", ("CARD", "call"))


def test_names_come_from_files_without_importing_them(shelf: Registry) -> None:
    assert (shelf.kind, shelf.names()) == ("animals", ["cat", "exotic", "mute"])
    assert "zoo.animals.cat" not in sys.modules


def test_a_broken_sibling_does_not_break_the_rest(shelf: Registry) -> None:
    assert shelf.load("cat").call() == "meow"


def test_a_near_miss_is_named(shelf: Registry) -> None:
    with pytest.raises(SlateboardError, match=r"Unknown animals name 'cta'. Did you mean 'cat'\?"):
        shelf.load("cta")


def test_a_missing_extra_says_what_to_install(shelf: Registry) -> None:
    with pytest.raises(MissingRequirement, match="pip install no_such_package_anywhere"):
        shelf.load("exotic")


def test_a_broken_promise_is_named(shelf: Registry) -> None:
    with pytest.raises(SlateboardError, match="does not define call"):
        shelf.load("mute")


def test_a_card_fills_in_defaults_and_names_every_wrong_parameter() -> None:
    card = Card("t", "s", {"width": Parameter(8, "-", "w"), "rate": Parameter(0.1, "-", "r")})
    assert card.settle({"rate": 1}, where="x") == {"width": 8, "rate": 1}
    with pytest.raises(BadInput) as caught:
        card.settle({"widht": 4, "rate": "fast"}, where="[baselines.x]")
    assert [str(problem) for problem in caught.value.problems] == [
        "[baselines.x]: unknown parameter 'widht'. Did you mean 'width'?",
        "[baselines.x]: 'rate' is 'fast'. Give a value of type float.",
    ]


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
