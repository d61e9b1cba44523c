"""Every extension keeps its kind's promise: adding a file adds its tests."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmark.baseline_registry import BASELINES, ENSEMBLES
from benchmark.inputs.augmentation import AUGMENTATIONS
from benchmark.inputs.sampling import SAMPLERS
from benchmark.logger import LOGGERS
from curate.analysis.decode_pass import ANALYSERS, EFFECTS
from curate.listing.sources import IMPORTERS
from curate.listing.sources import LISTS as OWN_LISTS
from curate.shots.tracking import DETECTORS
from leaderboards.steps.build import FORMATS
from slateboard.dataset_lookup import LAYOUTS
from slateboard.registry import Registry, first_line, folder_of, kinds
from splits.division import EXTENDABLE, PROTOCOLS
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
    card = module.CARD
    assert first_line(folder_of(registry.package) / f"{name}.py").endswith((".", ":"))
    assert card.title and card.source
    assert card.settle({}, where=name) == {key: value.default for key, value in card.parameters.items()}
    assert all(value.unit and value.meaning for value in card.parameters.values())


@pytest.mark.slow
def test_every_extension_file_has_the_types_of_its_kinds_protocol(tmp_path: Path) -> None:
    ensembles = [name for name in ENSEMBLES.names() if "members" in ENSEMBLES.load(name).CARD.parameters]
    pairs: list[tuple[Registry[Any], str]] = [(ENSEMBLES, name) for name in ensembles]
    wider: list[Registry[Any]] = [EXTENDABLE, OWN_LISTS]
    pairs += [(registry, name) for registry in wider for name in registry.names() if registry.offers(name)]
    pairs += [(REGISTRIES[kind], name) for kind, name in EVERY if kind != "baselines" or name not in ensembles]
    lines = []
    for number, (registry, name) in enumerate(pairs):
        promise = registry.promise
        lines += [
            f"from {promise.__module__} import {promise.__name__} as P{number}",
            f"from {registry.package} import {name} as m{number}",
            f"v{number}: P{number} = m{number}",
        ]
    root = Path(__file__).parents[1]
    settings = [
        line for line in (root / "pyproject.toml").read_text("utf-8").splitlines() if "packages = [" not in line
    ]
    (tmp_path / "pyproject.toml").write_text("\n".join(settings), "utf-8")
    mypy = [sys.executable, "-m", "mypy", "--config-file", str(tmp_path / "pyproject.toml"), "-c", "\n".join(lines)]
    done = subprocess.run(mypy, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", STEPS, ids=lambda path: "/".join(path.parts[-3:]))
def test_a_command_has_help_with_an_example_that_names_it(path: Path) -> None:
    docstring = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    example = next((line for line in docstring.splitlines() if line.startswith("Example: slateboard ")), "")
    assert path.stem.rstrip("_").replace("_", "-") in example.split()


def test_every_source_file_says_what_it_is_for() -> None:
    folders = [folder_of(package) for package in ("slateboard", "curate", "splits", "benchmark", "leaderboards")]
    silent = [path for folder in folders for path in folder.rglob("*.py") if not first_line(path)]
    assert silent == []
