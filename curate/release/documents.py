"""Write the documents of a release: lists, splits, certificate, datasheet, metadata, pictures.

They are a function of the tables and videos in the folder, so that a rebuilt folder gets the same ones byte for byte.
"""

from collections.abc import Sequence
from pathlib import Path

from curate.release import croissant, datasheet, figures
from curate.release.fingerprints import write_fingerprints
from curate.release.split_assignment import frozen_splits
from curate.release.tables import read_tables
from slateboard.dataset import Dataset, dataset_of
from slateboard.engine import HERE, Place
from slateboard.files import sha256_of, write_json, write_text
from slateboard.records.split import Split
from splits.audit.audit import audit, audit_line
from splits.certificate import CERTIFICATE, certificate
from splits.folder import root_lists, write_split


def write_documents(
    folder: Path, *, with_videos: bool = True, splits: Sequence[Split] = (), place: Place = HERE
) -> str:
    """Write all documents; return the audit line of the first frozen split.

    Without videos the contact sheet and the fingerprints are left out: both need every clip. `splits` are the frozen
    ones, where they are known already.
    """
    tables = read_tables(folder)
    record = tables.release
    dataset = dataset_of(record, tables.clips, root=folder)
    frozen = splits or frozen_splits(tables, dataset)
    for split in frozen:
        lists = folder / "splits" / split.protocol / str(split.number)
        write_split(lists, split, dataset)
        for name, text in video_lists(dataset, split).items():
            write_text(lists / name, text)
    # The lists at the root and the certificate speak of the first split, as UCF101's lists do of its split 1.
    report = audit(dataset, frozen[0])
    for name, text in root_lists(dataset, frozen[0]).items():
        write_text(folder / name, text)
    write_json(folder / CERTIFICATE, certificate(dataset, frozen[0], report))
    write_text(folder / "DATASHEET.md", datasheet.datasheet(tables, audit=audit_line(report)))
    write_text(folder / "LICENSE-NOTES.md", datasheet.licence_notes(tables))
    figures.draw_charts(folder / "figures", tables.clips)
    if with_videos:
        paths = list(zip(tables.clips["clip_id"], tables.clips["path"], strict=True))
        pictures = write_fingerprints(folder, paths, shown=figures.shown_frames(tables.clips), place=place)
        figures.draw_sheet(folder / "figures", tables.clips, pictures)
    part_files = [f"splits/{split.protocol}/{split.number}/parts.parquet" for split in frozen]
    files = {name: sha256_of(folder / name) for name in (*croissant.TABLES, *part_files)}
    write_json(folder / "croissant.json", croissant.croissant(tables, files=files))
    return audit_line(report)


def video_lists(dataset: Dataset, split: Split) -> dict[str, str]:
    """Return file name -> list for MMAction2's VideoDataset: lines of (path below videos/, 0-based class)."""
    texts = {}
    for subset, clip_ids in (("train", split.train), ("test", split.test)):
        rows = dataset.clips[dataset.clips["clip_id"].isin(list(clip_ids))]
        pairs = zip(rows["path"], rows["class_index"], strict=True)
        texts[f"{subset}_videolist.txt"] = "".join(
            f"{path.removeprefix('videos/')} {index - 1}\n" for path, index in pairs
        )
    return texts
