"""Write the list beside a release: addresses, times, frame numbers and hashes, without media and pictures.

It is always made, from the finished release: it is small, it holds nothing that the release does not, and a release
that must be withdrawn for its media can go on as a list.
"""

import shutil
from pathlib import Path

from curate.release.figures import SHEET
from slateboard.files import flush_folder, record_write, write_text
from slateboard.paths import inside
from slateboard.records.release import FINGERPRINTS
from slateboard.sums import SUMS, read_sums, sums_text, write_sums
from slateboard.workspace import Workspace

SUFFIX = "-list"
RELEASE_SUMS = "RELEASE_SHA256SUMS"
"""The sums of the full release, which a rebuild must reproduce."""
_MEDIA = ("videos/", f"figures/{SHEET}", FINGERPRINTS, "croissant.json")
"""Left out of the list: files that show frames, be it in 32 x 32 cells, and files that describe them."""

_README = """# {name} as a list

No media: addresses (sources.csv), times and frame numbers (clips.csv), hashes of files and of decoded frames
(clips.csv, originals.csv), lists, splits and the recipe. With the addresses still there,

    slateboard curate rebuild recipe.toml

fetches, cuts and checks every clip and ends in the sums of {sums}, or names each difference and each source
that is gone.
"""


def write_missing_lists(workspace: Workspace) -> None:
    """Write the list of every version that lacks it."""
    for version in workspace.versions():
        target = workspace.releases / f"{version}{SUFFIX}"
        if not (target / SUMS).is_file():
            # Built under a hidden name and renamed: a folder without SHA256SUMS is the rest of a kill and is made anew.
            building = workspace.releases / f".{target.name}.part"
            shutil.rmtree(building, ignore_errors=True)
            _write_list(workspace.releases / version, building)
            shutil.rmtree(target, ignore_errors=True)
            building.replace(target)
            flush_folder(workspace.releases)


def _write_list(release: Path, folder: Path) -> None:
    sums = read_sums(release / SUMS)
    for name in sums:
        if not name.startswith(_MEDIA):
            target = inside(folder, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(inside(release, name), target)
            record_write(target.parent)
    write_text(folder / RELEASE_SUMS, sums_text(sums))
    write_text(folder / "README.md", _README.format(name=release.name, sums=RELEASE_SUMS))
    write_sums(folder)
