"""What an older catalog says of effects is read as kinds there are, or refused with its line."""

from pathlib import Path

import pytest
from releasing import ready

from curate.clips.label import effects_of
from curate.clips.listed_effects import known_effects
from curate.steps import label
from slateboard.catalog.catalog import open_catalog
from slateboard.cli import main
from slateboard.errors import BadInput
from slateboard.records.clip import Clip, Effect
from slateboard.records.source import Source


def _hints(clip: Clip, source: Source) -> list[Effect]:
    return effects_of(clip, source, [], {}, accept_machine=False)


def _source(*effects: str) -> Source:
    return Source(source_id="s", line=7, url="u", label="Squat", effects=effects)


def test_an_older_catalogs_words_are_read_as_kinds() -> None:
    (captions, nothing) = known_effects([_source("captions", "bars"), _source("no")], name="sources.csv")
    assert (captions.effects, nothing.effects) == (("bars", "text"), ())


def test_a_word_of_an_older_catalog_that_is_no_kind_is_named_with_its_line() -> None:
    with pytest.raises(BadInput) as caught:
        known_effects([_source("yes"), _source("stiker")], name="sources.csv")
    assert [problem.where for problem in caught.value.problems] == ["sources.csv line 7"] * 2
    assert "effect 'yes' says that there are effects and not which" in str(caught.value)
    assert "Did you mean 'sticker'?" in str(caught.value)
    assert str(caught.value).count("Then run `slateboard curate fetch`") == 2


def test_effects_that_an_older_label_wrote_are_labelled_anew_before_they_are_released(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = ready(tmp_path / "w", clips=4)
    with open_catalog(workspace.catalog) as catalog:
        catalog.list_sources(
            [
                source.model_copy(update={"effects": ("captions",) if source.effects else ("no",)})
                for source in catalog.sources()
            ]
        )
        catalog.label_effects([effect.model_copy(update={"kind": "captions"}) for effect in catalog.effects()])
    words = ["-w", str(workspace.root)]
    assert main(["curate", "release", *words]) == 2
    assert "catalog.db: holds effects of kinds that there are not: 'captions'." in capsys.readouterr().err
    # No observations here: what detectors would add is not the claim.
    monkeypatch.setattr(label, "run_in_chunks", lambda _, items, **__: [(item, _hints(*item)) for item in items])
    assert main(["curate", "label", *words]) == 0
    with open_catalog(workspace.catalog) as catalog:
        assert {effect.kind for effect in catalog.effects()} == {"text"}
    assert "2 clips with effects, 2 without, 0 unknown" in capsys.readouterr().err
