"""HACS Clips: CSV of clips of two seconds, positive and negative ones. HACS Segments has the form of ActivityNet."""

from collections.abc import Iterator

from curate.listing.annotations import URL_TEMPLATE, check_template, row_of, span
from curate.listing.document import Document
from curate.listing.rows import Entry, Unmapped
from curate.listing.timed import seconds_of, timed_rows
from slateboard.registry import Card, Parameters

CARD = Card(
    title="HACS Clips",
    source="hangzhaomit/HACS-dataset, README.md: HACS_clips_v1.1.1.csv",
    parameters={"url_template": URL_TEMPLATE},
)
COLUMNS = NEEDED = ("classname", "youtube_id", "subset", "start", "end", "label")


def recognises(document: Document) -> bool:
    """True for a CSV with the columns of HACS Clips."""
    return sorted(document.columns) == sorted(COLUMNS)


def rows(document: Document, parameters: Parameters) -> Iterator[Entry]:
    """Yield a row for each positive clip; a negative one says what does not happen in it, and is unmapped."""
    check_template(parameters, name=document.name)
    missing = [name for name in COLUMNS if name not in document.columns]
    if missing:
        raise document.refuse(f"has no column {', '.join(missing)}.", "HACS Clips names them first.", where="line 1")
    # Archery,a2X2hz1G6i8,training,15.5,17.5,1 is archery from 15.5 to 17.5 s; with -1 at the end it is not.
    for where, clip in timed_rows(document, needed=COLUMNS, times=("start", "end")):
        if isinstance(clip, Unmapped):
            yield clip
            continue
        label, video = clip["classname"], clip["youtube_id"]
        if clip["label"] == "-1":
            yield Unmapped(where, f"{label!r} {video}", "is a negative sample: its class does not happen in it.")
        elif clip["label"] != "1" or not label or not video:
            yield Unmapped(where, ",".join(clip.values()), "is a damaged row.", "Correct the line.")
        else:
            segment = span(where, f"{label} {video}", seconds_of(clip["start"]), seconds_of(clip["end"]))
            note = f"subset {clip['subset']}" if clip["subset"] else None
            if isinstance(segment, Unmapped):
                yield segment
            else:
                yield row_of(where, video, label, segment, parameters, note=note)
