"""A name from outside is shown in every form, and does nothing in any of them."""

import csv
import io
import json
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from names_of_strangers import NAMES

from slateboard.escaping import (
    MOST_MARKS,
    column,
    csv_cell,
    inline,
    isolated,
    json_line,
    latex,
    markdown,
    pages,
    read_csv_cell,
    terminal,
    terminal_width,
)
from slateboard.files import csv_text
from slateboard.progress import progress, say, show
from slateboard.tables import Column, read_checked_table

TEXTS = st.one_of(st.sampled_from(list(NAMES.values())), st.text(), st.text("<>&\"'`*_[]()!#|\\$-=+.1:/w\n\t\x1b "))
CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u206f\ud800-\udfff\ufff9-\ufffb]"
    "|(?<![\U000e0061-\U000e007a\U0001f3f4])[\U000e0020-\U000e007f]"
)


def tokens(text: str) -> list[str]:
    """Return the types of all tokens that a Markdown parser makes of a text, raw HTML, tables and links included."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    found = []
    for token in parser.parse(text):
        found.append(token.type)
        found += [child.type for child in token.children or ()]
    return found


def shown(text: str) -> str:
    """Return the text that a Markdown parser shows."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return "".join(
        child.content for token in parser.parse(text) for child in token.children or () if child.type != "softbreak"
    )


@given(TEXTS)
def test_markdown_shows_a_name_as_it_is_and_as_nothing_else(name) -> None:
    for text in (f"# {markdown(name)}", f"- {markdown(name)}", f"a {markdown(name)} b", markdown(name)):
        assert set(tokens(text)) <= {
            *("heading_open", "heading_close", "bullet_list_open", "bullet_list_close", "list_item_open"),
            *("list_item_close", "paragraph_open", "paragraph_close", "inline", "text", "text_special"),
        }, text
    table = f"| head | x |\n| --- | --- |\n| {markdown(name)} | 1 |"
    assert tokens(table).count("td_open") == 2
    assert shown(f"x{markdown(name)}x").replace(" ", "") == f"x{inline(name)}x".replace(" ", "")


@given(TEXTS)
def test_latex_holds_no_command_but_those_that_show_a_sign(name) -> None:
    left = re.sub(r"\\(?:text(?:backslash|ascii(?:tilde|circum)|less|greater|bar)\{\}|[&%$#_{}])", "", latex(name))
    assert not re.search(r"[\\&%$#_{}^~\n]", left)


@given(TEXTS)
def test_a_cell_of_a_table_reads_back_and_never_begins_as_a_formula(name) -> None:
    assert read_csv_cell(csv_cell(name)) == name
    ((read,),) = csv.reader(io.StringIO(csv_text([{"a": name}], ["a"]).partition("\n")[2])) if name else [[""]]
    assert not re.match(r"\s*[=+\-@＝＋－＠]|[\t\r]", read)


@given(st.lists(st.text("'=+-@\t ab,\"\n＝"), min_size=1, max_size=3))
def test_a_released_table_gives_each_text_as_it_was_also_where_it_began_with_an_apostrophe(texts) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sources.csv"
        path.write_text(csv_text([{"id": "x", "label": text} for text in texts], ["id", "label"]), "utf-8")
        assert read_checked_table(path, {"id": Column(), "label": Column(may_lack=True)})["label"].tolist() == texts


@given(TEXTS)
def test_a_terminal_is_given_no_control_character(name) -> None:
    assert not CONTROL.search(terminal(name).replace("\n", "").replace("\t", ""))
    text = json.dumps({"name": name}, ensure_ascii=False)
    assert json.loads(json_line(text)) == {"name": name}
    assert not CONTROL.search(json_line(text))


@given(TEXTS)
def test_a_line_of_a_page_is_one_line_of_bounded_length(name) -> None:
    assert not CONTROL.search(inline(name))
    assert len(inline(name)) <= 500


def test_a_text_spelt_in_tags_is_seen_and_a_flag_made_of_them_stays() -> None:
    """opena2a-org/hackmyagent#330, microsoft/terminal#2409: what is shown must be what the name says."""
    flag = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
    assert inline(flag) == terminal(flag) == flag
    assert inline("ok\U000e0072\U000e006d") == "ok\ufffd\ufffd"
    assert terminal("ok\U000e0072\u202e") == "ok\\U000e0072\\u202e"
    assert json.loads(json_line('"\U000e0072"')) == "\U000e0072"


def test_joined_emoji_and_words_of_every_script_are_shown_as_they_are() -> None:
    for text in ("👨‍👩‍👧‍👦 🇹🇭 1️⃣", "น้ำ ดึง", "क्‍ष", "می‌خواهم", "བསྒྲུབས", "שַׁבָּ֔ת", "Việt".encode().decode()):
        assert inline(text) == terminal(text) == text


def test_a_pile_of_marks_ends_within_its_line() -> None:
    pile = "z" + "\u0335\u0489" * 40 + "y"
    assert inline(pile) == terminal(pile) == "z" + ("\u0335\u0489" * 40)[:MOST_MARKS] + "\ufffdy"


def test_a_name_written_leftwards_turns_nothing_beside_it_on_a_terminal() -> None:
    assert isolated("هرولة 12") == "\u2068هرولة 12\u2069"
    assert isolated("Đá cầu 12") == "Đá cầu 12"


def test_columns_are_as_wide_as_a_terminal_draws_them_whatever_the_script() -> None:
    """Textualize/rich#3957: `น้ำ` has one letter and two marks, 篮球 takes four columns."""
    for name in ("kick", "น้ำ", "篮球", "هرولة", "👨‍👩‍👧", "a\x1bb"):
        cell = column(name, 8)
        assert terminal_width(cell) == 8
        assert terminal(cell) == cell


def test_pages_escape_every_text_and_leave_markup_alone() -> None:
    page = pages().from_string('{% macro m(x) %}<b title="{{ x }}">{{ x }}</b>{% endmacro %}{{ m(name) }} {{ 3 }}')
    text = page.render(name=NAMES["handler"] + NAMES["lines"])
    assert text.count("<") == text.count(">") == 2
    assert "\n" not in text
    assert text.endswith(" 3")


@pytest.mark.parametrize("name", NAMES.values(), ids=list(NAMES))
def test_all_that_is_said_shown_or_counted_is_harmless(capsys, name) -> None:
    say(f"not decoded: {name}")
    show(f"row {name}")
    with progress(f"decode {name}", 1, unit="clips") as bar:
        bar.step(note=name)
    out, err = capsys.readouterr()
    assert not CONTROL.search((out + err).replace("\n", "").replace("\t", ""))
