"""Every extension keeps its kind's promise: adding a file adds its tests."""

import ast
from pathlib import Path

import pytest

from benchmark.baseline import BASELINES
from benchmark.inputs.augmentation import AUGMENTATIONS
from benchmark.inputs.sampling import SAMPLERS
from benchmark.logger import LOGGERS
from curate.analysis.decode_pass import ANALYSERS, EFFECTS
from curate.listing.sources import IMPORTERS
from curate.shots.tracking import DETECTORS
from leaderboards.steps.build import FORMATS
from slateboard.dataset_lookup import LAYOUTS
from slateboard.registry import Card, first_line, folder_of, kinds
from splits.division import PROTOCOLS
from splits.listing.entries import LISTS

REGISTRIES = {
    registry.kind: registry
    for registry in (
        *(IMPORTERS, ANALYSERS, DETECTORS, EFFECTS),
        *(PROTOCOLS, LISTS),
        *(LAYOUTS, SAMPLERS, AUGMENTATIONS, BASELINES, LOGGERS),
        FORMATS,
    )
}
EVERY = [(kind, name) for kind, registry in sorted(REGISTRIES.items()) for name in registry.names()]
STEPS = [
    path
    for package in ("slateboard", "curate", "splits", "benchmark", "leaderboards")
    for path in sorted((folder_of(package) / "steps").rglob("*.py"))
    if path.stem != "__init__"
]


def test_every_folder_of_extensions_has_a_promise() -> None:
    assert set(kinds()) == set(REGISTRIES)


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_an_extension_says_what_it_is_and_keeps_its_promise(kind: str, name: str) -> None:
    registry = REGISTRIES[kind]
    module = registry.load(name)
    card: Card = module.CARD
    assert first_line(folder_of(registry.package) / f"{name}.py").endswith((".", ":"))
    assert card.title and card.source
    assert card.settle({}, where=name) == {key: value.default for key, value in card.parameters.items()}
    assert all(value.unit and value.meaning for value in card.parameters.values())


@pytest.mark.parametrize("path", STEPS, ids=lambda path: "/".join(path.parts[-3:]))
def test_a_command_has_help_with_an_example_that_names_it(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    example = next((line for line in docstring.splitlines() if line.startswith("Example: slateboard ")), "")
    assert path.stem.rstrip("_").replace("_", "-") in example.split()


def test_every_source_file_says_what_it_is_for() -> None:
    folders = [folder_of(package) for package in ("slateboard", "curate", "splits", "benchmark", "leaderboards")]
    silent = [path for folder in folders for path in folder.rglob("*.py") if not first_line(path)]
    assert silent == []
