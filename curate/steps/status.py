"""Show where the sources and clips stand, and what to do about what is not done.

Example: slateboard curate status --all
"""

from collections import Counter
from typing import Annotated, Any

import typer

from curate.status import count_states, state_lines
from slateboard.catalog.catalog import opened
from slateboard.progress import show
from slateboard.records.source import State
from slateboard.workspace import Workspace


def command(
    workspace: Workspace,
    every: Annotated[
        bool, typer.Option("--all", help="List every source that is not fetched, with its reason.")
    ] = False,
) -> dict[str, Any]:
    """Count sources and clips by state."""
    with opened(workspace.catalog) as catalog:
        sources, clips = catalog.sources(), catalog.clips()
    counts = count_states(sources)
    clip_counts = dict(sorted(Counter(clip.state for clip in clips).items()))
    show(f"{len(sources)} sources")
    for line in state_lines(counts):
        show(line)
    show(f"{len(clips)} clips: " + (", ".join(f"{number} {state}" for state, number in clip_counts.items()) or "none"))
    undone = [source for source in sources if source.state != State.FETCHED]
    if every:
        for source in undone:
            show(f"line {source.line}  {source.state}  {source.url}\n    {source.reason}")
    return {"sources": counts, "clips": clip_counts, "undone": [source.row() for source in undone]}
