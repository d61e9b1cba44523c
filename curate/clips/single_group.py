"""Find classes with a single group: no split can keep the group whole and have the class in both train and test."""

from collections import Counter, defaultdict

from curate.duplicates.groups import group_names
from curate.listing.labels import class_name
from slateboard.catalog.catalog import Catalog
from slateboard.errors import Problem

RELEASABLE = ("proposed", "accepted", "trimmed", "failed")
"""States of clips that may come into a release."""


def single_group_classes(catalog: Catalog, *states: str) -> list[Problem]:
    """Return a problem for each class whose clips in these states are all of one group, in order of the labels."""
    clips = catalog.clips(*states)
    sources = {source.source_id: source for source in catalog.sources()}
    names = group_names(clips, sources, catalog.duplicates())
    counts = Counter(clip.label for clip in clips)
    groups = defaultdict(set)
    for clip in clips:
        groups[clip.label].add(names[clip.clip_id])
    return [
        Problem(
            f"class '{class_name(label)}'",
            f"has {counts[label]} clip{'' if counts[label] == 1 else 's'} of one group: if that group is in test, the "
            "class has no training clip.",
            "Add sources of another group, correct the column `group`, or leave the class out: "
            f"`slateboard curate review --reject '{label}'`.",
        )
        for label in sorted(groups)
        if len(groups[label]) == 1
    ]
