"""A word in a cell `effects` is a kind of the one vocabulary, or it is refused with the nearest."""

import json

import pytest

from slateboard.cli import main
from slateboard.records.effect_kinds import ALIASES, KINDS, NOTHING, kind_of, read_kinds, unknown_kinds
from slateboard.registry import folder_of, modules_in


@pytest.mark.parametrize(
    ("cell", "kinds"),
    [
        ("no", ()),
        ("None", ()),
        ("FALSE", ()),
        ("FALSCH", ()),
        ("không có", ()),
        ("0", ()),
        ("without effects", ()),
        ("captions", ("text",)),
        ("Subtitles", ("text",)),
        ("Black and  White", ("bw",)),
        ("black\u00a0and white", ("bw",)),
        ("black-and-white", ("bw",)),
        ("b/w", ("bw",)),
        ("B&W", ("bw",)),
        ("letterbox", ("bars",)),
        ("LOGO", ("overlay",)),
        ("text|bars", ("bars", "text")),
        ("text, bars; sticker", ("bars", "sticker", "text")),
        ("text+bars", ("bars", "text")),
        ("captions / logo", ("overlay", "text")),
        ("text & b&w", ("bw", "text")),
        ("text.overlay", ("text.overlay",)),
        ("overlay.moving", ("overlay.moving",)),
        ("Captions.Word by word", ("text.word_by_word",)),
        ("transition.cut|layout.bars|color.bw", ("bars", "bw", "cut")),
        ("text|captions", ("text",)),
    ],
)
def test_people_write_kinds_in_their_own_words(cell: str, kinds: tuple[str, ...]) -> None:
    assert read_kinds(cell) == (kinds, ())


@pytest.mark.parametrize(
    ("cell", "what", "remedy"),
    [
        ("yes", "effect 'yes'", "Name their kinds, such as text|sticker"),
        ("TRUE", "effect 'TRUE'", "Name their kinds"),
        ("1", "effect '1'", "Name their kinds"),
        ("WAHR", "effect 'WAHR'", "Name their kinds"),
        ("unknown", "effect 'unknown'", "Leave the cell empty where nobody looked"),
        ("stiker", "effect 'stiker'", "Did you mean 'sticker'?"),
        ("captoins", "effect 'captoins'", "Did you mean 'text'?"),
        ("magic", "effect 'magic'", "There is: bars, blur, "),
        ("text/magic", "effect 'magic'", "There is: bars, "),
        ("magic.text", "effect 'magic.text'", "Did you mean 'text'?"),
        ("none|text", "effects", "Keep one of them."),
        ("|", "effects '|'", "Name the kinds, or write none"),
    ],
)
def test_a_word_that_is_no_kind_is_refused_with_the_nearest(cell: str, what: str, remedy: str) -> None:
    (bad,) = read_kinds(cell)[1]
    assert (bad.what, bad.remedy[: len(remedy)]) == (what, remedy)


def test_no_word_has_two_meanings_and_each_detector_finds_a_kind() -> None:
    assert set(ALIASES) & set(KINDS) == set()
    assert (set(ALIASES) | set(KINDS)) & NOTHING == set()
    assert set(ALIASES.values()) == set(KINDS)
    assert {kind_of(word) for word in ALIASES} == set(KINDS)
    assert set(modules_in(folder_of("curate.effects"))) <= set(KINDS)


def test_what_an_old_list_named_is_known_as_no_kind() -> None:
    assert unknown_kinds(["no", "captions", "text", "text.overlay", "Big"]) == ["Big", "captions", "no"]


def test_every_kind_is_listed_with_its_definition_and_whether_a_detector_finds_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["ls", "effects", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert set(listed) == set(KINDS)
    assert listed["bw"] == "black and white: no colour (detector)"
    assert listed["text"] == "captions, titles and other writing laid over the video (people alone)"
    assert main(["ls", "effects", "captions"]) == 0
    assert "In sources.csv also: texts, caption, captions, subtitle, " in capsys.readouterr().out
    assert main(["ls", "effects", "captoins"]) == 2
    assert "Unknown kind of effect 'captoins'. Did you mean 'text'?" in capsys.readouterr().err
