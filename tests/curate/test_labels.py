"""Class names are safe as folders and in lists, whatever people write and in whatever script."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.listing.labels import MOST_BYTES, clash, class_key, class_name, class_names, describe_change
from slateboard.errors import BadInput
from slateboard.paths import ID


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Jumping Jack", "JumpingJack"),
        ("Đá cầu", "DaCau"),
        ("Bóng rổ", "BongRo"),
        ("sepak/takraw", "SepakTakraw"),
        ("../etc", "Etc"),
        ("100 m", "100M"),
        ("太极", "太极"),
        ("...", ""),
    ],
)
def test_names_keep_letters_and_digits_alone(label: str, name: str) -> None:
    assert class_name(label) == name


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("ดึง", "ดึง"),
        ("ปีน เขา", "ปีนเขา"),
        ("น้ำ", "น้ำ"),
        ("दौड़", "दौड़"),
        ("क्रिकेट", "क्रिकेट"),
        ("កីឡា", "កីឡា"),
        ("ပြေး", "ပြေး"),
        ("ແລ່ນ", "ແລ່ນ"),
        ("རྐང་རྩེད", "རྐངརྩེད"),
        ("ஓட்டம்", "ஓட்டம்"),
        ("র‍্যাফটিং", "র্যাফটিং"),
        ("දුවනවා", "දුවනවා"),
        ("バスケ", "バスケ"),
        ("ﾊﾞｽｹ", "バスケ"),
        ("태권도", "태권도"),
        ("ދުވުން", "ދުވުން"),
    ],
)
def test_vowels_and_tones_of_a_script_stay_in_the_name(label: str, name: str) -> None:
    assert class_name(label) == unicodedata.normalize("NFC", name)
    assert class_name(unicodedata.normalize("NFD", label)) == class_name(label)


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("كُتُب", "كتب"),
        ("سؤال", "سؤال"),
        ("رَكْض", "ركض"),
        ("רִיצָה", "ריצה"),
        ("Бёг", "Бег"),
        ("бой", "Бой"),
        ("прыжо́к", "Прыжок"),
        ("Їзда", "Їзда"),
        ("νόμος", "Νομος"),
    ],
)
def test_accents_and_vowel_points_that_a_text_may_leave_out_are_left_out(label: str, name: str) -> None:
    assert class_name(label) == name
    assert class_name(unicodedata.normalize("NFD", label)) == name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ดึง", "ดัง"),
        ("ปีน", "ปืน"),
        ("बल", "बाल"),
        ("ハス", "バス"),
        ("бои", "бой"),
        ("سال", "سأل"),
        ("ကား", "ကာ"),
        ("গাছ", "গছ"),
    ],
)
def test_two_words_of_one_script_are_two_classes(one: str, other: str) -> None:
    assert class_key(one) != class_key(other)
    assert len(class_names([one, other], where="sources.csv")) == 2


_PLAIN = str.maketrans({"đ": "d", "Đ": "D", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "ß": "ss", "æ": "ae", "Æ": "Ae"})


def _name_before(label: str) -> str:
    """The rule of releases made before names kept vowel signs."""
    plain = unicodedata.normalize("NFKD", label.translate(_PLAIN))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    words = "".join(letter if letter.isalnum() else " " for letter in plain).split()
    return unicodedata.normalize("NFC", "".join(word[0].upper() + word[1:] for word in words))


_LATIN = st.one_of(
    st.characters(max_codepoint=0x36F),
    st.characters(min_codepoint=0x1E00, max_codepoint=0x206F),
    st.sampled_from("ﬁＫ²"),
)


@given(st.text(_LATIN, max_size=30))
def test_names_of_latin_and_greek_labels_are_those_of_older_releases(label: str) -> None:
    name = _name_before(label)
    assert class_name(label) == name or describe_change(label)


def test_names_of_words_without_marks_are_those_of_older_releases() -> None:
    for label in ("Прыжок в высоту", "Ёлка", "Άλμα", "هرولة", "篮球", "달리기", "שחייה", "ვარჯიში", "vazão ï"):
        assert class_name(label) == _name_before(label)


@given(st.text(max_size=30))
def test_no_label_leaves_its_folder_or_breaks_a_list(label: str) -> None:
    """pytorch/vision#2831, ytdl-org/youtube-dl#21239: no hidden folder, and no name that ends in a point or a blank."""
    name = class_name(label)
    assert all(letter.isalnum() or unicodedata.category(letter) in ("Mn", "Mc") for letter in name)
    assert not name or name[0].isalnum()
    assert not name or not ID.fault(name)
    assert unicodedata.is_normalized("NFC", name)


@given(st.text(st.characters(min_codepoint=0x900, max_codepoint=0x1CFF), max_size=30))
def test_a_name_of_a_name_is_itself(label: str) -> None:
    assert class_name(class_name(label)) == class_name(label)


@pytest.mark.parametrize(
    "label", ["\u200b", "\u200d\u200c", "\u3164", "\u115f\u1160", "\ufe0f", "\u0e34", "\u17b4", "🏀", "\u2800"]
)
def test_a_label_without_a_letter_that_can_be_seen_is_refused(label: str) -> None:
    """pandas-dev/pandas#36343: a cell of one zero-width sign looks empty and is not."""
    assert class_name(label) == ""
    with pytest.raises(BadInput, match="holds no letter or digit"):
        class_names([label], where="sources.csv")


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("con", "ConClass"),
        ("Com 1", "Com1Class"),
        ("LPT²", "LPT2Class"),
        ("nul.txt", "NulTxt"),
        ("aux!", "AuxClass"),
        ("Cone", "Cone"),
    ],
)
def test_no_class_is_called_as_a_device_of_windows(label: str, name: str) -> None:
    """yt-dlp/yt-dlp#12014: a folder `con` or `aux` cannot be made there, and a release is copied to such machines."""
    assert class_name(label) == name == class_name(name)
    assert bool(describe_change(label)) == name.endswith("Class")


def test_long_names_are_cut_between_letters_and_end_in_a_hash_of_the_whole() -> None:
    """yt-dlp/yt-dlp#12386: names are trimmed by letters, but file systems count bytes, of which Thai has three each."""
    label = "กี่" * 100
    name = class_name(label)
    assert len(f"v_{name}_g123456789_c123456789.mp4".encode()) <= 255
    assert label.startswith(name[:-12]) and unicodedata.category(label[len(name) - 12])[0] == "L"
    assert name == class_name(f" {label}!") == class_name(name)
    assert name != class_name(f"{label}ก")
    assert "900 bytes are more than file systems take" in describe_change(label)
    assert class_name("a" * MOST_BYTES) == "A" + "a" * (MOST_BYTES - 1)


def test_labels_that_would_share_a_folder_are_named() -> None:
    with pytest.raises(BadInput, match=r"labels 'High Kick', 'high-kick' are one class 'HighKick'\. Write it one way"):
        class_names(["High Kick", "high-kick", "Squat"], where="sources.csv")


def test_class_names_that_differ_in_capitals_alone_are_named() -> None:
    with pytest.raises(BadInput, match="labels 'HIGH kick', 'HighKick' are one class 'HIGHKick'"):
        class_names(["HighKick", "HIGH kick"], where="sources.csv")


@pytest.mark.parametrize(
    ("label", "earlier"),
    [
        ("Bỏng", "Bóng"),
        ("C++", "C#"),
        ("νομός", "νόμος"),
        ("كَتَب", "كُتُب"),
        ("می‌خورد", "میخورد"),
        ("⚽ Final", "🏀 Final"),
        ("isı", "ısı"),
    ],
)
def test_other_words_of_one_class_name_are_told_as_that_and_both_shown(label: str, earlier: str) -> None:
    why, remedy = clash(label, earlier, "line 2")
    assert why == f"gives the class name {class_name(label)!r}, as {earlier!r} in line 2 does."
    assert "if they are two, give one of them another word" in remedy
    with pytest.raises(BadInput, match="give one class name"):
        class_names([label, earlier], where="sources.csv")


@pytest.mark.parametrize(
    ("label", "earlier"),
    [
        ("kick", "Kick"),
        ("Ｋｉｃｋ", "kick"),
        ("STRASSE", "Straße"),
        ("high_kick", "High Kick"),
        ("ϵ", "ε"),
        ("Bo\u0301ng", "B\u00f3ng"),
        ("นํ้า", "น้ำ"),
    ],
)
def test_spellings_of_one_word_are_told_as_that(label: str, earlier: str) -> None:
    """JesusFreke/smali#789: macOS makes one name of ε and ϵ, as it does of capitals."""
    assert clash(label, earlier, "line 2") == (f"is spelt {earlier!r} in line 2.", "Write it one way.")


def test_what_cannot_be_seen_in_a_label_is_shown_by_its_number() -> None:
    why, _ = clash("می‌خورد", "می\u200dخورد", "line 2")
    assert "as 'می\\u200dخورد' in line 2" in why
    with pytest.raises(BadInput, match=r"labels '\u26bd Final', '\u26bd\\ufe0f Final' give one"):
        class_names(["⚽ Final", "⚽\ufe0f Final"], where="x")


def test_turkish_words_that_differ_by_the_point_of_an_i_are_two_classes() -> None:
    assert list(class_names(["kir", "kır"], where="x").values()) == ["Kir", "Kır"]


def test_classes_are_in_alphabetical_order() -> None:
    assert list(class_names(["b c", "Bb", "a"], where="x").items()) == [("a", "A"), ("b c", "BC"), ("Bb", "Bb")]
