"""Names in any script are drawn where a font has them, and what no font has is said once, by script."""

import io
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager
from PIL import Image, ImageDraw, ImageFont

from slateboard import fonts, lettering
from slateboard.figures import at_left, figure_name, new_figure, write_figure
from slateboard.media.sheets import SheetRow, contact_sheet
from slateboard.scripts import clusters, shortened, wrapped

THAI = "ดึง ดัง"


@pytest.fixture(autouse=True)
def without_fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine without any font but matplotlib's."""
    monkeypatch.setattr(font_manager, "findSystemFonts", list)
    known = list(font_manager.fontManager.ttflist)
    _forget()
    yield
    font_manager.fontManager.ttflist[:] = known
    _forget()


def _forget() -> None:
    fonts.installed_fonts.cache_clear()
    fonts._fallbacks.cache_clear()
    fonts._told.clear()


@pytest.fixture
def thai(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A font that somebody installs: each Thai letter of THAI is a filled square, marks have no width."""
    pen = TTGlyphPen(None)
    for place, move in enumerate(((0, 0), (0, 700), (500, 700), (500, 0))):
        (pen.lineTo if place else pen.moveTo)(move)
    pen.closePath()
    letters = sorted(set(THAI) - {" "})
    names = {ord(letter): f"t{ord(letter):x}" for letter in letters}
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder([".notdef", *names.values()])
    builder.setupCharacterMap(names)
    square = pen.glyph()
    builder.setupGlyf(dict.fromkeys([".notdef", *names.values()], square))
    builder.setupHorizontalMetrics(dict.fromkeys([".notdef", *names.values()], (600, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Squares Sans Thai", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    path = tmp_path / "squares.ttf"
    builder.save(path)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [str(path)])
    _forget()
    return path


def _figure(*names: str) -> bytes:
    figure = new_figure(4, 2)
    figure.subplots().barh(list(names), range(len(names)))
    drawn = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_figure(figure, drawn, dpi=60)
    return drawn.getvalue()


def test_letters_that_no_font_has_are_said_once_by_script(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """matplotlib/matplotlib#15062, #16367: a warning for each glyph, and boxes. Here a sentence for each script."""
    _figure(THAI, "ดี", "kick")
    contact_sheet(tmp_path / "sheet.png", [SheetRow("दौड़ ดึง 🏀", [np.zeros((8, 8, 3), np.uint8)])])
    told = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in told] == [
        "No installed font has Thai letters",
        "No installed font has signs such as U+1F3C0",
        "No installed font has Devanagari letters",
    ]
    assert told[0].endswith("Install one, e.g. fonts-noto-core.")


def test_a_letter_that_no_font_has_is_one_box_with_its_marks() -> None:
    """Five boxes for `ปั่น` left bars and matrices no room."""
    assert figure_name("ปั่น 2 🏀 kick", most=40) == "□□ 2 □ kick"
    assert figure_name("ปั่นจักรยาน" * 9, most=40).count("□") == 39


def test_a_font_that_is_installed_draws_its_script_in_figures_and_on_sheets(
    thai: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    row = SheetRow(f"is {THAI}", [])
    figure = _figure(THAI, "kick")
    contact_sheet(tmp_path / "with.png", [row])
    assert capsys.readouterr().err == ""
    font_manager.findSystemFonts = list
    _forget()
    contact_sheet(tmp_path / "without.png", [row])
    assert figure != _figure(THAI, "kick")
    ink = {name: np.asarray(Image.open(tmp_path / f"{name}.png").convert("L")) < 128 for name in ("with", "without")}
    # Six squares are more ink than six empty boxes.
    assert ink["with"].sum() > 1.2 * ink["without"].sum()


def test_names_that_the_plain_font_has_are_drawn_as_they_always_were(thai: Path, tmp_path: Path) -> None:
    assert _figure("Đá cầu", "Прыжок") == _figure("Đá cầu", "Прыжок")
    sheet, direct = (Image.new("RGB", (150, 50), "white") for _ in range(2))
    lettering.draw_text(ImageDraw.Draw(sheet), (10, 25), "Đá cầu\nبطل", fill=(0, 0, 0), anchor="lm")
    font = ImageFont.truetype(font_manager.findfont("DejaVu Sans"), 14)
    ImageDraw.Draw(direct).text((10, 25), "Đá cầu\nبطل", fill=(0, 0, 0), font=font, anchor="lm")
    assert sheet.tobytes() == direct.tobytes()


def test_what_follows_a_name_written_leftwards_is_drawn_at_its_right() -> None:
    assert at_left("kick") == "kick"
    # The same letters from left to right as with an explicit order: name, then number.
    assert _figure(f"{at_left('بطل')} (2)") == _figure("\u202aبطل\u200e (2)\u202c") != _figure("بطل (2)")


def test_a_letter_and_its_marks_are_drawn_by_one_font(thai: Path) -> None:
    assert [(piece, font.family) for piece, font in fonts.runs("is ดึง 2 ดัง!")] == [
        ("is ", "DejaVu Sans"),
        ("ดึง", "Squares Sans Thai"),
        (" 2 ", "DejaVu Sans"),
        ("ดัง", "Squares Sans Thai"),
        ("!", "DejaVu Sans"),
    ]
    assert list(clusters("ดึงa\u0301\u200db")) == ["ดึ", "ง", "a\u0301\u200d", "b"]


def test_names_are_cut_and_broken_between_letters_and_keep_their_ends() -> None:
    assert shortened("ดึง" * 30 + "0a1b2c", 21) == "ดึง" * 6 + "ดึ…ง0a1b2c"
    assert shortened("Jumping Jack", 40) == "Jumping Jack"
    assert wrapped("is ดึงดึงดึงดึง", 5) == ["is", "ดึงดึงดึ", "งดึง"]
    assert wrapped("taken for Star Then Tuck", 10) == ["taken for", "Star Then", "Tuck"]


def test_a_name_wider_than_its_column_is_cut_between_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    cut = lettering._fitted("ดึง" * 30, 60)
    assert cut.endswith("…") and ("ดึง" * 30).startswith(cut[:-1])
    assert cut[:-1][-1] in "งึ" and lettering._width(cut) <= 60
    assert lettering._fitted("kick", 60) == "kick"


def test_a_library_that_cannot_shape_is_named_once(monkeypatch, capsys: pytest.CaptureFixture[str], tmp_path) -> None:
    """python-pillow/Pillow#4805, #3548: without raqm, Pillow sets vowels after their letters."""
    monkeypatch.setattr(lettering.features, "check", lambda feature: False)
    for _ in range(2):
        contact_sheet(tmp_path / "sheet.png", [SheetRow("بطل", []), SheetRow("kick", [])])
    assert capsys.readouterr().err.count("Pillow without raqm draws letters one after another") == 1


def test_fonts_that_have_every_letter_and_show_none_are_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    last = [path for path in font_manager.fontManager.ttflist if path.name.startswith("Last Resort")]
    if not last:
        pytest.skip("this matplotlib brings no font of last resort")
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [last[0].fname, __file__])
    _forget()
    assert fonts.installed_fonts() == ()
