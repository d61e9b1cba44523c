"""What a list form wrote it reads as it was, and what it read it writes back byte for byte."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from splits.listing.entries import LISTS, WORDS, Entry, Listing, Reading
from splits.listing.lines import Style, split_lines

CLASSES = ("Kick", "Kick_Ball", "climb stairs")
NAMES = st.text(st.sampled_from("ab1 .#&@[](),;~'\"é-_!"), min_size=1, max_size=9).map(lambda name: f"x{name}x.avi")
IDS = st.text(st.sampled_from("abcXYZ019-_"), min_size=11, max_size=11)
SLOW = settings(max_examples=60)


def save(folder: Path, texts: dict[str, str | bytes]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in texts.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def trip(folder: Path, form: str, listing: Listing) -> None:
    """Write, read and write again: the same entries, the same bytes."""
    module = LISTS.load(form)
    texts = module.write(listing)
    found = module.read(save(folder, texts))
    key = lambda entry: (entry.number, entry.subset, entry.label, entry.path, entry.columns)  # noqa: E731
    kept = [{**vars(entry), "file": "", "where": ""} for entry in sorted(found.entries, key=key)]
    assert kept == [{**vars(entry), "file": "", "where": ""} for entry in sorted(listing.entries, key=key)]
    assert found.classes == listing.classes
    assert module.write(found) == texts


def entries(*, numbers, parts, indexed, bare: bool = False):
    """Return a strategy of tuples of entries without a name twice."""

    def entry(row) -> Entry:
        name, label, part, number = row
        index = CLASSES.index(label) + 1 if part in indexed else None
        return Entry(name if bare else f"{label}/{name}", part, number, label, index)

    rows = st.tuples(NAMES, st.sampled_from(CLASSES), st.sampled_from(parts), st.sampled_from(numbers))
    return st.lists(rows.map(entry), min_size=1, max_size=12, unique_by=lambda found: (found.number, found.path)).map(
        tuple
    )


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Give a new folder each time."""
    return lambda: tmp_path_factory.mktemp("lists")


@SLOW
@given(found=entries(numbers=(1, 2, 13), parts=("train", "test"), indexed=("train",)))
def test_ucf101_lists_are_read_as_written(folders, found) -> None:
    trip(folders(), "ucf101", Listing(found, CLASSES))


@SLOW
@given(found=entries(numbers=(1,), parts=("train", "test"), indexed=()))
def test_plain_lists_are_read_as_written(folders, found) -> None:
    trip(folders(), "seags", Listing(found, CLASSES))


@SLOW
@given(found=entries(numbers=(1, 2, 3), parts=("train", "test", "unused"), indexed=(), bare=True))
def test_hmdb51_lists_are_read_as_written(folders, found) -> None:
    trip(folders(), "hmdb51", Listing(found, CLASSES))


@SLOW
@given(found=entries(numbers=(1, 2, 3), parts=("train", "test"), indexed=("train", "test")))
def test_mmaction2_lists_are_read_as_written(folders, found) -> None:
    trip(folders(), "mmaction2", Listing(found, CLASSES, name="tiny_set"))


@SLOW
@given(
    rows=st.lists(
        st.tuples(
            IDS, st.sampled_from([*CLASSES, 'a, "b" c\'', " a"]), st.sampled_from(["train", "test"]), st.floats(0, 1e6)
        ),
        min_size=1,
        max_size=12,
        unique_by=lambda row: row[0],
    )
)
def test_kinetics_lists_are_read_as_written(folders, rows) -> None:
    found = tuple(
        Entry(name, part, 1, label, columns=(("time_start", str(start)), ("time_end", "9"), ("split", WORDS[part])))
        for name, label, part, start in rows
    )
    trip(folders(), "kinetics", Listing(found))


@SLOW
@given(found=entries(numbers=(1, 2, 30), parts=("train", "test", "unused"), indexed=(), bare=True))
def test_parquet_tables_are_read_as_written(folders, found) -> None:
    trip(folders(), "parquet", Listing(tuple(Entry(one.path, one.subset, one.number, "") for one in found)))


@settings(max_examples=300)
@given(text=st.text(st.sampled_from("\ufeff \t\r\nab\u3000\x0c"), max_size=30))
def test_any_text_is_its_lines_and_its_style(text) -> None:
    lines, style = split_lines(text)
    assert style.text([line for _, line in lines]) == text
    assert all(line == line.strip(" \t\r\n") and "\n" not in line for _, line in lines)


@settings(max_examples=100)
@given(text=st.text(st.sampled_from(" \t\r\nab"), max_size=30), added=st.lists(st.sampled_from("ab"), max_size=5))
def test_lines_stay_lines_in_the_style_of_a_file_with_fewer_or_more(text, added) -> None:
    lines, style = split_lines(text)
    if len(added) != len(lines):
        assert [line for _, line in split_lines(style.text(added))[0]] == added


@SLOW
@given(found=entries(numbers=(1, 2), parts=("train", "test"), indexed=("train",)), data=st.data())
def test_ucf101_lists_in_any_style_are_written_back_byte_for_byte(folders, found, data) -> None:
    module, texts = LISTS.load("ucf101"), {}
    for name, text in module.write(Listing(found, CLASSES)).items():
        gap = st.sampled_from(["\n", "\r\n", " \n", "\t\r\n", "\n\n", "\r\n \r\n"])
        lines = [line + data.draw(gap) for line in text.splitlines()]
        mark, tail = data.draw(st.sampled_from(["", "\ufeff"])), data.draw(st.sampled_from(["", "\n"]))
        texts[name] = mark + ("".join(lines).rstrip() + tail if lines else "")
    assert module.write(module.read(save(folders(), texts))) == texts


@pytest.mark.parametrize(
    ("form", "folder"), [("ucf101", "ucf101"), ("hmdb51", "hmdb51"), ("hmdb51", "jhmdb"), ("kinetics", "kinetics")]
)
def test_official_lists_are_written_back_byte_for_byte(realdata, form, folder) -> None:
    module = LISTS.load(form)
    texts = module.write(module.read(realdata / "splits" / folder))
    official = {path.name: path.read_bytes() for path in (realdata / "splits" / folder).iterdir()}
    assert {name: text.encode() for name, text in texts.items()} == official


@pytest.mark.parametrize("name", ["kinetics400", "kinetics700", "diving48", "something_something_v2"])
def test_official_label_maps_are_written_back_byte_for_byte(realdata, tmp_path, name) -> None:
    label_map = (realdata / "splits" / "labels" / f"{name}.txt").read_bytes()
    save(tmp_path, {"label_map.txt": label_map, "a_val_list_videos.txt": b""})
    listing = LISTS.load("mmaction2").read(tmp_path)
    assert len(listing.classes) == {"kinetics400": 400, "kinetics700": 700, "diving48": 48}.get(name, 174)
    assert LISTS.load("mmaction2").write(listing)["label_map.txt"].encode() == label_map


def test_every_official_file_is_in_one_of_these_tests(realdata) -> None:
    folders = {path.name for path in (realdata / "splits").iterdir()}
    assert folders == {"ucf101", "hmdb51", "jhmdb", "kinetics", "labels"}


def test_a_file_that_is_not_read_again_is_written_plainly() -> None:
    assert Listing(()).style("new.txt") == Style() == Reading().listing().style("new.txt")
