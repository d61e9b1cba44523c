"""List forms read what is there, name what is wrong, and write back what they read."""

from collections import Counter
from pathlib import Path

import pytest

from slateboard.errors import BadInput, SlateboardError
from slateboard.files import write_text
from splits.entries import LISTS, Entry, Listing, Style, stem


def written(folder: Path, **texts: bytes) -> Path:
    for name, content in texts.items():
        (folder / f"{name}.txt").write_bytes(content)
    return folder


@pytest.mark.parametrize(("form", "name"), [("ucf101", "ucf101"), ("hmdb51", "hmdb51"), ("hmdb51", "jhmdb")])
def test_official_lists_are_written_back_byte_for_byte(real_lists, tmp_path, form, name) -> None:
    module = LISTS.load(form)
    texts = module.write(module.read(real_lists / name))
    for file, text in texts.items():
        write_text(tmp_path / file, text)
    official = {path.name: path.read_bytes() for path in (real_lists / name).glob("*.txt") if path.stem != "class_list"}
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == official


def test_official_ucf101_lists_have_the_published_counts(real_lists) -> None:
    listing = LISTS.load("ucf101").read(real_lists / "ucf101")
    assert Counter((entry.number, entry.part) for entry in listing.entries) == {
        (1, "train"): 9537,
        (1, "test"): 3783,
        (2, "train"): 9586,
        (2, "test"): 3734,
        (3, "train"): 9624,
        (3, "test"): 3696,
    }
    assert len(listing.classes) == 101


def test_official_jhmdb_and_hmdb51_lists_have_the_published_counts(real_lists) -> None:
    read = LISTS.load("hmdb51").read
    jhmdb = Counter((entry.number, entry.part) for entry in read(real_lists / "jhmdb").entries)
    assert [jhmdb[number, part] for number in (1, 2, 3) for part in ("train", "test")] == [
        660,
        268,
        658,
        270,
        663,
        265,
    ]
    hmdb = read(real_lists / "hmdb51").entries
    per_class = Counter((entry.label, entry.number, entry.part) for entry in hmdb)
    assert {per_class[label, number, "train"] for label, number, _ in per_class} == {70}
    assert {per_class[label, number, "test"] for label, number, _ in per_class} == {30}


def test_ucf101_lists_survive_windows_line_ends_blank_lines_bom_and_missing_labels(tmp_path) -> None:
    folder = written(
        tmp_path,
        trainlist01=b"\xef\xbb\xbfA/v_A_g01_c01.avi 1\r\n\r\nB/v B_g01.avi 2\r\nA/v_A_g02_c01.avi\r\n",
        testlist01=b"\r\nA/v_A_g03_c01.avi\r\n",
        classInd=b"1 A\r\n2 B\r\n\r\n",
    )
    listing = LISTS.load("ucf101").read(folder)
    assert listing == Listing(
        entries=(
            Entry("A/v_A_g03_c01.avi", "test", 1, "A"),
            Entry("A/v_A_g01_c01.avi", "train", 1, "A", 1),
            Entry("B/v B_g01.avi", "train", 1, "B", 2),
            Entry("A/v_A_g02_c01.avi", "train", 1, "A"),
        ),
        classes=("A", "B"),
        style=Style(line_end="\r\n"),
    )


def test_ucf101_names_every_label_that_does_not_count_from_1(tmp_path) -> None:
    folder = written(tmp_path, trainlist01=b"A/x.avi 0\nB/y.avi 1\nB/z.avi 3\n", testlist01=b"", classInd=b"1 A\n2 B\n")
    with pytest.raises(BadInput) as caught:
        LISTS.load("ucf101").read(folder)
    assert [problem.where for problem in caught.value.problems] == ["trainlist01.txt:1", "trainlist01.txt:3"]
    assert "give 1 to 2" in str(caught.value)


def test_ucf101_names_a_list_without_its_other_half(tmp_path) -> None:
    folder = written(tmp_path, trainlist01=b"A/x.avi 1\n", testlist02=b"A/y.avi\n")
    with pytest.raises(BadInput) as caught:
        LISTS.load("ucf101").read(folder)
    assert [problem.what for problem in caught.value.problems] == [
        "has testlist02.txt but no trainlist02.txt.",
        "has trainlist01.txt but no testlist01.txt.",
    ]


def test_a_class_index_that_skips_a_number_is_named(tmp_path) -> None:
    folder = written(tmp_path, trainlist=b"A/x.avi\n", testlist=b"B/y.avi\n", classInd=b"0 A\n2 B\n3\n")
    with pytest.raises(BadInput) as caught:
        LISTS.load("seags").read(folder)
    assert [problem.where for problem in caught.value.problems] == ["classInd.txt:1", "classInd.txt:3"]


def test_hmdb51_reads_train_test_and_unused_of_one_file_and_keeps_strange_names(tmp_path) -> None:
    folder = written(
        tmp_path,
        kick_ball_test_split2=b"a[1]#_!(x)_0.avi 1 \nb&@_1.avi 2 \nc;~_2.avi 0 \n",
        class_list=b"kick_ball\n",
    )
    listing = LISTS.load("hmdb51").read(folder)
    assert listing == Listing(
        entries=(
            Entry("a[1]#_!(x)_0.avi", "train", 2, "kick_ball"),
            Entry("b&@_1.avi", "test", 2, "kick_ball"),
            Entry("c;~_2.avi", "unused", 2, "kick_ball"),
        ),
        style=Style(blank_at_end=True),
    )


def test_hmdb51_names_every_line_without_a_flag(tmp_path) -> None:
    folder = written(tmp_path, wave_test_split1=b"a.avi 1\nb.avi\nc.avi 3\n")
    with pytest.raises(BadInput) as caught:
        LISTS.load("hmdb51").read(folder)
    assert [problem.where for problem in caught.value.problems] == [
        "wave_test_split1.txt:2",
        "wave_test_split1.txt:3",
    ]


@pytest.mark.parametrize("form", LISTS.names())
def test_a_folder_without_lists_is_refused(tmp_path, form) -> None:
    with pytest.raises(BadInput, match="holds no list of this form"):
        LISTS.load(form).read(tmp_path)
    with pytest.raises(BadInput, match="There is no such folder"):
        LISTS.load(form).read(tmp_path / "absent")


def test_bytes_that_are_no_text_are_named(tmp_path) -> None:
    folder = written(tmp_path, trainlist=b"A/\xff.avi\n", testlist=b"A/y.avi\n")
    with pytest.raises(BadInput, match=r"is not UTF-8 \(byte 2\)"):
        LISTS.load("seags").read(folder)


def test_an_unknown_form_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(SlateboardError, match="Did you mean 'ucf101'"):
        LISTS.load("ucf11")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("A/v_A.1_c01.avi", "v_A.1_c01"),
        ("raw/Golf_Swing_#6Iron?_%_0.avi", "Golf_Swing_#6Iron?_%_0"),
        ("http://host/a/clip.mp4?x=1/2#t", "clip"),
        (r"A\v_A_1.avi", "v_A_1"),
    ],
)
def test_the_name_of_a_file_is_found_in_paths_and_addresses(path, expected) -> None:
    assert stem(path) == expected
