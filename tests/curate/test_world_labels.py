"""Lists with labels of the whole world: distinct words stay distinct, and what collides is told as it is."""

from pathlib import Path

import pytest

from curate.listing.document import Document
from curate.listing.importing import merge
from curate.listing.rows import SourceRow
from curate.listing.sources import ListRules, read_rows
from slateboard.errors import BadInput


def _listed(folder: Path, *labels: str) -> list[str]:
    (folder / "sources.csv").write_text(
        "url,label\n" + "".join(f"https://x.example/{number},{label}\n" for number, label in enumerate(labels)),
        encoding="utf-8",
    )
    return [row.label for _, row in read_rows(Document(folder / "sources.csv"), labels=())]


def test_a_list_of_thai_and_hindi_words_is_read_with_a_class_for_each(tmp_path: Path) -> None:
    """codebuddies/backend#123: a slug without vowel signs makes one word of many; so did class names."""
    words = ["ดึง", "ดัง", "ปีน", "ปืน", "दौड़", "दौड़ना"]
    assert _listed(tmp_path, *words) == words


def test_words_that_differ_by_an_accent_are_refused_as_two_words_and_not_as_two_spellings(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="label 'Bỏng' gives the class name 'Bong', as 'Bóng' in line 2 does"):
        _listed(tmp_path, "Bóng", "Bỏng")
    with pytest.raises(BadInput, match="label 'bóng' is spelt 'Bóng' in line 2"):
        _listed(tmp_path, "Bóng", "bóng")


def test_a_label_of_invisible_signs_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no letter or digit"):
        _listed(tmp_path, "\u200b\u2060")


def test_a_label_that_hides_turns_or_piles_signs_is_refused_with_what_it_does(tmp_path: Path) -> None:
    """sindresorhus/filenamify#39: `bar [U+202E]cod.bat` is shown as another name than it is."""
    for label in ("bar \u202ecod", "bar\u200e", "bar\U000e0072\U000e006d"):
        with pytest.raises(BadInput, match="holds a control character"):
            _listed(tmp_path, label)
    with pytest.raises(BadInput, match="piles marks on one letter"):
        _listed(tmp_path, "b" + "\u0335" * 20 + "ar")


def test_an_import_respells_a_class_and_never_takes_one_word_for_another(tmp_path: Path) -> None:
    rules = ListRules(())
    rules.add(SourceRow("line 2", "https://x.example/1", "Bóng rổ"))
    rows = [
        SourceRow("row 1", "https://x.example/2", "bóng-rổ"),
        SourceRow("row 2", "https://x.example/3", "Bong ro"),
    ]
    merged = merge(rows, rules, folder=tmp_path, name="sources.csv")
    assert [row.label for row in merged.added] == ["Bóng rổ"]
    (why,) = [issue.why for issue in merged.issues if issue.kind == "not mapped"]
    assert why == "label 'Bong ro' gives the class name 'BongRo', as 'Bóng rổ' in line 2 does."
