"""List forms read what is there, name what is wrong, and write back what they read."""

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from slateboard.errors import BadInput, SlateboardError
from splits.listing.entries import LISTS, BadLists, Entry, Listing, stem
from splits.listing.lines import Style


def written(folder: Path, **texts: bytes) -> Path:
    for name, content in texts.items():
        (folder / f"{name}.txt").write_bytes(content)
    return folder


def problems_of(form: str, folder: Path) -> list[str]:
    with pytest.raises(BadInput) as caught:
        LISTS.load(form).read(folder)
    return [f"{problem.where}: {problem.what}" for problem in caught.value.problems]


def test_official_ucf101_lists_have_the_published_counts(real_lists) -> None:
    listing = LISTS.load("ucf101").read(real_lists / "ucf101")
    assert Counter((entry.number, entry.subset) for entry in listing.entries) == {
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
    jhmdb = Counter((entry.number, entry.subset) for entry in read(real_lists / "jhmdb").entries)
    parts = [(number, part) for number in (1, 2, 3) for part in ("train", "test")]
    assert [jhmdb[part] for part in parts] == [660, 268, 658, 270, 663, 265]
    hmdb = read(real_lists / "hmdb51")
    per_class = Counter((entry.label, entry.number, entry.subset) for entry in hmdb.entries)
    assert {per_class[label, number, "train"] for label, number, _ in per_class} == {70}
    assert {per_class[label, number, "test"] for label, number, _ in per_class} == {30}
    assert (len(hmdb.classes), len(hmdb.entries)) == (51, 3 * 6766)


def test_the_official_kinetics_list_has_a_segment_of_every_video_and_names_with_blanks(real_lists) -> None:
    listing = LISTS.load("kinetics").read(real_lists / "kinetics")
    assert Counter(entry.subset for entry in listing.entries) == {"test": 500}
    assert len({entry.path for entry in listing.entries}) == 500
    assert {entry.label for entry in listing.entries if " " in entry.label} > {"air drumming", "baby waking up"}
    assert listing.entries[0] == Entry(
        path="0wR5jVB-WPk",
        subset="test",
        number=1,
        label="abseiling",
        file="kinetics-400_val_first500.csv",
        columns=(("time_start", "417"), ("time_end", "427"), ("split", "val"), ("is_cc", "0")),
    )


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
    )
    assert listing.styles["trainlist01.txt"] == Style("\r\n", True, 3, ((1, "\r\n\r\n"),))
    assert {name: text.encode() for name, text in LISTS.load("ucf101").write(listing).items()} == {
        path.name: path.read_bytes() for path in folder.iterdir()
    }


def test_ucf101_names_every_label_that_does_not_count_from_1_or_contradicts_its_folder(tmp_path) -> None:
    lines = b"A/x.avi 0\nB/y.avi 1\nB/z.avi 3\nx.avi 2\n"
    folder = written(tmp_path, trainlist01=lines, testlist01=b"", classInd=b"1 A\n2 B\n")
    assert problems_of("ucf101", folder) == [
        "trainlist01.txt:1: has label 0.",
        "trainlist01.txt:2: has label 1 ('A') in the folder of 'B'.",
        "trainlist01.txt:3: has label 3.",
    ]
    with pytest.raises(BadLists, match="give 1 to 2") as caught:
        LISTS.load("ucf101").read(folder)
    assert [entry.label for entry in caught.value.entries] == ["A", "B", "B", "B"]


def test_ucf101_names_a_list_without_its_other_half_and_bad_classes_in_the_same_error(tmp_path) -> None:
    folder = written(tmp_path, trainlist01=b"A/x.avi 1\n", testlist02=b"A/y.avi\n", classInd=b"1 A\n2 B\n4 A\n")
    assert problems_of("ucf101", folder) == [
        "classInd.txt:3: is '4 A'.",
        "classInd.txt: has the class 'A' twice.",
        f"{folder}: has testlist02.txt but no trainlist02.txt.",
        f"{folder}: has trainlist01.txt but no testlist01.txt.",
    ]


def test_a_class_index_that_skips_a_number_is_named(tmp_path) -> None:
    folder = written(tmp_path, trainlist=b"A/x.avi\n", testlist=b"B/y.avi\n", classInd=b"0 A\n2 B\n3\n")
    assert problems_of("seags", folder) == ["classInd.txt:1: is '0 A'.", "classInd.txt:3: is '3'."]


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
        classes=("kick_ball",),
    )
    assert listing.styles["kick_ball_test_split2.txt"] == Style(" \n", lines=3)


def test_hmdb51_names_every_line_without_a_flag_and_every_class_that_is_none(tmp_path) -> None:
    folder = written(tmp_path, wave_test_split1=b"a.avi 1\nb.avi\nc.avi 3\n", class_list=b"clap\n")
    assert problems_of("hmdb51", folder) == [
        "wave_test_split1.txt: is of 'wave', which is not in class_list.txt.",
        "wave_test_split1.txt:2: is 'b.avi'.",
        "wave_test_split1.txt:3: is 'c.avi 3'.",
    ]


def test_mmaction2_lists_count_labels_from_0_and_test_on_val(tmp_path) -> None:
    folder = written(
        tmp_path,
        ucf101_train_split_1_videos=b"Archery/v_Archery_g08_c01.avi 1\n",
        ucf101_val_split_1_videos=b"ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi 0\n",
        ucf101_train_split_1_rawframes=b"Archery/v_Archery_g08_c01 120 1\n",
        label_map=b"ApplyEyeMakeup\nArchery\n",
    )
    assert LISTS.load("mmaction2").read(folder) == Listing(
        entries=(
            Entry("Archery/v_Archery_g08_c01.avi", "train", 1, "Archery", 2, "ucf101_train_split_1_videos.txt"),
            Entry(
                "ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi",
                "test",
                1,
                "ApplyEyeMakeup",
                1,
                "ucf101_val_split_1_videos.txt",
            ),
        ),
        classes=("ApplyEyeMakeup", "Archery"),
        name="ucf101",
    )


def test_mmaction2_test_lists_with_labels_held_back_are_unused_beside_a_val_list(tmp_path) -> None:
    held_back = {"kinetics400_test_list_videos": b"x_000001_000011.mp4 -1\na/z.mp4 -1\n", "label_map": b"a\n"}
    read = LISTS.load("mmaction2").read
    alone = read(written(tmp_path, **held_back))
    beside = read(written(tmp_path, kinetics400_val_list_videos=b"a/y_000001_000011.mp4 0\n"))
    told = [(entry.subset, entry.label, entry.class_index) for entry in alone.entries]
    assert told == [("test", "", None), ("test", "a", None)]
    assert LISTS.load("mmaction2").write(alone)["kinetics400_test_list_videos.txt"].endswith("a/z.mp4 -1\n")
    assert [entry.subset for entry in beside.entries] == ["unused", "unused", "test"]


def test_mmaction2_names_every_bad_line_and_a_second_dataset(tmp_path) -> None:
    folder = written(
        tmp_path,
        a_train_split_1_videos=b"x/1.avi 0\nx/2.avi\ny/3.avi 2\ny/4.avi 0\nx/5.avi -2\n",
        b_val_split_1_videos=b"",
        label_map=b"x\ny\n",
    )
    assert problems_of("mmaction2", folder) == [
        f"{folder}: holds lists of a, b.",
        "a_train_split_1_videos.txt:2: is 'x/2.avi'.",
        "a_train_split_1_videos.txt:3: has label 2.",
        "a_train_split_1_videos.txt:4: has label 0 ('x') in the folder of 'y'.",
        "a_train_split_1_videos.txt:5: has label -2.",
    ]


def test_kinetics_lists_without_labels_or_without_a_split_column_are_read(tmp_path) -> None:
    (tmp_path / "test.csv").write_text("youtube_id,time_start,time_end,split\nabc,1,11,test\n")
    (tmp_path / "k700_train.csv").write_text('label,youtube_id,time_start,time_end\n"a, b",def,0.5,10.5\n')
    (tmp_path / "validate.csv").write_text("label,youtube_id,time_start,time_end,split\nc d,ghi,1,11,validate\n")
    listing = LISTS.load("kinetics").read(tmp_path)
    assert [(entry.path, entry.subset, entry.label) for entry in listing.entries] == [
        ("def", "train", "a, b"),
        ("abc", "unused", ""),
        ("ghi", "test", "c d"),
    ]
    texts = LISTS.load("kinetics").write(listing)
    assert texts == {path.name: path.read_text() for path in tmp_path.iterdir()}


@pytest.mark.parametrize(
    "row", ['"a b",abc,1,val', '"a b","abc","1","val"', "a b,abc,1,val", '"a, ""b""",abc,1,val', '" a",abc,1,val']
)
def test_kinetics_cells_are_quoted_as_they_were(tmp_path, row) -> None:
    header = '"label","youtube_id","time_start","split"' if '"abc"' in row else "label,youtube_id,time_start,split"
    text = f"{header}\n{row}\n"
    (tmp_path / "a.csv").write_text(text)
    listing = LISTS.load("kinetics").read(tmp_path)
    assert listing.entries[0].path == "abc"
    assert LISTS.load("kinetics").write(listing) == {"a.csv": text}


def test_kinetics_names_every_bad_row(tmp_path) -> None:
    (tmp_path / "a.csv").write_text('label,youtube_id,split\nx,abc,val\nx,,val\nx,def\nx,ghi,dev\n"x,jkl,val\n')
    (tmp_path / "b.csv").write_text("clip,label\n1,x\n")
    assert problems_of("kinetics", tmp_path) == [
        "a.csv:6: is '\"x,jkl,val' (unexpected end of data).",
        "a.csv:4: is 'x,def'.",
        "b.csv: has no column youtube_id in its first line.",
        "a.csv:3: names no video.",
        "a.csv:5: is for 'dev'.",
    ]


def test_parquet_names_every_bad_row_and_every_other_table(tmp_path) -> None:
    rows = [("a", 1, "train"), ("", 1, "test"), ("b", 0, "test"), ("c", 1, "val"), ("d", 1, "unused")]
    pd.DataFrame(rows, columns=["clip_id", "fold", "part"]).to_parquet(tmp_path / "folds.parquet")
    pd.DataFrame({"clip_id": ["a"]}).to_parquet(tmp_path / "other.parquet")
    (tmp_path / "zero.parquet").write_bytes(b"")
    found = problems_of("parquet", tmp_path)
    assert found[:3] == [
        "folds.parquet: row 2: has clip_id ''.",
        "folds.parquet: row 3: has fold 0.",
        "folds.parquet: row 4: is for 'val'.",
    ]
    assert [line.partition(", part (")[0] for line in found[3:]] == [
        "other.parquet: is no table of clip_id, fold",
        "zero.parquet: is no table of clip_id, fold",
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


@pytest.mark.parametrize(
    "name", ["../x.avi", "a/../../x.avi", "/etc/x.avi", "a\\..\\..\\x.avi", "C:/x.avi", "a/\x1bx.avi"]
)
def test_a_line_that_leads_out_of_its_folder_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "trainlist01.txt").write_text(f"a/x.avi 1\n{name} 1\n")
    (tmp_path / "testlist01.txt").write_text("a/y.avi\n")
    with pytest.raises(BadInput, match=r"trainlist01\.txt:2: is .*which is no path"):
        LISTS.load("ucf101").read(tmp_path)


@pytest.mark.parametrize("name", ["../a", "a/b", "..", "/a", "a\\b"])
def test_a_class_that_is_a_path_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "trainlist01.txt").write_text("a/x.avi 1\n")
    (tmp_path / "testlist01.txt").write_text("a/y.avi\n")
    (tmp_path / "classInd.txt").write_text(f"1 a\n2 {name}\n")
    with pytest.raises(BadInput, match=r"class 2: is .*which is no id"):
        LISTS.load("ucf101").read(tmp_path)
